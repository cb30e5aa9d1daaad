"""Legs of a rig over time: where its joints come to be, feet locked to the floor, and the turns that follow.

Feet that stand are held by their toe. The hips go along with what the feet need, and sink where a leg would not reach;
knees and ankles follow by the law of cosines; the foot keeps the turn it had, so that the toe stays where it was put.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.signals import bell_average, upper_envelope
from .body import RestBody
from .limbs import foot_turn, limb_turns, longest_reach, toe_turn, two_bone
from .rig_foot_lock import BLEND_SECONDS, lock_offsets

J = skeleton.JOINT_INDEX
SIDES = ("left", "right")
# The hips sink by at most this share of the leg to let a foot reach the floor.
MOST_SINK = 0.12
# And the whole body goes along with the feet by no more than this share: feet may also glide because the body does.
MOST_SHIFT = 0.03
# Seconds over which hips sink and rise again: each frame of it bends knees that need not bend.
SINK_SECONDS = 0.15
# What a foot that does not stand weighs against one that does, where it is asked which way the body goes.
_NOT_STANDING = 1e-3


@dataclass
class Leg:
    """One leg over time, armature space.

    hip, knee, ankle, toe: (F, 3) places. hinge: (F, 3) unit, the axis of the knee. foot: (F, 3, 3) turn of the foot.
    """

    hip: np.ndarray
    knee: np.ndarray
    ankle: np.ndarray
    toe: np.ndarray
    hinge: np.ndarray
    foot: np.ndarray


def place_legs(points: np.ndarray, turns: dict[str, np.ndarray], body: RestBody, pelvis: np.ndarray) -> dict[str, Leg]:
    """Return both legs, by side, with the motion's directions and the rig's lengths.

    points: (F, 22, 3) the motion in armature space, in its units. turns: joint to turn (F, 3, 3), of the pelvis at
    least. pelvis: (F, 3) the head of its bone.
    """
    legs = {}
    for side in SIDES:
        hip, knee, ankle, toe = (f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "foot"))
        thigh = rot.unit(points[:, J[knee]] - points[:, J[hip]])
        shin = rot.unit(points[:, J[ankle]] - points[:, J[knee]])
        thigh_turn, shin_turn, thigh, shin = limb_turns(turns["pelvis"], thigh, shin, body, hip)
        foot = foot_turn(rot.unit(points[:, J[toe]] - points[:, J[ankle]]), shin_turn, body, side)
        start = pelvis + turns["pelvis"] @ (body.heads[hip] - body.heads["pelvis"])
        middle = start + thigh * body.length(hip)
        end = middle + shin * body.length(knee)
        held = end + foot @ _foot_vector(body, side)
        legs[side] = Leg(start, middle, end, held, thigh_turn @ body.hinges[hip], foot)
    return legs


def _foot_vector(body: RestBody, side: str) -> np.ndarray:
    """Return ankle to toe at rest (3,); nothing where the rig has no toe, so that the ankle is held instead."""
    toe = body.heads.get(f"{side}_foot")
    return np.zeros(3) if toe is None else toe - body.heads[f"{side}_ankle"]


def lock_rig_feet(
    legs: dict[str, Leg], contacts: np.ndarray, body: RestBody, mode: str, fps: float, *, floor: bool
) -> np.ndarray:
    """Move knees and ankles in ``legs`` so that standing feet do not slide or sink; return how the hips move.

    For bare joints, before there is a rig, it is runtime.cleanup.joint_foot_lock.lock_joint_feet.

    legs: both, by side, changed in place. contacts: (F, 2) bool, when each foot stands. mode: "soft" or "strict".
    floor: lift toes that are lower than at rest. Returns (F, 3), armature space.
    """
    blend = max(1, round(BLEND_SECONDS * fps))
    # The whole body goes along a little.
    shift = _shift(legs, contacts, body, mode, blend)
    for leg in legs.values():
        leg.hip, leg.knee, leg.ankle, leg.toe = (place + shift for place in (leg.hip, leg.knee, leg.ankle, leg.toe))
    goals = {
        side: _ankle_goal(legs[side], contacts[:, number], body, side, mode, blend, floor)
        for number, side in enumerate(SIDES)
    }
    # The hips sink where a leg would not reach: (F,), before and after as well, so that nothing jolts.
    needed = np.max([_shortfall(legs[side], goals[side], body, side) for side in SIDES], axis=0)
    sink = upper_envelope(needed, max(1, round(SINK_SECONDS * fps))) if needed.any() else needed
    down = sink[:, None] * body.up  # (F, 3)
    # Each leg reaches for its goal in the frames in which that moves.
    for side in SIDES:
        leg = legs[side]
        moved = (np.linalg.norm(goals[side] - leg.ankle, axis=-1) > 1e-6 * body.leg) | (sink > 1e-6 * body.leg)
        if not moved.any():
            continue
        knee, ankle = two_bone(leg.hip - down, leg.knee - down, leg.ankle - down, goals[side], leg.hinge)
        leg.hip = leg.hip - down
        leg.knee = np.where(moved[:, None], knee, leg.knee)
        leg.ankle = np.where(moved[:, None], ankle, leg.ankle)
        leg.toe = leg.ankle + leg.foot @ _foot_vector(body, side)
    return shift - down


def _shift(legs: dict[str, Leg], contacts: np.ndarray, body: RestBody, mode: str, blend: int) -> np.ndarray:
    """Return by how much (F, 3) the whole body goes along with the feet that are held, smoothly.

    Knees need not make up for what it takes over. Between contacts it fades as the feet's own corrections do.
    """
    held = [lock_offsets(leg.toe, contacts[:, side], blend) for side, leg in enumerate(legs.values())]
    weights = contacts.T[..., None] + _NOT_STANDING  # (2 feet, F, 1)
    found = bell_average((np.stack(held) * weights).sum(axis=0), blend) / bell_average(weights.sum(axis=0), blend)
    if mode == "soft":
        found = found - (found @ body.up)[:, None] * body.up
    return found / np.sqrt(1 + rot.dot(found, found)[:, None] / (MOST_SHIFT * body.leg) ** 2)


def _ankle_goal(
    leg: Leg, contacts: np.ndarray, body: RestBody, side: str, mode: str, blend: int, floor: bool
) -> np.ndarray:
    """Return where the ankle should be (F, 3): over the locked toe, and no lower than its toe may be.

    contacts: (F,) bool, of this foot.
    """
    rest = body.heads.get(f"{side}_foot", body.heads[f"{side}_ankle"])
    lift = _lift(leg.toe, rest, body.up) if floor else np.zeros_like(leg.toe)
    offset = lock_offsets(leg.toe + lift, contacts, blend)
    if mode == "soft":
        offset = offset - (offset @ body.up)[:, None] * body.up
    moved = lift + offset
    if floor:
        moved = moved + _lift(leg.toe + moved, rest, body.up)
    return leg.ankle + moved


def _lift(toe: np.ndarray, rest: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return what to add to ``toe`` (F, 3) so that it is nowhere lower than at ``rest`` (3,)."""
    return np.maximum(0, (rest - toe) @ up)[:, None] * up


