"""Tests of thirteen ways of handling things. Each is a pure function of joints (frames, 22, 3), as in
``obedience_tests.py``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.skeleton import FPS
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary.parts import calm, checked, on_side, other, stays, upright


def pick_up_from_floor(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show something picked up from the floor.

    From standing, a wrist goes down to 46 cm with the pelvis not lower than 25 cm, and comes up over 55 cm as the body
    stands again. ``side`` is the wrist that goes lowest, by 8 cm, or both: then the two come under 52 cm.
    """
    checked(side, (*g.SIDES, "both"))
    heights = {arm: g.height(joints, f"{arm}_wrist") for arm in g.SIDES}
    lowest = np.minimum(heights["left"], heights["right"])
    stands = (g.pelvis_height(joints) > 0.8) & (g.trunk_tilt(joints) < 45)
    for dip in g.dips(lowest, 0.25):
        before, after = stands[:dip].any(), (stands & (lowest > 0.55))[dip:].any()
        if not (before and after and lowest[dip] < 0.46 and g.height(joints, "pelvis")[dip] > 0.25):
            continue
        around = slice(max(0, dip - 6), dip + 7)
        low = {arm: heights[arm][around].min() for arm in g.SIDES}
        if side is None or (side == "both" and max(low.values()) < 0.52):
            return True
        if side in g.SIDES and low[side] < 0.46 and low[side] < low[other(side)] - 0.08:
            return True
    return False


