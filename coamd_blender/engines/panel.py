"""The panel Batch and Export of the CoAMD tab. Draws; changes nothing."""

import bpy

from .. import anim, core
from ..core.drawing import Sidebar, draw_labelled, draw_outcome, draw_progress, has_numpy
from . import rules


class COAMD_PT_engines(Sidebar, bpy.types.Panel):
    """Many clips at once, and files for game engines"""

    bl_idname = "COAMD_PT_engines"
    bl_label = "Batch and Export"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the clips and their button, then the engine's settings and theirs."""
        layout, width, settings = self.layout, context.region.width, context.scene.coamd_engines
        if not has_numpy():
            return
        row = layout.row(align=True)
        row.prop(settings, "clips")
        row.operator("coamd.choose_clips", text="", icon="FILE_FOLDER")
        count = sum(each.type == "ARMATURE" for each in context.view_layer.objects.selected)
        text = f"Retarget onto {count} Characters" if count > 1 else "Retarget Clips"
        layout.operator("coamd.retarget_clips", text=text, icon="ARMATURE_DATA")
        layout.operator("coamd.locomotion_set", icon="PRESET_NEW")
        layout.separator()
        engine = rules.ENGINES[settings.engine]
        wanted = ["engine", "which", "folder", "fps"]
        wanted += ["one_file"] if engine.several else []
        wanted += [] if engine.in_place else ["in_place"]
        draw_labelled(layout, settings, *wanted)
        row = layout.row()
        row.enabled = anim.targets.find(context) is not None
        row.operator("coamd.export_engine", icon="EXPORT")
        current = core.session.current()
        if current.asking:
            draw_progress(layout, current.status, "coamd.stop", 1.0)
        draw_outcome(layout, current, context, core.messages.ENGINES, width)


CLASSES = (COAMD_PT_engines,)
