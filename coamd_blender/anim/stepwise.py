"""Write a motion onto an armature step by step: as its Action, as an NLA strip, or as an asset it does not play."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..errors import InputError, RigError
from . import targets, unfinished, write_action
from .plan import KeyPlan, WriteTarget, plan_motion
from .steps import Call, threads

ACTION, STRIP, ASSET = "ACTION", "STRIP", "ASSET"
WRITE_KEYS = 10_000  # written at a time: 5 to 10 ms; a curve that has more by itself is one step


@dataclass(frozen=True)
class Destination:
    """Where a motion goes: the armature as it stood when the motion was asked for, found again by ``session_uid``,
    which survives undo, renaming and deletion.

    kind: ACTION as the options say, STRIP, or ASSET. again: what to do when armature, scene or Action were deleted
    meanwhile.
    """

    target: WriteTarget
    armature_uid: int
    scene_uid: int
    kind: str
    again: str


def destination(
    armature: bpy.types.Object,
    scene: bpy.types.Scene,
    options: Mapping[str, Any],
    kind: str = ACTION,
    *,
    again: str,
    start: int | None = None,
) -> Destination:
    """Return where a motion that is yet to be made goes: ``armature``, from frame ``start`` on, the current one by
    default.

    It starts where the armature stands now, whatever frame the user goes to meanwhile. ``options`` are those of
    rig_settings.retarget_options. Raises CoamdError for an armature that cannot carry it.
    """
    chosen = dict(options)
    if kind != ACTION:
        chosen["output"] = "strip" if kind == STRIP else "action"
    target = write_action.read_target(
        armature, scene=scene, start_frame=start, **chosen, **targets.rig_options(armature)
    )
    return Destination(target, armature.session_uid, scene.session_uid, kind, again)


@dataclass(frozen=True)
class Job:
    """A motion that goes to ``place``: ``joints`` (frames, 22, 3), metres, Y up, at ``fps``, under ``name``."""

    place: Destination
    joints: np.ndarray
    name: str
    fps: float


def write_keys(
    place: Destination, motions: Sequence[tuple[np.ndarray, str]], fps: float
) -> Generator[Call | None, Any, list[bpy.types.Action]]:
    """Write all of ``motions`` to one place or none: each is joints (frames, 22, 3), metres, Y up, at ``fps``, and a
    name. As :func:`write_all`."""
    return (yield from write_all([Job(place, joints, name, fps) for joints, name in motions]))


def write_all(jobs: Sequence[Job]) -> Generator[Call | None, Any, list[bpy.types.Action]]:
    """Write the motions of all ``jobs`` or none.

    Each is solved in a thread, then written a few curves a step; only when all are written are they given to their
    armatures, the last one of each in the end. Nothing in the file knows of them before that step: an undo finds
    nothing to take back. Returns the Actions, good until the next yield: whoever makes something refer to them pushes
    an undo step before it (Blender 5.2 ends with a segmentation fault where an undo and a redo meet a scene's property
    that refers to a data-block of no undo step). Given up half way, all are removed. Raises RigError when an armature
    is gone, InputError when the scene is, or an undo took an Action away.
    """
    written: list[tuple[int, KeyPlan]] = []
    finished = False
    try:
        for job in jobs:
            target = write_action.renewed(job.place.target, found_again(job.place)[0])
            plan = yield Call(plan_motion, (target, job.joints, job.fps, job.name))
            action = write_action.new_action(found_again(job.place)[0], plan)
            unfinished.mark(action)
            written.append((action.session_uid, plan))
            yield from _write_curves(job.place, *written[-1])
        armatures = [found_again(job.place)[0] for job in jobs]
        made = [_action(uid, job.place) for job, (uid, _) in zip(jobs, written, strict=True)]
        for job, armature, action, (_, plan) in zip(jobs, armatures, made, written, strict=True):
            unfinished.unmark(action)
            if job.place.kind != ASSET:
                write_action.hand_over(armature, action, plan)
        finished = True
        return made
    finally:
        if not finished:
            unfinished.remove(uid for uid, _ in written)


def _write_curves(place: Destination, uid: int, plan: KeyPlan) -> Generator[None, Any, None]:
    """Write the curves of ``plan`` into the Action of ``uid``, a few a step."""
    done = 0
    while done < len(plan.curves):
        done = write_action.write_some(_action(uid, place), plan, done, WRITE_KEYS)
        yield


def found_again(place: Destination) -> tuple[bpy.types.Object, bpy.types.Scene]:
    """Return armature and scene. Raises RigError or InputError when they were deleted."""
    armature = targets.by_uid(bpy.data.objects, place.armature_uid)
    scene = targets.by_uid(bpy.data.scenes, place.scene_uid)
    if armature is None:
        raise RigError(f"{place.target.read.name} was deleted meanwhile", f"Select another armature and {place.again}")
    if scene is None:
        raise InputError("The scene was deleted meanwhile", f"Go to another scene and {place.again}")
    return armature, scene


def _action(uid: int, place: Destination) -> bpy.types.Action:
    action = targets.by_uid(bpy.data.actions, uid)
    if action is None:
        again = place.again[0].upper() + place.again[1:]
        raise InputError("The Action was removed while its keys were being written", again)
    return action


def push_undo(message: str) -> None:
    """Make what was written since the last step one undo step. A timer has no window: the first one is given.

    No call runs in a thread meanwhile: while Blender wrote an undo step, Python in another thread has crashed it.
    """
    windows = bpy.context.window_manager.windows
    with threads.none():
        if windows:
            with bpy.context.temp_override(window=windows[0]):
                bpy.ops.ed.undo_push(message=message)
        else:
            bpy.ops.ed.undo_push(message=message)
