"""Four recognition sets of 20 Kinect joints: UTD-MHAD, Northwestern-UCLA, MSR-Action3D and UTKinect.

All give metres in the camera's frame: Y up, right-handed, the person in front of the camera at positive Z; where the
camera looks down, clips are levelled. Frames in which a person was lost are zeros; they are interpolated. The class is
the clip's name.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

from .clip import SourceClip, check_duration, read_text, torn_is_told

_REMEDY = "download it again"
CLASSES_PATH = Path(__file__).with_name("kinect_classes.json")
_SIDE = ("shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "foot")
_ARMS, _LEGS = ([f"{side}_{part}" for side in ("left", "right") for part in parts] for parts in _SIDE)
# Order of the joints in Microsoft's SDK, in UTD-MHAD and in MSR-Action3D.
SDK_JOINTS = ("hip_center", "spine", "shoulder_center", "head", *_ARMS, *_LEGS)
UTD_JOINTS = ("head", "shoulder_center", "spine", "hip_center", *_ARMS, *_LEGS)
MSR_JOINTS = (
    "left_shoulder", "right_shoulder", "shoulder_center", "spine", "left_hip", "right_hip", "hip_center",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand", "left_knee", "right_knee",
    "left_ankle", "right_ankle", "left_foot", "right_foot", "head",
)  # fmt: skip
_PARENTS = {"hip_center": "", "spine": "hip_center", "shoulder_center": "spine", "head": "shoulder_center"}
FPS = 30.0
MSR_FPS = 15.0
# Northwestern-UCLA states 30 frames a second, but its walkers would take five steps a second at 2 m/s: the median step
# of 112 clips lasts 6 frames and covers 38 cm, which at this rate is a stroll.
UCLA_FPS = 12.0
# Degrees by which a camera looks down. Northwestern-UCLA, by view: planes through the lower ankles of all frames of a
# performer, which rise by 0.16 to 0.34 away from the camera, median a view. MSR-Action3D, where nobody leaves the spot:
# the trunk's median direction, which all ten performers lean by 20 to 28 towards the camera.
UCLA_PITCH = {1: 11.0, 2: 14.6, 3: 14.5}
MSR_PITCH = 24.0


@cache
def classes() -> dict[str, dict[str, str]]:
    """Class names by set and class number (or UTKinect's own word), from kinect_classes.json."""
    return json.loads(CLASSES_PATH.read_text(encoding="utf-8"))


def _ordered(names: tuple[str, ...]) -> tuple[list[int], tuple[int, ...]]:
    """Columns of ``names`` in SDK order (parents first), and the parents there."""
    parents = []
    for joint in SDK_JOINTS:
        side, _, part = joint.partition("_")
        if joint in _PARENTS:
            parent = _PARENTS[joint]
        else:
            chain = next(chain for chain in _SIDE if part in chain)
            place = chain.index(part)
            centre = "shoulder_center" if part == "shoulder" else "hip_center"
            parent = f"{side}_{chain[place - 1]}" if place else centre
        parents.append(SDK_JOINTS.index(parent) if parent else -1)
    return [names.index(joint) for joint in SDK_JOINTS], tuple(parents)


def levelled(positions: np.ndarray, pitch: float) -> np.ndarray:
    """Turn ``positions`` (..., 3), any unit, as a tilted camera sees them so that y is up in the room: the same shape.

    The camera looks ``pitch`` degrees down (y up, z away from it).
    """
    angle = np.radians(pitch)
    x, y, z = np.moveaxis(np.asarray(positions, dtype=np.float64), -1, 0)
    return np.stack([x, y * np.cos(angle) - z * np.sin(angle), y * np.sin(angle) + z * np.cos(angle)], axis=-1)


def kinect_clip(path: Path, values: np.ndarray, names: tuple[str, ...], fps: float, name: str) -> SourceClip:
    """Build a clip from the positions ``values`` (frames, 20, 3), metres, of Kinect joints ``names``.

    Lost frames (zero or NaN) are interpolated. Raises DataError when too few are left.
    """
    columns, parents = _ordered(names)
    positions = np.asarray(values, dtype=np.float64)[:, columns]
    seen = np.isfinite(positions).all(axis=(1, 2)) & (np.abs(positions).max(axis=(1, 2)) > 1e-3)
    if seen.sum() < 5:
        raise DataError(f"{path} ({name}) shows a person in {int(seen.sum())} frames", "Leave it out")
    at = np.flatnonzero(seen)
    whole = np.arange(at[0], at[-1] + 1)
    flat = positions[at].reshape(len(at), -1)
    filled = np.stack([np.interp(whole, at, column) for column in flat.T], axis=1).reshape(len(whole), -1, 3)
    return SourceClip(SDK_JOINTS, parents, filled, fps, name)


def _levelled(clip: SourceClip, pitch: float) -> SourceClip:
    return replace(clip, positions=levelled(clip.positions, pitch))


def _class_name(set_name: str, path: Path) -> str:
    number = re.match(r"a0*(\d+)_", path.name)
    if not number or number[1] not in classes()[set_name]:
        raise DataError(f"{path} names no class of {set_name}", "Keep the file names of the original download")
    return classes()[set_name][number[1]]


@torn_is_told("is no UTD-MHAD skeleton", _REMEDY)
def read_utd_mhad(path: str | Path) -> list[SourceClip]:
    """Read ``aA_sS_tT_skeleton.mat`` (d_skel: 20 joints, 3, frames), 30 fps. Raises DataError."""
    import scipy.io

    path = Path(path)
    try:
        values = scipy.io.loadmat(path)["d_skel"].transpose(2, 0, 1)
    except scipy.io.matlab.MatReadError as error:  # an Exception of its own
        raise ValueError(str(error)) from error
    if values.shape[1:] != (20, 3):
        raise DataError(f"{path}: d_skel has shape {values.shape}", "Download it again")
    return [kinect_clip(path, values, UTD_JOINTS, FPS, _class_name("utd_mhad", path))]


@torn_is_told("is no Northwestern-UCLA skeleton", _REMEDY)
def read_nw_ucla(path: str | Path) -> list[SourceClip]:
    """Read ``aAA_sSS_eEE_vVV.json`` (skeletons: frames, 20, 3), 12 fps, levelled by its view. Raises DataError."""
    path = Path(path)
    view = re.search(r"_v0*(\d+)", path.name)
    if not view or int(view[1]) not in UCLA_PITCH:
        raise DataError(f"{path} names no camera view of nw_ucla", "Keep the file names of the original download")
    values = np.array(json.loads(read_text(path))["skeletons"], dtype=np.float64)
    if values.ndim != 3 or values.shape[1:] != (20, 3):
        raise DataError(f"{path}: skeletons have shape {values.shape}", "Download it again")
    clip = kinect_clip(path, values, SDK_JOINTS, UCLA_FPS, _class_name("nw_ucla", path))
    return [_levelled(clip, UCLA_PITCH[int(view[1])])]


def _table(path: Path, width: int) -> np.ndarray:
    values = np.array(read_text(path).split(), dtype=np.float64)
    if not values.size or values.size % width:
        raise DataError(f"{path} is torn: {values.size} values in rows of {width}", _REMEDY)
    return values.reshape(-1, width)


@torn_is_told("is no MSR-Action3D skeleton", _REMEDY)
def read_msr_action3d(path: str | Path) -> list[SourceClip]:
    """Read ``aAA_sSS_eEE_skeleton3D.txt`` (x y z confidence, 20 lines a frame), 15 fps, levelled. Raises DataError."""
    path = Path(path)
    values = _table(path, 80).reshape(-1, 20, 4)[..., :3]
    return [_levelled(kinect_clip(path, values, MSR_JOINTS, MSR_FPS, _class_name("msr_action3d", path)), MSR_PITCH)]


def _utkinect_segments(path: Path) -> list[tuple[str, int, int]]:
    """(class word, first frame, last frame) of a sequence, from actionLabel.txt beside it, where some are NaN.

    Raises DataError for a segment that begins and does not end, and when there is none.
    """
    labels = path.with_name("actionLabel.txt")
    found, current = [], ""
    for line in read_text(labels).splitlines():
        words = line.replace(":", " ").split()
        if len(words) == 1:
            current = words[0]
        elif len(words) == 3 and current and path.stem.endswith(current) and words[1].isdigit():
            if not words[2].isdigit():
                raise DataError(f"{labels} ends {words[0]} of {current} at {words[2]!r}", "Write the number of a frame")
            found.append((words[0], int(words[1]), int(words[2])))
    if not found:
        raise DataError(f"{path} has no segments in {labels.name}", "Keep actionLabel.txt beside the sequences")
    return found


@torn_is_told("is no UTKinect sequence", _REMEDY)
def read_utkinect(path: str | Path) -> list[SourceClip]:
    """Read ``joints_sSS_eEE.txt`` (frame number and 20 joints a line), cut by actionLabel.txt, 30 fps.

    Frame numbers skip; the gaps are interpolated. Raises DataError.
    """
    path = Path(path)
    table = _table(path, 61)
    numbers, first = np.unique(table[:, 0].astype(int), return_index=True)
    clips = []
    for word, start, stop in _utkinect_segments(path):
        inside = (numbers >= start) & (numbers <= stop)
        if inside.sum() < 5:
            continue
        at = numbers[inside] - start
        check_duration(path, at[-1] + 1, FPS)
        values = np.full((at[-1] + 1, 20, 3), np.nan)
        values[at] = table[first[inside], 1:].reshape(-1, 20, 3)
        clips.append(kinect_clip(path, values, SDK_JOINTS, FPS, classes()["utkinect"].get(word, word)))
    if not clips:
        raise DataError(f"{path} has no labelled segment of 5 frames", "Check actionLabel.txt")
    return clips
