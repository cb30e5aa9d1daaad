"""Tests of nine actions of sports and fighting. Each is a pure function of joints (frames, 22, 3), as in
``obedience_tests.py``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.locomotion import body_travel, steps
from runtime.evaluate.vocabulary.parts import on_side, other


def side_kick(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a kick to the side.

    One foot is out to the side (more than ahead or behind, seen across the hips), up to 30 cm under the hips or higher,
    knee over 125 degrees, having moved at 2 m/s against the pelvis, the other foot down, and comes back down. ``side``
    is the kicking leg.
    """

    def shows(leg: str) -> bool:
        sign = 1 if leg == "left" else -1
        out = g.body_offset(joints, f"{leg}_ankle", "pelvis")
        aside = (out[:, 0] * sign > 0.4) & (out[:, 0] * sign > np.abs(out[:, 2]))
        high = g.height(joints, f"{leg}_ankle") > g.height(joints, f"{other(leg)}_hip") - 0.3
        fast = g.recently(g.relative_speed(joints, f"{leg}_ankle", "pelvis") > 2.0, 6)
        down = g.height(joints, f"{other(leg)}_ankle") < 0.3
        kicks = np.flatnonzero(aside & high & fast & down & (g.knee(joints, leg) > 125))
        return bool(kicks.size) and bool((g.height(joints, f"{leg}_ankle")[kicks[0] :] < 0.45).any())

    return on_side(shows, side)


