"""What is told of clips and sentences that do not go together."""

from pathlib import Path

import pytest
import torch

from runtime.generate.generator import WEIGHTS
from runtime.generate.taught import Shown
from runtime.model.text_encoder import TextEncoder
from runtime.teach.conflicts import UNLIKE, contradictions
from runtime.teach.lessons import Clip

ENCODER = TextEncoder.load(WEIGHTS)


def told(*clips, manner=None):
    """Clips of (height of all tokens, sentence): how far apart two are is the difference of their heights."""
    made = [Clip(Path(f"{number}.bvh"), None, (sentence,)) for number, (_, sentence, *_) in enumerate(clips)]
    shown = [
        Shown(torch.full((rest[0] if rest else 6, 1), float(height)), (sentence,), number)
        for number, (height, sentence, *rest) in enumerate(clips)
    ]
    return contradictions(made, shown, ENCODER, manner)


def test_one_sentence_for_two_motions_is_told():
    lines = told((0, "he does the jig"), (0.5, "he does the jig"), (UNLIKE + 1, "he does the jig"))
    assert lines == [
        f"{name} and 2.bvh are unlike, and one sentence tells both: give them a sentence each"
        for name in ("0.bvh", "1.bvh")
    ]


@pytest.mark.parametrize(("other", "lines"), [("someone crawls under the table", 1), ("a man does a jig", 0)])
def test_two_sentences_for_one_motion_are_told_unless_they_mean_the_same(other, lines):
    found = told((0, "he does the jig"), (0.5, other))
    assert len(found) == lines and all("0.bvh and 1.bvh are alike" in line for line in found)


def test_nothing_is_told_of_one_clip_or_of_lengths_that_cannot_be_compared():
    assert told((0, "he does the jig")) == []
    assert told((0, "he does the jig"), (UNLIKE + 9, "he does the jig", 20)) == []


@pytest.mark.parametrize(("manner", "lines"), [(None, 0), (True, 0), (False, 1)])
def test_the_clips_of_a_manner_may_be_unlike(manner, lines):
    runs = (0, "she runs like our goblin"), (UNLIKE + 1, "she runs like our goblin")
    found = told(*runs, (3 * UNLIKE, "she waves like our goblin"), manner=manner)
    assert len(found) == lines and all("0.bvh and 1.bvh are unlike" in line for line in found)


def test_a_manner_of_one_sentence_is_told_once_what_its_sentences_must():
    clips = [(number * (UNLIKE + 1), "she is our goblin") for number in range(3)]
    lines = told(*clips, manner=True)
    assert len(lines) == 1 and lines[0].startswith("0.bvh and 1.bvh are unlike, ")
    assert "say of each what is done, and the manner" in lines[0] and "a sentence each" not in lines[0]
