"""Operators for whatever is under way."""

import bpy

from .. import core


class COAMD_OT_stop(bpy.types.Operator):
    """Stop the request; what is indexed already stays"""

    bl_idname = "coamd.stop"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a request is being answered."""
        return core.session.current().asking

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Give it up."""
        core.session.current().cancel()
        return {"FINISHED"}


CLASSES = (COAMD_OT_stop,)
