"""Operators: poll, call, report. The work is done in session.py, setup.py, bake.py and character.py."""

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..core import timer
from ..core.operator_base import begin, in_usable_mode, report, wait_property
from ..errors import CoamdError
from ..setup import preferences


class COAMD_OT_generate(bpy.types.Operator):
    """Make a motion from the prompt and write it as keyframes on the target armature"""

    bl_idname = "coamd.generate"
    bl_label = "Generate"

    wait: wait_property()

    @classmethod
    def poll(cls, context):
        """Off while a motion is being made, and without an armature."""
        from ..core import session

        if session.current().running:
            cls.poll_message_set("A motion is being made already. Wait for it, or press Cancel")
            return False
        return in_usable_mode(cls, context)

    def execute(self, context):
        """Submit; the timer does the rest, or this call when it is to wait."""
        from ..core import session

        return begin(self, lambda: session.current().begin(context), self.wait)


class COAMD_OT_cancel(bpy.types.Operator):
    """Stop making the motion; nothing in the file changes"""

    bl_idname = "coamd.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context):
        """On while a motion is being made."""
        from ..core import session

        if not session.current().running:
            cls.poll_message_set("No motion is being made")
            return False
        if session.current().writing:
            cls.poll_message_set("The keys are being written. Undo takes them back")
            return False
        return True

    def execute(self, context):
        """Ask for the stop; the session reports it when it has happened."""
        from ..core import session

        session.current().cancel()
        return {"FINISHED"}


class COAMD_OT_add_character(bpy.types.Operator):
    """Add CoAMD's own character at the 3D cursor: an armature with a body"""

    bl_idname = "coamd.add_character"
    bl_label = "Add CoAMD Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """Object Mode only."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        return True

    def execute(self, context):
        """Build it there; it becomes the active object."""
        from ..character import figure

        figure.create_character(context)
        return {"FINISHED"}


class COAMD_OT_use_prompt(bpy.types.Operator):
    """Put this sentence into the prompt"""

    bl_idname = "coamd.use_prompt"
    bl_label = "Use Prompt"
    bl_options = {"INTERNAL", "UNDO"}

    prompt: StringProperty(options={"SKIP_SAVE"})

    def execute(self, context):
        """Copy it."""
        context.scene.coamd.prompt = self.prompt
        return {"FINISHED"}


