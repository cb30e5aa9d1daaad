"""The panels Teach, and Styles below Generate Motion, of the CoAMD tab. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import core, teach
from ..core.drawing import Sidebar, draw_outcome, draw_text, has_numpy
from ..setup.panel import draw_ready

if TYPE_CHECKING:
    from .properties import COAMD_PG_lesson
    from .work import State

_ICONS = {"PAUSED": "PAUSE", "FAILED": "ERROR", "TAUGHT": "CHECKMARK"}


class COAMD_UL_lessons(bpy.types.UIList):
    """What is taught: an Action or a clip, and its sentence"""

    bl_idname = "COAMD_UL_lessons"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: object,
        item: COAMD_PG_lesson,
        icon: int,
        active_data: object,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        """Draw one row."""
        row = layout.split(factor=0.35)
        row.label(text=item.name, icon="FILE" if item.file else "ACTION")
        row.prop(item, "sentence", text="", emboss=False, placeholder="What does it show?")


class COAMD_PT_teach(Sidebar, bpy.types.Panel):
    """A style from motions of your own"""

    bl_idname = "COAMD_PT_teach"
    bl_label = "Teach"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list, the button, then what is being taught."""
        layout, width = self.layout, context.region.width
        if not has_numpy():
            return
        settings = context.scene.coamd_teach
        row = layout.row()
        row.template_list("COAMD_UL_lessons", "", settings, "lessons", settings, "lesson_index", rows=4)
        column = row.column(align=True)
        column.operator("coamd.lesson_add", text="", icon="ADD")
        column.operator("coamd.lesson_add_file", text="", icon="FILE_FOLDER")
        column.operator("coamd.lesson_remove", text="", icon="REMOVE")
        row = layout.row(align=True)
        row.operator("coamd.lesson_add", text="Add All Selected").which = "SELECTED"
        row.operator("coamd.lesson_propose", icon="VIEWZOOM")
        if 0 <= settings.lesson_index < len(settings.lessons):
            layout.prop(settings.lessons[settings.lesson_index], "sentence", text="")
        layout.row().prop(settings, "kind", expand=True)
        if settings.kind == teach.properties.MANNER:
            layout.prop(settings, "steps")
        for line in teach.lessons.advice(settings):
            draw_text(layout, line, width, "INFO")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "name")
        column.prop(settings, "licence")
        if draw_ready(layout, context, width):
            row = layout.row()
            row.scale_y = 1.3
            row.operator("coamd.teach", icon="OUTLINER_DATA_ARMATURE")
        for told in teach.work.states():
            _draw_state(layout.box(), told, width)
        draw_outcome(layout, core.session.current(), context, core.messages.TEACH, width)


def _draw_state(box: bpy.types.UILayout, told: State, width: float) -> None:
    """Draw how far a style is, and what can be done with it."""
    if told.phase == "TEACHING":
        teach.work.watch()
        row = box.row(align=True)
        row.progress(factor=told.fraction, text=f"{told.name}: {told.text}")
        row.operator("coamd.teach_pause", text="", icon="PAUSE").name = told.name
    else:
        row = box.row(align=True)
        row.label(text=f"{told.name}: {told.text}" if told.phase != "FAILED" else told.name, icon=_ICONS[told.phase])
        if told.phase in ("PAUSED", "FAILED"):
            row.operator("coamd.teach_resume", text="", icon="PLAY").name = told.name
        row.operator("coamd.teach_remove", text="", icon="TRASH").name = told.name
    if told.phase == "FAILED":
        draw_text(box, told.text, width, "BLANK1")
    for line in told.notes:
        if told.phase != "TAUGHT" or teach.work.is_warning(line):
            draw_text(box, line[:1].upper() + line[1:], width, "INFO")
    if told.so_far is not None or told.phase == "TAUGHT":
        box.operator("coamd.teach_preview", icon="RENDER_ANIMATION").name = told.name


class COAMD_PT_styles(Sidebar, bpy.types.Panel):
    """Taught styles that motions are made in"""

    bl_idname = "COAMD_PT_styles"
    bl_label = "Styles"
    bl_parent_id = "COAMD_PT_main"
    bl_order = 1

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are some."""
        return bool(context.scene.coamd.styles) or bool(teach.styles.found())

    def draw(self, context: bpy.types.Context) -> None:
        """Draw those that are on with their strengths, then the others."""
        rows = context.scene.coamd.styles
        column = self.layout.column(align=True)
        for row in rows:
            line = column.row(align=True)
            line.prop(row, "on", text=row.name)
            value = line.row(align=True)
            value.enabled = row.on
            value.prop(row, "strength", text="", slider=True)
            line.operator("coamd.style_remove", text="", icon="X").name = row.name
        for told in teach.styles.found():
            if told.name not in rows:
                column.operator("coamd.style_add", text=told.name, icon="ADD").name = told.name


CLASSES = (COAMD_UL_lessons, COAMD_PT_teach, COAMD_PT_styles)
