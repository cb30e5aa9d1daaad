"""A motion onto a character without Blender's window: ``python -m coamd_blender.carry CLIP RIG OUT``.

CLIP or RIG may be folders, and OUT is one then: every clip goes onto every character (batch.py). With --engine OUT is a
folder of files as a game engine takes them (for_engine.py).

CLIP is an .npz with ``joints`` and ``fps``, or whatever else the runtime converts to one; RIG a .blend, .glb, .gltf,
.fbx or .bvh with the character; OUT a .bvh, .glb or .fbx with the character's own bones, a .blend, or a .png contact
sheet. Needs bpy as a module.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import anim, register, tools, unregister
from ..anim.clip_file import read_clip
from ..anim.travel import AUTOMATIC
from ..engines import rules
from ..engines.clip_files import plain
from ..errors import CoamdError, InputError
from ..retarget import controls, rig_foot_lock, solver

if TYPE_CHECKING:
    import bpy

    from ..anim.targets import Coverage

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


@dataclass(frozen=True)
class Command:
    """A command line: what to retarget; the suffix of files where a folder is given; the engine, None without, and
    whether all clips go into one file for it."""

    job: RetargetJob
    suffix: str
    engine: str | None
    one_file: bool


def run(job: RetargetJob) -> str:
    """Do the job; return a line on what was done, and one for all the user should know.

    Raises CoamdError with a remedy.
    """
    if job.out.suffix.lower() not in OUTPUTS:
        raise InputError(f"{job.out} cannot be written", f"Name a file ending in {', '.join(OUTPUTS)}")
    joints, clip_fps = read_clip(job.clip)
    check_rig(job.rig)
    register()  # the armature may hold a mapping of its own
    try:
        return _retarget(job, joints, clip_fps)
    finally:
        unregister()


def check_rig(path: Path) -> None:
    """Raise InputError, naming the remedy, unless ``path`` is a file that may hold a character."""
    if path.suffix.lower() not in RIGS:
        raise InputError(f"{path} is not a character this reads", f"Give one of {', '.join(RIGS)}")
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Check the path")


def opened(job: RetargetJob) -> tuple[bpy.types.Object, Coverage, dict]:
    """Open the character; return its armature, how it is understood and the options to retarget with.

    Raises RigError where it is not.
    """
    armature = tools.scenes.open_rig(job.rig, job.armature)
    found = anim.targets.coverage(armature)
    if found.error is not None:
        found = anim.by_motion.find(armature)
    if found.error is not None:
        raise found.error
    return armature, found, {**job.options, **anim.targets.rig_options(armature)}


def _retarget(job: RetargetJob, joints: np.ndarray, clip_fps: float) -> str:
    scenes = tools.scenes
    armature, found, options = opened(job)
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


def parse(arguments: list[str]) -> Command:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="coamd_blender.carry", description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, metavar="CLIP", help="an .npz, .bvh or other clip, or a folder of them")
    parser.add_argument("rig", type=Path, metavar="RIG", help=f"the character: {', '.join(RIGS)}; or a folder of them")
    parser.add_argument("out", type=Path, metavar="OUT", nargs="?", help=f"what to write: {', '.join(OUTPUTS)}")
    parser.add_argument("--out", type=Path, dest="folder", metavar="FOLDER", help="the same, for a folder of either")
    parser.add_argument("--format", default=".bvh", choices=OUTPUTS, help="what files to write for a folder")
    parser.add_argument("--engine", choices=tuple(rules.ENGINES), help="files as this engine takes them, into OUT")
    parser.add_argument("--one-file", action="store_true", help="with --engine: all clips in the character's file")
    parser.add_argument("--armature", default="", metavar="NAME", help="which armature of the file")
    rate = f"frames a second of the result (default: the clip's; with --engine {rules.FPS:g})"
    parser.add_argument("--fps", type=float, help=rate)
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
    own = {name: given.pop(name) for name in ("format", "engine", "one_file")}
    if own["one_file"] and own["engine"] is None:
        parser.error("--one-file: name the engine by --engine")
    folder = given.pop("folder")
    if (given["out"] is None) == (folder is None):
        parser.error("OUT: name what to write, once")
    given["out"] = given["out"] or folder
    kept = {name: given.pop(name) for name in ("clip", "rig", "out", "armature", "fps")}
    return Command(RetargetJob(**kept, options=given), own["format"], own["engine"], own["one_file"])


def _carry(command: Command, scratch: Path, say: Callable[[str], None]) -> int:
    """Do what a command says; return 1 where some of several could not be. ``scratch``: for converted clips."""
    job, batch = command.job, tools.batch
    if job.clip.is_dir() or job.rig.is_dir() or command.engine is not None:
        clips, failed = batch.clips_of(job.clip, scratch, say)
        if command.engine is not None:
            return int(tools.for_engine.run(command, clips, failed, say) > 0)
        return int(batch.run_all(batch.jobs_of(job, command.suffix, clips), failed, say) > 0)
    clips = plain(job.clip, job.clip.stem, Path(sys.executable), scratch)
    for clip in clips:  # one that holds several motions becomes several files
        out = (
            job.out if len(clips) == 1 else job.out.with_stem(f"{job.out.stem}{clip.stem.removeprefix(job.clip.stem)}")
        )
        print(run(replace(job, clip=clip, out=out)))
    return 0


def main(arguments: list[str]) -> int:
    """Run one command line; return 2 with a one-line reason for what the user can put right, 1 where some of several
    could not be retargeted."""
    say = partial(print, flush=True)
    try:
        command = parse(arguments)
        with tempfile.TemporaryDirectory(prefix="coamd-clips-") as scratch:
            return _carry(command, Path(scratch), say)
    except CoamdError as error:
        print(f"carry: {error}", file=sys.stderr)
        return 2
    return 0
