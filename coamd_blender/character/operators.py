"""The operator that adds CoAMD's own character."""

import bpy
from bpy.props import BoolProperty

from .. import character


class COAMD_OT_add_character(bpy.types.Operator):
    """Add CoAMD's own character at the 3D cursor: an armature with a body"""

    bl_idname = "coamd.add_character"
    bl_label = "Add CoAMD Character"
    bl_options = {"REGISTER", "UNDO"}

    aside: BoolProperty(
        name="Step Aside",
        description="Stand beside what is at the 3D cursor, not inside it, and leave other characters selected",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether Object Mode is on."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Build it there; it becomes the active object."""
        others = [found for found in context.selected_objects if found.type == "ARMATURE"]
        armature = character.figure.create_character(context)
        if self.aside:
            for found in others:
                found.select_set(True)
            own = {armature, *armature.children_recursive}
            armature.location = character.free_place.beside(context, armature.location, own)
        return {"FINISHED"}


CLASSES = (COAMD_OT_add_character,)
