"""The 22 joints of a motion as a skeleton of fixed bones that turn, for files that hold motion so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import JOINT_COUNT, PARENTS, REST_OFFSETS

CHILDREN = tuple(tuple(c for c in range(JOINT_COUNT) if PARENTS[c] == j) for j in range(JOINT_COUNT))
# The tips of the last bones, from their joints in the rest pose, metres.
TIPS = {10: (0.0, 0.0, 0.06), 11: (0.0, 0.0, 0.06), 15: (0.0, 0.12, 0.0), 20: (0.08, 0.0, 0.0), 21: (-0.08, 0.0, 0.0)}
_TOLERANCE = 0.0002  # metres: a joint whose fixed offset misses by more is placed in every frame


@dataclass(frozen=True, eq=False)
class Fitted:
    """A skeleton that moves as a motion's joints do.

    offsets  (22, 3) metres, each joint from its parent at rest, a T-pose facing +Z; zero for the pelvis
    turns    (frames, 22, 3, 3) each joint's rotation within its parent's
    places   (frames, 22, 3) metres, each joint from its parent, in the parent's axes; the pelvis in the world
    free     (22,) bool, the joints whose places are not their offsets: the pelvis, and those that leave their bone
    """

    offsets: np.ndarray
    turns: np.ndarray
    places: np.ndarray
    free: np.ndarray


def fit_skeleton(joints: np.ndarray) -> Fitted:
    """Return the skeleton that moves as ``joints`` (frames, 22, 3), metres, Y up, do.

    Bone lengths are the medians of the motion's. Raises DataError for a wrong shape or values that are not numbers.
    """
    joints = np.asarray(joints, dtype=np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or not len(joints) or not np.isfinite(joints).all():
        raise DataError(f"Joints of shape {joints.shape} cannot be written", "Give finite joints (frames, 22, 3)")
    parents = np.array(PARENTS[1:])
    lengths = np.median(np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1), axis=0)
    offsets = REST_OFFSETS.copy()
    offsets[1:] *= (lengths / np.linalg.norm(REST_OFFSETS[1:], axis=-1))[:, None]
    turns = global_rotations(joints, offsets)
    above = np.swapaxes(turns[:, parents], -1, -2)
    places = joints.copy()
    places[:, 1:] = (above @ (joints[:, 1:] - joints[:, parents])[..., None])[..., 0]
    free = np.array([True, *(np.abs(places[:, 1:] - offsets[1:]).max(axis=(0, 2)) > _TOLERANCE)])
    turns = np.concatenate([turns[:, :1], above @ turns[:, 1:]], axis=1)
    return Fitted(offsets, turns, places, free)


def _shortest_turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Rotations (frames, 3, 3) of least angle that turn the vector ``before`` (3,) to ``after`` (frames, 3)."""
    a = before / np.linalg.norm(before)
    b = after / np.maximum(np.linalg.norm(after, axis=-1, keepdims=True), 1e-9)
    cross, cosine = np.cross(a, b), b @ a
    skew = np.zeros((len(b), 3, 3))
    skew[:, [2, 0, 1], [1, 2, 0]] = cross
    skew[:, [1, 2, 0], [2, 0, 1]] = -cross
    turn = np.eye(3) + skew + skew @ skew / np.maximum(1.0 + cosine, 1e-6)[:, None, None]
    opposite = cosine < -0.999999
    if opposite.any():
        axis = np.cross(a, [1.0, 0.0, 0.0] if abs(a[0]) < 0.9 else [0.0, 1.0, 0.0])
        axis /= np.linalg.norm(axis)
        turn[opposite] = 2 * np.outer(axis, axis) - np.eye(3)
    return turn


def _best_turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Rotations (frames, 3, 3) that turn ``before`` (points, 3) nearest to ``after`` (frames, points, 3): Kabsch."""
    u, _, vt = np.linalg.svd(np.einsum("fpi,pj->fij", after, before))
    flip = np.ones((len(u), 3))
    flip[:, 2] = np.sign(np.linalg.det(u @ vt))
    return (u * flip[:, None, :]) @ vt


def global_rotations(joints: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the rotations of every joint (frames, 22, 3, 3) that turn ``offsets`` onto ``joints``.

    ``offsets`` (22, 3) and ``joints`` (frames, 22, 3) are metres. A joint of several children takes the best fit; one
    of a single child the least turn from its parent's; a last joint its parent's.
    """
    rotations = np.zeros((len(joints), JOINT_COUNT, 3, 3))
    for joint, children in enumerate(CHILDREN):
        parent = rotations[:, PARENTS[joint]] if joint else np.broadcast_to(np.eye(3), (len(joints), 3, 3))
        if not children:
            rotations[:, joint] = parent
            continue
        bones = joints[:, list(children)] - joints[:, joint : joint + 1]
        if len(children) > 1:
            rotations[:, joint] = _best_turn(offsets[list(children)], bones)
        else:
            local = np.einsum("fji,fj->fi", parent, bones[:, 0])
            rotations[:, joint] = parent @ _shortest_turn(offsets[children[0]], local)
    return rotations
