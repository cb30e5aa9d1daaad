"""How a range that was made anew goes on from what is before it and into what is behind it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from coamd_blender.motion.kinematics import heading_by_width
from coamd_blender.motion.signals import ease_between, smoothstep
from runtime.cleanup.blend import ACCELERATION, acceleration, fade, holding, with_lengths

FADE_SECONDS = 0.8
EVENLY = 1.2  # times the 95th percentile of what is kept: no seam accelerates by more
SLOWEST = 2.0  # m/s^2: nor has any to accelerate by less, whatever is kept stands still
EVEN_SECONDS = 1.0  # of a range, half of it at most, that are bent beside a seam
# s, over which a seam is evened out, the shortest that does; over longer ones, bodies sink into the floor between
SPANS = (0.03, 0.04, 0.06, 0.08, 0.11, 0.15, 0.2, 0.3)
SEAM = 2  # frames whose acceleration is the seam's: of the last kept one, and the first of the range


def blend_ends(
    clip: np.ndarray, before: np.ndarray, after: np.ndarray, fps: float, carried: bool, trusted: bool
) -> np.ndarray:
    """Offset ``clip`` so that its range goes on from what is ``before`` it and into what is ``after`` it.

    ``clip`` (2 + frames + 2, 22, 3), metres, is a range and two frames on either side as it would have them. Of
    ``before``, the last frames, and ``after``, the first (count, 22, 3), there are 0 to 2 each; the range (frames, 22,
    3) that comes back meets them in place and speed.

    With ``carried`` the body is moved over the ground along the whole range; all else fades within FADE_SECONDS. The
    two frames on either side of ``clip`` are looked at only if ``trusted``: kept tokens, decoded, need not lead into
    drawn ones smoothly, and then the range's own ends are continued on a straight line.
    """
    count, result = len(clip) - 4, clip.copy()
    knots = [(1, before[-1, 0] - clip[1, 0])] if len(before) else []
    knots += [(count + 2, after[0, 0] - clip[-2, 0])] if len(after) else []
    if knots and carried:
        at = np.array([frame for frame, _ in knots])
        moved = np.stack([value * [1.0, 0.0, 1.0] for _, value in knots])
        result += ease_between(np.arange(len(clip)), at, moved)[:, None]
    length = min(max(2, round(FADE_SECONDS * fps)), count + 1)
    inner, step = slice(2, -2), min(3, count + 1)
    ahead, beyond = result[:2].copy(), result[-2:].copy()
    if not trusted:
        ahead = result[2] + np.arange(-2, 0)[:, None, None] * (result[step] - result[2])
        beyond = result[-3] + np.arange(1, 3)[:, None, None] * (result[-3] - result[-1 - step])
    if len(before):
        off = before[-1] - ahead[1]
        speed = off - (before[-2] - ahead[0]) if len(before) > 1 else np.zeros_like(off)
        result[inner] += fade(off, speed, count, length)
    if len(after):
        off = after[0] - beyond[0]
        speed = off - (after[1] - beyond[1]) if len(after) > 1 else np.zeros_like(off)
        result[inner] += fade(off, speed, count, length)[::-1]
    return result


def seam_limit(sides: Iterable[np.ndarray], fps: float, scale: float) -> float:
    """Return the acceleration that no seam is to have more of, in the clip's unit a second squared.

    ``sides``: what is kept beside the range, each (frames, 22, 3); ``scale``: metres a unit.
    """
    changes = [acceleration(side, fps) for side in sides if len(side) > 2]
    usual = EVENLY * float(np.percentile(np.concatenate(changes), 95)) * scale if changes else 0.0
    return min(max(usual, SLOWEST), ACCELERATION) / scale


def even_ends(
    fresh: np.ndarray, lengths: np.ndarray, before: np.ndarray, after: np.ndarray, fps: float, limit: float
) -> np.ndarray:
    """Bend the ends of a range ``fresh`` (frames, 22, 3) until its seams accelerate by no more than ``limit``: the same
    shape.

    ``before`` and ``after`` (0 or 2, 22, 3) stay, bones keep their ``lengths`` (frames, 22). ``limit`` is in the unit
    of the places a second squared, of the mean over joints. Each seam is bent no more than it takes, the less the
    further from it.
    """
    if len(before) == 2:
        fresh = _evened(fresh, lengths, before, fps, limit)
    if len(after) == 2:
        fresh = _evened(fresh[::-1], lengths[::-1], after[::-1], fps, limit)[::-1]
    return fresh


def _evened(fresh: np.ndarray, lengths: np.ndarray, before: np.ndarray, fps: float, limit: float) -> np.ndarray:
    """Return ``fresh`` (frames, 22, 3) evened out behind the two frames ``before``."""
    count = min(len(fresh) // 2, round(EVEN_SECONDS * fps))
    row = np.concatenate([before, fresh[: count + 2]])  # two frames stay at both ends
    best, least = fresh, acceleration(row[: SEAM + 2], fps).max() if count > SEAM else 0.0
    for span in SPANS:
        if least <= limit:
            break
        bent = fresh.copy()
        bent[:count] = with_lengths(_bent(row, span * fps), lengths[:count])
        change = acceleration(np.concatenate([before, bent[:SEAM]]), fps).max()
        if change < least:
            best, least = bent, change
    return best


def _bent(row: np.ndarray, span: float) -> np.ndarray:
    """Return all but the first and last two of ``row`` (frames, 22, 3) with the smallest second differences that stay
    near it: over ``span`` frames at its first, over ever fewer behind (Whittaker's graduation)."""
    count = len(row) - 4
    second = np.zeros((count + 2, count + 4))
    for number in range(count + 2):
        second[number, number : number + 3] = 1.0, -2.0, 1.0
    hold = span**-4 * (1.0 + (np.arange(count) / span) ** 4)
    flat = row.reshape(len(row), -1)
    ends = np.r_[0, 1, count + 2, count + 3]
    inner = second[:, 2:-2]
    pull = hold[:, None] * flat[2:-2] - inner.T @ (second[:, ends] @ flat[ends])
    return np.linalg.solve(inner.T @ inner + np.diag(hold), pull).reshape(row[2:-2].shape)


def away_from(kept: tuple[bool, bool], frames: int, length: float) -> np.ndarray:
    """Return a share (frames,), 0 to 1, that is eased from zero over ``length`` frames at each end where frames are
    kept."""
    share, at = np.ones(frames), np.arange(1, frames + 1) / max(length, 1.0)
    for stays, off in zip(kept, (at, at[::-1]), strict=True):
        if stays:
            share *= smoothstep(off)
    return share


def on_kept_joints(made: np.ndarray, lengths: np.ndarray, kept: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return ``made`` (frames, 22, 3), any unit, on the joints of ``kept`` (frames, 22, 3) where ``held`` (22,) bool.

    Bones have their ``lengths`` (frames, 22).
    """
    made = with_lengths(made, lengths)
    return holding(made, kept, held) if held.any() else made


def lengths_between(own: np.ndarray, span: tuple[int, int], kept: tuple[bool, bool], frames: np.ndarray) -> np.ndarray:
    """Return bone lengths (count, 22), metres, at ``frames`` (count,) of a range: first, one past the last in ``span``.

    They go straight from those of the clip, ``own`` (frames, 22), at one side to the other; of what is ``kept`` on one
    side alone those, of nothing the median.
    """
    start, stop = span
    left, right = own[start - 1] if kept[0] else None, own[stop] if kept[1] else None
    if left is None and right is None:
        left = right = np.median(own, axis=0)
    left, right = (right if left is None else left), (left if right is None else right)
    share = np.clip((frames - start + 1) / (stop - start + 1), 0, 1)[:, None]
    return left * (1 - share) + right * share


def placed_as(clip: np.ndarray, pose: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Turn and shift ``clip`` (frames, 22, 3), metres, over the ground, so that ``pose`` (22, 3) comes to stand and
    look as ``wanted`` (22, 3) does: the same shape."""
    before, after = (float(heading_by_width(each[None])[0]) for each in (pose, wanted))
    turn = after - before
    cos, sin = math.cos(turn), math.sin(turn)
    offset = clip - pose[0] * [1.0, 0.0, 1.0]
    x, z = offset[..., 0] * cos + offset[..., 2] * sin, offset[..., 2] * cos - offset[..., 0] * sin
    return np.stack([x, offset[..., 1], z], axis=-1) + wanted[0] * [1.0, 0.0, 1.0]
