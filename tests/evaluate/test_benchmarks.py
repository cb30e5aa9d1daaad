"""The registry, its options, and the benchmarks that need no trained network."""

from types import SimpleNamespace

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.errors import DataError, InputError, WeightsError
from runtime.compose.compose import PoolItem
from runtime.data.dataset import write_pool
from runtime.evaluate import benchmarks, results
from runtime.evaluate.benchmarks import Options, reconstruction_error, run_benchmark
from runtime.evaluate.generated import DRAWN_BY, ROOT, Order, drawing_code, produce
from runtime.evaluate.registry import list_benchmarks
from runtime.evaluate.results import weights_digest


def test_every_benchmark_is_listed_with_what_it_needs():
    rows = list_benchmarks()
    assert {"obedience", "fairness", "physical", "reconstruction", "memorisation", "speed"} <= {
        row["name"] for row in rows
    }
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(set(row) == {"name", "measures", "needs", "published", "ours"} for row in rows)


def test_a_benchmark_has_usual_options_that_a_named_one_sets_aside(monkeypatch):
    seen = []
    monkeypatch.setattr(benchmarks, "run_obedience_of", lambda name, options: seen.append((name, options)) or {})
    for named in ({}, {"device": "cpu"}, {"seeds": 2}, {"seeds": 8, "best_of": 2}):
        run_benchmark("obedience_vocabulary", named)
    run_benchmark("obedience_other_words")
    asked = [(name, options.seeds, options.best_of) for name, options in seen]
    assert asked[:3] == [("VOCABULARY", 4, 4), ("VOCABULARY", 4, 4), ("VOCABULARY", 2, None)]
    assert asked[3:] == [("VOCABULARY", 8, 2), ("OTHER_WORDS", 8, None)]
    assert seen[1][1].device == "cpu"


def test_unknown_names_options_and_missing_things_are_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="no benchmark 'beauty'"):
        run_benchmark("beauty")
    with pytest.raises(InputError, match="colour"):
        run_benchmark("fairness", {"colour": 1})
    with pytest.raises(InputError, match="0 seeds"):
        Options(seeds=0)
    with pytest.raises(DataError, match="prepared data"):
        run_benchmark("fairness", {"prepared": tmp_path})
    for name in ("obedience", "diversity"):
        with pytest.raises(WeightsError, match="no weights"):
            run_benchmark(name, Options(weights=tmp_path, cache=tmp_path))


def test_motions_are_drawn_in_styles_that_tell_them_apart_and_other_benchmarks_refuse_them(monkeypatch, tmp_path):
    worn, style = [], tmp_path / "jig.safetensors"
    style.write_bytes(b"a jig")
    drawer = SimpleNamespace(wear=worn.append, draw_in=lambda quality: None)
    monkeypatch.setattr(benchmarks.Generator, "load", lambda weights, device: drawer)
    monkeypatch.setattr(benchmarks.Style, "load", lambda path: path.name)
    plain = Options(weights=weights_in(tmp_path))
    styled = [Options(weights=tmp_path, styles=((style, strength),)) for strength in (1.0, 0.5)]
    assert [plain.generator(), *(options.generator() for options in styled)] == [drawer] * 3
    assert [[(each.style, each.strength) for each in some] for some in worn] == [
        [("jig.safetensors", 1.0)], [("jig.safetensors", 0.5)],
    ]  # fmt: skip
    assert len({plain.digest(), *(options.digest() for options in styled)}) == 3
    with pytest.raises(InputError, match="fairness draws no motion in styles"):
        run_benchmark("fairness", {"styles": ((style, 1.0),)})


def test_only_the_rows_that_are_named_are_measured():
    assert Options(only=("b",)).chosen(("a", "b")) == ["b"] and Options().chosen(("a", "b")) == ["a", "b"]
    with pytest.raises(InputError, match="no row 'c'"):
        Options(only=("c",)).chosen(("a", "b"))


