"""Sentences parted by the spans of a tagger, and how prompts are drawn by them."""

import pytest
import torch
from generator_fakes import small_generator

from runtime.generate import clause_reader
from runtime.generate.clause_reader import Clause, ClauseReader, clauses_of
from runtime.generate.examples import Likeliest
from runtime.generate.multi_action import LONGEST, pairs_of, parted
from runtime.model.clause_tagger import Span
from runtime.weights import BUNDLED

OURS, OTHER = Likeliest(0, 1.0, 1.0, 0.0, 0.0), Likeliest(1, 0.6, 0.6, 0.0, 0.0)


def spans(sentence, *told):
    """Spans of words of a sentence: (words, relation, arms, chance)."""
    return [
        Span(sentence.index(words), sentence.index(words) + len(words), relation, arms, chance)
        for words, relation, arms, chance in told
    ]


@pytest.mark.parametrize(
    ("sentence", "told", "found"),
    [
        ("he walks, sits", [("walks", "next", False, 0.9), ("sits", "next", False, 0.9)], ["he walks", "sits"]),
        ("sits after walking", [("sits", "next", False, 0.9), ("walking", "before", False, 0.6)], ["walking", "sits"]),
        ("he walks, limping", [("walks", "next", False, 0.9), ("limping", "next", False, 0.6)], ["he walks, limping"]),
        ("walks, then sits", [("walks", "next", False, 0.9), ("sits", "next", False, 0.6)], ["walks", "sits"]),
        ("it rains", [], ["it rains"]),
    ],
)
def test_a_sentence_is_parted_where_something_surely_begins(sentence, told, found):
    assert [clause.text for clause in clauses_of(sentence, spans(sentence, *told))] == found


@pytest.mark.parametrize(
    ("chances", "found"),
    [
        ((0.4, 0.45), ["stands", "suddenly jumps"]),  # one of the two it is
        ((0.2, 0.3), ["stands, then suddenly jumps"]),
        ((0.7, 0.2), ["stands", "suddenly jumps"]),  # surely the first: the second goes on with it
        ((0.2, 0.9), ["stands, then suddenly", "jumps"]),  # surely the second
    ],
)
def test_what_begins_at_one_of_two_neighbouring_words_is_as_likely_as_both_together(chances, found):
    sentence, (first, second) = "stands, then suddenly jumps", chances
    told = [
        ("stands", "next", False, 0.9), ("suddenly", "next", False, first), ("jumps", "next", False, second)
    ]  # fmt: skip
    assert [clause.text for clause in clauses_of(sentence, spans(sentence, *told))] == found


def test_words_with_a_comma_between_them_do_not_adjoin():
    sentence, told = "walks,jumps", [("walks", "next", False, 0.4), ("jumps", "next", False, 0.4)]
    judged = {"walks": surely(0), "jumps": surely(2)}
    assert [clause.text for clause in clauses_of(sentence, spans(sentence, *told), judged)] == ["walks", "jumps"]


def test_words_that_do_not_adjoin_or_are_of_arms_stay_apart():
    for sentence, arms in (("stands, then suddenly he jumps", False), ("stands, then suddenly jumps", True)):
        told = [("stands", "next", False, 0.9), ("suddenly", "next", False, 0.4), ("jumps", "next", arms, 0.45)]
        assert [clause.text for clause in clauses_of(sentence, spans(sentence, *told))] == [sentence]


def test_what_is_done_at_once_is_one_clause_of_two_halves():
    sentence = "he bows, then waving he walks off"
    told = [("bows", "next", False, 0.9), ("waving", "next", True, 0.9), ("walks off", "with", False, 0.9)]
    assert clauses_of(sentence, spans(sentence, *told)) == [
        Clause("he bows"),
        Clause("waving he walks off", "walks off", "waving"),
    ]


WALK, TURN, JUMP = range(3)


