"""An armature, its meshes and its clips to a file, by the exporters that Blender ships.

What is exported is what is selected: everything else in the scene stays out.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import bpy

from ..anim import actions, importing, nla
from ..errors import InputError

_FBX = {
    "use_selection": True,
    "object_types": {"ARMATURE", "MESH", "EMPTY"},
    "add_leaf_bones": False,  # bones at every tip that no rig of the user's has
    "bake_anim_use_all_actions": False,
    "bake_anim_simplify_factor": 0.0,
    "bake_anim_force_startend_keying": True,
    "mesh_smooth_type": "FACE",
}
_GLB = {
    "export_format": "GLB",
    "use_selection": True,
    "export_yup": True,
    "export_force_sampling": True,
    "export_optimize_animation_size": False,
    "export_anim_slide_to_zero": True,
    "export_def_bones": False,
    "export_rest_position_armature": True,
}


def select(objects: Iterable[bpy.types.Object]) -> None:
    """Select ``objects`` alone, shown and in Object Mode, the first of them active."""
    leave_modes()
    layer = bpy.context.view_layer
    for other in layer.objects:
        other.select_set(False)
    chosen = [each for each in objects if each.name in layer.objects]
    for each in chosen:
        each.hide_set(False)
        each.hide_viewport = False
        each.select_set(True)
    layer.objects.active = chosen[0]


def leave_modes() -> None:
    """Go to Object Mode."""
    if bpy.context.object is not None and bpy.context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def with_meshes(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Return an armature and the meshes that it moves."""
    moved = [each for each in bpy.context.view_layer.objects if each.type == "MESH" and is_moved_by(each, armature)]
    return [armature, *moved]


def is_moved_by(mesh: bpy.types.Object, armature: bpy.types.Object) -> bool:
    """Return whether an object goes along with an armature: by a modifier, or hung below it."""
    if any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in mesh.modifiers):
        return True
    above = mesh.parent
    while above is not None and above != armature:
        above = above.parent
    return above == armature


def lay_out(armature: bpy.types.Object, clips: Mapping[str, bpy.types.Action]) -> None:
    """Let an armature play ``clips``, by name, and nothing else, each as an NLA strip on a track of its own.

    The scene shows the frame before all of them, in which the armature rests: files hold that pose as the one bones are
    built in, where no mesh tells another.
    """
    data, scene = armature.animation_data or armature.animation_data_create(), bpy.context.scene
    slots = {name: actions.slot_for(action, armature) for name, action in clips.items()}
    data.action, data.use_nla = None, True
    for track in list(data.nla_tracks):
        data.nla_tracks.remove(track)
    first = 1
    for name, action in clips.items():
        strip = nla.lay(data, action, name, slots[name])
        first = min(first, int(strip.frame_start))
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    scene.frame_set(first - 1)


def write_fbx(path: Path, *, animated: bool = True, z_up: bool = False) -> None:
    """Write what is selected as FBX, with a take for every NLA strip. ``z_up``: in Blender's own axes, without a turned
    node at the top; else Y up, as most programs read it.

    Raises InputError where the file cannot be written.
    """
    axes = {"axis_up": "Z", "axis_forward": "Y"} if z_up else {"axis_up": "Y", "axis_forward": "-Z"}
    takes = {"bake_anim": animated, "bake_anim_use_nla_strips": True}
    _written(path, lambda name: bpy.ops.export_scene.fbx(filepath=name, **_FBX, **axes, **takes))


def write_glb(path: Path, *, animated: bool = True) -> None:
    """Write what is selected as GLB, with an animation for every NLA track.

    Raises InputError where the file cannot be written.
    """
    known = bpy.ops.export_scene.gltf.get_rna_type().properties.keys()
    options = {name: value for name, value in _GLB.items() if name in known}  # a few came after 4.2
    options |= {"export_animations": animated, "export_animation_mode": "NLA_TRACKS"}
    _written(path, lambda name: bpy.ops.export_scene.gltf(filepath=name, **options))


def _written(path: Path, export: Callable[[str], object]) -> None:
    """Let ``export`` write a file beside ``path`` and put it there: whole or not at all."""
    unfinished = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # exporters tell of their own progress
            export(str(unfinished))
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        why = importing.reason_of(str(error)) if isinstance(error, RuntimeError) else error.strerror
        raise InputError(
            f"{path} cannot be written: {why}", "Choose a folder with room that you may write to"
        ) from error
