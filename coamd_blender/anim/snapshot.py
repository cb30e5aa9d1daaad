"""An armature object as it was read (armature.py): numbers and names, from which checks and plans are made.

Nothing here looks at Blender's data: what was read outlives an undo, and may be used in any thread.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

import numpy as np

from ..retarget import Mapping, Rig, controls, ik
from ..retarget.mapping import named_presets

# Constraints by which a bone takes the turn of another, those that may hold it back, those that change its size alone,
# and those that carry it along with another. All but the second and third override a bone's own keys.
COPYING = ("COPY_ROTATION", "COPY_TRANSFORMS")
LIMITING = ("LIMIT_ROTATION", "LIMIT_LOCATION", "LIMIT_DISTANCE", "FLOOR", "CLAMP_TO", "SHRINKWRAP")
SIZING = ("COPY_SCALE", "LIMIT_SCALE", "MAINTAIN_VOLUME")
CARRYING = ("ARMATURE", "CHILD_OF", "COPY_LOCATION", "COPY_TRANSFORMS")

# Data path and index of a channel.
Channel = tuple[str, int]
# What Blender calls the rotation channel of a bone or an object, by its rotation mode; all others are Euler angles.
ROTATION_CHANNELS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


def rotation_channel(mode: str) -> str:
    """Return the name of the channel by which what has this rotation mode is turned."""
    return ROTATION_CHANNELS.get(mode, "rotation_euler")


@dataclass(frozen=True)
class BoneConstraint:
    """A constraint of a bone: its ``name``, Blender's words for its ``kind`` and the ``space`` of its owner.

    heard: neither muted nor without influence. bone: the one it names, "" without. own: that bone is one of this
    armature's. pole, pole_angle: of IK, the bone of this armature that it looks at ("" without), radians.
    """

    name: str
    kind: str
    heard: bool
    influence: float
    bone: str
    own: bool
    space: str
    pole: str
    pole_angle: float


@dataclass(frozen=True, eq=False)
class WorldPose:
    """Where an armature object stands at one moment.

    world: (4, 4) armature space to the Y-up world, as in Rig. place, axes: the object's location (3,) and its
    channels' axes (3, 3) in the Y-up world. channels: the object's own channels and their values.
    """

    world: np.ndarray
    place: np.ndarray
    axes: np.ndarray
    channels: Table[Channel, float]


@dataclass(frozen=True)
class Playing:
    """What decides whether keys are heard: rest position, tweak mode, the NLA switched on, its ``solo`` track."""

    rest_position: bool
    tweaked: bool
    nla: bool
    solo: str


@dataclass(frozen=True)
class CurveInUse:
    """An F-curve of the Action in use: the ``bone`` it moves (None: none), the group it is in where that is muted, and
    its first modifier that is on; "" without."""

    path: str
    bone: str | None
    muted_group: str
    modifier: str


@dataclass(frozen=True)
class ActionInUse:
    """The Action that an armature plays. ``mixed``: with NLA strips below it, not in their place."""

    mixed: bool
    curves: tuple[CurveInUse, ...]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An armature object, read once.

    paths: bone to its data path. constraints: bone to its constraints, those without left out. properties: bone to the
    names of its own properties. driven: data paths that a driver moves. belongings: bone to what hangs on it, in words
    (travel.py). in_use: the Action it plays, where asked for.
    """

    name: str
    rig: Rig
    pose: WorldPose
    paths: Table[str, str]
    constraints: Table[str, tuple[BoneConstraint, ...]]
    properties: Table[str, frozenset[str]]
    driven: frozenset[str]
    playing: Playing
    belongings: Table[str, str]
    in_use: ActionInUse | None = field(default=None)

    def same_rig(self, other: Snapshot) -> bool:
        """Return whether a plan for one is a plan for the other: all is the same but where the object stands."""
        plain = ("paths", "constraints", "properties", "driven", "playing", "belongings", "in_use")
        arrays = ("parents", "rest", "lengths", "connected", "inherit_rotation", "local_location")
        mine, its = self.rig, other.rig
        return (
            all(getattr(self, name) == getattr(other, name) for name in plain)
            and (mine.names, mine.rotation_modes) == (its.names, its.rotation_modes)
            and all(np.array_equal(getattr(mine, name), getattr(its, name)) for name in arrays)
        )

    def constraints_on(self, bone: str) -> tuple[BoneConstraint, ...]:
        """Return the constraints of a bone."""
        return self.constraints.get(bone, ())


def heard(constraints: Collection[BoneConstraint], kinds: Collection[str]) -> bool:
    """Return whether a constraint of one of these kinds has a say."""
    return any(one.heard and one.kind in kinds for one in constraints)


