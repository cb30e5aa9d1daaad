"""Registers the features' classes and properties, and undoes it. Loads no numpy and starts nothing."""

from __future__ import annotations

from types import ModuleType

import bpy

from . import setup
from .anim import changes, unfinished
from .blocks import properties as block_properties
from .blocks import tracks
from .character import operators as character_operators
from .clip_tools import operators as clip_operators
from .clip_tools import panel as clip_panel
from .clip_tools import properties as clip_properties
from .core import launch, lifetime, timer
from .core import operators as core_operators
from .crowd import operators as crowd_operators
from .crowd import panel as crowd_panel
from .crowd import properties as crowd_properties
from .edit import live_panel
from .edit import operators as edit_operators
from .edit import panel as edit_panel
from .edit import properties as edit_properties
from .engines import operators as engine_operators
from .engines import panel as engine_panel
from .engines import properties as engine_properties
from .fingers import operators as fingers_operators
from .fingers import panel as fingers_panel
from .fingers import properties as fingers_properties
from .generate import browsing as generate_browsing
from .generate import operators as generate_operators
from .generate import panel as generate_panel
from .generate import properties as generate_properties
from .guides import operators as guides_operators
from .guides import properties as guides_properties
from .library import operators as library_operators
from .library import panel as library_panel
from .library import properties as library_properties
from .menus import keys, menus
from .recognize import operators as recognize_operators
from .recognize import panel as recognize_panel
from .recognize import properties as recognize_properties
from .rig_mapping import operators as rig_mapping_operators
from .rig_mapping import panel as rig_mapping_panel
from .rig_mapping import properties as rig_mapping_properties
from .setup import operators as setup_operators
from .setup import panel as setup_panel
from .setup import properties as setup_properties
from .teach import operators as teach_operators
from .teach import panel as teach_panel
from .teach import properties as teach_properties
from .track import gestures, overlay
from .track import operators as track_operators
from .track import panel as track_panel
from .translations import messages

# The panels stand in the sidebar in this order.
FEATURES: tuple[tuple[ModuleType, ...], ...] = (
    (core_operators,),
    (setup_properties, setup_operators, setup_panel),
    (character_operators,),
    (block_properties,),
    (guides_properties, guides_operators),
    (generate_properties, generate_operators, generate_browsing, generate_panel),
    (track_operators, gestures, track_panel),
    (rig_mapping_properties, rig_mapping_operators, rig_mapping_panel),
    (edit_properties, edit_operators, edit_panel, live_panel),
    (clip_properties, clip_operators, clip_panel),
    (engine_properties, engine_operators, engine_panel),
    (crowd_properties, crowd_operators, crowd_panel),
    (fingers_properties, fingers_operators, fingers_panel),
    (recognize_properties, recognize_operators, recognize_panel),
    (library_properties, library_operators, library_panel),
    (teach_properties, teach_operators, teach_panel),
    (menus,),
)
MODULES = tuple(module for feature in FEATURES for module in feature)
CLASSES: tuple[type, ...] = tuple(cls for module in MODULES for cls in module.CLASSES)
POINTERS = tuple(pointer for module in MODULES for pointer in getattr(module, "POINTERS", ()))


def register() -> None:
    """Register everything. Nothing is started, and of the disk the translations alone are read."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    for owner, name, pointer in POINTERS:
        setattr(owner, name, pointer)
    launch.follow(lambda: setup.runtime.chosen())
    changes.follow()
    unfinished.follow()
    menus.attach()
    keys.attach()
    messages.register()
    tracks.watch_files()
    overlay.follow()
    gestures.follow()


def unregister() -> None:
    """Stop the runtime, the installation, the timer and the preview, then remove every class and property."""
    messages.unregister()
    keys.detach()
    menus.detach()
    timer.stop()
    lifetime.close()
    launch.follow(None)
    changes.unfollow()
    unfinished.unfollow()
    tracks.watch_no_files()
    overlay.unfollow()
    gestures.unfollow()
    for owner, name, _ in reversed(POINTERS):
        delattr(owner, name)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
