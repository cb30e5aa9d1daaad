"""The switch of live in-between, beneath Edit Motion. Draws; changes nothing."""

from __future__ import annotations

import bpy

from .. import edit
from ..core.drawing import CATEGORY, Sidebar, draw_text, has_numpy
from ..core.operator_base import report
from ..errors import CoamdError


class COAMD_OT_live_edit(bpy.types.Operator):
    """While this is on, a pose that you move inside the range is kept, and what is around it is made anew"""

    bl_idname = "coamd.live_edit"
    bl_label = "Live In-Between"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether an edit waits."""
        if edit.pending.pending(context) is None:
            cls.poll_message_set("No edit waits to be accepted")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn it on or off."""
        if edit.live.on():
            edit.live.stop()
            return {"FINISHED"}
        try:
            edit.live.start(context)
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class _Live:
    """Shown while an edit waits that can be made anew."""

    bl_label = "Live"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether one does."""
        waiting = edit.pending.pending(context) if has_numpy() else None
        return waiting is not None and not waiting.tool

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the switch, and the poses that are kept."""
        layout, on = self.layout, edit.live.on()
        layout.operator("coamd.live_edit", icon="REC", depress=on)
        kept = edit.live.poses(context.scene.coamd_edit.preview)
        told = "Move a pose inside the range" if on and not kept else ""
        told = f"Poses kept at {', '.join(map(str, kept))}" if kept else told
        if told:
            draw_text(layout, told, context.region.width, "INFO")


class COAMD_PT_live(_Live, Sidebar, bpy.types.Panel):
    """Poses moved while the edit waits"""

    bl_idname = "COAMD_PT_live"
    bl_parent_id = "COAMD_PT_edit"


class COAMD_PT_live_dopesheet(_Live, bpy.types.Panel):
    """Poses moved while the edit waits"""

    bl_idname = "COAMD_PT_live_dopesheet"
    bl_parent_id = "COAMD_PT_edit_dopesheet"
    bl_space_type = "DOPESHEET_EDITOR"
    bl_region_type = "UI"
    bl_category = CATEGORY


CLASSES = (COAMD_OT_live_edit, COAMD_PT_live, COAMD_PT_live_dopesheet)
