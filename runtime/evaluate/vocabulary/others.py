"""Tests of seven more actions. Each is a pure function of joints (frames, 22, 3), as in ``obedience_tests.py``."""

from __future__ import annotations

import re

import numpy as np

from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import checked, counted, on_side, other, stays, upright


def fall_over(joints: np.ndarray, way: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a fall.

    From standing the pelvis goes down to 40 cm within 1.4 s and stays under 50, at over 1 m/s on the way, the trunk
    ending 40 degrees or more from upright or seated low. ``way`` is where the head goes, seen from the feet and the way
    it faced.
    """
    checked(way, ("forward", "backward", "left", "right"))
    pelvis = g.height(joints, "pelvis")
    low = np.flatnonzero(pelvis < 0.4)
    if not low.size or not (g.pelvis_height(joints) > 0.75)[: low[0]].any():
        return False
    up = int(np.flatnonzero((g.pelvis_height(joints) > 0.75)[: low[0]])[-1])
    quick = low[0] - up < 1.4 * FPS and velocity(pelvis)[up : low[0] + 1].min() < -1.0
    ends = bool((pelvis[-3:] < 0.5).all()) and (g.trunk_tilt(joints)[-3:].mean() > 40 or pelvis[-1] < 0.3)
    if not (quick and ends):
        return False
    start = max(0, up - 5)
    shift = (g.joint(joints, "head") - g.between(joints, "ankle"))[-3:].mean(0)
    ahead, left = float(shift @ g.forward_axis(joints)[start]), float(shift @ g.left_axis(joints)[start])
    towards = ("forward" if ahead > 0 else "backward") if abs(ahead) > abs(left) else ("left" if left > 0 else "right")
    return way in (None, towards)


def spin_around(joints: np.ndarray, side: str | None = None, times: int | None = None, degrees: float = 320) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a spin on the spot.

    The heading turns ``degrees`` one way while the pelvis stays within 90 cm of the middle of its path. ``side`` is the
    sense, left anticlockwise seen from above; ``times`` the number of full turns.
    """
    turned = g.heading(joints)
    whole = float(turned[-3:].mean() - turned[:3].mean())
    right = bool(stays(joints, 0.9)) and abs(whole) > degrees
    if times is not None and round(abs(whole) / 360) != times:
        return False
    return right and on_side(lambda one: one == ("left" if whole > 0 else "right"), side)


def hip_sway_dance(joints: np.ndarray, cycles: int = 3) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a dance that sways the hips.

    The pelvis sways sideways against the feet by 6 cm, or the hips twist against the shoulders by 15 degrees, to and
    fro for ``cycles`` within 8 s, the body upright and within 1 m.
    """
    base = g.between(joints, "ankle")
    sway = ((g.joint(joints, "pelvis") - base) * g.left_axis(joints)).sum(1)
    across = [g.joint(joints, f"left_{name}") - g.joint(joints, f"right_{name}") for name in ("hip", "shoulder")]
    angles = [np.unwrap(np.arctan2(one[:, 0], one[:, 2])) for one in across]
    twist = np.degrees(angles[0] - angles[1])
    rhythm = False
    for signal, least in ((sway, 0.06), (twist, 15.0)):
        turns = g.extremes(signal, least)
        rhythm |= any(late - early < 8 * FPS for early, late in zip(turns, turns[2 * cycles :], strict=False))
    return rhythm and upright(joints) and stays(joints, 0.7) and g.net_travel(joints) < 1.0


def play_violin(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a violin being played.

    One wrist is held ahead of or beside its shoulder, within 28 cm of its height and nearly still, elbow bent, while
    the other, between belly and shoulder, moves to or fro by 12 cm five times. ``side`` is the bowing arm.
    """

    def shows(arm: str) -> bool:
        neck = other(arm)
        held = g.body_offset(joints, f"{neck}_wrist", f"{neck}_shoulder")
        bow = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")
        still = np.percentile(np.linalg.norm(held - np.median(held, axis=0), axis=1), 75) < 0.1
        place = np.median(held, axis=0)
        up = abs(place[1]) < 0.28 and np.hypot(place[0], place[2]) > 0.15 and np.median(g.elbow(joints, neck)) < 150
        level = (bow[:, 1] > -0.4) & (bow[:, 1] < 0.25)
        strokes = max(g.swings(bow[:, axis], 0.12) for axis in range(3))
        return bool(still and up and level.mean() > 0.7 and strokes >= 5)

    return upright(joints) and stays(joints, 0.8) and on_side(shows, side)


def floss_dance(joints: np.ndarray, at_least: int = 4) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show the floss.

    Both arms, nearly straight (elbows over 120 degrees in the median) and low, swing to one side and to the other
    together by 20 cm, ``at_least`` times, while the hips go the other way by 3 cm, the feet in place.
    """
    base, left = g.between(joints, "ankle"), g.left_axis(joints)
    hands = [((g.joint(joints, f"{side}_wrist") - base) * left).sum(1) for side in g.SIDES]
    hips = ((g.joint(joints, "pelvis") - base) * left).sum(1)
    low = all(np.median(g.body_offset(joints, f"{side}_wrist", "spine3")[:, 1]) < 0 for side in g.SIDES)
    straight = all(np.median(g.elbow(joints, side)) > 120 for side in g.SIDES)
    if not (low and straight and upright(joints) and g.planted(joints, 0.35)):
        return False
    swung = min(g.swings(np.mean(hands, axis=0), 0.2), g.swings(hips, 0.03))
    return swung >= at_least and _together(*hands) > 0.5 and _together(np.mean(hands, axis=0), hips) < 0


def _together(one: np.ndarray, two: np.ndarray) -> float:
    """Return the correlation of ``one`` and ``two`` (frames,), 0 where one of them does not change."""
    one, two = one - one.mean(), two - two.mean()
    size = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum()) / size if size > 1e-9 else 0.0


def play_drums(joints: np.ndarray, at_least: int = 5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show drums being played, standing or sitting.

    Both wrists, apart by 15 cm, ahead of the trunk and between hips and neck, strike down by 5 cm ``at_least`` times in
    all, each twice or more, not in step with each other, and rather up and down than to and fro; the feet stay.
    """
    placed, strokes, vertical = np.ones(len(joints), bool), [], True
    for arm in g.SIDES:
        out = g.body_offset(joints, f"{arm}_wrist", "spine2")
        placed &= (out[:, 2] > 0.1) & (out[:, 1] > -0.35) & (out[:, 1] < 0.35) & (g.elbow(joints, arm) < 155)
        strokes.append(len(g.dips(out[:, 1], 0.05)))
        vertical &= bool(np.abs(np.diff(out[:, 1])).sum() > 0.9 * np.abs(np.diff(out[:, 2])).sum())
    apart = np.median(g.gap(joints, "left_wrist", "right_wrist")) > 0.15
    alternating = _together(*(g.body_offset(joints, f"{arm}_wrist", "spine2")[:, 1] for arm in g.SIDES)) < 0.5
    struck = sum(strokes) >= at_least and min(strokes) >= 2
    placed_well = placed.mean() > 0.7 and np.median(g.trunk_tilt(joints)) < 45
    return bool(struck and vertical and apart and alternating and placed_well) and g.planted(joints, 0.35)


def _angel_arm(joints: np.ndarray, side: str) -> np.ndarray:
    """Return the angle of an arm from the trunk's way down: degrees (frames,), 0 along the body, 180 past the head."""
    arm = g.joint(joints, f"{side}_wrist") - g.joint(joints, f"{side}_shoulder")
    down = g.joint(joints, "pelvis") - g.joint(joints, "neck")
    lengths = np.maximum(np.linalg.norm(arm, axis=1) * np.linalg.norm(down, axis=1), 1e-9)
    return np.degrees(np.arccos(np.clip((arm * down).sum(1) / lengths, -1, 1)))


def snow_angel(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a snow angel, opened and closed ``times`` times.

    Lying on the back with both wrists under 40 cm, the arms open to 75 degrees from the body while the ankles part to
    45 cm (within 0.4 s of each other), and close under 55 degrees and 36 cm; without ``times`` open, closed and open
    again, or closed, open and closed.
    """
    lies = (g.chest_rise(joints) > 0.6) & (g.height(joints, "pelvis") < 0.4) & (g.height(joints, "neck") < 0.45)
    lies &= np.maximum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist")) < 0.4
    arms, legs = [_angel_arm(joints, side) for side in g.SIDES], g.gap(joints, "left_ankle", "right_ankle")
    opened = lies & (np.min(arms, axis=0) > 75) & g.near(lies & (legs > 0.45), 8)
    closed = lies & (np.max(arms, axis=0) < 55) & g.near(lies & (legs < 0.36), 8)
    states = re.sub(r"(.)\1+", r"\1", "".join(np.select([opened, closed], ["O", "C"], "")))
    return len(states) >= 3 and counted(states.count("O"), times)
