"""Operators of finger shapes: poll, call, report."""

import bpy
from bpy.props import EnumProperty

from .. import anim, fingers
from ..core.operator_base import in_usable_mode, report
from ..errors import CoamdError
from . import properties

_SIDES = {"BOTH": ("left", "right"), "LEFT": ("left",), "RIGHT": ("right",)}


class COAMD_OT_finger_shape(bpy.types.Operator):
    """Key a shape of the hands at the current frame; until then fingers stay as they are"""

    bl_idname = "coamd.finger_shape"
    bl_label = "Finger Shape"
    bl_options = {"REGISTER", "UNDO"}

    shape: EnumProperty(name="Shape", description="What the hands do", items=properties.SHAPES, options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip of the shape's button."""
        told = cls.bl_rna.properties.get("shape") or properties.bl_rna.properties["shape"]
        return f"{told.enum_items[properties.shape].description}. Keyed at the current frame"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is an armature, in a mode in which keys can be written."""
        if anim.targets.find(context) is None:
            cls.poll_message_set("Select an armature")
            return False
        return in_usable_mode(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Key it."""
        settings = context.scene.coamd_fingers
        try:
            armature = anim.targets.require(context)
            sides, frame = _SIDES[settings.hands], context.scene.frame_current
            count = fingers.keying.key(armature, self.shape, sides, frame, settings.easing)
        except CoamdError as error:
            return report(self, error)
        self.report({"INFO"}, f"{count} finger bones keyed at frame {frame}")
        return {"FINISHED"}


CLASSES = (COAMD_OT_finger_shape,)
