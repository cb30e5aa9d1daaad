"""Files of any kind brought into an empty Blender: by whichever of its importers reads them, or with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import bpy

from ..errors import DataError
from .gltf_rate import gltf_rate

_REASON = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Warning): *(.+)$")
_REMEDY = "Open it in Blender, and save or export it again"


def open_file(path: Path, **options: bool) -> None:
    """Open a .blend, or read any other file into an empty scene, a glTF file at the rate of its keys; ``options`` are
    those of wm.open_mainfile.

    Raises DataError, with the importer's own reason in one line, when none reads it.
    """
    reasons = []
    for operator in _operators(path.suffix.lower(), options):
        if path.suffix.lower() != ".blend":
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            _set_rate(path)
        try:
            operator(filepath=str(path))
            return
        except RuntimeError as error:
            reasons.append(reason_of(str(error)))
    raise DataError(f"{path} cannot be read ({'; '.join(dict.fromkeys(reasons))})", _REMEDY)


def _set_rate(path: Path) -> None:
    """Let the scene have the rate of a glTF file, so that its keys come to whole frames."""
    fps = gltf_rate(path) if path.suffix.lower() in (".glb", ".gltf") else None
    if fps is not None:
        render = bpy.context.scene.render
        render.fps = max(1, round(fps))
        render.fps_base = render.fps / fps


def reason_of(text: str) -> str:
    """Return why an operator failed, one line, from what it reports: the error itself, not where it was raised."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    told = [found[1] for line in lines if (found := _REASON.match(line)) and "Python: Traceback" not in line]
    plain = [line for line in lines if not line.startswith(("File ", "Location:", "Error: Python: Traceback"))]
    return (told or plain or ["no reason given"])[-1].removeprefix("Error: ")


def _operators(suffix: str, options: dict) -> list[Callable]:
    """Return the operators that read such a file, the likeliest first: .fbx has one more from Blender 4.5 on."""
    if suffix == ".blend":
        return [lambda filepath: bpy.ops.wm.open_mainfile(filepath=filepath, **options)]
    if suffix == ".bvh":
        return [bpy.ops.import_anim.bvh]
    if suffix != ".fbx":
        return [bpy.ops.import_scene.gltf]
    scripted, built_in = bpy.ops.import_scene, bpy.ops.wm
    found = [scripted.fbx] if "fbx" in dir(scripted) else []
    return found + ([built_in.fbx_import] if "fbx_import" in dir(built_in) else [])
