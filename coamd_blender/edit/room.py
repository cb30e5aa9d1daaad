"""Whether a range is long enough for what its sentence asks, and the range that is. Changes nothing."""

from __future__ import annotations

import math

import bpy

from ..anim import range_edit
from ..errors import InputError
from ..wire import room
from ..wire.edit_modes import EDIT_MODES
from . import request

MARKED_SECONDS = 2.5  # at least, of what is marked around the playhead


def short_by(scene: bpy.types.Scene, first: int, last: int) -> float:
    """Return the seconds that frames ``first`` to ``last`` lack for the prompt of ``scene.coamd_edit``; 0 for none."""
    settings = scene.coamd_edit
    if EDIT_MODES[settings.mode].around is not None or EDIT_MODES[settings.mode].keeps:
        return 0.0
    return room.lacking(settings.prompt, _seconds(scene, first, last))


def _seconds(scene: bpy.types.Scene, first: int, last: int) -> float:
    return (last + 1 - first) * scene.render.fps_base / scene.render.fps


def warning(scene: bpy.types.Scene, first: int, last: int) -> str:
    """Return the line that says so, empty for a range that is long enough."""
    if not short_by(scene, first, last):
        return ""
    seconds, needed = _seconds(scene, first, last), room.needed(scene.coamd_edit.prompt)
    return f"{seconds:.1f} s are short for this: it may be left out. {needed:.1f} s are enough"


def around(scene: bpy.types.Scene, start: int, end: int) -> tuple[int, int]:
    """Return the frames around the current one that the sentence of ``scene.coamd_edit`` takes, of an Action from frame
    ``start`` to ``end``: first and last."""
    rate = scene.render.fps / scene.render.fps_base
    frames = math.ceil(max(room.needed(scene.coamd_edit.prompt), MARKED_SECONDS) * rate)
    first = max(start, min(scene.frame_current - frames // 2, end + 1 - frames))
    return first, min(first + frames - 1, end)


def widened(context: bpy.types.Context, action: bpy.types.Action, slot: bpy.types.ActionSlot | None) -> tuple[int, int]:
    """Return the marked range made long enough, to both sides as far as the mode and the Action allow.

    Raises InputError for one that is long enough, or cannot be made longer.
    """
    scene, settings = context.scene, context.scene.coamd_edit
    first, last = request.marked_range(context, action, slot)
    lacking = short_by(scene, first, last)
    if not lacking:
        raise InputError("The range is long enough for this sentence", "Press Edit Range")
    more = math.ceil(lacking * scene.render.fps / scene.render.fps_base - 1e-6)
    start, end = (round(frame) for frame in range_edit.extent(action, slot))
    low, high = {"both": (start, end), "before": (first, last + more), "after": (first - more, last)}[
        EDIT_MODES[settings.mode].builds_on
    ]
    before = min(max(more // 2, more - max(high - last, 0)), max(first - low, 0))
    wider = first - before, min(last + more - before, max(high, last))
    if wider == (first, last):
        raise InputError("The Action has no more frames around the range", "Ask for less in it, or continue behind it")
    return wider