class COAMD_OT_show_take(bpy.types.Operator):
    """Play this take on the armature it was made for"""

    bl_idname = "coamd.show_take"
    bl_label = "Show Take"
    bl_options = {"INTERNAL", "UNDO"}

    index: IntProperty(min=0, options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context, properties):
        """The tooltip: prompt and seed."""
        takes = context.scene.coamd.takes
        if properties.index >= len(takes):
            return "This take is gone"
        take = takes[properties.index]
        return f"Play this take: {take.prompt} (seed {take.seed})"

    def execute(self, context):
        """Assign its Action."""
        from ..core import session

        try:
            session.show_take(context.scene.coamd, self.index)
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class COAMD_OT_remove_takes(bpy.types.Operator):
    """Remove takes from the list and delete their Actions"""

    bl_idname = "coamd.remove_takes"
    bl_label = "Remove Takes"
    bl_options = {"REGISTER", "UNDO"}

    which: EnumProperty(
        name="Which",
        items=(
            ("CHOSEN", "This One", "Delete the chosen take"),
            ("OTHERS", "All Others", "Keep the chosen take and delete the others"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context, properties):
        """The tooltip of either button."""
        if properties.which == "OTHERS":
            return "Keep the chosen take and delete the other takes and their Actions"
        return "Delete the chosen take and its Action"

    @classmethod
    def poll(cls, context):
        """On with takes in the list."""
        if not context.scene.coamd.takes:
            cls.poll_message_set("There are no takes")
            return False
        return True

    def execute(self, context):
        """Delete the Actions, then the entries."""
        from ..core import session

        session.remove_takes(context.scene.coamd, others=self.which == "OTHERS")
        return {"FINISHED"}


class COAMD_OT_copy(bpy.types.Operator):
    """Copy this text to the clipboard"""

    bl_idname = "coamd.copy"
    bl_label = "Copy"
    bl_options = {"INTERNAL"}

    which: EnumProperty(
        items=(
            ("ERROR", "Error", "The last error, with the runtime's own messages"),
            ("INSTALL", "Installation Log", "What the installation printed"),
            ("TEST", "Test", "What the test of the runtime said"),
        ),
        options={"SKIP_SAVE"},
    )

    def execute(self, context):
        """Fill the clipboard."""
        text = _text_of(self.which)
        context.window_manager.clipboard = text
        self.report({"INFO"}, f"Copied {len(text.splitlines())} lines")
        return {"FINISHED"}


def _text_of(which: str) -> str:
    from ..core import session
    from ..setup import workflow as setup_workflow

    if which == "INSTALL":
        return setup_workflow.installer().log if setup_workflow.installer() else ""
    if which == "TEST":
        return str(setup_workflow.test().error or setup_workflow.test().report) if setup_workflow.test() else ""
    current = session.current()
    blender = f"Blender {bpy.app.version_string}"
    return "\n".join(part for part in (str(current.error or ""), blender, current.log) if part)


class COAMD_OT_open_preferences(bpy.types.Operator):
    """Open the add-on's preferences, where the runtime is chosen or installed"""

    bl_idname = "coamd.open_preferences"
    bl_label = "Set Up Runtime"
    bl_options = {"INTERNAL"}

    def execute(self, context):
        """Open them on this add-on."""
        bpy.ops.preferences.addon_show(module=preferences.EXTENSION)
        return {"FINISHED"}


class COAMD_OT_unload(bpy.types.Operator):
    """Give the model's memory back; the next generation loads it again"""

    bl_idname = "coamd.unload"
    bl_label = "Unload Model"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        """On while the model is in memory and idle."""
        from ..core import session

        current = session.current()
        if current.running or not current.loaded:
            cls.poll_message_set("The model is not in memory" if not current.loaded else "A motion is being made")
            return False
        return True

    def execute(self, context):
        """Ask the runtime."""
        from ..core import session

        session.current().unload()
        timer.start()
        return {"FINISHED"}


class COAMD_OT_install(bpy.types.Operator):
    """Download and install the runtime's Python packages into CoAMD's own folder"""

    bl_idname = "coamd.install"
    bl_label = "Install Runtime"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        """Off while it runs, and when Blender is not to go online."""
        from ..setup import workflow as setup_workflow

        if setup_workflow.busy():
            cls.poll_message_set("It is running already")
            return False
        if not bpy.app.online_access:
            cls.poll_message_set("Turn on Preferences > System > Network > Allow Online Access")
            return False
        return True

    def execute(self, context):
        """Start the thread."""
        from ..core import session
        from ..setup import workflow as setup_workflow

        try:
            session.close()
            setup_workflow.install(preferences.get(context))
        except CoamdError as error:
            return report(self, error)
        timer.start()
        return {"FINISHED"}


class COAMD_OT_cancel_install(bpy.types.Operator):
    """Stop the installation; pressing Install again goes on where it stopped"""

    bl_idname = "coamd.cancel_install"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    def execute(self, context):
        """Ask for the stop."""
        from ..setup import workflow as setup_workflow

        if setup_workflow.installer() is not None:
            setup_workflow.installer().cancel()
        return {"FINISHED"}


class COAMD_OT_uninstall(bpy.types.Operator):
    """Delete the installed runtime and give its disk space back"""

    bl_idname = "coamd.uninstall"
    bl_label = "Remove Runtime"
    bl_options = {"INTERNAL"}

    def invoke(self, context, event):
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context):
        """End the process that uses the files, then delete them."""
        from ..core import session
        from ..setup import workflow as setup_workflow

        try:
            session.close()
            setup_workflow.uninstall()
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class COAMD_OT_test(bpy.types.Operator):
    """Start the chosen runtime once and show what it reports"""

    bl_idname = "coamd.test"
    bl_label = "Test"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        """Off while it runs."""
        from ..setup import workflow as setup_workflow

        if setup_workflow.busy():
            cls.poll_message_set("It is running already")
            return False
        return True

    def execute(self, context):
        """Start the thread; in background mode wait for it."""
        from ..setup import workflow as setup_workflow

        try:
            test = setup_workflow.start_test(preferences.get(context))
        except CoamdError as error:
            return report(self, error)
        timer.start()
        if bpy.app.background:
            test.wait()
            if test.error is not None:
                return report(self, test.error)
        return {"FINISHED"}


class COAMD_OT_new_seed(bpy.types.Operator):
    """Draw another seed"""

    bl_idname = "coamd.new_seed"
    bl_label = "New Seed"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context):
        """Draw it."""
        import random

        from .properties import LARGEST_SEED

        context.scene.coamd.seed = random.randint(0, LARGEST_SEED)
        return {"FINISHED"}
