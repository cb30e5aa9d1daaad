"""Two motions laid beside one another in time: which moment of one is which of the other (dynamic time warping)."""

from __future__ import annotations

import numpy as np


def alignment(cost: np.ndarray) -> list[tuple[int, int]]:
    """Return the cheapest way through ``cost`` (n, m), of any unit: that moment i of one is moment j of the other.

    It leads from (0, 0) to (n - 1, m - 1) in steps of one in either or both (Sakoe and Chiba 1978).
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for row in range(rows):
        for column in range(columns):
            before = min(total[row, column], total[row, column + 1], total[row + 1, column])
            total[row + 1, column + 1] = cost[row, column] + before
    way = [(rows - 1, columns - 1)]
    while way[-1] != (0, 0):
        row, column = way[-1]
        steps = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        way.append(min(steps, key=lambda step: total[step[0] + 1, step[1] + 1]))
    return way[::-1]


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances (n, m) of the rows of ``one`` (n, dim) and ``other`` (m, dim), in their unit."""
    squares = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1)[None]
    return np.sqrt(np.maximum(squares - 2 * one @ other.T, 0.0))


def laid_beside(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, float]:
    """Return ``other`` (m, dim), any unit, in the time of ``one`` (n, dim): (n, dim), and their mean distance there.

    Where several moments of ``other`` are one of ``one``, their mean is taken.
    """
    cost = distances(one, other)
    way = alignment(cost)
    rows, columns = (np.array(side) for side in zip(*way, strict=True))
    laid = np.zeros_like(one)
    np.add.at(laid, rows, other[columns])
    return laid / np.bincount(rows, minlength=len(one))[:, None], float(cost[rows, columns].mean())
