"""Registers classes, properties and handlers, and undoes it. Loads no numpy and starts nothing."""

import sys

import bpy
from bpy.app.handlers import persistent

from .anim import rig_settings
from .core import timer
from .edit import operators as edit_operators
from .edit import panel as edit_panel
from .edit import properties as edit_properties
from .generate import operators as generate_operators
from .generate import panel as generate_panel
from .generate import properties as generate_properties
from .recognize import operators as recognize_operators
from .recognize import panel as recognize_panel
from .recognize import properties as recognize_properties
from .rig_mapping import operators as rig_mapping_operators
from .rig_mapping import panel as rig_mapping_panel
from .setup import preferences

CLASSES = (
    preferences.COAMD_PG_prompt,
    preferences.COAMD_Preferences,
    rig_settings.COAMD_PG_joint,
    rig_settings.COAMD_PG_held_bone,
    rig_settings.COAMD_PG_rig,
    rig_settings.COAMD_PG_carry,
    generate_properties.COAMD_PG_take,
    generate_properties.COAMD_PG_settings,
    generate_operators.COAMD_OT_generate,
    generate_operators.COAMD_OT_cancel,
    generate_operators.COAMD_OT_add_character,
    generate_operators.COAMD_OT_use_prompt,
    generate_operators.COAMD_OT_show_take,
    generate_operators.COAMD_OT_remove_takes,
    generate_operators.COAMD_OT_copy,
    generate_operators.COAMD_OT_open_preferences,
    generate_operators.COAMD_OT_unload,
    generate_operators.COAMD_OT_install,
    generate_operators.COAMD_OT_cancel_install,
    generate_operators.COAMD_OT_uninstall,
    generate_operators.COAMD_OT_test,
    generate_operators.COAMD_OT_new_seed,
    generate_panel.COAMD_MT_prompts,
    generate_panel.COAMD_PT_main,
    generate_panel.COAMD_PT_takes,
    *rig_mapping_operators.CLASSES,
    *rig_mapping_panel.CLASSES,
    generate_panel.COAMD_PT_advanced,
    *edit_operators.CLASSES,
    *edit_panel.CLASSES,
    *recognize_operators.CLASSES,
    *recognize_panel.CLASSES,
)


def register() -> None:
    """Register everything. Nothing is started, and nothing is read from disk."""
    recognize_properties.register()
    edit_properties.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.coamd = bpy.props.PointerProperty(type=generate_properties.COAMD_PG_settings)
    bpy.types.Object.coamd_rig = bpy.props.PointerProperty(
        type=rig_settings.COAMD_PG_rig, override={"LIBRARY_OVERRIDABLE"}
    )
    bpy.app.handlers.load_pre.append(_before_load)


def unregister() -> None:
    """Stop the runtime, the installation, the timer and the preview, then remove every class and property."""
    timer.stop()
    for name in ("core.session", "setup.workflow", "library.thumbnails"):
        module = sys.modules.get(f"{__package__}.{name}")
        if module is not None:
            module.close()
    bpy.app.handlers.load_pre.remove(_before_load)
    del bpy.types.Scene.coamd
    del bpy.types.Object.coamd_rig
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    edit_properties.unregister()
    recognize_properties.unregister()


@persistent
def _before_load(*_: object) -> None:
    """Another file is opened: a motion that is being made has nowhere to go."""
    module = sys.modules.get(f"{__package__}.core.session")
    if module is not None and module.peek() is not None:
        module.peek().forget()
