"""A character copied with all that hangs on it; data is shared, so that a crowd weighs little."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ..anim import stage
from . import places


def add(context: bpy.types.Context, armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Add the copies that ``scene.coamd_crowd`` asks for, around ``armature``, and return their armature objects.

    They play nothing yet, stand in a collection of their own, and are selected with the first; it stays active.
    """
    settings = context.scene.coamd_crowd
    turn = np.radians(settings.facing)
    ground, headings = places.scatter(settings.count, settings.spacing, settings.seed, turn)
    collection = bpy.data.collections.new(f"{armature.name} Crowd")
    context.scene.collection.children.link(collection)
    made = []
    for (x, y), heading in zip(ground.tolist(), headings.tolist(), strict=True):
        copy = _copied(armature, collection, None)
        home = armature.matrix_world.translation
        aside = Matrix.Translation(home) @ Matrix.Rotation(heading, 4, "Z") @ Matrix.Translation(-home)
        copy.matrix_world = Matrix.Translation((x, y, 0.0)) @ aside @ armature.matrix_world
        made.append(copy)
    for chosen in context.view_layer.objects.selected:
        chosen.select_set(False)
    for member in (armature, *made):
        member.select_set(True)
    context.view_layer.objects.active = armature
    return made


def _copied(
    source: bpy.types.Object, collection: bpy.types.Collection, parent: bpy.types.Object | None
) -> bpy.types.Object:
    """Copy an object and its children, which then belong to the copy."""
    copy = source.copy()
    collection.objects.link(copy)
    if parent is not None:
        copy.parent = parent
        for modifier in copy.modifiers:
            if modifier.type == "ARMATURE" and modifier.object == source.parent:
                modifier.object = parent
    if source.type == "ARMATURE":
        stage.point_to_itself(copy, source)
        if copy.animation_data is not None:
            _play_nothing(copy)
    for child in source.children:
        _copied(child, collection, copy)
    return copy


def _play_nothing(copy: bpy.types.Object) -> None:
    """Take Action and strips from a copy, and the pose they left it in; its drivers stay."""
    data = copy.animation_data
    if data.action is None and not data.nla_tracks:
        return
    data.action = None
    for track in list(data.nla_tracks):
        data.nla_tracks.remove(track)
    for bone in copy.pose.bones:
        bone.matrix_basis = Matrix()
