"""The moving reference frame: exact there and back, blind to where the world's origin is."""

import math

import numpy as np
import pytest
import torch

from coamd_blender.motion.skeleton import rest_joints
from runtime.model import representation


def walk_in_circle(frames: int, radius: float = 2.0) -> torch.Tensor:
    """The rest pose carried round a circle to the left, always facing along it: (1, frames, 22, 3)."""
    angle = torch.linspace(0, math.pi, frames, dtype=torch.float64)
    body = torch.tensor(rest_joints())
    turned = representation.rotate_y(body[None], angle[:, None])
    centre = torch.stack([radius * (1 - angle.cos()), torch.zeros(frames), radius * angle.sin()], -1)
    return (turned + centre[:, None])[None]


def test_round_trip_of_arbitrary_motion():
    generator = torch.Generator().manual_seed(0)
    steps = torch.randn(2, 196, 22, 3, generator=generator, dtype=torch.float64) * 0.05
    joints = torch.tensor(rest_joints()) + steps.cumsum(dim=1)
    local = representation.to_local(joints)
    rebuilt = representation.to_world(local.joints, local.travel, local.origin)
    assert (rebuilt - joints).abs().max() < 1e-9


def test_a_circle_is_constant_travel():
    local = representation.to_local(walk_in_circle(100))
    inner = local.travel[0, 4:-4]
    expected_turn = 4 * math.pi / 99
    assert torch.allclose(inner[:, 2], torch.full_like(inner[:, 2], expected_turn), atol=1e-6)
    chord = 2 * 2.0 * math.sin(expected_turn / 2)
    assert torch.allclose(inner[:, :2].norm(dim=-1), torch.full_like(inner[:, 2], chord), atol=1e-6)
    assert (inner[:, 1] > 0.9 * chord).all()


def test_local_joints_do_not_know_the_world():
    joints = walk_in_circle(64)
    moved = representation.rotate_y(joints, torch.tensor(1.1, dtype=torch.float64)) + torch.tensor([3.0, 0.0, -7.0])
    a, b = representation.to_local(joints), representation.to_local(moved)
    assert (a.joints - b.joints).abs().max() < 1e-9
    assert (a.travel - b.travel).abs().max() < 1e-9


def test_heading_follows_the_hips_through_a_full_turn():
    angle = representation.heading(walk_in_circle(100))[0]
    assert angle[50].item() == pytest.approx(math.pi * 50 / 99, abs=1e-6)
    assert np.all(np.diff(angle.numpy()) >= -1e-9)
