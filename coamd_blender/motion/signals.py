"""Curves over time: where a flag holds, averages, easing, and values between frames.

Everything works along axis 0, the frames, and takes any trailing shape unless it says otherwise. Units are those of
the values given. Lengths of time are frames here; callers turn seconds into frames.

A leaf: standard library and numpy only. The runtime has scipy too, and uses it where it does the same better:
Gaussian smoothing (``scipy.ndimage.gaussian_filter1d``) and resampling without aliasing
(``runtime.formats.canonical.resample``).
"""

from __future__ import annotations

import numpy as np

# --- runs of True -----------------------------------------------------------------------------------------------------


def runs(mask: np.ndarray, gap: int = 0) -> list[tuple[int, int]]:
    """Return the runs of True in ``mask`` (frames,) bool as (start, stop), ``stop`` excluded.

    Runs with at most ``gap`` False frames between them count as one.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(mask, dtype=np.int8), [0]])))
    found: list[tuple[int, int]] = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


def without_short_runs(mask: np.ndarray, least: float) -> np.ndarray:
    """Return ``mask`` (frames,) bool with every run of fewer than ``least`` frames made False.

    A mask (frames, columns) has runs of its own in each column; the same shape comes back.
    """
    result = np.array(mask, dtype=bool)
    columns = result.reshape(len(result), -1)  # a view: (frames, columns)
    for column in columns.T:
        for start, stop in runs(column):
            if stop - start < least:
                column[start:stop] = False
    return result


# --- averages ---------------------------------------------------------------------------------------------------------


def moving_average(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the plain mean of ``values`` (frames, ...), any unit, over ``reach`` frames to either side: same shape.

    Beyond the ends the first and the last value are repeated.
    """
    padded = np.concatenate([values[:1].repeat(reach, 0), values, values[-1:].repeat(reach, 0)])
    shifted = [padded[offset : offset + len(values)] for offset in range(2 * reach + 1)]
    return np.stack(shifted).mean(axis=0)


def bell_average(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the mean of ``values`` (frames, n), any unit, under a bell of ``reach`` frames to either side: same shape.

    The bell is a Hann window, which, unlike the box of :func:`moving_average`, leaves no kinks. Beyond the ends the
    first and the last value are repeated.
    """
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, window / window.sum(), mode="valid") for column in padded.T]
    return np.stack(columns, axis=-1)


def upper_envelope(values: np.ndarray, reach: int) -> np.ndarray:
    """Return a smooth curve (frames,) that is nowhere below ``values`` (frames,), in their unit.

    The maximum over ``reach`` frames to either side, then :func:`bell_average` over as many.
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach, mode="edge"), 2 * reach + 1)
    return bell_average(windows.max(axis=1)[:, None], reach)[:, 0]


# --- easing -----------------------------------------------------------------------------------------------------------


