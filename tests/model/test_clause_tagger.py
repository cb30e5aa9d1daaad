"""Words tagged: what the tags mean, the way through them, and the order that they tell."""

import itertools

import pytest
import torch

from runtime.config import ClauseTaggerConfig
from runtime.model.clause_tagger import (
    IN,
    OUT,
    TAGS,
    ClauseTagger,
    Span,
    in_order,
    likeliest,
    padded,
    spans_of,
    word_features,
    words_of,
)
from runtime.model.text_encoder import TextEncoder
from runtime.weights import BUNDLED

NEXT, BEFORE, WITH_ARMS = TAGS.index("next"), TAGS.index("before"), TAGS.index("with_arms")


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder.load(BUNDLED)


def span(begin, relation="next"):
    return Span(begin, begin + 1, relation, False, 1.0)


def test_words_and_marks_are_told_apart():
    sentence = "he's in, waves"
    assert [sentence[begin:end] for begin, end in words_of(sentence)] == ["he's", "in", ",", "waves"]


def test_a_word_has_the_mean_of_its_tokens(encoder):
    sentence = "he somersaults twice"
    encodings, _, states = encoder.states([sentence])
    pieces = [token for token, (begin, end) in enumerate(encodings[0].offsets) if 3 <= begin < end <= 14]
    assert len(pieces) > 1
    wanted = torch.cat([states[depth][0, pieces].mean(dim=0) for depth in (0, 2, 4, 6)])
    torch.testing.assert_close(word_features(encoder, [sentence])[0][1], wanted)


def test_features_do_not_depend_on_what_is_read_beside(encoder):
    alone, _ = word_features(encoder, ["waves"]), None
    torch.testing.assert_close(
        word_features(encoder, ["waves", "he walks up and down the long hall"])[0], alone[0], atol=1e-4, rtol=1e-3
    )


def test_a_sentence_past_the_longest_is_read_as_far_as_it_goes(encoder):
    (features,) = word_features(encoder, ["walk " * 100])
    assert len(features) == 100 and features[0].any() and not features[-1].any()


@pytest.mark.parametrize("seed", range(5))
def test_the_likeliest_tags_are_the_best_of_all_rows_that_may_be(seed):
    told = torch.randn(4, len(TAGS), generator=torch.Generator().manual_seed(seed)).log_softmax(dim=1)

    def may_be(tags):
        first = next((tag for tag in tags if tag != OUT), NEXT)
        goes_on = all(after != IN or before != OUT for before, after in itertools.pairwise((OUT, *tags)))
        return goes_on and (TAGS[tags[0]].startswith("next") or tags[0] == OUT) and first != IN

    every = [tags for tags in itertools.product(range(len(TAGS)), repeat=4) if may_be(tags)]
    best = max(every, key=lambda tags: sum(told[place, tag] for place, tag in enumerate(tags)))
    assert likeliest(told) == list(best)


@pytest.mark.parametrize(
    ("relations", "order"),
    [
        (["next", "next", "next"], [[0], [1], [2]]),
        (["next", "before"], [[1], [0]]),  # "sits after walking"
        (["next", "before", "next"], [[1], [2], [0]]),  # "sits after walking in and bowing"
        (["next", "with", "next"], [[0, 1], [2]]),
        (["next", "next", "before", "with"], [[0], [2, 3], [1]]),
        ([], []),
    ],
)
def test_spans_are_put_in_the_order_that_they_are_done_in(relations, order):
    spans = [span(place, relation) for place, relation in enumerate(relations)]
    assert [[one.begin for one in row] for row in in_order(spans)] == order


def test_a_tagger_gives_log_probabilities_that_do_not_depend_on_padding():
    torch.manual_seed(0)
    tagger = ClauseTagger(ClauseTaggerConfig(features=6, width=4)).eval()
    words = [torch.randn(length, 6) for length in (3, 7)]
    told = tagger(*padded(words))
    torch.testing.assert_close(told.exp().sum(dim=-1), torch.ones(2, 7, 2))
    torch.testing.assert_close(told[0, :3], tagger(*padded(words[:1]))[0])


def test_of_no_words_there_are_no_spans(encoder):
    tagger = ClauseTagger(ClauseTaggerConfig()).eval()
    assert spans_of(tagger, encoder, ["", "  "]) == [[], []]
    assert spans_of(tagger, encoder, []) == []
