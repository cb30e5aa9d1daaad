"""The way and the heading of a body put on a root bone; all that follows is told from there. Numbers only, no bpy.

Matrices are (4, 4), Y up, metres, of bones in the world; a heading is about +Y, radians, 0 towards +Z.
"""

from __future__ import annotations

import numpy as np

from ..clip_tools.joint_tools import heading, root_motion
from ..motion import rotations as rot

_GROUND = np.array([1.0, 0.0, 1.0])
CLOSED_METRES, CLOSED_DEGREES = 0.01, 3.0  # within which a clip's end is its beginning
_CLOSING = 0.4  # seconds before the end over which a loop is closed
_RESTING = 0.2  # of the speed that a clip has otherwise: slower at both ends, it comes from rest and goes back to it


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


def is_loop(poses: np.ndarray) -> bool:
    """Return whether a clip goes round: it ends as it begins (:func:`is_closed`), in motion or never moving much.

    A turn or a jump out of a stand and back into it ends as it begins, too, but is gone through once. ``poses``
    (F, B, 4, 4), metres, of bones as seen from their root.
    """
    if not is_closed(poses):
        return False
    paces = np.linalg.norm(np.diff(poses[..., :3, 3], axis=0), axis=-1).mean(axis=1)
    few = max(1, len(paces) // 20)
    ends = max(paces[:few].mean(), paces[-few:].mean())
    return bool(ends >= _RESTING * np.percentile(paces, 90))


def closed(poses: np.ndarray, fps: float) -> np.ndarray:
    """Return ``poses`` (F, B, 4, 4), metres, as seen from their root, that end in the first: what the last is off by is
    taken back over the last frames, more and more.
    """
    frames = min(len(poses) - 1, max(1, round(_CLOSING * fps)))
    shares = np.linspace(0, 1, frames + 1)[1:]
    shares = shares**2 * (3 - 2 * shares)
    result = poses.copy()
    first, last = poses[0], poses[-1]
    vectors = rot.vector_from_quaternion(
        rot.quaternion_from_matrix(np.swapaxes(last[:, :3, :3], -1, -2) @ first[:, :3, :3])
    )
    for at, share in enumerate(shares, start=len(poses) - frames):
        result[at, :, :3, 3] += share * (first[:, :3, 3] - last[:, :3, 3])
        result[at, :, :3, :3] = poses[at, :, :3, :3] @ rot.matrix_from_quaternion(
            rot.quaternion_from_vector(share * vectors)
        )
    return result
