"""Which recordings show a family by what is said of them, how stretches are joined, and rows of tests of known kind."""

import numpy as np
import pytest
import synthetic_motions as s

from runtime.evaluate.segment_fairness import Family, Recording, joined, judge, load_families, table

RISE = {"name": "wave", "says": r"\bwaves\b", "unless": "flag", "perhaps": "hand", "sided": r"\b{side} hand"}
STILL, WAVE = s.standing(6), s.waving(6, "left")


def stretch(text, clip="a", start=0, stop=40, motion=STILL, **more):
    return Recording(clip, "set_one", text, motion, start, stop, **more)


def test_sentences_tell_what_is_shown_what_is_not_and_what_may_be():
    family = Family.of(RISE)
    assert family.shown(stretch("someone waves")) is True
    assert family.shown(stretch("someone waves a flag")) is None  # barred, but it may look alike
    assert family.shown(stretch("lifts a hand")) is None
    assert family.shown(stretch("someone jumps")) is False
    first = Family.of(RISE | {"first": True})
    assert first.shown(stretch("a greeting | someone waves")) is None
    assert first.shown(stretch("someone waves | a greeting")) is True


def test_whole_clips_are_known_by_set_and_label():
    family = Family.of(RISE | {"clips": [["set_*", "wave"]], "perhaps_clips": [["*", "bye"]]})
    assert family.shown(stretch("01 | wave with one hand", whole=True)) is True
    assert family.shown(stretch("01 | bye", whole=True)) is None
    other_set = Recording("a", "elsewhere", "someone waves", STILL, whole=True)
    assert family.shown(other_set) is False  # says is for stretches


def test_clips_in_place_show_nothing_that_travels():
    family = Family.of({"name": "walk", "says": "walks", "travels": True})
    assert family.shown(stretch("walks", in_place=True)) is None and family.shown(stretch("walks")) is True


def test_a_side_is_named_only_if_it_is_the_only_one():
    family = Family.of(RISE)
    assert family.side(stretch("waves the left hand")) == "left"
    assert family.side(stretch("waves the left hand, then the right hand")) is None
    assert family.side(stretch("waves")) is None


def test_stretches_that_follow_each_other_are_one_as_long_as_a_prompt_may_ask():
    one, two, far = stretch("a", stop=40), stretch("b", start=45, stop=80), stretch("c", start=110, stop=120)
    other = stretch("d", clip="b", start=0, stop=30)
    found = joined([far, two, one, other])
    assert [(part.clip, part.start, part.stop) for part in found] == [("a", 0, 80), ("a", 110, 120), ("b", 0, 30)]
    assert found[0].text == "a | b"
    long = joined([stretch("a", stop=150), stretch("b", start=155, stop=250)])
    assert len(long) == 2
    whole = stretch("w", whole=True)
    assert joined([whole, stretch("a")])[-1] is whole


def test_a_stretch_is_shown_with_a_little_more_around_it():
    assert len(stretch("a", start=20, stop=60).joints()) == 56
    assert len(stretch("a", start=0, stop=110).joints()) == 118 and len(stretch("a", whole=True).joints()) == 120


def test_a_family_is_judged_on_its_own_on_others_and_by_side():
    family = Family.of(RISE)
    every = [
        stretch("someone waves the left hand", "a", 0, 60, WAVE),
        stretch("someone waves the right hand", "b", 0, 60, WAVE),  # told wrongly
        stretch("someone jumps", "a", 62, 100, WAVE),  # too near to one of its own
        stretch("someone jumps", "c", 0, 60),
        stretch("someone hops", "d", 0, 60, WAVE),
        stretch("c | jump", "e", motion=STILL, whole=True),
        stretch("a | jump", "a", motion=WAVE, whole=True),  # a clip that holds one of its own
    ]
    seen = []

    def test(joints, more):
        seen.append(more)
        moving = np.ptp(joints[:, 20, 0]) > 0.1
        return bool(moving and more.get("side", "left") == "left")

    row = judge(family, every, 100, test)
    assert (row["recordings"], row["own"]) == (2, 1.0)
    assert (row["others"], row["other"]) == (3, pytest.approx(1 / 3))
    assert (row["sided"], row["right"], row["wrong"]) == (2, 0.5, 0.5)
    assert row["missed"] == [] and row["mistaken"] == ["d 0.0"]
    assert "100 %" in table([row]) and "few" in table([row])


def test_recordings_may_ask_less_than_prompts_do():
    family = Family.of(RISE | {"recorded": {"at_least": 1}})
    asked = []
    judge(family, [stretch("someone waves"), stretch("jumps", "b")], 5, lambda joints, more: bool(asked.append(more)))
    assert asked == [{"at_least": 1}, {}]


def test_broken_limits_are_marked():
    row = {
        "family": "x",
        "recordings": 9,
        "own": 0.5,
        "others": 9,
        "other": 0.0,
        "sided": 0,
        "right": None,
        "wrong": None,
    }
    assert table([row]).endswith("*") and not table([row | {"own": 0.9}]).endswith("*")
    assert table([row | {"own": 0.9, "other": 0.2}]).endswith("*")


def test_families_are_read(tmp_path):
    file = tmp_path / "labels.toml"
    file.write_text("[[family]]\nname = 'wave'\nsays = 'waves'\nrecorded = { side = 'left' }\nclips = [['a*', 'b']]\n")
    (family,) = load_families(file)
    assert family.name == "wave" and family.recorded == {"side": "left"} and family.clips[0][0] == "a*"
