"""NTU RGB+D 60 and 120 (Shahroudy et al. 2016, Liu et al. 2019): .skeleton text files, protocols, class names.

A file holds, in text, the frame count; for each frame the number of bodies; for each body ten numbers (the first its
id), the joint count 25, and 25 lines of twelve numbers, of which the first three are metres in the camera's frame.
30 frames a second. Its name says setup, camera, performer, repetition and action: S001C002P003R002A013.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from runtime.formats.canonical import canonicalise, joint_maps
from runtime.formats.clip import SourceClip, read_text
from runtime.formats.kinect import FPS, SDK_JOINTS, kinect_clip
from runtime.formats.placing import place

from .official import NTU, ignore

CLASSES_PATH = Path(__file__).with_name("ntu_classes.json")
MISSING_LIST = "*samples_with_missing_skeletons.txt"
JOINT_LINES, JOINT_VALUES, BODY_VALUES = 25, 12, 10
SHORTEST_BODY = 11  # frames: a body seen for less is a piece of furniture

# Lines of the 25 joints that the 20 joints of the first Kinect's order (kinect.SDK_JOINTS) are taken from.
_ARM, _LEG = ("shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "foot")
COLUMNS = {"hip_center": 0, "spine": 1, "shoulder_center": 20, "head": 3}
COLUMNS |= {f"{side}_{part}": 4 + 4 * s + p for s, side in enumerate(("left", "right")) for p, part in enumerate(_ARM)}
COLUMNS |= {f"{side}_{part}": 12 + 4 * s + p for s, side in enumerate(("left", "right")) for p, part in enumerate(_LEG)}
_NO_ARMS = [0, 1, 2, 3, *range(12, 21)]

# Performers, cameras and setups of the training side; everything else tests.
XSUB_60 = frozenset({1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38})
XSUB_120 = XSUB_60 | {
    45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94,
    95, 97, 98, 100, 103,
}  # fmt: skip
XVIEW_CAMERAS = frozenset({2, 3})
PROTOCOLS = {60: ("xsub", "xview"), 120: ("xsub", "xset")}
# Classes never trained on in SynSE's zero-shot splits (Gupta et al. 2021): {(classes, seen / unseen): numbers}.
UNSEEN = {
    (60, "55/5"): (11, 12, 20, 27, 57),
    (60, "48/12"): (4, 6, 10, 13, 16, 41, 43, 48, 52, 57, 59, 60),
    (120, "110/10"): (5, 14, 38, 44, 50, 66, 89, 96, 100, 107),
    (120, "96/24"): (
        2, 4, 5, 11, 18, 20, 28, 48, 49, 54, 59, 64, 67, 80, 84, 87, 90, 93, 98, 99, 101, 104, 106, 109,
    ),
}  # fmt: skip

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")


@dataclass(frozen=True)
class Sample:
    """What a file's name says."""

    setup: int
    camera: int
    performer: int
    repetition: int
    action: int

    @classmethod
    def parse(cls, name: str) -> Sample:
        """Read ``SsssCcccPpppRrrrAaaa``; DataError for another name."""
        match = _NAME.search(name)
        if not match:
            raise DataError(f"{name} is not an NTU RGB+D file name", "Keep the names of the original download")
        return cls(*map(int, match.groups()))

    def split(self, classes: int, protocol: str) -> str:
        """Return "train" or "test" under ``protocol`` of the 60- or 120-class set. Raises DataError."""
        if protocol not in PROTOCOLS.get(classes, ()):
            raise DataError(f"NTU RGB+D {classes} has no protocol {protocol}", "Use 60 xsub, xview or 120 xsub, xset")
        if protocol == "xsub":
            train = self.performer in (XSUB_60 if classes == 60 else XSUB_120)
        elif protocol == "xview":
            train = self.camera in XVIEW_CAMERAS
        else:
            train = self.setup % 2 == 0
        return "train" if train else "test"


@cache
def class_names() -> tuple[str, ...]:
    """Return the names of the 120 actions, A1 first; the first 60 are those of NTU RGB+D 60."""
    return tuple(json.loads(CLASSES_PATH.read_text(encoding="utf-8")))


