"""The panel Track of the CoAMD tab, here and in the Dope Sheet. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import anim, core
from ..blocks import arrange, tracks
from ..core.drawing import CATEGORY, Sidebar, draw_end, draw_labelled, draw_outcome, draw_subject, draw_text, has_numpy
from ..edit.panel import draw_free
from ..wire import room

if TYPE_CHECKING:
    from ..blocks.properties import COAMD_PG_block

ICONS = {tracks.MADE: "CHECKMARK", tracks.CHANGED: "FILE_REFRESH", tracks.NEW: "ADD"}


class COAMD_UL_blocks(bpy.types.UIList):
    """Blocks of a track: whether it is made, its sentence, its frames"""

    bl_idname = "COAMD_UL_blocks"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: object,
        item: COAMD_PG_block,
        icon: int,
        active_data: object,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        """Draw one row, edited in place."""
        row = layout.row(align=True)
        row.prop(item, "prompt", text="", emboss=False, icon=ICONS[_state(item.id_data, index)])
        frames = row.row(align=True)
        frames.ui_units_x = 3.0
        frames.prop(item, "frames", text="", emboss=False)


def _state(armature: bpy.types.Object, index: int) -> str:
    """Return the state of a block; of one beyond those that are read, that it is new."""
    states = tracks.states(armature)
    return states[index] if index < len(states) else tracks.NEW


class COAMD_MT_block(bpy.types.Menu):
    """What can be done to a block"""

    bl_idname = "COAMD_MT_block"
    bl_label = "Block"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what makes it anew, then what changes the row."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("coamd.generate_track", text="Generate What Has Changed", icon="PLAY")
        layout.separator()
        layout.operator("coamd.regenerate_block", text="Regenerate", icon="FILE_REFRESH").how = "NEW_SEED"
        layout.operator("coamd.regenerate_block", text="Reuse Seed", icon="RECOVER_LAST").how = "SAME_SEED"
        layout.operator("coamd.in_between", text="In-Between", icon="IPO_EASE_IN_OUT")
        layout.operator("coamd.regenerate_block", text="From Here On", icon="TRACKING_FORWARDS").how = "ONWARD"
        layout.separator()
        layout.operator("coamd.block_split", text="Split at Playhead", icon="UV_EDGESEL")
        layout.operator("coamd.block_add", text="Insert behind It", icon="ADD").insert = True
        layout.operator("coamd.block_duplicate", text="Duplicate", icon="DUPLICATE")
        layout.operator("coamd.block_remove", text="Remove", icon="REMOVE")
        layout.separator()
        layout.operator("coamd.blocks_of_action", icon="ACTION")


def draw_track(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the list of blocks, the chosen one, what becomes of the end, the button."""
    width, armature = context.region.width, anim.targets.find(context)
    if armature is None:
        layout.label(text="No armature selected", icon="INFO")
        return
    track, row, states = armature.coamd_track, tracks.read(armature), tracks.states(armature)
    chosen = tracks.chosen_place(armature)
    _draw_subject(layout, armature, row, states)
    _draw_list(layout, track)
    if chosen is not None:
        _draw_block(layout, context, track.blocks[chosen], row[chosen], width)
    ending = layout.column()
    ending.active = all(state == tracks.NEW for state in states)
    draw_labelled(ending, track, "loop")
    ending.prop(track, "in_place")
    if draw_free(layout, context, width):
        button = layout.row()
        button.scale_y = 1.5
        left = len(row) - states.count(tracks.MADE)
        button.enabled = left > 0
        some = 0 < left < len(row)
        text = "Generate Track" if not some else f"Generate {left} Block{'s' if left > 1 else ''}"
        button.operator("coamd.generate_track", text=text, icon="PLAY")
        layout.operator("coamd.play_motion", icon="PLAY")
    draw_outcome(layout, core.session.current(), context, core.messages.TRACK, width)
    draw_end(layout, context, width)


def _draw_subject(layout: bpy.types.UILayout, armature: bpy.types.Object, row: arrange.Row, states: list[str]) -> None:
    """Draw whose track it is, and whether a new Action or a copy of the one that plays is made."""
    action = tracks.played(armature)
    made = any(state != tracks.NEW for state in states)
    goes_on = action is not None and row and (made or action.frame_range[0] < row[0].start)
    name = f"{action.name}, in a copy" if goes_on else "A new Action"
    blocks = f"{len(row)} block{'s' if len(row) > 1 else ''}"
    frames = f"{blocks}, frames {row[0].start} to {row[-1].end}" if row else "No blocks yet"
    draw_subject(layout.box(), armature.name, name, frames)


def _draw_list(layout: bpy.types.UILayout, track: bpy.types.PropertyGroup) -> None:
    row = layout.row()
    row.template_list("COAMD_UL_blocks", "", track, "blocks", track, "index", rows=5)
    column = row.column(align=True)
    column.operator("coamd.block_add", text="", icon="ADD")
    column.operator("coamd.block_remove", text="", icon="REMOVE")
    column.menu("COAMD_MT_block", text="", icon="DOWNARROW_HLT")
    column.separator()
    column.operator("coamd.block_move", text="", icon="TRIA_UP").direction = "UP"
    column.operator("coamd.block_move", text="", icon="TRIA_DOWN").direction = "DOWN"


def _draw_block(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    entry: COAMD_PG_block,
    block: arrange.Block,
    width: float,
) -> None:
    """Draw the chosen block's sentence, frames and seed, and what can be done to it."""
    scene = context.scene
    seconds = block.frames * scene.render.fps_base / scene.render.fps
    box = layout.box()
    box.prop(entry, "prompt", text="")
    if room.lacking(block.prompt, seconds):
        draw_text(box, f"{seconds:.1f} s are short for this: it may be left out", width, "ERROR")
    column = box.column(align=True)
    row = column.row(align=True)
    row.prop(entry, "gap")
    row.prop(entry, "frames")
    column.prop(entry, "seed")
    row = column.row(align=True)
    row.active = False
    row.label(text=f"Frames {block.start} to {block.end}, {seconds:.1f} s")
    column = box.column(align=True)
    row = column.row(align=True)
    row.operator("coamd.block_split", text="Split", icon="UV_EDGESEL")
    row.operator("coamd.block_duplicate", text="Duplicate", icon="DUPLICATE")
    column.operator("coamd.regenerate_block", text="Regenerate", icon="FILE_REFRESH").how = "NEW_SEED"


class COAMD_PT_track(Sidebar, bpy.types.Panel):
    """What the character does, block by block"""

    bl_idname = "COAMD_PT_track"
    bl_label = "Track"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it (draw_track)."""
        if has_numpy():
            draw_track(self.layout, context)


class COAMD_PT_track_dopesheet(bpy.types.Panel):
    """What the character does, block by block"""

    bl_idname = "COAMD_PT_track_dopesheet"
    bl_label = "Track"
    bl_space_type = "DOPESHEET_EDITOR"
    bl_region_type = "UI"
    bl_category = CATEGORY

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it (draw_track)."""
        if has_numpy():
            draw_track(self.layout, context)


CLASSES = (COAMD_UL_blocks, COAMD_MT_block, COAMD_PT_track, COAMD_PT_track_dopesheet)
