"""A motion played: the preview range is fitted to it, and the scene ends no earlier than it does."""

from __future__ import annotations

import math

import bpy

from ..anim import actions, range_edit
from ..errors import InputError
from ..setup import preferences

_LAST_FRAME = 1_048_574  # that Blender has


def fit(scene: bpy.types.Scene, armature: bpy.types.Object) -> None:
    """Set the preview range to the frames of the Action that ``armature`` plays, and go to the first.

    Raises InputError without one.
    """
    action = range_edit.require_action(armature)
    first, last = range_edit.extent(action, actions.slot_for(action, armature))
    if last - first < 1:
        raise InputError(f"The Action {action.name!r} has one frame", "Choose another Action")
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = round(first), round(last)
    scene.frame_preview_start = round(first)  # Blender keeps the start before the end that was
    scene.frame_set(round(first))


def play(context: bpy.types.Context) -> None:
    """Start the animation in the first window that shows ``context``'s scene, unless it plays already."""
    for window in context.window_manager.windows:
        if window.scene == context.scene and not window.screen.is_animation_playing:
            with context.temp_override(window=window, screen=window.screen):
                bpy.ops.screen.animation_play()
            return


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
    own, or was set here before. The preferences may say that the timeline is left as it is."""
    settings = preferences.get(bpy.context)
    if settings is not None and settings.afterwards == "LEAVE":
        return
    own = {scene.bl_rna.properties["frame_end"].default, scene.coamd.scene_end}
    last = max((beyond(scene, armature) or 0 for armature in armatures), default=0)
    if last and scene.frame_end in own:
        extend(scene, last)


def afterwards(context: bpy.types.Context, armature: bpy.types.Object, *others: bpy.types.Object) -> None:
    """Do what the preferences say is done once a motion is made of ``armature``, and of ``others`` with it."""
    settings = preferences.get(context)
    wanted = "ASK" if settings is None else settings.afterwards
    make_room(context.scene, armature, *others)
    if wanted in {"FIT", "PLAY"}:
        fit(context.scene, armature)
    if wanted == "PLAY" and not bpy.app.background:
        play(context)
