"""IK targets: where a leg or an arm of the rig is led by one, it is keyed to lead the limb where it was solved to be.

The limb's own rotations are keyed as well: they are what shows when the constraint is switched off, and the pose from
which Blender's solver starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..motion import rotations as rot
from ..motion.signals import smoothstep
from .mapping import Mapping
from .rig import Rig, forward_kinematics
from .solver import BoneTrack, PoseSolution

# The joint at the end of a limb's lower bone, and the one at the head of its upper.
LIMBS = {
    f"{side}_{lower}": (f"{side}_{upper}", f"{side}_{end}")
    for side in ("left", "right")
    for upper, lower, end in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
}


@dataclass(frozen=True)
class IkLimb:
    """An IK constraint on the lower bone of a limb.

    joint: knee or elbow. target: index of the bone its tail is led to. pole: index of the pole bone or None.
    pole_angle: the constraint's, radians. turns: the target also turns the foot or hand.
    """

    joint: str
    target: int
    pole: int | None
    pole_angle: float
    turns: bool


def add_targets(rig: Rig, mapping: Mapping, solution: PoseSolution, limbs: Sequence[IkLimb]) -> PoseSolution:
    """Return ``solution`` with the tracks of the targets and poles of ``limbs``."""
    if not limbs:
        return solution
    pose = forward_kinematics(rig, *solution.expand(rig))
    tracks = []
    for limb in limbs:
        lower = rig.index[mapping.bones[limb.joint]]
        upper, end = (
            rig.index[mapping.bones[joint]] if joint in mapping.bones else None for joint in LIMBS[limb.joint]
        )
        goal = pose[:, lower, :3, 3] + rig.lengths[lower] * pose[:, lower, :3, 1]
        turn = pose[:, end, :3, :3] if limb.turns and end is not None else None
        own = rig.names[limb.target] in solution.bones
        tracks.append(track(rig, pose, limb.target, goal, None if own else turn, keyed=own))
        if limb.pole is not None:
            pole = _pole(rig, pose, limb, upper, lower, goal)
            tracks.append(track(rig, pose, limb.pole, pole, None))
    return replace(solution, tracks=tuple(tracks))


def _pole(rig: Rig, pose: np.ndarray, limb: IkLimb, upper: int, lower: int, goal: np.ndarray) -> np.ndarray:
    """Return where the pole must be (F, 3), armature space: beside the knee or elbow, as far off as at rest.

    Blender turns the upper bone so that its X axis, turned about the bone by the pole angle, shows the pole's way
    as seen along the line from its head to the goal.
    """
    turn, head, middle = pose[:, upper, :3, :3], pose[:, upper, :3, 3], pose[:, lower, :3, 3]
    along = rot.unit(goal - head)
    way = turn @ (np.cos(limb.pole_angle), 0.0, np.sin(limb.pole_angle))
    way = rot.unit(way - along * rot.dot(way, along)[:, None])
    away = np.linalg.norm(rig.heads[limb.pole] - rig.heads[lower])
    return head + along * rot.dot(middle - head, along)[:, None] + away * way


def pole_place(
    places: tuple[np.ndarray, np.ndarray, np.ndarray],
    rest: tuple[np.ndarray, np.ndarray, np.ndarray],
    turn: np.ndarray,
    shown: np.ndarray,
    away: float,
) -> np.ndarray:
    """Return where a pole must be (F, 3) for a chain that bends about a hinge of its own, ``away`` from its bend.

    places: of hip, knee and ankle, or of an arm's joints, (F, 3) each; rest: the same (3,) at rest; armature units.
    turn: (F, 3, 3) of the upper bone from rest. shown: (3,) the way that shows the pole at rest. Blender turns the
    chain's plane to where the pole is. Where the limb is bent that is the plane of its joints; where it is straight,
    and has none, the turn of its upper bone decides. A limb that is straight at rest bends towards its pole.
    """
    (head, middle, goal), (start, bend, stop) = places, rest
    rest_along, along = rot.unit(stop - start), rot.unit(goal - head)
    rest_bend, rest_shown = (_beside(way, rest_along) for way in (bend - start, shown))
    plain = rot.unit(_beside(turn @ shown, along))
    straight = np.linalg.norm(rest_bend) < 1e-3 * np.linalg.norm(stop - start)
    angle = 0.0 if straight else np.arctan2(rest_along @ np.cross(rest_bend, rest_shown), rest_bend @ rest_shown)
    bent = _beside(middle - head, along)
    share = np.linalg.norm(bent, axis=-1, keepdims=True) / np.linalg.norm(middle - head, axis=-1, keepdims=True)
    weight = smoothstep((share - 0.02) / 0.06)
    turned = rot.rotate(rot.about(along, np.full(len(along), angle)), rot.unit(bent))
    return middle - bent + away * rot.unit(weight * turned + (1 - weight) * plain)


def _beside(way: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the part of ``way`` perpendicular to unit ``along``, both (..., 3)."""
    return way - along * rot.dot(way, along)[..., None]


def track(
    rig: Rig, pose: np.ndarray, bone: int, place: np.ndarray, turn: np.ndarray | None, *, keyed: bool = False
) -> BoneTrack:
    """Return the channels that bring the head of ``bone`` to ``place`` (F, 3), turned as ``turn`` (F, 3, 3).

    pose: (F, B, 4, 4) of the bones above it, armature space. keyed: its rotation is keyed already.
    """
    # Where its head and its axes would be without channels of its own.
    rest, parent = rig.rest[bone], rig.parents[bone]
    head, before, above = rest[:3, 3], rest[:3, :3], np.eye(3)
    if parent >= 0:
        relative = np.linalg.inv(rig.rest[parent]) @ rest
        above = pose[:, parent, :3, :3]
        head = rot.rotate(above, relative[:3, 3]) + pose[:, parent, :3, 3]
        before = above @ relative[:3, :3] if rig.inherit_rotation[bone] else before
    axes = before if rig.local_location[bone] else above
    location = rot.rotate(rot.transpose(axes), place - head)
    location = np.broadcast_to(location, place.shape)
    if keyed:
        return BoneTrack(rig.names[bone], location, None)
    turned = np.broadcast_to(np.eye(3), (len(place), 3, 3)) if turn is None else rot.transpose(before) @ turn
    return BoneTrack(rig.names[bone], location, rot.continuous(rot.quaternion_from_matrix(turned)))
