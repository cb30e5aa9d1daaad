"""The way and the heading of a body put on a root bone; all that follows is told from there. Numbers only, no bpy.

Matrices are (4, 4), Y up, metres, of bones in the world; a heading is about +Y, radians, 0 towards +Z.
"""

from __future__ import annotations

import numpy as np

from ..clip_tools.joint_tools import heading, root_motion

_GROUND = np.array([1.0, 0.0, 1.0])
CLOSED_METRES, CLOSED_DEGREES = 0.01, 3.0  # within which a clip's end is its beginning


def ground_matrices(headings: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return what turns by ``headings`` (F,), radians, about +Y and moves to ``places`` (F, 3): (F, 4, 4)."""
    cosine, sine = np.cos(headings), np.sin(headings)
    result = np.tile(np.eye(4), (len(headings), 1, 1))
    result[:, 0, 0], result[:, 0, 2], result[:, 2, 0], result[:, 2, 2] = cosine, sine, -sine, cosine
    result[:, :3, 3] = places
    return result


def trajectory(joints: np.ndarray, fps: float, floor: float) -> np.ndarray:
    """Return where a body stands on the floor and faces, sway left out: (F, 4, 4) of ``joints`` (F, 22, 3), metres.

    ``floor``: its height. The first and the last frame are the body's own; between them is averaged as by
    clip_tools.joint_tools.root_motion.
    """
    places, turns = root_motion(joints, fps)
    start = joints[0, 0] * _GROUND + np.array([0.0, floor, 0.0])
    return ground_matrices(heading(joints[:1])[0] + turns, start + places)


def is_closed(poses: np.ndarray) -> bool:
    """Return whether a clip ends as it begins: ``poses`` (F, B, 4, 4), metres, of bones as seen from their root.

    Every bone within a centimetre and three degrees, of a clip of eight frames or more.
    """
    if len(poses) < 8:
        return False
    first, last = poses[0], poses[-1]
    away = np.linalg.norm(last[:, :3, 3] - first[:, :3, 3], axis=-1)
    turned = np.swapaxes(first[:, :3, :3], -1, -2) @ last[:, :3, :3]
    cosine = (np.trace(turned, axis1=-2, axis2=-1) - 1) / 2
    degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return bool(away.max() < CLOSED_METRES and degrees.max() < CLOSED_DEGREES)
