"""Sequences of clips: somebody who really stops, and somebody who really sets off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import synthetic_motions as made

from runtime.compose import sequences
from runtime.compose.clip_pool import Bank, resting
from tests.compose.test_compose import prepared


def test_a_halted_item_really_stops_and_its_captions_say_so():
    clips, motions = prepared()
    bank = Bank(clips, motions)
    gone = made.standing(3) + np.minimum(np.arange(60), 40)[:, None, None] / 20 * [0.0, 0.0, 1.2]
    stops = replace(bank.families["walk"][0], joints=gone, in_place=False)
    assert resting([stops], True) and not resting([replace(stops, joints=gone[:40])], True)
    bank.halts = {"walk": [stops], "run": []}
    items = [sequences.halted_item(bank, np.random.default_rng(seed)) for seed in range(60)]
    items = [item for item in items if item is not None and item.parts == ("walk", "idle")]
    assert items
    for item in items:
        speed = np.linalg.norm(np.diff(item.joints[:, 0, [0, 2]], axis=0), axis=1) * 20
        assert speed[:10].max() > 0.8 and speed[-10:].max() < 0.3
        assert any(word in text for text in item.captions for word in ("stop", "halt", "stand", "still"))


def test_a_starting_item_stands_and_then_really_goes():
    clips, motions = prepared()
    bank = Bank(clips, motions)
    gone = made.standing(3) + np.maximum(np.arange(60) - 15, 0)[:, None, None] / 20 * [0.0, 0.0, 1.2]
    starts = replace(bank.families["walk"][0], joints=gone, in_place=False)
    assert resting([starts], False) and not resting([replace(starts, joints=gone[20:])], False)
    bank.starts = {"walk": [starts], "run": []}
    items = [sequences.starting_item(bank, np.random.default_rng(seed)) for seed in range(40)]
    waits = [item for item in items if item is not None and item.parts == ("idle", "walk")]
    assert waits and any(item is not None and item.parts == ("walk",) for item in items)
    for item in waits:
        speed = np.linalg.norm(np.diff(item.joints[:, 0, [0, 2]], axis=0), axis=1) * 20
        assert speed[:15].max() < 0.3 and speed[-10:].max() > 0.8
    assert any("then" in text or "and" in text for item in waits for text in item.captions)
