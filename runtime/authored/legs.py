"""Legs: feet that stand, step, hang in the air or kneel, and what they ask of the pelvis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .body import (
    ANKLE_HEIGHT,
    FLAT_FOOT,
    FOOT,
    JOINT_INDEX,
    RADII,
    REST_OFFSETS,
    SHANK,
    SIDES,
    THIGH,
    cross,
    from_out,
    length,
    limb_from_directions,
    lower_direction,
    to_out,
    turned,
    two_bone,
    unit,
)
from .curves import Segments, blend_rotations, hermite, number_curves
from .score import Foot, FootGoal, Goals

DOWN = np.array([0.0, -1.0, 0.0])
LEG = THIGH + SHANK
_FLAT_LENGTH = FOOT * np.cos(FLAT_FOOT)
_ROLLING, _STEEPEST = 0.985, 1.35  # straightest leg of a foot that rolls, and radians its foot may point down
_STRAIGHT = 0.998  # no planted leg is straighter than this share of its length


@dataclass
class LegPose:
    """A leg in every frame, in out coordinates, and what the pelvis owes it.

    ``rotation`` (frames, 3, 3) and ``bend`` (frames,), radians, are its pose, ``foot`` (frames, 3) is the foot's
    direction in the shank's frame, ``owed`` (frames, 3) the move of the pelvis, metres, world.
    """

    rotation: np.ndarray
    bend: np.ndarray
    foot: np.ndarray
    owed: np.ndarray


@dataclass(frozen=True)
class FootTrack:
    """A standing foot: toe (frames, 3) world, its direction (frames, 3), heading (frames,) radians, moving (frames,).

    ``moving`` is True while the foot steps; one that ``rolls`` lifts its heel where its leg is too short.
    """

    toe: np.ndarray
    direction: np.ndarray
    heading: np.ndarray
    moving: np.ndarray
    rolls: bool = False

    @property
    def ankle(self) -> np.ndarray:
        """The ankle (frames, 3), metres."""
        return self.toe - self.direction * FOOT


def foot_track(foot: Foot, times: np.ndarray, side: int) -> FootTrack:
    """Return where a standing foot is at ``times`` (frames,), seconds.

    Steps are arcs with the heel leading up and landing first.
    """
    sign = 1 - 2 * side

    parts = [(part.values, part.track) for part in (foot.out, foot.forward, foot.turn, foot.lift, foot.heel)]
    out, ahead, turn, lift, heel = number_curves(parts, times, [0.0] * 5)
    heading, heel = np.radians(turn) * sign, np.radians(heel)
    moving = np.zeros(len(times), bool)
    for start, end, arc, roll in foot.steps:
        share = np.clip((times - start) / (end - start), 0, 1)
        inside = (times > start) & (times < end)
        lift = lift + np.where(inside, arc * np.sin(np.pi * share) ** 1.2, 0.0)
        heel = heel + np.where(inside, np.radians(roll) * np.sin(2 * np.pi * share**0.8) * np.sin(np.pi * share), 0.0)
        moving |= inside
    pitch = np.clip(FLAT_FOOT + heel, -0.5, 1.5)
    forward = np.stack([np.sin(heading), np.zeros_like(heading), np.cos(heading)], axis=-1)
    direction = forward * np.cos(pitch)[:, None] + DOWN * np.sin(pitch)[:, None]
    middle = np.stack([out * sign, np.zeros(len(times)), ahead], axis=-1)
    # The place of a foot is that of its ankle when flat; the toes are where it turns and lifts about.
    toe = middle + forward * _FLAT_LENGTH
    toe[:, 1] = np.maximum(lift, ANKLE_HEIGHT - FOOT * np.sin(pitch))
    return FootTrack(toe, direction, heading, moving, foot.rolls)


def rolled(track: FootTrack, hip: np.ndarray) -> FootTrack:
    """Lift the heel of a foot behind the body, as walking feet do, until its leg reaches from the hip.

    ``hip`` (frames, 3) is metres.
    """
    reach = LEG * _ROLLING
    away = track.ankle - hip
    far = (length(away) > reach) & (away[:, 0] * np.sin(track.heading) + away[:, 2] * np.cos(track.heading) < 0)
    if not far.any():
        return track
    direction, toe, root = track.direction[far], track.toe[far], hip[far]
    level = unit(direction * (1.0, 0.0, 1.0))
    pitch = np.arcsin(np.clip(-direction[:, 1], -1, 1))
    low, high = pitch, np.maximum(pitch, _STEEPEST)
    for _ in range(9):
        middle = (low + high) / 2
        down = level * np.cos(middle)[:, None] + DOWN * np.sin(middle)[:, None]
        short = length(toe - down * FOOT - root) > reach
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    result = track.direction.copy()
    result[far] = level * np.cos(high)[:, None] + DOWN * np.sin(high)[:, None]
    return replace(track, direction=result)


def knee_pole(direction: np.ndarray, swivel: np.ndarray) -> np.ndarray:
    """Return where the knee points (..., 3), out coordinates of the pelvis, for an ankle in ``direction`` (..., 3).

    Forward for a hanging leg, carried along with the leg by the smallest turn. ``swivel`` (...) radians turn it
    outwards.
    """
    up = np.maximum(1 - direction[..., 1], 0.05)[..., None]
    pole = np.array([0.0, 0.0, 1.0]) - direction[..., 2:3] / up * (direction + DOWN)
    return turned(unit(pole), direction, -swivel)


def shank_frame(rotation: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Return frames (..., 3, 3) with unit columns along the shank, its back, and the hinge, from a leg's pose.

    ``rotation`` (..., 3, 3) and ``bend`` (...), radians, are the pose.
    """
    lower = lower_direction(rotation, bend)
    hinge = rotation[..., 2]
    return np.stack([lower, cross(hinge, lower), hinge], axis=-1)


