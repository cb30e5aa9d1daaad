"""A copy of an Action made ready for a range of its keys to be replaced, and keys for what rests meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import bpy

from . import actions
from .range_keys import Span, frames_beside, make_room
from .snapshot import Channel


def prepare(
    action: bpy.types.Action,
    owner: bpy.types.Object,
    span: Span,
    written: Mapping[Channel, str],
    resting: Mapping[Channel, float],
) -> None:
    """Make ready ``action``, a copy of the one that ``owner`` plays, for the keys of ``span`` to be replaced.

    written: channel to the name of its group; those without a curve get one, which holds beside the range what
    ``owner`` has now. resting: other channels, which must have these values while those are written; they are keyed
    so at the ends of the range, where they would differ. Curves to be written that there are already are left to
    range_keys.make_room.
    """
    container, beside = actions.container(action), frames_beside(action, span)
    _drop_muted(container, {*written, *resting})
    for channel, group in written.items():
        if container.fcurves.find(channel[0], index=channel[1]) is None:
            _held_curve(container, channel, group, beside, _value(owner, channel))
    for channel, value in resting.items():
        path, index = channel
        curve = container.fcurves.find(path, index=index)
        if curve is None:
            now = _value(owner, channel)
            if now == value:
                continue
            curve = _held_curve(container, channel, actions.bone_of(path) or "Object Transforms", beside, now)
        else:
            make_room(curve, span, beside)
        _key_rest(curve, span, value)


def _drop_muted(container: bpy.types.bpy_struct, channels: Iterable[Channel]) -> None:
    """Take curves that are muted out of the copy: keys on them would not be heard."""
    for path, index in channels:
        curve = container.fcurves.find(path, index=index)
        if curve is not None and curve.mute:
            container.fcurves.remove(curve)


def _held_curve(
    container: bpy.types.bpy_struct, channel: Channel, group: str, beside: Sequence[int], value: float
) -> bpy.types.FCurve:
    """Make a curve for a channel that has none, keyed to hold ``value`` beside the range."""
    curve = actions.new_curve(container, *channel, group)
    for frame in beside:
        curve.keyframe_points.insert(frame, value, options={"FAST"})
    return curve


def rest(action: bpy.types.Action, span: Span, resting: Mapping[Channel, float]) -> None:
    """Key ``resting`` channels of a new Action at the ends of ``span``."""
    container = actions.container(action)
    for (path, index), value in resting.items():
        _key_rest(actions.new_curve(container, path, index, actions.bone_of(path) or "Object Transforms"), span, value)


def _value(owner: bpy.types.Object, channel: Channel) -> float:
    """Return what ``owner`` has in a channel now; a custom property has no index."""
    path, index = channel
    found = owner.path_resolve(path)
    return found if isinstance(found, (int, float)) else found[index]


def _key_rest(curve: bpy.types.FCurve, span: Span, value: float) -> None:
    for frame in span:
        curve.keyframe_points.insert(frame, value).interpolation = "LINEAR"
    curve.update()
