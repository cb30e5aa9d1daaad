"""Rewards for guidance: pure differentiable functions of joints (batch, frames, 22, 3), metres, Y up, to (batch,).

Higher is better. Distances count in metres with a minus sign and are smooth at zero. Bind what a reward needs with
``functools.partial`` and add several with :func:`weighted`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from coamd_blender.motion.skeleton import FPS, JOINT_INDEX
from runtime.generate.guidance import Reward
from runtime.model.recognizer import MotionRecognizer

FUSED_WEIGHT, STREAM_WEIGHT = 0.7, 0.1
NEAR = 0.01  # m: below this a distance counts by its square
LOW_TOE = 0.05  # m: a toe this high still bears
_TOES = [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]
_GROUND = [0, 2]


def weighted(*terms: tuple[float, Reward]) -> Reward:
    """Return the sum of rewards, each times its weight."""

    def total(joints: torch.Tensor) -> torch.Tensor:
        return sum(weight * reward(joints) for weight, reward in terms)

    return total


def text_similarity(joints: torch.Tensor, model: MotionRecognizer, text: torch.Tensor) -> torch.Tensor:
    """Return how well motions fit their texts (batch,): 0.7 cos of the fused embedding, 0.1 cos of each stream's
    (CoAMD).

    ``joints`` (batch, frames, 22, 3) are in metres.

    ``model`` is a recogniser's network, whose ``motion(joints, lengths)`` gives unit embeddings ``fused``, ``joints``,
    ``bones`` and ``velocities`` (batch, dim); ``text`` (batch, dim) has unit length.
    """
    lengths = torch.full((len(joints),), joints.shape[1], device=joints.device)
    seen = model.motion(joints, lengths)
    streams = (seen.joints, seen.bones, seen.velocities)
    return FUSED_WEIGHT * (seen.fused * text).sum(-1) + STREAM_WEIGHT * sum((part * text).sum(-1) for part in streams)


def pelvis_path(joints: torch.Tensor, frames: Sequence[int], points: torch.Tensor) -> torch.Tensor:
    """Return minus the mean distance (batch,), metres, over the ground of the pelvis at ``frames`` from a path.

    ``joints`` (batch, all frames, 22, 3) and ``points`` (count, 2: x, z), one a frame, are in metres.
    """
    return -_distance(joints[:, list(frames), 0][..., _GROUND] - points).mean(dim=1)


def joint_targets(
    joints: torch.Tensor, frames: Sequence[int], indices: Sequence[int], points: torch.Tensor
) -> torch.Tensor:
    """Return minus the mean distance (batch,), metres, of joint ``indices[i]`` at ``frames[i]`` from ``points[i]``.

    ``joints`` (batch, all frames, 22, 3) and ``points`` (count, 3) are in metres.
    """
    return -_distance(joints[:, list(frames), list(indices)] - points).mean(dim=1)


def foot_contact(joints: torch.Tensor) -> torch.Tensor:
    """Return minus the mean speed (batch,) over the ground, m/s, of toes as far as they are low.

    ``joints`` (batch, frames, 22, 3) are in metres; what is low fades out above 5 cm. How low a toe is counts as given:
    lifting it is no way to a higher reward.
    """
    toes = joints[:, :, _TOES]
    low = torch.sigmoid((LOW_TOE - toes[:, 1:, :, 1].detach()) / NEAR)
    speed = _distance((toes[:, 1:] - toes[:, :-1])[..., _GROUND]) * FPS
    return -(low * speed).mean(dim=(1, 2))


def _distance(offset: torch.Tensor) -> torch.Tensor:
    """Length along the last axis, smooth at zero (pseudo-Huber)."""
    return torch.sqrt(offset.square().sum(dim=-1) + NEAR**2) - NEAR
