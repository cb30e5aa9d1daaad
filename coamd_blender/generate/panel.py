"""The CoAMD tab of the 3D Viewport's sidebar, and the drawing of the preferences. Draws; changes nothing."""

import textwrap
from importlib.util import find_spec

import bpy

from ..setup import preferences

CATEGORY = "CoAMD"
EXAMPLES = (
    "a person walks forward and waves with the right hand",
    "someone runs in a circle to the left",
    "a man jumps up high, then bows",
    "a tired person walks slowly and stops",
    "a person kicks with the left leg",
    "somebody dances happily",
)
SHOWN_TAKES = 10
_PIXELS_PER_LETTER = 6.6


def draw_text(layout: bpy.types.UILayout, text: str, width: float, icon: str = "NONE") -> None:
    """Draw ``text`` in as many labels as ``width`` pixels need; Blender's labels do not wrap."""
    letters = max(16, int((width - 50 * _ui_scale()) / _letter_width()))
    column = layout.column(align=True)
    column.scale_y = 0.85
    for number, line in enumerate(textwrap.wrap(text, letters)):
        column.label(text=line, icon=icon if number == 0 else ("BLANK1" if icon != "NONE" else "NONE"))


def _ui_scale() -> float:
    return bpy.context.preferences.system.ui_scale or 1.0  # 0 in background mode


def _letter_width() -> float:
    return _PIXELS_PER_LETTER * _ui_scale()


class Sidebar:
    """Where every panel of the add-on lives: the CoAMD tab of the 3D Viewport's sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY


class COAMD_MT_prompts(bpy.types.Menu):
    """Recent prompts, then examples"""

    bl_idname = "COAMD_MT_prompts"
    bl_label = "Prompts"

    def draw(self, context):
        """One entry a sentence."""
        settings = preferences.get(context)
        recent = [entry.name for entry in settings.recent] if settings is not None else []
        for heading, prompts in (("Recent", recent), ("Examples", EXAMPLES)):
            if prompts:
                self.layout.label(text=heading)
            for prompt in prompts:
                self.layout.operator("coamd.use_prompt", text=prompt).prompt = prompt
            self.layout.separator()


class COAMD_PT_main(Sidebar, bpy.types.Panel):
    """Prompt to keyframes"""

    bl_idname = "COAMD_PT_main"
    bl_label = "Generate Motion"

    def draw(self, context):
        """Target, settings, then the button or the progress."""
        layout, width = self.layout, context.region.width
        if find_spec("numpy") is None:  # some Linux distributions build Blender without it
            draw_text(layout, "This Blender has no numpy. Install the package python3-numpy.", width, "ERROR")
            return
        from ..core import session
        from ..setup import workflow as setup_workflow

        current = session.current()
        _draw_target(layout, context, width)
        _draw_settings(layout, context.scene.coamd, width)
        problem = setup_workflow.problem(preferences.get(context))
        if current.running:
            _draw_progress(layout, current.status)
        elif problem is not None:
            draw_missing_runtime(layout, problem, width)
        else:
            row = layout.row()
            row.scale_y = 1.6
            row.operator("coamd.generate", icon="PLAY")
        draw_outcome(layout, current, width)


def _draw_target(layout, context, width) -> None:
    from ..anim import targets

    box = layout.box()
    target = targets.find(context)
    if target is None and len(targets.candidates(context)) > 1:
        draw_text(box, str(targets.rivals(context)), width, "ERROR")
        return
    if target is None:
        box.label(text="No armature selected", icon="INFO")
        box.operator("coamd.add_character", icon="OUTLINER_OB_ARMATURE")
        return
    column = box.column(align=True)
    column.label(text=target.name, icon="ARMATURE_DATA")
    coverage = targets.coverage(target)
    if coverage.error is not None:
        draw_text(box, str(coverage.error), width, "ERROR")
        return
    detail = column.column()
    detail.active = False
    draw_text(detail, f"{coverage.mapped} of {coverage.total} joints: {coverage.preset}", width, "BLANK1")
    if coverage.missing:
        draw_text(box, "Not found: " + ", ".join(coverage.missing), width, "INFO")
    for note in coverage.notes:
        draw_text(box, note, width, "INFO")


def _draw_settings(layout, settings, width) -> None:
    column = layout.column()
    row = column.row(align=True)
    row.scale_y = 1.3
    row.prop(settings, "prompt", text="")
    row.menu("COAMD_MT_prompts", text="", icon="DOWNARROW_HLT")
    if len(settings.prompt) * _letter_width() > width - 90 * _ui_scale():
        whole = column.column()
        whole.active = False
        draw_text(whole, settings.prompt, width)
    column = layout.column(align=True)
    row = column.row(align=True)
    row.prop(settings, "seconds")
    row.prop(settings, "variants")
    row = column.row(align=True)
    seed = row.row(align=True)
    seed.enabled = not settings.random_seed
    seed.prop(settings, "seed")
    row.prop(settings, "random_seed", text="", icon="FILE_REFRESH")


def _draw_progress(layout, status) -> None:
    text = status.text
    if status.eta is not None:
        text += f"   {max(1, round(status.eta))} s left"
    row = layout.row(align=True)
    row.scale_y = 1.6
    row.progress(factor=status.fraction, text=text)
    row.operator("coamd.cancel", text="", icon="X")


def draw_missing_runtime(layout, problem, width) -> None:
    """Say why there is no runtime, with the button that leads to it. ``problem`` is a CoamdError."""
    box = layout.box()
    draw_text(box, problem.message, width, "ERROR")
    row = box.row()
    row.scale_y = 1.4
    row.operator("coamd.open_preferences", icon="PREFERENCES")


def draw_outcome(layout, current, width) -> None:
    """Show the session's last error, which can be copied, or its notice."""
    if current.error is not None:
        box = layout.box()
        message = box.column()
        message.alert = True
        draw_text(message, str(current.error), width, "ERROR")
        box.operator("coamd.copy", text="Copy Error", icon="COPYDOWN").which = "ERROR"
        layout.separator(factor=0.5)
    elif current.notice:
        row = layout.row()
        row.active = False
        row.label(text=current.notice, icon="CHECKMARK")


