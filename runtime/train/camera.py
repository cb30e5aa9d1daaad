"""Motions with the faults of depth cameras, for a recogniser that is to name what such cameras saw."""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.skeleton import PARENTS, with_bone_lengths


def seen_by_camera(joints: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, as a depth camera might find them; its bones keep their lengths.

    The camera is tilted by up to 6 degrees, every joint is found up to a few centimetres beside its place for good, and
    wanders by as much again within a quarter of a second or so.
    """
    tilt, way = np.radians(draw.uniform(0, 6)), draw.uniform(0, 2 * np.pi)
    axis = np.array([np.cos(way), 0.0, np.sin(way)])
    turned = joints + np.sin(tilt) * np.cross(axis, joints)  # of a small angle
    steps = int(draw.integers(3, 10))
    shiver = draw.standard_normal((len(joints) + steps - 1, *joints.shape[1:]))
    summed = np.cumsum(np.concatenate([np.zeros_like(shiver[:1]), shiver]), axis=0)
    wander = (summed[steps:] - summed[:-steps]) / np.sqrt(steps)
    beside = draw.standard_normal(joints.shape[1:])
    moved = turned + draw.uniform(0, 0.03) * wander + draw.uniform(0, 0.02) * beside
    lengths = np.zeros(len(PARENTS), np.float32)
    lengths[1:] = np.linalg.norm(joints[0, 1:] - joints[0, list(PARENTS[1:])], axis=-1)
    return with_bone_lengths(moved, lengths).astype(np.float32)
