"""Turns of the torso: pelvis, spine, chest, neck, head and collarbones, from joint positions."""

from __future__ import annotations

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from .body import RestBody

J = skeleton.JOINT_INDEX


def torso_turns(points: np.ndarray, body: RestBody) -> dict[str, np.ndarray]:
    """Return the turns of the torso's joints away from the canonical rest pose: joint to (F, 3, 3).

    points: (F, 22, 3) the motion, in armature space as the turns, of any unit. Exact for a body that is the canonical
    one posed: the joints that hang from pelvis and chest are rigid with them. The head inherits the neck's turn.
    """
    rest = body.canonical
    turns = {"pelvis": _pelvis_turn(points) @ _pelvis_turn(rest).T}
    turns["spine3"] = _chest_turn(points) @ _chest_turn(rest).T
    # Between pelvis and chest a third of the way each, then as the bone points.
    low, high = (rot.quaternion_from_matrix(turns[joint]) for joint in ("pelvis", "spine3"))
    for joint, child, fraction in (("spine1", "spine2", 1 / 3), ("spine2", "spine3", 2 / 3)):
        between = rot.matrix_from_quaternion(rot.slerp(low, high, fraction))
        turns[joint] = _swung(between, points, rest, joint, child)
    turns["neck"] = _swung(turns["spine3"], points, rest, "neck", "head")
    turns["head"] = turns["neck"]
    for side in ("left", "right"):
        turns[f"{side}_collar"] = _swung(turns["spine3"], points, rest, f"{side}_collar", f"{side}_shoulder")
    return turns


def _pelvis_turn(points: np.ndarray) -> np.ndarray:
    left, right = points[..., J["left_hip"], :], points[..., J["right_hip"], :]
    return rot.frame(left - right, points[..., J["spine1"], :] - 0.5 * (left + right))


def _chest_turn(points: np.ndarray) -> np.ndarray:
    across = points[..., J["left_collar"], :] - points[..., J["right_collar"], :]
    return rot.frame(across, points[..., J["neck"], :] - points[..., J["spine3"], :])


def _swung(turn: np.ndarray, points: np.ndarray, rest: np.ndarray, joint: str, child: str) -> np.ndarray:
    """Return ``turn`` swung the least so that the rest direction joint to child comes to where it points."""
    start = turn @ rot.unit(rest[J[child]] - rest[J[joint]])
    return rot.swing(start, rot.unit(points[:, J[child]] - points[:, J[joint]])) @ turn