def follows(snapshot: Snapshot) -> list[controls.Follow]:
    """Return the constraints by which a bone takes another's turn in world space, with their influence then."""
    index = snapshot.rig.index
    return [
        controls.Follow(index[bone], index[one.bone], one.influence)
        for bone, constraints in snapshot.constraints.items()
        for one in constraints
        if one.kind in COPYING and one.heard and one.own and one.space != "LOCAL"
    ]


def carriers(snapshot: Snapshot, mapping: Mapping) -> dict[str, str]:
    """Return bone to the bone of this armature that a constraint makes its parent: the first that has its say.

    Toes hang from their foot, whichever of a control rig's feet the constraint follows just now.
    """
    found = {}
    for side in ("left", "right"):
        toes, foot = (mapping.bones.get(f"{side}_{joint}") for joint in ("foot", "ankle"))
        if toes is not None and foot is not None:
            found[toes] = foot
    for bone, constraints in snapshot.constraints.items():
        for one in constraints:
            if one.kind in ("ARMATURE", "CHILD_OF") and one.heard and one.own and one.influence > 0.5:
                found.setdefault(bone, one.bone)
    return found


def pole_angles(snapshot: Snapshot) -> dict[str, float]:
    """Return pole bone to the angle, radians, of the IK constraint that looks at it, muted by a driver or not."""
    every = (one for constraints in snapshot.constraints.values() for one in constraints)
    return {one.pole: one.pole_angle for one in every if one.kind == "IK" and one.pole}


def ik_limbs(snapshot: Snapshot, mapping: Mapping) -> tuple[ik.IkLimb, ...]:
    """Return the IK constraints on the lower bones of mapped limbs that are led by a bone of this armature."""
    limbs, index = [], snapshot.rig.index
    for joint, (_, end) in ik.LIMBS.items():
        found = next(_leading(snapshot.constraints_on(mapping.bones.get(joint, ""))), None)
        if found is None:
            continue
        last = snapshot.constraints_on(mapping.bones.get(end, ""))
        turns = any(one.kind in COPYING and one.heard and one.own and one.bone == found.bone for one in last)
        limbs.append(ik.IkLimb(joint, index[found.bone], index.get(found.pole), found.pole_angle, turns))
    return tuple(limbs)


def _leading(constraints: Collection[BoneConstraint]):
    return (one for one in constraints if one.kind == "IK" and one.heard and one.own)


def ik_targets(constraints: Table[str, tuple[BoneConstraint, ...]], mapping: Mapping) -> set[str]:
    """Return the bones of the armature to which IK leads limbs of the mapping; they are keyed themselves."""
    lower = (mapping.bones[joint] for joint in ik.LIMBS if joint in mapping.bones)
    return {one.bone for bone in lower for one in _leading(constraints.get(bone, ()))}


def led_bones(constraints: Table[str, tuple[BoneConstraint, ...]], mapping: Mapping) -> dict[str, tuple[str, ...]]:
    """Return bone to the names of the constraints that override its keys; of IK targets, which are keyed, none.

    Of the bones in ``constraints``: the mapped ones and whatever else moves them.
    """
    keyed, lower = ik_targets(constraints, mapping), {mapping.bones.get(joint) for joint in ik.LIMBS}
    found = {}
    for bone, every in constraints.items():
        names = tuple(
            one.name
            for one in every
            if one.heard
            and one.kind not in (*LIMITING, *SIZING)
            and not (one.bone in keyed and one.own and (one.kind in COPYING or (one.kind == "IK" and bone in lower)))
        )
        if names:
            found[bone] = names
    return found


def limited_bones(constraints: Table[str, tuple[BoneConstraint, ...]]) -> list[str]:
    """Return the bones that a constraint may keep from going all the way to their keys."""
    return [bone for bone, every in constraints.items() if heard(every, LIMITING)]


def preset_of(mapping: Mapping) -> dict:
    """Return the preset that a mapping was found by, {} where it was not by one."""
    return next((preset for preset in named_presets() if preset["label"] == mapping.preset), {})


def switches(
    properties: Table[str, Collection[str]], mapping: Mapping, limbs: str = controls.LIMB_CONTROLS[0]
) -> tuple[controls.Switch, ...]:
    """Return the IK/FK switches that the mapping's preset names and the armature has, as they should stand for
    ``limbs``, one of controls.LIMB_CONTROLS."""
    preset = preset_of(mapping)
    table = preset.get("ik", preset) if limbs == "ik" else preset
    return tuple(one for one in controls.switches_of(table) if one.name in properties.get(one.bone, ()))
