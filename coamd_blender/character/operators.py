"""The operator that adds CoAMD's own character."""

import bpy

from .. import character


class COAMD_OT_add_character(bpy.types.Operator):
    """Add CoAMD's own character at the 3D cursor: an armature with a body"""

    bl_idname = "coamd.add_character"
    bl_label = "Add CoAMD Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether Object Mode is on."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Build it there; it becomes the active object."""
        character.figure.create_character(context)
        return {"FINISHED"}


CLASSES = (COAMD_OT_add_character,)
