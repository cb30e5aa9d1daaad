"""Hands, forearms and elbows kept out of the torso of a character that is stouter than the body the motion was made on.

The torso is a tube with elliptic sections and rounded ends, from between the hips to the neck, as wide as hips and
shoulders are apart: guessed from bones, since a rig knows no skin. An arm is a capsule about its bones, from the lower
quarter of the upper arm to the palm; a point on its axis is off the torso's surface by so much, less than nothing
inside. The motion's arms, posed as the rig's, are off a torso of the motion's proportions by so much as well: a point
of the rig's arm that is nearer than that, and nearer than the arm is thick, is brought back to it. On a body of the
motion's proportions nothing is nearer, and nothing changes.

An arm has four ways to give: three turns about the shoulder and the bend of the elbow about its own hinge, so that
bones keep their lengths and elbows never bend backwards. In every frame the change is sought that moves hand and elbow
least (the hand counts more); over time it swells and fades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.signals import bell_average, upper_envelope
from . import bones
from .body import RestBody
from .limbs import MOST_BEND
from .mapping import Mapping
from .rig import Rig

J = skeleton.JOINT_INDEX
SIDES = ("left", "right")
# Half the width of the torso over half the distance of the thighs' heads and of the shoulders; depth over width.
HIP_WIDTH, CHEST_WIDTH, DEPTH = 1.9, 0.8, 0.65
# Points looked at: shares of the upper arm, and of the forearm, past whose end is the palm. The last is the palm.
UPPER_SHARES, FORE_SHARES = (0.75,), (0.0, 0.25, 0.5, 0.75, 1.0, 1.35)
# Half the thickness of an arm, as a share of the forearm.
THICKNESS = 0.13
# By so much of a leg a point may be nearer than the motion's before it is pushed.
TOLERANCE = 0.003
# What a way of the elbow costs, and a turn of the arm about itself, against a way of the hand (squared, of a forearm).
ELBOW_COST, TURN_COST = 0.05, 0.1
# Changes swell and fade over so many seconds; they are made this often, each time in so many steps.
SWELL_SECONDS, PASSES, STEPS = 0.2, 4, 8
MOST_STEP = 0.4  # radians


@dataclass(frozen=True)
class Torso:
    """A torso over time, armature space.

    base, top: (F, 3) between the hips, and the neck. low, high: (F, 3) unit, the way to the left at the hips and at the
    chest. widths: half the width at the hips and at the chest.
    """

    base: np.ndarray
    top: np.ndarray
    low: np.ndarray
    high: np.ndarray
    widths: tuple[float, float]

    def __getitem__(self, frames: np.ndarray) -> Torso:
        """Return the torso in some frames."""
        return Torso(self.base[frames], self.top[frames], self.low[frames], self.high[frames], self.widths)

    def clearances(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far points are off the surface, (..., F), negative inside, and the unit ways out, (..., F, 3).

        points: (..., F, 3), armature space. To first order: a point has a level, 0 on the tube's axis and 1 on its
        surface; what it lacks of 1 over the level's slope is the way. Exact on the axes of a section.
        """
        # The tube's axes at the level of each point: up, left and ahead, (..., F, 3).
        length = np.linalg.norm(self.top - self.base, axis=-1)
        up = rot.unit(self.top - self.base)
        away = points - self.base
        along = rot.dot(away, up)
        share = np.clip(along / np.maximum(length, 1e-9), 0, 1)[..., None]
        left = (1 - share) * self.low + share * self.high
        left = rot.unit(left - up * rot.dot(left, up)[..., None])
        ahead = rot.cross(left, np.broadcast_to(up, left.shape))
        # The section there is an ellipse; beyond its ends the tube is rounded.
        share = share[..., 0]
        width = (1 - share) * self.widths[0] + share * self.widths[1]
        depth = DEPTH * width
        aside, before, beyond = rot.dot(away, left), rot.dot(away, ahead), along - share * length
        level = np.sqrt((aside / width) ** 2 + (before / depth) ** 2 + (beyond / depth) ** 2)
        scaled = ((aside / width**2, left), (before / depth**2, ahead), (beyond / depth**2, up))
        slope = sum(amount[..., None] * way for amount, way in scaled) / np.maximum(level, 1e-9)[..., None]
        # On the axis every way out is as long; in front of it is where hands come from.
        slope = np.where((level < 0.05)[..., None], ahead / depth[..., None], slope)
        return (level - 1) / np.linalg.norm(slope, axis=-1), rot.unit(slope)


