"""Clips onto a character and on to a game engine: ``python -m coamd_blender.carry CLIPS RIG OUT --engine NAME``.

What the folder's list of clips tells of, made from the same files in the same way, is left: a run that was broken off
goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import anim, register, tools, unregister
from ..anim.clip_file import read_clip, read_loop
from ..anim.travel import AUTOMATIC
from ..engines import rules
from ..engines.job import EngineJob, export
from ..errors import InputError
from .batch import Row, is_done, tell_table
from .retarget_clip import Command, RetargetJob, check_rig, opened

if TYPE_CHECKING:
    import bpy


def run(command: Command, clips: Sequence[Path], failed: Sequence[Row], tell: Callable[[str], None]) -> int:
    """Retarget ``clips``, .npz, and write them into the folder ``command.job.out`` as the engine takes them; return how
    many could not be, those that ``failed`` before among them. ``tell`` is given a line when one is done, and a table
    at the end.

    Raises CoamdError with a remedy for what concerns all of them.
    """
    job, engine = command.job, rules.engine_named(command.engine)
    if job.out.suffix or job.out.is_file():
        raise InputError(f"{job.out} is not a folder", "Name a folder: each clip becomes a file there")
    if command.one_file and not engine.several:
        raise InputError(f"{engine.label} takes one clip a file", "Leave out --one-file")
    if not clips:
        raise InputError(f"None of the clips can be read: {failed[0][2]}", "Give other clips")
    check_rig(job.rig)
    wanted = _wanted(command)
    wanted = replace(wanted, kept=tuple(_kept(wanted, job, clips)))
    there = {told["clip"] for told in wanted.kept}
    rows = [*failed, *((name, "there already", "") for name in sorted(there))]
    waiting = [clip for clip in clips if clip.stem not in there]
    if waiting:
        rows += _export(job, wanted, waiting, tell)
    return tell_table(rows, tell)


def _wanted(command: Command) -> EngineJob:
    job = command.job
    options = {"armature": job.armature, **job.options}
    in_place = options.pop("in_place")
    character, fps = rules.safe_name(job.rig.stem), job.fps or rules.FPS
    return EngineJob(command.engine, job.out, character, command.one_file, fps, in_place, options=options)


def _kept(wanted: EngineJob, job: RetargetJob, clips: Sequence[Path]) -> list[dict]:
    """Return what the folder's list tells of those ``clips`` that are there, newer than what they are made of, and made
    as they are ``wanted`` now."""
    try:
        told = json.loads(wanted.list_file.read_text(encoding="utf-8"))
        same = (told["engine"], told["options"]) == (wanted.engine, wanted.options)
        if wanted.one_file or not same:
            return []
        made = {entry["clip"]: entry for entry in told["clips"] if entry["fps"] == wanted.fps and entry["plain"]}
        clips = [clip for clip in clips if clip.stem in made]
        return [made[clip.stem] for clip in clips if is_done(job.out / made[clip.stem]["file"], clip, job.rig)]
    except (OSError, ValueError, LookupError, TypeError):
        return []  # there is no list, or none of ours: all is made


def _export(job: RetargetJob, wanted: EngineJob, clips: Sequence[Path], tell: Callable[[str], None]) -> list[Row]:
    register()  # the armature may hold a mapping of its own
    try:
        armature, found, options = opened(job)
        if options["travel"] == AUTOMATIC:  # before the meshes, which say where it goes, are taken away
            chosen = anim.targets.travel_of(armature, found)
            options |= {} if chosen is None else {"travel": chosen.place}
        options.pop("in_place")
        tools.scenes.set_rate(wanted.fps)
        sources = {clip.stem: partial(_retargeted, armature, clip, options) for clip in clips}
        return [(row.name, row.what, row.how) for row in export(armature, sources, wanted, tell)]
    finally:
        unregister()


def _retargeted(armature: bpy.types.Object, clip: Path, options: dict) -> bpy.types.Action:
    """Return a new Action of a clip, marked as a loop where the clip says so. Raises CoamdError."""
    joints, fps = read_clip(clip)
    action = anim.write_action.apply_motion(armature, joints, source_fps=fps, start_frame=1, name=clip.stem, **options)
    if read_loop(clip):
        anim.actions.mark_loop(action)
    return action
