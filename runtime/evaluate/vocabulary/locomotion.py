"""Tests of nine ways of moving about. Each is a pure function of joints (frames, 22, 3), as in
``obedience_tests.py``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import checked, counted, level_prone, on_side, other


def body_travel(joints: np.ndarray) -> tuple[float, float]:
    """Return how far the pelvis of ``joints`` (frames, 22, 3) travels in the body's own axes, metres: to the left and
    ahead, added up over the way.
    """
    step = np.diff(g.joint(joints, "pelvis")[:, [0, 2]], axis=0)
    left, ahead = g.left_axis(joints)[:-1, [0, 2]], g.forward_axis(joints)[:-1, [0, 2]]
    return float((step * left).sum()), float((step * ahead).sum())


def _turns_little(joints: np.ndarray, degrees: float = 45.0) -> bool:
    return bool(np.percentile(np.abs(g.heading(joints) - np.median(g.heading(joints))), 90) < degrees)


def steps(joints: np.ndarray, least: float = 0.15) -> int:
    """Count the steps in ``joints`` (frames, 22, 3), metres: swings of one ankle past the other by at least ``least``
    metres along the direction faced.
    """
    return g.swings(g.body_offset(joints, "left_ankle", "right_ankle")[:, 2], least)


def _foot(joints: np.ndarray, side: str) -> np.ndarray:
    """Return the height of a foot over a stand, metres (frames,): the lower of toe and ankle."""
    return np.minimum(g.height(joints, f"{side}_foot"), g.height(joints, f"{side}_ankle") - g.ANKLE_HEIGHT)


def _stances(joints: np.ndarray) -> dict[str, list[int]]:
    """Return the frames that each whole stance of each foot lasts: the ankle slower than 0.6 m/s over the floor, the
    foot under 9 cm.
    """
    found = {}
    for side in g.SIDES:
        speed = np.linalg.norm(velocity(g.joint(joints, f"{side}_ankle")[:, [0, 2]]), axis=1)
        down = g.near((speed < 0.6) & (_foot(joints, side) < 0.09), 1)
        found[side] = [
            stop - start for start, stop in g.runs(down) if start > 0 and stop < len(joints) and stop - start > 2
        ]
    return found


def limp(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a limp.

    Walks forward 80 cm with uneven steps: one foot's stances last 13 % less than the other's in the median, or its knee
    bends 20 degrees less over the walk. ``side`` is that leg.
    """
    moving = g.travel_speed(joints) > 0.2
    if body_travel(joints)[1] < 0.8 or steps(joints, 0.1) < 3 or np.median(g.travel_speed(joints)[moving]) > 1.6:
        return False
    stances = _stances(joints)
    bends = {leg: float(np.ptp(g.knee(joints, leg))) for leg in g.SIDES}

    def shows(leg: str) -> bool:
        own, rest = stances[leg], stances[other(leg)]
        short = bool(own and rest) and np.median(own) < 0.87 * np.median(rest)
        return bool(short) or bends[leg] < bends[other(leg)] - 20

    return on_side(shows, side)


