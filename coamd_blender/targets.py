"""The character a motion is for: which armature, how much of it is understood, where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from . import retarget
from .armature import read_rig
from .errors import RigError
from .retarget.body import read_rest
from .retarget.contacts import leg_length
from .skeleton import JOINT_NAMES, rest_joints, to_z_up


@dataclass(frozen=True)
class Coverage:
    """How much of a rig is understood: the preset's name, mapped and all joints, the names not found, and what the
    user should know of how it was understood (``notes``).

    ``error`` is set when it is too little to carry a motion.
    """

    preset: str = ""
    mapped: int = 0
    total: int = len(JOINT_NAMES)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mapping: retarget.Mapping | None = None
    error: RigError | None = None


# The coverage last asked for, and what it was asked of: panels ask on every redraw.
_last: tuple[tuple, Coverage] | None = None


def find(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active armature, or the one that deforms the active object; None without either."""
    active = context.view_layer.objects.active
    if active is None:
        return None
    return active if active.type == "ARMATURE" else active.find_armature()


def require(context: bpy.types.Context) -> bpy.types.Object:
    """As :func:`find`. Raises RigError when there is no armature, or when too little of it is understood."""
    armature = find(context)
    if armature is None:
        raise RigError("No armature is selected", "Select one, or press Add CoAMD Character")
    found = coverage(armature)
    if found.error is not None:
        raise found.error
    return armature


def coverage(armature: bpy.types.Object) -> Coverage:
    """How much of ``armature`` is understood; remembered until its bones change."""
    global _last
    bones = armature.data.bones
    key = tuple((bone.name, bone.parent.name if bone.parent else "", tuple(bone.head_local)) for bone in bones)
    if _last is None or _last[0] != key:
        _last = (key, _detect(key))
    return _last[1]


def _detect(bones: tuple[tuple[str, str, tuple[float, ...]], ...]) -> Coverage:
    names = [name for name, _, _ in bones]
    index = {name: number for number, name in enumerate(names)}
    if not names:
        return Coverage(error=RigError("The armature has no bones", "Select a character's armature"))
    parents, heads = [index.get(parent, -1) for _, parent, _ in bones], np.array([head for _, _, head in bones])
    try:
        mapping = retarget.detect(names, parents, heads)
    except RigError as error:
        return Coverage(error=error)
    notes = (*mapping.notes, *(_ambiguity(joint, found) for joint, found in mapping.ambiguous.items()))
    return Coverage(mapping.preset, len(mapping.bones), len(JOINT_NAMES), tuple(mapping.missing), notes, mapping)


def _ambiguity(joint: str, candidates: Sequence[str]) -> str:
    return f"{joint.replace('_', ' ')} could be {' or '.join(candidates)}: the first is used"


@dataclass(frozen=True)
class Stance:
    """Our metres in Blender's world, both Y up: ``matrix`` (3, 3) turns and scales, then ``origin`` (3,) is added."""

    matrix: np.ndarray
    origin: np.ndarray

    @property
    def floor(self) -> float:
        """Height of the floor in Blender's world."""
        return float(self.origin[1])

    def place(self, joints: np.ndarray) -> np.ndarray:
        """Return ``joints`` (..., 22, 3) as points of Blender's world, Z up."""
        return to_z_up(joints @ self.matrix.T + self.origin)


def stance(armature: bpy.types.Object, place: str) -> Stance:
    """Where and how large a motion of ours will be on ``armature``; ``place`` as in retarget.Options."""
    rig = read_rig(armature)
    body = read_rest(rig, coverage(armature).mapping)
    scale = body.leg * body.scale / leg_length(rest_joints()[None])
    if place == "world":
        return Stance(np.eye(3) * scale, np.zeros(3))
    turn, origin = body.stance(rig)
    return Stance(turn * scale, origin)


def by_uid(collection: bpy.types.bpy_prop_collection, uid: int) -> bpy.types.ID | None:
    """The data-block with this ``session_uid``, or None when it is gone."""
    return next((block for block in collection if block.session_uid == uid), None)
