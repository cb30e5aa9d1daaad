"""Benchmark data sets in the layouts their authors publish: where each lies, and what the two text sets share.

They may not be redistributed. A user puts them below one folder, by default ``data/official``:

    HumanML3D/   new_joints/*.npy  texts/*.txt  train.txt  val.txt  test.txt  action_labels.tsv
    KIT-ML/      new_joints/*.npy  texts/*.txt  train.txt  val.txt  test.txt
    NTU/         **/*.skeleton  *samples_with_missing_skeletons.txt   (60 and 120 classes alike)
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from runtime.formats.clip import read_text

SPLITS = ("train", "val", "test")
LONGEST = 200  # frames: both text sets leave out clips of 200 frames and more


@dataclass(frozen=True)
class OfficialSet:
    """Where to get a set, and what of it must lie in which folder."""

    name: str
    folder: str
    home: str
    needs: tuple[str, ...]

    def require(self, root: str | Path) -> Path:
        """Return the set's folder below ``root``; DataError that says where to get it and where to put it."""
        folder = Path(root) / self.folder
        missing = [name for name in self.needs if not (folder / name).exists()]
        if missing:
            raise DataError(
                f"{self.name} is not in {folder} (no {', '.join(missing)})",
                f"Get it from {self.home} and put {', '.join(self.needs)} into {folder}",
            )
        return folder


_TEXT_LAYOUT = ("new_joints", "texts", "train.txt", "val.txt", "test.txt")
HUMANML3D = OfficialSet("HumanML3D", "HumanML3D", "github.com/EricGuo5513/HumanML3D", _TEXT_LAYOUT)
KIT_ML = OfficialSet("KIT-ML", "KIT-ML", "github.com/EricGuo5513/HumanML3D (its KIT-ML archive)", _TEXT_LAYOUT)
NTU = OfficialSet("NTU RGB+D", "NTU", "rose1.ntu.edu.sg/dataset/actionRecognition", ())


@dataclass(frozen=True)
class Caption:
    """One line of a texts file: a sentence and the seconds it speaks of; ``end`` 0 means the whole clip."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class TextMotion:
    """A motion with the sentences that describe it: joints (frames, 22, 3) float32, metres, 20 fps."""

    name: str
    joints: np.ndarray
    captions: tuple[str, ...]


def read_captions(path: str | Path) -> list[Caption]:
    """Read lines of ``caption#tokens#start#end``; ``nan`` seconds mean the whole clip. Raises DataError."""
    captions = []
    for number, line in enumerate(read_text(Path(path)).splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.strip().split("#")
        try:
            text, (start, end) = parts[0].strip(), (float(part) for part in parts[-2:])
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error}", "Download it again") from error
        if len(parts) < 4 or not text:
            raise DataError(f"{path}, line {number} is not a caption", "Download it again")
        start, end = (0.0 if math.isnan(seconds) else seconds for seconds in (start, end))
        captions.append(Caption(text, start, end))
    return captions


def read_split(folder: Path, split: str) -> list[str]:
    """Read the clip names of ``train``, ``val`` or ``test``, in the order of the file. Raises DataError."""
    if split not in SPLITS:
        raise DataError(f"There is no split {split}", f"Choose from {', '.join(SPLITS)}")
    return read_text(folder / f"{split}.txt").split()


def read_joints(path: Path, count: int) -> np.ndarray:
    """Read a new_joints file: (frames, count, 3) float64, in the set's own unit.

    Raises DataError for a wrong shape, NaN or a torn file.
    """
    try:
        joints = np.load(path, allow_pickle=False).astype(np.float64)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({error})", "Unpack it again") from error
    if joints.ndim != 3 or joints.shape[1:] != (count, 3) or not len(joints):
        raise DataError(f"{path} has shape {joints.shape}", f"Prepare the set again: (frames, {count}, 3) is expected")
    if not np.isfinite(joints).all():
        raise DataError(f"{path} holds values that are not numbers", "Leave it out")
    return joints


def text_motions(
    folder: Path,
    split: str,
    load: Callable[[Path], np.ndarray],
    fps: float,
    shortest: int,
    drop: Callable[[str, str], None],
) -> Iterator[TextMotion]:
    """Yield the motions of a split of HumanML3D or KIT-ML.

    ``load(path)`` reads joints at ``fps``. Captions of a part of a clip give a motion of that part, as both sets'
    own loaders do; motions outside ``shortest`` to 200 frames are left out. ``drop(name, reason)`` is told of every
    clip that cannot be used.
    """
    for name in read_split(folder, split):
        try:
            captions = read_captions(folder / "texts" / f"{name}.txt")
            joints = load(folder / "new_joints" / f"{name}.npy")
        except DataError as error:
            drop(name, error.message)
            continue
        spans: dict[tuple[int, int], list[str]] = {}
        for caption in captions:
            whole = caption.start == caption.end == 0.0
            span = (0, len(joints)) if whole else (int(caption.start * fps), int(caption.end * fps))
            spans.setdefault(span, []).append(caption.text)
        for (first, last), texts in spans.items():
            part = joints[first:last]
            if not shortest <= len(part) < LONGEST:
                drop(name, f"{len(part)} frames are outside {shortest} to {LONGEST - 1}")
                continue
            title = name if (first, last) == (0, len(joints)) else f"{name}@{first / fps:g}-{last / fps:g}"
            yield TextMotion(title, part, tuple(texts))


def ignore(name: str, reason: str) -> None:
    """Do nothing: the ``drop`` of callers that do not count what was left out."""