def sneak(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show sneaking.

    Goes forward 60 cm at under 1 m/s in the median, two steps or more and no flight, with the pelvis under 95 % of its
    standing height, the head joint under 147 cm, or both feet lifted 15 cm.
    """
    ahead = body_travel(joints)[1]
    moving = g.travel_speed(joints) > 0.15
    if ahead < 0.6 or moving.mean() < 0.4 or np.median(g.travel_speed(joints)[moving]) > 1.0 or steps(joints, 0.1) < 2:
        return False
    low = np.median(g.pelvis_height(joints)[moving]) < 0.95
    bowed = np.median(g.height(joints, "head")[moving]) < 1.47
    lifted = all(np.percentile(_foot(joints, side), 97) > 0.15 for side in g.SIDES)
    on_feet = np.median(g.pelvis_height(joints)) > 0.5 and (g.lowest_foot(joints) > 0.05).mean() < 0.05
    return bool((low or bowed or lifted) and on_feet)


def hop_on_one_leg(joints: np.ndarray, side: str | None = None, at_least: int = 3) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show hops on one leg.

    One foot stays 7 cm over the other or the floor while that one leaves the floor by 3.5 cm and comes down
    ``at_least`` times in a row, the pelvis bouncing by 4 cm. ``side`` is the hopping leg.
    """

    def shows(leg: str) -> bool:
        foot, rest = _foot(joints, leg), _foot(joints, other(leg))
        away = g.near(rest - np.minimum(foot, rest) > 0.07, 1) & (rest > 0.06)
        for start, stop in g.runs(away):
            part = foot[start:stop]
            hops = sum(part[top] > 0.035 for top in g.peaks(part, 0.03))
            bounces = len(g.peaks(g.height(joints, "pelvis")[start:stop], 0.04))
            if hops >= at_least and bounces >= at_least - 1:
                return True
        return False

    return on_side(shows, side)


def walk_backward(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a walk backwards.

    Goes 80 cm against the way it faces (60 cm where steps are named), more than sideways, with two steps of 12 cm, on
    its feet, the heading within 45 degrees of its middle. ``times`` is the number of steps; one that only closes the
    feet at the end may count or not.
    """
    left, ahead = body_travel(joints)
    count = steps(joints, 0.12)
    far = ahead < (-0.8 if times is None else -0.6) and abs(left) < abs(ahead)
    tall = np.median(g.pelvis_height(joints)) > 0.75
    closes = abs(g.body_offset(joints, "left_ankle", "right_ankle")[-1, 2]) < 0.1
    right = counted(count, times, at_least=2) or (times is not None and closes and count - 1 == times)
    return bool(far and tall) and _turns_little(joints) and right


def sidestep(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show steps to a side.

    Goes 50 cm to a side of its own, twice as far as forward or back, on its feet, the heading within 45 degrees of its
    middle. ``side`` is the direction.
    """
    left, ahead = body_travel(joints)
    aside = abs(left) > 0.5 and abs(left) > 2 * abs(ahead)
    tall = np.median(g.pelvis_height(joints)) > 0.6 and np.median(g.trunk_tilt(joints)) < 50
    towards = "left" if left > 0 else "right"
    return bool(aside and tall) and _turns_little(joints) and on_side(lambda one: one == towards, side)


def crawl_hands_and_knees(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a crawl on hands and knees.

    Front down with the trunk within 40 degrees of level, pelvis at 20 to 65 cm, knees and wrists coming under 25 cm in
    turn, the body goes 50 cm head first with two advances of one wrist past the other.
    """
    pelvis = g.height(joints, "pelvis")
    crawls = level_prone(joints, 50) & (pelvis > 0.2) & (pelvis < 0.65)
    for name in ("knee", "wrist"):
        crawls &= np.minimum(g.height(joints, f"left_{name}"), g.height(joints, f"right_{name}")) < 0.25
    for start, stop in g.runs(g.near(crawls, 4)):
        part = joints[start:stop]
        head = g.joint(part, "neck") - g.joint(part, "pelvis")
        way = g.joint(part, "pelvis")[-1] - g.joint(part, "pelvis")[0]
        first = head[:, [0, 2]].mean(0)
        ahead = float(way[[0, 2]] @ first / max(np.linalg.norm(first), 1e-9))
        between = g.joint(part, "left_wrist") - g.joint(part, "right_wrist")
        alternating = g.swings(between[:, [0, 2]] @ first / max(np.linalg.norm(first), 1e-9), 0.12)
        if ahead > 0.5 and alternating >= 2:
            return True
    return False


def climb_stairs(joints: np.ndarray, way: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show stairs being climbed.

    Feet are set down in turn, each 6 cm higher than the last, twice or more, the pelvis rises by 30 cm while the body
    goes forward (``way`` down: lower and falls).
    """
    checked(way, ("up", "down"))
    rise = float(g.height(joints, "pelvis")[-4:].mean() - g.height(joints, "pelvis")[:4].mean())
    if abs(rise) < 0.3 or body_travel(joints)[1] < 0.3 or (way is not None and (rise > 0) != (way == "up")):
        return False
    landings = []
    for side in g.SIDES:
        speed = np.linalg.norm(velocity(g.joint(joints, f"{side}_ankle")), axis=1)
        for start, stop in g.runs(g.near(speed < 0.35, 1)):
            if stop - start >= 3:
                landings.append((start, side, float(np.median(g.height(joints, f"{side}_ankle")[start:stop]))))
    landings.sort()
    sign = np.sign(rise)
    taken = sum(one[1] != two[1] and sign * (two[2] - one[2]) > 0.06 for one, two in pairwise(landings))
    return taken >= 2


def crab_walk(joints: np.ndarray, way: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a crab walk.

    Front up on hands and feet (one wrist under 25 cm and one toe under 30 at any time, pelvis over 12 cm, knees under
    150 degrees), the body goes 40 cm. ``way`` forward is feet first, backward is head first.
    """
    checked(way, ("forward", "backward"))
    crab = (g.chest_rise(joints) > 0.4) & (g.height(joints, "pelvis") > 0.12) & (g.trunk_tilt(joints) > 25)
    crab &= np.maximum(g.knee(joints, "left"), g.knee(joints, "right")) < 150
    for name, under in (("wrist", 0.25), ("foot", 0.3)):
        crab &= np.minimum(g.height(joints, f"left_{name}"), g.height(joints, f"right_{name}")) < under
    for start, stop in g.runs(g.near(crab, 3)):
        part = joints[start:stop]
        feet = (g.between(part, "ankle") - g.between(part, "shoulder"))[:, [0, 2]].mean(0)
        path = g.joint(part, "pelvis")[:, [0, 2]]
        gone = path[-1] - path[0]
        towards = float(gone @ feet / max(np.linalg.norm(feet), 1e-9))
        far = {"forward": towards > 0.4, "backward": towards < -0.4, None: np.linalg.norm(gone) > 0.4}
        if stop - start > FPS // 2 and far[way]:
            return True
    return False


def duck_walk(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a duck walk, a walk in a deep squat.

    With the pelvis under 62 % of its standing height, a knee under 100 degrees, both off the floor (over 12 cm) and the
    hands too, the body goes 50 cm forward, more than sideways, with two steps of 12 cm.
    """
    knees = np.minimum(g.knee(joints, "left"), g.knee(joints, "right"))
    squats = (g.pelvis_height(joints) < 0.62) & (knees < 100) & (g.trunk_tilt(joints) < 65)
    for name in ("knee", "wrist"):
        squats &= np.minimum(g.height(joints, f"left_{name}"), g.height(joints, f"right_{name}")) > 0.12
    for start, stop in g.runs(g.near(squats, 3)):
        if stop - start < FPS // 2:
            continue
        left, ahead = body_travel(joints[start:stop])
        if ahead > 0.5 and ahead > abs(left) and steps(joints[start:stop], 0.12) >= 2:
            return True
    return False
