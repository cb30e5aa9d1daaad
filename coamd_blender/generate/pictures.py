"""Pictures of takes: a filmstrip of each one's Action, kept as the Action's own preview, so that the .blend has it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from ..anim import actions, range_edit, targets
from ..anim.read_action import read_steps
from ..anim.steps import Call
from ..core import session, thumbnails, timer
from ..core.workflow import Workflow, Yield
from ..errors import CoamdError

if TYPE_CHECKING:
    from .properties import COAMD_PG_take

SIDE = 150  # pixels: what a picture of a take weighs in the .blend is four bytes each


def icon_of(action: bpy.types.Action | None) -> int:
    """Return the number by which layouts draw an Action's picture; 0 where it has none yet."""
    preview = None if action is None else action.preview
    return preview.icon_id if preview is not None and preview.image_size[0] else 0


def fill_in(scene: bpy.types.Scene) -> None:
    """Let the pictures that the scene's takes lack be drawn, as of one that an edit or a clip tool has changed."""
    if any(map(_lacks, scene.coamd.takes)):
        current = session.current()
        current.beside(missing(scene))
        timer.start(current.tick)


def _lacks(take: COAMD_PG_take) -> bool:
    return take.action is not None and take.armature is not None and not icon_of(take.action)


def missing(scene: bpy.types.Scene) -> Workflow:
    """Draw the pictures of the scene's takes that have none, one after the other; nobody waits for it."""
    uids = [(take.action.session_uid, take.armature.session_uid) for take in scene.coamd.takes if _lacks(take)]
    yield
    for action_uid, armature_uid in reversed(uids):
        try:
            joints = yield from _read(action_uid, armature_uid)
        except CoamdError:  # it was changed or deleted meanwhile, or cannot be read: it has no picture
            continue
        image = yield Call(thumbnails.draw_strip, (joints, SIDE))
        action = targets.by_uid(bpy.data.actions, action_uid)
        if action is not None:
            thumbnails.fill(action.preview_ensure(), image)
            timer.redraw(viewport=False)


def _read(action_uid: int, armature_uid: int) -> Generator[Yield, Any, np.ndarray]:
    """Return an Action's poses at moments evenly apart, (thumbnails.POSES, 22, 3), metres."""
    action, armature = targets.by_uid(bpy.data.actions, action_uid), targets.by_uid(bpy.data.objects, armature_uid)
    if action is None or armature is None:
        raise CoamdError("The take was deleted meanwhile", "Choose another take")
    range_edit.require_action(armature, action)
    first, last = range_edit.extent(action, actions.slot_for(action, armature))
    scene, mapping = bpy.context.scene, targets.coverage(armature).mapping
    rate = scene.render.fps / scene.render.fps_base * (thumbnails.POSES - 1) / max(last - first, 1.0)
    reading = yield from read_steps(armature, action, frames=(first, last), fps=rate, mapping=mapping)
    return reading.joints
