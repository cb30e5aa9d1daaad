"""What happens when in a long motion: windows of it, scores of every frame, stretches of one label."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from coamd_blender.motion.skeleton import MAX_FRAMES


def cut(frames: int, longest: int = MAX_FRAMES) -> list[tuple[int, int]]:
    """Return (start, stop) of the fewest windows of equal length, within a frame, that cover ``frames`` frames."""
    count = -(-frames // longest)
    edges = [round(index * frames / count) for index in range(count + 1)]
    return list(pairwise(edges))


def spread(scores: np.ndarray, starts: Sequence[int], window: int, frames: int) -> np.ndarray:
    """Return scores (frames, labels) of every frame from those of windows, ``scores`` (windows, labels).

    Each is a mean over the windows that hold the frame, weighted by a triangle over the window.
    """
    weight = np.minimum(np.arange(1, window + 1), np.arange(window, 0, -1)).astype(np.float64)
    total, sums = np.zeros((frames, scores.shape[1])), np.zeros((frames, 1))
    for start, row in zip(starts, scores, strict=True):
        part = weight[: frames - start, None]
        total[start : start + window] += part * row
        sums[start : start + window] += part
    return total / sums


def stretches(scores: np.ndarray, least: int) -> list[tuple[int, int, int, float]]:
    """Return (start, stop, label, mean score) of runs of one best label in scores (frames, labels).

    Until none is shorter than ``least`` frames, the shortest joins the neighbour whose label scores higher over it.
    """
    best = scores.argmax(axis=1)
    while True:
        edges = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist(), len(best)]
        runs = list(pairwise(edges))
        start, stop = min(runs, key=lambda run: run[1] - run[0])
        if len(runs) == 1 or stop - start >= least:
            return [(a, b, int(best[a]), float(scores[a:b, best[a]].mean())) for a, b in runs]
        neighbours = [best[frame] for frame in (start - 1, stop) if 0 <= frame < len(best)]
        best[start:stop] = max(neighbours, key=lambda label: scores[start:stop, label].mean())
