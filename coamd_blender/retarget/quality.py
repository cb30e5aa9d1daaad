"""Figures of a retargeted motion: how well a rig follows the joints it was given, and what an animator would see.

A rig's rest pose differs from the canonical one, and keeps what makes it itself: arms and legs are held to the
motion's directions as they are; torso, collarbones, neck and feet to the motion's directions turned by what the
two rest poses differ by. Positions are held to a body of the rig's own proportions posed in those directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.kinematics import leg_length
from .body import CHILD, RestBody
from .mapping import Mapping
from .rig import Rig, forward_kinematics
from .solver import PoseSolution

J = skeleton.JOINT_INDEX
SIDES = ("left", "right")
# Child joints of the segments whose directions are taken as they are.
LIMBS = frozenset(f"{side}_{joint}" for side in SIDES for joint in ("knee", "ankle", "elbow", "wrist"))
FEET = frozenset(f"{side}_foot" for side in SIDES)
# Child joints of the torso's segments that turn with the pelvis; the others turn with the chest.
LOWER = frozenset(("left_hip", "right_hip", "spine1", "spine2"))
# A knee or elbow bent back by more than this counts as a frame with a joint bent backwards (radians).
BACKWARD = np.radians(1.0)


@dataclass(frozen=True)
class Posed:
    """A rig over time, Y-up world.

    places: joint to where it is, (F, 3) metres. hinges: joint of an upper limb to its hinge, (F, 3) unit.
    """

    places: dict[str, np.ndarray]
    hinges: dict[str, np.ndarray]


@dataclass(frozen=True)
class Quality:
    """Figures of one motion on one rig; every one is better the smaller.

    direction, direction_worst: mean over segments and frames, and 99th percentile, degrees. position: mean
    distance, percent of the leg. skate, skate_worst: mean and largest floor speed of toes while they stand,
    m/s. penetration: largest depth of a toe below the floor, cm. hinge: mean of how far knees and elbows
    leave their hinge, degrees. backward: frames with a knee or elbow bent back. jerk: ratio to the motion's.
    """

    direction: float
    direction_worst: float
    position: float
    skate: float
    skate_worst: float
    penetration: float
    hinge: float
    backward: int
    jerk: float


def posed(rig: Rig, mapping: Mapping, body: RestBody, solution: PoseSolution) -> Posed:
    """Return the Posed of ``solution`` by forward kinematics, with what the object goes added."""
    matrices = forward_kinematics(rig, *solution.expand(rig))
    linear, shift = rig.world[:3, :3], rig.world[:3, 3]
    gone = 0.0 if solution.object_trajectory is None else solution.object_trajectory
    places, hinges = {}, {}
    for joint, name in mapping.bones.items():
        places[joint] = matrices[:, rig.index[name], :3, 3] @ linear.T + shift + gone
        if joint in body.hinges:
            bone = _carrier(rig, mapping, joint)
            turn = matrices[:, bone, :3, :3] @ rig.rest[bone, :3, :3].T
            hinges[joint] = rot.unit(rot.rotate(turn, body.hinges[joint]) @ linear.T)
    return Posed(places, hinges)


def _carrier(rig: Rig, mapping: Mapping, upper: str) -> int:
    """Return the bone that carries the hinge of a knee or elbow: the one directly above the lower limb's."""
    lower = mapping.bones.get(CHILD[upper])
    if lower is None:
        return rig.index[mapping.bones[upper]]
    return int(rig.parents[rig.index[lower]])


