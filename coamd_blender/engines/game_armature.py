"""A game rig as an armature of its own in Blender, with the character's meshes and the clips as Actions."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np
from mathutils import Matrix

from ..anim import actions
from ..anim.armature import Y_UP_FROM_Z_UP
from ..anim.plan import Curve, KeyPlan
from ..anim.write_action import write_some
from ..motion import rotations as rot
from . import exporters
from .game_rig import GameRig, basis

_STILL = 1e-4  # metres: bones that stay nearer to their place get no keys there
_SHORTEST = 0.01  # metres: Blender deletes bones of no length


def build(game: GameRig, name: str, per_metre: float) -> bpy.types.Object:
    """Return a new armature object with the bones of ``game``, untransformed, ``per_metre`` units a metre."""
    exporters.leave_modes()
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    armature.name = armature.data.name = name
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    built = []
    for bone, matrix in zip(game.names, in_blender(game.rest, per_metre), strict=True):
        made = armature.data.edit_bones.new(bone)
        made.head, made.tail = (0, 0, 0), (0, 1, 0)
        made.matrix = Matrix(matrix.tolist())
        made.length = max(float(game.lengths[len(built)]), _SHORTEST) * per_metre
        built.append(made)
    for made, parent in zip(built, game.parents, strict=True):
        made.parent = built[parent] if parent >= 0 else None
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature


def in_blender(matrices: np.ndarray, per_metre: float) -> np.ndarray:
    """Return ``matrices`` (..., 4, 4), Y up, metres, in Blender's Z-up world, ``per_metre`` units a metre."""
    result = np.linalg.inv(Y_UP_FROM_Z_UP) @ matrices
    result[..., :3, 3] *= per_metre
    return result


def write_clip(
    armature: bpy.types.Object, game: GameRig, posed: np.ndarray, name: str, per_metre: float
) -> bpy.types.Action:
    """Return a new Action with a key a frame, from 0, of the bones of ``game`` at ``posed`` (F, B, 4, 4), metres.

    Every bone's rotation is keyed; places of the root bone, and of bones that leave theirs.
    """
    bones = armature.data.bones
    rest = np.stack([np.array(bones[bone].matrix_local, dtype=float) for bone in game.names])
    local = basis(game, rest, in_blender(posed, per_metre))
    frames = np.arange(len(posed))
    curves = []
    for number, bone in enumerate(game.names):
        path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'
        quaternions = rot.continuous(rot.quaternion_from_matrix(local[:, number, :3, :3]))
        curves += [Curve(f"{path}.rotation_quaternion", i, bone, frames, quaternions[:, i]) for i in range(4)]
        places = local[:, number, :3, 3]
        if number == 0 or np.abs(places).max() > _STILL * per_metre:
            curves += [Curve(f"{path}.location", i, bone, frames, places[:, i]) for i in range(3)]
    action = actions.new(name, armature)
    plan = KeyPlan(name, frames, tuple(curves), ())
    write_some(action, plan, 0)
    action.use_fake_user = True
    return action


def take_meshes(
    meshes: Iterable[bpy.types.Object], old: bpy.types.Object, new: bpy.types.Object, home: np.ndarray, per_metre: float
) -> list[bpy.types.Object]:
    """Hang the meshes of armature ``old`` onto ``new`` and return them, their own transforms applied.

    home: (4, 4) where the character stands at rest, in the Y-up world, metres.
    """
    data = old.data
    data.pose_position = "REST"
    bpy.context.view_layer.update()
    to_new = Matrix((in_blender(np.linalg.inv(home), 1.0) @ Y_UP_FROM_Z_UP).tolist())
    to_new = Matrix.Scale(per_metre, 4) @ to_new
    taken = []
    for mesh in meshes:
        bone, world = mesh.parent_bone if mesh.parent_type == "BONE" else "", mesh.matrix_world.copy()
        mesh.data = mesh.data.copy()
        mesh.data.transform(to_new @ world, shape_keys=True)
        modifiers = [each for each in mesh.modifiers if each.type == "ARMATURE" and each.object == old]
        mesh.parent, mesh.parent_type = new, "OBJECT"
        mesh.matrix_parent_inverse, mesh.matrix_world = Matrix(), Matrix()
        for modifier in modifiers:
            modifier.object = new
        if not modifiers and bone in new.data.bones:  # hung on a bone: it goes with that bone alone
            mesh.vertex_groups.clear()
            mesh.vertex_groups.new(name=bone).add(range(len(mesh.data.vertices)), 1.0, "REPLACE")
            mesh.modifiers.new("Armature", "ARMATURE").object = new
        taken.append(mesh)
    data.pose_position = "POSE"
    return taken
