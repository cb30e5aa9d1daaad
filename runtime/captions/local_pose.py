"""A body as itself sees it: from the ground point under the pelvis, with the facing turned to +Z; heights are kept.

Joints (frames, 22, 3), metres, Y up.
"""

from __future__ import annotations

import numpy as np

from runtime.captions import describe


def rotate(points: np.ndarray, yaw: np.ndarray | float) -> np.ndarray:
    """Turn ``points`` (frames, ..., 3) about +Y by ``yaw`` (frames,) or scalar radians, +Z towards +X."""
    angle = np.asarray(yaw, dtype=float)
    angle = angle.reshape(angle.shape + (1,) * (points.ndim - 1 - angle.ndim))
    cos, sin = np.cos(angle), np.sin(angle)
    x, z = points[..., 0], points[..., 2]
    return np.stack([cos * x + sin * z, points[..., 1], -sin * x + cos * z], axis=-1)


def to_local(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split ``joints`` (frames, 22, 3), metres, into local poses, ground points and headings.

    These are (frames, 22, 3) and (frames, 3), metres, and (frames,), radians.
    """
    yaw = describe.heading(joints)
    ground = joints[:, 0] * [1, 0, 1]
    return rotate(joints - ground[:, None], -yaw), ground, yaw


def from_local(local: np.ndarray, ground: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Return the joints (frames, 22, 3), metres, of poses that :func:`to_local` has split.

    ``local`` (frames, 22, 3) and ``ground`` (frames, 3) are metres, ``yaw`` (frames,) radians.
    """
    return rotate(local, yaw) + ground[:, None]
