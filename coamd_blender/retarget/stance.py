"""Whether a pose is one a person stands in, and which of many poses come nearest to standing.

A rest pose may be anything: some exporters lay every bone along one axis, and leave the pose to the motion. Places are
given by joint name (``motion.skeleton``), in any axes and unit; what is judged are directions alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..motion import rotations as rot

SIDES = ("left", "right")
# Cosines: how far a leg's bones may part from straight down, the trunk from straight up, the arms from mirror images.
_LEG, _TRUNK, _ARMS = 0.5, 0.7, 0.6
# How far the bones of one leg may part from the mirror images of the other's (cosine): a stride is not a stance.
_LEGS = 0.94
_TOPS = ("head", "neck", "spine3", "spine2")


def why_not_a_stance(places: Mapping[str, np.ndarray]) -> str | None:
    """Return why nobody stands so, a few words to follow "its rest pose is not a stance:"; None for a stance.

    places: joint name to (3,) in any unit, with hips, knees and ankles at least. A stance has the hips side by side,
    the trunk over them, both legs going down from them, feet that do not point backwards, and arms that mirror each
    other.
    """
    across = places["left_hip"] - places["right_hip"]
    bones = {joint: places[end] - places[joint] for joint, end in _leg_bones()}
    leg = sum(float(np.linalg.norm(bone)) for bone in bones.values()) / 2
    if leg <= 0 or min(np.linalg.norm(bone) for bone in bones.values()) < 0.05 * leg:
        return "a leg has no length"
    if np.linalg.norm(across) < 0.02 * leg:
        return "the hips lie at one point"
    trunk = trunk_of(places)
    if trunk is None:
        return "the trunk has no length"
    if abs(trunk @ rot.unit(across)) > _TRUNK:
        return "the trunk does not stand over the hips"
    across = rot.unit(across - trunk * (across @ trunk))
    for joint, bone in bones.items():
        if rot.unit(bone) @ -trunk < _LEG:
            return f"the {joint.replace('_hip', ' thigh').replace('_knee', ' shin')} does not go down from the trunk"
    for part in ("hip", "knee"):
        left, right = (rot.unit(bones[f"{side}_{part}"]) for side in SIDES)
        if _mirrored(left, across) @ right < _LEGS:
            return "the legs do not stand side by side"
    return _feet(places, trunk, across, leg) or _arms(places, across, leg)


def _mirrored(vector: np.ndarray, across: np.ndarray) -> np.ndarray:
    return vector - 2 * across * (vector @ across)


def _leg_bones() -> list[tuple[str, str]]:
    return [
        (f"{side}_{start}", f"{side}_{end}") for side in SIDES for start, end in (("hip", "knee"), ("knee", "ankle"))
    ]


def trunk_of(places: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Return the unit direction (3,) from the middle of the hips to the top of the trunk; None where it has no length.

    places: joint name to (3,) in any unit, with hips, knees and ankles at least.
    """
    hips = 0.5 * (places["left_hip"] + places["right_hip"])
    leg = sum(float(np.linalg.norm(places[end] - places[joint])) for joint, end in _leg_bones()) / 2
    top = next((places[joint] for joint in _TOPS if joint in places), None)
    if top is None and "left_shoulder" in places and "right_shoulder" in places:
        top = 0.5 * (places["left_shoulder"] + places["right_shoulder"])
    return None if top is None or np.linalg.norm(top - hips) < 0.1 * leg else rot.unit(top - hips)


def _feet(places: Mapping[str, np.ndarray], trunk: np.ndarray, across: np.ndarray, leg: float) -> str | None:
    """Return why the feet are not those of a stance: both point ahead, or down, but not back or up."""
    for side in SIDES:
        if f"{side}_foot" not in places:
            continue
        foot = places[f"{side}_foot"] - places[f"{side}_ankle"]
        if np.linalg.norm(foot) < 0.02 * leg:
            continue
        foot = rot.unit(foot)
        if foot @ np.cross(across, trunk) < -0.3 or foot @ trunk > 0.5:
            return f"the {side} foot points backwards or up"
    return None


def _arms(places: Mapping[str, np.ndarray], across: np.ndarray, leg: float) -> str | None:
    """Return why the arms are not those of a stance: they do not mirror each other, or go through the trunk."""
    for start, end, word in (("shoulder", "elbow", "upper arms"), ("elbow", "wrist", "forearms")):
        joints = [f"{side}_{joint}" for side in SIDES for joint in (start, end)]
        if any(joint not in places for joint in joints):
            continue
        left, right = (places[f"{side}_{end}"] - places[f"{side}_{start}"] for side in SIDES)
        if min(np.linalg.norm(left), np.linalg.norm(right)) < 0.02 * leg:
            return f"the {word} have no length"
        left, right = rot.unit(left), rot.unit(right)
        if _mirrored(left, across) @ right < _ARMS:
            return f"the {word} do not mirror each other"
        if start == "shoulder" and (left - right) @ across < -0.5:
            return "the arms cross the trunk"
    return None


def uprightness(places: Mapping[str, np.ndarray], up: np.ndarray) -> np.ndarray:
    """Return how nearly a body stands in each frame, (F,), 1 at most: trunk up, legs straight below, feet level.

    places: joint name to (F, 3). up: (3,) unit. The least of the cosines of its parts with the vertical: the pose is as
    good as its worst part. Not a number where a place is not.
    """
    hips = 0.5 * (places["left_hip"] + places["right_hip"])
    bones = [places[start] - places[end] for start, end in _leg_bones()]
    top = next((places[joint] for joint in ("neck", "spine3", "head", "spine2") if joint in places), None)
    if top is not None:
        bones.append(top - hips)
    bones = [rot.unit(bone) @ up for bone in bones]
    across = rot.unit(places["left_hip"] - places["right_hip"]) @ up
    return np.minimum(np.min(bones, axis=0), np.sqrt(np.maximum(0.0, 1.0 - across**2)))


def standing_frames(places: Mapping[str, np.ndarray], up: np.ndarray, most: int = 40) -> np.ndarray:
    """Return the frames (F,), indices, in which a body stands most nearly, best first: a twentieth, ``most`` at most.

    places: joint name to (frames, 3) in any unit; up: (3,), normalised.
    """
    score = np.nan_to_num(uprightness(places, up), nan=-1.0)
    order = np.argsort(-score, kind="stable")[: max(1, min(most, len(score) // 20))]
    return order[score[order] >= score[order[0]] - 0.03]
