"""The menu CoAMD with its sections, in the 3D Viewport's Object and Pose menus, and the pie. Draws; changes nothing."""

from __future__ import annotations

import bpy

from .commands import PIE, SECTIONS, Command

_PLACES = ("VIEW3D_MT_object", "VIEW3D_MT_pose")


def _draw_command(layout: bpy.types.UILayout, command: Command) -> None:
    properties = layout.operator(command.operator, text=command.name, icon=command.icon)
    for name, value in command.values:
        setattr(properties, name, value)


def _section_menu(number: int, label: str) -> type[bpy.types.Menu]:
    """Return the menu of a section, one entry a command."""

    def draw(self: bpy.types.Menu, context: bpy.types.Context) -> None:
        self.layout.operator_context = "INVOKE_DEFAULT"
        for command in SECTIONS[label]:
            _draw_command(self.layout, command)

    name = f"COAMD_MT_section_{number}"
    return type(name, (bpy.types.Menu,), {"bl_idname": name, "bl_label": label, "draw": draw, "__doc__": label})


SECTION_MENUS = tuple(_section_menu(number, label) for number, label in enumerate(SECTIONS))


class COAMD_MT_menu(bpy.types.Menu):
    """All that CoAMD does"""

    bl_idname = "COAMD_MT_menu"
    bl_label = "CoAMD"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw a menu a section, then the pie."""
        for menu in SECTION_MENUS:
            self.layout.menu(menu.bl_idname)
        self.layout.separator()
        self.layout.operator("coamd.pie_menu")


class COAMD_MT_pie(bpy.types.Menu):
    """What is done most often, around the pointer"""

    bl_idname = "COAMD_MT_pie"
    bl_label = "CoAMD"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        pie = self.layout.menu_pie()
        for command in PIE:
            _draw_command(pie, command)


class COAMD_OT_pie_menu(bpy.types.Operator):
    """What is done most often, around the pointer. To give it a key: right-click here, Assign Shortcut"""

    bl_idname = "coamd.pie_menu"
    bl_label = "CoAMD Pie Menu"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open it."""
        return bpy.ops.wm.call_menu_pie("INVOKE_DEFAULT", name=COAMD_MT_pie.bl_idname)


def _draw_entry(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu(COAMD_MT_menu.bl_idname)


def attach() -> None:
    """Put the menu CoAMD at the end of the Object and Pose menus."""
    for name in _PLACES:
        getattr(bpy.types, name).append(_draw_entry)


def detach() -> None:
    """Take it away."""
    for name in _PLACES:
        getattr(bpy.types, name).remove(_draw_entry)


CLASSES = (*SECTION_MENUS, COAMD_MT_menu, COAMD_MT_pie, COAMD_OT_pie_menu)
