"""A way over the ground that passes places, each at its time, and looks there where it is told to.

It is laid into the root trajectory before anything is drawn (range_edit.py); what is drawn sways about that, and is put
over the places in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from coamd_blender.motion.signals import ease_between
from runtime.edit.task import Place

RAMP_SECONDS = 0.5  # in which the speed goes over into another at a place
TURN_SPEED = 2.5  # rad/s, at most about that, beside a place that says where to look
ALONG = 1.3  # rad: a facing that is no further off the way is walked along, any other turned to
_FINE = 24  # points of the curve from one place to the next
_SPREADS = (0.1, 0.2, 0.3, 0.4, 0.5)  # s, of the Gaussian that a turn is slowed by


@dataclass(frozen=True)
class Knot:
    """Where the reference frame is at a ``time``, seconds: ``point`` (2: x, z), metres, and ``heading``, radians from
    +Z towards +X, None to look where it goes."""

    time: float
    point: np.ndarray
    heading: float | None = None


def through_places(knots: list[Knot], times: np.ndarray, speed: float, stops: bool) -> np.ndarray:
    """Return stations (count, 3) at ``times`` (count,), seconds, that pass each of ``knots`` at its time.

    The first knot, which has a heading, is where it begins, at ``speed``, metres a second; at the last it ``stops``, or
    it goes on as it came. The way is a smooth curve that is gone evenly from one place to the next.
    """
    at = np.array([knot.time for knot in knots])
    curve, length = _curve(knots)
    stretch = length[_FINE::_FINE] - length[:-_FINE:_FINE]  # metres from knot to knot
    gone = _gone(at, stretch, _slowed(knots), speed, stops, times)
    beyond = max(gone[-1] - length[-1], 0.0)  # at the speed it came with
    if beyond > 0:
        ahead = curve[-1] + beyond * (curve[-1] - curve[-2]) / max(length[-1] - length[-2], 1e-9)
        curve, length = np.concatenate([curve, ahead[None]]), np.append(length, gone[-1])
    places = np.stack([np.interp(gone, length, curve[:, axis]) for axis in range(2)], axis=1)
    headings = _turning(_headings(curve, length, gone), times)
    looked = _looked(knots, at, np.interp(at, times, headings), times)
    return np.concatenate([places, (headings + looked)[:, None]], axis=1)


def over_places(joints: np.ndarray, start: int, places: Sequence[Place], kept: tuple[bool, bool]) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), any unit, moved over the ground so that the pelvis is over each of ``places``.

    They are frames of a clip from ``start`` on; ``kept`` says whether something stays before and behind them. The same
    shape.
    """
    at = np.array([place.frame - start for place in places])
    there = np.array([place.point for place in places], float)
    frames = np.arange(len(joints))
    pelvis = np.stack([np.interp(at, frames, joints[:, 0, axis]) for axis in (0, 2)], axis=1)
    missing = np.insert(there - pelvis, 1, 0.0, axis=1)
    if kept[0]:
        at, missing = np.insert(at, 0, -1.0), np.insert(missing, 0, 0.0, axis=0)
    if kept[1]:
        at, missing = np.append(at, len(joints)), np.append(missing, np.zeros((1, 3)), axis=0)
    return joints + ease_between(frames, at, missing)[:, None]


def _curve(knots: list[Knot]) -> tuple[np.ndarray, np.ndarray]:
    """Return the curve (points, 2) through the knots, _FINE points to each, and its length (points,) up to each."""
    points = np.stack([knot.point for knot in knots])
    chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
    ways = np.diff(points, axis=0) / np.maximum(chords, 1e-9)[:, None]
    last = len(knots) - 1
    tangents = []
    for number, knot in enumerate(knots):
        before, after = ways[max(0, number - 1)], ways[min(number, last - 1)]
        tangent = before + after
        size = np.linalg.norm(tangent)
        tangent = tangent / size if size > 0.2 else after  # it turns round
        if knot.heading is not None:
            facing = np.array([np.sin(knot.heading), np.cos(knot.heading)])
            tangent = facing if facing @ tangent > np.cos(ALONG) else tangent
        tangents.append(tangent)
    share = np.arange(_FINE)[:, None] / _FINE
    parts = []
    for number, chord in enumerate(chords):
        (start, stop), (out, into) = points[number : number + 2], tangents[number : number + 2]
        square, cube = share**2, share**3
        parts.append(
            start * (2 * cube - 3 * square + 1)
            + stop * (3 * square - 2 * cube)
            + chord * (out * (cube - 2 * square + share) + into * (cube - square))
        )
    curve = np.concatenate([*parts, points[-1:]])
    return curve, np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])


