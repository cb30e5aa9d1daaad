"""Control rigs: a motion solved for the skeleton underneath, then put on the controls that move it.

A generated rig's deforming bones follow constraints; what an animator keys are its controls. The motion is solved
for the skeleton that the controls move (control_rigs/*.json name both). A control must then turn by what is left of
its joint's turn once it has been carried along by what it hangs from: its parent, or the bone that a constraint on
the way up makes it follow. The one control that carries the body is moved so that the hips come to their place.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .. import skeleton
from ..errors import RigError
from . import rotations as rot
from .mapping import Mapping, match_preset, named_presets
from .rig import Rig, forward_kinematics, simple_rig
from .solver import Options, PoseSolution, share_travel, solve

TABLE_FOLDER = Path(__file__).with_name("control_rigs")


@dataclass(frozen=True)
class Follow:
    """A constraint in world space: ``bone`` takes the turn of ``target``, to the share ``influence``. Bone indices."""

    bone: int
    target: int
    influence: float


@dataclass(frozen=True)
class Switch:
    """A custom property of a bone and the value it needs for the keyed controls to be the ones that move the rig."""

    bone: str
    name: str
    value: float


@dataclass(frozen=True)
class ControlRig:
    """A generated rig: its controls and the skeleton they move.

    table: one of control_rigs/*.json. rig: all bones. bones: the skeleton's bones alone; mapping: joints to them.
    turns: control to the joint whose turn it takes. follows: constraints. switches: those there are.
    """

    table: dict
    rig: Rig
    bones: Rig
    mapping: Mapping
    turns: dict[str, str]
    follows: tuple[Follow, ...]
    switches: tuple[Switch, ...]


@functools.cache
def tables() -> tuple[dict, ...]:
    """Read every table of controls, in the order of their file names."""
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in sorted(TABLE_FOLDER.glob("*.json")))


def find_table(names: Iterable[str]) -> dict | None:
    """Return the table whose controls and skeleton are all among these bone names, or None."""
    known = set(names)
    for table in tables():
        if {table["move"], table["pelvis"], table["root"], *table["turns"], *table["switches"]} <= known:
            return table
    return None


def skeleton_mapping(table: dict, names: Sequence[str]) -> Mapping:
    """Return joints to bones of the skeleton beneath the controls. Raises RigError where it lacks some."""
    prefix, label = table["skeleton"]["prefix"], table["skeleton"]["preset"]
    preset = next(preset for preset in named_presets() if preset["label"] == label)
    bare = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    mapping = match_preset(preset, bare)
    lacking = [joint for joint in table["turns"].values() if joint not in mapping.bones]
    if lacking:
        raise RigError(
            f"The control rig's skeleton has no bone for {lacking[0]}", "Select the metarig it was generated from"
        )
    bones = {joint: prefix + bone for joint, bone in mapping.bones.items()}
    return replace(mapping, preset=table["label"], bones=bones, ambiguous={})


def read_controls(table: dict, rig: Rig, follows: Sequence[Follow]) -> ControlRig:
    """Put a ControlRig together from its ``table``, all its bones and its constraints."""
    mapping = skeleton_mapping(table, rig.names)
    joints = [joint for joint in skeleton.JOINT_NAMES if joint in mapping.bones]
    index = [rig.index[mapping.bones[joint]] for joint in joints]
    parents = [_nearest(joint, joints) for joint in joints]
    bones = simple_rig([rig.names[bone] for bone in index], parents, rig.rest[index], rig.lengths[index], rig.world)
    switches = tuple(Switch(bone, *item) for bone, values in table["switches"].items() for item in values.items())
    return ControlRig(table, rig, bones, mapping, dict(table["turns"]), tuple(follows), switches)


def _nearest(joint: str, known: Sequence[str]) -> int:
    """Return the place in ``known`` of the nearest joint above, or -1."""
    parent = skeleton.PARENTS[skeleton.JOINT_INDEX[joint]]
    while parent >= 0 and skeleton.JOINT_NAMES[parent] not in known:
        parent = skeleton.PARENTS[parent]
    return known.index(skeleton.JOINT_NAMES[parent]) if parent >= 0 else -1


def solve_controls(
    control: ControlRig, joints: np.ndarray, options: Options | None = None, fps: float = skeleton.FPS
) -> PoseSolution:
    """Find the rotations and the location of the controls that make the rig move as ``joints`` (F, 22, 3) do.

    Options and errors as in solver.solve.
    """
    options = options or Options()
    solved = solve(control.bones, control.mapping, joints, replace(options, travel="hips"), fps)
    pose = forward_kinematics(control.bones, *solved.expand(control.bones))
    posed = _Posed(control, pose)
    rig, table = control.rig, control.table
    names = sorted(control.turns, key=rig.index.get)
    turned = [rot.transpose(posed.carried(rig.index[name])) @ posed.wanted[rig.index[name]] for name in names]
    quaternions = rot.continuous(np.stack([rot.quaternion_from_matrix(turn) for turn in turned], axis=1))
    mover, root = rig.index[table["move"]], rig.index[table["root"]]
    moved = posed.pelvis - posed.offset(rig.index[table["pelvis"]], mover) - rig.heads[mover]
    travel = share_travel(rig, mover, lambda: root, moved, rig, options)
    return PoseSolution(tuple(names), quaternions, standing=solved.standing, **travel)


class _Posed:
    """Orientations of a control rig's bones over time, from those that its skeleton was solved for."""

    def __init__(self, control: ControlRig, pose: np.ndarray):
        self._rig, self._above = control.rig, {}
        for follow in control.follows:
            self._above.setdefault(follow.bone, []).append(follow)
        bones, mapping = control.bones, control.mapping.bones
        self.wanted = {}
        for name, joint in control.turns.items():
            place = bones.index[mapping[joint]]
            turn = pose[:, place, :3, :3] @ bones.rest[place, :3, :3].T
            self.wanted[self._rig.index[name]] = turn @ self._rig.rest[self._rig.index[name], :3, :3]
        self._head = bones.heads[bones.index[mapping["pelvis"]]]
        self.pelvis = pose[:, bones.index[mapping["pelvis"]], :3, 3]

    def orientation(self, bone: int) -> np.ndarray:
        """(F, 3, 3), or (3, 3) where nothing moves it: as keyed, else as carried."""
        return self.wanted[bone] if bone in self.wanted else self.carried(bone)

    def carried(self, bone: int) -> np.ndarray:
        """(F, 3, 3) or (3, 3): as its parent and its constraints carry it along."""
        rest, parent = self._rig.rest[bone, :3, :3], self._rig.parents[bone]
        found = rest
        if parent >= 0 and self._rig.inherit_rotation[bone]:
            found = self.orientation(parent) @ self._rig.rest[parent, :3, :3].T @ rest
        for follow in self._above.get(bone, ()):
            pair = np.broadcast_arrays(found, self.orientation(follow.target))
            first, second = (rot.quaternion_from_matrix(matrices) for matrices in pair)
            found = rot.matrix_from_quaternion(rot.slerp(first, second, follow.influence))
        return found

    def offset(self, bone: int, mover: int) -> np.ndarray:
        """(F, 3) from the head of ``mover`` to the pelvis, which hangs from ``bone`` beneath it."""
        point, total = self._head, np.zeros(3)
        for above in (bone, *self._rig.ancestors(bone)):
            arm = self._rig.rest[above, :3, :3].T @ (point - self._rig.heads[above])
            total = total + self.orientation(above) @ arm
            if above == mover:
                return total
            point = self._rig.heads[above]
        raise RigError(f"The control {self._rig.names[mover]!r} does not carry the hips", "Select the metarig instead")
