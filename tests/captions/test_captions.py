"""Captions are grammatical, complete, mirrored in words, and change with what is measured."""

from __future__ import annotations

import re

import numpy as np
import pytest

from coamd_blender.motion.skeleton import mirror
from runtime.captions import captions, phrases
from runtime.grammar import inflection
from tests import movers


def clip(label: str, source: str = "cmu_amc", **more) -> dict:
    return {
        "id": f"{source}/{label}",
        "set": source,
        "name": label,
        "label": label,
        "action": label,
        "in_place": False,
    } | more


def said(label: str, joints: np.ndarray, **more) -> str:
    return " | ".join(captions.caption_clip(clip(label, **more), joints))


@pytest.mark.parametrize(
    ("third", "base", "ing"),
    [
        ("walks", "walk", "walking"),
        ("runs", "run", "running"),
        ("catches", "catch", "catching"),
        ("lies", "lie", "lying"),
        ("does", "do", "doing"),
        ("makes", "make", "making"),
        ("carries", "carry", "carrying"),
        ("rises", "rise", "rising"),
        ("passes", "pass", "passing"),
        ("sees", "see", "seeing"),
        ("bows", "bow", "bowing"),
    ],
)
def test_verbs_are_inflected(third, base, ing):
    assert (inflection.base_form(third), inflection.gerund(third)) == (base, ing)


def test_sentences_agree_with_their_subject():
    phrase = "*raises* {their} hand and *runs*"
    assert inflection.sentence(phrase, "a man", "his", "third") == "a man raises his hand and runs"
    assert inflection.sentence(phrase, "she", "her", "progressive") == "she is raising her hand and running"
    assert inflection.sentence(phrase, "she", "her", "imperative") == "raise your hand and run"


def test_every_written_phrase_can_be_said():
    table = phrases.table()
    written = [text for rows in table["measured"].values() for text in rows]
    for name, rows in table.items():
        if name not in ("about", "measured"):
            written += [text for row in rows.values() for text in row["say"] + row.get("part", [])]
    assert len(written) > 900
    for text in written:
        assert re.search(r"\*\w", text), text
        assert text.count("*") % 2 == 0, text
        assert set(re.findall(r"\{(\w+)\}", text)) <= {"their", "side", "other", "count", "times", "clock"}, text
        assert len(text.split()) <= 22, text


def test_mirroring_swaps_sides_in_words_only():
    text = "a man stands upright, turns left and spins clockwise with the right-hand foot"
    swapped = "a man stands upright, turns right and spins counterclockwise with the left-hand foot"
    assert captions.mirrored(text) == swapped
    assert captions.mirrored(swapped) == text


def test_every_measured_phrase_mirrors_back():
    for key in phrases.table()["measured"]:
        for text in phrases.written(key, side="left", count="two", times="twice"):
            assert captions.mirrored(captions.mirrored(text)) == text


def test_captions_are_the_same_for_the_same_clip():
    joints = movers.walking(80, 1.2)
    found = captions.caption_clip(clip("walk"), joints)
    assert found == captions.caption_clip(clip("walk"), joints)
    assert 6 <= len(found) <= 12
    assert len(set(found)) == len(found)


def test_backwards_is_said_only_of_walking_backwards():
    assert re.search("backward|back|reverse|retreat", said("walk", movers.walking(80, -1.0)))
    assert not re.search("backward|reverse|retreat", said("walk", movers.walking(80, 1.0)))


def test_speed_words_follow_the_speed():
    assert re.search("slow|leisurely", said("walk", movers.walking(80, 0.5)))
    assert re.search("fast|quick|brisk|rapid|hurr", said("walk", movers.walking(80, 1.9)))
    assert not re.search("slow|fast|quick", said("walk", movers.walking(80, 1.1)))


def turning_walk(degrees: float) -> np.ndarray:
    """A walk round a corner: an arc of a circle of 2 m, faced along the path."""
    frames = 90
    sweep = np.linspace(0, degrees, frames)
    sign = np.sign(degrees)
    return movers.turned(movers.walking(frames, 0.0) + np.array([-2.0 * sign, 0, 0]), sweep)


def test_turns_name_their_side_and_the_mirrored_motion_the_other():
    joints = turning_walk(90)
    assert "left" in said("walk", joints)
    assert "right" not in said("walk", joints)
    assert "right" in said("walk", mirror(joints))
    assert "left" not in said("walk", mirror(joints))


def test_still_is_said_of_the_still_and_in_place_of_loops():
    assert re.search("still|motionless|without moving|quietly", said("idle", movers.standing(60), source="cc0_glb"))
    spoken = said("walk_loop", movers.walking(60, 0.0), source="cc0_glb", in_place=True)
    assert re.search("in place|on the spot", spoken)
    assert not re.search("forward|ahead", spoken)


def test_kicks_are_counted_and_sided():
    one = said("front kick", movers.kicking("right"))
    assert "right" in one
    assert "left" not in one
    assert re.search("three|several|again|keep", said("front kick", movers.kicking("left", 3)))


def test_windows_hold_what_they_say():
    joints = np.concatenate([movers.kicking("left"), movers.standing(120), movers.kicking("left"), movers.standing(60)])
    found = captions.windows(clip("front kick"), joints)
    assert any(window.count == 1 for window in found)
    for window in found:
        length = window.end - window.start
        assert length % 4 == 0
        assert 16 <= length <= 196
        kicked = len(captions.events_in(joints[window.start : window.end], "kick"))
        assert window.count == kicked
        if kicked == 0:
            assert not any("kick" in text for text in window.captions)


def test_calibration_poses_are_cut_off():
    from coamd_blender.motion.skeleton import rest_joints

    joints = np.concatenate([np.repeat(rest_joints()[None], 12, axis=0), movers.walking(60, 1.2)])
    kept, start = captions.usable(clip("walk"), joints)
    assert start >= 12
    assert len(kept) == len(joints) - start


def test_entries_are_found_by_description_pattern_and_class():
    assert phrases.find_entry("cmu_bvh", "Walk").family == "walk"
    assert phrases.find_entry("cmu_amc", "dance - small jetes, pirouette").family == "dance"
    assert phrases.find_entry("hdm05", "kickLFront1Reps").family == "kick"
    assert phrases.find_entry("0ad_npz", "infantry__hoplite__idle_relax_02").family == "idle"
    assert phrases.find_entry("cc0_glb", "Sit_Chair_Idle").family == "sit"
    assert phrases.find_entry("cmu_amc", "no such thing") is None
    assert captions.caption_clip(clip("no such thing"), movers.standing(40)) == ["no such thing"]


def test_grounded_motion_touches_the_floor():
    low = captions.grounded(movers.seated(30) + np.array([0, 0.5, 0]))[:, :, 1].min(axis=1)
    assert np.abs(low).max() < 1e-6


def test_a_turn_spelt_with_a_hyphen_is_turned_the_other_way_too():
    assert captions.mirrored("draws a circle counter-clockwise") == "draws a circle clockwise"
    assert captions.mirrored("turns anti-clockwise, then clockwise") == "turns clockwise, then counterclockwise"