def _slowed(knots: list[Knot]) -> np.ndarray:
    """Return by what share (knots - 2,) of its speed each knot between the ends is passed: less where it turns back."""
    ways = np.diff(np.stack([knot.point for knot in knots]), axis=0)
    ways = ways / np.maximum(np.linalg.norm(ways, axis=1), 1e-9)[:, None]
    return np.clip(1 + (ways[:-1] * ways[1:]).sum(axis=1), 0, 1)


def _gone(
    at: np.ndarray, stretch: np.ndarray, slowed: np.ndarray, speed: float, stops: bool, times: np.ndarray
) -> np.ndarray:
    """Return how far it has gone (times,), metres: ``stretch`` (knots - 1,) from each of the times ``at`` to the next.

    Its speed is even in between, and goes over into the next within RAMP_SECONDS on both sides; knots between are
    passed ``slowed`` (knots - 2,), a share.
    """
    spans = np.maximum(np.diff(at), 1e-6)
    even = stretch / spans
    inner = [2 * a * b / (a + b) if a + b > 1e-9 else 0.0 for a, b in pairwise(even.tolist())]
    speeds = np.array([min(speed, 2 * even[0]), *(np.array(inner) * slowed), 0.0 if stops else even[-1]])
    result, done = np.zeros(len(times)), 0.0
    for number, span in enumerate(spans):
        ramp = min(RAMP_SECONDS, span / 3)
        first, last = speeds[number : number + 2]
        cruise = (stretch[number] - ramp * (first + last) / 2) / (span - ramp)
        knots = np.array([0.0, ramp, span - ramp, span])
        values = np.array([first, max(cruise, 0.0), max(cruise, 0.0), last])
        whole = np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2 * np.diff(knots))])
        inside = np.clip(times - at[number], 0.0, span)
        piece = np.minimum(np.searchsorted(knots, inside, side="right") - 1, 2)
        into = inside - knots[piece]
        slope = (values[piece + 1] - values[piece]) / np.diff(knots)[piece]
        way = whole[piece] + values[piece] * into + slope * into**2 / 2
        reached = times >= at[number]
        result[reached] = done + way[reached] * (stretch[number] / max(whole[-1], 1e-9))
        done += stretch[number]
    return result + speeds[-1] * np.maximum(times - at[-1], 0.0)


def _headings(curve: np.ndarray, length: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Return where ``curve`` (points, 2) leads (places,), radians, at the lengths ``gone`` (places,)."""
    reach = min(0.15, max(length[-1] / 4, 1e-6))
    ends = [
        np.stack([np.interp(at, length, curve[:, axis]) for axis in range(2)], axis=1)
        for at in (np.maximum(gone - reach, 0.0), np.minimum(gone + reach, length[-1]))
    ]
    way = ends[1] - ends[0]
    return np.unwrap(np.arctan2(way[:, 0], way[:, 1]))


def _turning(headings: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return ``headings`` (times,), radians, turned no faster than TURN_SPEED, or as slowly as _SPREADS make it."""
    result = headings
    for spread in _SPREADS if len(times) > 1 else ():
        if np.abs(np.diff(result)).max() <= TURN_SPEED * (times[1] - times[0]):
            break
        result = gaussian_filter1d(headings, spread / (times[1] - times[0]), mode="nearest")
    return result


def _looked(knots: list[Knot], at: np.ndarray, own: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return by how much (times,), radians, to look away from the way: at the times ``at`` of knots with a heading from
    their ``own`` heading of the way (knots,) to theirs, gone a turn's time before and after."""
    result = np.zeros(len(times))
    for number, knot in enumerate(knots):
        if knot.heading is None:
            continue
        off = float(_wrapped(knot.heading - own[number]))
        room = max(0.4, abs(off) / TURN_SPEED)
        share = np.clip(1 - np.abs(times - at[number]) / room, 0.0, 1.0)
        share[times < at[0]] = 1.0
        if number == len(knots) - 1:
            share[times > at[number]] = 1.0
        result += off * share * share * (3 - 2 * share)
    return result


def _wrapped(angle: np.ndarray | float) -> np.ndarray | float:
    """Return ``angle``, radians, less whole turns: from -pi to pi."""
    return np.remainder(angle + np.pi, 2 * np.pi) - np.pi