def test_reconstruction_error_splits_pose_and_place():
    truth = s.travelling(s.stepping(2, 0.9, 0.3), 1.0)
    moved = truth + np.array([0.0, 0.03, 0.04])
    assert reconstruction_error(moved, truth) == pytest.approx((0.0, 50.0), abs=1e-6)
    bent = truth.copy()
    bent[:, 1:] += [0.012, 0.0, 0.0]
    assert reconstruction_error(bent, truth) == pytest.approx((12.0, 0.0), abs=1e-6)


def test_reconstruction_runs_over_held_out_clips(monkeypatch, tmp_path):
    clips = [
        {"set": "a", "split": "val", "start": 0, "frames": 78},
        {"set": "b", "split": "test", "start": 78, "frames": 400},
        {"set": "b", "split": "test", "start": 478, "frames": 8},
    ]
    lengths = []

    def reconstruct(joints):
        lengths.append(len(joints))
        return joints + np.array([0.0, 0.02, 0.0])

    motions = np.zeros((500, 22, 3), dtype=np.float32)
    data = SimpleNamespace(
        of_split=lambda split: [clip for clip in clips if clip["split"] == split],
        joints=lambda clip: motions[clip["start"] : clip["start"] + clip["frames"]],
    )
    monkeypatch.setattr(Options, "data", lambda self: data)
    monkeypatch.setattr(Options, "generator", lambda self: SimpleNamespace(reconstruct=reconstruct))
    result = run_benchmark("reconstruction", Options(prepared=tmp_path))
    assert lengths == [76, 196]  # whole tokens, one window, nothing under 16 frames
    assert result["clips"] == 2 and set(result["sets"]) == {"a", "b"}
    assert result["joint_mm"] == pytest.approx(0.0, abs=1e-3) and result["pelvis_mm"] == pytest.approx(20.0, abs=1e-3)


def test_thinning_is_even_and_stable():
    assert benchmarks._thin(list(range(5)), 10) == [0, 1, 2, 3, 4]
    assert benchmarks._thin(list(range(101)), 3) == [0, 50, 100]


def test_produced_motions_come_back_in_order_and_from_the_cache(tmp_path):
    calls = []

    class Counter:
        def generate(self, prompts, frames, seeds, cfg=None):
            calls.append((tuple(prompts), frames, tuple(seeds)))
            return np.stack([np.full((frames, 22, 3), seed, dtype=np.float32) for seed in seeds])

    orders = [Order("b", 8, 1), Order("a", 4, 2), Order("c", 8, 3)]
    motions = produce(Counter(), orders, "w" * 64, tmp_path)
    assert [(len(joints), joints[0, 0, 0]) for joints in motions] == [(8, 1), (4, 2), (8, 3)]
    assert calls == [(("a",), 4, (2,)), (("b", "c"), 8, (1, 3))]

    def must_not_load():
        raise AssertionError("the cache was not read")

    again = produce(must_not_load, orders, "w" * 64, tmp_path)
    assert all(np.array_equal(one, other) for one, other in zip(motions, again, strict=True))


def test_motions_drawn_by_other_code_are_not_read_back(tmp_path):
    room = tmp_path / "runtime" / "model"
    room.mkdir(parents=True)
    (room / "sampling.py").write_text("STEPS = 10")
    first = drawing_code(tmp_path)
    (tmp_path / "runtime" / "report.py").write_text("TITLE = 1")
    assert drawing_code.__wrapped__(tmp_path) == first
    (room / "sampling.py").write_text("STEPS = 11")
    assert drawing_code.__wrapped__(tmp_path) != first
    assert all(any((ROOT / room).rglob("*.py")) for room in DRAWN_BY)


def test_the_digest_follows_the_bytes_of_the_weights(tmp_path):
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"one")
    first = weights_digest(tmp_path)
    file.write_bytes(b"two")
    assert weights_digest(tmp_path) != first
    assert weights_digest(file) == weights_digest(tmp_path)
    with pytest.raises(WeightsError, match="no weights"):
        weights_digest(tmp_path / "missing")


