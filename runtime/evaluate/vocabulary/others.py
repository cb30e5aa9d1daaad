"""Tests of four more actions. Each is a pure function of joints (frames, 22, 3), as in ``obedience_tests.py``."""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import checked, on_side, other, stays, upright


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
