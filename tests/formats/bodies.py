"""Bodies in motion made by formula, for tests of placing, loops and the canonical body."""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_INDEX, PARENTS, rest_joints

LEFT, RIGHT = (
    tuple(JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot")) for side in ("left", "right")
)


def standing(frames: int) -> np.ndarray:
    """The canonical body at rest for ``frames`` frames, (frames, 22, 3)."""
    return np.tile(rest_joints(), (frames, 1, 1))


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Turn points (..., 3) about the vertical."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T


def squatting(frames: int, depth: float = 0.35) -> np.ndarray:
    """Knee bends with still feet: the trunk sinks by ``depth`` metres and rises, the knees go forwards (+Z)."""
    joints = standing(frames)
    trunk = [j for j in range(22) if j not in LEFT[1:] + RIGHT[1:]]
    sink = depth * 0.5 * (1 - np.cos(np.linspace(0, 2 * np.pi, frames)))
    joints[:, trunk, 1] -= sink[:, None]
    for hip, knee, ankle, _ in (LEFT, RIGHT):
        thigh, shank = BONE_LENGTHS[knee], BONE_LENGTHS[ankle]
        leg = joints[:, hip] - joints[:, ankle]
        distance = np.linalg.norm(leg, axis=-1)
        along = (distance**2 + shank**2 - thigh**2) / (2 * distance)
        out = np.sqrt(np.maximum(shank**2 - along**2, 0))
        up = leg / distance[:, None]
        forward = np.array([0, 0, 1.0]) - up[:, 2:3] * up
        forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
        joints[:, knee] = joints[:, ankle] + along[:, None] * up + out[:, None] * forward
    return joints


def bones(joints: np.ndarray) -> np.ndarray:
    """Bone lengths (..., 21) of joints (..., 22, 3)."""
    return np.linalg.norm(joints[..., 1:, :] - joints[..., list(PARENTS[1:]), :], axis=-1)
