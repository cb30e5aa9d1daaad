"""What the arms, the trunk and the head of one motion do, laid over another motion: waving over a walk.

The arms go where the gesture has them against its chest, as long as they are away from where they hang; before and
after, and where the gesture leaves an arm alone, they are the body's own. Trunk and head turn by what the gesture adds
to how it stands. Legs and pelvis stay.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from coamd_blender.motion.rotations import rotate, transpose, unit
from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_INDEX, SIDES
from coamd_blender.motion.trunk import place_trunk, trunk_frames

_ARM = ("collar", "shoulder", "elbow", "wrist")
_LEGS = [JOINT_INDEX[f"{side}_{part}"] for side in SIDES for part in ("hip", "knee", "ankle", "foot")]
_LENGTH = float(BONE_LENGTHS[JOINT_INDEX["left_elbow"]] + BONE_LENGTHS[JOINT_INDEX["left_wrist"]])
HANGS = (0.06, -0.97 * _LENGTH, 0.04)  # metres from the shoulder to the wrist of a hanging arm: out, up, forward
NEAR, AWAY = 0.12, 0.24  # metres of a wrist from there: up to the first an arm hangs, from the second on it is in use
ROUND = 5  # frames, odd, over which an arm comes into use, and about as many again


def overlay(body: np.ndarray, gesture: np.ndarray) -> np.ndarray:
    """Return the motion ``body`` (frames, 22, 3), metres, with the arms, trunk and head of ``gesture``: the same shape.

    Both are on the canonical body, with as many frames; the gesture stands, wherever it is and whichever way it faces.
    """
    pelvis, chest, head = trunk_frames(body)
    their_pelvis, their_chest, their_head = trunk_frames(gesture)
    uses = [_use(gesture, their_chest, side) for side in SIDES]
    idle = np.maximum(*uses) < 0.5
    turned = chest @ _added(transpose(their_pelvis) @ their_chest, idle)
    looking = turned @ transpose(chest) @ head @ _added(transpose(their_chest) @ their_head, idle)
    result = np.array(body, dtype=np.float64)
    place_trunk(result, pelvis, turned, looking)
    result[:, _LEGS] = body[:, _LEGS]
    for side, use in zip(SIDES, uses, strict=True):
        places = [JOINT_INDEX[f"{side}_{part}"] for part in _ARM]
        own, theirs = _directions(body, chest, places), _directions(gesture, their_chest, places)
        blended = unit(own + use[:, None, None] * (theirs - own))
        for number, (parent, place) in enumerate(pairwise(places)):
            result[:, place] = result[:, parent] + BONE_LENGTHS[place] * rotate(turned, blended[:, number])
    return result


def _use(joints: np.ndarray, chest: np.ndarray, side: str) -> np.ndarray:
    """Return how much the arm of ``side`` is in use, (frames,) 0 to 1, changing gently."""
    wrist, shoulder = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in ("wrist", "shoulder"))
    hangs = np.array(HANGS) * ((1, 1, 1) if side == "left" else (-1, 1, 1))
    away = np.linalg.norm(rotate(transpose(chest), wrist - shoulder) - hangs, axis=1)
    share = np.clip((away - NEAR) / (AWAY - NEAR), 0, 1)
    widened = maximum_filter1d(share, ROUND, mode="nearest")
    return uniform_filter1d(uniform_filter1d(widened, ROUND, mode="nearest"), ROUND, mode="nearest")


def _directions(joints: np.ndarray, chest: np.ndarray, places: list[int]) -> np.ndarray:
    """Return the unit directions (frames, 3, 3) of the bones between ``places``, seen from the chest."""
    bones = np.diff(joints[:, places], axis=1)
    return unit(rotate(transpose(chest)[:, None], bones))


def _added(relative: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Return what rotations ``relative`` (frames, 3, 3) add to how they are in the mean while ``idle`` (frames,)."""
    usual = relative[idle] if idle.sum() >= ROUND else relative
    u, _, vt = np.linalg.svd(usual.mean(axis=0))
    u[:, -1] *= np.linalg.det(u @ vt)
    return transpose(u @ vt) @ relative
