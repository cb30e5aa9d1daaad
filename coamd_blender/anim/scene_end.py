"""The scene ends no earlier than what its characters play, as long as nobody has set its end."""

from __future__ import annotations

import math

import bpy

from . import actions

_LAST_FRAME = 1_048_574  # that Blender has


def beyond(scene: bpy.types.Scene, armature: bpy.types.Object) -> int | None:
    """Return the last frame of what ``armature`` plays, its Action and the strips that are heard; None where that is
    within the scene."""
    data = armature.animation_data
    if data is None:
        return None
    ends = [strip.frame_end for track in data.nla_tracks if not track.mute for strip in track.strips if not strip.mute]
    if data.action is not None:
        curves = actions.curves_of(data.action, actions.slot_for(data.action, armature))
        ends += [curve.range()[1] for curve in curves if len(curve.keyframe_points)]
    last = min(math.ceil(max(ends, default=0.0) - 1e-3), _LAST_FRAME)
    return last if last > scene.frame_end else None


def extend(scene: bpy.types.Scene, last: int) -> None:
    """Let the scene end with frame ``last``, and note that nobody else has set that."""
    scene.frame_end = scene.coamd.scene_end = last


def make_room(scene: bpy.types.Scene, *armatures: bpy.types.Object) -> None:
    """Let the scene end no earlier than what ``armatures`` play, where nobody has set its end: where it is Blender's
    own, or was set here before."""
    own = {scene.bl_rna.properties["frame_end"].default, scene.coamd.scene_end}
    last = max((beyond(scene, armature) or 0 for armature in armatures), default=0)
    if last and scene.frame_end in own:
        extend(scene, last)
