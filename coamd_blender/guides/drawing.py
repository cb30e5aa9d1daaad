"""How a hold and places are shown, for the panels of all features that have them."""

from __future__ import annotations

import bpy

from ..core.drawing import draw_labelled


def draw_hold(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw what is held where, and from when to when: ``settings`` are properties.HoldSettings."""
    column = layout.column(align=True)
    column.prop(settings, "hold_target")
    if settings.hold_target is None:
        return
    if settings.hold_target.type == "ARMATURE":
        row = column.row()
        row.use_property_split, row.use_property_decorate = True, False
        row.prop_search(settings, "hold_bone", settings.hold_target.data, "bones")
    draw_labelled(column, settings, "hold_joint")
    row = column.row(align=True)
    row.prop(settings, "hold_first")
    row.prop(settings, "hold_last")


def draw_places(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw the places in order, two lines each, and the button that adds one: properties.COAMD_PG_guides."""
    column = layout.column(align=True)
    row = column.row(align=True)
    row.label(text="Places to Pass")
    row.operator("coamd.place_add", text="", icon="ADD")
    for index, place in enumerate(settings.places):
        row = column.row(align=True)
        row.prop(place, "object", text="")
        for direction, icon in (("UP", "TRIA_UP"), ("DOWN", "TRIA_DOWN")):
            button = row.operator("coamd.place_move", text="", icon=icon)
            button.index, button.direction = index, direction
        row.operator("coamd.place_remove", text="", icon="X").index = index
        row = column.row(align=True)
        row.prop(place, "use_frame", toggle=True)
        frame = row.row(align=True)
        frame.active = place.use_frame
        frame.prop(place, "frame", text="")
        row.prop(place, "facing", toggle=True)
