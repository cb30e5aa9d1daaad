"""Hands kept out of the torso of a character that is stouter than the body the motion was made on.

The torso is a tube with elliptic sections and rounded ends, from between the hips to the neck, as wide as hips and
shoulders are apart: guessed from bones, since a rig knows no skin. A point has a level: 0 on the tube's axis, 1 on its
surface. The motion's own hands have levels in a torso of the motion's own proportions; a hand of the rig that is
deeper is pushed out along the shortest way to the surface, or to where the motion has it if that is inside. On a body
of the motion's proportions nothing is deeper, and nothing changes. The arm follows by the law of cosines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import skeleton
from . import bones, contacts
from . import rotations as rot
from .body import RestBody
from .mapping import Mapping
from .rig import Rig

J = skeleton.JOINT_INDEX
SIDES = ("left", "right")
# Half the width of the torso over half the distance of the thighs' heads and of the shoulders; depth over width.
HIP_WIDTH, CHEST_WIDTH, DEPTH = 1.9, 0.8, 0.65
# Where the hand is looked for beyond the wrist, as a share of the forearm.
PALM = 0.35
# By so much a hand may be deeper than the motion's before it is pushed (levels).
TOLERANCE = 0.02
# Pushes swell and fade over so many seconds; they are made this often, since arms turn as they are pushed.
SWELL_SECONDS, PASSES = 0.2, 4


@dataclass(frozen=True)
class Torso:
    """A torso over time. base, top: (F, 3) between the hips, and the neck. low, high: (F, 3) unit, the way to the
    left at the hips and at the chest. widths: half the width at the hips and at the chest."""

    base: np.ndarray
    top: np.ndarray
    low: np.ndarray
    high: np.ndarray
    widths: tuple[float, float]

    def levels(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the levels (F,) of ``points`` (F, 3) and their gradients (F, 3)."""
        length = np.linalg.norm(self.top - self.base, axis=-1)
        up = rot.unit(self.top - self.base)
        along = rot.dot(points - self.base, up)
        share = np.clip(along / length, 0, 1)[:, None]
        left = (1 - share) * self.low + share * self.high
        left = rot.unit(left - up * rot.dot(left, up)[:, None])
        ahead = rot.cross(left, up)
        away = points - self.base
        width = (1 - share[:, 0]) * self.widths[0] + share[:, 0] * self.widths[1]
        aside, before, beyond = rot.dot(away, left), rot.dot(away, ahead), along - share[:, 0] * length
        depth = DEPTH * width
        level = np.sqrt((aside / width) ** 2 + (before / depth) ** 2 + (beyond / depth) ** 2)
        scaled = ((aside / width**2, left), (before / depth**2, ahead), (beyond / depth**2, up))
        gradient = sum(amount[:, None] * way for amount, way in scaled) / np.maximum(level, 1e-9)[:, None]
        # On the axis every way out is as long; in front of it is where hands come from.
        return level, np.where((level < 0.05)[:, None], ahead / depth[:, None], gradient)

    def push(self, points: np.ndarray, least: np.ndarray) -> np.ndarray:
        """Return what brings ``points`` (F, 3) the shortest way to where their levels are at least ``least`` (F,)."""
        moved = points
        for _ in range(6):
            level, gradient = self.levels(moved)
            step = np.maximum(0, least - level) / rot.dot(gradient, gradient)
            moved = moved + step[:, None] * gradient
        return moved - points


@dataclass
class Arm:
    """An arm over time: places (F, 3) of its joints and the hinge (F, 3) of its elbow."""

    shoulder: np.ndarray
    elbow: np.ndarray
    wrist: np.ndarray
    hinge: np.ndarray

    def palm(self) -> np.ndarray:
        """Return the middle of the hand (F, 3), in line with the forearm."""
        return self.wrist + PALM * (self.wrist - self.elbow)

    def reaching(self, goal: np.ndarray) -> Arm:
        """Return the arm with its wrist brought to ``goal`` (F, 3), or as near as it reaches."""
        elbow, wrist = contacts.two_bone(self.shoulder, self.elbow, self.wrist, goal, self.hinge)
        ways = (rot.unit(self.wrist - self.shoulder), rot.unit(goal - self.shoulder))
        return Arm(self.shoulder, elbow, wrist, rot.rotate(rot.swing(*ways), self.hinge))