def uppercut(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show an uppercut.

    One wrist rises by 35 cm within half a second from under the chest, at over 2.5 m/s and more upward than any other
    way, to between 25 cm under and 30 cm over the head joint, ahead of the body and within 28 cm of its middle, elbow
    at 45 to 125 degrees. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        out = g.body_offset(joints, f"{arm}_wrist", "spine3")
        top = g.body_offset(joints, f"{arm}_wrist", "head")[:, 1]
        turns = g.extremes(out[:, 1], 0.3)
        for low, high in pairwise(turns):
            climb = out[high] - out[low]
            upward = climb[1] > 0.35 and climb[1] > np.hypot(climb[0], climb[2]) and high - low <= FPS // 2
            fast = velocity(out[:, 1])[low : high + 1].max() > 2.5 and out[low, 1] < -0.05
            ends = -0.25 < top[high] < 0.3 and out[high, 2] > 0.08 and abs(out[high, 0]) < 0.28
            if upward and fast and ends and 45 < g.elbow(joints, arm)[high] < 125:
                return True
        return False

    return on_side(shows, side)


def knee_strike(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a strike with the knee.

    One knee comes up to the height of the pelvis (within 8 cm) at over 1.3 m/s, bent under 110 degrees, the other foot
    down, and goes down again, the leg never stretching (over 150 degrees) while it is up. ``side`` is that leg.
    """

    def shows(leg: str) -> bool:
        knee = g.height(joints, f"{leg}_knee")
        up = knee > g.height(joints, "pelvis") - 0.08
        fast = g.recently(velocity(knee) > 1.3, 8)
        down = g.height(joints, f"{other(leg)}_ankle") < 0.3
        for start, stop in g.runs(up):
            part = slice(max(0, start - 2), stop + 4)
            strikes = (fast & down & up)[start:stop].any() and g.knee(joints, leg)[start:stop].min() < 110
            if strikes and g.knee(joints, leg)[part].max() < 150 and (knee[stop:] < 0.65).any():
                return True
        return False

    return on_side(shows, side)


def duck_under(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show ducking.

    The head drops by 22 cm within 0.9 s and comes back 20 cm within 2 s, the feet within 70 cm of their place, not down
    on the floor. ``side`` is where the head goes meanwhile, by 10 cm.
    """
    head, seen = g.height(joints, "head"), set()
    turns = g.extremes(head, 0.2)
    for top, low, back in zip(turns, turns[1:], turns[2:], strict=False):
        if head[low] > head[top] or head[top] - head[low] < 0.22 or back - low > 2 * FPS + 8:
            continue
        window = head[max(top, low - 18) : low + 1]
        stays = max(g.stray(joints[top : back + 1], f"{foot}_ankle").max() for foot in g.SIDES) < 0.7
        if window.max() - head[low] < 0.22 or not stays or g.height(joints, "pelvis")[low] < 0.3:
            continue
        part = slice(top, back + 1)
        shift = (g.joint(joints, "head")[part] - g.joint(joints, "head")[top]) @ g.left_axis(joints)[top]
        far = float(shift[np.abs(shift).argmax()])
        seen |= {"either"} | ({"left" if far > 0 else "right"} if abs(far) > 0.1 else set())
    return bool(seen) if side is None else side in seen


def _feet_left(joints: np.ndarray) -> np.ndarray:
    """Return the horizontal unit vector (3,) to the left of somebody with planted feet: from ankle to ankle."""
    across = np.median(g.joint(joints, "left_ankle") - g.joint(joints, "right_ankle"), axis=0) * [1, 0, 1]
    return across / max(np.linalg.norm(across), 1e-9)


def golf_swing(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show the swing of a golf club.

    Both wrists, within 36 cm of each other in the median, go up on one side of the feet to the shoulders (25 cm under
    them), down to the hips and up on the other side, the feet in place. A swing of ``side`` right goes from the body's
    right to its left.
    """
    middle = (g.joint(joints, "left_wrist") + g.joint(joints, "right_wrist")) / 2
    together = np.median(g.gap(joints, "left_wrist", "right_wrist")) < 0.36
    left = (middle - g.between(joints, "ankle")) @ _feet_left(joints)
    over = middle[:, 1] > g.between(joints, "shoulder")[:, 1] - 0.25
    low = middle[:, 1] < g.height(joints, "pelvis") + 0.1
    states = np.select([over & (left < -0.1), over & (left > 0.1), low], ["R", "L", "D"], "")
    order = _squeezed("".join(states))
    swings = {hand for hand, path in (("right", "RDL"), ("left", "LDR")) if path in order}
    planted = max(np.percentile(g.stray(joints, f"{foot}_ankle"), 95) for foot in g.SIDES) < 0.4
    return bool(together and planted) and on_side(lambda one: one in swings, side)


def _squeezed(text: str) -> str:
    """Return ``text`` with repeated letters written once."""
    return "".join(letter for index, letter in enumerate(text) if index == 0 or text[index - 1] != letter)


def basketball_shot(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a shot at a basket.

    Both wrists are together (within 42 cm) between chest and head; within 1.2 s one is 15 cm over the head joint and
    ahead of it with the elbow over 125 degrees, the knees 12 degrees straighter than at their lowest meanwhile, under
    160. ``side`` is the arm that ends higher.
    """
    gap = g.gap(joints, "left_wrist", "right_wrist") < 0.42
    wrists = {arm: g.body_offset(joints, f"{arm}_wrist", "head") for arm in g.SIDES}
    level = (wrists["left"] + wrists["right"])[:, 1] / 2
    gathered = g.recently(gap & (level > -0.5) & (level < 0.3), 24)
    knees = np.minimum(g.knee(joints, "left"), g.knee(joints, "right"))
    bent = np.array([knees[max(0, frame - 24) : frame + 1].min() for frame in range(len(knees))])
    straightened = (bent < 160) & (knees > bent + 12)
    ends = {}
    for arm in g.SIDES:
        up = (wrists[arm][:, 1] > 0.15) & (g.elbow(joints, arm) > 125) & (wrists[arm][:, 2] > 0.0)
        ends[arm] = up & straightened & gathered
    if side is None:
        return bool((ends["left"] | ends["right"]).any())
    higher = wrists[side][:, 1] > wrists[other(side)][:, 1] + 0.03
    return bool((ends[side] & higher).any())


def cartwheel(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a cartwheel.

    At one time both ankles are over the pelvis and the pelvis over the head with a wrist under 25 cm; before and after
    it stands, 80 cm apart. ``side`` is the hand that goes down first.
    """
    ankles = np.minimum(g.height(joints, "left_ankle"), g.height(joints, "right_ankle"))
    wrists = {arm: g.height(joints, f"{arm}_wrist") for arm in g.SIDES}
    hand = np.minimum(wrists["left"], wrists["right"]) < 0.25
    pelvis = g.height(joints, "pelvis")
    over = np.flatnonzero((ankles > pelvis) & (pelvis > g.height(joints, "head")) & g.near(hand, 4))
    if not over.size:
        return False
    stands = (g.pelvis_height(joints) > 0.7) & (g.trunk_tilt(joints) < 50)
    before, after = np.flatnonzero(stands[: over[0]]), np.flatnonzero(stands[over[-1] :])
    if not (before.size and after.size):
        return False
    place = g.joint(joints, "pelvis")[:, [0, 2]]
    if np.linalg.norm(place[over[-1] + after[0]] - place[before[-1]]) < 0.8:
        return False
    part = slice(int(before[-1]), int(over[-1]) + 1)
    first = {arm: np.flatnonzero(wrists[arm][part] < 0.3) for arm in g.SIDES}
    started = {arm: first[arm][0] if first[arm].size else np.inf for arm in g.SIDES}
    return on_side(lambda arm: started[arm] < np.inf and started[arm] <= started[other(arm)], side)


def bowl_a_ball(joints: np.ndarray, side: str | None = None, walked: int = 2) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a ball being bowled.

    After ``walked`` steps or 50 cm forward, one wrist swings from 10 cm behind the pelvis past it under hip height at
    over 2 m/s with the arm 80 % stretched, the trunk leaning 15 degrees and a knee bent, and goes on up ahead to belly
    height. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        out = g.body_offset(joints, f"{arm}_wrist", "pelvis")
        behind = (out[:, 2] < -0.1) & (out[:, 1] < 0.35)
        speed = g.relative_speed(joints, f"{arm}_wrist", "pelvis")
        low = (np.abs(out[:, 2]) < 0.35) & (out[:, 1] < 0.08) & (speed > 2.0) & (g.reach(joints, arm) > 0.8)
        bent = (g.trunk_pitch(joints) > 15) & (np.minimum(g.knee(joints, "left"), g.knee(joints, "right")) < 150)
        for frame in np.flatnonzero(low & bent & g.recently(behind, 12)):
            if (out[frame : frame + 16, 2] > 0.2).any() and (out[frame : frame + 16, 1] > 0.05).any():
                before = joints[: frame + 1]
                return steps(before, 0.15) >= walked or body_travel(before)[1] > 0.5
        return False

    return on_side(shows, side)


def throw_discus(joints: np.ndarray, side: str | None = None, degrees: float = 240) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a discus being thrown.

    Within 3 s of a turn by ``degrees`` towards the other side, the wrist of a stretched arm (70 %), between belly and
    head height, comes from beside or behind its shoulder to 15 cm ahead of it, at over 1.2 m/s as the turning body sees
    it, the trunk within 60 degrees of the vertical. ``side`` is that arm.
    """
    heading = g.heading(joints)

    def shows(arm: str) -> bool:
        sign = 1.0 if arm == "right" else -1.0
        out = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")
        level = (np.abs(out[:, 1]) < 0.4) & (g.reach(joints, arm) > 0.7) & (g.trunk_tilt(joints) < 60)
        swept = level & (velocity(out[:, 2]) > 1.2) & g.recently(level & (out[:, 2] < 0.08), 16)
        for frame in np.flatnonzero(swept):
            turned = sign * (heading[frame] - heading[max(0, frame - 3 * FPS) : frame + 1])
            if turned.max() > degrees and (out[frame : frame + 10, 2] > 0.15).any():
                return True
        return False

    return on_side(shows, side)
