"""The benchmark of manners: which takes teach, and what its judges see."""

import numpy as np
import pytest
from synthetic_motions import bowing, kicking, squatting, waving

from coamd_blender.errors import DataError
from runtime.evaluate import manners
from runtime.evaluate.teaching import seen_through


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


def test_too_few_takes_are_refused():
    class Prepared:
        clips = ()

    with pytest.raises(DataError, match="too few takes of 'walk, active'"):
        manners.takes_of(Prepared)