def clear_hands(
    rig: Rig, mapping: Mapping, body: RestBody, points: np.ndarray, turns: dict[str, np.ndarray], fps: float
) -> bool:
    """Turn shoulders, elbows and wrists in ``turns`` so that hands leave the torso; return whether any had to.

    points: (F, 22, 3) the motion in armature space. turns: joint to turn (F, 3, 3), of all joints, changed in place
    in the frames at and around those in which a hand is inside. Rigs without arms or a neck are left alone.
    """
    needed = {"neck", *(f"{side}_{joint}" for side in SIDES for joint in ("shoulder", "elbow", "wrist"))}
    if needed - set(body.heads):
        return False
    places = bones.joint_places(rig, mapping, bones.bone_turns(rig, mapping, body, turns))
    mine, motions = _rig_torso(body, places, turns), _motion_torso(body, points, turns)
    changed = False
    for side in SIDES:
        shoulder, elbow, wrist = (f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
        motion = Arm(*(points[:, J[joint]] for joint in (shoulder, elbow, wrist)), points[:, 0])
        least = [np.minimum(1, motions.levels(place)[0]) - TOLERANCE for place in (motion.wrist, motion.palm())]
        hinge = rot.rotate(turns[shoulder], body.hinges[shoulder])
        arm = Arm(places[shoulder], places[elbow], places[wrist], hinge)
        push = _swelling_push(mine, arm, least, fps)
        touched = np.linalg.norm(push, axis=-1) > 1e-6 * body.leg
        if touched.any():
            _turn_arm(turns, side, arm, arm.reaching(arm.wrist + push), touched)
            changed = True
    return changed


def _rig_torso(body: RestBody, places: dict[str, np.ndarray], turns: dict[str, np.ndarray]) -> Torso:
    hips = np.linalg.norm(body.heads["left_hip"] - body.heads["right_hip"])
    shoulders = np.linalg.norm(body.heads["left_shoulder"] - body.heads["right_shoulder"])
    base = 0.5 * (places["left_hip"] + places["right_hip"])
    return _torso(base, places["neck"], hips, shoulders, body, turns)


def _motion_torso(body: RestBody, points: np.ndarray, turns: dict[str, np.ndarray]) -> Torso:
    hips, shoulders = (
        np.median(np.linalg.norm(points[:, J[f"left_{joint}"]] - points[:, J[f"right_{joint}"]], axis=-1))
        for joint in ("hip", "shoulder")
    )
    base = 0.5 * (points[:, J["left_hip"]] + points[:, J["right_hip"]])
    return _torso(base, points[:, J["neck"]], hips, shoulders, body, turns)


def _torso(base, top, hips: float, shoulders: float, body: RestBody, turns: dict[str, np.ndarray]) -> Torso:
    low, high = (turns[joint] @ body.axes[:, 0] for joint in ("pelvis", "spine3"))
    return Torso(base, top, low, high, (0.5 * HIP_WIDTH * hips, 0.5 * CHEST_WIDTH * shoulders))


def _swelling_push(torso: Torso, arm: Arm, least: list[np.ndarray], fps: float) -> np.ndarray:
    """Return what to add to the wrist (F, 3) for it and the palm to come to their ``least`` levels, without a jolt."""
    half = max(1, round(SWELL_SECONDS * fps))
    total = np.zeros_like(arm.wrist)
    for _ in range(PASSES):
        reached = arm.reaching(arm.wrist + total) if total.any() else arm
        pushes = [torso.push(place, level) for place, level in zip((reached.wrist, reached.palm()), least, strict=True)]
        sizes = np.linalg.norm(pushes, axis=-1)
        if not sizes.any():
            break
        push = np.where((sizes[0] >= sizes[1])[:, None], *pushes)
        swell = contacts.swell(sizes.max(axis=0), half)[:, None]
        total = total + swell * rot.unit(contacts.bell(push, 2 * half))
    return total


def _turn_arm(turns: dict[str, np.ndarray], side: str, before: Arm, after: Arm, touched: np.ndarray) -> None:
    """Turn the arm's joints in ``turns`` from where they are to where they shall be, in ``touched`` frames (F,)."""
    shoulder, elbow, wrist = (f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
    frames = [rot.frame(arm.elbow - arm.shoulder, arm.hinge)[touched] for arm in (before, after)]
    upper = frames[1] @ rot.transpose(frames[0])
    lower, wanted = (rot.unit(arm.wrist - arm.elbow)[touched] for arm in (before, after))
    fore = rot.swing(rot.rotate(upper, lower), wanted) @ upper
    for joint, turn in ((shoulder, upper), (elbow, fore), (wrist, fore)):
        turned = turns[joint].copy()
        turned[touched] = turn @ turned[touched]
        turns[joint] = turned
