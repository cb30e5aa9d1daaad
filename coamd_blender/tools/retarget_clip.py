"""A motion onto a character without Blender's window: ``python -m coamd_blender.carry CLIP RIG OUT``.

CLIP and OUT may be folders: every clip in the one becomes a file in the other.

CLIP is an .npz with ``joints`` and ``fps``; RIG a .blend, .glb, .gltf, .fbx or .bvh with the character; OUT a .bvh,
.glb or .fbx with the character's own bones, a .blend, or a .png contact sheet. Needs bpy as a module.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from .. import anim, register, tools, unregister
from ..anim.travel import AUTOMATIC
from ..errors import CoamdError, DataError, InputError
from ..retarget import controls, rig_foot_lock, solver

if TYPE_CHECKING:
    import bpy

RIGS = (".blend", ".glb", ".gltf", ".fbx", ".bvh")
OUTPUTS = (".bvh", ".glb", ".fbx", ".blend", ".png")
CELLS, SHEET_PIXELS = 6, (1500, 330)


@dataclass(frozen=True)
class RetargetJob:
    """What to retarget onto what, and where it goes. ``options`` are those of write_action.read_target."""

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
            f"{path} is not a clip", "Give an .npz with joints and fps; python -m runtime convert makes one"
        ) from error


def run(job: RetargetJob) -> str:
    """Do the job; return a line on what was done, and one for all the user should know.

    Raises CoamdError with a remedy.
    """
    if job.out.suffix.lower() not in OUTPUTS:
        raise InputError(f"{job.out} cannot be written", f"Name a file ending in {', '.join(OUTPUTS)}")
    joints, clip_fps = read_clip(job.clip)
    if job.rig.suffix.lower() not in RIGS:
        raise InputError(f"{job.rig} is not a character this reads", f"Give one of {', '.join(RIGS)}")
    if not job.rig.is_file():
        raise InputError(f"There is no file {job.rig}", "Check the path")
    register()  # the armature may hold a mapping of its own
    try:
        return _retarget(job, joints, clip_fps)
    finally:
        unregister()


def _retarget(job: RetargetJob, joints: np.ndarray, clip_fps: float) -> str:
    scenes = tools.scenes
    armature = scenes.open_rig(job.rig, job.armature)
    found = anim.targets.coverage(armature)
    if found.error is not None:
        raise found.error
    options = {**job.options, **anim.targets.rig_options(armature)}
    scenes.set_rate(job.fps or clip_fps)
    action = anim.write_action.apply_motion(
        armature, joints, source_fps=clip_fps, start_frame=1, name=job.clip.stem, **options
    )
    notes = list(found.notes)
    if options["travel"] == AUTOMATIC and not options["in_place"]:
        chosen = anim.targets.travel_of(armature, found)
        notes += [] if chosen is None else [chosen.line]
    _, last = scenes.show_all_of(action)
    job.out.parent.mkdir(parents=True, exist_ok=True)
    _save(armature, job.out.resolve())
    return "\n".join([f"{job.out}: {last} frames on {len(armature.data.bones)} bones", *notes])


def _save(armature: bpy.types.Object, out: Path) -> None:
    suffix = out.suffix.lower()
    if suffix == ".blend":
        tools.scenes.save_blend(out)
    elif suffix == ".png":
        tools.scenes.save_sheet(armature, out, CELLS, CELLS, SHEET_PIXELS)
    elif suffix == ".bvh":
        tools.scenes.save_bvh(armature, out)
    else:
        tools.scenes.save_exported(armature, out)


def run_folder(job: RetargetJob, suffix: str, tell: Callable[[str], None]) -> int:
    """Retarget every .npz of the folder ``job.clip`` into files ``suffix`` of the folder ``job.out``; return how many
    could not be.

    Those that are there and newer than their clip are left, so that a run goes on where one was broken off. ``tell`` is
    given a line when a clip is done, and a table at the end. Raises InputError for a folder without clips.
    """
    clips = sorted(job.clip.glob("*.npz"))
    if not clips:
        raise InputError(f"{job.clip} holds no .npz", "Give a folder of clips; python -m runtime convert makes them")
    rows = []
    for number, clip in enumerate(clips, start=1):
        out = job.out / f"{clip.stem}{suffix}"
        if out.is_file() and out.stat().st_mtime >= clip.stat().st_mtime:
            rows.append((clip.stem, "there already", ""))
            continue
        try:
            line, *_ = run(replace(job, clip=clip, out=out)).splitlines()
            rows.append((clip.stem, "done", line.removeprefix(f"{out}: ")))
        except CoamdError as error:
            rows.append((clip.stem, "failed", str(error)))
        tell(f"{number} of {len(clips)}: {' '.join(filter(None, rows[-1]))}")
    wide = max(len(name) for name, *_ in rows)
    tell("\n".join(f"{name:{wide}}  {what:13}  {how}".rstrip() for name, what, how in rows))
    counts = Counter(what for _, what, _ in rows)
    tell(", ".join(f"{counts[what]} {what}" for what in ("done", "there already", "failed")))
    return counts["failed"]


def parse(arguments: list[str]) -> tuple[RetargetJob, str]:
    """Read the command line; return the job, and the suffix of files where it is for a folder of clips."""
    parser = argparse.ArgumentParser(prog="coamd_blender.carry", description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, metavar="CLIP", help="an .npz clip, or a folder of them")
    parser.add_argument("rig", type=Path, metavar="RIG", help=f"the character: {', '.join(RIGS)}")
    parser.add_argument("out", type=Path, metavar="OUT", nargs="?", help=f"what to write: {', '.join(OUTPUTS)}")
    parser.add_argument("--out", type=Path, dest="folder", metavar="FOLDER", help="the same, for a folder of clips")
    parser.add_argument("--format", default=".bvh", choices=OUTPUTS, help="what files to write for a folder of clips")
    parser.add_argument("--armature", default="", metavar="NAME", help="which armature of the file")
    parser.add_argument("--fps", type=float, help="frames a second of the result (default: the clip's)")
    parser.add_argument("--travel", default=AUTOMATIC, choices=(AUTOMATIC, *solver.TRAVELS))
    parser.add_argument("--contact", default="soft", choices=rig_foot_lock.MODES)
    parser.add_argument("--in-place", action="store_true", help="leave out the travel over the floor")
    parser.add_argument("--clear-hands", action="store_true", help="push arms out of a stout character's torso")
    limbs = controls.LIMB_CONTROLS
    parser.add_argument("--limbs", default="fk", choices=limbs, help="what a generated rig's limbs are keyed by")
    parser.add_argument("--tolerance", type=float, metavar="DEGREES", help="leave out keys within so many degrees")
    given = vars(parser.parse_args(arguments))
    if given["fps"] is not None and not 1 <= given["fps"] <= 1000:
        parser.error("--fps: give 1 to 1000")
    suffix, folder = given.pop("format"), given.pop("folder")
    if (given["out"] is None) == (folder is None):
        parser.error("OUT: name what to write, once")
    given["out"] = given["out"] or folder
    kept = {name: given.pop(name) for name in ("clip", "rig", "out", "armature", "fps")}
    return RetargetJob(**kept, options=given), suffix


def main(arguments: list[str]) -> int:
    """Run one command line; return 2 with a one-line reason for what the user can put right, 1 where some of a folder's
    clips could not be retargeted."""
    try:
        job, suffix = parse(arguments)
        if job.clip.is_dir():
            return int(run_folder(job, suffix, partial(print, flush=True)) > 0)
        print(run(job))
    except CoamdError as error:
        print(f"carry: {error}", file=sys.stderr)
        return 2
    return 0
