"""The canonical body as the solver sees it: two-bone limbs, masses. Its trunk is ``coamd_blender/motion/trunk.py``'s.

Frames are (..., 3, 3) with columns left, up, forward.

Limbs are solved in "out" coordinates of the frame they hang on: x points away from the body's middle, y up, z forward,
so that one formula serves both sides. A limb's pose is a rotation with columns u (upper bone), b (the way the lower
bone bends) and u x b, and the angle by which it bends.

Axes: Y up, metres, the body faces +Z and its left is +X.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from coamd_blender.motion.skeleton import (
    BONE_LENGTHS,
    FPS,
    JOINT_COUNT,
    JOINT_INDEX,
    MAX_FRAMES,
    PARENTS,
    REST_OFFSETS,
    STANDING_HEIGHT,
    mirror,
)

__all__ = (
    "BONE_LENGTHS", "FLAT_FOOT", "FPS", "JOINT_COUNT", "JOINT_INDEX", "MAX_FRAMES", "PARENTS", "REST_OFFSETS", "SIDES",
    "STANDING_HEIGHT", "mirror",
)  # fmt: skip

SIDES = ("left", "right")
UPPER_ARM, FOREARM = float(BONE_LENGTHS[18]), float(BONE_LENGTHS[20])
THIGH, SHANK, FOOT = float(BONE_LENGTHS[4]), float(BONE_LENGTHS[7]), float(BONE_LENGTHS[10])
# A flat foot: its bone points down by this angle (radians), its ankle stands this high above the toes (metres).
FLAT_FOOT = float(np.arcsin(-REST_OFFSETS[10, 1] / FOOT))
ANKLE_HEIGHT = float(-REST_OFFSETS[10, 1])
# How far the joints lie inside the body, metres: what touches the floor is a joint's height less this.
RADII = {
    "left_foot": 0.0, "right_foot": 0.0, "left_ankle": 0.06, "right_ankle": 0.06, "left_knee": 0.05,
    "right_knee": 0.05, "left_wrist": 0.03, "right_wrist": 0.03, "left_elbow": 0.04, "right_elbow": 0.04,
    "left_shoulder": 0.08, "right_shoulder": 0.08, "pelvis": 0.10, "spine3": 0.11, "head": 0.09,
}  # fmt: skip
_FLOOR_JOINTS = np.array([JOINT_INDEX[name] for name in RADII])
_FLOOR_RADII = np.array(list(RADII.values()))
# Share of the body's mass that lies at each joint, after Winter, Biomechanics and Motor Control (2009), table 4.1,
# each segment's mass parted between its ends by the place of its centre.
_MASSES = {
    "pelvis": 0.142, "left_hip": 0.057, "right_hip": 0.057, "spine2": 0.10, "spine3": 0.14, "neck": 0.075,
    "head": 0.065, "left_shoulder": 0.022, "right_shoulder": 0.022, "left_elbow": 0.023, "right_elbow": 0.023,
    "left_wrist": 0.013, "right_wrist": 0.013, "left_knee": 0.070, "right_knee": 0.070, "left_ankle": 0.030,
    "right_ankle": 0.030, "left_foot": 0.007, "right_foot": 0.007,
}  # fmt: skip
_WEIGHTS = np.zeros(JOINT_COUNT)
for _name, _mass in _MASSES.items():
    _WEIGHTS[JOINT_INDEX[_name]] = _mass
_WEIGHTS /= _WEIGHTS.sum()
_MIRRORED = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])  # by side: out coordinates from left coordinates


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return ``vectors`` (..., 3) scaled to unit length, the same shape."""
    return vectors / np.maximum(length(vectors), 1e-9)[..., None]


def length(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths (...) of ``vectors`` (..., 3), in their units."""
    return np.sqrt(np.einsum("...i,...i->...", vectors, vectors))


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the cross product (..., 3) of ``first`` and ``second``, both (..., 3), in the product of their units."""
    (a, b, c), (x, y, z) = np.moveaxis(first, -1, 0), np.moveaxis(second, -1, 0)
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x], axis=-1)


def euler(order: str, *degrees: np.ndarray) -> np.ndarray:
    """Return frames (frames, 3, 3) turned about their own axes in ``order`` ("YXZ") by ``degrees`` (frames,) each."""
    return Rotation.from_euler(order, np.stack(degrees, axis=-1), degrees=True).as_matrix()


