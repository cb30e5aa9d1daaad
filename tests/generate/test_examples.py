"""Which example a clause is shown, how much of it, and that the rest is drawn around it."""

import pytest
import torch

from coamd_blender.errors import WeightsError
from runtime.generate.examples import FILE, SHOWN, Examples, ExamplesConfig, difference, told_by

WORDS = ("salutes", "left", "right", "walks", "bowls", "twice", "vaults")
SENTENCES = ("salutes", "salutes with the left hand", "salutes with the right hand", "walks", "bowls", "bowls twice")
EXAMPLE = (0, 1, 2, -1, 3, 4)
LENGTHS = (6, 8, 8, 5, 30)


def vectors(texts):
    """One axis a known word, so that sentences without a word in common are at right angles."""
    rows = torch.tensor([[float(word in text) for word in WORDS] for text in texts])
    return torch.nn.functional.normalize(rows, dim=-1)


def learnt():
    config = ExamplesConfig(SENTENCES, EXAMPLE, LENGTHS, "coder")
    numbers = torch.repeat_interleave(torch.arange(len(LENGTHS)), torch.tensor(LENGTHS)).float()
    places = torch.cat([torch.arange(length) for length in LENGTHS]).float()
    return Examples(config, vectors(SENTENCES), torch.stack([numbers, places], dim=1))


def number_of(clause, count=10, seed=0):
    found = learnt().of(clause, vectors([clause])[0], count, seed)
    return None if found is None else int(found[0, 0])


def test_a_sentence_is_shown_its_own_example():
    assert number_of("he salutes") == 0 and number_of("she bowls") == 3


def test_the_side_that_is_asked_for_decides():
    assert number_of("salutes, the left hand up") == 1 and number_of("salutes, the right hand up") == 2


def test_a_count_that_is_asked_for_decides():
    assert number_of("bowls twice") == 4


def test_what_is_done_from_words_alone_is_shown_nothing():
    assert number_of("a man walks") is None


def test_what_is_near_to_nothing_is_shown_nothing():
    assert number_of("she vaults") is None


def test_differences_count_more_the_more_they_mislead():
    left, right, none = map(told_by, ("with the left hand", "with the right hand", "with a hand"))
    assert difference(left, left) == 0 < difference(none, left) < difference(left, none) < difference(left, right)


def test_the_seed_chooses_among_examples_as_near():
    config = ExamplesConfig(("bowls", "bowls", "bowls", "bowls"), (0, 1, 2, 3), (4, 4, 4, 40), "coder")
    numbers = torch.repeat_interleave(torch.arange(4), torch.tensor([4, 4, 4, 40])).float()[:, None]
    examples = Examples(config, vectors(["bowls"] * 4), numbers)
    found = {int(examples.of("bowls", vectors(["bowls"])[0], 6, seed)[0, 0]) for seed in range(6)}
    assert found == {0, 1, 2}  # the last is far too long


@pytest.mark.parametrize("count", [4, 8, 20])
def test_a_share_is_shown_in_its_order_and_the_rest_is_to_be_drawn(count):
    known = learnt().shown(["salutes", "walks"], vectors(["salutes", "walks"]), count, [3, 3])
    given = known.given.all(dim=-1)
    assert torch.equal(known.given.any(dim=-1), given) and not given[1].any()
    length = min(LENGTHS[0], count)
    assert given[0].sum() == max(1, round(SHOWN * length))
    places = torch.nonzero(given[0])[:, 0]
    told = known.tokens[0, places, 1]
    assert torch.equal(told - told[0], (places - places[0]).float())  # in time as in the example


def test_nothing_to_show_is_told_as_nothing():
    assert learnt().shown(["walks"], vectors(["walks"]), 8, [0]) is None


def test_a_clause_is_shown_the_same_whatever_else_is_asked_for():
    alone = learnt().shown(["salutes"], vectors(["salutes"]), 9, [5])
    among = learnt().shown(["bowls", "salutes"], vectors(["bowls", "salutes"]), 9, [1, 5])
    assert torch.equal(alone.tokens[0], among.tokens[1]) and torch.equal(alone.given[0], among.given[1])


def test_it_is_the_same_when_read_back_and_another_autoencoder_is_refused(tmp_path):
    learnt().save(tmp_path)
    again = Examples.beside(tmp_path, "coder")
    assert again.config == learnt().config
    known, was = (each.shown(["bowls"], vectors(["bowls"]), 9, [5]) for each in (again, learnt()))
    assert torch.equal(known.tokens, was.tokens)
    with pytest.raises(WeightsError, match=r"another autoencoder.*train examples"):
        Examples.beside(tmp_path, "other coder")
    assert Examples.beside(tmp_path / "none", "coder") is None


def test_a_file_that_does_not_fit_is_refused(tmp_path):
    config = ExamplesConfig(("bowls",), (3,), (4,), "coder")
    Examples(config, vectors(["bowls"]), torch.zeros(4, 2)).save(tmp_path)
    with pytest.raises(WeightsError, match=f"{FILE} does not fit"):
        Examples.beside(tmp_path, "coder")
