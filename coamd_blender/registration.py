"""Registers classes, properties and handlers, and undoes it. Loads no numpy and starts nothing."""

import sys

import bpy
from bpy.app.handlers import persistent

from . import (
    mapping_operators,
    mapping_panel,
    operators,
    operators_edit,
    panels,
    panels_edit,
    preferences,
    properties,
    properties_edit,
    pump,
    rig_settings,
    understanding_operators,
    understanding_panels,
    understanding_properties,
)

CLASSES = (
    preferences.COAMD_PG_prompt,
    preferences.COAMD_Preferences,
    rig_settings.COAMD_PG_joint,
    rig_settings.COAMD_PG_held_bone,
    rig_settings.COAMD_PG_rig,
    rig_settings.COAMD_PG_carry,
    properties.COAMD_PG_take,
    properties.COAMD_PG_settings,
    operators.COAMD_OT_generate,
    operators.COAMD_OT_cancel,
    operators.COAMD_OT_add_character,
    operators.COAMD_OT_use_prompt,
    operators.COAMD_OT_show_take,
    operators.COAMD_OT_remove_takes,
    operators.COAMD_OT_copy,
    operators.COAMD_OT_open_preferences,
    operators.COAMD_OT_unload,
    operators.COAMD_OT_install,
    operators.COAMD_OT_cancel_install,
    operators.COAMD_OT_uninstall,
    operators.COAMD_OT_test,
    operators.COAMD_OT_new_seed,
    panels.COAMD_MT_prompts,
    panels.COAMD_PT_main,
    panels.COAMD_PT_takes,
    *mapping_operators.CLASSES,
    *mapping_panel.CLASSES,
    panels.COAMD_PT_advanced,
    *operators_edit.CLASSES,
    *panels_edit.CLASSES,
    *understanding_operators.CLASSES,
    *understanding_panels.CLASSES,
)


def register() -> None:
    """Register everything. Nothing is started, and nothing is read from disk."""
    understanding_properties.register()
    properties_edit.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.coamd = bpy.props.PointerProperty(type=properties.COAMD_PG_settings)
    bpy.types.Object.coamd_rig = bpy.props.PointerProperty(
        type=rig_settings.COAMD_PG_rig, override={"LIBRARY_OVERRIDABLE"}
    )
    bpy.app.handlers.load_pre.append(_before_load)


def unregister() -> None:
    """Stop the runtime, the installation, the timer and the preview, then remove every class and property."""
    pump.stop()
    for name in ("session", "setup", "thumbnails"):
        module = sys.modules.get(f"{__package__}.{name}")
        if module is not None:
            module.close()
    bpy.app.handlers.load_pre.remove(_before_load)
    del bpy.types.Scene.coamd
    del bpy.types.Object.coamd_rig
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    properties_edit.unregister()
    understanding_properties.unregister()


@persistent
def _before_load(*_: object) -> None:
    """Another file is opened: a motion that is being made has nowhere to go."""
    module = sys.modules.get(f"{__package__}.session")
    if module is not None and module.peek() is not None:
        module.peek().forget()
