"""The panels Recognize and Clip Library of the CoAMD tab. Draws; changes nothing."""

from importlib.util import find_spec

import bpy

from ..generate.panel import Sidebar, draw_missing_runtime, draw_outcome, draw_text
from ..setup import preferences

SHOWN_PROBLEMS = 4


def _ready(layout, context, width) -> bool:
    """Draw what is amiss or under way; True when requests can be made."""
    from ..core import session
    from ..setup import workflow as setup_workflow

    current = session.current()
    problem = setup_workflow.problem(preferences.get(context))
    if current.asking and not current.running:
        row = layout.row(align=True)
        row.scale_y = 1.3
        row.progress(factor=current.status.fraction, text=current.status.text)
        row.operator("coamd.stop", text="", icon="X")
        return False
    if problem is not None:
        draw_missing_runtime(layout, problem, width)
        return False
    return True


def _draw_range(layout, settings) -> None:
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

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0):
        """One row."""
        if item.problem:
            layout.label(text=f"{item.name}: {item.problem}", icon="ERROR")
            return
        row = layout.row()
        row.label(text=item.name, icon="ACTION")
        best = item.guesses[0] if item.guesses else None
        row.label(text=f"{best.label}  {best.score:.0%}" if best else "...")


class COAMD_PT_recognize(Sidebar, bpy.types.Panel):
    """What a motion is"""

    bl_idname = "COAMD_PT_recognize"
    bl_label = "Recognize"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Settings, the button, then the results."""
        layout, width = self.layout, context.region.width
        if find_spec("numpy") is None:
            return
        settings, found = context.scene.coamd_understanding, context.window_manager.coamd
        layout.prop(settings, "which", text="")
        if settings.which == "ACTIVE":
            _draw_range(layout, settings)
        row = layout.row()
        row.prop(settings, "use_words")
        if settings.use_words:
            layout.prop(settings, "words", text="")
        if _ready(layout, context, width):
            row = layout.row()
            row.scale_y = 1.3
            row.operator("coamd.recognize", icon="VIEWZOOM").which = settings.which
        if not found.recognised:
            return
        if len(found.recognised) > 1:
            layout.template_list("COAMD_UL_recognised", "", found, "recognised", found, "recognised_index", rows=3)
        if found.recognised_index < len(found.recognised):
            _draw_result(layout, found.recognised[found.recognised_index], width)
        _draw_uses(layout, len(found.recognised) > 1)


def _draw_result(layout, result, width) -> None:
    box = layout.box()
    if result.problem:
        draw_text(box, result.problem, width, "ERROR")
        return
    box.label(text=result.name, icon="ACTION")
    column = box.column(align=True)
    for guess in result.guesses:
        column.progress(factor=guess.score, text=f"{guess.label}   {guess.score:.0%}")
    if len(result.stretches) > 1:
        column = box.column(align=True)
        for stretch in result.stretches:
            column.label(text=f"{stretch.start:.0f} - {stretch.stop:.0f}   {stretch.label}   {stretch.score:.0%}")
    for note in filter(None, result.notes.split("\n")):
        draw_text(box, note, width, "INFO")


def _draw_uses(layout, several: bool) -> None:
    for name, icon in (("coamd.name_actions", "SORTALPHA"), ("coamd.tag_assets", "ASSET_MANAGER"),
                       ("coamd.set_markers", "MARKER_HLT")):  # fmt: skip
        row = layout.row(align=True)
        row.operator(name, icon=icon)
        if several:
            row.operator(name, text="All").all = True


class COAMD_UL_hits(bpy.types.UIList):
    """Clips that were found: filmstrip, name, score, length, licence"""

    bl_idname = "COAMD_UL_hits"

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0):
        """One row."""
        from ..library import thumbnails

        row = layout.row(align=True)
        picture = thumbnails.icon_id(item.thumbnail)
        row.label(text=item.name, **({"icon_value": picture} if picture else {"icon": "ACTION"}))
        facts = row.row()
        facts.alignment = "RIGHT"
        facts.label(text=f"{item.score:.2f}  {item.seconds:.1f} s  {item.licence}")


class COAMD_PT_library(Sidebar, bpy.types.Panel):
    """Clips found by words or by motion, and put onto the character"""

    bl_idname = "COAMD_PT_library"
    bl_label = "Clip Library"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """What to search for, the results, what to do with the chosen one."""
        from ..core import session

        layout, width = self.layout, context.region.width
        if find_spec("numpy") is None:
            return
        settings, found = context.scene.coamd_understanding, context.window_manager.coamd
        layout.row().prop(settings, "by", expand=True)
        if settings.by != "ACTION":
            layout.prop(settings, "text", text="", icon="VIEWZOOM")
        if settings.by != "WORDS":
            _draw_range(layout, settings)
        ready = _ready(layout, context, width)
        if ready:
            row = layout.row()
            row.scale_y = 1.3
            row.operator("coamd.search", icon="VIEWZOOM")
        if found.hits:
            layout.template_list("COAMD_UL_hits", "", found, "hits", found, "hit_index", rows=6)
            if found.hit_index < len(found.hits):
                _draw_hit(layout, found.hits[found.hit_index], settings, width)
        draw_outcome(layout, session.current(), width)


def _draw_hit(layout, hit, settings, width) -> None:
    from ..library import thumbnails

    box = layout.box()
    picture = thumbnails.icon_id(hit.thumbnail)
    if picture:
        box.template_icon(picture, scale=9.0)
    draw_text(box, hit.path.rpartition("/")[2], width)
    details = box.column()
    details.active = False
    part = f"best part {hit.start / 20:.1f} to {hit.stop / 20:.1f} s"
    draw_text(details, f"Score {hit.score:.2f}, {hit.seconds:.1f} s, {part}", width)
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

    def draw(self, context):
        """The library's folder, the button, what could not be read."""
        layout, width = self.layout, context.region.width
        layout.prop(context.scene.coamd_understanding, "library", text="")
        layout.operator("coamd.index_folder", icon="FILE_FOLDER")
        problems = [line for line in context.window_manager.coamd.problems.split("\n") if line]
        for line in problems[:SHOWN_PROBLEMS]:
            draw_text(layout, line, width, "ERROR")
        if len(problems) > SHOWN_PROBLEMS:
            layout.label(text=f"and {len(problems) - SHOWN_PROBLEMS} more")


CLASSES = (COAMD_UL_recognised, COAMD_UL_hits, COAMD_PT_recognize, COAMD_PT_library, COAMD_PT_index)
