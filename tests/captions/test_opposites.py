"""Captions turned into what they are not."""

import pytest

from runtime.captions.opposites import KINDS, opposite, opposites


@pytest.mark.parametrize(
    ("caption", "kind", "changed"),
    [
        ("a person raises the left arm", "side", "a person raises the right arm"),
        ("he stands upright and turns right", "side", "he stands upright and turns left"),
        ("a man walks forward", "way", "a man walks backward"),
        ("someone squats down", "way", "someone squats up"),
        ("a woman runs quickly and stops fast", "speed", "a woman runs slowly and stops slowly"),
        ("a figure jumps twice", "count", "a figure jumps once"),
        ("kicking three times", "count", "kicking one time"),
        ("raises both arms", "limb", "raises both legs"),
        ("a man sits, then waves", "order", "a man waves, then sits"),
        ("the old man walks and then he bows", "order", "the old man he bows, then walks"),
    ],
)
def test_one_thing_is_turned_round(caption, kind, changed):
    assert opposite(caption, kind) == changed


def test_what_is_not_said_has_no_opposite():
    for kind in KINDS:
        assert opposite("a person dances", kind) is None
    assert opposites("a person dances") == {}


@pytest.mark.parametrize("caption", ["punches left and right", "leans right and left", "looks left or right"])
def test_both_sides_at_once_are_no_side(caption):
    assert opposite(caption, "side") is None


def test_a_side_beside_both_is_one():
    assert opposite("punches left and right, then kicks with the left leg", "side") is not None
    assert opposite("kicks with the right foot and the left hand", "side") is not None


def test_every_opposite_is_given_by_kind_and_differs():
    found = opposites("a man slowly raises his left hand twice, then walks forward")
    assert set(found) == {"side", "way", "speed", "count", "limb", "order"}
    assert len({*found.values(), "a man slowly raises his left hand twice, then walks forward"}) == 7
