"""Twist of upper arms and thighs from the plane in which elbow and knee bend."""

from __future__ import annotations

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from .body import CHILD, HINGES, RestBody

J = skeleton.JOINT_INDEX
# The bend (radians) above which the bend plane starts to count, and below which it stops.
ENTER_BEND, LEAVE_BEND = np.radians(25), np.radians(12)
# How far a limb may twist about itself from its untwisted swing (radians).
LIMITS = {"hip": np.radians(70), "shoulder": np.radians(130)}


def hinge_axes(above: np.ndarray, upper: np.ndarray, lower: np.ndarray, body: RestBody, joint: str) -> np.ndarray:
    """Return the bend axis (F, 3) of an elbow or knee, unit, perpendicular to the upper bone.

    above: (F, 3, 3) turn of the collarbone or pelvis. upper, lower: (F, 3) unit directions. The axis that an
    untwisted swing of the limb gives is turned about the bone by an angle measured where the limb is clearly
    bent, unwrapped over time, and carried linearly across the frames where it is not.
    """
    # The axis as the limb swings without twist: (F, 3).
    rest = rot.unit(body.canonical[J[CHILD[joint]]] - body.canonical[J[joint]])
    start = above @ rest
    untwisted = rot.rotate(rot.swing(start, upper), above @ (body.axes @ HINGES[joint]))
    untwisted = rot.unit(untwisted - upper * rot.dot(untwisted, upper)[..., None])
    # The twist is the angle from there to the plane in which the limb bends, where it clearly does: (F,).
    normal = rot.cross(upper, lower)
    bend = np.arctan2(np.linalg.norm(normal, axis=-1), rot.dot(upper, lower))
    angle = np.arctan2(rot.dot(upper, rot.cross(untwisted, normal)), rot.dot(untwisted, normal))
    angle = angle - _lean(bend, rest, body, joint)
    angle = carry(angle, clear_frames(bend), LIMITS[joint.split("_")[1]])[:, None]
    return untwisted * np.cos(angle) + rot.cross(upper, untwisted) * np.sin(angle)


def _lean(bend: np.ndarray, rest: np.ndarray, body: RestBody, joint: str) -> np.ndarray:
    """Return by how much the bend plane lies off the hinge though the limb does not twist: (F,) radians.

    The canonical forearm or shin leans a little to the side of its hinge's plane at rest. A turn about the
    hinge keeps that lean, which tilts the apparent bend plane the more, the straighter the limb.
    """
    middle = CHILD[joint]
    lower = rot.unit(body.canonical[J[CHILD[middle]]] - body.canonical[J[middle]])
    hinge = body.axes @ HINGES[joint]
    aside = float(lower @ rot.unit(hinge - rest * (rest @ hinge)))
    forward = np.sqrt(np.maximum(1 - aside**2 - np.cos(bend) ** 2, 0))
    return np.arctan2(aside, forward)


def clear_frames(bend: np.ndarray) -> np.ndarray:
    """Return when a limb is clearly bent: (F,) bool, from above ENTER_BEND until below LEAVE_BEND.

    bend: (F,) radians.
    """
    clear = np.zeros(len(bend), dtype=bool)
    state = False
    for frame, value in enumerate(bend):
        state = value > (LEAVE_BEND if state else ENTER_BEND)
        clear[frame] = state
    return clear


def carry(angle: np.ndarray, known: np.ndarray, limit: float) -> np.ndarray:
    """Return ``angle`` (F,), radians, as it is in ``known`` (F,) frames, continuous, linear across the others.

    It stays within +-limit. With no known frame the twist is 0.
    """
    frames = np.flatnonzero(known)
    if not len(frames):
        return np.zeros(len(angle))
    values = angle[frames] - 2 * np.pi * np.round(angle[frames] / (2 * np.pi))
    values = values + 2 * np.pi * _turn_counts(values, limit)
    return np.interp(np.arange(len(angle)), frames, np.clip(values, -limit, limit))


def _turn_counts(values: np.ndarray, limit: float) -> np.ndarray:
    """Return whole turns (N,) to add to angles within half a turn so that they neither jump nor leave +-limit.

    Adding up turns from frame to frame would let one wrong step, where a limb is nearly straight, put all that
    comes after it a turn away. Of all ways to add -1, 0 or 1 to each run without jumps, the one with the least
    squares of jumps and of what is over the limit is taken (Viterbi's algorithm).
    """
    turns = np.array([-1.0, 0.0, 1.0])
    starts = np.concatenate([[0], np.flatnonzero(np.abs(np.diff(values)) > np.pi) + 1])
    stops = np.append(starts[1:], len(values))
    if len(starts) == 1:
        return np.zeros(len(values))
    # What each run costs by itself with each number of turns, (3,): squares of what is over the limit.
    placed = [values[start:stop, None] + 2 * np.pi * turns for start, stop in zip(starts, stops, strict=True)]
    over = [(np.maximum(0, np.abs(run) - limit) ** 2).sum(axis=0) for run in placed]
    # Forwards: the least cost of each, and from which it came, jumps between runs included.
    total, came_from = over[0], []
    for number in range(1, len(placed)):
        before, after = (np.clip(row, -limit, limit) for row in (placed[number - 1][-1], placed[number][0]))
        reached = total[:, None] + (after - before[:, None]) ** 2
        came_from.append(reached.argmin(axis=0))
        total = reached.min(axis=0) + over[number]
    # Backwards from the cheapest.
    chosen = [int(total.argmin())]
    for back in reversed(came_from):
        chosen.append(int(back[chosen[-1]]))
    return np.repeat(turns[chosen[::-1]], stops - starts)