def measure(
    found: Posed, rig: Rig, body: RestBody, joints: np.ndarray, contacts: np.ndarray, fps: float, *, place: str
) -> Quality:
    """Return the Quality of ``found`` against the motion ``joints`` (F, 22, 3), metres, Y up, at ``fps``.

    contacts: (F, 2) bool, when each foot of the motion stands. place: as in Options, where the motion was put.
    """
    # Where its bones should point, in the world.
    turn = body.stance(rig)[0] if place == "object" else np.eye(3)
    source = {joint: joints[:, J[joint]] @ turn.T for joint in skeleton.JOINT_NAMES}
    rest = {joint: rig.world[:3, :3] @ head for joint, head in body.heads.items()}
    wanted = expected_directions(source, rest, _in_world(rig, body.axes), _in_world(rig, body.ground), turn)
    errors = [_angles(found.places[end] - found.places[start], wanted[start, end]) for start, end in wanted]
    # How its limbs bend and its feet slide.
    leg = body.leg * body.scale
    bends, aside = zip(*(_bend(found, upper) for upper in found.hinges), strict=True)
    bends, aside = np.stack(bends), np.stack(aside)
    skate = _contact_speeds(found, contacts, fps)
    return Quality(
        direction=float(np.degrees(np.mean(errors))),
        direction_worst=float(np.degrees(np.percentile(np.stack(errors), 99))),
        position=100 * _position_error(found, wanted, rest) / leg,
        skate=float(skate.mean()) if len(skate) else 0.0,
        skate_worst=float(skate.max()) if len(skate) else 0.0,
        penetration=100 * _penetration(found, rig, body, rest, place),
        hinge=float(np.degrees(np.mean(np.maximum(0, -bends) + np.maximum(0, aside - np.radians(10))))),
        backward=int((bends < -BACKWARD).any(axis=0).sum()),
        jerk=_jerk(found, joints, leg / leg_length(joints)),
    )