def pointed_foot(toe: float) -> np.ndarray:
    """Return the foot's direction (3,) in the shank's frame, pointing down by ``toe`` degrees more than flat."""
    angle = FLAT_FOOT + np.radians(toe)
    out = 0.5 * np.arctan2(REST_OFFSETS[10, 0], REST_OFFSETS[10, 2])
    return unit(np.array([np.sin(angle), -np.cos(angle) * np.cos(out), np.cos(angle) * np.sin(out)]))


class _Around:
    """A leg's surroundings in every frame: its side, hip (frames, 3), pelvis and heading frames, foot track, spot."""

    def __init__(self, side: int, pelvis: np.ndarray, heading: np.ndarray, hip: np.ndarray, track: FootTrack):
        self.side, self.pelvis, self.heading, self.hip, self.track = side, pelvis, heading, hip, track
        self.sign = 1 - 2 * side


def solve_leg(
    legs: Goals, track: FootTrack, at: Segments, side: int, pelvis: np.ndarray, heading: np.ndarray, hip: np.ndarray
) -> LegPose:
    """Solve one leg in every frame from its ``hip`` (frames, 3), metres.

    ``pelvis`` and ``heading`` (frames, 3, 3) are the frames it hangs on and faces along.
    """
    around = _Around(side, pelvis, heading, hip, track)
    if len(legs.goals) == 1:
        goal = legs.goals[0]
        return _ON_THE_FLOOR.get(goal.kind, _single)(goal, around)
    found = _gathered(legs.goals, at.entries, around)

    rotation = blend_rotations(found.rotation, at, 0.0)
    bend = hermite(found.bend[..., None], at, 0.0)[:, 0]
    foot = unit(hermite(found.foot, at, 0.0))
    owed = found.owed
    weight = (at.share**2 * (3 - 2 * at.share))[:, None]  # in full where a goal holds, its share on the way
    owed = owed[:, 1] * (1 - weight) + owed[:, 2] * weight
    return LegPose(rotation, np.clip(bend, 0.0, np.radians(162)), foot, owed)


def _standing(goal: FootGoal, around: _Around) -> LegPose:
    track, pelvis, side = around.track, around.pelvis, around.side
    if track.rolls:
        track = rolled(track, around.hip)
    to_ankle = track.ankle - around.hip
    distance = np.linalg.norm(to_ankle, axis=-1, keepdims=True)
    owed = to_ankle / distance * np.maximum(distance - LEG * _STRAIGHT, 0.0)
    owed[track.moving] = 0.0
    local = to_out(pelvis, to_ankle, side)
    yaw = np.arctan2(pelvis[:, 0, 2], pelvis[:, 2, 2])
    apart = (track.heading - yaw + np.pi) % (2 * np.pi) - np.pi
    upright = np.clip(pelvis[:, 1, 1], 0, 1)
    swivel = np.clip(apart * around.sign, -1.0, 1.0) * 0.7 * upright + np.radians(goal.swivel)
    rotation, bend = two_bone(local, knee_pole(unit(local), swivel), THIGH, SHANK)
    foot = np.einsum("fji,fj->fi", shank_frame(rotation, bend), to_out(pelvis, track.direction, side))
    return LegPose(rotation, bend, foot, owed)


def _single(goal: FootGoal, around: _Around) -> LegPose:
    """Solve one goal off the floor in every frame."""
    frames = np.arange(len(around.hip))
    solver = _hanging if goal.kind == "air" else _free
    return LegPose(*solver([goal], np.zeros_like(frames), frames, around), np.zeros_like(around.hip))


