"""Sentences of two things done at once, taken apart, drawn, and laid over one another."""

from types import SimpleNamespace

import pytest
import torch
from generator_fakes import small_generator

from runtime.config import SamplingConfig
from runtime.generate import multi_action
from runtime.generate.examples import Likeliest
from runtime.generate.overlay import laid_over
from runtime.generate.together import Pair, pairs_of, possible

CLASSES = ("phone", "stroll", "march", "jack", "stand", "other")
WORDS = {
    "phone": "phone",
    "clap": "phone",
    "hand": "phone",
    "umbrella": "phone",
    "walk": "stroll",
    "hops": "stroll",
    "jack": "jack",
}
CONFIG = SamplingConfig(steps=2, solver_steps=1)


class Known:
    """A classifier by single words: phones and claps are of arms, walking leaves them free, jacks are both."""

    config = SimpleNamespace(actions=("phone_to_ear",), arms=(0,), bodies=(1, 2), compounds=((3, 0),))

    def likeliest(self, rows):
        return [Likeliest(row, 0.9, 0.9, 0.9 * (row == 0), 0.9 * (row in (1, 2))) for row in rows.tolist()]


def read(texts):
    found = [next((name for word, name in WORDS.items() if word in text), "other") for text in texts]
    return torch.tensor(
        [CLASSES.index("jack" if "jack" in text else name) for text, name in zip(texts, found, strict=True)]
    )


@pytest.mark.parametrize(
    ("sentence", "body", "arms"),
    [
        ("she walks while talking on the phone", "walks", "talking on the phone"),
        ("While he walks home, he holds a phone to his ear.", "walks home", "he holds a phone to his ear"),
        ("holding a phone, a man walks past", "walks past", "holding a phone"),
        ("a clerk walks along clapping", "walks along", "clapping"),
        ("he walks with one hand up", "walks", "one hand up"),
        ("a boy hops and claps at the same time", "hops", "claps"),
        ("a girl claps her hands as she walks", "walks", "a girl claps her hands"),
    ],
)
def test_a_sentence_of_two_things_is_taken_apart(sentence, body, arms):
    assert pairs_of([sentence], Known(), read) == [Pair(body, arms, kept_up=True)]


@pytest.mark.parametrize(
    "sentence",
    [
        "she walks to the window",
        "he talks on the phone",
        "holding the phone with both hands, he claps",  # arms alone
        "a man walks, turns and walks back",  # legs alone
        "jumping jacks: he hops while clapping",  # both, but an action of its own
        "walks with an umbrella",  # neither a part of the body nor a verb
    ],
)
def test_a_sentence_of_one_thing_stays_whole(sentence):
    assert pairs_of([sentence], Known(), read) == [Pair(sentence)]


def test_who_does_it_is_no_half():
    halves = {half for pair in possible("a waiter walking with a tray") for half in pair[:2]}
    assert "a waiter" not in halves and "walking with a" not in halves


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.setattr(multi_action, "pairs_of", lambda _, told: [Pair(*each.split(" | ")) for each in told])
    return small_generator()


def test_the_legs_are_those_of_the_body_drawn_alone_and_previews_have_its_rows(generator):
    seen = []
    drawn = multi_action.draw_clauses(
        generator, [["a man walks | waving"], ["a man runs"]], 10, [5, 6], CONFIG, lambda coarse: seen.append(coarse())
    )
    alone = generator.draw(["a man walks", "a man runs"], 10, [5, 6], CONFIG)
    assert {len(step) for step in seen} == {2} and drawn.shape == alone.shape
    torch.testing.assert_close(drawn[1], alone[1])  # a batch of another size may differ in the last bit
    assert (drawn[0] - alone[0]).abs().max() > 0.01
    waving = generator.draw(["waving"], 10, [multi_action.gesture_seed(5)], CONFIG)
    torch.testing.assert_close(
        drawn[:1], laid_over(generator.autoencoder, alone[:1], waving, [False]), atol=1e-4, rtol=1e-4
    )


def test_the_same_seed_draws_the_same_whatever_else_is_drawn(generator):
    alone = multi_action.draw_clauses(generator, [["a man walks | waving"]], 10, [5], CONFIG)
    beside = multi_action.draw_clauses(
        generator, [["he runs | clapping"], ["a man walks | waving"]], 10, [4, 5], CONFIG
    )
    torch.testing.assert_close(alone[0], beside[1])


def test_laying_over_keeps_count_and_frames(generator):
    tokens = generator.draw(["a", "b"], 7, [1, 2], CONFIG)
    assert laid_over(generator.autoencoder, tokens[:1], tokens[1:], [True]).shape == (1, 7, 11)
