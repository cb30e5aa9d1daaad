"""Figures of segments and pools, and the picture of ten segments."""

from __future__ import annotations

import json

import numpy as np

from runtime.captions.actions import action_of
from runtime.compose import segment_report, segments
from runtime.compose.builders import PoolItem
from runtime.compose.segments import Account, Row, Segment
from runtime.data.dataset import Pool, write_pool
from runtime.grammar.sentences import told
from tests import movers
from tests.compose.test_segments import clip


def test_the_report_counts_what_is_there(tmp_path, monkeypatch, capsys):
    walk = movers.walking(100, 1.2).astype(np.float32)
    one = clip("35_01.amc", 100)
    row = Row("cmu_amc", "35_01.amc", 0.0, 4.0, ("A person walks forward", "Someone walks backwards"), 0.9)
    monkeypatch.setattr(segments, "rows", lambda: (row,))
    monkeypatch.setattr(segment_report, "rows", lambda: (row,))
    np.save(tmp_path / "motions.npy", walk)
    (tmp_path / "clips.jsonl").write_text(json.dumps(one) + "\n")
    write_pool(tmp_path / "pool" / "train", [PoolItem(walk, ["a person walks", "walk"], "walk", "segment")])
    assert segment_report.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "segments.csv: 1 rows, 2 sentences" in said
    assert "train: 1 segments, 0.00 h, 1 sentences, 1 actions" in said
    assert "sentences: told 1, dropped 1" in said and "direction 2 (1)" in said
    assert "pool train: 1 items, 0.0 h, 1 families, 2 distinct captions, 4 words" in said
    assert segment_report.main([str(tmp_path), "--picture", str(tmp_path / "picture.png")]) == 2
    assert "Prepare a set" in capsys.readouterr().err


def test_mirrored_motion_is_refused():
    kick = movers.kicking("left")
    text = "a man kicks with the left leg"
    one = Segment(clip("a.npz", len(kick)), kick, 0, len(kick), (told(text),), action_of(text), 0.9)
    assert segment_report.of_mirrored([one]).endswith("leg_side 1 of 1")


def test_figures_of_nothing():
    assert "train: 0 segments" in segment_report.of_segments([], Account())
    pool = Pool(np.zeros((0, 22, 3), np.float32), [], [])
    assert "0 items" in segment_report.of_pool(pool, "val")


def test_the_picture_shows_the_surest_segment_of_each_action():
    def clapping(text: str, sure: float, split: str = "train") -> Segment:
        seated, joints = movers.seated(40), movers.standing(40)
        shown = seated if text == "a person claps seated" else joints
        return Segment(clip("a.npz", 40, split=split), shown, 0, 40, (told(text),), action_of(text), sure)

    sure, unsure = clapping("a person claps", 0.9), clapping("a person claps seated", 0.5)
    held_out = clapping("a person claps seated", 1.0, "test")
    alone, doubted = (segment_report.picture([one]) for one in (sure, unsure))
    assert alone.dtype == np.uint8 and not np.array_equal(alone, doubted)
    assert np.array_equal(segment_report.picture([unsure, sure, held_out]), alone)
