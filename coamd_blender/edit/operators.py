"""Operators of editing and of the storyboard: poll, call, report."""

from collections.abc import Callable

import bpy
from bpy.props import BoolProperty, EnumProperty

from .. import anim, core, edit
from ..core import messages
from ..core.operator_base import Asking, begin, report, wait_property
from ..errors import CoamdError


class _Requests(Asking):
    """Off while a motion is being made too."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a request can be made."""
        if core.session.current().running:
            cls.poll_message_set("An earlier request is being answered. Wait for it, or press Stop")
            return False
        return super().poll(context)


class COAMD_OT_edit_range(_Requests, bpy.types.Operator):
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


class COAMD_OT_storyboard(_Requests, bpy.types.Operator):
    """Make one long motion from the scenes, at the current frame"""

    bl_idname = "coamd.storyboard"
    bl_label = "Make Storyboard"

    wait: wait_property()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        return begin(self, edit.storyboard.storyboard(context), messages.STORYBOARD, wait=self.wait)


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
        """Swap them."""
        return self._do(edit.pending.accept, context)


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


class COAMD_OT_scene_add(bpy.types.Operator):
    """Add a scene behind the chosen one"""

    bl_idname = "coamd.scene_add"
    bl_label = "Add Scene"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it."""
        settings = context.scene.coamd_edit
        settings.scenes.add()
        place = min(settings.scene_index + 1, len(settings.scenes) - 1)
        settings.scenes.move(len(settings.scenes) - 1, place)
        settings.scene_index = place
        return {"FINISHED"}


class _OnScene:
    """On with scenes in the storyboard."""

    bl_options = {"INTERNAL", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a chosen one."""
        settings = context.scene.coamd_edit
        return settings.scene_index < len(settings.scenes)


class COAMD_OT_scene_remove(_OnScene, bpy.types.Operator):
    """Remove the chosen scene"""

    bl_idname = "coamd.scene_remove"
    bl_label = "Remove Scene"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        settings = context.scene.coamd_edit
        settings.scenes.remove(settings.scene_index)
        settings.scene_index = max(0, min(settings.scene_index, len(settings.scenes) - 1))
        return {"FINISHED"}


class COAMD_OT_scene_move(_OnScene, bpy.types.Operator):
    """Move the chosen scene up or down"""

    bl_idname = "coamd.scene_move"
    bl_label = "Move Scene"

    direction: EnumProperty(
        name="Direction",
        description="Which way it moves",
        items=(("UP", "Up", "Earlier"), ("DOWN", "Down", "Later")),
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Move it."""
        settings = context.scene.coamd_edit
        place = settings.scene_index + (-1 if self.direction == "UP" else 1)
        if not 0 <= place < len(settings.scenes):
            return {"CANCELLED"}
        settings.scenes.move(settings.scene_index, place)
        settings.scene_index = place
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_edit_range,
    COAMD_OT_storyboard,
    COAMD_OT_edit_accept,
    COAMD_OT_edit_reject,
    COAMD_OT_edit_push,
    COAMD_OT_edit_compare,
    COAMD_OT_widen_range,
    COAMD_OT_scene_add,
    COAMD_OT_scene_remove,
    COAMD_OT_scene_move,
)
