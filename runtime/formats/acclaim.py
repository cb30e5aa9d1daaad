"""Acclaim ASF (skeleton) and AMC (motion) files, as published by CMU and HDM05.

Format: an ASF bone has a direction and length in its parent's rest frame, an axis (the bone's own frame C
in the rest pose) and degrees of freedom. With M the AMC rotation of a frame, the global rotation of a bone is
``R = R_parent C M C^-1`` and its end lies at ``R direction length`` from its start. Rotations are applied in
the order named (``rx ry rz`` means ``M = Rz Ry Rx``). Lengths are in ``1 / length`` inch, ``length`` from the
:units section (0.45). AMC states no frame rate; both sources record at 120 frames per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

from .clip import SourceClip, read_text, rotation_matrices, torn_is_told

AMC_FPS = 120.0
INCH = 0.0254


@dataclass(frozen=True)
class Bone:
    """One ASF bone: name, parent index (-1 root), offset of its end (3,) in file units, axis (3, 3), dof."""

    name: str
    parent: int
    offset: np.ndarray
    axis: np.ndarray
    dof: tuple[str, ...]


@dataclass(frozen=True)
class Skeleton:
    """An ASF skeleton, the root first and parents before children; ``unit`` is metres a file unit."""

    bones: tuple[Bone, ...]
    unit: float


def _axis_matrix(angles: list[float], order: str) -> np.ndarray:
    matrix = np.eye(3)
    for angle, letter in zip(angles, order.lower(), strict=True):
        matrix = rotation_matrices(np.array(angle), letter) @ matrix
    return matrix


def _sections(text: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line.startswith(":"):
            keyword, _, rest = line[1:].partition(" ")
            current = sections.setdefault(keyword.lower(), [])
            if rest.strip():
                current.append(rest.strip())
        elif line:
            current.append(line)
    return sections


def _bone_entries(lines: list[str]) -> dict[str, dict[str, list[str]]]:
    bones, entry = {}, {}
    for line in lines:
        key, *values = line.split()
        if key == "begin":
            entry = {}
        elif key == "end":
            bones[entry["name"][0]] = entry
        else:
            entry[key] = values
    return bones


def read_asf(path: str | Path) -> Skeleton:
    """Read an ASF skeleton. Raises DataError for a file without root, bonedata or hierarchy."""
    path = Path(path)
    sections = _sections(read_text(path))
    try:
        root = {line.split()[0]: line.split()[1:] for line in sections["root"]}
        units = {line.split()[0]: line.split()[1] for line in sections["units"] if len(line.split()) > 1}
        entries = _bone_entries(sections["bonedata"])
        orientation = [float(value) for value in root.get("orientation", ["0", "0", "0"])]
        root_axis = _axis_matrix(orientation, root.get("axis", ["XYZ"])[0])
        dof = tuple(word.lower() for word in root["order"])
        bones = [Bone("root", -1, np.zeros(3), root_axis, dof)]
        index = {"root": 0}
        for line in sections["hierarchy"]:
            parent, *children = line.split()
            for child in children if parent not in ("begin", "end") else ():
                index[child] = len(bones)
                bones.append(_bone(child, index[parent], entries[child]))
    except (KeyError, IndexError, ValueError) as error:
        raise DataError(f"{path} is not a whole ASF skeleton ({error})", "Download it again") from error
    return Skeleton(tuple(bones), INCH / float(units.get("length", 1.0)))


def _bone(name: str, parent: int, entry: dict[str, list[str]]) -> Bone:
    offset = np.array([float(value) for value in entry["direction"]]) * float(entry["length"][0])
    *angles, order = entry["axis"]
    dof = tuple(word.lower() for word in entry.get("dof", ()))
    return Bone(name, parent, offset, _axis_matrix([float(angle) for angle in angles], order), dof)


def _amc_values(path: Path, skeleton: Skeleton) -> dict[str, np.ndarray]:
    """Return the channels of every bone, (frames, dof), from an AMC file."""
    lines = [line for line in read_text(path).splitlines() if line and line[0] not in "#:"]
    known = {bone.name: bone for bone in skeleton.bones}
    tokens = " ".join(lines).split()
    columns, position = {}, 1
    while position < len(tokens) and tokens[position] in known:
        name = tokens[position]
        count = len(known[name].dof)
        columns[name] = slice(position + 1, position + 1 + count)
        position += 1 + count
    frames = len(tokens) // max(position, 1)
    if not columns or not frames or len(tokens) % position:
        raise DataError(f"{path} is torn or does not fit its skeleton", "Download it again, with its own .asf")
    table = np.array(tokens, dtype=object).reshape(frames, position)
    if any((table[:, place.start - 1] != name).any() for name, place in columns.items()):
        raise DataError(f"{path} changes its bones between frames", "Download it again")
    try:
        return {name: table[:, place].astype(np.float64) for name, place in columns.items()}
    except ValueError as error:
        raise DataError(f"{path} holds a value that is not a number ({error})", "Download it again") from error


def _pose(skeleton: Skeleton, values: dict[str, np.ndarray], frames: int) -> np.ndarray:
    """Forward kinematics: (frames, bones, 3) ends of the bones, the root first, file units."""
    ends = np.zeros((frames, len(skeleton.bones), 3))
    rotations: list[np.ndarray] = []
    for index, bone in enumerate(skeleton.bones):
        local = np.broadcast_to(np.eye(3), (frames, 3, 3))
        channels = values.get(bone.name)
        for column, channel in enumerate(bone.dof if channels is not None else ()):
            if channel[0] == "t":
                ends[:, index, "xyz".index(channel[1])] += channels[:, column]
            elif channel[0] == "r":
                local = rotation_matrices(channels[:, column], channel[1]) @ local
        rotation = bone.axis @ local @ bone.axis.T
        if bone.parent >= 0:
            rotation = rotations[bone.parent] @ rotation
            ends[:, index] = ends[:, bone.parent] + rotation @ bone.offset
        rotations.append(rotation)
    return ends


def skeleton_for(path: str | Path) -> Path:
    """Find the ASF of an AMC: its longest-named neighbour whose name the AMC's begins with. Raises DataError."""
    path = Path(path)
    fitting = [asf for asf in path.parent.glob("*.asf") if path.stem.startswith(asf.stem)]
    if not fitting:
        raise DataError(f"{path.name} has no .asf skeleton beside it", "Put the performer's .asf in its folder")
    return max(fitting, key=lambda asf: len(asf.stem))


@torn_is_told("is no motion of its skeleton", "Download it again, with its own .asf")
def read_acclaim(
    path: str | Path, skeleton: Skeleton | str | Path | None = None, fps: float = AMC_FPS
) -> list[SourceClip]:
    """Read an AMC motion with its ASF (found beside it when None). Raises DataError for a torn file."""
    path = Path(path)
    if not isinstance(skeleton, Skeleton):
        skeleton = read_asf(skeleton or skeleton_for(path))
    values = _amc_values(path, skeleton)
    positions = _pose(skeleton, values, len(next(iter(values.values())))) * skeleton.unit
    rest = _pose(skeleton, {}, 1)[0] * skeleton.unit
    names = tuple(bone.name for bone in skeleton.bones)
    parents = tuple(bone.parent for bone in skeleton.bones)
    return [SourceClip(names, parents, positions, fps, path.stem, rest)]