def test_another_recogniser_leaves_figures_of_motion_as_they_were(tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in ("generator", "recognizer"):
        (weights / f"{name}.safetensors").write_bytes(b"one")
    results.record(tmp_path, "obedience", "90 %", results.motion_digest(weights))
    results.record(tmp_path, "retrieval", "R@3 80 %", results.weights_digest(weights))
    (weights / "recognizer.safetensors").write_bytes(b"two")
    assert results.figures(weights, tmp_path) == {"obedience": "90 %"}
    (weights / "generator.safetensors").write_bytes(b"two")
    assert results.figures(weights, tmp_path) == {}


class Standing:
    """A stand-in generator: stands, a little higher for every seed."""

    def __init__(self):
        self.asked = []

    def generate(self, prompts, frames, seeds, cfg=None):
        self.asked += [(prompt, frames) for prompt in prompts]
        return np.stack([s.standing(frames / 20) + np.array([0.0, 0.01 * seed, 0.0]) for seed in seeds])


def weights_in(folder):
    (folder / "generator.safetensors").write_bytes(b"stand-in")
    return folder


def test_physics_compares_like_with_like(monkeypatch, tmp_path):
    slide = s.travelling(s.standing(3), 0.5).astype(np.float32)
    items = [
        PoolItem(slide, ("a person slides",), "walk", "single", 1.0, ("walk",)),
        PoolItem(slide[:50], ("a person slides on",), "walk", "mirror", 1.0, ("walk",)),
        PoolItem(slide, ("two at once",), "walk", "sequence", 1.0, ("walk", "walk")),
    ]
    write_pool(tmp_path / "pool" / "val", items)
    actor = Standing()
    monkeypatch.setattr(Options, "generator", lambda self: actor)
    options = Options(weights=weights_in(tmp_path), prepared=tmp_path, cache=tmp_path)
    result = run_benchmark("physical", options)
    assert sorted(actor.asked) == [("a person slides", 60), ("a person slides on", 48)]  # recordings only, whole tokens
    assert result["validation"]["foot_skate_ratio"] == 1.0 and result["generated"]["foot_skate_ratio"] == 0.0
    assert result["ratio"]["foot_skate_ratio"] == 0.0 and result["ratio"]["bone_length_error"] == pytest.approx(
        1.0, rel=1e-4
    )


def test_diversity_is_the_mean_distance_of_the_seeds(monkeypatch, tmp_path):
    monkeypatch.setattr(Options, "generator", lambda self: Standing())
    result = run_benchmark("diversity", Options(weights=weights_in(tmp_path), cache=tmp_path, seeds=2))
    assert result["overall"] == pytest.approx(1.0, abs=1e-3)  # two seeds stand 1 cm apart
    assert set(result["families"]) >= {"walk", "dance"}


def test_memorisation_shows_a_copy_beside_what_is_new(monkeypatch, tmp_path):
    known, new = s.standing(4).astype(np.float32), s.dancing(4).astype(np.float32)
    clips = [
        {"set": "a", "split": "train", "start": 0, "frames": 80},
        {"set": "a", "split": "val", "start": 80, "frames": 80},
    ]
    motions = np.concatenate([known, new])
    data = SimpleNamespace(
        of_split=lambda split: [clip for clip in clips if clip["split"] == split],
        joints=lambda clip: motions[clip["start"] : clip["start"] + clip["frames"]],
    )
    monkeypatch.setattr(Options, "data", lambda self: data)
    monkeypatch.setattr(Options, "generator", lambda self: Standing())
    result = run_benchmark("memorisation", Options(weights=weights_in(tmp_path), cache=tmp_path, seeds=1))
    assert result["generated"]["mean"] == pytest.approx(0.0, abs=1e-3)
    assert result["held_out"]["mean"] > 10.0
