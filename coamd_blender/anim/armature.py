"""Read edge: a Blender armature object as numbers and names (snapshot.py). Here the Z-up world becomes Y-up."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from ..errors import RigError
from ..motion import skeleton
from ..retarget.rig import Rig
from . import actions
from .snapshot import (
    ActionInUse,
    BoneConstraint,
    Channel,
    CurveInUse,
    Playing,
    Snapshot,
    WorldPose,
    rotation_channel,
)
from .travel import ENGINE_BONES

# (4, 4): Blender's Z-up world to the Y-up world of skeleton.py.
Y_UP_FROM_Z_UP = np.eye(4)
Y_UP_FROM_Z_UP[:3, :3] = skeleton.to_y_up(np.eye(3)).T
# The channels of an object's own transform.
OBJECT_CHANNELS = (
    *("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale"),
    *("delta_location", "delta_rotation_euler", "delta_rotation_quaternion", "delta_scale"),
)
# A scale whose parts differ by more than this share stretches bones unevenly.
UNEVEN = 0.01


def read_armature(armature: bpy.types.Object, *, with_action: bool = False) -> Snapshot:
    """Read all that checks and plans need of an armature object, ``with_action`` its Action in use, too.

    Raises RigError, naming the remedy, for one that cannot be read: no armature, linked, in Edit Mode, without bones,
    mirrored or stretched unevenly.
    """
    check_editable(armature)
    bpy.context.view_layer.update()
    pose = _read_pose(armature)
    bones, data = armature.pose.bones, armature.animation_data
    names = bones.keys()
    return Snapshot(
        name=armature.name,
        rig=read_rig(armature),
        pose=pose,
        paths={name: f'pose.bones["{bpy.utils.escape_identifier(name)}"]' for name in names},
        constraints=read_constraints(armature, bones),
        properties={bone.name: frozenset(bone.keys()) for bone in bones if bone.keys()},
        driven=read_driven(armature),
        playing=Playing(
            rest_position=armature.data.pose_position == "REST",
            tweaked=data is not None and data.use_tweak_mode,
            nla=data is None or data.use_nla,
            solo="" if data is None else next((track.name for track in data.nla_tracks if track.is_solo), ""),
        ),
        belongings=read_belongings(armature),
        in_use=read_action_in_use(armature) if with_action else None,
    )


def check_editable(armature: bpy.types.Object | None) -> None:
    """Raise RigError, naming the remedy, unless this is an armature object whose pose can be keyed."""
    if armature is None or armature.type != "ARMATURE":
        raise RigError("No armature is selected", "Select an armature, or add the CoAMD character")
    name = armature.name
    if not armature.is_editable:
        raise RigError(f"Armature {name!r} is linked from another file", "Make a library override, or make it local")
    if armature.mode == "EDIT":
        raise RigError(f"Armature {name!r} is in Edit Mode", "Switch to Object or Pose Mode")
    if not armature.data.bones or armature.pose is None or not armature.pose.bones:
        raise RigError(f"Armature {name!r} has no bones", "Add bones, or select another armature")


def read_rig(armature: bpy.types.Object) -> Rig:
    """Return the rest pose, bone flags and world transform of an armature object as a Rig.

    Bones come parents first; ``world`` goes to Y-up world units (taken as metres). Raises RigError, naming the
    remedy, for anything that is not a local, posable armature: no armature, linked, in Edit Mode, no bones.
    """
    check_editable(armature)
    if _is_mirrored(np.array(armature.matrix_world, dtype=float)[:3, :3]):
        _worlds(armature)  # names whose scale it is
    bones, modes = armature.data.bones, _rotation_modes(armature.pose.bones)
    names, above = bones.keys(), parents_of(bones)
    order = np.array(_parents_first(above))
    parents, place = np.array(above)[order], np.argsort(order)
    names = tuple(names[bone] for bone in order.tolist())
    return Rig(
        names=names,
        parents=np.where(parents >= 0, place[parents], -1),
        rest=_each(bones, "matrix_local", np.float32, 16)[order].reshape(-1, 4, 4).transpose(0, 2, 1).astype(float),
        lengths=_each(bones, "length", np.float32)[order].astype(float),
        world=Y_UP_FROM_Z_UP @ np.array(armature.matrix_world, dtype=float),
        rotation_modes=tuple(modes[name] for name in names),
        connected=_each(bones, "use_connect", bool)[order],
        inherit_rotation=_each(bones, "use_inherit_rotation", bool)[order],
        local_location=_each(bones, "use_local_location", bool)[order],
    )


def _each(collection: bpy.types.bpy_prop_collection, name: str, kind: type, size: int = 1) -> np.ndarray:
    """Return property ``name`` of every member: (members,), or (members, size) where it holds several numbers."""
    values = np.empty(size * len(collection), dtype=kind)
    collection.foreach_get(name, values)
    return values if size == 1 else values.reshape(-1, size)


def _rotation_modes(bones: bpy.types.bpy_prop_collection) -> dict[str, str]:
    words = {item.value: item.identifier for item in bpy.types.PoseBone.bl_rna.properties["rotation_mode"].enum_items}
    values = _each(bones, "rotation_mode", np.int32).tolist()
    return {name: words[value] for name, value in zip(bones.keys(), values, strict=True)}


def parents_of(bones: bpy.types.bpy_prop_collection) -> list[int]:
    """Return the index of each bone's parent among ``bones``, -1 for none."""
    place = {bone: number for number, bone in enumerate(bones)}
    place[None] = -1
    return [place[bone.parent] for bone in bones]


