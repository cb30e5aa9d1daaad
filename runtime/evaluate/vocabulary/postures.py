"""Tests of eleven postures and changes of posture. Each is a pure function of joints (frames, 22, 3), as in
``obedience_tests.py``."""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import (
    checked,
    counted,
    hands_down,
    on_side,
    other,
    standing,
    toes_down,
)

FACES = ("front", "back")


def kneel_on_one_knee(joints: np.ndarray, side: str | None = None, seconds: float = 0.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show kneeling on one knee.

    For ``seconds`` one knee is under 17 cm and the other 20 cm higher, its foot flat on the floor, trunk within 40
    degrees of upright. ``side`` is the knee on the floor.
    """

    def shows(leg: str) -> bool:
        low = g.height(joints, f"{leg}_knee") < 0.17
        up = g.height(joints, f"{other(leg)}_knee") > g.height(joints, f"{leg}_knee") + 0.2
        flat = (g.height(joints, f"{other(leg)}_foot") < 0.12) & (g.height(joints, f"{other(leg)}_ankle") < 0.2)
        return g.held(low & up & flat & (g.trunk_tilt(joints) < 40) & (g.height(joints, "pelvis") > 0.25), seconds)

    return on_side(shows, side)


def _flat(joints: np.ndarray, under: float) -> np.ndarray:
    """Tell in which frames pelvis, shoulders and head are lower than ``under`` metres: (frames,) bool."""
    names = ("pelvis", "left_shoulder", "right_shoulder", "head")
    return np.max([g.height(joints, name) for name in names], axis=0) < under


def lie_down_on_back(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show lying down on the back.

    Starts upright or sitting (trunk within 50 degrees of upright, neck over 45 cm) and ends with pelvis, shoulders and
    head under 40 cm, front up, without a fall: the pelvis never goes down faster than 2 m/s.
    """
    start = bool(((g.height(joints, "neck") > 0.45) & (g.trunk_tilt(joints) < 50))[: FPS // 2].any())
    lies = _flat(joints, 0.4) & (g.chest_rise(joints) > 0.5)
    gentle = velocity(g.height(joints, "pelvis")).min() > -2.0
    return start and bool(lies[-3:].all()) and bool(gentle)


def get_up_from_floor(joints: np.ndarray, face: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show getting up from the floor.

    Starts lying (pelvis, shoulders and head under 45 cm) and ends standing (pelvis over 80 % of its standing height,
    trunk within 30 degrees of upright, feet down). ``face`` is the side of the body on the floor at the start.
    """
    checked(face, FACES)
    low = _flat(joints, 0.45)
    stands = (g.pelvis_height(joints) > 0.8) & (g.trunk_tilt(joints) < 30) & (g.lowest_foot(joints) < 0.1)
    if not low[: FPS // 2].any() or not stands[-4:].any():
        return False
    rise = float(np.median(g.chest_rise(joints)[: FPS // 2][low[: FPS // 2]]))
    return {"front": rise < -0.3, "back": rise > 0.3, None: True}[face]


def sit_cross_legged(joints: np.ndarray, seconds: float = 1.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show sitting with crossed legs.

    For ``seconds`` the pelvis is under 30 cm with the trunk within 40 degrees of upright, both knees under 100 degrees,
    35 cm apart and low, the ankles ahead of the pelvis and near the middle (within 25 cm).
    """
    low = (g.height(joints, "pelvis") < 0.3) & (g.trunk_tilt(joints) < 40)
    knees = [g.body_offset(joints, f"{leg}_knee", "pelvis") * [1 if leg == "left" else -1, 1, 1] for leg in g.SIDES]
    ankles = [g.body_offset(joints, f"{leg}_ankle", "pelvis") for leg in g.SIDES]
    bent = np.maximum(g.knee(joints, "left"), g.knee(joints, "right")) < 100
    spread = (knees[0][:, 0] + knees[1][:, 0] > 0.35) & (np.minimum(knees[0][:, 0], knees[1][:, 0]) > 0.1)
    middle = np.max([np.abs(ankle[:, 0]) for ankle in ankles], axis=0) < 0.25
    ahead = np.min([ankle[:, 2] for ankle in ankles], axis=0) > 0.0
    down = np.maximum(knees[0][:, 1], knees[1][:, 1]) < 0.25
    return g.held(low & bent & spread & middle & ahead & down, seconds)


def hands_on_hips(joints: np.ndarray, seconds: float = 1.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show standing with the hands on the hips.

    For ``seconds``, standing, both wrists are within 30 cm of their hip joints, 8 cm under to 28 cm over them, the
    elbows under 135 degrees and farther out than the wrists.
    """
    akimbo = standing(joints)
    for arm in g.SIDES:
        sign = 1 if arm == "left" else -1
        wrist = g.body_offset(joints, f"{arm}_wrist", f"{arm}_hip") * [sign, 1, 1]
        elbow = g.body_offset(joints, f"{arm}_elbow", f"{arm}_hip")[:, 0] * sign
        near = (np.linalg.norm(wrist, axis=1) < 0.3) & (wrist[:, 1] > -0.08) & (wrist[:, 1] < 0.28)
        akimbo &= near & (g.elbow(joints, arm) < 135) & (elbow > wrist[:, 0] + 0.03)
    return g.held(akimbo, seconds)


def cross_arms(joints: np.ndarray, seconds: float = 1.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show crossed arms.

    For ``seconds`` both wrists are at or past the middle of the body (within 6 cm), in front, between belly and
    shoulders, each within 38 cm of the other elbow, the elbows under 140 degrees.
    """
    folded = np.ones(len(joints), dtype=bool)
    for arm in g.SIDES:
        sign = 1 if arm == "left" else -1
        wrist = g.body_offset(joints, f"{arm}_wrist", "spine3") * [sign, 1, 1]
        place = (wrist[:, 0] < 0.06) & (wrist[:, 1] > -0.3) & (wrist[:, 1] < 0.25) & (wrist[:, 2] > 0.0)
        folded &= place & (g.elbow(joints, arm) < 140)
        folded &= g.gap(joints, f"{arm}_wrist", f"{other(arm)}_elbow") < 0.38
    return g.held(folded, seconds)


def balance_on_one_leg(joints: np.ndarray, side: str | None = None, seconds: float = 1.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a balance on one leg.

    For ``seconds`` one foot stands (under 7 cm, slower than 35 cm/s) and the other is 13 cm higher, the pelvis within
    28 cm of the standing foot. ``side`` is the standing leg.
    """

    def shows(leg: str) -> bool:
        feet = {
            one: np.minimum(g.height(joints, f"{one}_foot"), g.height(joints, f"{one}_ankle") - g.ANKLE_HEIGHT)
            for one in g.SIDES
        }
        ankle = g.joint(joints, f"{leg}_ankle")[:, [0, 2]]
        still = np.linalg.norm(velocity(ankle), axis=1) < 0.35
        over = np.linalg.norm(g.joint(joints, "pelvis")[:, [0, 2]] - ankle, axis=1) < 0.28
        return g.held((feet[leg] < 0.07) & (feet[other(leg)] - feet[leg] > 0.13) & g.near(still, 1) & over, seconds)

    return on_side(shows, side)


def touch_toes(joints: np.ndarray, times: int | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show the toes being touched, ``times`` times or once.

    The trunk folds until both wrists are within 32 cm of the height of the ankles, knees over 135 degrees, feet in
    place; a fold ends when the wrists are over 60 cm.
    """
    wrists = np.maximum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist"))
    ankles = (g.height(joints, "left_ankle") + g.height(joints, "right_ankle")) / 2
    knees = np.minimum(g.knee(joints, "left"), g.knee(joints, "right"))
    down = (wrists - ankles < 0.32) & (knees > 135) & (g.trunk_pitch(joints) > 50)
    starts = [start for start, _ in g.runs(down)]
    count = sum(
        index == 0 or bool((wrists[starts[index - 1] : start] > 0.6).any()) for index, start in enumerate(starts)
    )
    return g.planted(joints, 0.35) and counted(count, times)


def downward_dog(joints: np.ndarray, seconds: float = 1.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show the downward dog, held.

    For ``seconds`` wrists and toes are under 20 cm and 70 cm apart, the pelvis the highest joint, 20 cm over head and
    shoulders, elbows and knees over 135 degrees.
    """
    tops = [g.height(joints, name) for name in ("head", "left_shoulder", "right_shoulder")]
    peak = (g.height(joints, "pelvis") > np.max(tops, axis=0) + 0.2) & (
        g.height(joints, "pelvis") >= joints[:, 4:, 1].max(axis=1)
    )
    apart = np.linalg.norm((g.between(joints, "foot") - g.between(joints, "wrist"))[:, [0, 2]], axis=1) > 0.7
    angles = [joint(joints, side) for joint in (g.elbow, g.knee) for side in g.SIDES]
    straight = np.min(angles, axis=0) > 135
    return g.held(peak & apart & straight & hands_down(joints, 0.2) & toes_down(joints, 0.2), seconds)


def _roll(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how a lying body is rolled about its long axis: degrees (frames,), 0 on the back.

    They grow as the front turns towards the horizontal direction ``beside`` (frames, 3), returned too, which is also
    where the body then rolls to.
    """
    axis = g.joint(joints, "neck") - g.joint(joints, "pelvis")
    across = g.joint(joints, "left_shoulder") - g.joint(joints, "right_shoulder")
    across = across + g.joint(joints, "left_hip") - g.joint(joints, "right_hip")
    front = np.cross(across, axis)
    beside = np.cross(np.array([0.0, 1.0, 0.0]), axis)
    beside /= np.maximum(np.linalg.norm(beside, axis=1, keepdims=True), 1e-9)
    return np.degrees(np.unwrap(np.arctan2((front * beside).sum(1), front[:, 1]))), beside


def roll_over_lying(joints: np.ndarray, face: str | None = None, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show rolling over on the floor.

    While pelvis and shoulders stay under 50 cm, the front of the trunk turns by 120 degrees about the body's long axis.
    ``face`` is what lies on the floor at the end, ``side`` the body's own side that it rolls towards.
    """
    checked(face, FACES)
    checked(side, g.SIDES)
    shoulders = np.maximum(g.height(joints, "left_shoulder"), g.height(joints, "right_shoulder"))
    low = np.maximum(g.height(joints, "pelvis"), shoulders) < 0.5
    for start, stop in g.runs(g.near(low, 3)):
        part = joints[start:stop]
        angle, beside = _roll(part)
        turned = float(angle[-3:].mean() - angle[:3].mean())
        if abs(turned) < 120:
            continue
        end = float(np.median(g.chest_rise(part)[-4:]))
        own_left = (g.joint(part, "left_shoulder") - g.joint(part, "right_shoulder"))[0]
        towards = "left" if turned * float(own_left @ beside[0]) > 0 else "right"
        if {"front": end < -0.4, "back": end > 0.4, None: True}[face] and side in (None, towards):
            return True
    return False


def shoulder_stand(joints: np.ndarray, seconds: float = 0.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a shoulder stand.

    For ``seconds`` both shoulders are under 25 cm, the pelvis 20 cm over them and both ankles 40 cm over the pelvis,
    knees over 125 degrees, and the head is beside the shoulders, not under them (by 14 cm).
    """
    shoulders = [g.height(joints, f"{side}_shoulder") for side in g.SIDES]
    ankles = np.minimum(g.height(joints, "left_ankle"), g.height(joints, "right_ankle"))
    pelvis = g.height(joints, "pelvis")
    rests = (np.max(shoulders, axis=0) < 0.25) & (g.height(joints, "head") > np.mean(shoulders, axis=0) - 0.14)
    raised = (pelvis > np.max(shoulders, axis=0) + 0.2) & (ankles > pelvis + 0.4)
    straight = np.minimum(g.knee(joints, "left"), g.knee(joints, "right")) > 125
    return g.held(rests & raised & straight, seconds)
