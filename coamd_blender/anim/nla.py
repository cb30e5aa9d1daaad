"""NLA strips: a motion laid over what an armature does already, shown, hidden and removed again."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from . import actions


def add(data: bpy.types.AnimData, action: bpy.types.Action, start: int) -> None:
    """Lay ``action`` as a strip on a new topmost track of animation data ``data``; it speaks in its own range only.

    An Action in use would hide every strip: it becomes a strip below, in its own place, as Push Down makes it.
    """
    if data.action is not None:
        _push_down(data)
    strip = _new_strip(data, action, start)
    strip.extrapolation = "NOTHING"


def add_edit(
    data: bpy.types.AnimData,
    source: bpy.types.Action,
    preview: bpy.types.Action,
    slots: tuple[bpy.types.ActionSlot | None, bpy.types.ActionSlot | None],
    frames: tuple[int, int],
) -> None:
    """Put an Action and, above it, ``frames`` (first, last) of an edited copy of it onto new NLA tracks of ``data``.
    ``slots``: of the Action and of its copy, None before Blender 4.4."""
    data.action = None
    _new_strip(data, source, round(source.frame_range[0]), slots[0])
    strip = _new_strip(data, preview, frames[0], slots[1])
    strip.action_frame_start, strip.action_frame_end = frames
    strip.frame_start, strip.frame_end = frames
    strip.extrapolation = "NOTHING"
    strip.select = True


def lay(
    data: bpy.types.AnimData, action: bpy.types.Action, name: str, slot: bpy.types.ActionSlot | None
) -> bpy.types.NlaStrip:
    """Put an Action onto a new topmost track, both called ``name``, where its keys are; it speaks in its range only.

    ``slot``: of the Action, None before Blender 4.4.
    """
    strip = _new_strip(data, action, round(action.frame_range[0]), slot)
    strip.extrapolation = "NOTHING"
    strip.name = data.nla_tracks[-1].name = name
    return strip


def _push_down(data: bpy.types.AnimData) -> None:
    """Make the Action in use the topmost strip, at the frames it has, mixed in as it was.

    Over no other strip Blender plays an Action in full, whatever its influence says.
    """
    mixed = any(not track.mute and len(track.strips) for track in data.nla_tracks)
    action, slot = data.action, getattr(data, "action_slot", None)
    data.action = None
    if hasattr(data, "action_slot") and slot is None:  # it moved nothing
        return
    own = None if slot is None else next(own for own in action.slots if own.handle == slot.handle)
    strip = _new_strip(data, action, round(action.frame_range[0]), own)
    strip.frame_start_ui = action.frame_range[0]
    if mixed:
        strip.blend_type, strip.extrapolation = data.action_blend_type, data.action_extrapolation
        if data.action_influence != 1.0:
            strip.use_animated_influence = True
            curve = strip.fcurves.find("influence")
            curve.keyframe_points.insert(strip.frame_start, data.action_influence)
    data.action_influence, data.action_blend_type, data.action_extrapolation = 1.0, "REPLACE", "HOLD"


def _new_strip(
    data: bpy.types.AnimData, action: bpy.types.Action, start: int, slot: bpy.types.ActionSlot | None = None
) -> bpy.types.NlaStrip:
    """Make a strip on a track of its own, of the Action's first slot or of the one given."""
    track = data.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, start, action)
    if slot is None:
        actions.assign(strip, action)
    else:
        strip.action_slot = slot
    return strip


def heard_below(data: bpy.types.AnimData | None, *, with_action: bool) -> set[tuple[str, int]]:
    """Return the channels (data path, index) that strips animate, or ``with_action`` the Action in use too."""
    if data is None:
        return set()
    below = [strip.action for track in data.nla_tracks for strip in track.strips] + [data.action] * with_action
    return {channel for action in below if action is not None for channel in actions.channels(action)}


def track_of(data: bpy.types.AnimData | None, action: bpy.types.Action) -> bpy.types.NlaTrack | None:
    """Return the NLA track whose strip plays ``action``, or None."""
    tracks = () if data is None else data.nla_tracks
    return next((track for track in tracks if any(strip.action == action for strip in track.strips)), None)


def show(data: bpy.types.AnimData | None, action: bpy.types.Action, others: Collection) -> bool:
    """Let the strip of ``action`` be heard, muting those of ``others`` that lie over it; False when it is on no strip.

    Strips over other frames, and those below, stay as they are.
    """
    mine = track_of(data, action)
    if mine is None:
        return False
    mine.mute = False
    tracks = list(data.nla_tracks)
    for track in tracks[tracks.index(mine) + 1 :]:
        if any(strip.action in others and _overlap(strip, mine.strips[0]) for strip in track.strips):
            track.mute = True
    return True


def _overlap(one: bpy.types.NlaStrip, other: bpy.types.NlaStrip) -> bool:
    return one.frame_start < other.frame_end and other.frame_start < one.frame_end


def remove(data: bpy.types.AnimData | None, action: bpy.types.Action) -> None:
    """Take the strip of ``action`` away, and its track with it where that is left empty."""
    track = track_of(data, action)
    if track is None:
        return
    for strip in [strip for strip in track.strips if strip.action == action]:
        track.strips.remove(strip)
    if not track.strips:
        data.nla_tracks.remove(track)
