"""Buttons of the list of places: poll, call."""

import bpy
from bpy.props import EnumProperty, IntProperty

from .. import anim


class COAMD_OT_place_add(bpy.types.Operator):
    """Add the selected objects as places to pass, or an empty at the 3D cursor where none is selected"""

    bl_idname = "coamd.place_add"
    bl_label = "Add Place"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add them, but for the character itself and those that are in the list."""
        guides, target = context.scene.coamd.guides, anim.targets.find(context)
        known = {place.object for place in guides.places}
        found = [one for one in context.selected_objects if one != target and one not in known and one.type != "CURVE"]
        for one in found or [self._empty(context)]:
            guides.places.add().object = one
        return {"FINISHED"}

    def _empty(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return an empty at the 3D cursor, which shows where its axes go; the character stays the active object."""
        empty = bpy.data.objects.new("Place", None)
        empty.empty_display_type, empty.empty_display_size = "ARROWS", 0.5
        empty.location = context.scene.cursor.location
        context.scene.collection.objects.link(empty)
        return empty


class COAMD_OT_place_remove(bpy.types.Operator):
    """Take this place out of the list; the object stays"""

    bl_idname = "coamd.place_remove"
    bl_label = "Remove Place"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", description="Which place, from 0")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        context.scene.coamd.guides.places.remove(self.index)
        return {"FINISHED"}


class COAMD_OT_place_move(bpy.types.Operator):
    """Pass this place earlier, or later"""

    bl_idname = "coamd.place_move"
    bl_label = "Move Place"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", description="Which place, from 0")
    direction: EnumProperty(
        name="Direction",
        description="Where it goes in the list",
        items=(("UP", "Up", "Earlier"), ("DOWN", "Down", "Later")),
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Exchange it with its neighbour."""
        places = context.scene.coamd.guides.places
        other = self.index + (1 if self.direction == "DOWN" else -1)
        if not 0 <= other < len(places):
            return {"CANCELLED"}
        places.move(self.index, other)
        return {"FINISHED"}


CLASSES = (COAMD_OT_place_add, COAMD_OT_place_remove, COAMD_OT_place_move)
