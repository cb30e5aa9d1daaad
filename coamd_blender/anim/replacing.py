"""Making room in an Action: the keys of a range go, those outside stay and move as they did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from . import actions

# Data path and index of a channel.
Channel = tuple[str, int]
Point = tuple[float, float]
# First and last frame.
Span = tuple[int, int]


def prepare(action, owner, span: Span, written: Mapping[Channel, str], resting: Mapping[Channel, float]) -> None:
    """Make ready ``action``, a copy of the one that ``owner`` plays, for the keys of ``span`` to be replaced.

    written: channel to the name of its group; those without a curve get one, which holds beside the range what
    ``owner`` has now. resting: other channels, which must have these values while those are written; they are keyed
    so at the ends of the range, where they would differ. Curves to be written that there are already are left to
    :func:`make_room`.
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


def _drop_muted(container, channels: Iterable[Channel]) -> None:
    """Take curves that are muted out of the copy: keys on them would not be heard."""
    for path, index in channels:
        curve = container.fcurves.find(path, index=index)
        if curve is not None and curve.mute:
            container.fcurves.remove(curve)


def frames_beside(action, span: Span) -> list[int]:
    """Return the frames next to ``span`` on the sides where ``action`` goes on."""
    first, last = action.frame_range
    return [span[0] - 1] * (first < span[0]) + [span[1] + 1] * (last > span[1])


def make_room(curve, span: Span, beside: Sequence[int]) -> None:
    """Take the keys of ``span`` out of a curve; keys ``beside`` it hold what the curve did there."""
    points = curve.keyframe_points
    for frame, value in [(frame, curve.evaluate(frame)) for frame in beside]:
        _hold(points, frame, value)
    frames = _frames(points)
    inside = np.flatnonzero((frames > span[0] - 0.5) & (frames < span[1] + 0.5))
    for place in inside[::-1]:
        points.remove(points[int(place)], fast=True)


def _frames(points) -> np.ndarray:
    places = np.empty(2 * len(points), dtype=np.float32)
    points.foreach_get("co", places)
    return places[::2]


def _held_curve(container, channel: Channel, group: str, beside: Sequence[int], value: float):
    """Make a curve for a channel that has none, keyed to hold ``value`` beside the range."""
    curve = actions.new_curve(container, *channel, group)
    for frame in beside:
        curve.keyframe_points.insert(frame, value, options={"FAST"})
    return curve


def rest(action, span: Span, resting: Mapping[Channel, float]) -> None:
    """Key ``resting`` channels of a new Action at the ends of ``span``."""
    container = actions.container(action)
    for (path, index), value in resting.items():
        _key_rest(actions.new_curve(container, path, index, actions.bone_of(path) or "Object Transforms"), span, value)


def _value(owner, channel: Channel) -> float:
    """Return what ``owner`` has in a channel now; a custom property has no index."""
    path, index = channel
    found = owner.path_resolve(path)
    return found if isinstance(found, (int, float)) else found[index]


def _key_rest(curve, span: Span, value: float) -> None:
    for frame in span:
        curve.keyframe_points.insert(frame, value).interpolation = "LINEAR"
    curve.update()


def _hold(points, frame: int, value: float) -> None:
    """Key what the curve is at ``frame``; on both sides it stays as it is, an easing curve excepted.

    Blender makes the handles of its automatic kinds anew whenever a neighbour changes: those beside are set free.
    """
    place = int(np.searchsorted(_frames(points), frame))
    if place < len(points) and points[place].co.x == frame:
        return
    within = 0 < place < len(points)
    corners = None
    if within and points[place - 1].interpolation == "BEZIER":
        before, behind = points[place - 1], points[place]
        corners = split_bezier([before.co[:], before.handle_right[:], behind.handle_left[:], behind.co[:]], frame)
    key = points.insert(frame, value, options={"FAST"})
    if within:
        key.interpolation = points[place - 1].interpolation
    for near in points[max(0, place - 1) : place + 2]:
        near.handle_left_type = near.handle_right_type = "FREE"
    if corners is not None:
        points[place - 1].handle_right = corners[0]
        key.handle_left, key.co, key.handle_right = corners[1:4]
        points[place + 1].handle_left = corners[4]


def split_bezier(corners: Sequence[Point], x: float) -> list[Point]:
    """Cut the cubic from corners[0] to corners[3] in two at ``x``; return what lies between its ends, in order.

    That is the first part's two handles, the point, and the second part's two (de Casteljau). Handles that together
    reach farther than the ends are apart are shortened first, as Blender does, so that time never runs backwards.
    """
    start, first, second, end = (np.array(corner, dtype=float) for corner in corners)
    reach = abs(first[0] - start[0]) + abs(end[0] - second[0])
    if reach > end[0] - start[0]:
        shorter = (end[0] - start[0]) / reach
        first, second = start + (first - start) * shorter, end + (second - end) * shorter
    low, high = 0.0, 1.0
    for _ in range(50):
        u = 0.5 * (low + high)
        row = [start, first, second, end]
        a, b, c = (p + (q - p) * u for p, q in pairwise(row))
        d, e = a + (b - a) * u, b + (c - b) * u
        point = d + (e - d) * u
        low, high = (u, high) if point[0] < x else (low, u)
    return [tuple(map(float, corner)) for corner in (a, d, point, e, c)]