def turned(vectors: np.ndarray, axes: np.ndarray, radians: np.ndarray) -> np.ndarray:
    """Turn ``vectors`` (..., 3) about unit ``axes`` (..., 3) by ``radians`` (...): the same shape (Rodrigues)."""
    cos, sin = np.cos(radians)[..., None], np.sin(radians)[..., None]
    along = np.sum(axes * vectors, axis=-1, keepdims=True) * axes
    return vectors * cos + cross(axes, vectors) * sin + along * (1 - cos)


def to_out(frame: np.ndarray, vectors: np.ndarray, side: int) -> np.ndarray:
    """Bring world ``vectors`` (..., frames, 3) into the out coordinates of ``frame`` (frames, 3, 3): the same shape.

    They keep their units. ``side`` is 0 for left, 1 for right.
    """
    return np.einsum("fji,...fj->...fi", frame, vectors) * _MIRRORED[side]


def from_out(frame: np.ndarray, vectors: np.ndarray, side: int) -> np.ndarray:
    """Bring ``vectors`` (frames, 3) in the out coordinates of ``frame`` (frames, 3, 3) to the world: the same shape.

    They keep their units. Inverse of :func:`to_out`.
    """
    return np.einsum("fij,...fj->...fi", frame, vectors * _MIRRORED[side])


def shoulder_offset(lift: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return shoulder minus collar (..., 3) in the chest's out coordinates.

    ``lift`` (...) radians by which the shoulder is raised, ``reach`` (...) radians by which it is drawn forward.
    """
    rest = np.broadcast_to(REST_OFFSETS[JOINT_INDEX["left_shoulder"]], (*np.shape(lift), 3))
    forward = turned(rest, np.broadcast_to([0.0, 1.0, 0.0], rest.shape), -reach)
    return turned(forward, np.broadcast_to([0.0, 0.0, 1.0], rest.shape), lift)


def two_bone(target: np.ndarray, pole: np.ndarray, upper: float, lower: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rotations (..., 3, 3), columns u, b, u x b, and bends (...), radians, of a limb that reaches a target.

    ``target`` (..., 3) is seen from the limb's root, ``upper`` and ``lower`` are the lengths of its bones, metres; the
    middle joint is on the side of ``pole`` (..., 3). A target out of reach is reached for.
    """
    distance = length(target)
    axis = target / np.maximum(distance, 1e-6)[..., None]
    shortest = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.radians(158.0)))
    reached = np.clip(distance, shortest, (upper + lower) * 0.9995)
    cosine = np.clip((upper**2 + reached**2 - lower**2) / (2 * upper * reached), -1, 1)[..., None]
    sine = np.sqrt(1 - cosine**2)
    side = unit(pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis)
    u, b = cosine * axis + sine * side, sine * axis - cosine * side
    inner = np.clip((upper**2 + lower**2 - reached**2) / (2 * upper * lower), -1, 1)
    return np.stack([u, b, cross(u, b)], axis=-1), np.pi - np.arccos(inner)


def lower_direction(rotation: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Return the unit direction (..., 3) of a limb's lower bone.

    ``rotation`` (..., 3, 3) and ``bend`` (...), radians, are the limb's pose.
    """
    return np.cos(bend)[..., None] * rotation[..., 0] + np.sin(bend)[..., None] * rotation[..., 1]


def limb_from_directions(upper: np.ndarray, lower: np.ndarray, pole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rotations (..., 3, 3) and bends (...), radians, of a limb by the directions of its bones.

    ``upper`` and ``lower`` (..., 3) have unit length; ``pole`` (..., 3) says where the middle joint points when the
    limb is straight.
    """
    bend = np.arccos(np.clip(np.sum(upper * lower, axis=-1), -1, 1))
    straight = bend[..., None] < 0.05
    towards = np.where(straight, -pole, lower)
    b = unit(towards - np.sum(towards * upper, axis=-1, keepdims=True) * upper)
    return np.stack([upper, b, cross(upper, b)], axis=-1), bend


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """Return the centre of mass (frames, 3) of ``joints`` (frames, 22, 3), metres."""
    return np.einsum("j,fjc->fc", _WEIGHTS, joints)


def lowest_point(joints: np.ndarray, names: tuple[str, ...] = tuple(RADII)) -> np.ndarray:
    """Return the height (frames,), metres, of the lowest part of the body with ``joints`` (frames, 22, 3).

    Parts are the joints ``names`` less the radii of the body around them.
    """
    if len(names) == len(RADII):
        return (joints[:, _FLOOR_JOINTS, 1] - _FLOOR_RADII).min(axis=1)
    return np.min([joints[:, JOINT_INDEX[name], 1] - RADII[name] for name in names], axis=0)
