"""The panel Recognize of the CoAMD tab. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import core, recognize
from ..core.drawing import Sidebar, draw_labelled, draw_notes, draw_outcome, draw_text, has_numpy
from ..setup.panel import draw_ready

if TYPE_CHECKING:
    from .properties import COAMD_PG_recognised


def draw_range(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw the choice of the frames that recognition and search look at."""
    row = layout.row(align=True)
    row.prop(settings, "use_range")
    row.operator("coamd.set_range", text="", icon="PREVIEW_RANGE")
    if settings.use_range:
        row = layout.row(align=True)
        row.prop(settings, "first")
        row.prop(settings, "last")


class COAMD_UL_recognised(bpy.types.UIList):
    """What was recognised: name, likeliest label, its probability"""

    bl_idname = "COAMD_UL_recognised"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: object,
        item: COAMD_PG_recognised,
        icon: int,
        active_data: object,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        """Draw one row."""
        if item.problem:
            layout.label(text=f"{item.name}: {item.problem}", icon="ERROR")
            return
        split = layout.split(factor=0.42)
        split.label(text=item.name, icon="ACTION")
        row = split.row()
        row.label(text=recognize.workflow.title(item) or "...")
        if item.guesses and not recognize.workflow.several(item):
            score = row.row()
            score.alignment = "RIGHT"
            score.label(text=f"{item.guesses[0].score:.0%}")


class COAMD_PT_recognize(Sidebar, bpy.types.Panel):
    """What a motion is"""

    bl_idname = "COAMD_PT_recognize"
    bl_label = "Recognize"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw settings, the button, then the results."""
        layout, width = self.layout, context.region.width
        if not has_numpy():
            return
        settings, found = context.scene.coamd_understanding, context.window_manager.coamd
        draw_labelled(layout, settings, "which")
        if settings.which == "ACTIVE":
            draw_range(layout, settings)
        row = layout.row()
        row.prop(settings, "use_words")
        if settings.use_words:
            layout.prop(settings, "words", text="", placeholder="walk, wave, sit down")
            if settings.which == "SELECTED":
                layout.prop(settings, "compare")
        if draw_ready(layout, context, width):
            row = layout.row()
            row.scale_y = 1.3
            row.operator("coamd.recognize", icon="VIEWZOOM").which = settings.which
        draw_outcome(layout, core.session.current(), context, core.messages.RECOGNIZE, width)
        if not found.recognised:
            return
        if len(found.recognised) > 1:
            layout.template_list("COAMD_UL_recognised", "", found, "recognised", found, "recognised_index", rows=3)
        if found.recognised_index < len(found.recognised):
            _draw_result(layout, found.recognised[found.recognised_index], width)
        _draw_uses(layout, len(found.recognised) > 1)


def _draw_result(layout: bpy.types.UILayout, result: COAMD_PG_recognised, width: float) -> None:
    box = layout.box()
    if result.problem:
        draw_text(box, result.problem, width, "ERROR")
        return
    box.label(text=result.name, icon="ACTION")
    several = recognize.workflow.several(result)
    if several:
        _draw_stretches(box, result)
    column = box.column(align=True)
    for guess in result.guesses:
        column.progress(factor=guess.score, text=f"{guess.label}   {guess.score:.0%}")
    if len(result.stretches) > 1 and not several:
        _draw_stretches(box, result)
    draw_notes(box, result.notes, width)


def _draw_stretches(layout: bpy.types.UILayout, result: COAMD_PG_recognised) -> None:
    column = layout.column(align=True)
    for stretch in result.stretches:
        column.label(text=f"{stretch.start:.0f} - {stretch.stop:.0f}   {stretch.label}   {stretch.score:.0%}")


def _draw_uses(layout: bpy.types.UILayout, several: bool) -> None:
    for name, icon in (("coamd.name_actions", "SORTALPHA"), ("coamd.tag_assets", "ASSET_MANAGER"),
                       ("coamd.set_markers", "MARKER_HLT")):  # fmt: skip
        row = layout.row(align=True)
        row.operator(name, icon=icon)
        if several:
            row.operator(name, text="All").all = True
    layout.operator("coamd.blocks_of_result", icon="SEQ_STRIP_DUPLICATE")


CLASSES = (COAMD_UL_recognised, COAMD_PT_recognize)
