"""What the commands do in Blender: scenes with a character, files of any kind with a rig, and what is saved."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ..anim import importing
from ..character import figure, filmstrip
from ..engines import exporters
from ..errors import RigError
from . import character_bvh


def new_character() -> bpy.types.Object:
    """Open an empty file and return CoAMD's own character in it."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return figure.create_character(bpy.context)


def open_rig(path: Path, name: str) -> bpy.types.Object:
    """Open or import a character and return its armature object, the one called ``name`` unless that is empty.

    Raises DataError or RigError, naming the remedy.
    """
    importing.open_file(path)
    found = [each for each in bpy.context.scene.objects if each.type == "ARMATURE" and name in ("", each.name)]
    if not found:
        raise RigError(
            f"{path.name} has no armature{f' {name!r}' if name else ''}", "Give a file with a rigged character"
        )
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise RigError(f"{path.name} has the armatures {names}", "Name one by --armature")
    bpy.context.view_layer.objects.active = found[0]
    return found[0]


def set_rate(fps: float) -> None:
    """Let the scene play ``fps`` frames a second."""
    render = bpy.context.scene.render
    render.fps = max(1, round(fps))
    render.fps_base = render.fps / fps


def show_all_of(action: bpy.types.Action) -> tuple[int, int]:
    """Let the scene's range be that of ``action``, go to its beginning, and return first and last frame."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = (int(frame) for frame in action.frame_range)
    scene.frame_set(scene.frame_start)
    return scene.frame_start, scene.frame_end


def save_blend(path: Path) -> None:
    """Save the file."""
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False, compress=True)


def save_bvh(armature: bpy.types.Object, path: Path) -> None:
    """Write an armature's motion over the scene's range as BVH, with its own bones, Y up."""
    scene = bpy.context.scene
    frames = np.arange(scene.frame_start, scene.frame_end + 1)
    character_bvh.write_character_bvh(armature, path, frames, scene.render.fps / scene.render.fps_base)


def save_exported(armature: bpy.types.Object, path: Path) -> None:
    """Write an armature, its meshes and the Action it plays as .glb or .fbx; the Action is then an NLA strip.

    Raises InputError where the file cannot be written.
    """
    action = armature.animation_data.action
    exporters.lay_out(armature, {action.name: action})
    exporters.select(exporters.with_meshes(armature))
    write = exporters.write_glb if path.suffix.lower() == ".glb" else exporters.write_fbx
    write(path)


def save_sheet(armature: bpy.types.Object, path: Path, cells: int, columns: int, size: tuple[int, int]) -> None:
    """Render a contact sheet of ``cells`` moments over the scene's range."""
    frames = np.linspace(bpy.context.scene.frame_start, bpy.context.scene.frame_end, cells)
    filmstrip.render_filmstrip(armature, list(frames), path, columns=columns, size=size)
