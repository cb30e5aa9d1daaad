"""The pie menu's place in the keymap: it is there, without a key, until the user gives it one."""

from __future__ import annotations

import bpy

KEYMAP, OPERATOR = "3D View", "coamd.pie_menu"
_made: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def attach() -> None:
    """Add the pie menu to the add-ons' keymap, without a key. In background mode there is no keymap."""
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is not None:
        keymap = configuration.keymaps.new(KEYMAP, space_type="VIEW_3D")
        _made.append((keymap, keymap.keymap_items.new(OPERATOR, "NONE", "PRESS")))


def detach() -> None:
    """Take it away."""
    while _made:
        keymap, item = _made.pop()
        keymap.keymap_items.remove(item)
