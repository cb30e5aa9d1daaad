"""What the commands do in Blender: scenes with a character, files of any kind with a rig, and what is saved."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ..character import figure, filmstrip
from ..errors import DataError, RigError


def new_character() -> bpy.types.Object:
    """Open an empty file and return CoAMD's own character in it."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return figure.create_character(bpy.context)


def open_rig(path: Path, name: str) -> bpy.types.Object:
    """Open or import a character and return its armature object, the one called ``name`` unless that is empty.

    Raises DataError or RigError, naming the remedy.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".blend":
            bpy.ops.wm.open_mainfile(filepath=str(path))
        else:
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            _importer(suffix)(filepath=str(path))
    except RuntimeError as error:
        raise DataError(f"Blender cannot read {path}: {' '.join(str(error).split())}", "Export it again") from error
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


def _importer(suffix: str) -> object:
    """Return the operator that reads such a file; from Blender 4.5 on .fbx has one of Blender's own."""
    if suffix == ".fbx":
        return bpy.ops.wm.fbx_import if hasattr(bpy.types, "WM_OT_fbx_import") else bpy.ops.import_scene.fbx
    return bpy.ops.import_anim.bvh if suffix == ".bvh" else bpy.ops.import_scene.gltf


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


def save_bvh(path: Path) -> None:
    """Export the active armature, with its own bones, over the scene's range."""
    first, last = bpy.context.scene.frame_start, bpy.context.scene.frame_end
    bpy.ops.export_anim.bvh(filepath=str(path), frame_start=first, frame_end=last, root_transform_only=False)


def save_sheet(armature: bpy.types.Object, path: Path, cells: int, columns: int, size: tuple[int, int]) -> None:
    """Render a contact sheet of ``cells`` moments over the scene's range."""
    frames = np.linspace(bpy.context.scene.frame_start, bpy.context.scene.frame_end, cells)
    filmstrip.render_filmstrip(armature, list(frames), path, columns=columns, size=size)
