"""Operators of teaching: poll, call, report."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from .. import core, generate, teach
from ..core import messages
from ..core.operator_base import Asking, begin, report, wait_property
from ..errors import CoamdError, InputError
from ..motion.files import RUNTIME_FILES
from ..recognize.properties import WHICH

if TYPE_CHECKING:
    from ..teach.work import State


class COAMD_OT_lesson_add(bpy.types.Operator):
    """Add Actions to what is taught"""

    bl_idname = "coamd.lesson_add"
    bl_label = "Add Action"
    bl_options = {"REGISTER", "UNDO"}

    which: EnumProperty(name="Which", description="What is added", items=WHICH, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add what is meant."""
        try:
            count = teach.lessons.add_actions(context, context.scene.coamd_teach, self.which)
        except CoamdError as error:
            return report(self, error)
        self.report({"INFO"}, f"Added {count}")
        return {"FINISHED"}


class COAMD_OT_lesson_add_file(bpy.types.Operator, ImportHelper):
    """Add a clip's file to what is taught"""

    bl_idname = "coamd.lesson_add_file"
    bl_label = "Add Clip File"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(default=";".join(f"*{suffix}" for suffix in RUNTIME_FILES), options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it."""
        try:
            teach.lessons.add_file(context.scene.coamd_teach, Path(self.filepath))
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class COAMD_OT_lesson_remove(bpy.types.Operator):
    """Take the chosen entry off the list; the Action or the file stays"""

    bl_idname = "coamd.lesson_remove"
    bl_label = "Remove Entry"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are entries."""
        if not context.scene.coamd_teach.lessons:
            cls.poll_message_set("The list is empty")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        settings = context.scene.coamd_teach
        settings.lessons.remove(settings.lesson_index)
        settings.lesson_index = max(0, min(settings.lesson_index, len(settings.lessons) - 1))
        return {"FINISHED"}


class COAMD_OT_lesson_propose(Asking, bpy.types.Operator):
    """Fill in the sentences that are empty, by what the recogniser finds the motions to be"""

    bl_idname = "coamd.lesson_propose"
    bl_label = "Propose"

    wait: wait_property("the sentences are there")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the Actions and ask the runtime."""
        return begin(self, teach.workflow.propose(context), messages.TEACH, wait=self.wait)


class COAMD_OT_teach(Asking, bpy.types.Operator):
    """Teach the listed clips as a style. It works beside Blender, goes on when Blender ends, and can be paused"""

    bl_idname = "coamd.teach"
    bl_label = "Teach"

    wait: wait_property("the clips are written and the teaching has begun")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the clips and begin."""
        return begin(self, teach.workflow.teach(context), messages.TEACH, wait=self.wait)


class _OnStyle:
    """Acts on the style ``name``."""

    name: StringProperty(name="Name", description="The style's name", options={"SKIP_SAVE"})

    def _told(self, work: Callable[["State"], None]) -> set[str]:
        try:
            work(teach.work.named(self.name))
        except CoamdError as error:
            return report(self, error)
        core.timer.redraw(viewport=False)
        return {"FINISHED"}


class COAMD_OT_teach_pause(_OnStyle, bpy.types.Operator):
    """Pause the teaching; what is learnt is kept"""

    bl_idname = "coamd.teach_pause"
    bl_label = "Pause"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the process to end."""
        return self._told(teach.work.pause)


class COAMD_OT_teach_resume(_OnStyle, bpy.types.Operator):
    """Go on teaching where it was stopped"""

    bl_idname = "coamd.teach_resume"
    bl_label = "Resume"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin the process again."""
        return self._told(teach.work.start)


class COAMD_OT_teach_remove(_OnStyle, bpy.types.Operator):
    """Delete the style, the copies of its clips and what was learnt; this cannot be undone"""

    bl_idname = "coamd.teach_remove"
    bl_label = "Remove Style"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete it, and take it off."""
        result = self._told(teach.work.remove)
        if result == {"FINISHED"}:
            generate.styles.take_off(context.scene.coamd, self.name)
        return result


class COAMD_OT_teach_preview(_OnStyle, bpy.types.Operator):
    """Make what is being taught, in the style as far as it has come"""

    bl_idname = "coamd.teach_preview"
    bl_label = "Preview"

    wait: wait_property()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a motion can be made."""
        return bpy.types.COAMD_OT_generate.poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put the style on and generate its sentence."""
        try:
            steps = teach.workflow.preview(context, self.name)
        except CoamdError as error:
            return report(self, error)
        return begin(self, steps, messages.GENERATE, core.session.GENERATION, self.wait)


class COAMD_OT_style_add(_OnStyle, bpy.types.Operator):
    """Put this style on: motions are made in it until it is switched off"""

    bl_idname = "coamd.style_add"
    bl_label = "Put On"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """List it, switched on."""
        told = next((told for told in teach.styles.found() if told.name == self.name), None)
        if told is None:
            return report(self, InputError(f"There is no style {self.name!r}", "Teach it first"))
        generate.styles.put_on(context.scene.coamd, told.name, told.path)
        return {"FINISHED"}


class COAMD_OT_style_remove(_OnStyle, bpy.types.Operator):
    """Take this style off; its file stays"""

    bl_idname = "coamd.style_remove"
    bl_label = "Take Off"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take it off the list."""
        generate.styles.take_off(context.scene.coamd, self.name)
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_lesson_add,
    COAMD_OT_lesson_add_file,
    COAMD_OT_lesson_remove,
    COAMD_OT_lesson_propose,
    COAMD_OT_teach,
    COAMD_OT_teach_pause,
    COAMD_OT_teach_resume,
    COAMD_OT_teach_remove,
    COAMD_OT_teach_preview,
    COAMD_OT_style_add,
    COAMD_OT_style_remove,
)
