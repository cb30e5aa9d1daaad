"""How far a prompt is from what was learnt."""

from types import SimpleNamespace

import pytest
import torch

from coamd_blender.errors import WeightsError
from runtime.generate.vocabulary import FILE, Vocabulary, VocabularyConfig, representatives

WORDS = ("walks", "runs", "waves", "bows", "vaults")


def encoder(texts):
    """A stand-in: one axis a known word, so that sentences without a word in common are at right angles."""
    rows = torch.tensor([[float(word in text) for word in WORDS] for text in texts])
    return SimpleNamespace(pooled=torch.nn.functional.normalize(rows, dim=-1))


def learnt(far=0.5):
    captions = ("walks", "walks and runs", "runs", "waves")
    return Vocabulary(VocabularyConfig(captions, far), encoder(captions).pooled)


def test_distance_is_one_less_the_mean_cosine_of_the_three_nearest():
    near, strange = learnt().distances(["she walks", "he vaults"], encoder)
    assert near == pytest.approx(1 - (1 + 0.5**0.5 + 0) / 3, abs=1e-6) and strange == pytest.approx(1.0)


def test_a_strange_clause_is_named_with_what_is_nearest_and_known_ones_are_not():
    (found,) = learnt(0.55).unlearnt(["a man walks", "vaults and runs"], encoder)
    assert found.clause == "vaults and runs" and found.nearest[0] == "runs"
    assert str(found).startswith("'vaults and runs' is new to me: nearest are 'runs'")
    assert learnt(0.55).unlearnt(["a man walks"], encoder) == []


def test_it_is_the_same_when_read_back_and_refuses_a_file_that_does_not_fit(tmp_path):
    learnt().save(tmp_path)
    again = Vocabulary.load(tmp_path)
    assert again.config == learnt().config
    assert torch.allclose(again.vectors, learnt().vectors, atol=0.01)
    Vocabulary(VocabularyConfig(("walks",), 0.5), learnt().vectors).save(tmp_path)
    with pytest.raises(WeightsError, match=FILE):
        Vocabulary.load(tmp_path)


def test_representatives_cover_every_cluster_before_any_twice():
    torch.manual_seed(0)
    centres = torch.nn.functional.normalize(torch.randn(6, 32), dim=-1)
    cluster = torch.arange(6).repeat_interleave(20)
    points = torch.nn.functional.normalize(centres[cluster] + 0.02 * torch.randn(120, 32), dim=-1)
    assert sorted(cluster[representatives(points, 6)].tolist()) == list(range(6))
    assert len(representatives(points[:1].repeat(5, 1), 4)) == 1, "equal sentences stand once"


def test_a_prompt_is_as_far_as_its_farthest_clause():
    assert learnt().distance("a man walks, then vaults", encoder) == pytest.approx(1.0)
    assert learnt().distance("a man walks", encoder) == learnt().distances(["a man walks"], encoder)[0]


def test_captions_that_are_added_count_once_each_and_are_named_once():
    more = learnt().with_captions(["vault"] * 3, encoder(["vaults"] * 3).pooled)
    assert more.distance("he vaults", encoder) == pytest.approx(0.0, abs=1e-6)
    assert more.distance("she walks", encoder) == learnt().distance("she walks", encoder)
    (found,) = (
        learnt(-1.0).with_captions(["vault"] * 3, encoder(["vaults"] * 3).pooled).unlearnt(["he vaults"], encoder)
    )
    assert found.nearest == ("vault",)
