"""The autoencoder: shapes, exact travel, principal components against an independent computation, learning."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from coamd_blender.motion.skeleton import rest_joints
from runtime.config import AutoencoderConfig
from runtime.model import representation
from runtime.model.autoencoder import Autoencoder, _terms
from runtime.train.autoencoder import reconstruction_error, set_latent_statistics, set_statistics

SMALL = AutoencoderConfig(width=16, latent_dim=12, residual_blocks=1, token_noise=0.0)


def motions(count=8, frames=64, seed=0):
    """Bodies that sway, turn and travel: (count, frames, 22, 3)."""
    random = np.random.default_rng(seed)
    modes = np.random.default_rng(77).normal(size=(16, 22, 3)) * 0.05  # every body sways in a mix of these ways
    time = torch.linspace(0, 3, frames)
    clips = []
    for _ in range(count):
        mix = np.tensordot(random.normal(size=16), modes, axes=1)
        sway = torch.tensor(mix) * torch.sin(time * random.uniform(1, 4))[:, None, None]
        body = representation.rotate_y(torch.tensor(rest_joints()) + sway, (time * random.normal())[:, None])
        place = torch.tensor([random.normal(), 0.0, random.normal()]) * time[:, None]
        clips.append((body + place[:, None]).float())
    return torch.stack(clips)


@pytest.fixture
def coder():
    torch.manual_seed(0)
    module = Autoencoder(SMALL)
    set_statistics(module, [motions()])
    return module


def test_shapes(coder):
    tokens, origin = coder.encode(motions(3, 48))
    assert tokens.shape == (3, 12, SMALL.token_dim) and origin.shape == (3, 3)
    assert coder.decode(tokens, origin).shape == (3, 48, 22, 3)


def test_it_starts_as_the_principal_components_of_patches(coder):
    joints = motions()
    local = representation.to_local(joints).joints.double()
    patches = local.reshape(-1, 4, 66) - local.reshape(-1, 66).mean(0)
    flat = patches.reshape(len(patches), -1).numpy()
    left, values, right = np.linalg.svd(flat, full_matrices=False)
    expected = (left[:, :12] * values[:12]) @ right[:12]
    rebuilt = coder.decode(*coder.encode(joints))
    mine = representation.to_local(rebuilt).joints.reshape(-1, 4, 66) - local.reshape(-1, 66).mean(0)
    # The heading is measured anew on the rebuilt joints, so compare in the world instead.
    truth = torch.tensor(expected.reshape(8, -1, 66)) + local.reshape(-1, 66).mean(0)
    split = representation.to_local(joints)
    world = representation.to_world(truth.reshape(8, 64, 22, 3).float(), split.travel, split.origin)
    assert mine.shape == patches.shape
    assert (rebuilt - world).abs().max() < 2e-3


def test_the_reference_frame_travels_exactly_over_long_clips(coder):
    joints = motions(1, 196, seed=3)
    tokens, origin = coder.encode(joints)
    tokens[..., : SMALL.latent_dim] = 0  # forget the pose, keep the travel
    rebuilt = coder.decode(tokens, origin)
    pelvis = rebuilt[0, ::4, 0, [0, 2]] - joints[0, ::4, 0, [0, 2]]
    assert (pelvis - pelvis[0]).norm(dim=-1).max() < 0.15  # sway only; the path itself spans metres
    assert joints[0, -1, 0, [0, 2]].norm() > 1


def test_latents_have_unit_variance(coder):
    set_latent_statistics(coder, list(motions(32, seed=1)))
    tokens, _ = coder.encode(motions(32, seed=1))
    deviation = tokens[..., : SMALL.latent_dim].flatten(0, 1).std(dim=0)
    assert torch.allclose(deviation, torch.ones_like(deviation), atol=1e-3)


def test_training_improves_on_the_principal_components(coder):
    held_out = [clip.numpy() for clip in motions(8, seed=9)]
    before = reconstruction_error(coder, held_out)["total"]
    optimizer = torch.optim.Adam(coder.parameters(), lr=2e-3)
    for step in range(120):
        loss = coder.loss(motions(16, seed=100 + step))["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert reconstruction_error(coder, held_out)["total"] < 0.85 * before


def test_half_of_the_clips_are_decoded_from_noisy_tokens():
    noisy = Autoencoder(replace(SMALL, token_noise=0.3))
    torch.manual_seed(0)
    latent, travel = noisy._noisy(torch.zeros(400, 16, 12), torch.zeros(400, 16, 3))
    size = latent.flatten(1).std(dim=1)
    assert 0.4 < (size > 0).float().mean() < 0.6
    assert size[size > 0].min() > 0.02 and 0.25 < size.max() < 0.36
    assert ((travel.flatten(1).std(dim=1) > 0) == (size > 0)).all()


def test_an_error_on_a_fast_joint_costs_more():
    """The same 5 cm error on a wrist, at rest and at 3 m/s."""
    still = torch.zeros(1, 16, 22, 3)
    fast = still.clone()
    fast[0, :, 21, 2] = torch.arange(16) * 0.15
    costs = []
    for joint in (20, 21):  # 20 rests, 21 moves
        wrong = fast.clone()
        wrong[0, 8, joint, 0] += 0.05
        costs.append(_terms(wrong, fast, AutoencoderConfig())["joints"].item())
    assert costs[1] == pytest.approx(7 * costs[0], rel=0.01)
