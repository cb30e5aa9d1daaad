"""What is left of a sentence without who does it, how often and on which side."""

import pytest

from runtime.grammar.wording import bare, wording


@pytest.mark.parametrize(
    ("caption", "left"),
    [
        ("A person waves with the left hand.", "waves with the hand"),
        ("he is waving  twice", "waving"),
        ("someone hops 12 times on the right foot, slowly", "hops on the foot, slowly"),
        ("turns left", "turns"),
        ("left", "left"),
        ("lifts both hands upright", "lifts both hands upright"),
        ("hold it right there", "hold it right there"),
        ("bends right down, left knee straight", "bends right down, knee straight"),
        ("swings the left up, the right down", "swings the up, the down"),
        ("turns left where he left the room", "turns where he left the room"),
        ("hangs a right at the pub", "hangs a left at the pub"),
        ("takes the second left, then stops", "takes the second left, then stops"),
        ("drops him with a straight right", "drops him with a straight left"),
        ("jabs with the right, twice", "jabs with the left,"),
        ("makes a right turn", "makes a turn"),
        ("a left hook", "a hook"),
        ("steps to the right and sits", "steps to the and sits"),
    ],
)
def test_sides_and_counts_are_left_out_and_nothing_else(caption, left):
    assert bare(caption) == left


def test_a_wording_keeps_side_and_count():
    assert wording("The man  walks two steps to the LEFT.") == "walks two steps to the left"
