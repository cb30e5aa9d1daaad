"""BVH motion files: from channels to the places of joints, frame by frame. (bvh_text reads the text, bvh_write writes.)

Rotation channels are applied in the order written (``Zrotation Xrotation Yrotation`` means ``R = Rz Rx Ry``).
Position channels are added to OFFSET at a root. At any other joint they take its place, or are added to it where they
stay nearer to zero than to OFFSET: both are written.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

from .bvh_text import REMEDY, BvhJoint, parse_bvh
from .clip import FASTEST_FPS, SLOWEST_FPS, SourceClip, check_duration, rotation_matrices, snap_fps, torn_is_told

_AT_ONCE = 4_000_000  # numbers of a table that are turned into places together, to bound memory


def _rate(path: Path, frame_time: float, frames: int, fps: float | None) -> float:
    """Return frames a second: ``fps`` if given, else what the file says. Raises DataError where that is absurd."""
    if fps is not None:
        check_duration(path, frames, fps)
        return float(fps)
    if not 1 / FASTEST_FPS <= frame_time <= 1 / SLOWEST_FPS:
        said = "no time a frame" if np.isnan(frame_time) else f"{frame_time:g} seconds a frame"
        doubt = ": is it milliseconds?" if frame_time > 1 / SLOWEST_FPS else ""
        raise DataError(
            f"{path} states {said} (Frame Time){doubt}", "Give its rate with --fps 30, or write it in the file"
        )
    check_duration(path, frames, 1.0 / frame_time)
    return snap_fps(1.0 / frame_time)


class _Kinematics:
    """Forward kinematics of a hierarchy, a stretch of frames at a time."""

    def __init__(self, joints: list[BvhJoint], values: np.ndarray):
        self.joints = joints
        self.offsets = np.array([joint.offset for joint in joints])
        # Position channels: (joint, axis, column). Rotations: axes in the order written -> joints, columns of each.
        self.places: list[tuple[int, int, int]] = []
        self.turned: dict[str, tuple[list[int], list[list[int]]]] = {}
        column = 0
        for index, joint in enumerate(joints):
            axes, columns = "", []
            for kind, axis in joint.channels:
                if kind == "p":
                    self.places.append((index, "xyz".index(axis), column))
                elif kind == "r":
                    axes += axis
                    columns.append(column)
                column += 1
            if axes:
                members, every = self.turned.setdefault(axes, ([], []))
                members.append(index)
                every.append(columns)
        self.added = self._added(values)

    def _added(self, values: np.ndarray) -> set[int]:
        """Return the joints whose position channels are added to OFFSET."""
        added = {index for index, joint in enumerate(self.joints) if joint.parent < 0}
        for index in {index for index, _, _ in self.places} - added:
            mine = [(axis, column) for joint, axis, column in self.places if joint == index]
            middle = np.nanmedian(values[:, [column for _, column in mine]], axis=0)
            offset = self.offsets[index][[axis for axis, _ in mine]]
            if np.linalg.norm(middle) < np.linalg.norm(middle - offset):
                added.add(index)
        return added

    def poses(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places (frames, joints, 3) in the file's units and turns (frames, joints, 3, 3) in its axes."""
        places = np.tile(self.offsets, (len(values), 1, 1))
        turns = np.tile(np.eye(3), (len(values), len(self.joints), 1, 1))
        for index, axis, column in self.places:
            base = self.offsets[index, axis] if index in self.added else 0.0
            places[:, index, axis] = base + values[:, column]
        for axes, (members, every) in self.turned.items():  # many joints at once: one at a time takes four times longer
            turn = rotation_matrices(values[:, [columns[0] for columns in every]], axes[0])
            for order, axis in enumerate(axes[1:], start=1):
                turn = turn @ rotation_matrices(values[:, [columns[order] for columns in every]], axis)
            turns[:, members] = turn
        for index, joint in enumerate(self.joints):
            if joint.parent >= 0:
                above = turns[:, joint.parent]  # by now in the file's axes
                places[:, index] = places[:, joint.parent] + (above @ places[:, index, :, None])[..., 0]
                turns[:, index] = above @ turns[:, index]
        return places, turns


def _rest(joints: list[BvhJoint]) -> np.ndarray:
    rest = np.zeros((len(joints), 3))
    for index, joint in enumerate(joints):
        rest[index] = joint.offset + (rest[joint.parent] if joint.parent >= 0 else 0.0)
    return rest


def _tipless(joints: list[BvhJoint]) -> list[int]:
    """Return the joints that turn and have nothing below them, or only what lies where they are."""
    below: dict[int, list[int]] = {}
    for index, joint in enumerate(joints):
        below.setdefault(joint.parent, []).append(index)
    turning = [index for index, joint in enumerate(joints) if any(kind == "r" for kind, _ in joint.channels)]
    return [index for index in turning if not any(joints[child].offset.any() for child in below.get(index, ()))]


@torn_is_told("is not a whole BVH file", REMEDY)
def read_bvh(path: str | Path, unit: float = 1.0, skip: int = 0, fps: float | None = None) -> list[SourceClip]:
    """Read a BVH file, ``unit`` metres a file unit, the first ``skip`` frames dropped, in the file's own axes.

    ``fps`` takes the place of the file's frame time. Raises DataError.
    """
    path = Path(path)
    text = parse_bvh(path)
    rate = _rate(path, text.frame_time, len(text.values), fps)
    values = text.values[skip:]
    if not len(values):
        raise DataError(f"{path} has {len(text.values)} frames, of which {skip} are to be dropped", "Leave it out")
    kinematics, tipless = _Kinematics(text.joints, values), _tipless(text.joints)
    positions = np.empty((len(values), len(text.joints), 3))
    turns = np.empty((len(values), len(tipless), 3, 3), np.float32)
    step = max(1, _AT_ONCE // (12 * len(text.joints)))
    with np.errstate(over="ignore", invalid="ignore"):  # a row of absurd numbers is found and bridged later
        for start in range(0, len(values), step):
            stretch = slice(start, start + step)
            positions[stretch], turned = kinematics.poses(values[stretch])
            turns[stretch] = turned[:, tipless]
    positions *= unit
    names = tuple(joint.name for joint in text.joints)
    parents = tuple(joint.parent for joint in text.joints)
    last_turns = {names[index]: turns[:, place] for place, index in enumerate(tipless)}
    rest = _rest(text.joints) * unit
    return [SourceClip(names, parents, positions, rate, path.stem, rest, text.notes, None, last_turns)]