class COAMD_PT_takes(Sidebar, bpy.types.Panel):
    """The motions made so far; choosing one plays it"""

    bl_idname = "COAMD_PT_takes"
    bl_label = "Takes"
    bl_parent_id = "COAMD_PT_main"

    @classmethod
    def poll(cls, context):
        """Shown when there are some."""
        return bool(context.scene.coamd.takes)

    def draw(self, context):
        """The newest takes first, and what to throw away."""
        settings = context.scene.coamd
        column = self.layout.column(align=True)
        for index in reversed(range(max(0, len(settings.takes) - SHOWN_TAKES), len(settings.takes))):
            take = settings.takes[index]
            whole = take.action is not None and take.armature is not None
            row = column.row(align=True)
            row.enabled = whole
            text = f"{index + 1}  {take.prompt if whole else '(deleted)'}"
            row.operator("coamd.show_take", text=text, depress=index == settings.take_index).index = index
        row = self.layout.row(align=True)
        row.operator("coamd.remove_takes", text="Delete", icon="TRASH").which = "CHOSEN"
        row.operator("coamd.remove_takes", text="Keep Only This").which = "OTHERS"


class COAMD_PT_advanced(Sidebar, bpy.types.Panel):
    """How the motion meets the words, the rig and the machine"""

    bl_idname = "COAMD_PT_advanced"
    bl_label = "Advanced"
    bl_parent_id = "COAMD_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Settings, then the runtime's state."""
        from ..core import session

        layout, settings = self.layout, context.scene.coamd
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_switched(layout, settings, "Text Weight", "use_guidance", "guidance")
        _draw_switched(layout, settings, "Recognizer", "use_recognizer", "recognizer_guidance")
        stored = preferences.get(context)
        if stored is not None:
            layout.prop(stored, "show_preview")
        row = layout.row()
        row.use_property_split = False
        row.label(text=session.current().runtime, icon="MEMORY")
        row.operator("coamd.unload", text="Unload")
        layout.operator("coamd.open_preferences", text="Runtime Settings", icon="PREFERENCES")


def _draw_switched(layout, settings, heading: str, switch: str, name: str) -> None:
    """A check box, and beside it the value that it makes count."""
    row = layout.column(heading=heading).row(align=True)
    row.prop(settings, switch, text="")
    value = row.row()
    value.enabled = getattr(settings, switch)
    value.prop(settings, name, text="")


def draw_preferences(settings, context, layout) -> None:
    """Draw the add-on's preferences: the source of the runtime, its settings, the installer and the test."""
    width = context.region.width * 0.8
    layout.row().prop(settings, "source", expand=True)
    box = layout.box()
    box.use_property_split = True
    if settings.source == "INSTALLED":
        _draw_installer(box, settings, width)
    elif settings.source == "PYTHON":
        box.prop(settings, "python")
        draw_text(box, "Any Python 3.11 or newer with torch, numpy, safetensors and tokenizers.", width, "INFO")
    else:
        box.prop(settings, "command")
        draw_text(box, "Any command that runs: python3 -m runtime serve. Over ssh, too.", width, "INFO")
    column = layout.column()
    column.use_property_split = True
    if settings.source != "COMMAND":
        column.prop(settings, "device")
        column.prop(settings, "idle_minutes")
    column.prop(settings, "show_preview")
    _draw_test(layout, width)


def _draw_installer(box, settings, width) -> None:
    from ..setup import install
    from ..setup import workflow as setup_workflow

    installer = setup_workflow.installer()
    if installer is not None and installer.running:
        row = box.row(align=True)
        row.progress(factor=installer.fraction, text=installer.status)
        row.operator("coamd.cancel_install", text="", icon="X")
    elif install.is_installed(preferences.environment_folder(), preferences.REQUIREMENTS):
        row = box.row()
        row.label(text="Installed", icon="CHECKMARK")
        row.operator("coamd.uninstall", icon="TRASH")
    else:
        box.prop(settings, "torch_source")
        box.prop(settings, "base_python")
        if not bpy.app.online_access:
            draw_text(box, "Online access is off (Preferences > System > Network).", width, "INTERNET_OFFLINE")
        row = box.row()
        row.scale_y = 1.4
        row.operator("coamd.install", icon="IMPORT")
    if installer is not None and installer.error is not None:
        draw_text(box, str(installer.error), width, "ERROR")
    if installer is not None:
        box.operator("coamd.copy", text="Copy Log", icon="COPYDOWN").which = "INSTALL"


def _draw_test(layout, width) -> None:
    from ..setup import workflow as setup_workflow

    test = setup_workflow.test()
    row = layout.row()
    row.operator("coamd.test", text="Testing ..." if test and test.running else "Test", icon="CONSOLE")
    if test is None or test.running:
        return
    row.operator("coamd.copy", text="Copy", icon="COPYDOWN").which = "TEST"
    draw_text(layout, str(test.error or test.report), width, "ERROR" if test.error else "CHECKMARK")
