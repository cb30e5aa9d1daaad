"""The panel Clip Tools of the CoAMD tab. Draws; changes nothing."""

import bpy

from .. import anim, core, edit
from ..core.drawing import Sidebar, draw_labelled, draw_outcome, draw_subject, has_numpy

# Operator, icon and the settings that it takes.
_TOOLS = (
    ("coamd.mirror_motion", "MOD_MIRROR", ()),
    ("coamd.motion_in_place", "ORIENTATION_GLOBAL", ("keep_root",)),
    ("coamd.trim_motion", "FULLSCREEN_EXIT", ()),
    ("coamd.retime_motion", "TIME", ("factor",)),
    ("coamd.smooth_motion", "MOD_SMOOTH", ("reach",)),
    ("coamd.loop_motion", "FILE_REFRESH", ("easing",)),
    ("coamd.blend_motions", "NLA", ("other", "overlap")),
)


class COAMD_PT_clip_tools(Sidebar, bpy.types.Panel):
    """What can be done to any Action without a prompt"""

    bl_idname = "COAMD_PT_clip_tools"
    bl_label = "Clip Tools"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw whose Action is meant, then each tool with its settings."""
        layout, width, settings = self.layout, context.region.width, context.scene.coamd_clips
        if not has_numpy():
            return
        armature = anim.targets.find(context)
        data = None if armature is None else armature.animation_data
        if data is None or data.action is None:
            layout.label(text="Select an armature that plays an Action", icon="INFO")
            return
        first, last = data.action.frame_range
        draw_subject(layout.box(), armature.name, data.action.name, f"Frames {first:.0f} to {last:.0f}")
        waits = edit.pending.pending(context) is not None
        if waits:
            row = layout.row(align=True)
            row.operator("coamd.edit_compare", icon="UV_SYNC_SELECT")
            row.operator("coamd.edit_accept", icon="CHECKMARK")
            row.operator("coamd.edit_reject", icon="X")
        tools = layout.column()
        tools.enabled = not waits
        for name, icon, wanted in _TOOLS:
            tools.operator(name, icon=icon)
            if wanted:
                draw_labelled(tools, settings, *wanted)
        _draw_look(tools, settings)
        draw_outcome(layout, core.session.current(), context, core.messages.CLIP_TOOLS, width)


def _draw_look(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw what is looked at, with what, and the button."""
    layout.operator("coamd.look_at", icon="HIDE_OFF")
    draw_labelled(layout, settings, "target")
    if settings.target is not None and settings.target.type == "ARMATURE":
        row = layout.row()
        row.use_property_split, row.use_property_decorate = True, False
        row.prop_search(settings, "target_bone", settings.target.data, "bones")
    draw_labelled(layout, settings, "look_with", "look_easing")


CLASSES = (COAMD_PT_clip_tools,)
