"""Guidance with the bundled weights: each reward moves the motion its way, measured by plain geometry."""

from collections import namedtuple
from functools import partial

import numpy as np
import pytest
import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import JOINT_INDEX, with_bone_lengths
from runtime.generate import rewards
from runtime.generate.generator import Generator
from runtime.generate.guidance import Guidance, Pusher, ascent, on_canonical_body

PROMPTS, SEEDS, FRAMES = ["a person walks forward"] * 2, [1, 2], 60
Embedding = namedtuple("Embedding", "fused joints bones velocities")


@pytest.fixture(scope="module")
def generator():
    return Generator.load(device="cpu")


@pytest.fixture(scope="module")
def plain(generator):
    return generator.generate(PROMPTS, FRAMES, SEEDS)


def guided(generator, reward, strength):
    return generator.generate(PROMPTS, FRAMES, SEEDS, guidance=Guidance(reward, strength, places=True))


def test_the_pelvis_goes_where_it_is_asked(generator, plain):
    frames = list(range(0, FRAMES, 4))
    angle = np.linspace(0, np.pi / 2, len(frames))
    points = np.stack([1 - np.cos(angle), np.sin(angle)], axis=1)  # a quarter circle to the left
    reward = partial(rewards.pelvis_path, frames=frames, points=torch.tensor(points, dtype=torch.float32))
    moved = guided(generator, reward, 2.0)

    def distance(joints):
        return np.linalg.norm(joints[:, frames, 0][..., [0, 2]] - points, axis=-1).mean(axis=1)

    assert (distance(moved) < 0.5 * distance(plain)).all()


def test_a_hand_comes_nearer_to_its_target(generator):
    wrist, frames = JOINT_INDEX["left_wrist"], list(range(24, 40))
    standing = generator.generate(["a person stands still"], FRAMES, [1])
    points = standing[0, frames, wrist] + np.array([0.05, 0.35, 0.1])
    target = torch.tensor(points, dtype=torch.float32)
    reward = partial(rewards.joint_targets, frames=frames, indices=[wrist] * len(frames), points=target)
    guidance = Guidance(reward, 1.0, repeats=2, places=True)
    moved = generator.generate(["a person stands still"], FRAMES, [1], guidance=guidance)
    assert np.linalg.norm(moved[0, frames, wrist] - points, axis=-1).mean() < 0.5 * np.linalg.norm([0.05, 0.35, 0.1])


