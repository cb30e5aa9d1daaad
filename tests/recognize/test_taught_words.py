"""What a motion is called by the sentences of taught clips, and which clips words ask for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from coamd_blender.errors import InputError
from runtime.generate.style import Style, StyleConfig
from runtime.recognize.agreement import Agreement, Curve
from runtime.recognize.taught_words import TaughtWords

SENTENCES = ("a person does the jig", "a person bows")
EVEN_AT_SIX = Agreement("r", Curve(1.0, 0.0), Curve(10.0, -10.0 * float(np.arctanh(0.6))))


def style(*vectors, digest="r"):
    told = tuple((1, clip, (SENTENCES[min(clip, 1)],)) for clip in range(len(vectors)))
    config = StyleConfig("s", "", 0, SENTENCES, tuple("ab"), shown=told, seen_by=digest)
    return Style(config, {}, torch.ones(len(vectors), 2), torch.tensor(vectors, dtype=torch.float32))


def encoder(texts):
    """One axis a word that counts."""
    axes = [[float(word in text) for word in ("jig", "bows", "walks")] for text in texts]
    return SimpleNamespace(pooled=torch.tensor(axes))


def test_a_motion_is_called_by_the_nearest_clip_of_each_sentence_if_it_likely_is_one():
    words = TaughtWords.of([style((1, 0, 0), (0, 1, 0), (0, 0.8, 0.6))], "r")
    named = words.named(np.array([0.0, 0.8, 0.6], np.float32), EVEN_AT_SIX)
    assert [sentence for sentence, _ in named] == ["a person bows"] and named[0][1] > 0.99
    both = words.named(np.array([0.707, 0.707, 0.0], np.float32), EVEN_AT_SIX)
    assert {sentence for sentence, _ in both} == set(SENTENCES)
    assert words.named(np.array([0.0, 0.0, -1.0], np.float32), EVEN_AT_SIX) == []


def test_words_ask_for_the_mean_of_their_clips_or_for_none():
    words = TaughtWords.of([style((1, 0, 0), (0, 1, 0), (0, 0, 1))], "r")
    assert words.asked("someone bows", encoder) == pytest.approx(np.array([0, 1, 1]) / 2**0.5)
    assert words.asked("she walks", encoder) is None


def test_what_cannot_be_known_is_refused():
    with pytest.raises(InputError, match="'s' was not taught to this recogniser - Teach it again"):
        TaughtWords.of([style((1, 0, 0), digest="another")], "r")
    with pytest.raises(InputError, match="train agreement"):
        TaughtWords.of([style((1, 0, 0))], "r").named(np.array([1, 0, 0], np.float32), None)


def test_a_style_keeps_what_was_seen(tmp_path):
    written = style((1, 0, 0), (0, 1, 0))
    written.save(tmp_path / "s.safetensors")
    read = Style.load(tmp_path / "s.safetensors")
    assert torch.equal(read.seen, written.seen) and read.config.seen_by == "r"
