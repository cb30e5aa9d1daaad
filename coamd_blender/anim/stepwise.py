"""Write a motion onto an armature step by step: as its Action, as an NLA strip, or as an asset it does not play."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ..errors import InputError, RigError
from . import targets, write_action

ACTION, STRIP, ASSET = "ACTION", "STRIP", "ASSET"
WRITE_SECONDS = 0.008  # of writing keys at a time


@dataclass(frozen=True)
class Wanted:
    """What to write: joints (frames, 22, 3), metres, Y up, at ``fps``; where; and as what: ACTION as ``options`` say,
    STRIP, or ASSET. ``options`` are those of bake.read_target (:func:`ready`); ``again`` says what to do when the
    armature or the Action was deleted meanwhile."""

    joints: np.ndarray
    fps: float
    name: str
    armature_uid: int
    scene_uid: int
    frame: int
    kind: str = ACTION
    options: Mapping[str, Any] = field(default_factory=dict)
    armature_name: str = "The armature"
    again: str = "apply the clip again"


def ready(armature, scene, options: Mapping[str, Any], kind: str = ACTION) -> dict[str, Any]:
    """Return options of Wanted for a motion that is yet to be made: those of rig_settings.retarget_options, and where
    the armature stands now, so that it makes no difference to which frame the user goes meanwhile.

    Raises CoamdError for an armature that cannot carry it.
    """
    chosen = dict(options)
    if kind != ACTION:
        chosen["output"] = "strip" if kind == STRIP else "action"
    target = write_action.read_target(armature, scene=scene, **chosen, **targets.rig_options(armature))
    return {**chosen, "stand": target.stand}


def write(
    in_thread: Callable[..., Future], wanted: Wanted, then: Callable[[bpy.types.Action], None] | None = None
) -> Iterator[None]:
    """Steps for :meth:`Session.do` that write a motion (:func:`write_keys`) and make it one undo step."""
    yield from write_keys(in_thread, wanted, then)
    push_undo(f"CoAMD: {wanted.name[:40]}")


def write_keys(
    in_thread: Callable[..., Future], wanted: Wanted, then: Callable[[bpy.types.Action], None] | None = None
) -> Iterator[None]:
    """Steps that write a motion: solved by ``in_thread`` (Session.in_thread), then a few curves a step.

    ``then(action)`` is called when all is written. Given up half way, the Action is removed. Raises RigError when the
    armature is gone, InputError when the Action is.
    """
    armature, scene = _places(wanted)
    target = write_action.read_target(
        armature, start_frame=wanted.frame, scene=scene, **wanted.options, **targets.rig_options(armature)
    )
    solving = in_thread(write_action.plan_motion, target, wanted.joints, wanted.fps, wanted.name)
    while not solving.done():
        yield
    plan = solving.result()
    armature, _ = _places(wanted)
    uid, finished = write_action.new_action(armature, plan).session_uid, False
    try:
        done = 0
        while done < len(plan.curves):
            done = write_action.write_some(_action(uid, wanted), plan, done, WRITE_SECONDS)
            yield
        armature, _ = _places(wanted)
        action = _action(uid, wanted)
        if wanted.kind != ASSET:
            write_action.hand_over(armature, action, plan)
        if then is not None:
            then(action)
        finished = True
    finally:
        left = None if finished else targets.by_uid(bpy.data.actions, uid)
        if left is not None:
            bpy.data.actions.remove(left)


def push_undo(message: str) -> None:
    """Make what was written since the last step one undo step. A timer has no window: the first one is given."""
    windows = bpy.context.window_manager.windows
    if windows:
        with bpy.context.temp_override(window=windows[0]):
            bpy.ops.ed.undo_push(message=message)
    else:
        bpy.ops.ed.undo_push(message=message)


def _places(wanted: Wanted) -> tuple[bpy.types.Object, bpy.types.Scene]:
    armature = targets.by_uid(bpy.data.objects, wanted.armature_uid)
    scene = targets.by_uid(bpy.data.scenes, wanted.scene_uid)
    if armature is None:
        raise RigError(f"{wanted.armature_name} was deleted meanwhile", f"Select another armature and {wanted.again}")
    if scene is None:
        raise InputError("The scene was deleted meanwhile", f"Go to another scene and {wanted.again}")
    return armature, scene


def _action(uid: int, wanted: Wanted) -> bpy.types.Action:
    action = targets.by_uid(bpy.data.actions, uid)
    if action is None:
        raise InputError("The Action was removed while its keys were being written", wanted.again.capitalize())
    return action
