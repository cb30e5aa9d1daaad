"""Sentences are taken apart and said again without a change of what they tell."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from runtime import captions as room
from runtime.grammar.inflection import gerund, mirrored
from runtime.grammar.sentences import (
    captions_of,
    counts,
    in_form,
    past_form,
    roughened,
    told,
    uncounted,
    verbs,
)

ROWS = list(csv.DictReader((Path(room.__file__).parent / "segments.csv").open(encoding="utf-8", newline="")))
SENTENCES = sorted({text.strip() for row in ROWS for text in row["sentences"].split("|")})


def test_a_sentence_is_taken_apart():
    found = told("Standing still, a woman raises her right hand and waves twice")
    assert (found.lead, found.subject, found.their) == ("standing still", "a woman", "her")
    assert found.phrase == "*raises* {their} right hand and *waves* twice"
    assert not found.bound
    assert found.full == "*raises* {their} right hand and *waves* twice, standing still"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("third", "standing still, he raises his right hand and waves twice"),
        ("progressive", "standing still, he is raising his right hand and waving twice"),
        ("imperative", "standing still, raise your right hand and wave twice"),
        ("past", "standing still, he raised his right hand and waved twice"),
        ("telegraphic", "raise right hand and wave twice, standing still"),
    ],
)
def test_forms_of_a_sentence(form, said):
    assert in_form(told("Standing still, a woman raises her right hand and waves twice"), "he", "his", form) == said


def test_nouns_and_other_peoples_verbs_are_not_inflected():
    assert told("Someone lowers both arms and hands while a partner spins").phrase == (
        "*lowers* both arms and hands while a partner spins"
    )
    assert told("A man takes two steps, turns and stops").phrase == "*takes* two steps, *turns* and *stops*"


def test_a_sentence_that_names_its_subject_again_keeps_its_gender():
    found = told("A man kicks as he turns himself around")
    assert found.bound
    rng = np.random.default_rng(0)
    for text in captions_of([found], rng, 20):
        assert "she" not in text.split() and "woman" not in text.split(), text


def test_what_cannot_be_taken_apart_is_told_as_it_stands():
    found = told("Legs apart, down to a full squat, up again.")
    assert found.phrase == ""
    assert captions_of([found], np.random.default_rng(0))[0] == "legs apart, down to a full squat, up again"


def test_nearly_all_sentences_can_be_taken_apart():
    parsed = [told(text) for text in SENTENCES]
    assert np.mean([bool(found.phrase) for found in parsed]) > 0.95
    for found in parsed:
        assert "{their}" not in in_form(found, "he", "his", "third") if found.phrase else True
        assert found.phrase.count("*") % 2 == 0


@pytest.mark.parametrize(
    ("verb", "past", "ing"),
    [
        ("stops", "stopped", "stopping"), ("carries", "carried", "carrying"), ("opens", "opened", "opening"),
        ("throws", "threw", "throwing"), ("kneels", "knelt", "kneeling"), ("leans", "leaned", "leaning"),
        ("begins", "began", "beginning"), ("bears", "bore", "bearing"), ("resets", "reset", "resetting"),
        ("claps", "clapped", "clapping"), ("squats", "squatted", "squatting"), ("waves", "waved", "waving"),
        ("mixes", "mixed", "mixing"), ("plays", "played", "playing"), ("retreats", "retreated", "retreating"),
    ],
)  # fmt: skip
def test_verbs_in_the_past_and_going_on(verb, past, ing):
    assert (past_form(verb), gerund(verb)) == (past, ing)


def test_every_listed_verb_has_three_forms():
    for verb in verbs():
        assert past_form(verb).isascii() and gerund(verb).endswith("ing"), verb


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a person does three jumping jacks", "a person does jumping jacks"),
        ("someone waves twice", "someone waves"),
        ("he punches four times in a row", "he punches"),
        ("a person walks forward", "a person walks forward"),
    ],
)
def test_numbers_are_left_out(text, plain):
    assert uncounted(told(text)).text == plain


def test_a_number_that_cannot_be_left_out_is_known():
    assert counts("a person does a single squat")
    assert uncounted(told("a person does a single squat")) is None


def test_captions_are_distinct_start_as_written_and_are_the_same_for_the_same_stream():
    tolds = [told(text) for text in ("A person bows", "Someone bends deeply at the waist", "A butler bows to a guest")]
    first, again = (captions_of(tolds, np.random.default_rng(5), 8) for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first) == 8
    assert first[0] == "a person bows"


def test_typing_is_rough_now_and_then_and_never_changes_much():
    text, rng = "a person walks forward, turns to the left and waves", np.random.default_rng(1)
    rough = [roughened(text, rng) for _ in range(2000)]
    changed = [found for found in rough if found != text]
    assert 0.05 < len(changed) / 2000 < 0.2
    for found in changed:
        assert abs(len(found) - len(text)) <= 2


def test_sides_of_every_sentence_swap_and_swap_back():
    for text in SENTENCES:
        text = told(text).text
        assert mirrored(mirrored(text)) == text
