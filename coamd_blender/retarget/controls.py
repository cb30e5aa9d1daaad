"""Control rigs: a motion solved for the skeleton underneath, then put on the controls that move it.

A generated rig's deforming bones follow constraints; what an animator keys are its controls. The motion is solved
for the skeleton that the controls move (control_rigs/*.json name both). A control must then turn by what is left of
its joint's turn once it has been carried along by what it hangs from: its parent, or the bone that a constraint on
the way up makes it follow. The one control that carries the body is moved so that the hips come to their place.

Limbs may be led by their IK controls instead: the target takes the place and the turn of the foot or hand, the pole
stands beside the knee or elbow where Blender's solver looks for it, both carried by the root control alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from ..motion import skeleton
from . import bones as bone_axes
from . import ik
from .mapping import Mapping, match_preset, named_presets
from .rig import Rig, forward_kinematics, simple_rig
from .solver import BoneTrack, Options, PoseSolution, over_floor, share_trajectory, solve

# Which of a generated rig's controls lead its arms and legs.
LIMB_CONTROLS = ("fk", "ik")
TABLE_FOLDER = Path(__file__).with_name("control_rigs")


@dataclass(frozen=True)
class Follow:
    """A constraint in world space: ``bone`` takes the turn of ``target``, to the share ``influence``; bone indices."""

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
class LedLimb:
    """A limb led by IK.

    joint: knee or elbow. target, pole, upper, lower: bone indices, the last two of the chain that is solved.
    pole_angle: the constraint's, radians.
    """

    joint: str
    target: int
    pole: int
    upper: int
    lower: int
    pole_angle: float


@dataclass(frozen=True)
class ControlRig:
    """A generated rig: its controls and the skeleton they move.

    table: one of control_rigs/*.json. rig: all bones. bones: the skeleton's bones alone; mapping: joints to them.
    turns: control to the joint whose turn it takes. follows: constraints. switches: those there are. led: limbs
    led by IK controls, none where they are led by FK.
    """

    table: dict
    rig: Rig
    bones: Rig
    mapping: Mapping
    turns: dict[str, str]
    follows: tuple[Follow, ...]
    switches: tuple[Switch, ...]
    led: tuple[LedLimb, ...] = ()


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
    """Return joints to bones of the skeleton beneath the controls.

    Raises RigError where it lacks some.
    """
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


def read_controls(
    table: dict, rig: Rig, follows: Sequence[Follow], pole_angles: Table[str, float] | None = None
) -> ControlRig:
    """Put a ControlRig together from its ``table``, all its bones and its constraints.

    pole_angles: pole bone to the angle of the IK constraint that looks at it, radians, for limbs led by IK controls;
    None leads them by FK. Raises RigError for a rig that lacks bones of the skeleton, or an IK control.
    """
    mapping = skeleton_mapping(table, rig.names)
    joints = [joint for joint in skeleton.JOINT_NAMES if joint in mapping.bones]
    index = [rig.index[mapping.bones[joint]] for joint in joints]
    parents = [_nearest(joint, joints) for joint in joints]
    bones = simple_rig([rig.names[bone] for bone in index], parents, rig.rest[index], rig.lengths[index], rig.world)
    chosen = table if pole_angles is None else table["ik"]
    led = () if pole_angles is None else tuple(_led(table["ik"], rig, pole_angles))
    return ControlRig(table, rig, bones, mapping, dict(table["turns"]), tuple(follows), switches_of(chosen), led)


def switches_of(table: dict) -> tuple[Switch, ...]:
    """Return the switches that a table of controls, or its part for IK, or a preset names."""
    named = table.get("switches", {})
    return tuple(Switch(bone, name, value) for bone, values in named.items() for name, value in values.items())


def _led(table: dict, rig: Rig, pole_angles: Table[str, float]) -> Iterable[LedLimb]:
    for joint, limb in table["limbs"].items():
        lacking = [bone for bone in (*limb.values(), *table["turns"]) if bone not in rig.index]
        if lacking or limb["pole"] not in pole_angles:
            what = lacking[0] if lacking else limb["pole"]
            raise RigError(f"The control rig has no IK control {what!r}", "Choose FK for the limb controls")
        places = {role: rig.index[bone] for role, bone in limb.items()}
        yield LedLimb(joint, pole_angle=pole_angles[limb["pole"]], **places)


def _nearest(joint: str, known: Sequence[str]) -> int:
    """Return the place in ``known`` of the nearest joint above, or -1."""
    parent = skeleton.PARENTS[skeleton.JOINT_INDEX[joint]]
    while parent >= 0 and skeleton.JOINT_NAMES[parent] not in known:
        parent = skeleton.PARENTS[parent]
    return known.index(skeleton.JOINT_NAMES[parent]) if parent >= 0 else -1


def solve_controls(
    control: ControlRig, joints: np.ndarray, options: Options | None = None, fps: float = skeleton.FPS
) -> PoseSolution:
    """Find the rotations and the location of the controls that make the rig move as ``joints`` do.

    joints: (F, 22, 3) metres, Y up, at ``fps`` frames a second. Options and errors as in solver.solve.
    """
    options = options or Options()
    # The skeleton underneath first.
    solved = solve(control.bones, control.mapping, joints, replace(options, travel="hips"), fps)
    pose = forward_kinematics(control.bones, *solved.expand(control.bones))
    posed = _Posed(control, pose)
    # Then what each control adds to what carries it, (F, 3, 3).
    rig, table = control.rig, control.table
    left_out = table["ik"]["instead_of"] if control.led else ()
    names = sorted(set(control.turns) - set(left_out), key=rig.index.get)
    turned = [rot.transpose(posed.carried(rig.index[name])) @ posed.wanted[rig.index[name]] for name in names]
    if control.led:
        under = dict(chain(_riding(control, posed), _bends(control, posed)))
        names, turned = [*names, *under], [*turned, *under.values()]
    quaternions = rot.continuous(np.stack([rot.quaternion_from_matrix(turn) for turn in turned], axis=1))
    # And the one that carries the body brings the hips to their place.
    mover, root = rig.index[table["move"]], rig.index[table["root"]]
    moved = posed.pelvis - posed.offset(rig.index[table["pelvis"]], mover) - rig.heads[mover]
    carried = share_trajectory(rig, mover, lambda: root, moved, rig, options)
    tracks = tuple(_tracks(control, posed, over_floor(rig, moved, options)))
    still = tuple(bone for bone in table["ik"]["still"] if bone in rig.index) if control.led else ()
    return PoseSolution(tuple(names), quaternions, contacts=solved.contacts, tracks=tracks, still=still, **carried)


def _riding(control: ControlRig, posed: _Posed) -> Iterable[tuple[str, np.ndarray]]:
    """Return the IK controls that ride on a target, toes on the foot's, and their basis turns (F, 3, 3)."""
    for name, joint in control.table["ik"]["turns"].items():
        above = posed.turns[skeleton.JOINT_NAMES[skeleton.PARENTS[skeleton.JOINT_INDEX[joint]]]]
        rest = control.rig.rest[control.rig.index[name], :3, :3]
        yield name, rest.T @ rot.transpose(above) @ posed.turns[joint] @ rest


def _bends(control: ControlRig, posed: _Posed) -> Iterable[tuple[str, np.ndarray]]:
    """Return the lower bones of the chains and the basis turns (F, 3, 3) that bend them about their hinge.

    Blender's solver starts from them. From rest it would shorten limbs that may stretch, and the knee would be off.
    """
    for limb in control.led:
        upper, end = ik.LIMBS[limb.joint]
        rest_ways, ways = (
            (rot.unit(places[limb.joint] - places[upper]), rot.unit(places[end] - places[limb.joint]))
            for places in (posed.rest_places, posed.places)
        )
        hinge = rot.unit(np.cross(*rest_ways)) @ control.rig.rest[limb.lower, :3, :3]
        axis = np.round(hinge / max(np.abs(hinge).max(), 1e-9))  # that of the bone's axes which is nearest
        bend = np.arccos(np.clip(rot.dot(*ways), -1, 1)) - np.arccos(np.clip(rot.dot(*rest_ways), -1, 1))
        yield control.rig.names[limb.lower], rot.about(np.broadcast_to(rot.unit(axis), (len(bend), 3)), bend)


def _tracks(control: ControlRig, posed: _Posed, carried: np.ndarray) -> Iterable[BoneTrack]:
    """Return the tracks of IK targets and poles; carried: (F, 3) how far the root or the object takes them."""
    rig = control.rig
    for limb in control.led:
        upper, end = ik.LIMBS[limb.joint]
        turn, rest = posed.turns[end], rig.rest[limb.target, :3, :3]
        goal = posed.places[end]
        place = goal + turn @ (rig.heads[limb.target] - posed.rest_places[end])
        quaternions = rot.continuous(rot.quaternion_from_matrix(rest.T @ turn @ rest))
        yield BoneTrack(rig.names[limb.target], _location(rig, limb.target, place - carried), quaternions)
        pole = _pole(rig, posed, limb, upper, end)
        yield BoneTrack(rig.names[limb.pole], _location(rig, limb.pole, pole - carried), None)


def _pole(rig: Rig, posed: _Posed, limb: LedLimb, upper: str, end: str) -> np.ndarray:
    """Return where the pole must be (F, 3), as far from the knee or elbow as at rest."""
    chain = (upper, limb.joint, end)
    rest = tuple(posed.rest_places[joint] for joint in chain)
    return ik.pole_place(
        tuple(posed.places[joint] for joint in chain),
        rest,
        posed.turns[upper],
        rig.rest[limb.upper, :3, :3] @ (np.cos(limb.pole_angle), 0.0, np.sin(limb.pole_angle)),
        np.linalg.norm(rig.heads[limb.pole] - rest[1]),
    )


def _location(rig: Rig, bone: int, place: np.ndarray) -> np.ndarray:
    """Return the location channels (F, 3) that bring a bone's head to ``place`` (F, 3), what carries it at rest."""
    return (place - rig.heads[bone]) @ bone_axes.location_axes(rig, bone)


class _Posed:
    """Orientations of a control rig's bones over time, from those that its skeleton was solved for.

    turns: joint to the turn (F, 3, 3) of its bone of the skeleton from rest. places, rest_places: joint to the places
    of its head, (F, 3) and (3,). wanted: control to its orientation (F, 3, 3). pelvis: (F, 3) its place.
    """

    def __init__(self, control: ControlRig, pose: np.ndarray):
        self._rig, self._above = control.rig, {}
        for follow in control.follows:
            self._above.setdefault(follow.bone, []).append(follow)
        bones, mapping = control.bones, control.mapping.bones
        index = {joint: bones.index[bone] for joint, bone in mapping.items()}
        self.turns = {joint: pose[:, bone, :3, :3] @ bones.rest[bone, :3, :3].T for joint, bone in index.items()}
        self.places = {joint: pose[:, bone, :3, 3] for joint, bone in index.items()}
        self.rest_places = {joint: bones.heads[bone] for joint, bone in index.items()}
        wanted = {self._rig.index[name]: self.turns[joint] for name, joint in control.turns.items()}
        self.wanted = {bone: turn @ self._rig.rest[bone, :3, :3] for bone, turn in wanted.items()}
        self._head, self.pelvis = self.rest_places["pelvis"], self.places["pelvis"]

    def orientation(self, bone: int) -> np.ndarray:
        """Return a bone's orientation (F, 3, 3), or (3, 3) where nothing moves it: as keyed, else as carried."""
        return self.wanted[bone] if bone in self.wanted else self.carried(bone)

    def carried(self, bone: int) -> np.ndarray:
        """Return a bone's orientation (F, 3, 3) or (3, 3) as its parent and its constraints carry it along."""
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
        """Return the way (F, 3) from the head of ``mover`` to the pelvis, which hangs from ``bone`` beneath it.

        Raises RigError where it does not.
        """
        point, total = self._head, np.zeros(3)
        for above in (bone, *self._rig.ancestors(bone)):
            arm = self._rig.rest[above, :3, :3].T @ (point - self._rig.heads[above])
            total = total + self.orientation(above) @ arm
            if above == mover:
                return total
            point = self._rig.heads[above]
        raise RigError(f"The control {self._rig.names[mover]!r} does not carry the hips", "Select the metarig instead")
