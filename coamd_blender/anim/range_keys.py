"""The keys of one F-curve as numbers, and a range of them replaced: what is outside stays as it is, to the byte.

A curve whose next key lies beyond the range runs through its edge, and keeps its shape outside only if keys hold it
there: none where it is constant, one beside the range where it is straight, one a frame up to that key where it is
bent. Those are added; no key that is there already is moved or bent.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

# Values of Blender's enums.
CONSTANT, LINEAR = 0, 1
FREE, VECTOR, AUTO_CLAMPED = 0, 2, 4
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
Keys = dict[str, np.ndarray]  # attribute to (keys, numbers a key)


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
class Source:
    """The curve before: its ``keys`` in order of time, whether it is extrapolated ``linear``ly, and its value at a
    frame. A channel without a curve has no keys and one value."""

    keys: Keys
    linear: bool
    evaluate: Callable[[float], float]


def no_keys() -> Keys:
    """The keys of a curve without keys."""
    return {name: np.zeros((0, width), kind) for name, (kind, width, _) in ATTRIBUTES.items()}


def fresh_keys(frames: np.ndarray, values: np.ndarray, interpolation: int | np.ndarray = LINEAR) -> Keys:
    """New keys at ``frames`` (n,) with ``values`` (n,), marked as generated."""
    keys = {name: np.full((len(frames), width), new, kind) for name, (kind, width, new) in ATTRIBUTES.items()}
    for name in ("co", "handle_left", "handle_right"):
        keys[name][:, 0], keys[name][:, 1] = frames, values
    keys["interpolation"][:, 0] = interpolation
    return keys


def replaced(source: Source, area: Range, made: Keys) -> tuple[Keys, np.ndarray]:
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


def _holding_before(source: Source, area: Range, times: np.ndarray) -> Keys:
    """Keys that hold the curve in its shape up to the frame before the range."""
    if not area.before:
        return no_keys()
    edge = area.first - 1
    earlier = np.flatnonzero(times < area.first)
    if not len(earlier):
        return _held(source, [edge - 1, edge] if source.linear and len(times) else [edge])
    return _held(source, _frames_behind(source, int(earlier[-1]), edge))


def _holding_after(source: Source, area: Range, times: np.ndarray) -> Keys:
    """Keys that hold the curve in its shape from the frame after the range on."""
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


def _frames_behind(source: Source, key: int, edge: int) -> list[int]:
    """Frames up to ``edge`` at which the curve behind ``key`` must be held so as to keep its shape."""
    time, value = source.keys["co"][key]
    shape = int(source.keys["interpolation"][key, 0])
    if time >= edge or shape == CONSTANT:
        return []
    level = key + 1 == len(source.keys["co"]) and not source.linear and source.keys["handle_right"][key, 1] == value
    return [edge] if shape == LINEAR or level else list(range(int(np.floor(time)) + 1, edge + 1))


def _held(source: Source, frames: Iterable[int], interpolation: int = LINEAR) -> Keys:
    frames = np.array(list(frames), dtype=float)
    keys = fresh_keys(frames, np.array([source.evaluate(frame) for frame in frames]), interpolation)
    keys["handle_left_type"][:] = keys["handle_right_type"][:] = VECTOR
    return keys


def moved_handles(before: Keys, after: Keys) -> np.ndarray:
    """Which keys (n,) bool have another left or right handle in ``after`` than ``before``, to the byte."""
    sides = ("handle_left", "handle_right")
    return np.any([before[side].view(np.uint32) != after[side].view(np.uint32) for side in sides], axis=(0, 2))
