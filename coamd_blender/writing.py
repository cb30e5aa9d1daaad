"""Write a motion onto an armature step by step: as its Action, as an NLA strip, or as an asset it does not play."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from . import bake, session, targets
from .errors import InputError, RigError

ACTION, STRIP, ASSET = "ACTION", "STRIP", "ASSET"
WRITE_SECONDS = 0.008


@dataclass(frozen=True)
class Wanted:
    """What to write: joints (frames, 22, 3), metres, Y up, at ``fps``; where; and as what: ACTION as ``options`` say,
    STRIP, or ASSET. ``options`` are those of bake.read_target (rig_settings.carry_options)."""

    joints: np.ndarray
    fps: float
    name: str
    armature_uid: int
    scene_uid: int
    frame: int
    kind: str = ACTION
    options: Mapping[str, Any] = field(default_factory=dict)


def write(
    current: session.Session, wanted: Wanted, then: Callable[[bpy.types.Action], None] | None = None
) -> Iterator[None]:
    """Steps for :meth:`Session.do` that write a motion: solved in a thread, then a few curves a step, one undo step.

    ``then(action)`` is called when all is written. Given up half way, the Action is removed. Raises RigError when the
    armature is gone, InputError when the Action is.
    """
    armature, scene = _places(wanted)
    options = dict(wanted.options)
    if wanted.kind != ACTION:
        options["output"] = "strip" if wanted.kind == STRIP else "action"
    target = bake.read_target(
        armature, start_frame=wanted.frame, scene=scene, **options, **targets.rig_options(armature)
    )
    solving = current.in_thread(bake.plan_motion, target, wanted.joints, wanted.fps, wanted.name)
    while not solving.done():
        yield
    plan = solving.result()
    armature, _ = _places(wanted)
    uid, finished = bake.new_action(armature, plan).session_uid, False
    try:
        done = 0
        while done < len(plan.curves):
            done = bake.write_some(_action(uid), plan, done, WRITE_SECONDS)
            yield
        armature, _ = _places(wanted)
        action = _action(uid)
        if wanted.kind != ASSET:
            bake.hand_over(armature, action, plan)
        if then is not None:
            then(action)
        finished = True
    finally:
        left = None if finished else targets.by_uid(bpy.data.actions, uid)
        if left is not None:
            bpy.data.actions.remove(left)
    session.push_undo(f"CoAMD: {wanted.name[:40]}")


def _places(wanted: Wanted) -> tuple[bpy.types.Object, bpy.types.Scene]:
    armature = targets.by_uid(bpy.data.objects, wanted.armature_uid)
    scene = targets.by_uid(bpy.data.scenes, wanted.scene_uid)
    if armature is None or scene is None:
        raise RigError("The armature was deleted meanwhile", "Select another armature and apply the clip again")
    return armature, scene


def _action(uid: int) -> bpy.types.Action:
    action = targets.by_uid(bpy.data.actions, uid)
    if action is None:
        raise InputError("The Action was removed while its keys were being written", "Apply the clip again")
    return action
