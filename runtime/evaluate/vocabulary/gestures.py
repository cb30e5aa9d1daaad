"""Tests of ten gestures. Each is a pure function of joints (frames, 22, 3), as in ``obedience_tests.py``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import calm, checked, counted, on_side, other, standing, stays, upright

POINTS = ("left", "right", "forward", "up")


def _towards(out: np.ndarray, way: str) -> np.ndarray:
    """Tell in which frames the arm (frames, 3), told to the left, up and ahead, points within 45 degrees of ``way``,
    level ways seen from above and with a slope of at most 48 degrees: (frames,) bool.
    """
    length = np.maximum(np.linalg.norm(out, axis=1), 1e-9)
    rise = out[:, 1] / length
    if way == "up":
        return rise > 0.7
    along = {"left": out[:, 0], "right": -out[:, 0], "forward": out[:, 2]}[way]
    across = np.abs(out[:, 2] if way in ("left", "right") else out[:, 0])
    return (np.abs(rise) < 0.75) & (along > across)


def point_direction(joints: np.ndarray, way: str | None = None, seconds: float = 0.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show an arm that points.

    For ``seconds`` one arm is nearly straight (elbow over 140 degrees), its wrist over the waist, 40 cm from the trunk
    and nearly still, while the other hand is under its shoulder or near the trunk. ``way`` is that of the arm.
    """
    ways = POINTS if checked(way, POINTS) is None else (way,)
    for arm in g.SIDES:
        out = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")
        off = g.body_offset(joints, f"{arm}_wrist", "spine2")
        free = np.maximum(np.linalg.norm(off[:, [0, 2]], axis=1), off[:, 1]) > 0.4
        rest = g.body_offset(joints, f"{other(arm)}_wrist", f"{other(arm)}_shoulder")
        alone = (rest[:, 1] < -0.2) | (g.reach(joints, other(arm)) < 0.7)
        straight = (g.elbow(joints, arm) > 140) & (g.height(joints, f"{arm}_wrist") > g.height(joints, "spine1"))
        pointing = straight & free & alone & calm(joints, f"{arm}_wrist", "pelvis", 0.6)
        if any(g.held(pointing & _towards(out, one), seconds) for one in ways):
            return True
    return False


def claps(joints: np.ndarray) -> int:
    """Count the claps in ``joints`` (frames, 22, 3), metres.

    The wrists close by 10 cm to under 20 cm, and part again by as much, the hands over the waist and not behind the
    body.
    """
    apart = g.gap(joints, "left_wrist", "right_wrist")
    place = np.mean([g.body_offset(joints, f"{side}_wrist", "spine1") for side in g.SIDES], axis=0)
    turns = g.extremes(apart, 0.1)
    shut = [at for before, at in pairwise(turns) if apart[at] < apart[before]]
    return sum(bool(apart[at] < 0.2 and place[at, 1] > -0.05 and place[at, 2] > -0.1) for at in shut)


def clap_hands(joints: np.ndarray, times: int | None = None, at_least: int = 3) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show hands that clap.

    Claps (:func:`claps`) the named number of ``times``, or ``at_least`` three.
    """
    return counted(claps(joints), times, at_least)


def deep_bow(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a deep bow.

    The trunk tilts 30 degrees forward from how it stood and comes back to within 15, feet in place, knees over 125
    degrees, wrists over 25 cm.
    """
    pitch = g.trunk_pitch(joints)
    knees = np.minimum(g.knee(joints, "left"), g.knee(joints, "right"))
    wrists = np.minimum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist"))
    turns = g.extremes(pitch, 30)
    for before, top, after in zip(turns, turns[1:], turns[2:], strict=False):
        back = np.flatnonzero(pitch[top : after + 1] < pitch[before] + 15)
        if pitch[top] < pitch[before] or not back.size:
            continue
        start = int(before + np.flatnonzero(pitch[before : top + 1] < pitch[before] + 15)[-1])
        bent = slice(start, top + int(back[0]) + 1)
        if g.planted(joints[bent], 0.25) and np.percentile(knees[bent], 10) > 125 and wrists[bent].min() > 0.25:
            return True
    return False


def _face_offset(joints: np.ndarray, arm: str) -> np.ndarray:
    """Return the wrist of ``arm`` seen from the head joint: (frames, 3), metres out to its own side, up and ahead."""
    offset = g.body_offset(joints, f"{arm}_wrist", "head")
    return offset * np.array([1.0 if arm == "left" else -1.0, 1.0, 1.0])


