"""The panels Clip Library and Folders of the CoAMD tab. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import core
from ..core.drawing import Sidebar, draw_outcome, draw_text, has_numpy
from ..recognize.panel import draw_range
from ..setup.panel import draw_ready

if TYPE_CHECKING:
    from .properties import COAMD_PG_hit, COAMD_PG_understanding

SHOWN_PROBLEMS = 4


class COAMD_UL_hits(bpy.types.UIList):
    """Clips that were found: filmstrip, name, score, length, licence"""

    bl_idname = "COAMD_UL_hits"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: object,
        item: COAMD_PG_hit,
        icon: int,
        active_data: object,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        """Draw one row."""
        row = layout.row(align=True)
        picture = core.thumbnails.icon_id(item.thumbnail)
        row.label(text=item.name, **({"icon_value": picture} if picture else {"icon": "ACTION"}))
        facts = row.row()
        facts.alignment = "RIGHT"
        facts.label(text=f"{item.score:.0%}  {item.seconds:.1f} s  {item.licence}")


class COAMD_PT_library(Sidebar, bpy.types.Panel):
    """Clips found by words or by motion, and put onto the character"""

    bl_idname = "COAMD_PT_library"
    bl_label = "Clip Library"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what to search for, the results, what to do with the chosen one."""
        layout, width = self.layout, context.region.width
        if not has_numpy():
            return
        settings, found = context.scene.coamd_understanding, context.window_manager.coamd
        layout.row().prop(settings, "by", expand=True)
        if settings.by != "ACTION":
            layout.prop(settings, "text", text="", icon="VIEWZOOM")
        if settings.by != "WORDS":
            draw_range(layout, settings)
        ready = draw_ready(layout, context, width)
        if ready:
            row = layout.row()
            row.scale_y = 1.3
            row.operator("coamd.search", icon="VIEWZOOM")
        if found.hits:
            layout.template_list("COAMD_UL_hits", "", found, "hits", found, "hit_index", rows=6)
            if found.hit_index < len(found.hits):
                _draw_hit(layout, found.hits[found.hit_index], settings, width)
        draw_outcome(layout, core.session.current(), context, core.messages.LIBRARY, width)


def _draw_hit(layout: bpy.types.UILayout, hit: COAMD_PG_hit, settings: COAMD_PG_understanding, width: float) -> None:
    box = layout.box()
    picture = core.thumbnails.icon_id(hit.thumbnail)
    if picture:
        box.template_icon(picture, scale=9.0)
    draw_text(box, hit.path.rpartition("/")[2], width)
    details = box.column()
    details.active = False
    part = f"best part {hit.start / 20:.1f} to {hit.stop / 20:.1f} s"
    draw_text(details, f"Fits with a chance of {hit.score:.0%}, {hit.seconds:.1f} s, {part}", width)
    origin = hit.source.partition(", http")[0]
    draw_text(details, ", ".join(filter(None, (hit.licence, origin))) or "No licence noted", width)
    if hit.status != "here":
        draw_text(box, f"The file is {hit.status}; the library keeps the clip", width, "INFO")
    row = layout.row(align=True)
    row.prop(settings, "place_as", expand=True)
    layout.prop(settings, "whole")
    row = layout.row(align=True)
    row.scale_y = 1.3
    row.operator("coamd.apply_clip", icon="IMPORT")
    row.operator("coamd.mark_clip", text="", icon="ASSET_MANAGER")


class COAMD_PT_index(Sidebar, bpy.types.Panel):
    """Which library, and what goes into it"""

    bl_idname = "COAMD_PT_index"
    bl_label = "Folders"
    bl_parent_id = "COAMD_PT_library"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the library's folder, the button, what could not be read."""
        layout, width = self.layout, context.region.width
        layout.prop(context.scene.coamd_understanding, "library")
        layout.operator("coamd.index_folder", icon="FILE_FOLDER")
        problems = [line for line in context.window_manager.coamd.problems.split("\n") if line]
        for line in problems[:SHOWN_PROBLEMS]:
            draw_text(layout, line, width, "ERROR")
        if len(problems) > SHOWN_PROBLEMS:
            layout.label(text=f"and {len(problems) - SHOWN_PROBLEMS} more")


CLASSES = (COAMD_UL_hits, COAMD_PT_library, COAMD_PT_index)
