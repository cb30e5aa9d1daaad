"""Which way is up in a file, and how long its unit is: found from the body and what it does, or said by the user.

A file seldom says either. What tells them apart:

* people mostly stand: from feet to head is up in most frames;
* a rest pose that is a stance stands along the file's up, in most files;
* the floor is at height zero in most files, and something rests on it all the time: along up the lowest joint comes
  near zero, and stays at one height;
* people travel over the floor, not up and down;
* Y is up in most files, Z in most others.

Each is a vote, and how they weigh is a matter of judgement; the text of the file itself has none, except in glTF, where
Y is up by the specification.
* a leg is 0.8 m long, give or take, and units differ by factors of 2.5 and more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coamd_blender.motion.rotations import unit

from .options import AXES, UNITS, axis_of

UNIT_WORDS = {
    "m": "metres", "cm": "centimetres", "mm": "millimetres", "in": "inches", "ft": "feet", "dm": "decimetres",
    "acclaim": "units of an inch / 0.45",
}  # fmt: skip
LEG = 0.83  # metres, thigh and shin of the canonical body
_SHORTEST, _LONGEST = 0.55, 1.25  # shares of it that people's legs have
_COMMON = ("m", "cm", "mm", "in")  # one of these, if any fits
# What the signs of up weigh, beside 1 for a body that stands in every frame (a rest pose: see the module).
_REST, _FLOOR, _LEVEL, _TRAVEL = 0.75, 0.6, 0.4, 0.4
_HABIT = {"y": 0.1, "z": 0.05}
_NEVER = -0.5  # for axes that hardly any exporter uses
DOUBT = 0.25  # less than this between the best two is said to be doubtful
_MOST_FRAMES = 2000  # that are looked at


@dataclass(frozen=True)
class Found:
    """What was found: up as a unit vector (3,) and in words, and whether another axis is nearly as likely."""

    up: np.ndarray
    name: str
    doubtful: bool


def up_of(name: str) -> np.ndarray:
    """Return the unit vector (3,) of an axis such as "z" or "-y". Raises InputError."""
    return np.array(AXES[axis_of(name)], float)


def find_up(places: Mapping[str, np.ndarray], rest_up: np.ndarray | None) -> Found:
    """Find the axis along which a motion stands.

    places: joint name to (F, 3), with hips and ankles, in the file's axes. rest_up: (3,) unit, the way a rest pose that
    is a stance stands, or None.
    """
    frames = len(places["left_hip"])
    step = max(1, frames // _MOST_FRAMES)
    seen = np.stack([place[::step] for place in places.values()], axis=1)  # (frames, joints, 3)
    seen = seen[np.isfinite(seen).all(axis=(1, 2))]
    if not len(seen):
        return Found(up_of("y"), "y", True)
    names = list(places)
    hips, ankles = (
        seen[:, [names.index(f"left_{joint}"), names.index(f"right_{joint}")]].mean(axis=1)
        for joint in ("hip", "ankle")
    )
    top = next((seen[:, names.index(joint)] for joint in ("head", "neck", "spine3") if joint in places), hips)
    stands = unit(top - ankles).mean(axis=0)
    height = float(np.median(np.linalg.norm(top - hips, axis=-1) + np.linalg.norm(hips - ankles, axis=-1)))
    travel = np.percentile(hips, 97, axis=0) - np.percentile(hips, 3, axis=0)
    scores = {}
    for name, axis in AXES.items():
        up = np.array(axis, float)
        score = float(stands @ up) + _HABIT.get(name, _NEVER)
        if rest_up is not None:
            score += _REST * max(0.0, float(rest_up @ up)) ** 4
        lowest = (seen @ up).min(axis=1)
        score += _FLOOR * (abs(np.percentile(lowest, 5)) < 0.06 * height)
        score += _LEVEL * float((np.abs(lowest - np.median(lowest)) < 0.04 * height).mean())
        if travel.max() > 0.5 * height:
            score += _TRAVEL * (1 - float(travel @ np.abs(up)) / travel.max())
        scores[name] = score
    first, second = sorted(scores, key=scores.__getitem__)[:-3:-1]
    return Found(up_of(first), first, scores[first] - scores[second] < DOUBT)


def to_y_up(up: np.ndarray) -> np.ndarray:
    """Return the rotation (3, 3) that turns ``up`` (3,) to +Y: the least one, and about X for Z."""
    y = np.array([0.0, 1.0, 0.0])
    if up @ y < -0.999999:
        return np.diag([1.0, -1.0, -1.0])
    axis, cosine = np.cross(up, y), float(up @ y)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + skew + skew @ skew / (1 + cosine)


def find_unit(leg: float) -> tuple[float, str]:
    """Return the metres of a file's unit and its name in words, from the length of a leg in it (thigh and shin)."""

    def far(name: str) -> float:
        return abs(np.log(leg * UNITS[name] / LEG))

    for names in (_COMMON, tuple(UNITS)):
        fitting = [name for name in names if _SHORTEST <= leg * UNITS[name] / LEG <= _LONGEST]
        if fitting:
            best = min(fitting, key=far)
            return UNITS[best], UNIT_WORDS[best]
    return LEG / leg, f"units of {LEG / leg:.3g} m, by its legs"