def _shortfall(leg: Leg, goal: np.ndarray, body: RestBody, side: str) -> np.ndarray:
    """Return how far the hips must sink (F,) for the leg to reach ``goal``."""
    length = body.length(f"{side}_hip") + body.length(f"{side}_knee")
    reach = longest_reach(length, np.linalg.norm(leg.ankle - leg.hip, axis=-1))
    # How far the goal is below the hip and aside of it, and how far below the leg reaches there.
    away = goal - leg.hip
    below = -(away @ body.up)
    aside = np.maximum(rot.dot(away, away) - below**2, 0)
    needed = below - np.sqrt(np.maximum(reach**2 - aside, 0))
    moved = np.linalg.norm(goal - leg.ankle, axis=-1) > 1e-6 * body.leg
    return np.where(moved, np.clip(needed, 0, MOST_SINK * body.leg), 0)


def add_legs(legs: dict[str, Leg], turns: dict[str, np.ndarray], body: RestBody) -> None:
    """Add the rotations of hips, knees, ankles and toes to ``turns``, joint to (F, 3, 3), in place."""
    for side, leg in legs.items():
        hip, knee, ankle, toe = (f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "foot"))
        thigh, shin = rot.unit(leg.knee - leg.hip), rot.unit(leg.ankle - leg.knee)
        turns[hip], turns[knee], *_ = limb_turns(turns["pelvis"], thigh, shin, body, hip)
        turns[ankle] = leg.foot
        turns[toe] = toe_turn(leg.foot, leg.toe, body, side)
