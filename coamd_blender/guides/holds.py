"""Where a hand or a foot is held, and when, taken from Blender. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from ..anim.range_keys import Range
from ..errors import InputError
from ..motion import skeleton
from ..retarget.holds import Hold

LEAST_SECONDS = 0.15  # between a frame that stays and a hold: a hand takes its time


def name_of(settings: bpy.types.PropertyGroup) -> str:
    """Return what ``settings`` (properties.HoldSettings) have held, such as "left hand"."""
    return settings.bl_rna.properties["hold_joint"].enum_items[settings.hold_joint].name.lower()


def check_hold(settings: bpy.types.PropertyGroup, scene: bpy.types.Scene, area: Range) -> None:
    """Raise InputError for a hold at frames outside the ``area`` that is made, or too near to a frame that stays, and
    at a bone that is not there. Quick enough to be asked at every redraw."""
    target = settings.hold_target
    if target is None:
        return
    first, last = settings.hold_first, settings.hold_last
    room = max(1, round(LEAST_SECONDS * scene.render.fps / scene.render.fps_base))
    low, high = area.first + room * area.before, area.last - room * area.after
    if last < first:
        raise InputError(f"The frames {first} to {last} to hold are none", "Give the first frame, then the last")
    if first < low or last > high:
        raise InputError(
            f"{target.name} cannot be held from {first} to {last} in the range {area.first} to {area.last}",
            f"Hold from {low} to {high} at most, or widen the range",
        )
    bone = bone_of(settings)
    if bone and bone not in target.pose.bones:
        raise InputError(f"{target.name} has no bone {bone!r}", "Choose one under Bone")


def bone_of(settings: bpy.types.PropertyGroup) -> str:
    """Return the bone that is held at, empty for an object's origin."""
    return settings.hold_bone if settings.hold_target.type == "ARMATURE" else ""


def hold_of(settings: bpy.types.PropertyGroup, scene: bpy.types.Scene, area: Range, start: int) -> Hold | None:
    """Return the hand or foot that ``settings`` (properties.HoldSettings) want held in the ``area`` that is made, None
    for none.

    Its rows count from frame ``start``. Raises InputError as :func:`check_hold`.
    """
    check_hold(settings, scene, area)
    target = settings.hold_target
    if target is None:
        return None
    frames = range(settings.hold_first, settings.hold_last + 1)
    points = matrices_of(scene, target, frames, bone_of(settings))[:, :3, 3]
    return Hold(settings.hold_joint, frames[0] - start, skeleton.to_y_up(points), name_of(settings), start)


def matrices_of(scene: bpy.types.Scene, target: bpy.types.Object, frames: Sequence[int], bone: str = "") -> np.ndarray:
    """Return where an object, or the head of its ``bone``, is at ``frames``, as evaluated: matrices (frames, 4, 4) of
    the world, Blender's axes and units."""
    moves = bone or target.animation_data is not None or target.parent is not None or len(target.constraints)
    current, between = scene.frame_current, scene.frame_subframe
    found = []
    try:
        for frame in frames if moves else [current]:
            if moves:
                scene.frame_set(frame)
            there = target.evaluated_get(bpy.context.evaluated_depsgraph_get())
            matrix = np.array(there.matrix_world, dtype=float)
            if bone:
                matrix[:3, 3] = there.matrix_world @ there.pose.bones[bone].head
            found.append(matrix)
    finally:
        if moves:
            scene.frame_set(current, subframe=between)
    return np.array(found if moves else found * len(frames))
