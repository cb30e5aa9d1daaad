"""Sentences of several actions, taken apart in the order in which they are done."""

import pytest

from coamd_blender.wire.clauses import clauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a man walks, then sits down", ["a man walks", "sits down"]),
        ("A man walks and then sits down.", ["A man walks", "sits down"]),
        ("she waves and afterwards walks away", ["she waves", "walks away"]),
        ("he jumps, and after landing he waves", ["he jumps", "he waves"]),
        ("jumps, and after that waves", ["jumps", "waves"]),
        ("a punch followed by a kick", ["a punch", "does a kick"]),
        ("throws a punch and follows up with a kick", ["throws a punch", "does a kick"]),
        ("she dances and finishes with a bow", ["she dances", "does a bow"]),
        ("walks up, followed by jumping", ["walks up", "jumping"]),
        ("takes a few steps, comes to a stop and waves", ["takes a few steps, comes to a stop", "waves"]),
        ("a boy walks, stops, and waves", ["a boy walks, stops", "waves"]),
        ("begins walking and ends kicking", ["begins walking", "kicking"]),
        ("walks before sitting down", ["walks", "sitting down"]),
        ("sits down after walking", ["walking", "sits down"]),
        ("walks first and sits down after", ["walks", "sits down"]),
        ("He walks over. Then he sits down. He waves.", ["He walks over", "he sits down", "He waves"]),
        ("he runs, then jumps, then waves and finally bows", ["he runs", "jumps", "waves", "bows"]),
        ("he runs, jumps up, and then waves, smiling", ["he runs", "jumps up", "waves, smiling"]),
        ("walks on... then stops; waves", ["walks on", "stops", "waves"]),
        ("he runs up and jumps", ["he runs up", "jumps"]),
        ("a tired man walks a bit and slowly lies down", ["a tired man walks a bit", "slowly lies down"]),
    ],
)
def test_one_after_the_other(text, parts):
    assert clauses(text) == parts


@pytest.mark.parametrize("word", ["and ", "walks and ", "first and ", "then ", "stop , and ", "  ", ", and after xing"])
@pytest.mark.parametrize("count", [500, 100_000])
def test_a_text_that_no_pattern_was_made_for_is_taken_apart_at_once(word, count):
    """Panels ask at every redraw: with patterns that try each split of white space these would take hours."""
    text = f"walks {word * count}x"
    assert len(clauses(text)) == 1


def test_a_prompt_over_the_limit_stays_whole():
    text = "walks, then " * 500
    assert clauses(text) == [text.strip()]


@pytest.mark.parametrize(
    "text",
    [
        "a person walks forward",
        "walks and waves",  # at once
        "a boy walks while waving with his left hand",
        "walk forward, casual, arms swinging loosely",
        "walks, waves",  # no "then": at once or not, nobody knows
        "Mr. Smith walks",
        "jumps up and down",
        "on hands and knees",
        "swings left and right",
        "hops on the spot before lunch",
        "dances after work",
        "strengthens, bathes",  # "then" within words
        "then",
        "first, then",
        "a, then b, then c, then d, then e",  # more than anybody makes out
    ],
)
def test_one_action_or_two_at_once_stay_whole(text):
    assert clauses(text) == [text]
