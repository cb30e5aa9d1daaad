"""The benchmark of manners: which takes teach, and what its judges see."""

import numpy as np
import pytest
import torch
from synthetic_motions import bowing, kicking, squatting, waving

from coamd_blender.errors import DataError
from runtime.evaluate import manners
from runtime.evaluate.teaching import seen_through
from runtime.generate.style import Style, StyleConfig
from runtime.teach.teach import TeachSettings


class Through:
    """An autoencoder that loses nothing."""

    def reconstruct(self, joints):
        return joints


class Extents:
    """Embeds a motion by how low its pelvis, how high its wrists and feet and how far its head come, and its size."""

    def motions(self, motions):
        return np.stack(
            [[m[:, 0, 1].min(), m[:, 20:22, 1].max(), m[:, 10:12, 1].max(), m[:, 15, 2].max(), np.ptp(m[:, 15, 1])]
             for m in motions]
        )  # fmt: skip


MADE = {"walk": squatting, "run": kicking, "wave": waving, "other": bowing}


def takes():
    """Eight of each label, the manner "wide" half as large again."""
    return {
        f"{label}, {manner}": [size * MADE[kind](2.0 + 0.05 * take) for take in range(8)]
        for kind, labels in manners.KINDS.items() for label in labels
        for manner, size in (("wide", np.float32(1.5)), ("normal", np.float32(1)))
    }  # fmt: skip


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(manners, "MANNERS", ("wide",))
    return manners.MannerBench(Through(), takes(), Extents())


def test_the_judges_name_manner_and_action_of_what_they_have_not_seen(bench):
    assert bench.accuracy == [1.0, 1.0]
    seen = bench.named([seen_through(Through(), motion) for motion in (waving(2.2), 1.5 * kicking(2.3))])
    assert seen == [("normal", "wave"), ("wide", "run")]


def test_every_other_take_teaches_with_the_manner_in_its_sentence(bench):
    clips = manners.taught_clips(bench, "wide")
    assert len(clips) == 3 * manners.CLIPS and {sentence for clip in clips for sentence in clip.sentences} == {
        "a person walks in our wide way", "a person runs in our wide way", "a person waves in our wide way",
    }  # fmt: skip
    assert [len(clip.joints) for clip in clips[:4]] == [len(squatting(2.0 + 0.1 * take)) for take in range(4)]


def test_a_style_is_taught_once_and_an_interrupted_teaching_is_told(bench, monkeypatch, tmp_path):
    calls = []

    class Generator:
        digest = "1" * 64

    class Options:
        cache = tmp_path / "cache"
        generator = staticmethod(Generator)

    def teach(generator, clips, out, *, name, settings):
        calls.append((name, settings.steps, len(clips)))
        if not settings.steps:
            return None
        told = ((3, 0, ("a person walks in our wide way",)),)
        style = Style(StyleConfig(name, generator.digest, 0, ("a",), ("a",), shown=told), {}, torch.ones(3, 4))
        style.save(out)
        return style

    monkeypatch.setattr(manners, "teach", teach)
    clips = manners.taught_clips(bench, "wide")
    made = [manners.taught_style(Options, "wide", clips, TeachSettings(steps=5)) for _ in range(2)]
    assert calls == [("wide", 5, 12)] and [style.config.name for style in made] == ["wide", "wide"]
    with pytest.raises(DataError, match="was stopped - Run the benchmark again"):
        manners.taught_style(Options, "wide", clips, TeachSettings(steps=0))


def test_too_few_takes_are_refused():
    class Prepared:
        clips = ()

    with pytest.raises(DataError, match="too few takes of 'walk, active'"):
        manners.takes_of(Prepared)