def read_bodies(path: str | Path) -> dict[str, np.ndarray]:
    """Read the positions of every body of a .skeleton file by its id: (frames, 25, 3) metres, NaN where it is not seen.

    Raises DataError for a torn file.
    """
    values = read_text(Path(path)).split()
    at = 0

    def take(count: int) -> list[str]:
        nonlocal at
        at += count
        return values[at - count : at]

    try:
        frames = int(take(1)[0])
        bodies: dict[str, np.ndarray] = {}
        for frame in range(frames):
            for _ in range(int(take(1)[0])):
                name = take(BODY_VALUES)[0]
                if (joints := int(take(1)[0])) != JOINT_LINES:
                    raise DataError(f"{path} has a body of {joints} joints", "Expected 25: download it again")
                block = np.array(take(JOINT_LINES * JOINT_VALUES), dtype=np.float64)
                body = bodies.setdefault(name, np.full((frames, JOINT_LINES, 3), np.nan))
                body[frame] = block.reshape(JOINT_LINES, JOINT_VALUES)[:, :3]
    except (ValueError, IndexError) as error:
        raise DataError(f"{path} is torn ({error})", "Download it again") from error
    return bodies


def main_body(bodies: dict[str, np.ndarray]) -> np.ndarray:
    """Choose the acting body: of those seen for 11 frames and taller than wide, the one that moves most.

    ``bodies``, each (frames, 25, 3), metres, NaN where it is not seen; returned is one of them, (frames, 25, 3).
    Arms do not count as width. Without any such body, the one seen longest. Movement is the summed variance of the
    joints over the frames it is seen in. Raises DataError when there is no body.
    """
    if not bodies:
        raise DataError("Nobody is seen", "The set's list of missing skeletons names such files: leave it out")

    def frames_seen(body: np.ndarray) -> int:
        return int(np.isfinite(body[:, 0, 0]).sum())

    def upright(body: np.ndarray) -> bool:
        width, height = (np.nanmedian(np.ptp(body[:, _NO_ARMS, axis], axis=1)) for axis in (0, 1))
        return bool(width <= 0.8 * height)

    found = [body for body in bodies.values() if frames_seen(body) >= SHORTEST_BODY and upright(body)]
    if not found:
        return max(bodies.values(), key=frames_seen)
    return max(found, key=lambda body: float(np.nanvar(body, axis=0).sum()))


def read_skeleton(path: str | Path) -> SourceClip:
    """Read the main body of a .skeleton file as the first Kinect's 20 joints at 30 fps. Raises DataError."""
    path = Path(path)
    try:
        body = main_body(read_bodies(path))
    except DataError as error:
        raise DataError(f"{path.name}: {error.message}", error.hint) from error
    values = body[:, [COLUMNS[joint] for joint in SDK_JOINTS]]
    return kinect_clip(path, values, SDK_JOINTS, FPS, class_names()[Sample.parse(path.stem).action - 1])


def to_canonical(clip: SourceClip) -> np.ndarray:
    """Return canonical joints (frames, 22, 3) float32, metres, at 20 fps, placed: the longest piece between jumps.

    The 25 joints of the second Kinect are read as the 20 of the first; hand tips and thumbs say nothing of our 22.
    Raises DataError when no two frames follow on each other.
    """
    pieces = canonicalise(clip, joint_maps()["kinect_sdk"], check=False)
    if not pieces:
        raise DataError(f"{clip.name}: no two frames follow on each other", "Leave it out")
    return place(max(pieces, key=len)).astype(np.float32)


def _missing(folder: Path) -> set[str]:
    lists = sorted(folder.glob(MISSING_LIST))
    if not lists:
        raise DataError(
            f"The list of missing skeletons is not in {folder}",
            f"Get it from github.com/shahroudy/NTURGB-D and put it into {folder}",
        )
    return {match[0] for path in lists for match in _NAME.finditer(read_text(path))}


def files(root: str | Path, classes: int, protocol: str, split: str) -> list[Path]:
    """Find the files of one side of a protocol, but for those listed as missing. Raises DataError without the set."""
    folder = NTU.require(root)
    paths = sorted(folder.rglob("*.skeleton"))
    if not paths:
        raise DataError(
            f"NTU RGB+D is not in {folder} (no .skeleton files)",
            f"Get the 3D skeletons from {NTU.home} and unpack them into {folder}",
        )
    missing = _missing(folder)
    chosen = []
    for path in paths:
        sample = Sample.parse(path.stem)
        if path.stem not in missing and sample.action <= classes and sample.split(classes, protocol) == split:
            chosen.append(path)
    return chosen


def labelled(
    root: str | Path, classes: int, protocol: str, split: str, *, drop: Callable[[str, str], None] = ignore
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield (joints (frames, 22, 3) float32, metres, at 20 fps, and action number from 1) of one side of a protocol.

    Raises DataError when the set is not below ``root``; single broken files go to ``drop(name, reason)``.
    """
    for path in files(root, classes, protocol, split):
        try:
            yield to_canonical(read_skeleton(path)), Sample.parse(path.stem).action
        except DataError as error:
            drop(path.stem, error.message)
