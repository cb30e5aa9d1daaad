"""The seconds that a sentence needs."""

import pytest

from coamd_blender.wire import room


def test_actions_of_a_sentence_need_their_seconds_one_after_the_other():
    bow, kick = room.needed("a person bows"), room.needed("a person kicks")
    jacks = room.needed("a person does jumping jacks")
    assert 0 < kick < bow < jacks == room.needed("he does push-ups") == room.needed("she bows twice")
    assert room.needed("a person kicks, then bows") == pytest.approx(kick + bow)
    assert room.needed("  ") == 0


def test_one_jump_is_quick_and_what_is_done_again_and_again_is_not():
    kick, jacks = room.needed("a person kicks"), room.needed("a person does jumping jacks")
    for quick in ("he jumps up high", "a woman crouches", "she raises the left hand", "a soldier salutes"):
        assert room.needed(quick) == kick, quick
    for long in ("a man punches", "he is boxing", "she jumps twice", "he lies on the floor"):
        assert room.needed(long) == jacks, long


def test_lying_down_is_long_wherever_the_two_words_stand_and_only_in_this_order():
    long = room.needed("he lies on his back down there")
    assert long == room.needed("he does push-ups") == room.needed("she is falling over, slowly, down")
    assert room.needed("down he lies") == room.needed("a person bows") < long
    assert room.needed("gets himself up") == long > room.needed("up he gets")


@pytest.mark.parametrize("word", ["lie ", "get ", "falling "])
def test_a_long_text_is_looked_at_at_once(word):
    assert room.needed(word * 600) > 0
    assert room.needed(word * 100_000) == 0, "no prompt is that long"


def test_what_is_lacking_is_what_is_missing_and_a_frame_too_few_is_not():
    enough = room.needed("a person bows")
    assert room.lacking("a person bows", enough - 1.0) == pytest.approx(1.0)
    assert room.lacking("a person bows", enough - 1 / 30) == 0 == room.lacking("a person bows", enough + 1.0)
    assert room.lacking("", 0.2) == 0
