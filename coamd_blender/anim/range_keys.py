"""A range of an F-curve's keys replaced, in two ways that promise different things.

A curve whose next key lies beyond the range runs through its edge, and keeps its shape outside only if a key holds it
there. Where it is constant or straight one key does. Where it is bent,

* an edit (:func:`replaced`) must not change a key that the animator made, to the byte: no handle may be shortened, so
  the curve is held by a key on every frame up to that key;
* "Replace Range" (:func:`make_room`) adds one key, by which the cubic is cut in two (de Casteljau). The curve is the
  same to the precision of its numbers, and few keys are left to work with, but handles beside the cut are shorter now.

Neither can do for the other: a cubic that goes on with less than its whole length needs other handles.

A leaf: standard library and numpy only; F-curves are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import bpy

# Values of Blender's enums.
CONSTANT, LINEAR, BEZIER = 0, 1, 2
FREE, VECTOR, ALIGNED, AUTO_CLAMPED = 0, 2, 3, 4
GENERATED = 5

# What a keyframe point holds, as foreach_get names it: type, numbers a key, and the value for a new key.
ATTRIBUTES: dict[str, tuple[type, int, float]] = {
    "co": (np.float32, 2, 0.0),
    "handle_left": (np.float32, 2, 0.0),
    "handle_right": (np.float32, 2, 0.0),
    "interpolation": (np.int32, 1, LINEAR),
    "easing": (np.int32, 1, 0),
    "back": (np.float32, 1, 1.70158),
    "amplitude": (np.float32, 1, 0.8),
    "period": (np.float32, 1, 4.1),
    "handle_left_type": (np.int32, 1, AUTO_CLAMPED),
    "handle_right_type": (np.int32, 1, AUTO_CLAMPED),
    "type": (np.int32, 1, GENERATED),
    "select_control_point": (bool, 1, False),
    "select_left_handle": (bool, 1, False),
    "select_right_handle": (bool, 1, False),
}
_HANDLES, _TYPES = ("handle_left", "handle_right"), ("handle_left_type", "handle_right_type")
Keys = dict[str, np.ndarray]  # attribute to (keys, numbers a key)
Span = tuple[int, int]  # first and last frame
Point = tuple[float, float]


# --- keys as numbers --------------------------------------------------------------------------------------------------


def no_keys() -> Keys:
    """Return the keys of a curve without keys."""
    return {name: np.zeros((0, width), kind) for name, (kind, width, _) in ATTRIBUTES.items()}


def fresh_keys(frames: np.ndarray, values: np.ndarray, interpolation: int | np.ndarray = LINEAR) -> Keys:
    """Return new keys at ``frames`` (n,), frame numbers, with ``values`` (n,) in the channel's own unit.

    They are marked as generated. ``interpolation`` is a number of Blender's for all of them, or one a key (n,).
    """
    keys = {name: np.full((len(frames), width), new, kind) for name, (kind, width, new) in ATTRIBUTES.items()}
    for name in ("co", "handle_left", "handle_right"):
        keys[name][:, 0], keys[name][:, 1] = frames, values
    keys["interpolation"][:, 0] = interpolation
    return keys


def read_keys(curve: bpy.types.FCurve, names: Iterable[str] = ATTRIBUTES) -> Keys:
    """Return all keys of an F-curve, or of each the attributes ``names``."""
    points, table = curve.keyframe_points, {}
    for name in names:
        kind, width, _ = ATTRIBUTES[name]
        values = np.zeros(len(points) * width, kind)
        points.foreach_get(name, values)
        table[name] = values.reshape(len(points), width)
    return table


def write_keys(curve: bpy.types.FCurve, table: Keys, old: np.ndarray) -> int:
    """Give an F-curve exactly these keys, and freeze the handles of those ``old`` keys (n,) bool that Blender would
    move. Returns how many keys were frozen."""
    steps = write_steps(lambda: curve, table, old)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def write_steps(found: Callable[[], bpy.types.FCurve], table: Keys, old: np.ndarray) -> Generator[int, None, int]:
    """As :func:`write_keys`, of the curve that ``found()`` gives anew after each step: what a step did, in keys.

    ``old`` (keys,) bool, no unit, are the keys whose handles are to stay. Until the last step the handles beside the
    new keys are not what they were.
    """
    curve, count = found(), len(old)
    points = curve.keyframe_points
    if len(points) < count:
        points.add(count - len(points))
    while len(points) > count:
        points.remove(points[len(points) - 1], fast=True)
    _set_keys(curve, table)
    frozen = np.zeros(count, bool)
    for _ in range(count):  # freezing one may move the next: curves are smoothed over all automatic handles in a row
        yield count
        curve = found()
        moved = moved_handles(table, read_keys(curve, _HANDLES)) & old
        if not moved.any():
            break
        frozen |= moved
        for side in ("left", "right"):  # both: Blender turns a free handle after an automatic one opposite
            table[f"handle_{side}_type"][moved] = FREE
        _set_keys(curve, {name: table[name] for name in (*_HANDLES, *_TYPES)})
    return int(frozen.sum())


def _set_keys(curve: bpy.types.FCurve, table: Keys) -> None:
    """Set attributes of all keys; the values of all others stay, but that Blender moves automatic handles."""
    for name, values in table.items():
        curve.keyframe_points.foreach_set(name, np.ascontiguousarray(values).ravel())
    curve.update()


def moved_handles(before: Keys, after: Keys) -> np.ndarray:
    """Return which keys (n,) bool have another left or right handle in ``after`` than ``before``, to the byte."""
    return np.any([before[side].view(np.uint32) != after[side].view(np.uint32) for side in _HANDLES], axis=(0, 2))


# --- no key outside changes -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Range:
    """Frames ``first`` to ``last`` are replaced, of an Action whose keys lie from ``start`` to ``end``."""

    first: int
    last: int
    start: float
    end: float

    @property
    def before(self) -> bool:
        """Whether the Action has frames before the range that must stay."""
        return self.start < self.first

    @property
    def after(self) -> bool:
        """Whether the Action has frames after the range that must stay."""
        return self.end > self.last


@dataclass(frozen=True)
class SourceCurve:
    """The curve before: its ``keys`` in order of time, whether it is extrapolated ``linear``ly, and its value at a
    frame. A channel without a curve has no keys and one value."""

    keys: Keys
    linear: bool
    evaluate: Callable[[float], float]


def replaced(source: SourceCurve, area: Range, made: Keys) -> tuple[Keys, np.ndarray]:
    """Return the curve's keys with ``made`` in the range, and which of them (keys,) bool were there before."""
    times = source.keys["co"][:, 0]
    outside = (times < area.first) | (times > area.last)
    parts = [
        {name: values[outside] for name, values in source.keys.items()},
        _holding_before(source, area, times),
        made,
        _holding_after(source, area, times),
    ]
    result = {name: np.concatenate([part[name] for part in parts]) for name in ATTRIBUTES}
    order = np.argsort(result["co"][:, 0], kind="stable")
    old = np.arange(len(order)) < int(outside.sum())
    return {name: values[order] for name, values in result.items()}, old[order]


