"""The drawing of the preferences, and of what is amiss with the runtime. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import core, setup
from ..core.drawing import Sidebar, draw_text
from . import preferences

if TYPE_CHECKING:
    from ..errors import CoamdError
    from .first_run import Step
    from .properties import COAMD_Preferences


def draw_missing_runtime(layout: bpy.types.UILayout, problem: CoamdError, width: float) -> None:
    """Say why there is no runtime, with the button that leads to it."""
    box = layout.box()
    draw_text(box, problem.message, width, "ERROR")
    row = box.row()
    row.scale_y = 1.4
    row.operator("coamd.open_preferences", icon="PREFERENCES")


def draw_ready(layout: bpy.types.UILayout, context: bpy.types.Context, width: float, scale: float = 1.3) -> bool:
    """Draw the request that is under way, or why there is no runtime; return whether a request can be made."""
    current = core.session.current()
    problem = setup.runtime.problem(preferences.get(context))
    if current.asking and not current.running:
        core.drawing.draw_progress(layout, current.status, "coamd.stop", scale)
        return False
    if problem is not None:
        draw_missing_runtime(layout, problem, width)
        return False
    return True


def draw_preferences(settings: COAMD_Preferences, context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
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
    column.prop(settings, "quality")
    column.prop(settings, "show_preview")
    column.prop(settings, "afterwards")
    _draw_pie_key(column)
    _draw_test(layout, width)


def _draw_pie_key(layout: bpy.types.UILayout) -> None:
    """Draw the key of the pie menu, none until one is chosen here."""
    keymap = bpy.context.window_manager.keyconfigs.user.keymaps.get("3D View")
    items = () if keymap is None else keymap.keymap_items
    item = next((item for item in items if item.idname == "coamd.pie_menu"), None)
    if item is not None:
        layout.prop(item, "type", text="Pie Menu Key", full_event=True)


def _draw_installer(box: bpy.types.UILayout, settings: COAMD_Preferences, width: float) -> None:
    installer = setup.workflow.installer()
    if installer is not None and installer.running:
        row = box.row(align=True)
        row.progress(factor=installer.fraction, text=installer.status)
        row.operator("coamd.cancel_install", text="", icon="X")
    else:
        folder = preferences.environment_folder()
        installed = setup.install.is_installed(folder, preferences.REQUIREMENTS)
        if installed:
            box.label(text="Installed", icon="CHECKMARK")
        else:
            _draw_install(box, settings, width)
        row = box.row()
        row.enabled = folder.exists()
        row.operator("coamd.install", text="Repair", icon="FILE_REFRESH").repair = True
        row.operator("coamd.uninstall", icon="TRASH")
    if installer is not None and installer.error is not None:
        draw_text(box, str(installer.error), width, "ERROR")
    if installer is not None:
        box.operator("coamd.copy", text="Copy Log", icon="COPYDOWN").which = "INSTALL"


def _draw_install(box: bpy.types.UILayout, settings: COAMD_Preferences, width: float) -> None:
    box.prop(settings, "torch_source")
    box.prop(settings, "base_python")
    box.prop(settings, "wheels")
    if not bpy.app.online_access and not settings.wheels:
        draw_text(box, "Online access is off (Preferences > System > Network).", width, "INTERNET_OFFLINE")
    row = box.row()
    row.scale_y = 1.4
    row.operator("coamd.install", icon="IMPORT")


def _draw_test(layout: bpy.types.UILayout, width: float) -> None:
    test = setup.workflow.test()
    row = layout.row()
    row.operator("coamd.test", text="Testing ..." if test and test.running else "Test", icon="CONSOLE")
    if test is None or test.running:
        return
    row.operator("coamd.copy", text="Copy", icon="COPYDOWN").which = "TEST"
    draw_text(layout, str(test.error or test.report), width, "ERROR" if test.error else "CHECKMARK")


class COAMD_PT_start(Sidebar, bpy.types.Panel):
    """From the installation to the first motion, a button each; gone once there was one"""

    bl_idname = "COAMD_PT_start"
    bl_label = "Get Started"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether no motion was asked for yet."""
        settings = preferences.get(context)
        return settings is not None and not settings.recent

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the steps: those that are done with a tick, the next one large."""
        settings, width = preferences.get(context), context.region.width
        steps = setup.first_run.steps(settings)
        following = next((step for step in steps if not step.done), None)
        column = self.layout.column()
        for step in steps:
            row = column.row()
            if step.done:
                row.active = False
                row.label(text=step.name, icon="CHECKMARK")
                continue
            row.label(text="", icon="DOT")
            row.scale_y = 1.5 if step is following else 1.0
            row.enabled = step is following or step.early
            row.operator(step.operator, text=step.name)
            if step is following:
                _draw_step(column, step, width)
        column.separator()
        column.operator("coamd.open_preferences", text="Another Way", icon="PREFERENCES")


def _draw_step(layout: bpy.types.UILayout, step: Step, width: float) -> None:
    """Draw what the next step is doing, or why it did not do it."""
    installer, test = setup.workflow.installer(), setup.workflow.test()
    if step.operator == "coamd.install" and installer is not None:
        if installer.running:
            row = layout.row(align=True)
            row.progress(factor=installer.fraction, text=installer.status)
            row.operator("coamd.cancel_install", text="", icon="X")
        elif installer.error is not None:
            draw_text(layout, core.drawing.told(installer.error), width, "ERROR")
    elif step.operator == "coamd.test" and test is not None:
        if test.running:
            layout.label(text="Testing ...", icon="CONSOLE")
        elif test.error is not None:
            draw_text(layout, core.drawing.told(test.error), width, "ERROR")
    if step.note:
        draw_text(layout, step.note, width, "INFO")


CLASSES = (COAMD_PT_start,)
