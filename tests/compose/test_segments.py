"""Segments are found in the prepared clips at their true times, with the words that are true of them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from coamd_blender.motion.skeleton import mirror
from runtime.compose import segments as room
from runtime.compose.segments import Account, Row, rows, segments
from tests import movers


def clip(file: str, frames: int, source: str = "cmu_amc", **more) -> dict:
    given = {
        "id": f"{source}/{file}", "set": source, "file": file, "name": file.split(".")[0], "trial": None,
        "frames": frames, "label": "walk", "action": "walk", "in_place": False, "flags": [], "from": 0.0,
        "cycle": 0.0, "start": 0, "split": "train", "ships": True,
    }  # fmt: skip
    return given | more


def found(clips: list[dict], joints: list[np.ndarray], told: list[Row], monkeypatch, account=None):
    """The segments of clips that lie one after the other in a store, told of by ``told``."""
    start = 0
    for one, motion in zip(clips, joints, strict=True):
        one["start"] = start
        start += len(motion)
    monkeypatch.setattr(room, "rows", lambda: tuple(told))
    return segments(clips, np.concatenate(joints).astype(np.float32), account)


WALK = movers.walking(200, 1.2)


def test_times_are_seconds_from_where_the_clip_starts(monkeypatch):
    told = [Row("cmu_amc", "35_01.amc", 2.0, 4.0, ("A person walks forward",), 0.9)]
    (one,) = found([clip("35_01.amc", 200)], [WALK], told, monkeypatch)
    assert (one.start, one.end) == (40, 81)
    assert np.allclose(one.joints, WALK[40:81], atol=1e-5)
    (late,) = found([clip("35_01.amc", 200, **{"from": 0.5})], [WALK], told, monkeypatch)
    assert (late.start, late.end) == (30, 71)


def test_words_that_the_joints_contradict_are_put_right_or_dropped_and_counted(monkeypatch):
    kick = movers.kicking("left")
    told = [Row("hdm05", "a.amc", 0.0, 2.0, ("A man kicks with the right leg", "Someone kicks three times"), 0.9)]
    account = Account()
    (one,) = found([clip("a.amc", len(kick), "hdm05")], [kick], told, monkeypatch, account)
    assert [text.text for text in one.tolds] == ["a man kicks with the left leg"]
    assert account.sentences == {"corrected": 1, "dropped": 1}
    assert account.wrong == {"side": 1, "count": 1}
    (other,) = found([clip("a.amc", len(kick), "hdm05")], [mirror(kick)], told, monkeypatch)
    assert other.tolds[0].text == "a man kicks with the right leg"


def test_a_trial_dropped_as_a_duplicate_is_told_of_the_one_kept(monkeypatch):
    told = [Row("cmu_iclone", "035_01.bvh", 0.0, 9.8, ("A person walks forward",), 0.9)]
    kept = clip("35_01.amc", 200, trial="35_01")
    (one,) = found([kept], [WALK], told, monkeypatch)
    assert one.clip is kept
    cut = clip("walk__35_01_1.bvh", 40, "cmu_cut", trial="35_01")
    account = Account()
    assert found([cut], [WALK[:40]], told, monkeypatch, account) == []
    assert account.rows["of a duplicate or absent file"] == 1


def test_of_a_clip_in_pieces_the_longest_was_told(monkeypatch):
    pieces = [clip("05_06.amc", 40), clip("05_06.amc", 160, **{"from": 2.5})]
    told = [Row("cmu_amc", "05_06.amc", 1.0, 3.0, ("A person walks forward",), 0.9)]
    (one,) = found(pieces, [WALK[:40], WALK[:160]], told, monkeypatch)
    assert (one.clip, one.start) == (pieces[1], 20)
    late = [Row("cmu_amc", "05_06.amc", 8.0, 10.2, ("A person walks forward",), 0.9)]
    (one,) = found(pieces, [WALK[:40], WALK[:160]], late, monkeypatch)
    assert (one.clip, one.start) == (pieces[1], 110)


def test_a_loop_is_told_of_all_its_rounds(monkeypatch):
    name = "pack.glb#Rig|Walk_Loop"
    loop = clip("pack.glb", 90, "cc0_glb", name="Rig|Walk_Loop", cycle=1.0, in_place=True)
    away = clip("pack.glb", 90, "cc0_glb", name="Rig|Walk_Loop", cycle=1.0, flags=["travel"])
    told = [Row("cc0_glb", name, 0.0, 1.0, ("A person walks", "A person walks in place", "Someone walks along"), 0.9)]
    spot = WALK[:90] - WALK[:90, :1] * [1, 0, 1]
    still, going = found([loop, away], [spot, WALK[:90]], told, monkeypatch)
    assert still.repeats and len(still.joints) == 90
    assert [text.text for text in still.tolds] == ["a person walks in place", "a person walks in place"]
    assert [text.text for text in going.tolds] == ["a person walks", "someone walks along"]


def test_a_part_of_a_round_is_only_a_part(monkeypatch):
    loop = clip("kenney__walk.npz", 90, "keyed_kenney", cycle=2.0)
    told = [Row("keyed_npz", "kenney__walk.npz", 0.0, 0.8, ("A person takes a step",), 0.9)]
    (one,) = found([loop], [WALK[:90]], told, monkeypatch)
    assert not one.repeats and len(one.joints) == 17


def test_rows_are_what_the_file_says():
    with room.SEGMENTS_PATH.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(rows()) == len(written) > 4000
    for row in rows():
        assert row.end > row.start >= 0 and row.sentences and 0.4 < row.sure <= 1
        assert all(text and "|" not in text for text in row.sentences)


@pytest.mark.parametrize("text", ["*", "{", "  "])
def test_no_sentence_holds_what_phrases_are_marked_with(text):
    assert not any(text in sentence for row in rows() for sentence in row.sentences)
