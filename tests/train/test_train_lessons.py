"""Lessons of what the student meets in use: states of its own drawings, each with what it was told there."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from runtime import checkpoint
from runtime.config import FAST_SAMPLING, AutoencoderConfig, GeneratorConfig
from runtime.model.autoencoder import Autoencoder
from runtime.model.generator import MotionGenerator
from runtime.model.sampling import kept_after
from runtime.train import lessons
from runtime.weights import BUNDLED

CODER = AutoencoderConfig(width=16, latent_dim=8, residual_blocks=1)
NETWORKS = GeneratorConfig(
    token_dim=11, width=16, layers=2, heads=2, feedforward=32, text_dim=768, head_width=16, head_blocks=1
)
CAPTIONS = ["a man walks forward", "someone waves", "a person walks, then sits down", "she bows"]


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    checkpoint.save(folder / "autoencoder.safetensors", "autoencoder", CODER, Autoencoder(CODER).state_dict())
    teacher = MotionGenerator(NETWORKS).state_dict()
    checkpoint.save(folder / "generator.safetensors", "generator", NETWORKS, teacher)
    for name in ("text_encoder.safetensors", "tokenizer.json"):
        (folder / name).symlink_to(BUNDLED / name)
    student = MotionGenerator(replace(NETWORKS, distilled=True))
    for parameter in student.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return lessons.Practice(folder, student, CAPTIONS, 60)


def test_sentences_are_of_captions_that_tell_one_action(practice):
    assert practice.captions == ["a man walks forward", "someone waves", "she bows"]


@pytest.mark.parametrize("clause_count", [1, 2])
def test_a_row_shows_what_was_drawn_up_to_one_of_the_steps(practice, monkeypatch, clause_count):
    monkeypatch.setattr(lessons, "CLAUSES", (clause_count,))
    monkeypatch.setattr(lessons, "PASSAGE_SHARE", 0.0)
    practice._drawing = -1, None
    lesson, text = practice.lesson(0)
    count = lesson.tokens.shape[1]
    drawn_in = FAST_SAMPLING.steps if clause_count == 1 else FAST_SAMPLING.clause_steps
    steps = [count - kept_after(step, drawn_in, count) for step in range(drawn_in)]
    hidden = lesson.hidden.sum(dim=1).tolist()
    assert set(hidden) <= set(steps) and lesson.valid.all() and lesson.skipping
    assert all(later < before for before, later in pairwise(steps))
    assert (lesson.weight == FAST_SAMPLING.guidance_weight).all()
    assert len(text.tokens) == len(lesson.tokens) and (lesson.tokens[lesson.hidden] == 0).all()
    shown = lesson.tokens[~lesson.hidden]
    assert not len(shown) or shown.abs().max() > 0
    again, _ = practice.lesson(0)
    assert torch.equal(again.tokens, lesson.tokens)
    assert not torch.equal(practice.lesson(1)[0].hidden, lesson.hidden), "other steps of the same drawing"


def test_passages_are_taught_without_a_text_between_what_stays(practice, monkeypatch):
    monkeypatch.setattr(lessons, "CLAUSES", (2,))
    monkeypatch.setattr(lessons, "PASSAGE_SHARE", 1.0)
    practice._drawing = -1, None
    lesson, _ = practice.lesson(20)
    assert (lesson.weight == 0).all() and not lesson.skipping
    assert not lesson.hidden[:, 0].any() and not lesson.hidden[:, -1].any()
