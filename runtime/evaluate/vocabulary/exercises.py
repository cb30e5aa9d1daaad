"""Tests of twelve exercises. Each is a pure function of joints (frames, 22, 3), as in ``obedience_tests.py``."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from coamd_blender.motion.kinematics import velocity
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import (
    checked,
    counted,
    episodes,
    hands_down,
    level_prone,
    on_side,
    other,
    stays,
    toes_down,
)


def jumping_jack(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show jumping jacks, ``times`` of them or two.

    Legs and arms open and close together: ankles over 50 cm apart with both wrists over the head (within 0.2 s of each
    other), then ankles under 30 cm apart with both wrists under the chest; at least twice.
    """
    apart = g.gap(joints, "left_ankle", "right_ankle")
    lowest = np.minimum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist"))
    highest = np.maximum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist"))
    opened = (apart > 0.5) & g.near(lowest > g.height(joints, "head"), 4)
    closed = (apart < 0.3) & g.near(highest < g.height(joints, "spine3"), 4)
    return counted(episodes(opened, closed), times, at_least=2)


def push_up(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show push-ups, ``times`` of them or one.

    Front down on hands and feet (wrists and toes under 20 cm, trunk within 35 degrees of level), the shoulders go down
    by 12 cm and up again while the elbows bend by 25 degrees.
    """
    down = level_prone(joints) & hands_down(joints, 0.2) & toes_down(joints, 0.2)
    count = 0
    for start, stop in g.runs(g.near(down, 4)):
        shoulders = g.between(joints, "shoulder")[start:stop, 1]
        bent = (g.elbow(joints, "left") + g.elbow(joints, "right"))[start:stop] / 2
        for dip in g.dips(shoulders, 0.12):
            count += bool(bent.max() - bent[max(0, dip - 3) : dip + 4].min() > 25)
    return counted(count, times)


def deep_squat(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show deep squats, ``times`` of them or one.

    The pelvis drops by 28 cm and comes back as much, to near its standing height, both knees under 120 degrees at the
    bottom; on the way the feet stay in place and the trunk within 65 degrees of the vertical.
    """
    pelvis = g.height(joints, "pelvis")
    knees = np.maximum(g.knee(joints, "left"), g.knee(joints, "right"))
    turns, deep = g.extremes(pelvis, 0.28), 0
    for before, bottom, after in zip(turns, turns[1:], turns[2:], strict=False):
        part = joints[before : after + 1]
        if pelvis[bottom] < pelvis[before] and len(part) >= 6 and g.planted(part, 0.2):
            bent = knees[max(0, bottom - 3) : bottom + 4].min() < 120
            deep += bool(bent and g.trunk_tilt(part).max() < 65 and g.pelvis_height(part)[-1] > 0.75)
    return counted(deep, times)


def forward_lunge(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a lunge forward.

    For 0.1 s one foot is 50 cm ahead of the other on the floor, its knee bent to 75 to 135 degrees, the pelvis under 83
    % of its standing height, the trunk within 40 degrees of the vertical. ``side`` is the front leg.
    """
    pelvis = g.pelvis_height(joints)

    def shows(leg: str) -> bool:
        ahead = g.body_offset(joints, f"{leg}_ankle", f"{other(leg)}_ankle")
        knee = g.knee(joints, leg)
        deep = (pelvis < 0.83) & (g.trunk_tilt(joints) < 40) & (knee > 75) & (knee < 135)
        on_floor = (g.height(joints, f"{leg}_foot") < 0.15) & (pelvis > 0.37)
        return g.held((ahead[:, 2] > 0.5) & (ahead[:, 2] > np.abs(ahead[:, 0])) & deep & on_floor, 0.1)

    return on_side(shows, side)


def sit_up(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show sit-ups, ``times`` of them or one.

    From lying on the back the trunk rises over 50 degrees from the floor, and goes back under 30, while the pelvis
    stays under 35 cm.
    """
    rise = 90 - g.trunk_tilt(joints)
    low = g.height(joints, "pelvis") < 0.35
    flat = low & (rise < 30) & (g.chest_rise(joints) > 0.5)
    raised = low & (rise > 50)
    states = np.select([flat, raised], ["F", "U"], "")
    return counted(len(re.findall("F+U+(?=F)", "".join(states))), times)


def burpee(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show burpees, ``times`` of them or one.

    In order: a crouch with both wrists under 35 cm and the feet within 55 cm of them, a level body with the feet 70 cm
    behind the hands, a crouch, and a jump (both feet 5 cm up), or a full stand with both wrists over the head.
    """
    hands = hands_down(joints, 0.35)
    behind = np.linalg.norm((g.between(joints, "foot") - g.between(joints, "wrist"))[:, [0, 2]], axis=1)
    stretched = hands & level_prone(joints, 50) & (behind > 0.7) & toes_down(joints, 0.25)
    crouched = hands & (behind < 0.55) & toes_down(joints, 0.25)
    raised = np.minimum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist")) > g.height(joints, "head")
    up = (g.pelvis_height(joints) > 0.85) & (raised | (g.lowest_foot(joints) > 0.05))
    states = np.select([stretched, crouched, up], ["P", "C", "U"], "")
    return counted(len(re.findall("C+P+C+U+", "".join(states))), times)


def plank_hold(joints: np.ndarray, seconds: float = 2.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a plank that is held.

    For ``seconds`` the body is straight from shoulder to ankle (hips over 150 degrees), within 30 degrees of level,
    front down, hips and shoulders over 20 cm, elbows or wrists and toes on the floor, moving at under 20 cm/s.
    """
    shoulder, pelvis, ankle = (g.between(joints, name) for name in ("shoulder", "hip", "ankle"))
    line = shoulder - ankle
    slope = np.degrees(np.arcsin(np.clip(line[:, 1] / np.maximum(np.linalg.norm(line, axis=1), 1e-9), -1, 1)))
    one, two = shoulder - pelvis, ankle - pelvis
    cosine = (one * two).sum(1) / np.maximum(np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1), 1e-9)
    straight = np.degrees(np.arccos(np.clip(cosine, -1, 1))) > 150
    arms = [np.minimum(g.height(joints, f"{side}_wrist"), g.height(joints, f"{side}_elbow")) for side in g.SIDES]
    rests = (np.maximum(*arms) < 0.2) & toes_down(joints, 0.2) & (np.minimum(pelvis, shoulder)[:, 1] > 0.2)
    still = np.linalg.norm(velocity(pelvis), axis=1) < 0.2
    return g.held(straight & (np.abs(slope) < 30) & (g.chest_rise(joints) < -0.5) & rests & still, seconds)


def high_knees(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show running in place with high knees.

    Left and right knee rise in turn to within 12 cm of the pelvis, four times in all, within 1 m.
    """
    limit = g.height(joints, "pelvis") - 0.12
    found = [(start, side) for side in g.SIDES for start, _ in g.runs(g.height(joints, f"{side}_knee") > limit)]
    order = [side for _, side in sorted(found)]
    turns = sum(one != two for one, two in pairwise(order))
    tall = bool(np.median(g.pelvis_height(joints)) > 0.75)
    return len(order) >= 4 and turns >= 3 and tall and stays(joints, 0.7) and g.net_travel(joints) < 1.0


def _curls(joints: np.ndarray, arm: str) -> int:
    """Count how often an elbow closes under 80 degrees from over 130 and opens again, the upper arm hanging (elbow 13
    cm under the shoulder).
    """
    angle = g.elbow(joints, arm)
    hangs = g.body_offset(joints, f"{arm}_elbow", f"{arm}_shoulder")[:, 1] < -0.13
    steps = (angle < 80) & hangs, (angle > 130) & hangs
    return len(re.findall("S+B+(?=S)", "".join(np.select(steps, ["B", "S"], ""))))


def biceps_curl(joints: np.ndarray, side: str | None = None, at_least: int = 2) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show biceps curls.

    One elbow or both close and open ``at_least`` times with the upper arm hanging (:func:`_curls`). With ``side``, that
    arm, while the other elbow stays over 100 degrees.
    """
    checked(side, g.SIDES)
    if side is None:
        return any(_curls(joints, arm) >= at_least for arm in g.SIDES)
    return _curls(joints, side) >= at_least and bool(np.percentile(g.elbow(joints, other(side)), 10) > 100)


def side_bend(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a bend to a side.

    For 0.3 s the trunk leans 20 degrees to a side and at most 25 forward or back, feet in place, pelvis up. ``side`` is
    where the head goes; it must not go to the other.
    """
    lean, pitch = g.side_lean(joints), g.trunk_pitch(joints)
    up = g.pelvis_height(joints) > 0.8

    def shows(towards: str) -> bool:
        return g.held(((lean if towards == "left" else -lean) > 20) & (np.abs(pitch) < 25) & up, 0.3)

    return g.planted(joints, 0.35) and on_side(shows, side)


def _arm_turns(joints: np.ndarray, arm: str) -> tuple[float, float]:
    """Return the turns of a nearly straight arm about its shoulder, in the sagittal plane (forward at the top positive)
    and in the frontal plane (either sense), while the wrist is 8 cm or more from the shoulder as that plane shows it.
    """
    out = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")
    straight = g.reach(joints, arm) > 0.75
    found = []
    for first, second in ((1, 2), (1, 0)):
        wide = np.hypot(out[:, first], out[:, second]) > 0.08
        turns = [
            g.turns_round(out[start:stop, first], out[start:stop, second])
            for start, stop in g.runs(g.near(straight & wide, 3))
        ]
        found.append(max(turns, key=abs, default=0.0))
    return found[0], abs(found[1])


def arm_circles(joints: np.ndarray, way: str | None = None, arms: int = 2, turns: float = 1.8) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show arms that go round in circles.

    ``arms`` arms go round their shoulders ``turns`` times, nearly straight, feet in place (:func:`_arm_turns`). ``way``
    forward means forward at the top, backward the reverse.
    """
    checked(way, ("forward", "backward"))
    count = 0
    for arm in g.SIDES:
        sagittal, frontal = _arm_turns(joints, arm)
        signed = {"forward": sagittal, "backward": -sagittal, None: max(abs(sagittal), frontal)}[way]
        count += signed >= turns
    return count >= arms and g.planted(joints, 0.3)


def bird_dog(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show the bird dog, a held balance on one hand and one knee.

    For 0.5 s, on one hand and one knee with the trunk level and front down, the other arm and the opposite leg are
    stretched to about the height of the trunk. ``side`` is the lifted arm.
    """
    level = level_prone(joints, 50)

    def shows(arm: str) -> bool:
        support = (g.height(joints, f"{other(arm)}_wrist") < 0.2) & (g.height(joints, f"{arm}_knee") < 0.2)
        hand = (g.reach(joints, arm) > 0.85) & (
            g.height(joints, f"{arm}_wrist") > g.height(joints, f"{arm}_shoulder") - 0.25
        )
        leg = (g.knee(joints, other(arm)) > 145) & (
            g.height(joints, f"{other(arm)}_ankle") > g.height(joints, "pelvis") - 0.25
        )
        return g.held(level & support & hand & leg, 0.5)

    return on_side(shows, side)
