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
    """Split into local poses (frames, 22, 3), ground points (frames, 3) and headings (frames,)."""
    yaw = describe.heading(joints)
    ground = joints[:, 0] * [1, 0, 1]
    return rotate(joints - ground[:, None], -yaw), ground, yaw


def from_local(local: np.ndarray, ground: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Inverse of :func:`to_local`."""
    return rotate(local, yaw) + ground[:, None]
