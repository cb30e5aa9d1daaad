"""Armatures that would not show a motion as it is: refused, naming the remedy, before anything is started."""

from __future__ import annotations

from collections.abc import Container, Iterable

import numpy as np

from ..errors import RigError
from ..retarget import Mapping, Rig
from ..retarget.bones import location_bone, stray_bone
from . import actions
from .armature import heard, ik_targets

# Constraints that carry a bone along with another.
CARRYING = ("ARMATURE", "CHILD_OF", "COPY_LOCATION", "COPY_TRANSFORMS")
# A scale whose parts differ by more than this share stretches bones unevenly.
UNEVEN = 0.01


def check_scale(armature_object) -> None:
    """Raise RigError, naming whose it is, for a scale that mirrors the armature or stretches it unevenly."""
    world = np.array(armature_object.matrix_world, dtype=float)[:3, :3]
    parent = np.eye(3)
    if armature_object.parent is not None:
        local = np.array(armature_object.matrix_basis, dtype=float)[:3, :3]
        parent = world @ np.linalg.inv(local) if abs(np.linalg.det(local)) > 1e-18 else parent
    who, remedy = "armature object", "Apply its scale (Ctrl+A, Scale)"
    if _is_mirrored(parent) or _is_uneven(parent):
        who, remedy = "armature's parent", "Apply the parent's scale (Ctrl+A, Scale), or clear the parent"
    if _is_mirrored(world):
        raise RigError(f"The {who} is mirrored by a negative scale", remedy)
    if _is_uneven(world):
        raise RigError(f"The {who} is stretched by an uneven scale", remedy)


def _is_mirrored(linear: np.ndarray) -> bool:
    return np.linalg.det(linear) < -1e-18


def _is_uneven(linear: np.ndarray) -> bool:
    sizes = np.linalg.svd(linear, compute_uv=False)
    return sizes[0] > (1 + UNEVEN) * sizes[2] > 0


def check_plays(armature_object, output: str) -> None:
    """Raise RigError where Blender would not play what is written: ``output`` as in bake.OUTPUTS."""
    if armature_object.data.pose_position == "REST":
        raise RigError(f"{armature_object.name} shows its rest position", "Set the armature to Pose Position")
    data = armature_object.animation_data
    if data is None:
        return
    if data.use_tweak_mode:
        raise RigError("The armature's NLA strip is being edited", "Leave tweak mode (Tab in the NLA editor)")
    if output == "strip" and not data.use_nla:
        raise RigError("The armature's NLA is switched off", "Switch it on in the NLA editor, or choose New Action")
    solo = next((track for track in data.nla_tracks if track.is_solo), None)
    if solo is not None and data.use_nla:
        raise RigError(f"The NLA track {solo.name!r} plays solo: nothing else is heard", "Switch its solo (star) off")


def check_replaceable(armature_object, touched: Container[str]) -> None:
    """Raise RigError where a range of the Action in use cannot be replaced so that the rest plays as it did.

    touched: the bones that get keys. Curves of others are left alone, whatever is the matter with them.
    """
    data = armature_object.animation_data
    if data is None or data.action is None:
        return
    mixed = data.action_influence != 1.0 or data.action_blend_type != "REPLACE"
    if mixed and data.use_nla and any(not track.mute and len(track.strips) for track in data.nla_tracks):
        raise RigError("The Action in use is mixed with the NLA strips below", "Choose New Action or NLA Strip")
    for curve in actions.curves_of(data.action, actions.slot_for(data.action, armature_object)):
        bone = actions.bone_of(curve.data_path)
        if bone is not None and bone not in touched:
            continue
        if curve.group is not None and curve.group.mute:
            raise RigError(f"The group {curve.group.name!r} of the Action in use is muted", "Unmute it (Action Editor)")
        modifier = next((modifier for modifier in curve.modifiers if not modifier.mute), None)
        if modifier is not None:
            raise RigError(
                f"The F-curve {curve.data_path} has the modifier {modifier.type.title()}",
                "Bake or mute it, or choose New Action or NLA Strip",
            )


def check_carried(armature_object, rig: Rig, mapping: Mapping) -> None:
    """Raise RigError, naming the bone, where a mapped bone would stay behind when the hips go.

    Targets of IK are keyed to go along, and constraints may carry a bone.
    """
    carrier, targets = location_bone(rig, mapping), ik_targets(armature_object, mapping)
    for name in mapping.bones.values():
        chain = [rig.index[name], *rig.ancestors(rig.index[name])]
        posed = [armature_object.pose.bones[rig.names[bone]] for bone in chain]
        carried = any(heard(one, CARRYING) for bone in posed for one in bone.constraints)
        if not carried and carrier not in chain and targets.isdisjoint(bone.name for bone in posed):
            raise stray_bone(rig, rig.index[name], carrier)


def check_driven(armature_object, paths: Iterable[str]) -> None:
    """Raise RigError where a driver has the last word on a channel (data path) that is to be keyed."""
    data = armature_object.animation_data
    driven = {driver.data_path for driver in data.drivers if not driver.mute} if data is not None else set()
    for path in paths:
        if path in driven:
            raise RigError(f"A driver moves {path}", "Mute or remove it in the Drivers Editor")
