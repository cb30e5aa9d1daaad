"""A motion onto a character without Blender's window: ``python -m coamd_blender.carry CLIP RIG OUT``.

CLIP is an .npz with ``joints`` and ``fps``; RIG a .blend, .glb, .gltf, .fbx or .bvh with the character; OUT a .bvh
with the character's own bones, a .blend, or a .png contact sheet. Needs bpy as a module.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..errors import CoamdError, DataError, InputError, RigError

RIGS = (".blend", ".glb", ".gltf", ".fbx", ".bvh")
OUTPUTS = (".bvh", ".blend", ".png")
CELLS, SHEET_PIXELS = 6, (1500, 330)


@dataclass(frozen=True)
class Job:
    """What to carry onto what, and where it goes. ``options`` are those of bake.read_target."""

    clip: Path
    rig: Path
    out: Path
    armature: str
    fps: float | None
    options: dict


def read_clip(path: Path) -> tuple[np.ndarray, float]:
    """Return joints (frames, 22, 3) and frames a second. Raises DataError for a file that holds none."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return content["joints"], float(content["fps"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise DataError(
            f"{path} is no clip", "Give an .npz with joints and fps; python -m runtime convert makes one"
        ) from error


def open_rig(path: Path, name: str):
    """Open or import a character and return its armature object. Raises InputError or RigError, naming the remedy."""
    import bpy

    suffix = path.suffix.lower()
    if suffix not in RIGS:
        raise InputError(f"{path} is no character this reads", f"Give one of {', '.join(RIGS)}")
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Check the path")
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


def _importer(suffix: str):
    """Return the operator that reads such a file; from Blender 4.5 on .fbx has one of Blender's own."""
    import bpy

    if suffix == ".fbx":
        return bpy.ops.wm.fbx_import if hasattr(bpy.types, "WM_OT_fbx_import") else bpy.ops.import_scene.fbx
    return bpy.ops.import_anim.bvh if suffix == ".bvh" else bpy.ops.import_scene.gltf


def run(job: Job) -> str:
    """Do it; return one line on what was done. Raises CoamdError with a remedy."""
    from .. import register, unregister

    if job.out.suffix.lower() not in OUTPUTS:
        raise InputError(f"{job.out} cannot be written", f"Name a file ending in {', '.join(OUTPUTS)}")
    joints, clip_fps = read_clip(job.clip)
    register()  # the armature may hold a mapping of its own
    try:
        return _carry(job, joints, clip_fps)
    finally:
        unregister()


def _carry(job: Job, joints: np.ndarray, clip_fps: float) -> str:
    import bpy

    from ..anim import targets, write_action

    armature = open_rig(job.rig, job.armature)
    found = targets.coverage(armature)
    if found.error is not None:
        raise found.error
    options = {**job.options, **targets.rig_options(armature)}
    scene = bpy.context.scene
    fps = job.fps or clip_fps
    scene.render.fps = max(1, round(fps))
    scene.render.fps_base = scene.render.fps / fps
    action = write_action.apply_motion(
        armature, joints, source_fps=clip_fps, start_frame=1, name=job.clip.stem, **options
    )
    scene.frame_start, scene.frame_end = (int(frame) for frame in action.frame_range)
    scene.frame_set(scene.frame_start)
    job.out.parent.mkdir(parents=True, exist_ok=True)
    _write(armature, scene, job.out.resolve())
    return f"{job.out}: {scene.frame_end} frames on {len(armature.data.bones)} bones"


def _write(armature, scene, out: Path) -> None:
    import bpy

    suffix = out.suffix.lower()
    if suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(out), check_existing=False, compress=True)
    elif suffix == ".png":
        from ..character import filmstrip

        frames = list(np.linspace(scene.frame_start, scene.frame_end, CELLS))
        filmstrip.render_filmstrip(armature, frames, out, columns=CELLS, size=SHEET_PIXELS)
    else:
        bpy.ops.export_anim.bvh(
            filepath=str(out), frame_start=scene.frame_start, frame_end=scene.frame_end, root_transform_only=False
        )


def parse(arguments: list[str]) -> Job:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="coamd_blender.carry", description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, metavar="CLIP", help="an .npz clip")
    parser.add_argument("rig", type=Path, metavar="RIG", help=f"the character: {', '.join(RIGS)}")
    parser.add_argument("out", type=Path, metavar="OUT", help=f"what to write: {', '.join(OUTPUTS)}")
    parser.add_argument("--armature", default="", metavar="NAME", help="which armature of the file")
    parser.add_argument("--fps", type=float, help="frames a second of the result (default: the clip's)")
    parser.add_argument("--travel", default="hips", choices=("hips", "root", "object"))
    parser.add_argument("--contact", default="soft", choices=("off", "soft", "strict"))
    parser.add_argument("--in-place", action="store_true", help="leave out the travel over the floor")
    parser.add_argument("--clear-hands", action="store_true", help="push arms out of a stout character's torso")
    parser.add_argument("--limbs", default="fk", choices=("fk", "ik"), help="what a generated rig's limbs are keyed by")
    parser.add_argument("--tolerance", type=float, metavar="DEGREES", help="leave out keys within so many degrees")
    given = vars(parser.parse_args(arguments))
    if given["fps"] is not None and not 1 <= given["fps"] <= 1000:
        parser.error("--fps: give 1 to 1000")
    kept = {name: given.pop(name) for name in ("clip", "rig", "out", "armature", "fps")}
    return Job(**kept, options=given)


def main(arguments: list[str]) -> int:
    """Carry out one command line; return 2 with a one-line reason for what the user can put right."""
    try:
        print(run(parse(arguments)))
    except CoamdError as error:
        print(f"carry: {error}", file=sys.stderr)
        return 2
    return 0
