"""How a range that was made anew goes on from what is before it and into what is behind it."""

from __future__ import annotations

import math

import numpy as np

from coamd_blender.motion.kinematics import heading_by_width
from coamd_blender.motion.signals import ease_between, smoothstep
from runtime.cleanup.blend import fade, holding, with_lengths

FADE_SECONDS = 0.8


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


def placed_as(clip: np.ndarray, pose: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Turn and shift ``clip`` (frames, 22, 3), metres, over the ground, so that ``pose`` (22, 3) comes to stand and
    look as ``wanted`` (22, 3) does: the same shape."""
    before, after = (float(heading_by_width(each[None])[0]) for each in (pose, wanted))
    turn = after - before
    cos, sin = math.cos(turn), math.sin(turn)
    offset = clip - pose[0] * [1.0, 0.0, 1.0]
    x, z = offset[..., 0] * cos + offset[..., 2] * sin, offset[..., 2] * cos - offset[..., 0] * sin
    return np.stack([x, offset[..., 1], z], axis=-1) + wanted[0] * [1.0, 0.0, 1.0]