def heads_of(bones: bpy.types.bpy_prop_collection) -> np.ndarray:
    """Return the rest heads (F, 3) float32 of F bones, metres, armature space."""
    return _each(bones, "head_local", np.float32, 3)


def _parents_first(above: list[int]) -> list[int]:
    """Return the bones in the order of their distance from the roots, which stay in their order."""
    order, below = [], [[] for _ in above]
    for bone, parent in enumerate(above):
        (order if parent < 0 else below[parent]).append(bone)
    for bone in order:  # which grows meanwhile
        order += below[bone]
    return order


def read_constraints(
    armature: bpy.types.Object, bones: Iterable[bpy.types.PoseBone]
) -> dict[str, tuple[BoneConstraint, ...]]:
    """Return bone to its constraints, of those ``bones`` of the armature that have some."""
    known = armature.pose.bones
    return {
        bone.name: tuple(_constraint(one, armature, known) for one in bone.constraints)
        for bone in bones
        if len(bone.constraints)
    }


def _constraint(
    found: bpy.types.Constraint, armature: bpy.types.Object, known: bpy.types.bpy_prop_collection
) -> BoneConstraint:
    leading = _leading(found)
    bone, looks = getattr(leading, "subtarget", ""), getattr(found, "pole_target", None) == armature
    return BoneConstraint(
        name=found.name,
        kind=found.type,
        heard=not found.mute and found.influence > 0,
        influence=found.influence,
        bone=bone,
        own=getattr(leading, "target", None) == armature and bone in known,
        space=found.owner_space,
        pole=found.pole_subtarget if looks else "",
        pole_angle=found.pole_angle if looks else 0.0,
    )


def _leading(found: bpy.types.Constraint) -> bpy.types.Constraint | bpy.types.ConstraintTargetBone:
    """Return what names a constraint's target: itself, or the heaviest of an Armature constraint's several."""
    if found.type != "ARMATURE" or not len(found.targets):
        return found
    return max(found.targets, key=lambda target: target.weight)


def read_driven(armature: bpy.types.Object) -> frozenset[str]:
    """Return the data paths on which a driver that is on has the last word."""
    data = armature.animation_data
    return frozenset() if data is None else frozenset(one.data_path for one in data.drivers if not one.mute)


