"""BVH motion files: a reader for any channel order, and a writer for the canonical 22 joints.

Rotation channels are applied in the order written (``Zrotation Xrotation Yrotation`` means ``R = Rz Rx Ry``).
Position channels take the place of OFFSET, except at a root, where they are added to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

from .clip import SourceClip, check_duration, read_text, rotation_matrices, snap_fps, torn_is_told

_REMEDY = "export or download it again"


@dataclass
class _Joint:
    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)


def _parse_hierarchy(header: str) -> list[_Joint]:
    """Read the HIERARCHY part; End Sites become joints named ``<parent>_end`` without channels."""
    joints: list[_Joint] = []
    stack: list[int] = []
    tokens = iter(header.split())
    for token in tokens:
        word = token.upper()
        if word in ("ROOT", "JOINT"):
            joints.append(_Joint(next(tokens), stack[-1] if stack else -1))
        elif word == "END":
            next(tokens)
            joints.append(_Joint(joints[stack[-1]].name + "_end", stack[-1]))
        elif word == "{":
            stack.append(len(joints) - 1)
        elif word == "}":
            stack.pop()
        elif word == "OFFSET":
            joints[-1].offset = np.array([float(next(tokens)) for _ in range(3)])
        elif word == "CHANNELS":
            joints[-1].channels = [next(tokens).lower() for _ in range(int(next(tokens)))]
    if stack:
        raise ValueError("unclosed bracket")
    return joints


def _parse(path: Path) -> tuple[list[_Joint], np.ndarray, float]:
    text = read_text(path)
    header, _, motion = text.partition("MOTION")
    hierarchy = header.partition("HIERARCHY")[2]
    if not (hierarchy and motion):
        raise DataError(f"{path} is not a whole BVH file: it lacks HIERARCHY or MOTION", _REMEDY)
    joints = _parse_hierarchy(hierarchy)
    lines = motion.lstrip().split("\n", 2)
    frames = int(lines[0].split(":")[1])
    frame_time = float(lines[1].split(":")[1])
    values = np.array(lines[2].split(), dtype=np.float64)
    width = sum(len(joint.channels) for joint in joints)
    if not width or frames < 1 or values.size != frames * width:
        raise DataError(f"{path} is torn: {values.size} values for {frames} frames of {width} channels", _REMEDY)
    if not 0 < frame_time < np.inf:
        raise DataError(f"{path} states {frame_time:g} seconds a frame", "Write the time a frame lasts")
    doubt = ": is it milliseconds?" if frame_time > 1 else ""
    check_duration(path, frames, 1.0 / frame_time, f"Frame Time {frame_time:g} s{doubt}")
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds values that are not numbers", _REMEDY)
    return joints, values.reshape(frames, width), snap_fps(1.0 / frame_time)


def _pose(joints: list[_Joint], values: np.ndarray) -> np.ndarray:
    """Forward kinematics: (frames, joints, 3) in the file's units."""
    offsets, turns = _locals(joints, values)
    positions = np.zeros_like(offsets)
    for index, joint in enumerate(joints):
        if joint.parent < 0:
            positions[:, index] = offsets[:, index]
        else:
            turn = turns[:, joint.parent]  # by now in the file's axes
            positions[:, index] = positions[:, joint.parent] + (turn @ offsets[:, index, :, None])[..., 0]
            turns[:, index] = turn @ turns[:, index]
    return positions


def _locals(joints: list[_Joint], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (frames, joints, 3) and rotations (frames, joints, 3, 3) of every joint from its parent."""
    offsets = np.tile(np.array([joint.offset for joint in joints]), (len(values), 1, 1))
    turns = np.tile(np.eye(3), (len(values), len(joints), 1, 1))
    alike: dict[str, tuple[list[int], list[list[int]]]] = {}  # axes in the order written: joints, columns of each
    column = 0
    for index, joint in enumerate(joints):
        axes, columns = "", []
        for channel in joint.channels:
            if channel.endswith("position"):
                place = "xyz".index(channel[0])
                base = joint.offset[place] if joint.parent < 0 else 0.0
                offsets[:, index, place] = base + values[:, column]
            else:
                axes += channel[0]
                columns.append(column)
            column += 1
        if axes:
            members, places = alike.setdefault(axes, ([], []))
            members.append(index)
            places.append(columns)
    for axes, (members, places) in alike.items():  # many joints at once: a joint at a time takes four times as long
        turn = rotation_matrices(values[:, [columns[0] for columns in places]], axes[0])
        for order, axis in enumerate(axes[1:], start=1):
            turn = turn @ rotation_matrices(values[:, [columns[order] for columns in places]], axis)
        turns[:, members] = turn
    return offsets, turns


def _rest(joints: list[_Joint]) -> np.ndarray:
    rest = np.zeros((len(joints), 3))
    for index, joint in enumerate(joints):
        rest[index] = joint.offset + (rest[joint.parent] if joint.parent >= 0 else 0.0)
    return rest


@torn_is_told("is not a whole BVH file", _REMEDY)
def read_bvh(path: str | Path, unit: float = 1.0, skip: int = 0) -> list[SourceClip]:
    """Read a BVH file: ``unit`` metres a file unit, the first ``skip`` frames dropped. Raises DataError."""
    path = Path(path)
    joints, values, fps = _parse(path)
    if len(values) <= skip:
        raise DataError(f"{path} has {len(values)} frames, of which {skip} are to be dropped", "Leave it out")
    names = tuple(joint.name for joint in joints)
    parents = tuple(joint.parent for joint in joints)
    positions = _pose(joints, values[skip:]) * unit
    return [SourceClip(names, parents, positions, fps, path.stem, _rest(joints) * unit)]
