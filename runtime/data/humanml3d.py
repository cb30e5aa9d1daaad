"""HumanML3D (Guo et al. 2022) in its official layout: 22 joints at 20 fps, our order and axes.

``new_joints`` also holds the mirrored motions (names with a leading M), listed in the splits like the others.
The 400 action classes come as ``action_labels.tsv``: a clip name, a tab and its class on each line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT
from runtime.formats.clip import read_text

from .official import HUMANML3D, TextMotion, ignore, read_joints, read_split, text_motions

SHORTEST = 40  # frames: two seconds
LABELS_FILE = "action_labels.tsv"


def read_motion_file(path: Path) -> np.ndarray:
    """Read a new_joints file: joints (frames, 22, 3) float32, metres. Raises DataError."""
    return read_joints(path, JOINT_COUNT).astype(np.float32)


def motions(
    root: str | Path, split: str, *, mirrored: bool = True, drop: Callable[[str, str], None] = ignore
) -> Iterator[TextMotion]:
    """Yield the motions of ``split`` with their captions; without the mirrored ones when asked.

    Raises DataError when the set is not below ``root``; single broken clips go to ``drop(name, reason)``.
    """
    folder = HUMANML3D.require(root)
    found = text_motions(folder, split, read_motion_file, FPS, SHORTEST, drop)
    return (motion for motion in found if mirrored or not motion.name.startswith("M"))


def read_labels(root: str | Path) -> dict[str, str]:
    """Read action_labels.tsv: the action class by clip name. Raises DataError."""
    folder = HUMANML3D.require(root)
    path = folder / LABELS_FILE
    if not path.is_file():
        raise DataError(
            f"The action labels of HumanML3D are not in {folder}",
            f"Ask the authors of HumanML3D-400 for them and write {LABELS_FILE}: name, tab, class on each line",
        )
    rows = [line.rstrip().split("\t") for line in read_text(path).splitlines() if line.strip()]
    if bad := next((row for row in rows if len(row) != 2 or not all(row)), None):
        raise DataError(f"{path} has the line {' '.join(bad)!r}", "Write a name, a tab and a class on each line")
    return {name: label.strip() for name, label in rows}


def labelled(
    root: str | Path, split: str, *, drop: Callable[[str, str], None] = ignore
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield (joints (frames, 22, 3) float32, metres, and class) of the clips of ``split`` that have a class.

    Raises DataError when set or labels are not below ``root``; single broken clips go to ``drop(name, reason)``.
    """
    labels = read_labels(root)
    folder = HUMANML3D.require(root)
    for name in read_split(folder, split):
        label = labels.get(name) or labels.get(name.removeprefix("M"))
        if label is None:
            continue
        try:
            yield read_motion_file(folder / "new_joints" / f"{name}.npy"), label
        except DataError as error:
            drop(name, error.message)
