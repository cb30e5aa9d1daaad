"""F-curves cut and stretched in time, in a copy of their Action; what they do in between stays as it is."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from ..anim.range_keys import LINEAR, hold

_DENSE = 1.0 + 1e-4  # frames between linear keys: no farther apart, they are baked, one a frame


def trim(curves: Iterable[bpy.types.FCurve], first: int, last: int) -> None:
    """Take the keys outside frames ``first`` to ``last`` out; keys at both ends hold what the curves do there."""
    for curve in curves:
        points = curve.keyframe_points
        if not len(points):
            continue
        for frame in (first, last):
            hold(points, frame, curve.evaluate(frame))
        for place in range(len(points) - 1, -1, -1):
            if not first - 1e-3 <= points[place].co.x <= last + 1e-3:
                points.remove(points[place], fast=True)
        curve.update()


def retime(curves: Iterable[bpy.types.FCurve], start: float, factor: float) -> None:
    """Let everything after frame ``start`` take ``factor`` times as long.

    Poses stay what they are, and so a foot that stands stays where it stands. Keys and their handles move along; curves
    that are baked, a linear key a frame, keep a key on every whole frame.
    """
    for curve in curves:
        count = len(curve.keyframe_points)
        if count:
            _rebake(curve, start, factor) if _is_baked(curve) else _stretch(curve, start, factor)
            curve.update()


def _is_baked(curve: bpy.types.FCurve) -> bool:
    points, count = curve.keyframe_points, len(curve.keyframe_points)
    places, kinds = np.empty(2 * count, np.float32), np.empty(count, np.int32)
    points.foreach_get("co", places)
    points.foreach_get("interpolation", kinds)
    return count > 2 and bool((kinds == LINEAR).all()) and float(np.diff(places[::2]).max()) <= _DENSE


def _stretch(curve: bpy.types.FCurve, start: float, factor: float) -> None:
    points = curve.keyframe_points
    moved = {}
    for name in ("co", "handle_left", "handle_right"):
        values = np.empty(2 * len(points), np.float32)
        points.foreach_get(name, values)
        values[::2] = start + (values[::2] - start) * factor
        moved[name] = values
    for name, values in moved.items():
        points.foreach_set(name, values)


def _rebake(curve: bpy.types.FCurve, start: float, factor: float) -> None:
    points = curve.keyframe_points
    first, last = points[0].co.x, points[len(points) - 1].co.x
    ends = [start + (frame - start) * factor for frame in (first, last)]
    frames = np.arange(round(ends[0]), round(ends[1]) + 1)
    times = np.clip(start + (frames - start) / factor, first, last)
    values = np.array([curve.evaluate(time) for time in times.tolist()])
    while len(points) > len(frames):
        points.remove(points[len(points) - 1], fast=True)
    if len(points) < len(frames):
        points.add(len(frames) - len(points))
    places = np.column_stack([frames, values]).astype(np.float32).ravel()
    for name in ("co", "handle_left", "handle_right"):
        points.foreach_set(name, places)
    points.foreach_set("interpolation", np.full(len(frames), LINEAR, np.int32))
