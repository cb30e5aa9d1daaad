"""Where on the floor a person can stand: not inside what is there already."""

from __future__ import annotations

from collections.abc import Collection

import bpy
from mathutils import Vector

STEP, ELBOW_ROOM = 0.5, 0.35  # metres: from one place that is tried to the next, and what a body needs around it
LOW, HIGH = 0.2, 1.8  # metres above the place, between which things are in the way
LARGEST = 20.0  # metres: rooms and skies are larger, and one stands in them
MOST_STEPS = 60
_SOLID = {"MESH", "CURVE", "SURFACE", "META", "FONT"}


def beside(context: bpy.types.Context, place: Vector, own: Collection[bpy.types.Object] = ()) -> Vector:
    """Return ``place``, or the next along the world's X that no visible object's bounding box takes up; metres.

    ``own``: the objects that are to stand there, which are not in their own way.
    """
    others = [found for found in context.visible_objects if found not in own]
    boxes = [box for found in others if (box := _box(found)) is not None]
    for step in range(MOST_STEPS):
        tried = place + Vector((STEP * step, 0.0, 0.0))
        if not any(_in_the_way(box, tried) for box in boxes):
            return tried
    return place


def _box(found: bpy.types.Object) -> tuple[Vector, Vector] | None:
    """Return the least and the largest corner of an object in the world, None for one that is not in anybody's way."""
    if found.type not in _SOLID:
        return None
    corners = [found.matrix_world @ Vector(corner) for corner in found.bound_box]
    low, high = (Vector(map(end, zip(*corners, strict=True))) for end in (min, max))
    return None if max(high - low) > LARGEST else (low, high)


def _in_the_way(box: tuple[Vector, Vector], place: Vector) -> bool:
    low, high = box
    beside = any(place[axis] + ELBOW_ROOM < low[axis] or place[axis] - ELBOW_ROOM > high[axis] for axis in (0, 1))
    return not beside and low.z < place.z + HIGH and high.z > place.z + LOW
