"""The panel Edit Motion of the CoAMD tab, here and in the Dope Sheet. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import anim, core, edit
from ..core.drawing import (
    CATEGORY,
    Sidebar,
    draw_end,
    draw_labelled,
    draw_notes,
    draw_outcome,
    draw_progress,
    draw_subject,
    draw_text,
    has_numpy,
)
from ..errors import InputError
from ..guides.drawing import draw_hold
from ..setup.panel import draw_ready
from ..wire.edit_modes import EDIT_MODES

if TYPE_CHECKING:
    from .properties import COAMD_PG_edit


def draw_free(layout: bpy.types.UILayout, context: bpy.types.Context, width: float) -> bool:
    """Draw what is under way, a generation included, or amiss; return whether a request can be made."""
    current = core.session.current()
    if current.running:
        draw_progress(layout, current.status, "coamd.cancel", 1.4)
        return False
    return draw_ready(layout, context, width, 1.4)


def _draw_range(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what marks the range, its frames and the button that marks one; as many lines whatever marks it."""
    column, settings = layout.column(align=True), context.scene.coamd_edit
    draw_labelled(column, settings, "source_of_range")
    row = column.row(align=True)
    if settings.source_of_range == "FRAMES":
        row.prop(settings, "first")
        row.prop(settings, "last")
    else:
        marked = _marked(context)
        row.alignment = "CENTER"
        row.label(text="" if marked is None else f"{marked[0]} to {marked[1]}")
    column.operator("coamd.mark_range", icon="ARROW_LEFTRIGHT")


def _marked(context: bpy.types.Context) -> tuple[int, int] | None:
    """Return the range that is marked, None where none is, or where only a look at all keys would tell."""
    if context.scene.coamd_edit.source_of_range == "KEYS":
        return None
    try:
        return edit.request.marked_range(context, None, None)
    except InputError:  # the line on what is touched says what is missing
        return None


def _draw_options(layout: bpy.types.UILayout, settings: COAMD_PG_edit) -> None:
    draw_labelled(layout, settings, "part")
    if settings.part == "custom":
        column, joints = layout.column(align=True), edit.request.skeleton.JOINT_NAMES
        for pair in range(0, len(joints), 2):
            row = column.row(align=True)
            for index, name in enumerate(joints[pair : pair + 2], start=pair):
                row.prop(settings, "joints", index=index, text=name.replace("_", " "), toggle=True)
    if EDIT_MODES[settings.mode].keeps:
        layout.prop(settings, "keep", slider=True)
    if edit.request.takes_places(settings):
        layout.prop(settings, "keep_poses")
        draw_hold(layout, settings)
    if edit.request.takes_path(settings):
        draw_labelled(layout, settings, "path")


def _draw_seed(layout: bpy.types.UILayout, settings: COAMD_PG_edit) -> None:
    row = layout.row(align=True)
    seed = row.row(align=True)
    seed.enabled = not settings.random_seed
    seed.prop(settings, "seed")
    row.prop(settings, "random_seed", text="", icon="FILE_REFRESH")


def _draw_decision(box: bpy.types.UILayout, settings: COAMD_PG_edit, width: float) -> bpy.types.UILayout:
    """Draw what waits, what may become of it, the way to what was before it and back; return their column."""
    frames = f"{settings.shown_first} to {settings.shown_last}"
    draw_text(box, f"{settings.source.name}: {frames}, {settings.tool or 'made anew'}", width, "ACTION")
    column = box.column(align=True)
    row = column.row(align=True)
    row.scale_y = 1.5
    row.operator("coamd.edit_accept", icon="CHECKMARK")
    row.operator("coamd.edit_reject", icon="X")
    shown = edit.pending.shows_edit(settings)
    column.operator("coamd.edit_compare", text="Show Before" if shown else "Show After", icon="UV_SYNC_SELECT")
    return column