def place_on_high_shelf(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show something put on a high shelf.

    One wrist or both go from under the shoulders to the height of the head joint (6 cm under it) in front of the body,
    stop there for 0.2 s and come down under the shoulders; meanwhile the feet stay. ``side`` is that arm, or both.
    """

    def shows(arm: str) -> bool:
        offset = g.body_offset(joints, f"{arm}_wrist", "head")
        low = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")[:, 1] < -0.05
        up = (offset[:, 1] > -0.06) & (offset[:, 2] > 0.08) & calm(joints, f"{arm}_wrist", "pelvis", 0.6)
        return any(
            stop - start >= 0.2 * FPS
            and low[:start].any()
            and low[stop:].any()
            and g.planted(joints[max(0, start - 4) : stop + 4], 0.3)
            for start, stop in g.runs(up)
        )

    return upright(joints) and on_side(shows, side, both=True)


def push_heavy_object(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show something heavy being pushed.

    For 0.8 s in all, both wrists are 20 cm ahead of the chest between hip and shoulder height with the trunk leaning 8
    degrees forward (standing people lean back by 5); meanwhile the body goes 40 cm forward, slower than 1.4 m/s, or one
    foot is 30 cm behind the pelvis.
    """
    pushes = (g.trunk_pitch(joints) > 8) & (g.pelvis_height(joints) > 0.55) & (g.travel_speed(joints) < 1.4)
    for arm in g.SIDES:
        place = g.body_offset(joints, f"{arm}_wrist", "spine3")
        height = g.height(joints, f"{arm}_wrist")
        pushes &= (place[:, 2] > 0.2) & (height > g.height(joints, "pelvis") - 0.15)
        pushes &= height < g.height(joints, "neck") + 0.1
    behind = np.min([g.body_offset(joints, f"{leg}_ankle", "pelvis")[:, 2] for leg in g.SIDES], axis=0) < -0.3
    step = np.diff(g.joint(joints, "pelvis")[:, [0, 2]], axis=0)
    ahead = float(((step * g.forward_axis(joints)[:-1, [0, 2]]).sum(1) * pushes[:-1]).sum())
    return pushes.sum() >= 0.8 * FPS and bool(ahead > 0.4 or behind[pushes].mean() > 0.5)


def _hauls(joints: np.ndarray, arm: str) -> int:
    """Count how often a hand that is 18 cm ahead of the spine is drawn back by as much, between hips and head."""
    ahead = g.body_offset(joints, f"{arm}_wrist", "spine2")
    turns = g.extremes(ahead[:, 2], 0.18)
    count = 0
    for far, back in pairwise(turns):
        drawn = ahead[back, 2] < ahead[far, 2]
        count += bool(drawn and ahead[far, 2] > 0.18 and -0.5 < ahead[far, 1] < 0.5)
    return count


def pull_rope(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a rope being pulled.

    Both hands are drawn back to the trunk (:func:`_hauls`), three times in all, while the trunk leans back or the feet
    stand 35 cm apart; the body does not go forward by 30 cm.
    """
    hauls = sum(_hauls(joints, arm) for arm in g.SIDES)
    both = all(_hauls(joints, arm) >= 1 for arm in g.SIDES)
    forward = g.forward_axis(joints)[:, [0, 2]].mean(0)
    path = g.joint(joints, "pelvis")[:, [0, 2]]
    braced = np.median(g.gap(joints, "left_ankle", "right_ankle")) > 0.35 or np.median(g.trunk_pitch(joints)) < -5
    ahead = float((path[-1] - path[0]) @ forward)
    return both and hauls >= 3 and bool(braced) and ahead < 0.3 and np.median(g.travel_speed(joints)) < 0.5


def throw_overhand(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show an overhand throw.

    A wrist behind or beside its shoulder, not 15 cm under it, comes forward within 0.6 s at over 3 m/s against the
    pelvis, faster than the other hand and not 10 cm under the shoulder, and within 0.3 s is 20 cm ahead with the arm 70
    % stretched. ``side`` is that arm.
    """
    speed = {arm: g.relative_speed(joints, f"{arm}_wrist", "pelvis") for arm in g.SIDES}

    def shows(arm: str) -> bool:
        out = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")
        back = (out[:, 2] < 0.08) & (out[:, 1] > -0.15)
        fast = (speed[arm] > 3.0) & (velocity(out[:, 2]) > 1.0) & (out[:, 1] > -0.1)
        fast &= speed[arm] > 1.2 * speed[other(arm)]
        ends = (out[:, 2] > 0.2) & (g.reach(joints, arm) > 0.7)
        return bool((ends & g.recently(fast, 6) & g.recently(back, 12)).any())

    return on_side(shows, side)


def sweep_floor(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a floor being swept.

    Both wrists, ahead of the body between thigh and chest height, keep a steady distance (within 10 cm in 80 %) and
    move together, sideways or to and fro, three times by 15 cm, the trunk a little bent.
    """
    gap = g.gap(joints, "left_wrist", "right_wrist")
    middle = (g.body_offset(joints, "left_wrist", "pelvis") + g.body_offset(joints, "right_wrist", "pelvis")) / 2
    placed = (middle[:, 2] > 0.12) & (middle[:, 1] > -0.35) & (middle[:, 1] < 0.4)
    if placed.mean() < 0.5:
        return False
    apart = np.median(gap[placed])
    steady = np.percentile(np.abs(gap[placed] - apart), 80) < 0.1 and apart < 0.75
    strokes = max(g.swings(middle[:, 0], 0.15), g.swings(middle[:, 2], 0.15))
    bent = np.median(g.trunk_pitch(joints)) > 3
    slow = np.median(g.travel_speed(joints)) < 0.8
    return bool(steady and strokes >= 3 and bent and slow)


def dig_with_shovel(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a shovel that digs.

    Both hands go down with the trunk bent 20 degrees (the lower wrist under 70 cm), then come up by 22 cm within 2 s
    and, as they do, go 14 cm to a side. ``side`` is where they go.
    """
    wrists = (g.joint(joints, "left_wrist") + g.joint(joints, "right_wrist")) / 2
    lower = np.minimum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist"))
    close = g.gap(joints, "left_wrist", "right_wrist") < 0.8
    turns = g.extremes(wrists[:, 1], 0.22)
    seen = set()
    for low, high in pairwise(turns):
        deep = wrists[low, 1] < wrists[high, 1] and lower[low] < 0.7 and g.trunk_pitch(joints)[low] > 20
        if not (deep and close[low] and high - low < 2 * FPS and g.height(joints, "pelvis")[low] > 0.5):
            continue
        shift = (wrists[low : high + 8] - wrists[low]) @ g.left_axis(joints)[low]
        farthest = float(shift[np.abs(shift).argmax()])
        if abs(farthest) > 0.14:
            seen.add("left" if farthest > 0 else "right")
    return on_side(lambda one: one in seen, side)


def _hand_at(joints: np.ndarray, arm: str) -> np.ndarray:
    """Return the wrist of ``arm`` seen from the head joint: (frames, 3), metres out to its own side, up and ahead."""
    return g.body_offset(joints, f"{arm}_wrist", "head") * np.array([1.0 if arm == "left" else -1.0, 1.0, 1.0])


def drink_from_cup(joints: np.ndarray, side: str | None = None, seconds: float = 0.5) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a drink from a cup.

    One wrist comes from under the shoulder to within 32 cm of the head, ahead of it, stays for ``seconds`` with the
    elbow under 110 degrees, and goes down again; the other hand stays low. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        offset = _hand_at(joints, arm)
        near = (np.linalg.norm(offset, axis=1) < 0.32) & (offset[:, 2] > 0.08) & (offset[:, 1] > -0.2)
        near &= (g.elbow(joints, arm) < 110) & (np.linalg.norm(_hand_at(joints, other(arm)), axis=1) > 0.32)
        low = g.body_offset(joints, f"{arm}_wrist", f"{arm}_shoulder")[:, 1] < -0.04
        return any(
            stop - start >= seconds * FPS and low[:start].any() and low[stop:].any()
            for start, stop in g.runs(near & calm(joints, f"{arm}_wrist", "head", 0.5))
        )

    return on_side(shows, side)


def phone_to_ear(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a phone held to the ear.

    For 1.5 s one wrist is within 26 cm of the head, 6 cm or more out to its side, the elbow under 80 degrees and lower
    than the wrist; the other hand is away from the head. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        offset = _hand_at(joints, arm)
        near = (np.linalg.norm(offset, axis=1) < 0.26) & (offset[:, 0] > 0.06) & (offset[:, 2] < 0.18)
        bent = (g.elbow(joints, arm) < 80) & (g.height(joints, f"{arm}_elbow") < g.height(joints, f"{arm}_wrist"))
        alone = np.linalg.norm(_hand_at(joints, other(arm)), axis=1) > 0.3
        return g.held(near & bent & alone, 1.5)

    return on_side(shows, side)


def wipe_window(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a window being wiped.

    One wrist, 15 cm ahead of the chest between belly and 80 cm over the chest, makes three strokes of 18 cm to and fro,
    sideways or up and down, and moves less ahead; feet mostly in place. ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        place = g.body_offset(joints, f"{arm}_wrist", "spine3")
        there = (place[:, 2] > 0.15) & (place[:, 1] > -0.25) & (place[:, 1] < 0.8)
        for start, stop in g.runs(g.near(there, 2)):
            part = place[start:stop]
            strokes = max(g.swings(part[:, 0], 0.18), g.swings(part[:, 1], 0.18))
            if strokes >= 3 and np.std(part[:, 2]) < max(np.std(part[:, 0]), np.std(part[:, 1])):
                return True
        return False

    return stays(joints, 0.6) and upright(joints) and on_side(shows, side)


def saw_wood(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show wood being sawn.

    One wrist goes to and fro by 15 cm, four times in all and three in the middle of the motion (60 %), there along one
    line (85 % of its movement); the trunk is bent 8 degrees and the other wrist nearly still, in front and low.
    ``side`` is the sawing arm.
    """
    middle = joints[len(joints) // 5 : len(joints) - len(joints) // 5]

    def shows(arm: str) -> bool:
        path = g.body_offset(joints, f"{arm}_wrist", "spine2")
        part = g.body_offset(middle, f"{arm}_wrist", "spine2")
        _, sizes, axes = np.linalg.svd(part - part.mean(0), full_matrices=False)
        straight = sizes[0] ** 2 > 0.85 * (sizes**2).sum() and abs(axes[0][0]) < 0.7
        rest = g.body_offset(middle, f"{other(arm)}_wrist", "spine2")
        still = np.percentile(np.linalg.norm(rest - np.median(rest, axis=0), axis=1), 80) < 0.1
        ahead = np.median(rest[:, 2]) > 0.1 and np.median(g.height(middle, f"{other(arm)}_wrist")) < 1.15
        strokes = g.swings(path @ axes[0], 0.15) >= 4 and g.swings(part @ axes[0], 0.15) >= 3
        return bool(straight and still and ahead and strokes)

    return bool(np.median(g.trunk_pitch(middle)) > 8) and stays(joints, 0.4) and on_side(shows, side)


def _loops(joints: np.ndarray, arm: str) -> float:
    """Return the turns in one sense that a wrist ahead of the body makes about the middle of its path.

    They are counted in that upright plane (sagittal, frontal, or its own if within 40 degrees of upright) in which it
    makes most; 0 where the path is under 12 cm wide or over 90 cm long.
    """
    path = g.body_offset(joints, f"{arm}_wrist", "spine3")
    if np.median(path[:, 2]) < 0.12:
        return 0.0
    away = path - np.median(path, axis=0)
    axes = np.linalg.svd(away, full_matrices=False)[2]
    planes = [away[:, [2, 1]], away[:, [0, 1]], *([away @ axes[:2].T] if abs(axes[2][1]) < 0.65 else [])]
    found = [0.0]
    for plane in planes:
        size = np.percentile(plane, 90, axis=0) - np.percentile(plane, 10, axis=0)
        if size.min() > 0.12 and size.max() < 0.9:
            found.append(abs(g.turns_round(plane[:, 0], plane[:, 1])))
    return max(found)


def turn_crank(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a crank being turned.

    One wrist or both run twice round a loop ahead of the body (:func:`_loops`), feet in place. ``side`` is the arm, or
    both.
    """
    turns = {arm: _loops(joints, arm) for arm in g.SIDES}
    return stays(joints, 0.4) and on_side(lambda arm: turns[arm] >= 1.8, side, both=True)


def spin_lasso(joints: np.ndarray, side: str | None = None, turns: float = 1.8) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a lasso swung overhead.

    One wrist, kept over the head joint (5 cm under it) while the other is under it, goes round ``turns`` times as seen
    from above, 7 cm or more from the middle of its path, at least half as wide as long; the body is upright.
    ``side`` is that arm.
    """

    def shows(arm: str) -> bool:
        out = g.body_offset(joints, f"{arm}_wrist", "head")
        alone = g.body_offset(joints, f"{other(arm)}_wrist", "head")[:, 1] < 0
        for start, stop in g.runs(g.near((out[:, 1] > -0.05) & alone, 2)):
            level = out[start:stop, [0, 2]] - out[start:stop, [0, 2]].mean(axis=0)
            long, wide = np.linalg.svd(level, compute_uv=False)[:2] if len(level) > 2 else (1.0, 0.0)
            far = np.median(np.hypot(level[:, 0], level[:, 1])) > 0.07
            if far and wide > 0.5 * long and abs(g.turns_round(level[:, 0], level[:, 1])) >= turns:
                return True
        return False

    return upright(joints) and on_side(shows, side)
