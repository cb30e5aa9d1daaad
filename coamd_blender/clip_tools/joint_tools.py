"""The motion of a body made into another one. Numbers only, any thread.

Joints are (frames, 22, 3), canonical (motion.skeleton): metres, Y up, at frame 0 over the origin, facing +Z.
"""

from __future__ import annotations

import numpy as np

from ..motion import skeleton
from ..motion.kinematics import bone_lengths, forward_balanced
from ..motion.signals import bell_average, moving_average, smootherstep

_GROUND = np.array([1.0, 0.0, 1.0])
ROOT_SECONDS = 1.0  # slower than this a body travels and turns, faster it sways


def mirrored(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, with left and right exchanged, from the same start: the same shape."""
    return skeleton.mirror(joints)


def smoothed(joints: np.ndarray, reach: int) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, averaged over ``reach`` frames to either side: the same shape.

    Under a bell that grows from nothing at both ends, so that a motion begins and ends where it did. Bones keep their
    lengths.
    """
    frames = len(joints)
    soft = bell_average(joints.reshape(frames, -1), reach).reshape(joints.shape)
    edge = np.minimum(np.arange(frames), np.arange(frames)[::-1]) / max(reach, 1)
    mixed = joints + smootherstep(edge)[:, None, None] * (soft - joints)
    return _with_lengths(mixed, bone_lengths(joints))


def looped(joints: np.ndarray, frames: int) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, whose last pose is the first, carried on by the travel: same shape.

    The last ``frames`` ease there; how fast it goes is carried over the seam as well.
    """
    gone = (joints[-1, 0] - joints[0, 0]) * _GROUND
    offset = joints[0] + gone - joints[-1]  # (22, 3)
    drift = (joints[1] - joints[0]) - (joints[-1] - joints[-2])  # a frame
    length = min(frames, len(joints) - 1)
    left = np.arange(length, -1, -1)[:, None, None] / length  # 1 where the easing begins, 0 at the last frame
    ease = smootherstep(1 - left)
    slope = left * (1 - left) ** 2 * length  # level at both ends but for its rate at the last frame
    result = joints.astype(np.float64)
    result[-length - 1 :] += ease * offset - slope * ease * drift
    return _with_lengths(result, bone_lengths(joints))


def blended(first: np.ndarray, second: np.ndarray, overlap: int) -> np.ndarray:
    """Return ``first`` (frames, 22, 3), metres, that goes over into ``second`` (count, 22, 3), metres: (n, 22, 3).

    The second is turned and moved so as to begin where the first is ``overlap`` frames before its end.
    """
    overlap = min(overlap, len(first), len(second))
    at = len(first) - overlap
    turn = _turn(heading(first[at : at + 1])[0] - heading(second[:1])[0])
    placed = (second - second[0, 0] * _GROUND) @ turn.T + first[at, 0] * _GROUND
    share = smootherstep((np.arange(overlap) + 1) / (overlap + 1))[:, None, None]
    mixed = first[at:] * (1 - share) + placed[:overlap] * share
    result = np.concatenate([first[:at], mixed, placed[overlap:]])
    return _with_lengths(result, np.broadcast_to(bone_lengths(first[:1]), (len(result), skeleton.JOINT_COUNT)))


def heading(joints: np.ndarray) -> np.ndarray:
    """Return the angle about +Y, radians, that a body faces: (frames,), no jumps, of ``joints`` (frames, 22, 3)."""
    forward = forward_balanced(joints)
    return np.unwrap(np.arctan2(forward[:, 0], forward[:, 2]))


def root_motion(joints: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how the body of ``joints`` (frames, 22, 3) goes and turns as a whole, sway left out.

    Places (frames, 3) on the ground, metres, from the origin; and headings (frames,), radians, from 0.
    """
    reach = max(1, min(round(ROOT_SECONDS * fps / 2), (len(joints) - 1) // 2))
    places, turns = joints[:, 0] * _GROUND, heading(joints)
    both = _averaged(np.column_stack([places, turns]), reach)
    both -= both[0]
    return both[:, :3], both[:, 3]


def in_place(joints: np.ndarray, places: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, without the root motion ``places`` (frames, 3) and ``turns``
    (frames,) of :func:`root_motion`, about the pelvis' first place: the same shape."""
    start = joints[0, 0] * _GROUND
    back = np.stack([_turn(-angle) for angle in turns])
    return np.einsum("fij,fkj->fki", back, joints - start - places[:, None]) + start


def _averaged(values: np.ndarray, reach: int) -> np.ndarray:
    """Average ``values`` (frames, n) over ``reach`` frames; beyond the ends they go on point-symmetrically."""
    padded = np.pad(values, ((reach, reach), (0, 0)), "reflect", reflect_type="odd")
    return moving_average(moving_average(padded, reach // 2), reach - reach // 2)[reach:-reach]


def _turn(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])


def _with_lengths(joints: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return skeleton.with_bone_lengths(joints, np.moveaxis(lengths, -1, 0)[..., None])
