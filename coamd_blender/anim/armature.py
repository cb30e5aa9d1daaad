"""Read edge: a Blender armature as numbers. Here Blender's Z-up world becomes Y-up."""

from __future__ import annotations

import numpy as np

from ..errors import RigError
from ..motion import skeleton
from ..retarget import controls, ik
from ..retarget.mapping import Mapping, named_presets
from ..retarget.rig import Rig

# (4, 4): Blender's Z-up world to the Y-up world of skeleton.py.
Y_UP_FROM_Z_UP = np.eye(4)
Y_UP_FROM_Z_UP[:3, :3] = skeleton.to_y_up(np.eye(3)).T

# Constraints by which a bone takes the turn of another, those that override a bone's own keys, and those that may hold
# it back.
COPYING = ("COPY_ROTATION", "COPY_TRANSFORMS")
OVERRIDING = (*COPYING, "IK", "SPLINE_IK", "DAMPED_TRACK", "TRACK_TO", "LOCKED_TRACK", "STRETCH_TO")
LIMITING = ("LIMIT_ROTATION", "LIMIT_LOCATION", "LIMIT_DISTANCE", "FLOOR", "CLAMP_TO", "SHRINKWRAP")


def read_rig(armature_object) -> Rig:
    """Return the rest pose, bone flags and world transform of an armature object as a Rig.

    Bones come parents first; ``world`` goes to Y-up world units (taken as metres). Raises RigError, naming the
    remedy, for anything that is not a local, posable armature: no armature, linked, in Edit Mode, no bones.
    """
    check_editable(armature_object)
    bones = _parents_first(armature_object.data.bones)
    index = {bone.name: number for number, bone in enumerate(bones)}
    return Rig(
        names=tuple(bone.name for bone in bones),
        parents=np.array([index[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=int),
        rest=np.array([bone.matrix_local for bone in bones], dtype=float).reshape(-1, 4, 4),
        lengths=np.array([bone.length for bone in bones], dtype=float),
        world=Y_UP_FROM_Z_UP @ np.array(armature_object.matrix_world, dtype=float),
        rotation_modes=tuple(armature_object.pose.bones[bone.name].rotation_mode for bone in bones),
        connected=np.array([bone.use_connect for bone in bones], dtype=bool),
        inherit_rotation=np.array([bone.use_inherit_rotation for bone in bones], dtype=bool),
        local_location=np.array([bone.use_local_location for bone in bones], dtype=bool),
    )


def read_follows(armature_object, rig: Rig) -> list[controls.Follow]:
    """Return the constraints by which a bone takes another's turn in world space, with their influence now."""
    return [
        controls.Follow(rig.index[bone.name], rig.index[found.subtarget], found.influence)
        for bone in armature_object.pose.bones
        for found in bone.constraints
        if found.type in COPYING and _active(found, armature_object) and found.owner_space != "LOCAL"
    ]


def read_pole_angles(armature_object) -> dict[str, float]:
    """Return pole bone to the angle, radians, of the IK constraint that looks at it, muted by a driver or not."""
    return {
        found.pole_subtarget: found.pole_angle
        for bone in armature_object.pose.bones
        for found in bone.constraints
        if found.type == "IK" and found.pole_target == armature_object
    }


def read_switches(armature_object, mapping: Mapping) -> tuple[controls.Switch, ...]:
    """Return the IK/FK switches that the mapping's preset names and the armature has, as they should stand."""
    preset = next((preset for preset in named_presets() if preset["label"] == mapping.preset), {})
    bones = armature_object.pose.bones
    return tuple(one for one in controls.switches_of(preset) if one.bone in bones and one.name in bones[one.bone])


def read_ik(armature_object, rig: Rig, mapping: Mapping) -> tuple[ik.IkLimb, ...]:
    """Return the IK constraints on the lower bones of mapped limbs that are led by a bone of this armature."""
    limbs = []
    for joint, (_, end) in ik.LIMBS.items():
        bone = armature_object.pose.bones.get(mapping.bones.get(joint, ""))
        for found in bone.constraints if bone is not None else ():
            if found.type != "IK" or not _active(found, armature_object):
                continue
            last = armature_object.pose.bones.get(mapping.bones.get(end, ""))
            copies = last is not None and any(
                other.type in COPYING and _active(other, armature_object) and other.subtarget == found.subtarget
                for other in last.constraints
            )
            pole = found.pole_subtarget if found.pole_target == armature_object else ""
            limbs.append(ik.IkLimb(joint, rig.index[found.subtarget], rig.index.get(pole), found.pole_angle, copies))
            break
    return tuple(limbs)


def led_bones(armature_object, mapping: Mapping) -> list[str]:
    """Return the mapped bones that follow a constraint which overrides their keys; IK targets are keyed themselves."""
    bones, targets = armature_object.pose.bones, ik_targets(armature_object, mapping)
    return [name for name in mapping.bones.values() if any(_overrides(one, targets) for one in bones[name].constraints)]


def ik_targets(armature_object, mapping: Mapping) -> set[str]:
    """Return the bones of the armature to which IK leads limbs of the mapping; they are keyed themselves."""
    bones = armature_object.pose.bones
    lower = [bones[mapping.bones[joint]] for joint in ik.LIMBS if joint in mapping.bones]
    found = [one for bone in lower for one in bone.constraints if one.type == "IK" and _active(one, armature_object)]
    return {one.subtarget for one in found}


def limited_bones(armature_object, mapping: Mapping) -> list[str]:
    """Return the mapped bones that a constraint may keep from going all the way to their keys."""
    bones = armature_object.pose.bones
    return [name for name in mapping.bones.values() if any(heard(one, LIMITING) for one in bones[name].constraints)]


def heard(constraint, kinds) -> bool:
    """Return whether a constraint is of one of these kinds and has a say."""
    return constraint.type in kinds and not constraint.mute and constraint.influence > 0


def _overrides(constraint, targets: set[str]) -> bool:
    return heard(constraint, OVERRIDING) and getattr(constraint, "subtarget", "") not in targets


def _active(constraint, armature_object) -> bool:
    bones = armature_object.pose.bones
    used = constraint.target == armature_object and constraint.subtarget in bones
    return used and not constraint.mute and constraint.influence > 0


def read_location_axes(armature_object) -> np.ndarray:
    """Return the axes (3, 3) of the object's location channels in the Y-up world; a parent turns and scales them."""
    axes = np.eye(4)
    if armature_object.parent is not None:
        local = np.linalg.inv(np.array(armature_object.matrix_basis, dtype=float))
        axes = np.array(armature_object.matrix_world, dtype=float) @ local
    return Y_UP_FROM_Z_UP[:3, :3] @ axes[:3, :3]


def check_editable(armature_object) -> None:
    """Raise RigError, naming the remedy, unless this is an armature object whose pose can be keyed."""
    if armature_object is None or armature_object.type != "ARMATURE":
        raise RigError("No armature is selected", "Select an armature, or add the CoAMD character")
    name = armature_object.name
    if not armature_object.is_editable:
        raise RigError(f"Armature {name!r} is linked from another file", "Make a library override, or make it local")
    if armature_object.mode == "EDIT":
        raise RigError(f"Armature {name!r} is in Edit Mode", "Switch to Object or Pose Mode")
    if not armature_object.data.bones or armature_object.pose is None or not armature_object.pose.bones:
        raise RigError(f"Armature {name!r} has no bones", "Add bones, or select another armature")


def _parents_first(bones) -> list:
    found, pending = [], [bone for bone in bones if bone.parent is None]
    while pending:
        bone = pending.pop(0)
        found.append(bone)
        pending.extend(bone.children)
    return found
