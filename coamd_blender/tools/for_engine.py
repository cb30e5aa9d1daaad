"""Clips onto a character and on to a game engine: ``python -m coamd_blender.carry CLIPS RIG OUT --engine NAME``."""

from __future__ import annotations

from collections.abc import Callable

from .. import anim, register, tools, unregister
from ..anim.clip_file import read_clip
from ..engines import rules
from ..engines.job import EngineJob, export
from ..errors import CoamdError, InputError
from .batch import clips_of, tell_table
from .retarget_clip import RetargetJob, check_rig, opened


def run(job: RetargetJob, engine: str, one_file: bool, tell: Callable[[str], None]) -> int:
    """Retarget the clip or folder of clips of ``job`` and write them into the folder ``job.out`` as ``engine`` takes
    them; return how many clips could not be. ``tell`` is given a line when one is done, and a table at the end.

    Raises CoamdError with a remedy for what concerns all of them.
    """
    if job.out.suffix or job.out.is_file():
        raise InputError(f"{job.out} is not a folder", "Name a folder: each clip becomes a file there")
    if one_file and not rules.engine_named(engine).several:
        raise InputError(f"{rules.engine_named(engine).label} takes one clip a file", "Leave out --one-file")
    clips = clips_of(job.clip)
    check_rig(job.rig)
    register()  # the armature may hold a mapping of its own
    try:
        armature, _, options = opened(job)
        fps = job.fps or rules.FPS
        tools.scenes.set_rate(fps)
        in_place = options.pop("in_place")
        actions, rows = {}, []
        for clip in clips:
            try:
                joints, clip_fps = read_clip(clip)
                actions[clip.stem] = anim.write_action.apply_motion(
                    armature, joints, source_fps=clip_fps, start_frame=1, name=clip.stem, **options
                )
            except CoamdError as error:
                rows.append((clip.stem, "failed", str(error)))
                tell(f"{clip.stem} failed {error}")
        if not actions:
            raise InputError(f"None of the clips can be retargeted: {rows[0][2]}", "Give other clips")
        wanted = EngineJob(engine, job.out, rules.safe_name(job.rig.stem), one_file, fps, in_place)
        rows += [(row.name, row.what, row.how) for row in export(armature, actions, wanted, tell)]
    finally:
        unregister()
    return tell_table(rows, tell)
