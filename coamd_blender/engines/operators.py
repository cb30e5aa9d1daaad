"""Operators of batch and export: poll, call, report."""

import bpy
from bpy.props import StringProperty

from .. import engines
from ..core import messages
from ..core.operator_base import Asking, begin, wait_property


class COAMD_OT_export_engine(Asking, bpy.types.Operator):
    """Write the character's Actions as files for a game engine, the way and the heading on the root bone"""

    bl_idname = "coamd.export_engine"
    bl_label = "Export for Engine"

    wait: wait_property("the files are written")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin it; the timer does the rest, or this call when it is to wait."""
        return begin(self, engines.workflow.export(context), messages.ENGINES, wait=self.wait)


class COAMD_OT_retarget_clips(Asking, bpy.types.Operator):
    """Put the clip, or every clip of the folder, on every selected character, an Action each"""

    bl_idname = "coamd.retarget_clips"
    bl_label = "Retarget Clips"

    wait: wait_property()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin it; the timer does the rest, or this call when it is to wait."""
        return begin(self, engines.workflow.batch(context), messages.ENGINES, wait=self.wait)


class COAMD_OT_locomotion_set(Asking, bpy.types.Operator):
    """Make idle, walk, run, strafes, turns, a start, a stop and a jump that fit each other, an Action each"""

    bl_idname = "coamd.locomotion_set"
    bl_label = "Make Locomotion Set"

    wait: wait_property("the Actions are made")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin it; the timer does the rest, or this call when it is to wait."""
        return begin(self, engines.workflow.locomotion_set(context), messages.ENGINES, wait=self.wait)


class COAMD_OT_choose_clips(bpy.types.Operator):
    """Choose the folder of clips"""

    bl_idname = "coamd.choose_clips"
    bl_label = "Choose Folder"
    bl_options = {"INTERNAL", "UNDO"}

    directory: StringProperty(name="Folder", description="Of the clips", subtype="DIR_PATH")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Note it."""
        context.scene.coamd_engines.clips = self.directory
        return {"FINISHED"}


CLASSES = (COAMD_OT_export_engine, COAMD_OT_retarget_clips, COAMD_OT_locomotion_set, COAMD_OT_choose_clips)
