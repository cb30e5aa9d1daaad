"""Joints to what the networks see, and back: a moving reference frame and coordinates inside it.

Absolute positions of several metres dominate a plain loss, and a walk to the north looks unlike the same
walk to the east. So each token of 4 frames carries, beside the learned channels, its *travel*: where the
reference frame goes during the token, (sideways, forward) in metres in the frame's own axes and the turn
in radians. The reference frame stands on the floor under the pelvis and looks where hips and shoulders
look; between token boundaries it moves in a straight line. The autoencoder sees joints inside that frame
only. Travel is exact, so reconstructing a clip does not drift however long it is.

Everything here is differentiable torch and works on any device.

Shapes: joints (batch, frames, 22, 3) metres, Y up; frames = 4 * tokens; travel (batch, tokens, 3);
origin (batch, 3): x, z and heading at frame 0. Heading is the angle from +Z towards +X.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from coamd_blender.motion.skeleton import FRAME_MULTIPLE, JOINT_INDEX, MIRROR, PARENTS

_SMOOTHING = 3.0  # frames: standard deviation of the Gaussian that smooths the heading
_LEFT = [JOINT_INDEX["left_hip"], JOINT_INDEX["left_shoulder"]]
_RIGHT = [JOINT_INDEX["right_hip"], JOINT_INDEX["right_shoulder"]]


class Local(NamedTuple):
    """A motion split by :func:`to_local`."""

    joints: torch.Tensor  # (batch, frames, 22, 3) metres, inside the reference frame
    travel: torch.Tensor  # (batch, tokens, 3)
    origin: torch.Tensor  # (batch, 3)
    turn: torch.Tensor  # (batch, frames) radians: heading of the reference frame


def heading(joints: torch.Tensor) -> torch.Tensor:
    """Return the smoothed, unwrapped heading (batch, frames) in radians of ``joints`` (batch, frames, 22, 3)."""
    across = (joints[:, :, _LEFT] - joints[:, :, _RIGHT]).mean(dim=2)  # (batch, frames, 3): towards the left
    vector = torch.stack([across[..., 0], -across[..., 2]], dim=1)  # cos and sin of the heading, times length
    frames = vector.shape[-1]
    reach = int(3 * _SMOOTHING)
    offsets = torch.arange(-reach, reach + 1, device=joints.device, dtype=joints.dtype)
    kernel = torch.exp(-0.5 * (offsets / _SMOOTHING) ** 2)
    padded = torch.cat([vector[..., :1].expand(-1, -1, reach), vector, vector[..., -1:].expand(-1, -1, reach)], -1)
    smooth = (padded.unfold(-1, 2 * reach + 1, 1) * kernel).sum(-1)[..., :frames]
    angle = torch.atan2(smooth[:, 1], smooth[:, 0])
    step = torch.remainder(angle[:, 1:] - angle[:, :-1] + torch.pi, 2 * torch.pi) - torch.pi
    return torch.cat([angle[:, :1], angle[:, :1] + step.cumsum(dim=1)], dim=1)


def rotate_y(points: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Turn ``points`` (..., 3), any unit, about +Y by ``angle`` (...), radians: the same shape, +Z towards +X."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    x, y, z = points.unbind(-1)
    return torch.stack([x * cos + z * sin, y + torch.zeros_like(cos), z * cos - x * sin], dim=-1)


def to_local(joints: torch.Tensor) -> Local:
    """Split ``joints`` (batch, frames, 22, 3), metres, into a moving frame and coordinates in it; inverse of
    :func:`to_world`.
    """
    angle = heading(joints)
    ground = joints[:, :, 0, [0, 2]]  # (batch, frames, 2): the pelvis on the floor
    anchors = torch.cat([ground[:, ::FRAME_MULTIPLE], 2 * ground[:, -1:] - ground[:, -2:-1]], dim=1)
    angles = torch.cat([angle[:, ::FRAME_MULTIPLE], 2 * angle[:, -1:] - angle[:, -2:-1]], dim=1)
    step = anchors[:, 1:] - anchors[:, :-1]
    step = rotate_y(torch.stack([step[..., 0], torch.zeros_like(step[..., 0]), step[..., 1]], -1), -angles[:, :-1])
    travel = torch.stack([step[..., 0], step[..., 2], angles[:, 1:] - angles[:, :-1]], dim=-1)
    origin = torch.cat([anchors[:, 0], angles[:, :1]], dim=-1)
    place, turn = _frame_path(travel, origin)
    return Local(rotate_y(joints - place[:, :, None], -turn[:, :, None]), travel, origin, turn)


def to_world(local: torch.Tensor, travel: torch.Tensor, origin: torch.Tensor | None = None) -> torch.Tensor:
    """Place ``local`` joints (batch, frames, 22, 3), metres, along a travel: the same shape, in the world.

    ``travel`` (batch, frames / 4, 3) is in metres and radians. Without ``origin`` (batch, 3) the motion starts over (0,
    0), facing +Z.
    """
    place, turn = _frame_path(travel, origin)
    return rotate_y(local, turn[:, :, None]) + place[:, :, None]


def _frame_path(travel: torch.Tensor, origin: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Integrate travel to the frame's floor position (batch, frames, 3) and heading (batch, frames)."""
    if origin is None:
        origin = travel.new_zeros(travel.shape[0], 3)
    ends = origin[:, 2:] + travel[..., 2].cumsum(dim=1)
    starts = torch.cat([origin[:, 2:], ends[:, :-1]], dim=1)  # (batch, tokens): heading at the token's first frame
    step = torch.stack([travel[..., 0], torch.zeros_like(travel[..., 0]), travel[..., 1]], -1)
    step = rotate_y(step, starts)
    first = torch.stack([origin[:, 0], torch.zeros_like(origin[:, 0]), origin[:, 1]], -1)[:, None]
    place = first + torch.cat([torch.zeros_like(step[:, :1]), step.cumsum(dim=1)[:, :-1]], dim=1)
    part = torch.arange(FRAME_MULTIPLE, device=travel.device, dtype=travel.dtype) / FRAME_MULTIPLE
    place = (place[:, :, None] + part[:, None] * step[:, :, None]).flatten(1, 2)
    turn = (starts[:, :, None] + part * travel[..., 2:]).flatten(1, 2)
    return place, turn


def velocities(joints: torch.Tensor) -> torch.Tensor:
    """Return the frame difference (batch, frames, 22, 3) of ``joints`` of the same shape, metres a frame, first frame
    zero.
    """
    return torch.cat([torch.zeros_like(joints[:, :1]), joints[:, 1:] - joints[:, :-1]], dim=1)


def bones(joints: torch.Tensor) -> torch.Tensor:
    """Return child minus parent (..., 21, 3) of ``joints`` (..., 22, 3), metres, for every joint but the pelvis."""
    return joints[..., 1:, :] - joints[..., list(PARENTS[1:]), :]


def mirrored(joints: torch.Tensor) -> torch.Tensor:
    """Swap left and right of joints (batch, frames, 22, 3), metres, in the plane x = 0: the same shape."""
    return joints[:, :, list(MIRROR)] * joints.new_tensor([-1.0, 1.0, 1.0])
