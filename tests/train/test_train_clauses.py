"""Tags of marked sentences, and phrases of actions as sentences of one clause."""

import numpy as np
import pytest

from runtime.captions.marked import TRAIN, marked_of, read_marked
from runtime.model.clause_tagger import TAGS, Span, in_order, words_of
from runtime.train.clauses import make_clauses, single_actions, tags_of
from runtime.weights import BUNDLED


def named(line):
    return [TAGS[tag] for tag in tags_of(marked_of(line))]


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("he [1 walks in] and [2 sits]", "out next in out next"),
        ("he [2 sits] after [1 walking in]", "out next out before in"),
        ("[1a walks], [1b waving a flag]", "next out with_arms in in"),
        ("[1b arms up], he [1a walks]", "next_arms in out out with"),
        ("[1 jumps] [2 lands]", "next next"),
    ],
)
def test_marks_become_tags(line, tags):
    assert named(line) == tags.split()


def test_tags_tell_the_order_that_is_marked():
    told, kept = read_marked(TRAIN), 0
    for each in told:
        places = iter(mark.order for mark in each.marks)
        spans = [
            Span(next(places), 0, TAGS[tag].partition("_")[0], TAGS[tag].endswith("_arms"), 1.0)
            for tag, _ in zip(tags_of(each), words_of(each.text), strict=True)
            if TAGS[tag] not in ("out", "in")
        ]
        orders = [row[0].begin for row in in_order(spans)]
        kept += orders == sorted(set(orders))
    assert kept > 0.97 * len(told)  # two that come before a third, told after it, cannot be told


def test_phrases_are_sentences_of_one_clause_without_who_acts():
    told = [each for seed in range(20) for each in single_actions(60, np.random.default_rng(seed))]
    assert len(told) == 20 * 60
    assert sum(" and " in each.text or "," in each.text for each in told) >= 20 * 40
    for each in told:
        (mark,) = each.marks
        assert mark.end == len(each.text) and not set("{}*") & set(each.text)
        begins = each.text[mark.begin :].lower()
        assert not begins.startswith(("is ", "someone ", "a man ", "a woman ", "the girl ", "a person "))


def test_training_writes_a_tagger_that_loads(tmp_path, monkeypatch):
    from runtime.generate.clause_reader import ClauseReader
    from runtime.model.text_encoder import TextEncoder
    from runtime.train import clauses

    few = read_marked(TRAIN)[:60]
    monkeypatch.setattr(clauses, "read_marked", lambda path: few)
    monkeypatch.setattr(clauses, "PHRASES", 10)
    path = make_clauses(tmp_path, weights=BUNDLED, epochs=1)
    assert path.parent == tmp_path
    reader = ClauseReader.beside(tmp_path, TextEncoder.load(BUNDLED))
    assert len(reader.read(["he walks, then sits"])) == 1
