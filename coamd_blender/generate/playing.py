"""A motion played: the preview range is fitted to it, and the scene ends no earlier than it does."""

from __future__ import annotations

import bpy

from ..anim import actions, range_edit, scene_end
from ..errors import InputError
from ..setup import preferences


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


def make_room(scene: bpy.types.Scene, *armatures: bpy.types.Object) -> None:
    """Let the scene end no earlier than what ``armatures`` play, where nobody has set its end (anim.scene_end). The
    preferences may say that the timeline is left as it is."""
    if preferences.moves_timeline(bpy.context):
        scene_end.make_room(scene, *armatures)


def afterwards(context: bpy.types.Context, armature: bpy.types.Object, *others: bpy.types.Object) -> None:
    """Do what the preferences say is done once a motion is made of ``armature``, and of ``others`` with it."""
    settings = preferences.get(context)
    wanted = "ASK" if settings is None else settings.afterwards
    make_room(context.scene, armature, *others)
    if wanted in {"FIT", "PLAY"}:
        fit(context.scene, armature)
    if wanted == "PLAY" and not bpy.app.background:
        play(context)