def test_low_toes_slide_less_and_stay_low(generator):
    """Judged before the clean-up of feet that every generated motion gets."""

    def low_and_slide(guidance):
        steer = generator.pusher(guidance) if guidance else None
        tokens = generator.draw(PROMPTS, FRAMES // 4, SEEDS, generator.sampling, steer=steer)
        with torch.inference_mode():
            toes = generator.autoencoder.decode(tokens)[:, :, [10, 11]].numpy()
        low = (toes[:, 1:, :, 1] < 0.05) & (toes[:, :-1, :, 1] < 0.05)
        return low.mean(), np.linalg.norm(np.diff(toes, axis=1)[..., [0, 2]], axis=-1)[low].mean() * 20

    (share, slide), (share_plain, slide_plain) = low_and_slide(Guidance(rewards.foot_contact, 1.0)), low_and_slide(None)
    assert slide < 0.7 * slide_plain
    assert share > 0.6 * share_plain


class OneDirection(torch.nn.Module):
    """A stand-in recogniser: every stream embeds the right wrist's mean height over the pelvis, in two numbers."""

    def motion(self, joints, lengths):
        assert (lengths == joints.shape[1]).all()
        height = (joints[:, :, 21, 1] - joints[:, :, 0, 1]).mean(dim=1)
        unit = torch.stack([torch.cos(2 * height), torch.sin(2 * height)], dim=1)
        return Embedding(unit, unit, unit, unit)


def test_text_similarity_rises(generator, plain):
    raised = torch.tensor([[np.cos(1.2), np.sin(1.2)]], dtype=torch.float32)  # the wrist 0.6 m over the pelvis
    reward = partial(rewards.text_similarity, model=OneDirection(), text=raised)
    moved = guided(generator, reward, 3.0)

    def height(joints):
        return (joints[:, :, 21, 1] - joints[:, :, 0, 1]).mean(axis=1)

    assert (height(moved) > height(plain) + 0.03).all()


def test_text_similarity_of_equal_embeddings_is_one():
    joints = torch.zeros(1, 8, 22, 3)
    value = rewards.text_similarity(joints, OneDirection(), torch.tensor([[1.0, 0.0]]))
    assert value.item() == pytest.approx(1.0)


def test_rewards_of_hand_made_motions():
    joints = torch.zeros(2, 5, 22, 3)
    joints[1, :, 0, 0] = 3.0
    joints[1, 2, 20] = torch.tensor([0.0, 4.0, 3.0])
    joints[1, :, 10, 2] = 0.05 * torch.arange(5)  # the left toe slides at 1 m/s on the floor
    origin = torch.zeros(2, 2)
    path = rewards.pelvis_path(joints, [0, 3], origin)
    reach = rewards.joint_targets(joints, [2], [20], torch.zeros(1, 3))
    contact = rewards.foot_contact(joints)
    assert path.tolist() == pytest.approx([0, -3], abs=0.02)
    assert reach.tolist() == pytest.approx([0, -5], abs=0.02)
    assert contact.tolist() == pytest.approx([0, -0.5], abs=0.1)  # one toe of two
    total = rewards.weighted((2.0, lambda j: rewards.pelvis_path(j, [0, 3], origin)), (1.0, rewards.foot_contact))
    assert torch.allclose(total(joints), 2 * path + contact)


def test_bones_get_their_length_as_in_numpy():
    joints = torch.randn(2, 3, 22, 3, generator=torch.Generator().manual_seed(0))
    assert np.allclose(on_canonical_body(joints).numpy(), with_bone_lengths(joints.numpy()), atol=1e-5)


def test_the_gradient_has_length_one_a_sample_and_touches_movable_tokens_only():
    tokens = torch.randn(3, 6, 4)
    movable = torch.rand(3, 6) < 0.6
    movable[:, 0], movable[2] = True, False
    with torch.inference_mode():
        step = ascent(lambda x: x, lambda x: (x**3).sum(dim=(1, 2)), tokens, movable)
    assert step.flatten(1).norm(dim=1).tolist() == pytest.approx([1, 1, 0], abs=1e-5)
    assert (step[~movable] == 0).all()


def test_kept_tokens_stay_moved_and_new_predictions_carry_their_moves():
    pusher = Pusher(lambda x: x, Guidance(lambda x: x[:, :, 0].sum(dim=1), strength=2.0))
    drawn, last = torch.tensor([[True, True, True, True, False]]), torch.tensor([[False, False, False, True, False]])
    first = pusher(torch.zeros(1, 5, 1), drawn)
    again = first.masked_fill(last[..., None], 0.0)  # the sampler predicts the fourth anew, from noise
    second = pusher(again, last)
    assert first.flatten().tolist() == pytest.approx([1, 1, 1, 1, 0])
    assert second.flatten().tolist() == pytest.approx([2, 2, 2, 2, 0])


def test_steps_shrink_about_a_goal_that_is_near():
    pusher = Pusher(lambda x: x, Guidance(lambda x: -(x - 0.2).abs().sum(dim=(1, 2)), strength=1.0))
    tokens, everything = torch.zeros(1, 1, 1), torch.ones(1, 1, dtype=torch.bool)
    for _ in range(12):
        tokens = pusher(tokens, torch.zeros_like(everything) if tokens.any() else everything)
    assert tokens.item() == pytest.approx(0.2, abs=0.01)


def test_strengths_without_sense_are_refused():
    for strength in (-1, float("nan"), 1e9):
        with pytest.raises(InputError, match="strength"):
            Guidance(rewards.foot_contact, strength)
