"""The panel Hands of the CoAMD tab. Draws; changes nothing."""

import bpy

from .. import anim
from ..core.drawing import Sidebar, draw_labelled, draw_subject, has_numpy
from .properties import SHAPES


class COAMD_PT_fingers(Sidebar, bpy.types.Panel):
    """Shapes of the hands, keyed at the current frame"""

    bl_idname = "COAMD_PT_fingers"
    bl_label = "Hands"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw whose hands are meant, then a button a shape."""
        layout, settings = self.layout, context.scene.coamd_fingers
        if not has_numpy():
            return
        armature = anim.targets.find(context)
        if armature is None:
            layout.label(text="No armature selected", icon="INFO")
            return
        data = armature.animation_data
        action = data.action.name if data is not None and data.action is not None else "A new Action"
        draw_subject(layout.box(), armature.name, action, f"Keys at frame {context.scene.frame_current}")
        draw_labelled(layout, settings, "hands", "easing")
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for shape, label, _ in SHAPES:
            grid.operator("coamd.finger_shape", text=label).shape = shape


CLASSES = (COAMD_PT_fingers,)
