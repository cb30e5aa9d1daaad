"""From the channels of posed bones (location and rotation in any of Blender's modes) to matrices. Numpy only."""

from __future__ import annotations

import numpy as np

from ..motion import rotations as rot


def matrix_from_euler(angles: np.ndarray, order: str) -> np.ndarray:
    """Turn Euler angles (..., 3), radians about X, Y and Z, into matrices (..., 3, 3).

    ``order`` as Blender writes it: "XYZ" turns about X first, and so R = Rz Ry Rx.
    """
    result = np.eye(3)
    for letter in order:
        number = "XYZ".index(letter)
        axis = np.broadcast_to(np.eye(3)[number], angles.shape)
        result = rot.about(axis, angles[..., number]) @ result
    return result


def quaternions_of(values: np.ndarray, mode: str) -> np.ndarray:
    """Turn a bone's rotation channels in rotation ``mode`` into unit quaternions (..., 4).

    values: (..., 4) w, x, y, z or angle, x, y, z; or (..., 3) Euler angles; radians. As Blender does, quaternions are
    scaled to length 1 and an axis of no length counts as +Y.
    """
    if mode == "QUATERNION":
        return np.where(np.linalg.norm(values, axis=-1, keepdims=True) > 1e-12, rot.unit(values), rot.IDENTITY)
    if mode == "AXIS_ANGLE":
        axis = values[..., 1:]
        axis = np.where(np.linalg.norm(axis, axis=-1, keepdims=True) > 1e-12, rot.unit(axis), (0.0, 1.0, 0.0))
        half = 0.5 * values[..., :1]
        return np.concatenate([np.cos(half), np.sin(half) * axis], axis=-1)
    return rot.quaternion_from_matrix(matrix_from_euler(values, mode))


def object_matrices(locations: np.ndarray, quaternions: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Compose locations, rotations and scales into matrices (F, 4, 4).

    ``locations`` (F, 3) in any unit, ``quaternions`` (F, 4) of length 1, ``scales`` (F, 3).
    """
    matrices = np.zeros((len(locations), 4, 4))
    matrices[:, :3, :3] = rot.matrix_from_quaternion(quaternions) * scales[:, None, :]
    matrices[:, :3, 3] = locations
    matrices[:, 3, 3] = 1
    return matrices
