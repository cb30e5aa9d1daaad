"""Is a motion physically plausible, varied and not a copy? Each metric is defined once, here.

Motions are ``joints`` (frames, 22, 3) in metres, Y up, 20 frames a second, floor at y = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.kinematics import bone_lengths, forward_by_width
from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_COUNT, TOES, mirror
from runtime.evaluate.geometry import require_motion

SKATE_HEIGHT, SKATE_SPEED = 0.05, 0.2  # metres, metres a second: a lower toe that moves faster slides
WINDOW = 40  # frames compared at once when looking for copies: two seconds
WINDOW_STEP = 4  # every fourth frame of a window is compared


def bone_length_error(joints: np.ndarray) -> float:
    """Return the mean relative error of the 21 bone lengths of ``joints`` (frames, 22, 3), metres, against the
    canonical body's: a fraction.
    """
    lengths = bone_lengths(joints)[:, 1:]  # (frames, 21): the pelvis has no bone
    return float((np.abs(lengths - BONE_LENGTHS[1:]) / BONE_LENGTHS[1:]).mean())


def foot_skate_ratio(joints: np.ndarray) -> float:
    """Return the share of the steps from frame to frame of ``joints`` (frames, 22, 3), metres, in which a toe slides.

    Both toes count. One slides that is below 5 cm at both frames and moves over the floor at more than 0.2 m/s.
    """
    toes = joints[:, TOES]  # (frames, 2, 3)
    low = (toes[1:, :, 1] < SKATE_HEIGHT) & (toes[:-1, :, 1] < SKATE_HEIGHT)
    speed = np.linalg.norm(np.diff(toes[:, :, [0, 2]], axis=0), axis=2) * FPS
    return float((low & (speed > SKATE_SPEED)).mean())


def jerk(joints: np.ndarray) -> float:
    """Return the mean size of the third time derivative of all positions of ``joints`` (frames, 22, 3), m/s^3 (third
    difference).
    """
    return float(np.linalg.norm(np.diff(joints, n=3, axis=0), axis=2).mean() * FPS**3)


def floor_depths(joints: np.ndarray) -> np.ndarray:
    """Return the depth of the lowest joint below the floor in each frame of ``joints`` (frames, 22, 3), metres:
    centimetres (frames,).

    0 where none is below.
    """
    return np.maximum(0.0, -joints[:, :, 1].min(axis=1)) * 100


@dataclass(frozen=True)
class Physics:
    """Means over a set of motions. Penetration is the mean and the 95th percentile over all frames, in cm."""

    motions: int
    bone_length_error: float
    foot_skate_ratio: float
    jerk: float
    penetration_mean: float
    penetration_p95: float

    def as_dict(self) -> dict:
        """Return the fields by name, ready for JSON."""
        return asdict(self)


def measure(motions: Iterable[np.ndarray]) -> Physics:
    """Measure ``motions``, each (frames, 22, 3) in metres; every frame weighs the same.

    Raises DataError when there are none.
    """
    motions = [require_motion(joints) for joints in motions]
    if not motions:
        raise DataError("There are no motions to measure", "Prepare the data, or generate some first")
    weights = np.array([len(joints) for joints in motions])
    depths = np.concatenate([floor_depths(joints) for joints in motions])

    def mean(metric: Callable[[np.ndarray], float]) -> float:
        return float(np.average([metric(joints) for joints in motions], weights=weights))

    return Physics(
        motions=len(motions),
        bone_length_error=mean(bone_length_error),
        foot_skate_ratio=mean(foot_skate_ratio),
        jerk=mean(jerk),
        penetration_mean=float(depths.mean()),
        penetration_p95=float(np.percentile(depths, 95)),
    )


def canonical_windows(windows: np.ndarray) -> np.ndarray:
    """Return ``windows`` (count, frames, 22, 3), metres, each turned and shifted over the floor.

    In the middle frame the pelvis stands over the origin and the body faces +Z; heights stay.
    """
    frames = windows.shape[1]
    middle = windows[:, frames // 2]  # (count, 22, 3)
    forward = forward_by_width(middle)
    cos, sin = forward[:, 2][:, None, None], forward[:, 0][:, None, None]
    centred = windows - middle[:, None, :1] * np.array([1.0, 0.0, 1.0], dtype=windows.dtype)
    turned = np.empty_like(centred)
    turned[..., 0] = centred[..., 0] * cos - centred[..., 2] * sin
    turned[..., 1] = centred[..., 1]
    turned[..., 2] = centred[..., 0] * sin + centred[..., 2] * cos
    return turned


def motion_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean distance of corresponding joints of ``one`` and ``other``, both (frames, 22, 3), metres.

    Both are first brought to the origin and to one facing: it says how visibly two seeds differ. Raises DataError for
    two lengths.
    """
    if one.shape != other.shape:
        raise DataError(f"Motions of shapes {one.shape} and {other.shape} cannot be compared", "Cut them to one length")
    pair = canonical_windows(np.stack([one, other]).astype(np.float64))
    return float(np.linalg.norm(pair[0] - pair[1], axis=2).mean())


