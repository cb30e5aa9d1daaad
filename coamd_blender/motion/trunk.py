"""The trunk of the canonical body: the frames of pelvis, chest and head from its joints, and joints from frames.

A frame is a rotation (..., 3, 3) with columns left, up, forward. Hips and spine1 move with the pelvis, neck and collars
with the chest, the spine between by thirds.
"""

from __future__ import annotations

import numpy as np

from .rotations import (
    about,
    cross,
    matrix_from_quaternion,
    quaternion_from_matrix,
    quaternion_from_vector,
    transpose,
    unit,
    vector_from_quaternion,
)
from .skeleton import JOINT_INDEX, PARENTS, REST_OFFSETS


def trunk_frames(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pelvis, chest and head frames (frames, 3, 3) of ``joints`` (frames, 22, 3), metres.

    Inverse of :func:`place_trunk`. The head's turn to the sides does not show in 22 joints: its frame keeps the chest's
    left.
    """
    pelvis = _fitted(joints, ("left_hip", "right_hip", "spine1"), "pelvis")
    chest = _fitted(joints, ("neck", "left_collar", "right_collar"), "spine3")
    up = unit(joints[:, JOINT_INDEX["head"]] - joints[:, JOINT_INDEX["neck"]])
    left = unit(chest[..., 0] - np.sum(chest[..., 0] * up, axis=-1, keepdims=True) * up)
    bone = np.stack([left, up, cross(left, up)], axis=-1)
    rest = REST_OFFSETS[JOINT_INDEX["head"]]
    head = bone @ about(np.array([1.0, 0.0, 0.0]), np.array(-np.arctan2(rest[2], rest[1])))
    return pelvis, chest, head


def place_trunk(joints: np.ndarray, pelvis: np.ndarray, chest: np.ndarray, head: np.ndarray) -> None:
    """Place hips, spine, neck, collars and head of ``joints`` (frames, 22, 3), metres, round their pelvis.

    ``pelvis``, ``chest`` and ``head`` (frames, 3, 3) are the frames that they turn with.
    """
    turn = vector_from_quaternion(quaternion_from_matrix(transpose(pelvis) @ chest))
    low, high = (pelvis @ matrix_from_quaternion(quaternion_from_vector(turn * share)) for share in (1 / 3, 2 / 3))
    frames = {
        "left_hip": pelvis, "right_hip": pelvis, "spine1": pelvis, "spine2": low, "spine3": high,
        "neck": chest, "left_collar": chest, "right_collar": chest, "head": head,
    }  # fmt: skip
    for name, frame in frames.items():
        index = JOINT_INDEX[name]
        joints[:, index] = joints[:, PARENTS[index]] + frame @ REST_OFFSETS[index]


def _fitted(joints: np.ndarray, names: tuple[str, ...], origin: str) -> np.ndarray:
    """Return frames (frames, 3, 3) that turn the rest offsets of ``names`` onto the bones from ``origin`` (Kabsch)."""
    places = [JOINT_INDEX[name] for name in names]
    bones = joints[:, places] - joints[:, None, JOINT_INDEX[origin]]
    u, _, vt = np.linalg.svd(np.einsum("fni,nj->fij", bones, REST_OFFSETS[places]))
    sign = np.ones((len(joints), 3))
    sign[:, 2] = np.linalg.det(u @ vt)
    return (u * sign[:, None]) @ vt
