"""What the arms, the trunk and the head of one motion do, laid over another motion: waving over a walk.

The arms go where the gesture has them against its chest, as long as they are away from where they hang; before and
after, and where the gesture leaves an arm alone, they are the body's own. A hand at the hips stays at the hips. Trunk
and head turn by what the gesture adds to how it stands, and while an arm is in use the trunk sways less than it would:
who points at something while walking holds the arm steady. Legs and pelvis stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from coamd_blender.motion.kinematics import bend_limb, speed
from coamd_blender.motion.rotations import dot, rotate, transpose, unit
from coamd_blender.motion.signals import runs
from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_INDEX, SIDES, with_bone_lengths
from coamd_blender.motion.trunk import place_trunk, trunk_frames
from runtime.model.autoencoder import Autoencoder

_ARM = ("collar", "shoulder", "elbow", "wrist")
_LEGS = [JOINT_INDEX[f"{side}_{part}"] for side in SIDES for part in ("hip", "knee", "ankle", "foot")]
_UPPER, _LOWER = (float(BONE_LENGTHS[JOINT_INDEX[name]]) for name in ("left_elbow", "left_wrist"))
# Metres from the shoulder to the wrist of a hanging arm: out, up, forward.
HANGS = (0.06, -0.97 * (_UPPER + _LOWER), 0.04)
NEAR, AWAY = 0.12, 0.24  # metres of a wrist from there: up to the first an arm hangs, from the second on it is in use
STRAIGHT, BENT = 138.0, 120.0  # degrees of an elbow: down to the first an arm hangs, from the second on it is in use
ROUND = 5  # frames, odd, over which an arm comes into use, and about as many again
STRIDE = 15  # frames, odd, over which the trunk's sway is evened out while an arm is in use
CALM, HELD = 0.3, 10  # m/s of wrists against the chest under which arms are held; frames from which on they are
AT_HIPS, OFF_HIPS = 0.2, 0.32  # metres from wrist to hip joint: up to the first a hand goes with the pelvis, from the
# second on with the chest


@torch.inference_mode()
def laid_over(
    autoencoder: Autoencoder, body: torch.Tensor, gesture: torch.Tensor, kept_up: Sequence[bool]
) -> torch.Tensor:
    """Return the normalised tokens ``body`` (n, count, token_dim) with what arms, trunk and head do in those of
    ``gesture``, of the same shape: (n, count, token_dim). ``kept_up`` says which gestures last to the end."""
    motions, gestures = (with_bone_lengths(autoencoder.decode(each).float().cpu().numpy()) for each in (body, gesture))
    gestures = [lasting(one) if lasts else one for one, lasts in zip(gestures, kept_up, strict=True)]
    laid = np.stack([overlay(*each) for each in zip(motions, gestures, strict=True)])
    return autoencoder.encode(torch.from_numpy(laid.astype(np.float32)).to(body.device))[0]


def overlay(body: np.ndarray, gesture: np.ndarray) -> np.ndarray:
    """Return the motion ``body`` with the arms, trunk and head of ``gesture``: (frames, 22, 3), metres.

    Both are (frames, 22, 3), metres, on the canonical body; the gesture stands, wherever it is and whichever way it
    faces.
    """
    pelvis, chest, head = trunk_frames(body)
    their_pelvis, their_chest, their_head = trunk_frames(gesture)
    uses = [_use(gesture, their_chest, side) for side in SIDES]
    idle = np.maximum(*uses) < 0.5
    steady = _between(chest, _evened(chest), np.maximum(*uses))
    turned = steady @ _added(transpose(their_pelvis) @ their_chest, idle)
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
        _keep_at_hips(result, pelvis, gesture, their_pelvis, side, use)
    return result


def lasting(gesture: np.ndarray) -> np.ndarray:
    """Return the motion ``gesture`` so that arms which it holds somewhere come there at once and stay: (frames, 22, 3).

    ``gesture`` is (frames, 22, 3), metres. What it does while it holds them goes to and fro, for nobody stands like a
    statue. One that holds them nowhere stays as it is.
    """
    _, chest, _ = trunk_frames(gesture)
    use = np.maximum(*(_use(gesture, chest, side) for side in SIDES))
    wrists = [JOINT_INDEX[f"{side}_wrist"] for side in SIDES]
    seen = rotate(transpose(chest)[:, None], gesture[:, wrists] - gesture[:, None, JOINT_INDEX["spine3"]])
    calm = (speed(seen).max(axis=1) < CALM) & (use > 0.9)
    first, last = max(runs(calm), key=lambda run: run[1] - run[0], default=(0, 0))
    if last - first < HELD:
        return gesture
    start = int(np.flatnonzero(use[:first] <= use[:first].min() + 0.05)[-1]) if first else 0
    there = np.concatenate([np.arange(first, last), np.arange(last - 2, first, -1)])
    order = np.concatenate([np.arange(start, first), np.resize(there, len(gesture))])[: len(gesture)]
    return gesture[order]


def _use(joints: np.ndarray, chest: np.ndarray, side: str) -> np.ndarray:
    """Return how much the arm of ``side`` is in use, (frames,) 0 to 1, changing gently."""
    shoulder, elbow, wrist = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in _ARM[1:])
    hangs = np.array(HANGS) * ((1, 1, 1) if side == "left" else (-1, 1, 1))
    away = np.linalg.norm(rotate(transpose(chest), wrist - shoulder) - hangs, axis=1)
    angle = np.degrees(np.arccos(np.clip(dot(unit(shoulder - elbow), unit(wrist - elbow)), -1, 1)))
    used = np.maximum((away - NEAR) / (AWAY - NEAR), (STRAIGHT - angle) / (STRAIGHT - BENT))
    widened = maximum_filter1d(np.clip(used, 0, 1), ROUND, mode="nearest")
    return uniform_filter1d(uniform_filter1d(widened, ROUND, mode="nearest"), ROUND, mode="nearest")


def _directions(joints: np.ndarray, chest: np.ndarray, places: list[int]) -> np.ndarray:
    """Return the unit directions (frames, 3, 3) of the bones between ``places``, seen from the chest."""
    bones = np.diff(joints[:, places], axis=1)
    return unit(rotate(transpose(chest)[:, None], bones))


def _keep_at_hips(
    joints: np.ndarray, pelvis: np.ndarray, gesture: np.ndarray, their_pelvis: np.ndarray, side: str, use: np.ndarray
) -> None:
    """Bend the arm of ``side`` of ``joints`` (frames, 22, 3) so that a hand which the ``gesture`` has at a hip is where
    that has it against the pelvis, as far as the arm is in ``use`` (frames,)."""
    shoulder, elbow, wrist = (JOINT_INDEX[f"{side}_{part}"] for part in _ARM[1:])
    hips = gesture[:, [JOINT_INDEX[f"{one}_hip"] for one in SIDES]]
    off = np.linalg.norm(gesture[:, None, wrist] - hips, axis=-1).min(axis=1)
    share = np.clip((OFF_HIPS - off) / (OFF_HIPS - AT_HIPS), 0, 1) * use
    place = joints[:, 0] + rotate(pelvis @ transpose(their_pelvis), gesture[:, wrist] - gesture[:, 0])
    goal = joints[:, wrist] + share[:, None] * (place - joints[:, wrist]) - joints[:, shoulder]
    reach = np.clip(np.linalg.norm(goal, axis=1, keepdims=True), 0.1, 0.999 * (_UPPER + _LOWER))
    along = unit(goal)
    bend = joints[:, elbow] - joints[:, shoulder]
    pole = unit(bend - along * dot(bend, along)[:, None])
    middle, end = bend_limb(
        joints[:, shoulder], along, reach, pole, np.full_like(reach, _UPPER), np.full_like(reach, _LOWER)
    )
    held = share > 0
    joints[held, elbow], joints[held, wrist] = middle[held], end[held]


def _nearest_rotation(matrices: np.ndarray) -> np.ndarray:
    """Return the rotation (..., 3, 3) nearest to each of ``matrices`` (..., 3, 3)."""
    u, _, vt = np.linalg.svd(matrices)
    sign = np.ones(matrices.shape[:-1])
    sign[..., 2] = np.linalg.det(u @ vt)
    return (u * sign[..., None, :]) @ vt


def _evened(frames: np.ndarray) -> np.ndarray:
    """Return rotations ``frames`` (frames, 3, 3), each the mean of those within STRIDE frames."""
    return _nearest_rotation(uniform_filter1d(frames, STRIDE, axis=0, mode="nearest"))


def _between(own: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return rotations (frames, 3, 3) from ``own`` to ``other``, which are near, by ``share`` (frames,)."""
    return _nearest_rotation(own + share[:, None, None] * (other - own))


def _added(relative: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Return what rotations ``relative`` (frames, 3, 3) add to how they are in the mean while ``idle`` (frames,)."""
    usual = relative[idle] if idle.sum() >= ROUND else relative
    return transpose(_nearest_rotation(usual.mean(axis=0))) @ relative
