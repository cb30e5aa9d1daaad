"""Sentences of several actions, drawn action by action, with small random networks."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from generator_fakes import small_generator

from coamd_blender.errors import Cancelled
from coamd_blender.motion.skeleton import rest_joints
from runtime.config import PUBLISHED_SAMPLING, SamplingConfig
from runtime.generate import multi_action
from runtime.generate.guidance import Guidance

TWO, THREE = "a man walks, then sits down", "a man walks, then jumps, then waves"


@pytest.fixture(scope="module")
def generator():
    return small_generator()


def test_a_second_each_or_the_sentence_stays_whole():
    assert multi_action.clauses_of(TWO, 10) == ["a man walks", "sits down"]
    assert multi_action.clauses_of(TWO, 9) == [TWO]
    assert multi_action.clauses_of("walks and waves", 49) == ["walks and waves"]
    assert multi_action.clause_edges(3, 49) == [0, 16, 33, 49]
    assert multi_action.blend_frames(3, 49) == [64, 132] and multi_action.blend_frames(1, 49) == []


def test_each_clause_is_drawn_alone_but_for_the_passages(generator):
    config = SamplingConfig()
    drawn = multi_action.draw_clauses(generator, [["a man walks", "sits down"]], 40, [5], config)
    walks = generator.draw(["a man walks"], 20, [5], config)
    assert torch.allclose(
        drawn[:, : 20 - multi_action.LONGEST_PASSAGE], walks[:, : 20 - multi_action.LONGEST_PASSAGE], atol=1e-5
    )
    assert (drawn[:, 20 - multi_action.PASSAGE : 20] - walks[:, 20 - multi_action.PASSAGE :]).abs().max() > 1e-2
    other = multi_action.draw_clauses(generator, [["a man runs", "sits down"]], 40, [5], config)
    behind = 20 + multi_action.LONGEST_PASSAGE
    assert torch.allclose(drawn[:, behind:], other[:, behind:], atol=1e-5)


def test_passages_are_longer_where_the_body_rises_and_leave_half_of_a_clause():
    def passages(heights: list[float], edges: list[int]) -> list[int]:
        frames = torch.tensor(heights).repeat_interleave(4)
        joints = torch.zeros(1, len(frames), 22, 3)
        joints[0, :, 0, 1] = frames
        fake = SimpleNamespace(autoencoder=SimpleNamespace(decode=lambda tokens: joints))
        return multi_action._passages(fake, torch.zeros(1, len(heights), 11), edges)[0].nonzero().flatten().tolist()

    assert passages([0.9] * 30, [0, 15, 30]) == list(range(12, 18))
    assert passages([0.2] * 15 + [0.9] * 15, [0, 15, 30]) == list(range(9, 21))
    assert passages([0.5] * 15 + [0.85] * 15, [0, 15, 30]) == list(range(11, 19))
    assert passages([0.2] * 8 + [0.9] * 8, [0, 8, 16]) == list(range(4, 12))
    assert passages([0.9] * 15, [0, 5, 10, 15]) == [3, 4, 5, 6, 8, 9, 10, 11]


def test_where_actions_meet_a_motion_can_be_as_even_as_its_other_frames():
    times = np.arange(160)[:, None]
    joints = rest_joints()[None].repeat(160, axis=0)
    joints[:, 16:, 0] += 0.05 * np.sin(0.4 * times)  # the arms swing
    joints[80:, 16:, 2] += 0.03 * np.minimum(times[80:] - 79, 20)  # and set out at once

    def abrupt(motion):
        change = np.linalg.norm(np.diff(motion, n=2, axis=0), axis=-1).mean(axis=1)
        return change[74:84].max() / np.percentile(change, 95)

    usual, even = (multi_action.clean_up(joints, [80], evenly) for evenly in (None, 1.3))
    assert abrupt(usual) > 1.5 > abrupt(even)
    assert np.abs(even - usual)[:70].max() < 1e-6


def test_the_batch_does_not_matter(generator):
    together = generator.generate([THREE, "a man walks", TWO, THREE], 60, [3, 4, 5, 6])
    for row, (prompt, seed) in enumerate([(THREE, 3), ("a man walks", 4), (TWO, 5), (THREE, 6)]):
        assert np.abs(generator.generate([prompt], 60, [seed])[0] - together[row]).max() < 1e-4
    assert np.abs(together[0] - together[3]).max() > 1e-3


def test_steps_are_told_as_many_as_said_and_the_last_preview_is_the_result(generator):
    told = []
    joints = generator.generate([TWO, "a man walks"], 60, [1, 2], on_step=lambda *step: told.append(step))
    total = multi_action.clause_steps(2, generator.sampling) + multi_action.clause_steps(1, generator.sampling)
    assert [(step, steps) for step, steps, _ in told] == [(number, total) for number in range(1, total + 1)]
    assert np.array_equal(told[-1][2](), joints)

    def cancel(step, steps, preview):
        assert preview().shape == (1, 60, 22, 3)
        if step == 14:
            raise Cancelled()

    with pytest.raises(Cancelled):
        generator.generate([TWO], 60, [1], on_step=cancel)


def whole_of(generator):
    return generator._decode(generator.draw([TWO], 15, [1], generator.sampling))


def test_guidance_and_the_published_sampling_see_the_sentence_as_a_whole(generator):
    flat = Guidance(lambda joints: joints.sum(dim=(1, 2, 3)) * 0, strength=0.0)
    whole = generator.generate([TWO], 60, [1], guidance=flat)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "sampling", PUBLISHED_SAMPLING)
        assert np.array_equal(generator.generate([TWO], 60, [1]), whole_of(generator))
    assert np.abs(whole - whole_of(generator)).max() < 1e-4
    assert np.abs(whole - generator.generate([TWO], 60, [1])).max() > 1e-3


@pytest.mark.parametrize(("clause_count", "steps"), [(1, 3), (2, 5), (3, 5)])
def test_clauses_of_a_row_are_drawn_in_more_steps_than_one_alone_where_that_is_said(clause_count, steps):
    config = SamplingConfig(steps=3, clause_steps=5)
    assert multi_action.for_clauses(clause_count, config).steps == steps
    assert multi_action.clause_steps(clause_count, config) == steps + (steps if clause_count > 1 else 0)
    assert multi_action.for_clauses(clause_count, SamplingConfig(steps=12)).steps == 12
