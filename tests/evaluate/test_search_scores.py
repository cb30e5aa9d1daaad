"""Finds, whether they fit, and curves fitted to them."""

import json

import numpy as np
import pytest

from coamd_blender.errors import DataError
from runtime.captions.actions import Action, action_of
from runtime.data.dataset import Pool
from runtime.evaluate.search_scores import (
    TOP,
    Judged,
    Labelled,
    agrees,
    bins,
    error,
    evaluate_scores,
    finds,
    fit,
    judge,
    table,
)
from runtime.recognize.agreement import Curve

WALK, LIMP, RUN = (action_of(f"a person {verb}") for verb in ("walks", "limps", "runs"))


def test_a_query_for_a_family_is_met_by_all_of_it_and_one_for_a_kind_by_that_kind():
    assert agrees(WALK, frozenset({LIMP})) and not agrees(LIMP, frozenset({WALK}))
    assert agrees(LIMP, frozenset({RUN, LIMP})) and not agrees(WALK, frozenset({RUN}))
    assert not agrees(Action("point", "gesture"), frozenset({Action("shrug", "gesture")}))


def test_every_query_is_asked_of_all_and_of_what_does_not_fit():
    cosines = np.array([[0.9, 0.8, 0.1, 0.5]])
    found = finds(cosines, np.array([[False, True, False, True]]), np.array([[True, True, True, False]]))
    assert found.cosines.tolist() == [0.9, 0.8, 0.1, 0.9, 0.1]
    assert found.agreed.tolist() == [False, True, False, False, False] and set(found.queries) == {0}
    many = finds(np.linspace(0, 1, 40)[None], np.zeros((1, 40), bool), np.ones((1, 40), bool))
    assert len(many.cosines) == 2 * TOP


def drawn(curve, count=6000):
    """Finds whose agreement is drawn with the chances of ``curve``."""
    random = np.random.default_rng(1)
    cosines = np.tanh(random.uniform(0, 2.5, count))
    return Judged(cosines, random.random(count) < curve.chance(cosines), np.arange(count) % 200)


def test_the_curve_that_drew_the_judgements_is_found_again_and_its_chances_are_measured():
    curve = fit(drawn(Curve(2.5, -4.0)))
    assert curve.slope == pytest.approx(2.5, abs=0.2) and curve.offset == pytest.approx(-4.0, abs=0.3)
    result = evaluate_scores({"text": drawn(Curve(2.5, -4.0))})
    assert result["error"]["text"] < 0.02
    assert sum(row["finds"] for row in result["bins"]["text"]) == 6000 and "0.5 to 0.6" in table(result)


def test_bins_hold_what_falls_into_them():
    rows = bins(np.array([0.05, 0.08, 0.55, 1.0]), np.array([False, True, True, True]))
    assert [(row["from"], row["finds"], row["measured"]) for row in rows] == [
        (0.0, 2, 0.5),
        (0.5, 1, 1.0),
        (0.9, 1, 1.0),
    ]
    assert error(rows) == pytest.approx((2 * abs(0.065 - 0.5) + 0.45 + 0.0) / 4)


def write_pool(folder, items, captions):
    folder.mkdir(parents=True)
    np.save(folder / "joints.npy", np.zeros((8 * len(items), 22, 3), np.float32))
    rows = [{"start": 8 * row, "frames": 8, **item} for row, item in enumerate(items)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "captions.json").write_text(json.dumps(captions))
    return Pool.load(folder)


def test_clips_of_a_pool_are_asked_for_by_their_first_captions(tmp_path):
    captions = ["a person walks", "a man limps", "somebody waits for it", "a person does it"]
    items = [
        {"captions": [0], "kind": "single"},
        {"captions": [1, 0], "kind": "segment"},
        {"captions": [3], "kind": "segment"},
        {"captions": [0], "kind": "mirror"},
    ]
    clips = Labelled.of_pool(write_pool(tmp_path / "pool", items, captions))
    assert len(clips.motions) == 3 and clips.kinds == ["single", "segment", "segment"]
    assert {text: action.name for text, action in clips.queries().items()} == {
        "a person walks": "walk", "a man limps": "limp"
    }  # fmt: skip

    class Embedder:
        def embed_motions(self, motions):
            return np.eye(3)

        def embed_texts(self, texts):
            return np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0]])

    judged = judge(clips, Embedder())
    assert judged["text"].agreed[:3].tolist() == [True, True, False], "who walks may limp"
    assert set(judged["motion"].queries) == {1, 2}, "the only clip of its kind has none to be compared with"
    with pytest.raises(DataError, match="no labelled clips"):
        Labelled.of_pool(write_pool(tmp_path / "other", items[3:], captions))
