"""Operators of the runtime: install it, test it, give its memory back, copy what it said."""

import bpy
from bpy.props import BoolProperty, EnumProperty

from .. import core, setup
from ..core.operator_base import report
from ..errors import CoamdError
from . import preferences


class COAMD_OT_copy(bpy.types.Operator):
    """Copy this text to the clipboard"""

    bl_idname = "coamd.copy"
    bl_label = "Copy"
    bl_options = {"INTERNAL"}

    which: EnumProperty(
        name="Which",
        description="What is copied",
        items=(
            ("ERROR", "Error", "The last error, with the runtime's own messages"),
            ("INSTALL", "Installation Log", "What the installation printed"),
            ("TEST", "Test", "What the test of the runtime said"),
        ),
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill the clipboard."""
        text = _text_of(self.which)
        context.window_manager.clipboard = text
        self.report({"INFO"}, f"Copied {len(text.splitlines())} lines")
        return {"FINISHED"}


def _text_of(which: str) -> str:
    if which == "INSTALL":
        return setup.workflow.installer().log if setup.workflow.installer() else ""
    if which == "TEST":
        return str(setup.workflow.test().error or setup.workflow.test().report) if setup.workflow.test() else ""
    current = core.session.current()
    blender = f"Blender {bpy.app.version_string}"
    return "\n".join(part for part in (str(current.error or ""), blender, current.log) if part)


class COAMD_OT_open_preferences(bpy.types.Operator):
    """Open the add-on's preferences, where the runtime is chosen or installed"""

    bl_idname = "coamd.open_preferences"
    bl_label = "Set Up Runtime"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open them on this add-on."""
        bpy.ops.preferences.addon_show(module=preferences.EXTENSION)
        return {"FINISHED"}


class COAMD_OT_unload(bpy.types.Operator):
    """Give the model's memory back; the next generation loads it again"""

    bl_idname = "coamd.unload"
    bl_label = "Unload Model"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the model is in memory and idle."""
        current = core.session.current()
        if current.running or not current.loaded:
            cls.poll_message_set("The model is not in memory" if not current.loaded else "A motion is being made")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the runtime."""
        current = core.session.current()
        current.unload()
        core.timer.start(current.tick)
        return {"FINISHED"}


def _is_idle(operator: type[bpy.types.Operator]) -> bool:
    """Return whether neither an installation nor a test runs, for the poll of ``operator``, which explains itself."""
    if setup.workflow.busy():
        operator.poll_message_set("It is running already")
        return False
    return True


class COAMD_OT_allow_online(bpy.types.Operator):
    """Let Blender go online, so that the runtime's packages can be downloaded. Nothing else of CoAMD does"""

    bl_idname = "coamd.allow_online"
    bl_label = "Allow Online Access"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether it can be allowed here: the command line may forbid it."""
        if not bpy.app.online_access and bpy.app.online_access_override:
            cls.poll_message_set("Blender was started with --offline-mode. Start it without, or choose wheels")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn it on in the preferences."""
        context.preferences.system.use_online_access = True
        return {"FINISHED"}


class COAMD_OT_install(bpy.types.Operator):
    """Download and install the runtime's Python packages into CoAMD's own folder"""

    bl_idname = "coamd.install"
    bl_label = "Install Runtime"
    bl_options = {"INTERNAL"}

    repair: BoolProperty(name="Repair", description="Make all of it anew, whatever is there", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether it may begin: nothing of the kind runs, and Blender may go online."""
        if not _is_idle(cls):
            return False
        settings = preferences.get(context)
        if not bpy.app.online_access and (settings is None or not settings.wheels):
            cls.poll_message_set("Turn on Preferences > System > Network > Allow Online Access, or choose wheels")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the thread."""
        try:
            core.session.close()
            setup.workflow.install(preferences.get(context), self.repair)
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class COAMD_OT_cancel_install(bpy.types.Operator):
    """Stop the installation; pressing Install again goes on where it stopped"""

    bl_idname = "coamd.cancel_install"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask for the stop."""
        if setup.workflow.installer() is not None:
            setup.workflow.installer().cancel()
        return {"FINISHED"}


class COAMD_OT_uninstall(bpy.types.Operator):
    """Delete the installed runtime and give its disk space back"""

    bl_idname = "coamd.uninstall"
    bl_label = "Remove Runtime"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End the process that uses the files, then delete them."""
        try:
            core.session.close()
            setup.workflow.uninstall()
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class COAMD_OT_test(bpy.types.Operator):
    """Try the interpreter, its packages, the runtime and its weights once, down to a motion of one second"""

    bl_idname = "coamd.test"
    bl_label = "Test"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether nothing of the kind runs."""
        return _is_idle(cls)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the thread; in background mode wait for it."""
        try:
            test = setup.workflow.start_test(preferences.get(context))
        except CoamdError as error:
            return report(self, error)
        if bpy.app.background:
            test.wait()
            setup.workflow.note_test()
            if test.error is not None:
                return report(self, test.error)
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_copy,
    COAMD_OT_open_preferences,
    COAMD_OT_unload,
    COAMD_OT_allow_online,
    COAMD_OT_install,
    COAMD_OT_cancel_install,
    COAMD_OT_uninstall,
    COAMD_OT_test,
)