def driven_channels(armature: bpy.types.Object, bones: Iterable[str]) -> set[str]:
    """Return what a driver that is on moves of ``bones``, such as "Hips.location": of their places and turns, in the
    rotation mode they have."""
    data, known = armature.animation_data, set(bones)
    found = set()
    for path in read_driven(armature) if data is not None and len(data.drivers) else ():
        bone, channel = actions.bone_of(path), path.rpartition(".")[2]
        if bone in known and channel in ("location", rotation_channel(armature.pose.bones[bone].rotation_mode)):
            found.add(f"{bone}.{channel}")
    return found


def read_belongings(armature: bpy.types.Object) -> dict[str, str]:
    """Return bone to what would be left behind if it stayed, in words: vertices of a mesh, an object, an engine's bone.

    Vertex groups count by their names; whether they hold vertices is not looked at.
    """
    every = armature.data.bones
    found = {name: f"{name} is read by game engines" for name in ENGINE_BONES if name in every}
    for other in bpy.data.objects:
        if other.parent == armature and other.parent_type == "BONE" and other.parent_bone in every:
            found.setdefault(other.parent_bone, f"{other.name} hangs on {other.parent_bone}")
        moved = (one.object == armature for one in other.modifiers if one.type == "ARMATURE")
        if other.type == "MESH" and any(moved):
            for group in other.vertex_groups:
                if group.name in every:
                    found.setdefault(group.name, f"{other.name} has vertices on {group.name}")
    return found


def read_action_in_use(armature: bpy.types.Object) -> ActionInUse | None:
    """Return what matters of the Action that an armature plays, None without one."""
    data = armature.animation_data
    if data is None or data.action is None:
        return None
    blended = data.action_influence != 1.0 or data.action_blend_type != "REPLACE"
    below = data.use_nla and any(not track.mute and len(track.strips) for track in data.nla_tracks)
    curves = actions.curves_of(data.action, actions.slot_for(data.action, armature))
    return ActionInUse(blended and below, tuple(map(_curve_in_use, curves)))


def _curve_in_use(curve: bpy.types.FCurve) -> CurveInUse:
    group = curve.group.name if curve.group is not None and curve.group.mute else ""
    modifier = next((modifier.type for modifier in curve.modifiers if not modifier.mute), "")
    return CurveInUse(curve.data_path, actions.bone_of(curve.data_path), group, modifier)


# --- where the object stands ------------------------------------------------------------------------------------------


def _read_pose(armature: bpy.types.Object) -> WorldPose:
    """Return where an armature object stands. Raises RigError for a scale that mirrors or stretches it unevenly."""
    world, above = _worlds(armature)
    axes = Y_UP_FROM_Z_UP[:3, :3] @ above[:3, :3]
    place = np.array(armature.location, dtype=float)
    return WorldPose(Y_UP_FROM_Z_UP @ world, place, axes, _object_channels(armature))


def _worlds(armature: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """Return what takes the armature object's space, and its parent's, to the world: (4, 4) both.

    Raises RigError for a scale that mirrors or stretches it unevenly.
    """
    world = np.array(armature.matrix_world, dtype=float)
    basis = np.array(armature.matrix_basis, dtype=float)
    above = np.eye(4)
    if armature.parent is not None and abs(np.linalg.det(basis[:3, :3])) > 1e-18:
        above = world @ np.linalg.inv(basis)
    _check_scale(world[:3, :3], above[:3, :3])
    return world, above


def _check_scale(world: np.ndarray, parent: np.ndarray) -> None:
    """Raise RigError, naming whose it is, for a scale that mirrors the armature or stretches it unevenly."""
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


def _object_channels(armature: bpy.types.Object) -> dict[Channel, float]:
    """Return the channels (data path, index) of the object's own transform and their values."""
    return {(path, index): value for path in OBJECT_CHANNELS for index, value in enumerate(getattr(armature, path))}
