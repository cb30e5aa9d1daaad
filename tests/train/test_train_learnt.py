"""Which actions need no example: captions drawn with and without one, and what is noted of it."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.evaluate.open_set import OpenSet
from runtime.generate.examples_config import ExamplesConfig
from runtime.train import learnt
from runtime.train.learnt import MOST, Said, captions_of, gains_of, noted, taken_for_learnt, without_need

CONFIG = ExamplesConfig(("bowling", "skipping", "sawing"), (0, 1, 2), ("", "", ""), (1, 1, 1), "made")


class Examples:
    """Takes a caption for the action that it names; "tightly" is a sentence of ours."""

    config = CONFIG

    def may_need_none(self, caption, vector):
        return int(vector) if vector >= 0 and "tightly" not in caption else None


class Generator:
    """A motion's first joint stands as high as its action's number where it is shown an example, one lower without."""

    def __init__(self):
        self.examples, self.asked = Examples(), []

    def vectors(self, captions):
        names = CONFIG.actions
        return torch.tensor([next((n for n, name in enumerate(names) if name in one), -1) for one in captions])

    def are_learnt(self, captions):
        return ["strangely" not in one for one in captions]

    def generate(self, prompts, frames, seeds):
        self.asked += [(prompt, frames, seed) for prompt, seed in zip(prompts, seeds, strict=True)]
        motions = np.zeros((len(prompts), frames, 22, 3), np.float32)
        for row, action in enumerate(self.vectors(prompts).tolist()):
            motions[row, :, 0, 1] = action - (action in self.examples.config.learnt)
        return motions


def fit(recognizer, prompts, motions):
    """Best is the motion as high as the number of letters "!" in its prompt."""
    return -np.array([abs(m[0, 0, 1] - p.count("!")) for p, m in zip(prompts, motions, strict=True)])


def test_captions_that_are_learnt_and_read_as_an_action_are_drawn_so_many_of_each():
    said = [*(f"bowling {number}" for number in range(9)), "bowling tightly", "skipping strangely", "swims", "sawing"]
    motions = [np.zeros((20 + 4 * row, 22, 3), np.float32) for row in range(len(said))]
    clips = OpenSet(motions, [[one, one] for one in said], ["other"] * len(said), np.arange(len(said)))
    found = list(captions_of(clips, Generator()))
    assert [one.action for one in found].count(0) == MOST and [one.action for one in found].count(2) == 1
    assert len(found) == MOST + 1 and all(one.frames == 20 + 4 * said.index(one.caption) for one in found)
    assert found == list(captions_of(clips, Generator())), "always the same"


def test_what_an_example_gains_is_what_the_recogniser_says_more_of_it_than_without(monkeypatch):
    monkeypatch.setattr(learnt, "fit", fit)
    generator = Generator()
    told = [Said("skipping!", 20, 1), Said("skipping", 24, 1), Said("sawing!", 20, 2)]
    assert gains_of(told, generator, None) == {1: [1.0, -1.0], 2: [-1.0]}
    assert {(prompt, frames) for prompt, frames, _ in generator.asked} == {(one.caption, one.frames) for one in told}
    assert generator.examples.config is CONFIG


def test_it_is_taken_back_when_drawing_fails():
    generator = Generator()
    with pytest.raises(RuntimeError, match="torn"), taken_for_learnt(generator, (1,)):
        assert generator.examples.config.learnt == (1,)
        raise RuntimeError("torn")
    assert generator.examples.config is CONFIG


def test_an_action_needs_none_where_enough_captions_gain_nothing_on_average():
    gains = {4: [0.1, -0.2, 0.0], 1: [-1.0, -1.0], 2: [0.1, 0.1, -0.1], 0: [0.0, 0.0, 0.0]}
    assert without_need(gains) == (0, 4)


@dataclass(frozen=True)
class Plain:
    """A configuration as another file has it."""


def test_it_is_noted_in_the_file_whose_numbers_stay_to_the_bit(tmp_path):
    tensors = checkpoint.quantize({"tokens": torch.randn(80, 64), "bias": torch.randn(4)})
    checkpoint.save(tmp_path / "old.safetensors", "examples", CONFIG, tensors, {"note": 1})
    path = noted(tmp_path / "old.safetensors", tmp_path / "new" / "examples.safetensors", (2, 0))
    config, _, extra = checkpoint.load(path, "examples", ExamplesConfig)
    assert config == replace(CONFIG, learnt=(2, 0)) and extra == {"note": 1}
    assert all(torch.equal(value, tensors[name]) for name, value in checkpoint.stored(path).items())
    checkpoint.save(tmp_path / "other.safetensors", "generator", Plain(), tensors)
    with pytest.raises(WeightsError, match="generator"):
        noted(tmp_path / "other.safetensors", path, ())


def test_weights_without_examples_name_the_remedy(monkeypatch, tmp_path):
    loaded = SimpleNamespace(load=lambda *_: SimpleNamespace(examples=None))
    monkeypatch.setattr(learnt, "Generator", loaded)
    monkeypatch.setattr(learnt, "Recognizer", loaded)
    with pytest.raises(WeightsError, match="train examples"):
        learnt.note_learnt(tmp_path, tmp_path, weights=tmp_path)