def _holding_before(source: SourceCurve, area: Range, times: np.ndarray) -> Keys:
    """Return keys that hold the curve in its shape up to the frame before the range."""
    if not area.before:
        return no_keys()
    edge = area.first - 1
    earlier = np.flatnonzero(times < area.first)
    if not len(earlier):
        return _held(source, [edge - 1, edge] if source.linear and len(times) else [edge])
    return _held(source, _frames_behind(source, int(earlier[-1]), edge))


def _holding_after(source: SourceCurve, area: Range, times: np.ndarray) -> Keys:
    """Return keys that hold the curve in its shape from the frame after the range on."""
    if not area.after:
        return no_keys()
    edge = area.last + 1
    later = np.flatnonzero(times > area.last)
    if not len(later):
        return _held(source, [edge, edge + 1] if source.linear and len(times) else [edge])
    first = int(later[0])
    if times[first] <= edge:
        return no_keys()
    if first == 0:  # nothing before: the curve is extrapolated up to this key
        return _held(source, [edge], LINEAR if source.linear else CONSTANT)
    shape = int(source.keys["interpolation"][first - 1, 0])
    if shape in (CONSTANT, LINEAR):
        return _held(source, [edge], shape)
    return _held(source, range(edge, int(np.ceil(times[first]))))


def _frames_behind(source: SourceCurve, key: int, edge: int) -> list[int]:
    """Return frames up to ``edge`` at which the curve behind ``key`` must be held so as to keep its shape."""
    time, value = source.keys["co"][key]
    shape = int(source.keys["interpolation"][key, 0])
    if time >= edge or shape == CONSTANT:
        return []
    level = key + 1 == len(source.keys["co"]) and not source.linear and source.keys["handle_right"][key, 1] == value
    return [edge] if shape == LINEAR or level else list(range(int(np.floor(time)) + 1, edge + 1))


def _held(source: SourceCurve, frames: Iterable[int], interpolation: int = LINEAR) -> Keys:
    frames = np.array(list(frames), dtype=float)
    keys = fresh_keys(frames, np.array([source.evaluate(frame) for frame in frames]), interpolation)
    keys["handle_left_type"][:] = keys["handle_right_type"][:] = VECTOR
    return keys


# --- few keys ---------------------------------------------------------------------------------------------------------


def frames_beside(action: bpy.types.Action, span: Span) -> list[int]:
    """Return the frames next to ``span`` on the sides where ``action`` goes on."""
    first, last = action.frame_range
    return [span[0] - 1] * (first < span[0]) + [span[1] + 1] * (last > span[1])


def make_room(curve: bpy.types.FCurve, span: Span, beside: Sequence[int]) -> None:
    """Take the keys of ``span`` out of a curve; keys ``beside`` it hold what the curve did there."""
    points = curve.keyframe_points
    for frame, value in [(frame, curve.evaluate(frame)) for frame in beside]:
        hold(points, frame, value)
    frames = _frames(points)
    inside = np.flatnonzero((frames > span[0] - 0.5) & (frames < span[1] + 0.5))
    for place in inside[::-1]:
        points.remove(points[int(place)], fast=True)


def hold(points: bpy.types.bpy_prop_collection, frame: int, value: float) -> None:
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


def _frames(points: bpy.types.bpy_prop_collection) -> np.ndarray:
    places = np.empty(2 * len(points), dtype=np.float32)
    points.foreach_get("co", places)
    return places[::2]


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