def diversity(motions: list[np.ndarray]) -> float:
    """Return the mean :func:`motion_distance` over all pairs of ``motions``, all (frames, 22, 3), metres.

    They are of one prompt.
    """
    pairs = [(i, j) for i in range(len(motions)) for j in range(i)]
    return float(np.mean([motion_distance(motions[i], motions[j]) for i, j in pairs])) if pairs else 0.0


def cut_windows(joints: np.ndarray, hop: int) -> np.ndarray:
    """Return all windows of :data:`WINDOW` frames of ``joints`` (frames, 22, 3), metres, every ``hop`` frames, thinned
    and made canonical.

    They are (count, 10, 22, 3) float32. Motions shorter than a window give none.
    """
    starts = np.arange(0, len(joints) - WINDOW + 1, hop)
    frames = starts[:, None] + np.arange(0, WINDOW, WINDOW_STEP)
    return canonical_windows(np.asarray(joints, dtype=np.float32)[frames])


class TrainingWindows:
    """Every two-second window of the training motions and of their mirror images, a tenth of a second apart.

    :meth:`nearest` answers how close a motion comes to the training data: a copy has distance near 0 whatever
    its facing, place or time offset. Distances are exact; the candidate is found by one matrix product.
    """

    def __init__(self, motions: Iterable[np.ndarray], hop: int = 2):
        blocks = []
        for joints in motions:
            joints = np.asarray(joints, dtype=np.float32)
            blocks += [cut_windows(version, hop) for version in (joints, mirror(joints))]
        self.windows = np.concatenate(blocks) if blocks else np.empty((0, WINDOW // WINDOW_STEP, JOINT_COUNT, 3))
        if not len(self.windows):
            raise DataError("No training motion lasts two seconds", "Run: python -m runtime prepare --data FOLDER")
        self._flat = self.windows.reshape(len(self.windows), -1)
        self._norms = np.einsum("ij,ij->i", self._flat, self._flat)

    def nearest(self, joints: np.ndarray, chunk: int = 65536) -> float | None:
        """Return how far ``joints`` (frames, 22, 3) are from the nearest training windows, metres.

        It is the mean over their windows of the mean joint distance to the training window nearest in the least-squares
        sense; None for motions under two seconds.
        """
        queries = cut_windows(joints, WINDOW // 2)
        if not len(queries):
            return None
        flat = queries.reshape(len(queries), -1)
        best, where = np.full(len(queries), np.inf), np.zeros(len(queries), dtype=int)
        for first in range(0, len(self._flat), chunk):
            part = slice(first, first + chunk)
            squares = self._norms[part] - 2 * flat @ self._flat[part].T  # (queries, chunk)
            index = squares.argmin(1)
            value = squares[np.arange(len(queries)), index]
            better = value < best
            best[better], where[better] = value[better], index[better] + first
        return float(np.linalg.norm(queries - self.windows[where], axis=3).mean())
