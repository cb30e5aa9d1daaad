"""Where hands go: frames on the body and on the floor, and the way the elbow hangs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .body import (
    FOREARM,
    JOINT_INDEX,
    REST_OFFSETS,
    SIDES,
    UPPER_ARM,
    length,
    shoulder_offset,
    to_out,
    turned,
    two_bone,
    unit,
)
from .score import HandGoal

# Directions of the wrist seen from the shoulder (out, up, forward) and where the elbow points there.
_ELBOW_HINTS = (
    ((0.1, -1.0, 0.1), (0.22, 0.0, -1.0)),
    ((0.0, -0.3, 1.0), (0.5, -0.9, -0.2)),
    ((0.0, 0.4, 0.9), (0.6, -0.8, 0.0)),
    ((1.0, 0.0, 0.1), (0.0, -0.6, -0.6)),
    ((0.2, 1.0, 0.1), (0.9, 0.0, 0.45)),
    ((-0.8, 0.0, 0.6), (0.35, -0.9, 0.3)),
    ((-0.5, 0.8, 0.3), (0.8, -0.1, 0.6)),
    ((0.1, -0.6, -0.9), (0.6, 0.5, -0.6)),
    ((-0.5, -0.8, -0.3), (0.9, 0.1, -0.5)),
)
_HINT_AT = unit(np.array([hint[0] for hint in _ELBOW_HINTS]))
_HINT_POLE = unit(np.array([hint[1] for hint in _ELBOW_HINTS]))
# How far the shoulder follows the arm, radians: raised with it, drawn forward with it.
_LIFT, _PROTRACT, _RETRACT = 0.42, 0.24, 0.16


class Stage:
    """The body as far as it is solved: joints (frames, 22, 3) and frames of trunk and heading (frames, 3, 3)."""

    def __init__(
        self,
        joints: np.ndarray,
        pelvis: np.ndarray,
        chest: np.ndarray,
        head: np.ndarray,
        heading: np.ndarray,
        spot: np.ndarray,
        arms: list[tuple[np.ndarray, np.ndarray, np.ndarray]] | None = None,
    ):
        self.joints, self.pelvis, self.chest, self.head = joints, pelvis, chest, head
        self.heading, self.spot, self.arms = heading, spot, arms

    def at(self, name: str) -> np.ndarray:
        """Return the joint ``name`` (frames, 3), metres."""
        return self.joints[:, JOINT_INDEX[name]]

    def shoulder(self, side: int) -> np.ndarray:
        """Return the shoulder of ``side`` at rest (frames, 3), metres."""
        rest = REST_OFFSETS[JOINT_INDEX[f"{SIDES[side]}_shoulder"]]
        return self.at(f"{SIDES[side]}_collar") + self.chest @ rest


def _limb_point(name: str, other: bool = False) -> Callable:
    def find(stage: Stage, side: int) -> tuple[np.ndarray, np.ndarray]:
        return stage.at(f"{SIDES[1 - side if other else side]}_{name}"), stage.heading

    return find


def _between(first: str, second: str) -> Callable:
    def find(stage: Stage, side: int) -> tuple[np.ndarray, np.ndarray]:
        other = SIDES[1 - side]
        return (stage.at(f"{other}_{first}") + stage.at(f"{other}_{second}")) / 2, stage.chest

    return find


# Name of a frame -> its origin (frames, 3) and axes (frames, 3, 3) for a hand of a side.
FRAMES: dict[str, Callable] = {
    "shoulder": lambda stage, side: (stage.shoulder(side), stage.chest),
    "hang": lambda stage, side: (stage.shoulder(side), stage.heading),
    "chest": lambda stage, side: (stage.at("spine3"), stage.chest),
    "belly": lambda stage, side: (stage.at("spine1"), stage.pelvis),
    "pelvis": lambda stage, side: (stage.at("pelvis"), stage.pelvis),
    "head": lambda stage, side: (stage.at("head"), stage.head),
    "knee": _limb_point("knee"),
    "other_knee": _limb_point("knee", other=True),
    "ankle": _limb_point("ankle"),
    "foot": _limb_point("foot"),
    "other_foot": _limb_point("foot", other=True),
    "floor": lambda stage, side: (stage.spot, np.broadcast_to(np.eye(3), stage.chest.shape)),
    "ground": lambda stage, side: (stage.at("pelvis") * (1.0, 0.0, 1.0), stage.heading),
    "hand": _limb_point("wrist", other=True),
    "other_elbow": _limb_point("elbow", other=True),
    "other_upper_arm": _between("shoulder", "elbow"),
    "other_forearm": _between("elbow", "wrist"),
    "other_shoulder": _limb_point("shoulder", other=True),
    "recorded": lambda stage, side: (stage.shoulder(side) + stage.chest @ np.array([0.0, -0.4, 0.1]), stage.chest),
}
# Frames that need the other arm solved first.
ON_THE_OTHER_ARM = ("hand", "other_elbow", "other_upper_arm", "other_forearm", "other_shoulder")


# Roughly where frames are, seen from the shoulder of a person who stands: out, up, forward.
_ROUGHLY = {
    "shoulder": (0.0, 0.0, 0.0), "hang": (0.0, 0.0, 0.0), "chest": (-0.2, -0.16, 0.02), "belly": (-0.2, -0.36, 0.0),
    "pelvis": (-0.2, -0.48, 0.0), "head": (-0.2, 0.15, 0.06), "hand": (-0.4, -0.2, 0.2),
    "other_elbow": (-0.4, -0.3, 0.1), "other_upper_arm": (-0.4, -0.15, 0.1), "other_forearm": (-0.4, -0.2, 0.2),
    "other_shoulder": (-0.4, 0.0, 0.0),
}  # fmt: skip
_WIDE_TURN = np.cos(np.radians(112.0))


def way_round(start: HandGoal, end: HandGoal) -> HandGoal | None:
    """Return a goal half way for a hand that swings far round its shoulder; None for one that can go straight.

    It lies in front of the body and out; a hand that goes far over the floor is lifted.
    """
    if start.frame == end.frame == "floor":
        lifted = (start.offset + end.offset) / 2 + (0.0, 0.07, 0.0)
        far = np.linalg.norm(end.offset - start.offset) > 0.05 and max(start.up, end.up) < 0.12
        return HandGoal("floor", *map(float, lifted), (start.elbow + end.elbow) / 2) if far else None
    if start.frame not in _ROUGHLY or end.frame not in _ROUGHLY:
        return None
    first, second = (np.array(_ROUGHLY[goal.frame]) + goal.offset for goal in (start, end))
    first_way, second_way = unit(first), unit(second)
    if first_way @ second_way > _WIDE_TURN:
        return None
    direction = unit(first_way + second_way + (0.45, 0.0, 0.75))
    reach = 0.9 * (np.linalg.norm(first) + np.linalg.norm(second)) / 2
    out, up, forward = direction * min(reach, 0.5)
    return HandGoal("shoulder", float(out), float(up), float(forward), (start.elbow + end.elbow) / 2)


def elbow_pole(direction: np.ndarray, swivel: np.ndarray) -> np.ndarray:
    """Return where the elbow points (..., 3), out coordinates of the chest, for a wrist in ``direction`` (..., 3).

    ``swivel`` (...) radians raises it outwards.
    """
    near = np.maximum(direction @ _HINT_AT.T + 0.25, 0.0) ** 3
    pole = unit(near @ _HINT_POLE)
    return turned(pole, direction, swivel)


def shoulder_follow(direction: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return shoulder lift and protraction (..., 2), radians, that go with a wrist in ``direction`` (..., 3).

    ``reach`` (...) is 1 for a straight arm. After the scapulohumeral rhythm: about a third of the arm's rise.
    """
    rise = np.clip((direction[..., 1] + 0.35) / 1.35, 0, 1)
    lift = _LIFT * rise**1.3 * np.clip(reach, 0, 1)
    ahead = direction[..., 2] * np.clip(reach, 0, 1)
    across = np.clip(-direction[..., 0], 0, 1) * 0.5
    protract = np.where(ahead > 0, _PROTRACT * ahead, _RETRACT * ahead) + _PROTRACT * across
    return np.stack([lift, protract], axis=-1)


