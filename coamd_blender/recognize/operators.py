"""Operators of recognition: poll, call, report."""

from collections.abc import Callable

import bpy
from bpy.props import BoolProperty, EnumProperty

from .. import recognize
from ..core import messages
from ..core.operator_base import Asking, begin, report, wait_property
from ..errors import CoamdError
from .properties import WHICH, COAMD_PG_recognised


class COAMD_OT_recognize(Asking, bpy.types.Operator):
    """Say what the motion is: the likeliest labels, and what happens when"""

    bl_idname = "coamd.recognize"
    bl_label = "Recognize"

    which: EnumProperty(name="Which", description="What is recognized", items=WHICH, options={"SKIP_SAVE"})
    wait: wait_property("the results are there")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the joints and ask the runtime; the results appear in the panel."""
        return begin(self, recognize.workflow.recognize(context, self.which), messages.RECOGNIZE, wait=self.wait)


class _OnResults:
    """On with results of a recognition; acts on the chosen one, or on all."""

    all: BoolProperty(name="All", description="All results and not only the chosen one", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are results."""
        found = context.window_manager.coamd
        if not any(result.guesses for result in found.recognised):
            cls.poll_message_set("Recognize something first")
            return False
        return True

    def _chosen(self, context: bpy.types.Context) -> list[COAMD_PG_recognised]:
        found = context.window_manager.coamd
        chosen = found.recognised if self.all else found.recognised[found.recognised_index : found.recognised_index + 1]
        return [result for result in chosen if result.guesses]


class COAMD_OT_name_actions(_OnResults, bpy.types.Operator):
    """Name the Action by its likeliest label; one that is unknown keeps its name"""

    bl_idname = "coamd.name_actions"
    bl_label = "Name Action"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Rename."""
        return _finish(self, lambda: f"Named {recognize.workflow.name_actions(self._chosen(context))} Actions")


class COAMD_OT_tag_assets(_OnResults, bpy.types.Operator):
    """Mark the Action as an asset, tagged with its likely labels"""

    bl_idname = "coamd.tag_assets"
    bl_label = "Tag as Asset"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Mark and tag."""
        return _finish(self, lambda: f"Tagged {recognize.workflow.tag_assets(self._chosen(context))} Actions")


class COAMD_OT_set_markers(_OnResults, bpy.types.Operator):
    """Put a timeline marker where each part of the motion begins, named by what it is"""

    bl_idname = "coamd.set_markers"
    bl_label = "Set Markers"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set them."""

        def work() -> str:
            chosen = self._chosen(context)
            return f"Set {sum(recognize.workflow.set_markers(context.scene, result) for result in chosen)} markers"

        return _finish(self, work)


def _finish(operator: bpy.types.Operator, work: Callable[[], str]) -> set[str]:
    try:
        operator.report({"INFO"}, work())
    except CoamdError as error:
        return report(operator, error)
    return {"FINISHED"}


class COAMD_OT_set_range(bpy.types.Operator):
    """Take the range from the preview range, or else from the scene"""

    bl_idname = "coamd.set_range"
    bl_label = "From Scene"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy it."""
        scene, settings = context.scene, context.scene.coamd_understanding
        preview = scene.use_preview_range
        settings.first = scene.frame_preview_start if preview else scene.frame_start
        settings.last = scene.frame_preview_end if preview else scene.frame_end
        settings.use_range = True
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_recognize,
    COAMD_OT_name_actions,
    COAMD_OT_tag_assets,
    COAMD_OT_set_markers,
    COAMD_OT_set_range,
)