def _draw_pending(layout: bpy.types.UILayout, settings: COAMD_PG_edit, width: float, ready: bool) -> None:
    box = layout.box()
    column = _draw_decision(box, settings, width)
    row = column.row(align=True)
    row.operator("coamd.edit_push", icon="NLA_PUSHDOWN")
    if ready and not settings.tool:
        row.operator("coamd.edit_range", text="Try Again", icon="FILE_REFRESH").again = True
    if not settings.tool:
        box.prop(settings, "prompt", text="", icon="TEXT")
        _draw_seed(box, settings)
    box.prop(settings, "keep_source")
    if not settings.tool:
        _draw_room(box, settings.id_data, settings.shown_first, settings.shown_last, width)
    draw_notes(box, settings.notes, width)


def _draw_room(layout: bpy.types.UILayout, scene: bpy.types.Scene, first: int, last: int, width: float) -> None:
    """Draw that the range is short for what is asked, and the button that widens it."""
    told = edit.room.warning(scene, first, last)
    if told:
        draw_text(layout, told, width, "ERROR")
        layout.operator("coamd.widen_range", icon="FULLSCREEN_ENTER")


def _draw_subject(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw whose Action is edited, and at which frames; or what is missing for that."""
    armature = anim.targets.find(context)
    if armature is None:
        layout.label(text="No armature selected", icon="INFO")
        return
    draw_subject(layout.box(), armature.name, *edit.request.touched(context, armature))


def draw_edit(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw range, mode, prompt and options, then the button; or the edit that waits, and what may become of it.

    What comes and goes is below the button: nothing slides under the mouse.
    """
    width, settings = context.region.width, context.scene.coamd_edit
    waiting = edit.pending.pending(context)
    if waiting is None:
        _draw_subject(layout, context)
        draw_labelled(layout, settings, "mode")
        _draw_range(layout, context)
        layout.prop(settings, "prompt", text="", icon="TEXT")
        _draw_options(layout, settings)
        _draw_seed(layout, settings)
    ready = draw_free(layout, context, width)
    if waiting is not None:
        _draw_pending(layout, settings, width, ready)
    elif ready:
        row = layout.row()
        row.scale_y = 1.5
        row.operator("coamd.edit_range", icon="ACTION_TWEAK")
    marked = _marked(context)
    if waiting is None and marked is not None:
        _draw_room(layout, context.scene, *marked, width)
    draw_outcome(layout, core.session.current(), context, core.messages.EDIT, width)
    draw_end(layout, context, width)


class COAMD_PT_edit(Sidebar, bpy.types.Panel):
    """A range of the Action made anew"""

    bl_idname = "COAMD_PT_edit"
    bl_label = "Edit Motion"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it (draw_edit)."""
        if has_numpy():
            draw_edit(self.layout, context)


class COAMD_PT_edit_dopesheet(bpy.types.Panel):
    """A range of the Action made anew"""

    bl_idname = "COAMD_PT_edit_dopesheet"
    bl_label = "Edit Motion"
    bl_space_type = "DOPESHEET_EDITOR"
    bl_region_type = "UI"
    bl_category = CATEGORY

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it (draw_edit)."""
        if has_numpy():
            draw_edit(self.layout, context)


class COAMD_PT_take_edited(Sidebar, bpy.types.Panel):
    """The loop, or the motion in place, that the buttons of a take made: decided where they stand"""

    bl_idname = "COAMD_PT_take_edited"
    bl_label = "Edited Take"
    bl_parent_id = "COAMD_PT_takes"
    bl_options = {"HIDE_HEADER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a clip tool has something to show, or to say."""
        waiting = edit.pending.pending(context)
        if waiting is not None:
            return bool(waiting.tool)
        return any(core.session.current().said_in(core.messages.CLIP_TOOLS, context))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what waits and the buttons, or why nothing does."""
        width, waiting = context.region.width, edit.pending.pending(context)
        if waiting is not None:
            _draw_decision(self.layout.box(), waiting, width)
        draw_outcome(self.layout, core.session.current(), context, core.messages.CLIP_TOOLS, width)


CLASSES = (COAMD_PT_edit, COAMD_PT_edit_dopesheet, COAMD_PT_take_edited)
