"""What is measured of a motion to tell actions apart, without a network: a feature vector a motion.

Joints are seen from the pelvis, in the body's own heading. Described are where they are and how far and fast they go;
the course of the whole, at twelve moments; how joints and their velocities vary together (covariance descriptors,
Hussein et al. 2013); and the rhythm, as a spectrum. Each kind is narrowed to its principal components.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from coamd_blender.motion.skeleton import FRAME_MULTIPLE, JOINT_INDEX
from runtime.model.representation import to_local

_LIMBS = [
    JOINT_INDEX[name]
    for name in ("head", "neck", *(f"{side}_{joint}" for side in ("left", "right")
                                   for joint in ("shoulder", "elbow", "wrist", "knee", "ankle", "foot")))
]  # fmt: skip
_VARYING = [
    JOINT_INDEX[name]
    for name in ("head", *(f"{side}_{joint}" for side in ("left", "right")
                           for joint in ("shoulder", "elbow", "wrist", "knee", "ankle")))
]  # fmt: skip
_MOMENTS, _SAMPLES, _RHYTHMS = 12, 48, 7
_VELOCITY = 3.0  # what a metre a frame counts for against a metre
COMPONENTS = 80  # that are kept of each kind at most
SLIGHT = 0.03  # of the first component's size: what varies less is noise


class Descriptors:
    """The features of motions, narrowed by what varies in some of them."""

    def __init__(self, motions: Sequence[np.ndarray]):
        """Learn what varies in ``motions``, each (frames, 22, 3), metres."""
        self._narrow = [_principal(kind) for kind in described(motions)]

    def motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return features (count, dim) of ``motions``, each (frames, 22, 3), metres."""
        kinds = zip(described(motions), self._narrow, strict=True)
        return np.concatenate([(kind - mean) / spread @ axes for kind, (mean, spread, axes) in kinds], axis=1)


def described(motions: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the four kinds of features, (count, dim) each, of ``motions``, each (frames, 22, 3), metres."""
    rows = [[kind(joints) for kind in (_extents, _course, _covariances, _spectrum)] for joints in map(_local, motions)]
    return [np.stack(kind) for kind in zip(*rows, strict=True)]


def _local(joints: np.ndarray) -> np.ndarray:
    joints = joints[: len(joints) // FRAME_MULTIPLE * FRAME_MULTIPLE]
    local = to_local(torch.from_numpy(np.array(joints[None], dtype=np.float32))).joints[0].numpy()
    return local - local[:, :1]


def _extents(joints: np.ndarray) -> np.ndarray:
    limbs = joints[:, _LIMBS].reshape(len(joints), -1)
    return np.concatenate(
        [limbs.mean(0), limbs.min(0), limbs.max(0), limbs.std(0), np.abs(np.diff(limbs, axis=0)).mean(0)]
    )


def _resampled(joints: np.ndarray, count: int) -> np.ndarray:
    limbs = joints[:, _LIMBS].reshape(len(joints), -1)
    times = np.linspace(0, len(limbs) - 1, count)
    return np.stack([np.interp(times, np.arange(len(limbs)), column) for column in limbs.T])


def _course(joints: np.ndarray) -> np.ndarray:
    return _resampled(joints, _MOMENTS).ravel()


def _covariances(joints: np.ndarray) -> np.ndarray:
    places = joints[:, _VARYING].reshape(len(joints), -1)
    both = np.concatenate([places, _VELOCITY * np.gradient(places, axis=0)], axis=1)
    covariance = np.cov(both.T)
    return covariance[np.triu_indices(len(covariance))]


def _spectrum(joints: np.ndarray) -> np.ndarray:
    course = _resampled(joints, _SAMPLES)
    course = course - course.mean(axis=1, keepdims=True)
    return np.abs(np.fft.rfft(course, axis=1))[:, 1 : 1 + _RHYTHMS].ravel()


def _principal(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean (numbers,), spread (numbers,) and principal axes (numbers, components)."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    _, sizes, axes = np.linalg.svd((features - mean) / spread, full_matrices=False)
    return mean, spread, axes[: min(COMPONENTS, int((sizes > SLIGHT * sizes[0]).sum()))].T
