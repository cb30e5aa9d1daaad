"""Operators of several characters: poll, call, report."""

import bpy

from .. import anim, core, crowd
from ..core import messages
from ..core.operator_base import begin, in_usable_mode, report, wait_property
from ..errors import CoamdError


class COAMD_OT_generate_all(bpy.types.Operator):
    """Make a motion for every selected character, kept apart from each other; one undo step"""

    bl_idname = "coamd.generate_all"
    bl_label = "Generate for Selected Characters"

    wait: wait_property()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether no motion is being made, in a mode in which keys can be written."""
        if core.session.current().running:
            cls.poll_message_set("A motion is being made already. Wait for it, or press Cancel")
            return False
        return in_usable_mode(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        return begin(self, crowd.workflow.generate(context), messages.CROWD, core.session.GENERATION, self.wait)


class COAMD_OT_add_crowd(bpy.types.Operator):
    """Add copies of the character around it, placed by seed, and select them all"""

    bl_idname = "coamd.add_crowd"
    bl_label = "Add Crowd"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a character, in Object Mode."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        if anim.targets.find(context) is None:
            cls.poll_message_set("Select one character")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy it."""
        try:
            made = crowd.copies.add(context, anim.targets.require(context))
        except CoamdError as error:
            return report(self, error)
        self.report({"INFO"}, f"{len(made)} copies added and selected")
        return {"FINISHED"}


CLASSES = (COAMD_OT_generate_all, COAMD_OT_add_crowd)