def surely(number):
    return Likeliest(number, 1.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("sentence", "told", "judged", "found"),
    [
        (  # a way that bends is one
            "walks on, then turns left",
            [("walks on", "next", False, 1.0), ("turns left", "next", False, 1.0)],
            {"walks on": WALK, "turns left": TURN},
            ["walks on, then turns left"],
        ),
        (
            "walks on, then turns",
            [("walks on", "next", False, 1.0), ("turns", "next", False, 1.0)],
            {"walks on": WALK, "turns": TURN},
            ["walks on", "turns"],
        ),
        (  # in words of ways, whatever else they may mean
            "walks on, then swings leftward",
            [("walks on", "next", False, 1.0), ("swings leftward", "next", False, 1.0)],
            {"walks on": WALK, "swings leftward": JUMP},
            ["walks on, then swings leftward"],
        ),
        (
            "walks on, then swings his left arm",
            [("walks on", "next", False, 1.0), ("swings his left arm", "next", False, 1.0)],
            {"walks on": WALK, "swings his left arm": JUMP},
            ["walks on", "swings his left arm"],
        ),
        (  # surely two things, though hardly a beginning
            "walks and jumps",
            [("walks", "next", False, 1.0), ("jumps", "next", False, 0.4)],
            {"walks": WALK, "jumps": JUMP},
            ["walks", "jumps"],
        ),
        (
            "jumps, leaps",
            [("jumps", "next", False, 1.0), ("leaps", "next", False, 0.95)],
            {"jumps": JUMP, "leaps": JUMP},
            ["jumps, leaps"],
        ),
        (  # landing is what jumping ends in
            "jumps, and after landing he walks",
            [("jumps", "next", False, 1.0), ("landing", "next", False, 1.0), ("walks", "before", False, 1.0)],
            {"jumps": JUMP, "landing": JUMP, "walks": WALK},
            ["jumps", "walks"],
        ),
    ],
)
def test_what_the_spans_surely_tell_of_counts(sentence, told, judged, found):
    known = {words: surely(number) for words, number in judged.items()}
    clauses = clauses_of(sentence, spans(sentence, *told), known, paths=(WALK, TURN))
    assert [clause.text for clause in clauses] == found


def test_sentences_of_their_own_behind_what_is_done_are_asides():
    sentence = "Boot the door in. It has it coming"
    told = [("Boot the door in", "next", False, 1.0)]
    assert [clause.text for clause in clauses_of(sentence, spans(sentence, *told))] == ["Boot the door in"]


def test_halves_that_are_told_apart_are_joined():
    sentence = "walks after bowing, one hand up"
    told = [("walks", "next", False, 0.9), ("bowing", "before", False, 0.9), ("one hand up", "with", True, 0.9)]
    assert [clause.text for clause in clauses_of(sentence, spans(sentence, *told))] == ["bowing, one hand up", "walks"]


def test_what_plainly_follows_is_done_later(monkeypatch):
    told = [("bows", "next", False, 1.0), ("leaving", "before", False, 1.0)]
    for sentence, order in (
        ("bows before leaving", ["bows", "leaving"]),
        ("bows, not before leaving", ["leaving", "bows"]),
        ("bows after leaving", ["leaving", "bows"]),
    ):
        monkeypatch.setattr(clause_reader, "spans_of", lambda *asked, sentence=sentence: [spans(sentence, *told)])
        (read,) = ClauseReader(None, None).read([sentence])
        assert [clause.text for clause in read] == order


class Told(ClauseReader):
    """A reader that knows its sentences by heart."""

    def __init__(self, **known):
        self.known = known

    def read(self, sentences, judge=None, paths=()):
        return [self.known.get(sentence.replace(" ", "_"), [Clause(sentence)]) for sentence in sentences]


class Known:
    """Examples that take one sentence for an action of theirs."""

    class config:
        arms = paths = ()

    def __init__(self, whole):
        self.whole = whole

    def likeliest(self, texts):
        return [OURS if text == self.whole else OTHER for text in texts]

    def is_one(self, whole, clauses):
        return whole is OURS and OURS not in clauses


@pytest.fixture
def generator():
    made = small_generator()
    made.clause_reader = Told(bends_and_rises=[Clause("bends"), Clause("rises")])
    return made


def test_a_prompt_is_drawn_by_the_clauses_that_are_read(generator):
    assert parted(generator, ["bends and rises", "walks, then sits"], LONGEST) == [
        ["bends", "rises"],
        ["walks, then sits"],
    ]


def test_without_time_for_all_clauses_a_prompt_is_drawn_as_a_whole(generator):
    assert parted(generator, ["bends and rises"], 9) == [["bends and rises"]]


def test_one_action_told_move_by_move_is_one_clause(generator):
    generator.examples, generator.vectors = Known("bends and rises"), list
    assert parted(generator, ["bends and rises"], LONGEST) == [["bends and rises"]]
    generator.examples = Known("rises")
    assert parted(generator, ["bends and rises"], LONGEST) == [["bends", "rises"]]


def test_without_a_tagger_words_alone_part_a_prompt(generator):
    generator.clause_reader = None
    assert parted(generator, ["walks, then sits"], LONGEST) == [["walks", "sits"]]


def test_a_reader_is_of_its_own_text_encoder(tmp_path):
    assert ClauseReader.beside(tmp_path, small_generator().text_encoder) is None
    assert ClauseReader.beside(BUNDLED, torch.nn.Identity()) is None


def test_the_bundled_reader_reads_as_a_person_does():
    reader = ClauseReader.beside(BUNDLED, small_generator().text_encoder)
    told = reader.read(
        [
            "A postman strolls up the path, rings the bell and walks off.",
            "she sat down after taking off her coat",
            "he nods",
        ]
    )
    assert [[clause.text for clause in own] for own in told[1:]] == [
        ["taking off her coat", "she sat down"],
        ["he nods"],
    ]
    assert len(told[0]) == 3
    assert pairs_of(small_generator(), ["he nods"])[0].body == "he nods"