def expected_directions(
    source: dict[str, np.ndarray], rest: dict[str, np.ndarray], axes: np.ndarray, ground: np.ndarray, turn: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Return where a rig's bones should point: (joint, next joint) to unit directions (F, 3).

    source: joint to its places in the motion (F, 3). rest: joint to the rig's at rest (3,). axes, ground: (3, 3)
    the canonical axes at rest in the rig's world, for the trunk and for the feet. turn: (3, 3) by which the
    motion was turned.
    """
    canonical = dict(zip(skeleton.JOINT_NAMES, skeleton.rest_joints() @ turn.T, strict=True))
    # How pelvis and chest turn away from the canonical rest pose: (F, 3, 3).
    lower = _frame(source, "left_hip", "right_hip", "spine1") @ _frame(canonical, "left_hip", "right_hip", "spine1").T
    upper = _frame(source, "left_collar", "right_collar", "neck", "spine3")
    upper = upper @ _frame(canonical, "left_collar", "right_collar", "neck", "spine3").T
    found = {}
    for end in skeleton.JOINT_NAMES[1:]:
        start = _mapped_parent(end, rest)
        if start is None or end not in rest:
            continue
        direction = rot.unit(source[end] - source[start])
        # What is not a limb keeps the difference of the two rest poses, turned as its part of the body is.
        if end not in LIMBS:
            own = turn @ (ground if end in FEET else axes).T @ rot.unit(rest[end] - rest[start])
            usual = rot.unit(canonical[end] - canonical[start])
            body_turn = _foot_turn(source, canonical, start, end) if end in FEET else lower if end in LOWER else upper
            if end in FEET:
                own = _with_heading(own, usual)
            change = body_turn @ rot.swing(usual, own) @ rot.transpose(body_turn)
            direction = rot.rotate(change, direction)
        found[start, end] = direction
    return found


def _mapped_parent(joint: str, known: dict) -> str | None:
    while (parent := skeleton.PARENTS[J[joint]]) >= 0:
        joint = skeleton.JOINT_NAMES[parent]
        if joint in known:
            return joint
    return None


def _in_world(rig: Rig, axes: np.ndarray) -> np.ndarray:
    left, up = (rot.unit(rig.world[:3, :3] @ axes[:, column]) for column in (0, 1))
    return rot.frame(left, up)


def _frame(places: dict, left: str, right: str, top: str, base: str | None = None) -> np.ndarray:
    bottom = places[base] if base else 0.5 * (places[left] + places[right])
    return rot.frame(places[left] - places[right], places[top] - bottom)


def _foot_turn(source: dict, canonical: dict, ankle: str, toe: str) -> np.ndarray:
    """Return the turn (F, 3, 3) of the motion's foot, across it by its bend against the shin."""
    knee = ankle.replace("ankle", "knee")

    def axes(places: dict) -> np.ndarray:
        foot, shin = places[toe] - places[ankle], places[ankle] - places[knee]
        return rot.frame(foot, rot.cross(foot, shin))

    return axes(source) @ axes(canonical).T


def _with_heading(direction: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Return ``direction`` turned about the vertical to the heading of ``usual``: toes point where the motion's do."""
    flat = np.array([usual[0], 0.0, usual[2]])
    level = np.hypot(direction[0], direction[2])
    return flat / np.linalg.norm(flat) * level + np.array([0.0, direction[1], 0.0])


def _angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.arctan2(np.linalg.norm(rot.cross(a, b), axis=-1), rot.dot(a, b))


def _position_error(found: Posed, wanted: dict, rest: dict) -> float:
    """Return the mean distance of the rig's joints from those of its own proportions posed as wanted, metres."""
    goal = {"pelvis": found.places["pelvis"]}
    for (start, end), direction in wanted.items():
        goal[end] = goal[start] + direction * np.linalg.norm(rest[end] - rest[start])
    here = 0.5 * (found.places["left_hip"] + found.places["right_hip"])
    shift = here - 0.5 * (goal["left_hip"] + goal["right_hip"])
    return float(np.mean([np.linalg.norm(found.places[joint] - goal[joint] - shift, axis=-1) for joint in goal]))


def _bend(found: Posed, upper: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the bend of a knee or elbow about its hinge, and how far the lower bone leaves its plane: (F,) radians."""
    names = {"hip": ("hip", "knee", "ankle"), "shoulder": ("shoulder", "elbow", "wrist")}[upper.split("_")[1]]
    side = upper.split("_")[0]
    start, middle, end = (found.places.get(f"{side}_{name}") for name in names)
    if middle is None or end is None:
        return np.zeros(len(start)), np.zeros(len(start))
    thigh, shin, hinge = rot.unit(middle - start), rot.unit(end - middle), found.hinges[upper]
    aside = np.arcsin(np.clip(rot.dot(shin, hinge), -1, 1))
    return np.arctan2(rot.dot(rot.cross(thigh, shin), hinge), rot.dot(thigh, shin)), np.abs(aside)


def _toes(found: Posed) -> list[np.ndarray]:
    return [found.places.get(f"{side}_foot", found.places[f"{side}_ankle"]) for side in SIDES]


def _contact_speeds(found: Posed, contacts: np.ndarray, fps: float) -> np.ndarray:
    """Return the speeds (N,), m/s, of the toes over the floor between frames that are both in contact."""
    speeds = []
    for number, toe in enumerate(_toes(found)):
        both = contacts[1:, number] & contacts[:-1, number]
        speeds.append(np.linalg.norm(np.diff(toe[:, [0, 2]], axis=0), axis=-1)[both] * fps)
    return np.concatenate(speeds)


def _penetration(found: Posed, rig: Rig, body: RestBody, rest: dict, place: str) -> float:
    """Return the largest depth of a toe below where it stands at rest, metres."""
    floor = body.stance(rig)[1][1] if place == "object" else 0.0
    ground = body.stance(rig)[1][1] - rig.world[1, 3]
    depths = []
    for side, toe in zip(SIDES, _toes(found), strict=True):
        height = rest.get(f"{side}_foot", rest[f"{side}_ankle"])[1] - ground
        depths.append(float((floor + height - toe[:, 1]).max()))
    return max(0.0, *depths)


def _jerk(found: Posed, joints: np.ndarray, scale: float) -> float:
    """Return the mean third difference of the mapped joints over the motion's at that size; 1 for one at rest."""
    if len(joints) < 4:
        return 1.0
    mine = np.mean([np.linalg.norm(np.diff(place, 3, axis=0), axis=-1).mean() for place in found.places.values()])
    theirs = np.mean(
        [np.linalg.norm(np.diff(joints[:, J[joint]], 3, axis=0), axis=-1).mean() for joint in found.places]
    )
    return float(mine / (theirs * scale)) if theirs > 1e-9 else 1.0
