"""KIT-ML (Plappert et al. 2016) in HumanML3D's layout: 21 joints of the MMM body at 12.5 fps.

The MMM body has no collars and three joints between pelvis and head, and its files are in millimetres and may be
mirrored (the joint named left lies on the right of the direction the toes point). Directions of limbs, pelvis,
chest and head are kept, and the 22 joints rebuilt from them on the canonical body (``canonical.py``); motions are
resampled to 20 fps. Collars and spine levels therefore follow chest and pelvis and are not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from runtime.formats.canonical import Calibration, JointMap, canonicalise
from runtime.formats.clip import SourceClip
from runtime.formats.placing import place

from .official import KIT_ML, TextMotion, ignore, read_joints, text_motions

FPS = 12.5
SHORTEST = 24  # frames at 12.5 fps
JOINTS = (
    "root", "pelvis", "thorax", "neck", "head",
    "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
    "left_hip", "left_knee", "left_ankle", "left_midfoot", "left_toe",
    "right_hip", "right_knee", "right_ankle", "right_midfoot", "right_toe",
)  # fmt: skip
PARENTS = (-1, 0, 1, 2, 3, 3, 5, 6, 3, 8, 9, 0, 11, 12, 13, 14, 0, 16, 17, 18, 19)
_LIMBS = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")
# The MMM reference body stands upright with its frames: only the feet's pitch and the shoulders' place are its own.
JOINT_MAP = JointMap(
    "kit_ml",
    {part: (f"left_{part}", f"right_{part}") for part in _LIMBS},
    pelvis_up=("hips", "pelvis"),
    chest_up=("thorax", "neck"),
    head_up=("neck", "head"),
    calibration=Calibration(0.0, 0.0, 0.0, 24.0, np.zeros(3)),
)


def _right_handed(joints: np.ndarray) -> np.ndarray:
    """Reflect a mirrored file: the toes must point forward of an axis from right hip to left and up."""
    index = {name: place for place, name in enumerate(JOINTS)}
    left = joints[:, index["left_hip"]] - joints[:, index["right_hip"]]
    toes = sum(joints[:, index[f"{side}_toe"]] - joints[:, index[f"{side}_ankle"]] for side in ("left", "right"))
    forward = np.cross(left, [0.0, 1.0, 0.0])
    facing = np.sum(forward * toes, axis=-1) / np.maximum(np.linalg.norm(left, axis=-1), 1e-9)
    return joints * [-1.0, 1.0, 1.0] if np.median(facing) < 0 else joints


def to_source_clip(joints: np.ndarray, name: str = "") -> SourceClip:
    """Return a clip of the MMM skeleton from ``joints`` (frames, 21, 3), millimetres, made right-handed."""
    return SourceClip(JOINTS, PARENTS, _right_handed(joints) / 1000.0, FPS, name)


def to_canonical(joints: np.ndarray, name: str = "") -> np.ndarray:
    """Return canonical joints (frames', 22, 3) float32, metres, at 20 fps, placed.

    ``joints`` (frames, 21, 3) are the set's own, millimetres, at 12.5 fps.
    Raises DataError for a clip that jumps so often that nothing of it is left.
    """
    pieces = canonicalise(to_source_clip(joints, name), JOINT_MAP, check=False)
    if not pieces:
        raise DataError(f"{name} holds no two frames that follow on each other", "Leave it out")
    return place(max(pieces, key=len)).astype(np.float32)


def motions(root: str | Path, split: str, *, drop: Callable[[str, str], None] = ignore) -> Iterator[TextMotion]:
    """Yield the motions of ``split`` at 20 fps on the canonical body, with their captions.

    Lengths are judged at 12.5 fps, as the set's own loader does. Raises DataError when the set is not below
    ``root``; single broken clips go to ``drop(name, reason)``.
    """
    folder = KIT_ML.require(root)
    for motion in text_motions(folder, split, lambda path: read_joints(path, len(JOINTS)), FPS, SHORTEST, drop):
        try:
            yield TextMotion(motion.name, to_canonical(motion.joints, motion.name), motion.captions)
        except DataError as error:
            drop(motion.name, error.message)