def _gathered(goals: list[FootGoal], entries: np.ndarray, around: _Around) -> LegPose:
    """Solve the goals ``entries`` (frames, 4): a pose with an axis more, (frames, 4, ...)."""
    frames = len(entries)
    pose = LegPose(
        np.empty((frames, 4, 3, 3)), np.empty((frames, 4)), np.empty((frames, 4, 3)), np.zeros((frames, 4, 3))
    )
    kinds = np.array([goal.kind for goal in goals])[entries]
    for entry in np.unique(entries[np.isin(kinds, list(_ON_THE_FLOOR))]):
        own = np.nonzero(entries == entry)
        solved = _ON_THE_FLOOR[goals[entry].kind](goals[entry], around)
        for name in ("rotation", "bend", "foot", "owed"):
            getattr(pose, name)[own] = getattr(solved, name)[own[0]]
    for kind, solver in (("air", _hanging), ("free", _free)):
        own = np.nonzero(kinds == kind)
        if len(own[0]):
            pose.rotation[own], pose.bend[own], pose.foot[own] = solver(goals, entries[own], own[0], around)
    return pose


def _hanging(goals: list[FootGoal], entries: np.ndarray, frames: np.ndarray, around: _Around) -> tuple:
    """Return rotations, bends and feet (N, ...) of the goals ``entries`` (N,) in the air in ``frames`` (N,)."""
    offsets = np.array([(goal.out * around.sign, goal.up, goal.forward) for goal in goals])[entries]
    offset = np.einsum("nij,nj->ni", around.heading[frames], offsets)
    local = to_out(around.pelvis[frames], offset, around.side)
    swivel = np.radians(np.array([goal.swivel for goal in goals]))[entries]
    rotation, bend = two_bone(local, knee_pole(unit(local), swivel), THIGH, SHANK)
    return rotation, bend, np.stack([pointed_foot(goal.toe) for goal in goals])[entries]


def _free(goals: list[FootGoal], entries: np.ndarray, frames: np.ndarray, around: _Around) -> tuple:
    """Return rotations, bends and feet (N, ...) of legs held at angles against the pelvis."""
    angles = np.radians([(goal.hip, goal.spread, goal.roll, goal.knee) for goal in goals])
    hip, spread, roll, knee = angles.T
    u = np.stack([np.sin(spread), -np.cos(spread) * np.cos(hip), np.cos(spread) * np.sin(hip)], axis=-1)
    b = -knee_pole(u, roll)
    rotation = np.stack([u, b, cross(u, b)], axis=-1)
    return rotation[entries], knee[entries], np.stack([pointed_foot(goal.toe) for goal in goals])[entries]


def _kneeling(goal: FootGoal, around: _Around) -> LegPose:
    sign, pelvis, side = around.sign, around.pelvis, around.side
    knee = np.array([goal.out * sign, RADII["left_knee"] + 0.005, goal.forward])
    thigh = knee - around.hip
    distance = np.linalg.norm(thigh, axis=-1, keepdims=True)
    u = thigh / distance
    tucked = goal.toe > 0.5
    rise = (0.124 if tucked else 0.065) - knee[1]
    shank = np.broadcast_to(unit(np.array([goal.spread * sign * 0.01, rise / SHANK, -1.0])), u.shape)
    local_u, local_f = to_out(pelvis, u, side), to_out(pelvis, shank, side)
    rotation, bend = limb_from_directions(local_u, local_f, knee_pole(local_u, np.zeros(len(u))))
    toes = unit(np.array([0.0, -0.80, 0.6]) if tucked else np.array([0.0, -0.33, -0.94]))
    foot = np.einsum("fji,fj->fi", shank_frame(rotation, bend), to_out(pelvis, np.broadcast_to(toes, u.shape), side))
    return LegPose(rotation, bend, foot, u * (distance - THIGH))


_ON_THE_FLOOR = {"floor": _standing, "kneel": _kneeling}


def place_leg(joints: np.ndarray, pose: LegPose, side: int, frame: np.ndarray) -> None:
    """Place knee, ankle and toes of ``joints`` (frames, 22, 3), metres, by a pose in out coordinates of the pelvis.

    ``frame`` (frames, 3, 3) is the frame of the pelvis.
    """
    name = SIDES[side]
    thigh = from_out(frame, pose.rotation[..., 0], side)
    shank = from_out(frame, lower_direction(pose.rotation, pose.bend), side)
    shank_axes = shank_frame(pose.rotation, pose.bend)
    foot = from_out(frame, np.einsum("fij,fj->fi", shank_axes, pose.foot), side)
    joints[:, JOINT_INDEX[f"{name}_knee"]] = joints[:, JOINT_INDEX[f"{name}_hip"]] + thigh * THIGH
    joints[:, JOINT_INDEX[f"{name}_ankle"]] = joints[:, JOINT_INDEX[f"{name}_knee"]] + shank * SHANK
    joints[:, JOINT_INDEX[f"{name}_foot"]] = joints[:, JOINT_INDEX[f"{name}_ankle"]] + foot * FOOT