@dataclass(frozen=True)
class Arm:
    """An arm over time, armature space.

    shoulder, elbow, wrist: (F, 3) places. hinge: (F, 3) unit, the axis of the elbow. chest: (F, 3, 3) axes in which
    turns about the shoulder are given, so that they go along with the body.
    """

    shoulder: np.ndarray
    elbow: np.ndarray
    wrist: np.ndarray
    hinge: np.ndarray
    chest: np.ndarray

    def __getitem__(self, frames: np.ndarray) -> Arm:
        """Return the arm in some frames."""
        return Arm(*(part[frames] for part in (self.shoulder, self.elbow, self.wrist, self.hinge, self.chest)))

    def turns(self, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the turns (F, 3, 3) of upper arm and forearm by a change.

        change: (F, 4) a rotation vector about the shoulder in the chest's axes, and a bend; radians. The bend ends
        softly where the elbow is straight, and at MOST_BEND.
        """
        vector = rot.rotate(self.chest, change[:, :3])
        upper = rot.matrix_from_quaternion(rot.quaternion_from_vector(vector))
        along, lower = rot.unit(self.elbow - self.shoulder), rot.unit(self.wrist - self.elbow)
        bent = np.arctan2(rot.dot(rot.cross(along, lower), self.hinge), rot.dot(along, lower))
        room = np.maximum(np.where(change[:, 3] < 0, bent, MOST_BEND - bent), 1e-6)
        return upper, upper @ rot.about(self.hinge, room * np.tanh(change[:, 3] / room))

    def changed(self, change: np.ndarray) -> Arm:
        """Return the arm turned and bent by ``change`` (F, 4), radians."""
        upper, fore = self.turns(change)
        elbow = self.shoulder + rot.rotate(upper, self.elbow - self.shoulder)
        wrist = elbow + rot.rotate(fore, self.wrist - self.elbow)
        return Arm(self.shoulder, elbow, wrist, rot.rotate(upper, self.hinge), self.chest)

    def points(self) -> np.ndarray:
        """Return the points looked at (P, F, 3), from the upper arm to the palm, armature units."""
        upper = [self.shoulder + share * (self.elbow - self.shoulder) for share in UPPER_SHARES]
        return np.stack([*upper, *(self.elbow + share * (self.wrist - self.elbow) for share in FORE_SHARES)])

    def levers(self, points: np.ndarray, fore: np.ndarray) -> np.ndarray:
        """Return how points of the arm move with its change: (F, 3, 4), armature units a radian.

        points: (F, 3). fore: (F,) bool, on the forearm.
        """
        turns = [rot.cross(self.chest[..., axis], points - self.shoulder) for axis in range(3)]
        bend = rot.cross(self.hinge, points - self.elbow) * fore[:, None]
        return np.stack([*turns, bend], axis=-1)


def clear_arms(
    rig: Rig, mapping: Mapping, body: RestBody, points: np.ndarray, turns: dict[str, np.ndarray], fps: float
) -> bool:
    """Turn arms in ``turns`` so that they leave the torso; return whether any had to.

    points: (F, 22, 3) the motion in armature space and units. turns: joint to turn (F, 3, 3), of all joints, changed in
    place in the frames at and around those in which an arm is inside. Rigs without arms or a neck are left alone.
    """
    needed = {"neck", *(f"{side}_{joint}" for side in SIDES for joint in ("shoulder", "elbow", "wrist"))}
    if needed - set(body.heads):
        return False
    places = bones.joint_places(rig, mapping, bones.bone_turns(rig, mapping, body, turns))
    mine, motions = _rig_torso(body, places, turns), _motion_torso(body, points, turns)
    changed = False
    for side in SIDES:
        shoulder, elbow, wrist = (f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
        hinge = rot.rotate(turns[shoulder], body.hinges[shoulder])
        arm = Arm(places[shoulder], places[elbow], places[wrist], hinge, turns["spine3"])
        least = motions.clearances(_motion_arm(points, arm, side).points())[0]
        least = np.minimum(least, THICKNESS * body.length(elbow)) - TOLERANCE * body.leg
        change = _swelling_change(mine, arm, least, fps)
        touched = np.linalg.norm(change, axis=-1) > 1e-6
        if touched.any():
            _turn_arm(turns, side, arm[touched].turns(change[touched]), touched)
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


def _torso(
    base: np.ndarray, top: np.ndarray, hips: float, shoulders: float, body: RestBody, turns: dict[str, np.ndarray]
) -> Torso:
    low, high = (turns[joint] @ body.axes[:, 0] for joint in ("pelvis", "spine3"))
    return Torso(base, top, low, high, (0.5 * HIP_WIDTH * hips, 0.5 * CHEST_WIDTH * shoulders))


def _motion_arm(points: np.ndarray, arm: Arm, side: str) -> Arm:
    """Return the motion's arm pointing as the rig's does: elbows that it bends backwards are straight in both."""
    shoulder, elbow, wrist = (points[:, J[f"{side}_{joint}"]] for joint in ("shoulder", "elbow", "wrist"))
    upper, lower = (np.linalg.norm(part, axis=-1, keepdims=True) for part in (elbow - shoulder, wrist - elbow))
    bent = shoulder + upper * rot.unit(arm.elbow - arm.shoulder)
    return Arm(shoulder, bent, bent + lower * rot.unit(arm.wrist - arm.elbow), arm.hinge, arm.chest)


def _swelling_change(torso: Torso, arm: Arm, least: np.ndarray, fps: float) -> np.ndarray:
    """Return the change (F, 4) by which the arm's points come to be ``least`` (P, F) off the torso, without a jolt."""
    half = max(1, round(SWELL_SECONDS * fps))
    total = np.zeros((len(arm.elbow), 4))
    for _ in range(PASSES):
        wanted = _least_change(torso, arm, least, total)
        if not wanted.any():
            break
        swell = upper_envelope(np.linalg.norm(wanted, axis=-1), half)[:, None]
        total = total + swell * rot.unit(bell_average(wanted, 2 * half))
    return total


def _least_change(torso: Torso, arm: Arm, least: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return what to add to the change ``before`` (F, 4) for every frame by itself to come to ``least`` (P, F).

    Step by step the point that lacks most is brought out to first order, by the change that costs least.
    """
    change = before.copy()
    for _ in range(STEPS):
        # The point of each frame that lacks most, in frames in which any does.
        posed = arm.changed(change)
        points = posed.points()
        gaps, ways = torso.clearances(points)
        worst, every = np.argmax(least - gaps, axis=0), np.arange(len(change))
        lacks = (least - gaps)[worst, every]
        short = np.flatnonzero(lacks > 0)
        if not len(short):
            break
        # The change of least cost that brings it out: minimise c' C c where slope . c = what it lacks.
        worst, posed = worst[short], posed[short]
        lever = posed.levers(points[worst, short], worst >= len(UPPER_SHARES))
        slope = np.einsum("fi,fij->fj", ways[worst, short], lever)  # (short, 4)
        step = np.linalg.solve(_costs(posed), slope[..., None])[..., 0]
        step *= (lacks[short] / np.maximum(rot.dot(slope, step), 1e-12))[:, None]
        step *= np.minimum(1, MOST_STEP / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), MOST_STEP))
        change[short] += step
    return change - before


def _costs(arm: Arm) -> np.ndarray:
    """Return the matrices (F, 4, 4) of what a change costs: squared ways of hand and elbow, and of a turn itself."""
    every = np.ones(len(arm.elbow), dtype=bool)
    hand, elbow = arm.levers(arm.wrist, every), arm.levers(arm.elbow, ~every)
    size = rot.dot(arm.wrist - arm.elbow, arm.wrist - arm.elbow)[:, None, None]
    found = rot.transpose(hand) @ hand + ELBOW_COST * rot.transpose(elbow) @ elbow
    return found + TURN_COST * size * np.eye(4)


def _turn_arm(
    turns: dict[str, np.ndarray], side: str, change: tuple[np.ndarray, np.ndarray], touched: np.ndarray
) -> None:
    """Turn the arm's joints in ``turns``, in ``touched`` frames (F,), by turns of upper arm and forearm (T, 3, 3)."""
    upper, fore = change
    for joint, turn in (("shoulder", upper), ("elbow", fore), ("wrist", fore)):
        turned = turns[f"{side}_{joint}"].copy()
        turned[touched] = turn @ turned[touched]
        turns[f"{side}_{joint}"] = turned