def military_salute(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a military salute.

    For 0.5 s one wrist is within 28 cm of the head, not behind it, elbow under 120 degrees and raised to within 20 cm
    of the shoulder, 12 cm aside; the other hand is down, the body upright and in place. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        offset = _face_offset(joints, arm)
        near = (np.linalg.norm(offset, axis=1) < 0.28) & (np.abs(offset[:, 1]) < 0.2) & (offset[:, 2] > -0.05)
        elbow = g.body_offset(joints, f"{arm}_elbow", f"{arm}_shoulder")
        raised = (elbow[:, 1] > -0.2) & (np.abs(elbow[:, 0]) > 0.12) & (g.elbow(joints, arm) < 120)
        down = g.body_offset(joints, f"{other(arm)}_wrist", "spine3")[:, 1] < -0.1
        return g.held(near & raised & down & calm(joints, f"{arm}_wrist", "head", 0.3) & standing(joints), 0.5)

    return stays(joints, 0.4) and on_side(shows, side)


def shrug(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a shrug.

    Both shoulders rise by 2.5 cm against the trunk at the same time and fall again, elbows 5 cm under them, feet in
    place.
    """
    rises = [g.body_offset(joints, f"{side}_shoulder", "spine3")[:, 1] for side in g.SIDES]
    low = [g.body_offset(joints, f"{side}_elbow", f"{side}_shoulder")[:, 1].max() < -0.05 for side in g.SIDES]
    both = np.minimum(*(rise - np.percentile(rise, 20) for rise in rises))
    return all(low) and bool(g.peaks(both, 0.025)) and g.planted(joints) and upright(joints)


def _pulls(joints: np.ndarray, arm: str) -> tuple[int, int]:
    """Count how often a hand comes 10 cm nearer to its shoulder while the elbow bends by 15 degrees, the hand then
    between chest and head; and how many of these start 20 cm or more ahead of the shoulder.
    """
    out = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")
    shut, bent = g.reach(joints, arm) * g.ARM_LENGTH, g.elbow(joints, arm)
    count, ahead = 0, 0
    for far, back in pairwise(g.extremes(shut, 0.1)):
        if shut[back] < shut[far] and bent[far] - bent[back] > 15 and -0.12 < out[back, 1] < 0.35:
            count += 1
            ahead += bool(out[far, 2] > 0.2 and -0.4 < out[far, 1] < 0.35)
    return count, ahead


def beckon(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a hand that beckons.

    One hand comes back towards the own shoulder twice, once or more from ahead (:func:`_pulls`), without locomotion.
    ``side`` is that arm.
    """
    pulls = {arm: _pulls(joints, arm) for arm in g.SIDES}

    def shows(arm: str) -> bool:
        return pulls[arm][0] >= 2 and pulls[arm][1] >= 1

    return stays(joints, 0.4) and upright(joints) and on_side(shows, side)


def facepalm(joints: np.ndarray, side: str | None = None, seconds: float = 0.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a hand laid on the face.

    For ``seconds`` one wrist rests within 27 cm of the head, ahead of it, at most 16 cm off the middle and 13 cm under
    it, elbow under 100 degrees; the other hand is away from the face. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        offset, rest = _face_offset(joints, arm), _face_offset(joints, other(arm))
        near = (np.linalg.norm(offset, axis=1) < 0.27) & (offset[:, 2] > 0.03) & (np.abs(offset[:, 0]) < 0.16)
        alone = (np.linalg.norm(rest, axis=1) > 0.3) & (offset[:, 1] > -0.13) & (g.elbow(joints, arm) < 100)
        return g.held(near & alone & calm(joints, f"{arm}_wrist", "head", 0.35), seconds)

    return on_side(shows, side)


def stop_palm(joints: np.ndarray, side: str | None = None, seconds: float = 0.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a palm held out to stop somebody.

    For ``seconds`` one wrist or both are 38 cm ahead of the chest, between chest and head (10 cm more), nearly still.
    ``side`` is that arm, or both.
    """
    upto = g.height(joints, "head") + 0.1

    def shows(arm: str) -> bool:
        offset = g.body_offset(joints, f"{arm}_wrist", "spine3")
        there = (offset[:, 2] > 0.38) & (offset[:, 1] > -0.1) & (g.height(joints, f"{arm}_wrist") < upto)
        ahead = offset[:, 2] > np.abs(offset[:, 0])
        return g.held(there & ahead & calm(joints, f"{arm}_wrist", "pelvis", 0.4), seconds)

    return on_side(shows, side, both=True)


def victory_arms(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show both arms thrown up in victory.

    Both wrists come from below the shoulders and are over the head for 0.5 s, or pump up there twice, the body upright.
    """
    wrists = np.minimum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist"))
    over = wrists > g.height(joints, "head")
    below = np.maximum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist")) < g.height(joints, "neck")
    start = min((first for first, _ in g.runs(over)), default=None)
    if start is None or not below[:start].any():
        return False
    pumps = sum(bool(over[at]) for at in g.peaks(wrists, 0.1))
    return upright(joints) and (g.held(over, 0.5) or (pumps >= 2 and over.sum() >= 0.4 * FPS))


def curtsy(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a curtsy.

    The pelvis drops by 8 cm and comes back, both knees bending, trunk within 30 degrees of upright, while one foot is
    12 cm behind the other or crosses behind it. ``side`` is the leg that goes back.
    """
    pelvis = g.height(joints, "pelvis")
    low = [
        dip
        for dip in g.dips(pelvis, 0.08)
        if g.trunk_tilt(joints)[max(0, dip - 4) : dip + 5].max() < 30
        and max(g.knee(joints, one)[dip] for one in g.SIDES) < 160
        and g.pelvis_height(joints)[dip] > 0.5
    ]

    def shows(leg: str) -> bool:
        offset = g.body_offset(joints, f"{leg}_ankle", f"{other(leg)}_ankle")
        across = offset[:, 0] * (1 if leg == "left" else -1)
        behind = (offset[:, 2] < -0.12) | ((offset[:, 2] < -0.05) & (across < 0.0))
        return any(behind[dip] for dip in low)

    return stays(joints, 0.5) and on_side(shows, side)