def solve_goals(
    goals: list[HandGoal], entries: np.ndarray, stage: Stage, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reach for the goals ``entries`` (frames, N) in every frame, all at once.

    Returns rotations (frames, N, 3, 3), bends (frames, N) and the shoulder's lift and protraction (frames, N, 2),
    radians, in the chest's out coordinates.
    """
    kinds = sorted({goal.frame for goal in goals})
    found = [FRAMES[kind](stage, side) for kind in kinds]
    rest = stage.shoulder(side)
    roots = np.stack([to_out(stage.chest, origin - rest, side) for origin, _ in found])  # (kinds, frames, 3)
    axes = np.stack([np.swapaxes(stage.chest, -1, -2) @ frame for _, frame in found])  # (kinds, frames, 3, 3)
    sign = np.array([1.0 - 2 * side, 1.0, 1.0])
    offsets = np.array([goal.offset for goal in goals]) * sign
    kind = np.array([kinds.index(goal.frame) for goal in goals])[entries]
    frames = np.arange(len(entries))[:, None]
    local = roots[kind, frames] + np.einsum("fnij,fnj->fni", axes[kind, frames], offsets[entries]) * sign
    distance = length(local)
    follow = shoulder_follow(unit(local), distance / (UPPER_ARM + FOREARM))
    resting = REST_OFFSETS[JOINT_INDEX["left_shoulder"]]
    moved = local - (shoulder_offset(follow[..., 0], follow[..., 1]) - resting)
    swivel = np.radians(np.array([goal.elbow for goal in goals]))[entries]
    rotation, bend = two_bone(moved, elbow_pole(unit(moved), swivel), UPPER_ARM, FOREARM)
    if "recorded" in kinds:
        own = kind == kinds.index("recorded")
        for solved, arm in zip((rotation, bend, follow), stage.arms[side], strict=True):
            solved[own] = np.broadcast_to(arm[:, None], solved.shape)[own]
    return rotation, bend, follow
