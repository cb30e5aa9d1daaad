"""Turns of arms and legs from the directions of their bones, within the limits of knee and elbow."""

from __future__ import annotations

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.kinematics import bend_limb
from ..motion.signals import smoothstep
from .body import CHILD, RestBody
from .twist import hinge_axes

J = skeleton.JOINT_INDEX
SIDES = ("left", "right")
# A knee or elbow bends no further than this, and rounds off towards straight within SOFT of it (radians).
MOST_BEND, SOFT = np.radians(172), np.radians(0.3)
# Toes lie flat while the ball of the foot is lower over its rest height than the first of these shares of the
# leg, and follow the foot above the second; they bend by at most MOST_TOE (radians).
TOE_FLAT, TOE_FREE, MOST_TOE = 0.02, 0.08, np.radians(55)
# A limb bends at least this much of its length short of straight when it is made to reach.
REACH = 0.999
# One that was straighter stays so, but for what a knee needs so as not to be rounded off (SOFT) afterwards.
STRAIGHT = 0.9999
# A limb whose knee or elbow is off the line to its end by less than the first, as a share of the upper bone, has no
# bend plane of its own; by more than the second it has nothing else.
NO_PLANE, OWN_PLANE = 0.02, 0.08


def limit_hinge(upper: np.ndarray, lower: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower bone's directions (F, 3) without a bend backwards, and within MOST_BEND besides.

    upper, lower: (F, 3) unit directions. axis: (F, 3) unit, perpendicular to ``upper``. What the lower bone
    leans out of the hinge's plane is kept.
    """
    forward = rot.cross(axis, upper)
    bend = np.arctan2(rot.dot(lower, forward), rot.dot(lower, upper))  # (F,)
    # A bend far backwards is one far forwards; one a little backwards is rounded off to straight.
    bend = np.where(bend < -np.pi / 2, bend + 2 * np.pi, bend)
    bend = 0.5 * (bend + np.sqrt(bend**2 + 4 * SOFT**2))
    aside = rot.dot(lower, axis)[:, None]
    within = np.sqrt(np.maximum(1 - aside**2, 0))

    def bent(by: np.ndarray) -> np.ndarray:
        return rot.unit(within * (np.cos(by)[:, None] * upper + np.sin(by)[:, None] * forward) + aside * axis)

    return bent(bend), bent(np.minimum(bend, MOST_BEND))


def limb_turns(
    above: np.ndarray, upper: np.ndarray, lower: np.ndarray, body: RestBody, joint: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the turns (F, 3, 3) of a limb's two bones and their directions (F, 3) within its limits.

    above: (F, 3, 3) turn of the collarbone or pelvis. upper, lower: (F, 3) unit directions. joint: of the upper bone. A
    knee or elbow that would bend backwards is straightened, and the limb then points at where its end would have been:
    each of its bones is half as far off as the lower one alone would be, and the hand or foot hardly at all. A limb of
    which no bone plays the knee or elbow is stiff, and points as the motion's upper bone.
    """
    axis = hinge_axes(above, upper, lower, body, joint)
    below = CHILD[joint]
    if below not in body.heads:
        turn = rot.frame(upper, axis) @ rot.frame(body.directions[joint], body.hinges[joint]).T
        return turn, turn, upper, upper
    # The limb points at where its end would have been without the limits.
    straightened, limited = limit_hinge(upper, lower, axis)
    ends = (rot.unit(body.length(joint) * upper + body.length(below) * way) for way in (straightened, lower))
    aim = rot.swing(*ends)
    upper, lower, axis = (rot.rotate(aim, way) for way in (upper, limited, axis))
    turn = rot.frame(upper, axis) @ rot.frame(body.directions[joint], body.hinges[joint]).T
    if below not in body.directions:
        return turn, turn, upper, lower
    return turn, rot.swing(turn @ body.directions[below], lower) @ turn, upper, lower


def add_arms(points: np.ndarray, turns: dict[str, np.ndarray], body: RestBody) -> None:
    """Add the turns (F, 3, 3) of shoulders, elbows and wrists to ``turns``, in place.

    points: (F, 22, 3) the motion in armature space and units.
    """
    for side in SIDES:
        collar, shoulder, elbow, wrist = (f"{side}_{joint}" for joint in ("collar", "shoulder", "elbow", "wrist"))
        if shoulder not in body.directions:
            turns[shoulder] = turns[elbow] = turns[wrist] = turns[collar]
            continue
        upper = rot.unit(points[:, J[elbow]] - points[:, J[shoulder]])
        lower = rot.unit(points[:, J[wrist]] - points[:, J[elbow]])
        turns[shoulder], turns[elbow], *_ = limb_turns(turns[collar], upper, lower, body, shoulder)
        turns[wrist] = turns[elbow]


def foot_turn(direction: np.ndarray, shin_turn: np.ndarray, body: RestBody, side: str) -> np.ndarray:
    """Return the foot's turn (F, 3, 3): flat where the motion's is flat, toes where its toes point, rolled as the shin.

    direction: (F, 3) unit, ankle to toe of the motion. shin_turn: (F, 3, 3).
    """
    source, target = body.foot_frames[side]
    lateral = rot.swing(shin_turn @ source[:, 0], direction) @ shin_turn @ source[:, 1]
    return rot.frame(direction, lateral) @ target.T


def toe_turn(foot: np.ndarray, toe: np.ndarray, body: RestBody, side: str) -> np.ndarray:
    """Return the turn (F, 3, 3) of the toes: the foot's, bent flat where its heel is up and its ball on the floor.

    foot: (F, 3, 3) turn of the foot. toe: (F, 3) place of the ball of the foot in armature space, in its
    units.
    """
    joint = f"{side}_foot"
    if joint not in body.heads:
        return foot
    # How far the toes are to be bent: all the way with the ball low and the heel up, not at all in the air.
    height = (toe - body.heads[joint]) @ body.up / body.leg
    rest = body.directions[f"{side}_ankle"]
    pitched = (rest - rot.rotate(foot, rest)) @ body.up
    weight = smoothstep((TOE_FREE - height) / (TOE_FREE - TOE_FLAT)) * smoothstep(pitched / 0.2)
    # About the axis that brings the sole level.
    lean = rot.rotate(foot, body.up)
    axis = rot.cross(lean, np.broadcast_to(body.up, lean.shape))
    sine = np.linalg.norm(axis, axis=-1)
    angle = weight * np.minimum(np.arctan2(sine, lean @ body.up), MOST_TOE)
    return rot.about(axis / np.maximum(sine, 1e-9)[:, None], angle) @ foot


def longest_reach(length: np.ndarray | float, before: np.ndarray) -> np.ndarray:
    """Return how far a limb of ``length`` may reach that reached ``before``: the same shape, in their unit.

    ``length`` is one number or has any shape that goes with ``before``, of any shape itself.
    """
    return np.maximum(length * REACH, np.minimum(before, length * STRAIGHT))


def two_bone(
    root: np.ndarray, middle: np.ndarray, end: np.ndarray, goal: np.ndarray, hinge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return knee and ankle, or elbow and wrist, (frames, 3), once the limb has reached for ``goal`` (frames, 3).

    root, middle, end: (frames, 3) the limb before. hinge: (frames, 3) the axis about which it bends, used where it is
    straight and has no bend plane of its own. The reach is clamped to REACH of the limb, or to what it was where that
    was more, up to STRAIGHT. Law of cosines in the limb's plane, which swings along with it.
    """
    upper, lower, before = (
        np.linalg.norm(part, axis=-1, keepdims=True) for part in (middle - root, end - middle, end - root)
    )  # (frames, 1) each
    along = rot.unit(goal - root)
    reach = np.linalg.norm(goal - root, axis=-1, keepdims=True)
    reach = np.clip(reach, np.abs(upper - lower) + 1e-6, longest_reach(upper + lower, before))
    # The bend plane goes along as the limb swings to its goal.
    swing = rot.swing(rot.unit(end - root), along)
    thigh = rot.rotate(swing, rot.unit(middle - root))
    bend = thigh - along * rot.dot(thigh, along)[..., None]
    # Near straight that plane is noise: the hinge takes over, smoothly.
    spare = rot.unit(rot.cross(along, rot.rotate(swing, hinge)))
    bent = np.linalg.norm(bend, axis=-1, keepdims=True)
    weight = smoothstep((bent - NO_PLANE) / (OWN_PLANE - NO_PLANE))
    pole = rot.unit(weight * bend / np.maximum(bent, 1e-9) + (1 - weight) * spare)
    return bend_limb(root, along, reach, pole, upper, lower)
