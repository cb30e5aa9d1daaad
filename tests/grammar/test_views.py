"""Sentences without the one who acts, and without asides."""

import pytest

from runtime.grammar.views import views


@pytest.mark.parametrize(
    ("caption", "seen"),
    [
        ("walks", ("walks", "walks", "walks")),
        (
            "a little duck keeper goes along the path",
            ("a little duck keeper goes along the path",) + ("goes along the path",) * 2,
        ),
        (
            "Traffic cop is waving with the left hand",
            ("traffic cop is waving with the hand",) + ("waving with the hand",) * 2,
        ),
        ("SH040 - a thief runs off", ("sh040 - a thief runs off", "runs off", "runs off")),
        (
            "the butler crosses the room, without remark",
            ("the butler crosses the room, without remark", "crosses the room, without remark", "crosses the room"),
        ),
        ("the left arm swings forward", ("the arm swings forward",) * 3),
        ("jumps, then rests", ("jumps, then rests",) * 3),
    ],
)
def test_a_sentence_is_seen_as_a_whole_from_its_verb_on_and_by_its_first_part(caption, seen):
    assert views(caption) == seen
