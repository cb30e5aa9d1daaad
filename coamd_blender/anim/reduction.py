"""Fewer keys within a tolerance: cubic curves through some of the frames that stay near all of them. numpy only.

A channel between two keys is the cubic Hermite spline of their values and slopes. Blender's Bezier curve is the
same one where the handles reach a third of the way to the neighbouring key, since time then runs evenly along it.
The slopes are the dense motion's own, so that every stretch can be judged by itself; a stretch that misses is cut
at its worst frame (Douglas and Peucker 1973).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..motion import rotations as rot

# Values (N, C) and values (N, C) to how far apart they are (N,).
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


def reduce_keys(values: np.ndarray, distance: Distance, tolerance: float) -> np.ndarray:
    """Return the frames (K,) to key so that ``values`` (F, C) come back within ``tolerance`` at every frame.

    ``distance`` measures in the unit of ``tolerance``. First and last frame are always keyed; all channels of
    ``values`` are keyed together. A key that the others can do without is dropped again.
    """
    slopes = slopes_of(values)
    last = len(values) - 1
    keys, pending = {0, last}, [(0, last)]
    while pending:
        start, end = pending.pop()
        if end - start < 2:
            continue
        apart = _apart(values, slopes, start, end, distance)
        worst = int(apart.argmax())
        if apart[worst] > tolerance:
            middle = start + 1 + worst
            keys.add(middle)
            pending += [(start, middle), (middle, end)]
    return np.array(_without_spare(sorted(keys), values, slopes, distance, tolerance))


def slopes_of(values: np.ndarray) -> np.ndarray:
    """Return by how much ``values`` (F, C) change a frame, the same shape: half the step over both neighbours."""
    return np.gradient(values, axis=0) if len(values) > 1 else np.zeros_like(values)


def hermite(
    before: np.ndarray, leaving: np.ndarray, after: np.ndarray, arriving: np.ndarray, frames: int
) -> np.ndarray:
    """Return the cubic (frames - 1, C) strictly between two keys ``frames`` apart, at whole frames.

    before, after: values (C,). leaving, arriving: slopes (C,) a frame.
    """
    u = (np.arange(1, frames) / frames)[:, None]
    low, high = u * u * (3 - 2 * u), u * (1 - u)
    return before + (after - before) * low + frames * high * ((1 - u) * leaving - u * arriving)


def _apart(values: np.ndarray, slopes: np.ndarray, start: int, end: int, distance: Distance) -> np.ndarray:
    between = hermite(values[start], slopes[start], values[end], slopes[end], end - start)
    return distance(between, values[start + 1 : end])


def _without_spare(
    keys: list[int], values: np.ndarray, slopes: np.ndarray, distance: Distance, tolerance: float
) -> list[int]:
    kept = keys[:1]
    for place in range(1, len(keys) - 1):
        if _apart(values, slopes, kept[-1], keys[place + 1], distance).max() > tolerance:
            kept.append(keys[place])
    return [*kept, keys[-1]] if len(keys) > 1 else kept


def angle_between(mode: str) -> Distance:
    """Return the distance of two rotations in degrees, for the channels of one of Blender's rotation modes."""

    def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        first, second = _quaternions(a, mode), _quaternions(b, mode)
        return np.degrees(2 * np.arccos(np.minimum(np.abs(rot.dot(first, second)), 1.0)))

    return distance


def distance_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distance (N,) of places ``a`` and ``b``, both (N, 3), in their unit."""
    return np.linalg.norm(a - b, axis=-1)


def _quaternions(values: np.ndarray, mode: str) -> np.ndarray:
    if mode == "QUATERNION":
        return rot.unit(values)
    if mode == "AXIS_ANGLE":
        half = 0.5 * values[:, :1]
        return np.concatenate([np.cos(half), np.sin(half) * rot.unit(values[:, 1:])], axis=-1)
    turned = np.tile(rot.IDENTITY, (len(values), 1))
    for letter in mode:
        axis = "XYZ".index(letter)
        half = 0.5 * values[:, axis]
        step = np.zeros((len(values), 4))
        step[:, 0], step[:, 1 + axis] = np.cos(half), np.sin(half)
        turned = rot.multiply(step, turned)
    return turned
