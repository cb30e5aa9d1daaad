"""Operators of editing: poll, call, report."""

from collections.abc import Callable

import bpy
from bpy.props import BoolProperty

from .. import anim, core, edit
from ..core import messages
from ..core.operator_base import Requesting, begin, report, wait_property
from ..errors import CoamdError


class COAMD_OT_edit_range(Requesting, bpy.types.Operator):
    """Make the marked range of the Action anew; the Action itself is not touched until you accept"""

    bl_idname = "coamd.edit_range"
    bl_label = "Edit Range"

    wait: wait_property()
    again: BoolProperty(
        name="Again", description="Make another edit in place of the one that waits", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        return begin(self, edit.workflow.edit_range(context, self.again), messages.EDIT, wait=self.wait)


class _Pending:
    """On while an edit waits to be accepted."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether one waits."""
        if edit.pending.pending(context) is None:
            cls.poll_message_set("No edit waits to be accepted")
            return False
        return True

    def _do(self, work: Callable[[bpy.types.Context], None], context: bpy.types.Context) -> set[str]:
        try:
            work(context)
        except CoamdError as error:
            return report(self, error)
        core.session.current().notice = ""
        return {"FINISHED"}


class COAMD_OT_edit_accept(_Pending, bpy.types.Operator):
    """Let the edited Action take the place of the one it was made from"""

    bl_idname = "coamd.edit_accept"
    bl_label = "Accept"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Swap them, and tell where the former one is."""
        settings = context.scene.coamd_edit
        source, keeps = settings.source, settings.keep_source
        panel = messages.CLIP_TOOLS if settings.tool else messages.EDIT
        answer = self._do(edit.pending.accept, context)
        if keeps and answer == {"FINISHED"}:
            core.session.current().tell(f"The former motion is kept as {source.name}", panel)
        return answer


class COAMD_OT_edit_reject(_Pending, bpy.types.Operator):
    """Give the armature its own Action back and delete the edited one"""

    bl_idname = "coamd.edit_reject"
    bl_label = "Reject"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go back."""
        return self._do(edit.pending.reject, context)


class COAMD_OT_edit_push(_Pending, bpy.types.Operator):
    """Put the Action onto an NLA track and the edited range onto another above it"""

    bl_idname = "coamd.edit_push"
    bl_label = "Push to NLA"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the strips."""
        return self._do(edit.pending.push, context)


class COAMD_OT_edit_compare(_Pending, bpy.types.Operator):
    """Show what was there before the edit, or the edit again; nothing is decided"""

    bl_idname = "coamd.edit_compare"
    bl_label = "Before / After"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Play the other one."""
        return self._do(edit.pending.compare, context)


class COAMD_OT_mark_range(bpy.types.Operator):
    """Mark the frames around the current one, as many as the sentence takes"""

    bl_idname = "coamd.mark_range"
    bl_label = "Mark around Playhead"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the frames."""
        settings = context.scene.coamd_edit
        try:
            armature = anim.targets.require(context)
            action = anim.range_edit.require_action(armature)
            start, end = anim.range_edit.extent(action, anim.actions.slot_for(action, armature))
        except CoamdError as error:
            return report(self, error)
        settings.source_of_range = "FRAMES"
        settings.first, settings.last = edit.room.around(context.scene, round(start), round(end))
        return {"FINISHED"}


class COAMD_OT_widen_range(bpy.types.Operator):
    """Make the range long enough for its sentence, as two frames"""

    bl_idname = "coamd.widen_range"
    bl_label = "Widen Range"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the frames."""
        settings = context.scene.coamd_edit
        try:
            armature = anim.targets.require(context)
            waiting = edit.pending.pending(context)
            source = waiting.source if waiting is not None and waiting.armature == armature else None
            action = anim.range_edit.require_action(armature, source)
            first, last = edit.room.widened(context, action, anim.actions.slot_for(action, armature))
        except CoamdError as error:
            return report(self, error)
        settings.source_of_range, settings.first, settings.last = "FRAMES", first, last
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_edit_range,
    COAMD_OT_edit_accept,
    COAMD_OT_edit_reject,
    COAMD_OT_edit_push,
    COAMD_OT_edit_compare,
    COAMD_OT_mark_range,
    COAMD_OT_widen_range,
)
