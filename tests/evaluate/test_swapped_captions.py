"""Swapped captions: what is swapped, what is left alone, and recognisers that hear the side, or only like a word."""

from types import SimpleNamespace

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import JOINT_INDEX
from runtime.evaluate import understanding
from runtime.evaluate.benchmarks import Options
from runtime.evaluate.swapped_captions import (
    SPEEDS,
    evaluate_swaps,
    played,
    run_swapped_captions,
    says,
    side_pairs,
    speed_pairs,
    swapped,
    table,
)

CLIPS = [
    ("one", s.raising(3, "left"), ["Lifts the left hand", "a hand goes up", "raises the hand on the left side"]),
    ("two", s.raising(3, "right"), ["lifts the right hand"]),
]


class Ear:
    """A stand-in recogniser of two dimensions: a motion is which wrist is higher at its end, a text by ``hear``."""

    def __init__(self, hear):
        self.hear = hear

    def motions(self, motions):
        heights = np.array([[m[-1, JOINT_INDEX[f"{side}_wrist"], 1] for side in ("left", "right")] for m in motions])
        return np.eye(2)[heights.argmax(axis=1)]

    def descriptions(self, captions):
        return np.array([self.hear(caption) for caption in captions], dtype=float)


def test_words_are_exchanged_whole_and_in_both_directions():
    assert swapped("walks slowly at a slow pace", SPEEDS) == "walks quickly at a fast pace"
    assert swapped("a brisk walk", SPEEDS) == "a slow walk"


@pytest.mark.parametrize("caption", ["stands upright", "sits upright again", "goes right away", "leftover"])
def test_captions_without_a_side_are_not_asked(caption):
    assert side_pairs(s.raising(3, "left"), [caption], "one") == []


def test_a_caption_that_holds_either_way_round_is_not_asked():
    assert side_pairs(s.raising(3, "left"), ["swings the arms left and right"], "one") == []
    assert len(side_pairs(s.raising(3, "left"), ["lifts the left hand"], "one")) == 2


def test_a_caption_that_says_both_speeds_says_neither():
    assert says("walks slowly", SPEEDS) == "first" and says("a quick turn", SPEEDS) == "second"
    assert says("slowly, then fast", SPEEDS) is None and says("walks", SPEEDS) is None
    motion = s.standing(1)
    pairs = speed_pairs(motion, ["slowly, then fast", "slow", "rapid"], "x")
    assert [pair.row for pair in pairs] == ["slow", "retimed", "fast", "retimed"]
    assert all(pair.true == "slow" for pair in pairs if pair.row == "retimed")


def test_a_recording_played_faster_is_shorter_and_goes_the_same_way():
    path = s.moved(s.standing(2), np.linspace([0, 0, 0], [0, 0, 1.95], 40))
    fast = played(path, 1.5)
    assert len(fast) == 26 and np.allclose(fast[:, 0, 2], np.arange(26) * 1.5 * 0.05, atol=1e-6)


def test_who_hears_the_side_is_right_of_recordings_and_of_their_mirror_images():
    result = evaluate_swaps(CLIPS, Ear(lambda text: ["left" in text.lower(), "right" in text]))
    assert result["side"]["share"] == 1.0 and "speed" not in result
    assert result["side"]["rows"]["mirrored"] == {"share": 1.0, "clips": 2, "captions": 3}
    assert "100.0" in table(result)


def test_who_hears_the_sides_the_wrong_way_round_is_never_right():
    assert evaluate_swaps(CLIPS, Ear(lambda text: ["right" in text, "left" in text.lower()]))["side"]["share"] == 0.0


def test_who_likes_one_word_is_right_half_of_the_time():
    deaf = Ear(lambda text: [1.0, 1.0] if "left" in text.lower() else [0.1, 0.1])
    assert evaluate_swaps(CLIPS[:1], deaf)["side"]["share"] == 0.5
    assert evaluate_swaps(CLIPS, deaf)["side"]["share"] == 0.5


def test_who_takes_both_captions_for_the_same_is_never_right():
    assert evaluate_swaps(CLIPS, Ear(lambda text: [1.0, 1.0]))["side"]["share"] == 0.0


class Pace:
    """A stand-in recogniser: a motion is its speed in m/s, a text as slow or fast as it says, twice as glad of slow."""

    def motions(self, motions):
        speeds = [20 * float(np.abs(np.diff(motion[:, 0, 2])).mean()) for motion in motions]
        return np.array([[1.0, speed] for speed in speeds])

    def descriptions(self, captions):
        return np.array([[2.0, -1.0] if "slow" in caption else [0.0, 1.0] for caption in captions])


def walk(speed):
    return s.travelling(s.stepping(3), speed)


def test_clips_count_alike_and_slow_counts_as_much_as_fast():
    clips = [(str(n), walk(0.2), ["walks slowly"]) for n in range(5)] + [("6", walk(0.9), ["walks fast"])]
    result = evaluate_swaps(clips, Pace())["speed"]  # it leans to slow up to 1 m/s: deaf to the fast walk
    assert {name: row["share"] for name, row in result["rows"].items()} == {"slow": 1.0, "fast": 0.0, "retimed": 1.0}
    assert result["share"] == pytest.approx(2 / 3)
    uneven = [("many", walk(0.2), ["a slow walk"] * 9), ("one", walk(2.0), ["slow"])]
    assert evaluate_swaps(uneven, Pace())["speed"]["rows"]["slow"] == {"share": 0.5, "clips": 2, "captions": 10}


def test_clips_of_training_are_left_out_and_other_sets_stand_apart(monkeypatch):
    clips = [
        {"id": "a", "ships": True, "split": "train", "captions": ["lifts the right hand"], "at": 0},
        {"id": "b", "ships": True, "split": "val", "captions": ["lifts the left hand"], "at": 0},
        {"id": "c", "ships": False, "split": "train", "captions": ["lifts the right hand"], "at": 0},
        {"id": "d", "ships": True, "split": "test", "captions": [], "at": 0},
    ]
    data = SimpleNamespace(clips=clips, joints=lambda clip: CLIPS[clip["at"]][1])
    monkeypatch.setattr(Options, "data", lambda self: data)
    ear = Ear(lambda text: ["left" in text.lower(), "right" in text])
    monkeypatch.setattr(understanding, "load_understanding", lambda weights, device: ear)
    result = run_swapped_captions(Options())
    assert result["side"]["share"] == 1.0 and result["side"]["rows"]["as recorded"]["clips"] == 1
    assert result["side, other sets"]["share"] == 0.0  # a left hand under a caption that says right
    assert result["figure"] == "side 100 %; side, other sets 0 %"
    monkeypatch.setattr(Options, "data", lambda self: SimpleNamespace(clips=[], joints=None))
    with pytest.raises(DataError, match="names a side"):
        run_swapped_captions(Options())
