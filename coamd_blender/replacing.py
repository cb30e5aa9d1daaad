"""Making room in an Action: the keys of a range go, those outside stay and move as they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from . import actions

# Data path and index of a channel.
Channel = tuple[str, int]
Point = tuple[float, float]


def clear_range(
    action, owner, span: tuple[int, int], written: Mapping[Channel, str], resting: Mapping[Channel, float]
) -> None:
    """Take the keys of ``span`` (first and last frame) out of the channels that will be ``written`` anew.

    written: channel to the name of its group. resting: channels, of which some may be written, that must have
    these values while others are written; they are keyed so at the ends of the range, where they would differ.
    Where the Action goes on beside the range, every channel gets a key there that holds what it was: what its
    curve did, or what ``owner``, the object that plays the Action, has now.
    """
    container = actions.container(action)
    first, last = action.frame_range
    beside = [span[0] - 1] * (first < span[0]) + [span[1] + 1] * (last > span[1])
    for channel, group in written.items():
        _make_room(container, owner, channel, group, span, beside)
    for channel, value in resting.items():
        if channel in written:
            continue
        path, index = channel
        curve = container.fcurves.find(path, index=index)
        if curve is None and _value(owner, channel) == value:
            continue
        _key_rest(_make_room(container, owner, channel, _bone_of(path), span, beside), span, value)


def rest(action, span: Sequence[int], resting: Mapping[Channel, float]) -> None:
    """Key ``resting`` channels of a new Action at the ends of ``span``."""
    container = actions.container(action)
    for (path, index), value in resting.items():
        _key_rest(actions.new_curve(container, path, index, _bone_of(path)), span, value)


def _value(owner, channel: Channel) -> float:
    """Return what ``owner`` has in a channel now; a custom property has no index."""
    path, index = channel
    found = owner.path_resolve(path)
    return found if isinstance(found, (int, float)) else found[index]


def _bone_of(path: str) -> str:
    return path.split('"')[1]


def _key_rest(curve, span: Sequence[int], value: float) -> None:
    for frame in span:
        curve.keyframe_points.insert(frame, value).interpolation = "LINEAR"
    curve.update()


def _make_room(container, owner, channel: Channel, group: str, span: tuple[int, int], beside: list[int]):
    """Clear one channel's range, with keys that hold it ``beside`` the range; return its curve."""
    path, index = channel
    curve = container.fcurves.find(path, index=index)
    if curve is None:
        curve, now = actions.new_curve(container, path, index, group), _value(owner, channel)
        held = [(frame, now) for frame in beside]
    else:
        held = [(frame, curve.evaluate(frame)) for frame in beside]
    for frame, value in held:
        _hold(curve.keyframe_points, frame, value)
    points = curve.keyframe_points
    for place in reversed(range(len(points))):
        if span[0] - 0.5 < points[place].co.x < span[1] + 0.5:
            points.remove(points[place], fast=True)
    curve.update()
    return curve


def _hold(points, frame: int, value: float) -> None:
    """Key what the curve is at ``frame``; on both sides it stays as it is, an easing curve excepted.

    Blender makes the handles of its automatic kinds anew whenever a neighbour changes: those beside are set free.
    """
    place = next((number for number, key in enumerate(points) if key.co.x >= frame), len(points))
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
