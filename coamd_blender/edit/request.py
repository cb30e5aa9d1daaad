"""What an edit is to do, taken from Blender: the marked range and what it stands for. Changes nothing."""

from __future__ import annotations

import math

import bpy

from ..anim import actions
from ..anim.range_keys import Range
from ..errors import InputError
from ..guides import markers
from ..motion import skeleton
from ..wire.edit_modes import EDIT_MODES

Area = tuple[Range, str]  # what is regenerated, and the runtime's mode for it


def marked_range(
    context: bpy.types.Context, action: bpy.types.Action | None, slot: bpy.types.ActionSlot | None
) -> tuple[int, int]:
    """Return first and last frame of the range that ``scene.coamd_edit`` means; ``action`` is looked at for its keys
    alone.

    Raises InputError when none is marked.
    """
    scene = context.scene
    settings = scene.coamd_edit
    ends = (settings.first, settings.last)
    if settings.source_of_range == "PREVIEW":
        if not scene.use_preview_range:
            raise InputError("There is no preview range", "Press P in a timeline and drag over the range")
        ends = (scene.frame_preview_start, scene.frame_preview_end)
    elif settings.source_of_range == "MARKERS":
        frames = sorted({marker.frame for marker in scene.timeline_markers if marker.select})
        if len(frames) != 2:
            raise InputError(f"{len(frames)} marked frames are selected", "Select two timeline markers")
        ends = tuple(frames)
    elif settings.source_of_range == "KEYS":
        ends = _selected_keys(action, slot)
    if ends[1] < ends[0]:
        raise InputError(f"The range {ends[0]} to {ends[1]} is empty", "Give its first frame, then its last")
    return ends


def _selected_keys(action: bpy.types.Action, slot: bpy.types.ActionSlot | None) -> tuple[int, int]:
    frames = [
        point.co.x
        for curve in actions.curves_of(action, slot)
        for point in curve.keyframe_points
        if point.select_control_point
    ]
    if not frames or max(frames) - min(frames) < 1:
        raise InputError("The selected keys mark no range", "Select keys at two frames or more in the Dope Sheet")
    return round(min(frames)), round(max(frames))


def touched(context: bpy.types.Context, armature: bpy.types.Object) -> tuple[str, str]:
    """Return which Action and which frames an edit would touch, or what is missing, as two lines for the panel."""
    data = armature.animation_data
    if data is None or data.action is None:
        return "Plays no Action", "Assign one"
    if context.scene.coamd_edit.source_of_range == "KEYS":  # many to look through at every redraw
        return data.action.name, "From the first to the last selected key"
    try:
        first, last = marked_range(context, data.action, None)
    except InputError as error:
        return data.action.name, error.message
    return data.action.name, f"Frames {first} to {last}"


def areas(mode: str, marked: tuple[int, int], start: float, end: float) -> tuple[Area, ...]:
    """Return what an edit of the ``marked`` frames regenerates in an Action with keys from ``start`` to ``end``.

    Raises InputError for a range that lies outside the Action, further than the mode allows.
    """
    first, last = marked
    low, high = math.floor(start), math.ceil(end)
    around = EDIT_MODES[mode].around
    if around is not None:
        sides = [(low, min(first, high + 1) - 1, around[0]), (max(last, low - 1) + 1, high, around[1])]
        if first > high or last < low:
            raise _outside(marked, low, high)
        sides = [(Range(a, b, start, end), way) for a, b, way in sides if a <= b]
        if not sides:
            raise InputError(
                f"The range {first} to {last} is all of the Action", "Mark the part that is to be kept, inside it"
            )
        return tuple(sides)
    allowed = {
        "both": low <= first and last <= high,
        "before": low < first <= high + 1,
        "after": low - 1 <= last < high,
    }
    if not allowed[EDIT_MODES[mode].builds_on]:
        raise _outside(marked, low, high)
    return ((Range(first, last, start, end), mode),)


def _outside(marked: tuple[int, int], low: int, high: int) -> InputError:
    beyond = [mode.label for mode in EDIT_MODES.values() if mode.builds_on != "both"]
    return InputError(
        f"The range {marked[0]} to {marked[1]} is outside the Action's frames {low} to {high}",
        f"Choose frames inside, or {' or '.join(beyond)}",
    )


def takes_places(settings: bpy.types.PropertyGroup) -> bool:
    """Return whether poses at markers, and a hold, can be asked for: not where the marked range itself stays."""
    return EDIT_MODES[settings.mode].around is None


def takes_path(settings: bpy.types.PropertyGroup) -> bool:
    """Return whether a path can be asked for: for one range of the whole body, without a guide that has its own way."""
    mode = EDIT_MODES[settings.mode]
    return settings.part == "whole" and not mode.keeps and mode.around is None


def kept_poses(scene: bpy.types.Scene, marked: tuple[int, int], area: Range) -> tuple[int, ...]:
    """Return frames of the markers inside the range but for those that mark its ends. Raises InputError without any."""
    ends = set(marked) if scene.coamd_edit.source_of_range == "MARKERS" else set()
    found = tuple(frame for frame in markers.frames_within(scene, area.first, area.last) if frame not in ends)
    if not found:
        raise InputError("There are no markers inside the range", "Set some, or turn Keep Poses at Markers off")
    return found


def open_joints(settings: bpy.types.PropertyGroup) -> tuple[str | None, frozenset[str]]:
    """Return the runtime's word for what is regenerated (None: all), and the joints that may move.

    Raises InputError when nothing may.
    """
    if settings.part == "whole":
        return None, frozenset(skeleton.JOINT_NAMES)
    names = skeleton.BODY_PARTS.get(settings.part)
    if names is None:
        names = tuple(name for name, on in zip(skeleton.JOINT_NAMES, settings.joints, strict=True) if on)
    held = skeleton.immovable(skeleton.JOINT_INDEX[name] for name in names)
    if held.all():
        raise InputError("No joint is free to move", "Choose joints, each with those that hang on it")
    free = frozenset(name for name, still in zip(skeleton.JOINT_NAMES, held, strict=True) if not still)
    return ",".join(names), free