def smoothstep(share: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1, and between them a cubic that is level at both ends.

    ``share`` is a fraction of the way, of any shape; the result has the same shape.
    """
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def smootherstep(share: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1, and between them a quintic without slope or curvature at its ends (Perlin 2002).

    ``share`` is a fraction of the way, of any shape; the result has the same shape.
    """
    share = np.clip(share, 0, 1)
    return share**3 * (share * (6 * share - 15) + 10)


def ease_between(frames: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what is ``values`` (n, ...), any unit, at ``knots`` (n,), ascending, at ``frames`` (count,): (count, ...).

    It goes from each knot to the next by :func:`smoothstep`, and is level outside. ``knots`` and ``frames`` are both
    frame numbers.
    """
    if len(knots) == 1:
        return np.repeat(values, len(frames), axis=0)
    after = np.clip(np.searchsorted(knots, frames, side="right"), 1, len(knots) - 1)
    low, high = knots[after - 1], knots[after]
    share = smoothstep((frames - low) / (high - low))
    share = share.reshape(-1, *[1] * (values.ndim - 1))  # (count, 1, ...)
    return values[after - 1] * (1 - share) + values[after] * share


def settle_cubic(share: np.ndarray, offset: np.ndarray, drift: np.ndarray) -> np.ndarray:
    """Return how ``offset`` (...), any unit, comes to rest at zero by a cubic Hermite curve: (frames, ...).

    ``share`` (frames,) is the part of the way that is done, 0 to 1 and beyond; ``drift`` (...) the rate of change at
    its start, per whole way. The curve bends where it begins: right for a correction that must be gone soon, as a
    foot's that is let go. :func:`settle_quintic` begins without a bend, which takes longer to come down.
    """
    u = np.clip(share, 0, 1).reshape(-1, *[1] * np.ndim(offset))  # (frames, 1, ...)
    return (1 - u) ** 2 * ((1 + 2 * u) * offset + u * drift)


def settle_quintic(share: np.ndarray, offset: np.ndarray, drift: np.ndarray) -> np.ndarray:
    """Return how ``offset`` (...), any unit, comes to rest at zero by a quintic Hermite curve: (frames, ...).

    ``share`` (frames,) and ``drift`` (...) as for :func:`settle_cubic`, but without curvature at either end: right
    where one motion goes over into another.
    """
    u = np.clip(share, 0, 1).reshape(-1, *[1] * np.ndim(offset))  # (frames, 1, ...)
    return offset * (1 - smootherstep(u)) + drift * (u - u**3 * (6 - u * (8 - 3 * u)))


# --- between frames ---------------------------------------------------------------------------------------------------


def catmull_rom(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return ``values`` (frames, ...) at fractional frame numbers ``at`` (count,): (count, ...).

    By Catmull-Rom splines: exact at whole frames, continuous in velocity, straight where the values are. Before the
    first and after the last frame those count.
    """
    if len(values) == 1:
        return values[np.zeros(len(at), dtype=int)]
    at = np.clip(at, 0, len(values) - 1)
    index = np.minimum(at.astype(int), len(values) - 2)
    u = (at - index).reshape(-1, *[1] * (values.ndim - 1))  # (count, 1, ...): the share of the way to the next frame
    # One frame more at either end, on the straight line, gives the outer stretches a neighbour.
    padded = np.concatenate([2 * values[:1] - values[1:2], values, 2 * values[-1:] - values[-2:-1]])
    p0, p1, p2, p3 = (padded[index + step] for step in range(4))  # (count, ...) each
    return p1 + 0.5 * u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0)))


def resample(values: np.ndarray, source_fps: float, fps: float) -> np.ndarray:
    """Take ``values`` (frames, ...) from ``source_fps`` to ``fps`` frames a second, the first kept: (count, ...).

    By :func:`catmull_rom`, which lets through what a lower rate cannot show: for generated motion, whose 20 frames a
    second become a scene's. Recordings come down to 20 by ``runtime.formats.canonical.resample``.
    """
    if len(values) < 2 or source_fps == fps:
        return values
    count = int(np.floor((len(values) - 1) / source_fps * fps + 1e-6)) + 1
    return catmull_rom(values, np.arange(count) * (source_fps / fps))


def of_length(values: np.ndarray, count: int) -> np.ndarray:
    """Return the first ``count`` of ``values`` (frames, ...), any unit, carried on as they move last where they are
    too few: (count, ...)."""
    more = np.arange(1, count + 1 - len(values)).reshape(-1, *[1] * (values.ndim - 1))
    beyond = values[-1] + more * (values[-1] - values[-2:][0])
    return np.concatenate([values[:count], beyond]).astype(values.dtype)


def fitted(values: np.ndarray, count: int) -> np.ndarray:
    """Return ``values`` (frames, ...), any unit, at ``count`` even times from the first to the last, which stay:
    (count, ...)."""
    return catmull_rom(values, np.linspace(0, len(values) - 1, count))
