"""The small grammar: what becomes of a phrase."""

import numpy as np
import pytest

from runtime.authored.captions import (
    base_form,
    captions,
    filled,
    gerund_form,
    inflected,
    past_form,
    plural,
    slots,
    times_word,
)
from runtime.authored.draw import Drawn
from runtime.authored.spec import Action

PHRASES = tuple(f"*waves* {word}" for word in "abcdefghijklmno")


def variant(side="left", count=3, tempo=1.0, **more):
    action = Action("wave", "gestures", PHRASES, ("left", "right"), (1, 5), cycle=({"take": 1},), **more)
    return Drawn(action, side, count, tempo, 1.0)


@pytest.mark.parametrize(
    ("third", "base", "gerund", "past"),
    [
        ("waves", "wave", "waving", "waved"),
        ("claps", "clap", "clapping", "clapped"),
        ("lies", "lie", "lying", "lay"),
        ("carries", "carry", "carrying", "carried"),
        ("does", "do", "doing", "did"),
        ("pushes", "push", "pushing", "pushed"),
        ("is", "be", "being", "was"),
        ("kneels", "kneel", "kneeling", "knelt"),
        ("puts", "put", "putting", "put"),
        ("bends", "bend", "bending", "bent"),
        ("shrugs", "shrug", "shrugging", "shrugged"),
        ("has", "have", "having", "had"),
        ("stretches", "stretch", "stretching", "stretched"),
        ("curtsies", "curtsy", "curtsying", "curtsied"),
        ("agrees", "agree", "agreeing", "agreed"),
        ("throws", "throw", "throwing", "threw"),
        ("sees", "see", "seeing", "saw"),
        ("raises", "raise", "raising", "raised"),
        ("crosses", "cross", "crossing", "crossed"),
        ("plays", "play", "playing", "played"),
    ],
)
def test_verbs_are_inflected(third, base, gerund, past):
    assert (base_form(third), gerund_form(base), past_form(base)) == (base, gerund, past)


def test_a_phrase_takes_a_subject_and_a_form():
    phrase = "*raises* the arm and *waves*"
    assert inflected(phrase, "a man", "third") == "a man raises the arm and waves"
    assert inflected(phrase, "a man", "progressive") == "a man is raising the arm and waving"
    assert inflected(phrase, "a man", "past") == "a man raised the arm and waved"
    assert inflected(phrase, "a man", "imperative") == "raise the arm and wave"
    assert inflected(phrase, "a man", "gerund") == "raising the arm and waving"


def test_a_phrase_that_is_progressive_is_not_made_so_twice():
    phrase = "*is* standing and *waves*"
    assert inflected(phrase, "she", "progressive") == "she is standing and waves"
    assert inflected(phrase, "she", "imperative") == "she is standing and waves"
    assert inflected(phrase, "she", "past") == "she was standing and waved"
    assert inflected(phrase, "she", "gerund") == "standing and waving"


def test_slots_tell_what_was_drawn():
    told = slots(variant(side="right", count=2, tempo=1.3))
    assert told["side"] == "right" and told["other"] == "left"
    assert told["times"] == "twice" and told["speed"] == "quickly"
    drawn = variant(count=1)
    assert filled("{n:arm circle}, {their} {side} arm", slots(drawn), drawn, "her") == "an arm circle, her left arm"
    assert filled("{n:push-up}", {}, variant(count=3), "his") == "three push-ups"


def test_a_phrase_whose_slot_has_no_value_is_left_out():
    drawn = variant(side="none")
    assert filled("the {side} arm", slots(drawn), drawn, "her") is None
    assert "speed" not in slots(drawn)


def test_numbers_are_words():
    assert [times_word(count) for count in (1, 2, 3)] == ["once", "twice", "three times"]
    assert [plural(noun) for noun in ("squat", "punch", "curtsy", "toy")] == ["squats", "punches", "curtsies", "toys"]


def test_captions_differ_and_are_seeded():
    first, again = (captions(variant(), np.random.default_rng(4)) for _ in range(2))
    assert first == again and len(set(first)) == 6
