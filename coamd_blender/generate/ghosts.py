"""The other takes of those made at once, as stick figures at the current frame: to compare them in place.

They are read once, a little at a time, and drawn in every 3D viewport. Nothing of it is in the file.
"""

from __future__ import annotations

import colorsys
from collections.abc import Generator
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ..anim import actions, range_edit, targets
from ..anim.read_action import read_steps
from ..core import lifetime, timer
from ..core.workflow import Workflow, Yield
from ..errors import CoamdError
from ..motion import skeleton
from . import preview, takes

_OPACITY, _WIDTH = 0.75, 2.0
_BONES = np.array([(parent, child) for child, parent in enumerate(skeleton.PARENTS) if parent >= 0])


class Ghosts:
    """What is drawn: an Action's uid to its first frame, its lines (frames, 42, 3) in Blender's world, its colour."""

    def __init__(self):
        self.lines: dict[int, tuple[int, np.ndarray, tuple[float, float, float, float]]] = {}
        self.armature_uid = 0
        self.handle: object | None = None

    def there(self, scene: bpy.types.Scene) -> set[int]:
        """Return the uids of those that are among the scene's takes still, none once their armature is deleted."""
        if targets.by_uid(bpy.data.objects, self.armature_uid) is None:
            return set()
        return self.lines.keys() & {take.action.session_uid for take in scene.coamd.takes if take.action is not None}

    def draw(self) -> None:
        """Draw all that are there but the one that plays."""
        scene = bpy.context.scene
        armature = targets.by_uid(bpy.data.objects, self.armature_uid)
        data = None if armature is None else armature.animation_data
        playing = data.action.session_uid if data is not None and data.action is not None else None
        there, frame = self.there(scene) - {playing}, scene.frame_current
        for uid, (first, lines, colour) in self.lines.items():
            if uid in there:
                preview.draw_lines(lines[np.clip(frame - first, 0, len(lines) - 1)], colour, _WIDTH)


_ghosts: Ghosts | None = None


def shown() -> bool:
    """Return whether ghosts are shown."""
    return _ghosts is not None


def show(scene: bpy.types.Scene) -> Workflow:
    """Read the takes made at once with the chosen one, and show them as they are read; nobody waits for it."""
    global _ghosts
    hide()
    settings = scene.coamd
    group = next((group for group in takes.draws(settings) if settings.take_index in group), [])
    whole = [
        take for index in group if (take := settings.takes[index]).action is not None and take.armature is not None
    ]
    _ghosts = mine = Ghosts()
    if not bpy.app.background:
        mine.handle = bpy.types.SpaceView3D.draw_handler_add(mine.draw, (), "WINDOW", "POST_VIEW")
    bpy.app.handlers.load_pre.append(_before_load)
    lifetime.at_end(hide)
    uids = [(take.action.session_uid, take.armature.session_uid) for take in whole]
    yield
    for number, (action_uid, armature_uid) in enumerate(uids):
        try:
            first, lines = yield from _read(action_uid, armature_uid)
        except CoamdError:  # it was changed or deleted meanwhile: it has no ghost
            continue
        if _ghosts is not mine:
            return
        colour = (*colorsys.hsv_to_rgb((0.55 + number / max(len(uids), 1)) % 1.0, 0.55, 1.0), _OPACITY)
        mine.lines[action_uid], mine.armature_uid = (first, lines, colour), armature_uid
        timer.redraw()


def forget_deleted(scene: bpy.types.Scene) -> None:
    """Show no ghosts any more once at most one is left of the takes that they are of."""
    if _ghosts is not None and len(_ghosts.there(scene)) < 2:
        hide()


def hide() -> None:
    """Show no ghosts any more."""
    global _ghosts
    if _ghosts is None:
        return
    if _ghosts.handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_ghosts.handle, "WINDOW")
    if _before_load in bpy.app.handlers.load_pre:
        bpy.app.handlers.load_pre.remove(_before_load)
    _ghosts = None
    timer.redraw()


@persistent
def _before_load(*_: Any) -> None:
    hide()


def _read(action_uid: int, armature_uid: int) -> Generator[Yield, Any, tuple[int, np.ndarray]]:
    """Return an Action's first frame and the lines of its body at every frame (frames, 42, 3), Blender's world."""
    action, armature = targets.by_uid(bpy.data.actions, action_uid), targets.by_uid(bpy.data.objects, armature_uid)
    if action is None or armature is None:
        raise CoamdError("The take was deleted meanwhile", "Choose another take")
    range_edit.require_action(armature, action)
    extent = range_edit.extent(action, actions.slot_for(action, armature))
    mapping = targets.coverage(armature).mapping
    reading = yield from read_steps(armature, action, frames=extent, fps=None, mapping=mapping)
    points = skeleton.to_z_up(reading.heads).astype(np.float32)
    return round(float(reading.frames[0])), points[:, _BONES].reshape(len(points), -1, 3)
