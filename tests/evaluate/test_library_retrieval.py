"""Retrieval through a real library on the disk: of motions that go at a speed, and captions that name it."""

import json

import numpy as np
import pytest
from judges import Knowing, moving

from runtime.evaluate import library_retrieval, understanding
from runtime.evaluate.benchmarks import Options, run_benchmark
from runtime.evaluate.open_set import OpenSet
from runtime.library import reading
from runtime.library.store import Store

SPEEDS = range(35)  # tenths of a metre a second: one caption each
LONG = 9  # the clip that does something else first


class Embedder(Knowing):
    """The stand-in as the library knows a recogniser."""

    dim, digest = 64, "knowing"

    def embed_motions(self, motions):
        return self.motions(motions).astype(np.float32)

    def embed_texts(self, texts):
        return self.descriptions(texts).astype(np.float32)


@pytest.fixture
def test_clips():
    motions = [moving(24, seed=speed, speed=speed / 10) for speed in SPEEDS]
    captions = [[f"go at {speed}"] for speed in SPEEDS]
    return OpenSet(motions, captions, ["walk"] * len(motions), np.arange(len(motions)))


def compare(test, recorded=None):
    return library_retrieval.compare(test, recorded or test.motions, Embedder(), Embedder().descriptions)


def test_a_library_that_keeps_everything_finds_what_the_vectors_find(test_clips):
    result = compare(test_clips)
    for table in ("vectors", "library", "recorded"):
        for protocol in ("all", "threshold", "dissimilar", "batches"):
            for way in ("text_to_motion", "motion_to_text"):
                assert result[table][protocol][way]["R@1"] == 100.0, (table, protocol, way)
    assert result["largest"]["points"] == 0 and result["long"] == 0
    assert 0 < result["cosine"] < 1e-3  # float16 on the disk
    assert result["text"].count("batches     motion to text") == 2


def test_the_best_window_of_an_uncut_clip_is_what_words_find(test_clips):
    recorded = list(test_clips.motions)
    other = moving(240, seed=99, speed=6.3)  # no speed of another clip, nor does a window of both have one
    last = moving(120, seed=LONG, speed=LONG / 10)
    last[..., 2] += other[-1, :, 2].mean() - last[0, :, 2].mean()
    recorded[LONG] = np.concatenate([other, last])
    result = compare(test_clips, recorded)
    assert result["long"] == 1 and result["library"] == result["vectors"]
    found = result["recorded"]["all"]
    assert found["text_to_motion"]["R@1"] == 100.0  # its last window goes at its speed
    scores = library_retrieval.library_scores(recorded, test_clips.prompts(0), Embedder())
    assert scores["text_to_motion"][LONG, LONG] == pytest.approx(1.0, abs=1e-3)
    assert scores["motion_to_text"][LONG, LONG] < 0.6  # the whole of it mostly does not


def test_what_a_library_loses_shows(test_clips, monkeypatch):
    monkeypatch.setattr(reading, "SHORTEST", 24)
    short = test_clips.motions.copy()
    short[3] = short[3][:20]
    shortened = OpenSet(short, test_clips.captions, test_clips.families, test_clips.groups)
    scores = library_retrieval.library_scores(short, shortened.prompts(0), Embedder())
    for matrix in scores.values():
        assert (matrix[:, 3] == library_retrieval.NOT_FOUND).all()
        assert (np.delete(matrix, 3, axis=1) > library_retrieval.NOT_FOUND).all()
    result = compare(shortened)
    assert result["vectors"]["all"]["text_to_motion"]["R@1"] == 100.0
    assert result["library"]["all"]["text_to_motion"]["R@10"] == pytest.approx(100 * 34 / 35)
    assert result["largest"]["points"] < -2 and result["cosine"] > 2


def test_embeddings_in_the_wrong_order_show(test_clips, monkeypatch):
    rows = Store.embeddings
    monkeypatch.setattr(Store, "embeddings", lambda self, state: np.roll(rows(self, state), 1, axis=0))
    result = compare(test_clips)
    assert result["library"]["all"]["text_to_motion"]["R@1"] == 0 == result["library"]["all"]["motion_to_text"]["R@1"]
    assert result["largest"]["points"] == -100.0


def test_each_way_is_ranked_by_its_own_scores():
    forth, back = np.eye(33), np.roll(np.eye(33), 1, axis=0)
    found = library_retrieval.protocols(
        {"text_to_motion": forth, "motion_to_text": back}, np.eye(33), np.arange(33)
    )  # fmt: skip
    assert found["all"]["text_to_motion"]["R@10"] == 100.0 and found["all"]["motion_to_text"]["R@10"] == 0.0


def test_the_largest_difference_is_of_a_recall_and_keeps_its_sign():
    figures = {"R@1": 50.0, "R@3": 70.0, "MedR": 2.0}
    one = {"all": {"text_to_motion": figures, "motion_to_text": figures}}
    other = {
        "all": {"text_to_motion": figures | {"MedR": 99.0, "R@1": 49.0}, "motion_to_text": figures | {"R@3": 73.0}}
    }
    assert library_retrieval.largest(one, other) == (-3.0, "R@3, all, motion to text")
    assert library_retrieval.largest(other, one) == (3.0, "R@3, all, motion to text")


def test_the_benchmark_by_its_name(test_clips, monkeypatch, tmp_path):
    rows = [
        {
            "set": "cmu_amc", "name": "x", "label": "x", "action": "x", "split": split, "ships": True,
            "frames": 24, "start": 24 * speed, "captions": test_clips.captions[speed],
        }
        for split in ("test", "train")
        for speed in SPEEDS
    ]  # fmt: skip
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    np.save(tmp_path / "motions.npy", np.concatenate(test_clips.motions))
    (tmp_path / "recognizer.safetensors").write_bytes(b"stand-in")
    knowing = Knowing()
    knowing.recognizer = Embedder()
    monkeypatch.setattr(understanding, "load_understanding", lambda weights, device: knowing)
    options = Options(weights=tmp_path, prepared=tmp_path, cache=tmp_path / "cache")
    result = run_benchmark("library_retrieval", options)
    retrieval = run_benchmark("retrieval", options)
    assert set(retrieval["protocols"].pop("less usual")) == {"motion_to_text"}
    assert result["vectors"] == retrieval["protocols"] and "R@3 100.0 %" in result["figure"]
