"""The panel Several Characters of the CoAMD tab. Draws; changes nothing."""

from __future__ import annotations

import bpy

from .. import core, crowd, generate
from ..core.drawing import Sidebar, draw_end, draw_labelled, draw_outcome, draw_progress, draw_subject, has_numpy
from ..setup.panel import draw_ready

SHOWN_MEMBERS = 12


class COAMD_PT_crowd(Sidebar, bpy.types.Panel):
    """Motions for all selected characters in one go, and crowds"""

    bl_idname = "COAMD_PT_crowd"
    bl_label = "Several Characters"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw who is meant and what each does, then the button; then what adds a crowd."""
        layout, width, settings = self.layout, context.region.width, context.scene.coamd_crowd
        if not has_numpy():
            return
        cast = crowd.workflow.members(context)
        _draw_subject(layout.box(), context, len(cast))
        draw_labelled(layout, settings, "sentences")
        _draw_members(layout, settings, cast)
        layout.operator("coamd.add_character", icon="ADD").aside = True
        row = layout.row(align=True)
        row.prop(settings, "keep_apart")
        value = row.row()
        value.active = settings.keep_apart
        value.prop(settings, "apart", text="")
        current = core.session.current()
        if current.running:
            draw_progress(layout, current.status, "coamd.cancel", 1.4)
        elif draw_ready(layout, context, width, 1.4):
            row = layout.row()
            row.scale_y = 1.5
            row.enabled = len(cast) > 1
            row.operator("coamd.generate_all", icon="PLAY")
        draw_outcome(layout, current, context, core.messages.CROWD, width)
        draw_end(layout, context, width)
        _draw_crowd(layout, settings)


def _draw_subject(layout: bpy.types.UILayout, context: bpy.types.Context, count: int) -> None:
    """Draw how many are meant, and which Actions and frames are made."""
    first, last = generate.request.span(context.scene, None)
    names = "1 character" if count == 1 else f"{count} characters"
    draw_subject(layout, f"{names} selected", "A new Action each", f"Frames {first} to {last}", _on(context))


def _on(context: bpy.types.Context) -> str:
    """Return which settings of Generate Motion change what is made here, too, and which are one character's; empty for
    none."""
    settings, guides = context.scene.coamd, context.scene.coamd.guides
    on = ", ".join(name for name, own in (("Loop", settings.loop), ("In Place", settings.in_place)) if own)
    lines = [f"{on} {'are' if settings.loop and settings.in_place else 'is'} on"] if on else []
    if guides.start_in_pose or guides.keep_poses or len(guides.places) or guides.hold_target is not None:
        lines.append("Poses, Places and Holds: left out")
    return "; ".join(lines)


def _draw_members(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, cast: list[bpy.types.Object]) -> None:
    """Draw the characters, below each its sentence where it has its own: names may differ in their last letters."""
    column = layout.column(align=True)
    for armature in cast[:SHOWN_MEMBERS]:
        column.label(text=armature.name, icon="ARMATURE_DATA")
        if settings.sentences == "OWN":
            column.prop(armature.coamd_member, "prompt", text="")
    if len(cast) > SHOWN_MEMBERS:
        column.label(text=f"and {len(cast) - SHOWN_MEMBERS} more", icon="BLANK1")


def _draw_crowd(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    box = layout.box()
    box.label(text="Crowd", icon="OUTLINER_OB_GROUP_INSTANCE")
    draw_labelled(box, settings, "count", "spacing", "facing", "seed")
    box.operator("coamd.add_crowd", icon="DUPLICATE")


CLASSES = (COAMD_PT_crowd,)
