"""The open benchmark and the paper's, from data on disk to tables, with stand-ins for every trained network."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from judges import Knowing, Words, moving, untrained_judge

from coamd_blender.errors import DataError, WeightsError
from runtime.config import PUBLISHED_SAMPLING, RecognizerConfig, SamplingConfig
from runtime.data import humanml3d
from runtime.evaluate import open_benchmark, paper, results, understanding
from runtime.evaluate.benchmarks import Options, run_benchmark
from runtime.evaluate.evaluator import Judge
from runtime.evaluate.open_set import OpenSet
from runtime.evaluate.registry import PAPER, list_benchmarks
from runtime.model.recognizer import MotionRecognizer
from runtime.recognize.recognizer import Recognizer

SPEEDS = range(35)  # tenths of a metre a second: one caption each


def clip_rows(split, start):
    return [
        {
            "set": "cmu_amc", "name": "x", "label": f"x {speed}", "action": "x", "split": split, "ships": True,
            "frames": 24, "start": start + 24 * speed, "captions": [f"go at {speed}", f"move at {speed}"],
        }
        for speed in SPEEDS
    ]  # fmt: skip


@pytest.fixture
def prepared(tmp_path):
    """Training and test clips that go at 35 speeds, and a labelled set of two performers."""
    motions = [moving(24, seed=speed, speed=speed / 10) for speed in SPEEDS]
    labelled = [
        {
            "set": "utd_mhad", "name": "x", "label": f"speed {speed}", "performer": str(performer), "split": "test",
            "ships": False, "frames": 24, "start": 24 * speed, "captions": [],
        }
        for performer in (1, 2, 3, 4)
        for speed in (5, 15, 25)
    ]  # fmt: skip
    clips = [*clip_rows("train", 0), *clip_rows("test", 24 * len(motions)), *labelled]
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(clip) + "\n" for clip in clips))
    np.save(tmp_path / "motions.npy", np.concatenate(motions * 2))
    (tmp_path / "generator.safetensors").write_bytes(b"stand-in")
    return tmp_path


class Goes:
    """A stand-in generator that goes as fast as the prompt says, or ten times slower."""

    def __init__(self, factor=1.0):
        self.factor = factor
        self.made, self.sampling, self.sampled = 0, SamplingConfig(), []

    def generate(self, prompts, frames, seeds, cfg=None, guidance=None):
        self.made += len(prompts)
        if self.sampling not in self.sampled:
            self.sampled.append(self.sampling)
        speeds = [self.factor * int(prompt.split()[-1]) / 10 for prompt in prompts]
        return np.stack([moving(frames, seed=s, speed=v) for s, v in zip(seeds, speeds, strict=True)])


@pytest.fixture
def options(prepared, monkeypatch):
    monkeypatch.setattr(Judge, "load", classmethod(lambda cls, weights, evaluator: untrained_judge()))
    monkeypatch.setattr(open_benchmark, "FID_COMPONENTS", 8)
    monkeypatch.setattr(open_benchmark, "edit_all", lambda maker, task, motions, *rest: list(motions))
    makers = {None: Goes(), prepared / "other": Goes(0.1)}
    monkeypatch.setattr(Options, "generator", lambda self, folder=None: makers[folder])
    (prepared / "other").mkdir()
    (prepared / "other" / "generator.safetensors").write_bytes(b"another")
    return Options(weights=prepared, prepared=prepared, cache=prepared / "cache", official=prepared / "official")


def test_the_open_benchmark_without_a_recogniser_says_what_it_left_out(options):
    result = run_benchmark("open", options)
    rows = result["text_to_motion"]["rows"]
    assert list(rows) == [
        "ground truth", "training clips", "noise", "label-mean clip", "nearest training clip", "ours",
    ]  # fmt: skip
    assert rows["noise"]["FID"]["mean"] > 5 * rows["ground truth"]["FID"]["mean"]
    assert "R@1" not in rows["training clips"] and rows["ours"]["R@3"]["interval"] >= 0
    tasks = {"inbetween", "outpaint", "prefix", "suffix"}
    others = {f"{task}, {name}" for task in tasks for name in ("nearest clip copied", "linear", "slerp")}
    assert set(result["editing"]["rows"]) == {"ground truth", *tasks, *others}
    assert "retrieval" not in result and "recogni" in result["notes"][0] and result["notes"][0] in result["text"]
    listed = {row["name"]: row["ours"] for row in list_benchmarks(options.weights, options.cache)}
    assert listed["open"] == result["figure"] and listed["kit-t2m"] is None
    maker = options.generator()
    assert maker.made == 3 * len(SPEEDS)
    again = run_benchmark("open", options)
    assert maker.made == 3 * len(SPEEDS)  # scored from the cache
    assert again["text_to_motion"]["rows"] == rows


def test_the_open_benchmark_with_a_recogniser_and_another_generator(options, monkeypatch, prepared):
    monkeypatch.setattr(understanding, "load_understanding", lambda weights, device: Knowing())
    monkeypatch.setattr(Knowing, "guidance", lambda self, prompts, strength: None, raising=False)
    options = Options(**{**vars(options), "compare": (("slower", prepared / "other"),)})
    result = run_benchmark("open", options)
    rows = result["text_to_motion"]["rows"]
    assert list(rows)[-4:] == ["ours", "ours, guided", "slower", "slower, drawn as published"]
    assert rows["slower"]["MM-dist"] != rows["ours"]["MM-dist"]
    assert options.generator(prepared / "other").sampled == [SamplingConfig(), PUBLISHED_SAMPLING]
    alone = run_benchmark("open_text_to_motion", options)
    assert alone["rows"] == rows and "slower" in alone["text"]
    batches = result["retrieval"]["protocols"]["batches"]
    assert batches["text_to_motion"]["R@1"] == batches["motion_to_text"]["R@1"] == 100.0
    assert result["recognition"]["zero_shot"]["utd_mhad"]["top1"] == 1.0
    assert result["recognition"]["sorted"]["utd_mhad"]["top1"] == 1.0
    assert result["recognition"]["cross_subject"] == pytest.approx(
        {"clips": 6, "classes": 3, "top1": 1.0, "penalty": result["recognition"]["cross_subject"]["penalty"]}
    )
    assert result["recognition"]["cross_subject_trained"] == {"clips": 6, "classes": 3, "top1": 1.0}
    assert not result["notes"]


def test_retrieval_and_recognition_alone_need_no_evaluator(options, monkeypatch):
    monkeypatch.setattr(understanding, "load_understanding", lambda weights, device: Knowing())
    options = Options(**{**vars(options), "evaluator": "/nowhere"})
    found = run_benchmark("retrieval", options)
    assert found["protocols"]["batches"]["text_to_motion"]["R@3"] == 100.0 and "R@3 100.0 %" in found["figure"]
    named = run_benchmark("recognition", options)
    assert named["zero_shot"]["utd_mhad"]["top1"] == 1.0 and "utd_mhad 3.0" in named["figure"]


def test_recognition_across_sets_takes_two_of_them(options, monkeypatch, prepared):
    monkeypatch.setattr(understanding, "load_understanding", lambda weights, device: Knowing())
    with pytest.raises(DataError, match="holds utd_mhad, and this takes two labelled sets") as caught:
        run_benchmark("recognition_across", options)
    assert caught.value.hint
    rows = [json.loads(line) for line in (prepared / "clips.jsonl").read_text().splitlines()]

    def prepare(clips):
        (prepared / "clips.jsonl").write_text("".join(json.dumps(clip) + "\n" for clip in clips))

    labelled = [row for row in rows if row["set"] == "utd_mhad"]
    prepare([*rows, *({**row, "set": "utkinect"} for row in labelled)])
    assert set(run_benchmark("recognition_across", options)["rows"]) == {"utd_mhad", "utkinect"}
    prepare([row for row in rows if row not in labelled])
    with pytest.raises(DataError, match="holds no labelled set"):
        run_benchmark("recognition_across", options)


def test_the_editing_tasks_alone_on_some_of_the_clips(options):
    result = run_benchmark("open_editing", Options(**{**vars(options), "limit": 33}))
    assert result["clips"] == 33 and result["figure"].startswith("FID") and "slerp" in result["text"]
    again = run_benchmark("open_editing", Options(**{**vars(options), "limit": 33}))
    assert again["rows"] == result["rows"]
    with pytest.raises(DataError, match="distinct captions"):
        run_benchmark("open_editing", Options(**{**vars(options), "limit": 20}))


def test_prompts_lengths_and_seeds_of_the_open_benchmark(options):
    test = OpenSet.load(options.data(), "test")
    bench = open_benchmark.Bench(test, test, untrained_judge(), options.cache)
    orders = bench.orders()
    assert [order.prompt for order in orders[:2]] == ["go at 0", "go at 1"]
    assert orders[len(SPEEDS)].prompt == "move at 0" and orders[2 * len(SPEEDS)].prompt == "go at 0"
    assert {order.frames for order in orders} == {24} and len({order.seed for order in orders}) == len(orders)
    with pytest.raises(DataError, match="no captioned val clips"):
        OpenSet.load(options.data(), "val")


# --- the paper's --------------------------------------------------------------------------------------------------


def test_every_paper_benchmark_says_where_its_data_goes(options, monkeypatch):
    monkeypatch.setattr(paper, "load_understanding", lambda weights, device: Knowing())
    assert len(PAPER) == 13
    for name in (row.name for row in PAPER):
        with pytest.raises(DataError) as caught:
            run_benchmark(name, options)
        assert "Get it from" in str(caught.value) or "Get the 3D skeletons from" in str(caught.value)
        assert str(options.official) in str(caught.value)


def test_published_figures_are_the_papers():
    published = {row["name"]: row["published"] for row in list_benchmarks()}
    assert published["humanml3d-t2m"] == "FID 0.065" and published["kit-t2m"] == "R@1 0.431"
    assert [published[f"ntu{row}"] for row in ("60-xsub", "60-xview", "120-xsub", "120-xset")] == [
        "50.24", "54.04", "38.29", "39.11",
    ]  # fmt: skip
    assert published["humanml3d-prefix"] == "R@1 0.525" and published["humanml3d-suffix"] == "R@1 0.522"


@pytest.fixture
def humanml(options, monkeypatch):
    folder = options.official / "HumanML3D"
    for name in ("new_joints", "texts"):
        (folder / name).mkdir(parents=True)
    names = [f"{speed:06d}" for speed in SPEEDS]
    for speed, name in zip(SPEEDS, names, strict=True):
        np.save(folder / "new_joints" / f"{name}.npy", moving(48, seed=speed, speed=speed / 10))
        (folder / "texts" / f"{name}.txt").write_text(f"go at {speed}#go/VERB#0.0#0.0\nmove at {speed}#x/X#0.0#0.0\n")
    for split in ("train", "val", "test"):
        (folder / f"{split}.txt").write_text("\n".join(names))
    labels = "".join(f"{name}\tspeed {speed}\n" for speed, name in zip(SPEEDS, names, strict=True))
    (folder / humanml3d.LABELS_FILE).write_text(labels)
    monkeypatch.setattr(paper, "MULTIMODAL_TEXTS", 4)
    monkeypatch.setattr(paper, "MULTIMODAL_SAMPLES", 3)
    monkeypatch.setattr(paper, "load_understanding", lambda weights, device: Knowing())
    return options


def test_humanml3d_runners_work_when_the_data_is_there(humanml):
    made = run_benchmark("humanml3d-t2m", humanml)
    assert list(made["rows"]) == ["ground truth", "noise", "ours"] and made["multimodality"] > 0
    assert "multimodality" in made["text"]
    assert set(run_benchmark("humanml3d-suffix", humanml)["rows"]) == {"ground truth", "suffix"}
    assert run_benchmark("humanml3d-retrieval", humanml)["protocols"]["batches"]["motion_to_text"]["R@1"] == 100.0
    assert run_benchmark("humanml3d-400", humanml)["top1"] == 1.0
    listed = {row["name"]: row["ours"] for row in list_benchmarks(humanml.weights, humanml.cache)}
    assert listed["humanml3d-400"] == "100.00" and listed["humanml3d-t2m"].startswith("FID")


def test_ntu_runs_over_all_classes_and_over_the_unseen_ones(options, monkeypatch):
    actions = [11, 12, 20, 1, 1]
    clips = [(moving(24, speed=action / 10), action) for action in actions]
    monkeypatch.setattr(paper.ntu, "labelled", lambda root, classes, protocol, split: clips)
    asked = []

    class Named(Knowing):
        def labels(self, labels):
            asked.append(labels)
            numbers = [paper.ntu.class_names().index(label) + 1 for label in labels]
            return self.directions[np.array(numbers) % 64]

    monkeypatch.setattr(paper, "load_understanding", lambda weights, device: Named())
    result = run_benchmark("ntu60-xview", options)
    assert result["all"]["classes"] == 60 and result["all"]["top1"] == 1.0 and result["figure"] == "100.00"
    assert result["55/5"]["classes"] == 5 and result["55/5"]["clips"] == 3
    assert "48/12" not in result  # no clip of its classes
    assert len(asked[0]) == 60 and asked[1] == tuple(paper.ntu.class_names()[a - 1] for a in (11, 12, 20, 27, 57))


def test_figures_belong_to_the_weights_that_made_them(tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    assert results.figures(weights, tmp_path) == {}
    (weights / "a.safetensors").write_bytes(b"one")
    results.record(tmp_path, "open", "FID 1", results.weights_digest(weights))
    results.record(tmp_path, "open", "FID 2", results.weights_digest(weights))
    assert results.figures(weights, tmp_path) == {"open": "FID 2"}
    (weights / "a.safetensors").write_bytes(b"two")
    assert results.figures(weights, tmp_path) == {}
    (tmp_path / results.RESULTS).write_text("[1]")
    with pytest.raises(DataError, match="not a list of results"):
        results.figures(weights, tmp_path)


def test_a_guide_binds_each_batch_of_prompts_and_names_its_strength_and_its_recogniser():
    asked = []
    knowing, other = (
        SimpleNamespace(digest=digest, guidance=lambda prompts, strength: asked.append((prompts, strength)))
        for digest in ("a", "b")
    )
    guide = understanding.text_guide(knowing, 2.5)
    guide.of(["a", "b"])
    assert asked == [(["a", "b"], 2.5)]
    others = understanding.text_guide(knowing, None), understanding.text_guide(other, 2.5)
    assert len({guide.name, *(one.name for one in others)}) == 3
    with pytest.raises(WeightsError, match="recognizer"):
        understanding.load_understanding("/nowhere")


class Drawer:
    """A stand-in generator: every label at a speed of its own."""

    def draw_in(self, quality):
        assert quality == "fast"

    def generate(self, prompts, frames, seeds):
        return np.stack([moving(frames, seed, len(text)) for text, seed in zip(prompts, seeds, strict=True)])


def test_the_recogniser_as_benchmarks_see_it():
    torch.manual_seed(0)
    config = RecognizerConfig(width=16, layers=1, heads=2, feedforward=16, dim=8, text_dim=40, text_layers=1)
    whole = understanding.RecognizerUnderstanding(Recognizer(MotionRecognizer(config), Words(), "cpu"), Drawer)
    motions = [moving(24, seed=1), moving(48, seed=2)]
    fused, features = whole.motions(motions), whole.features(motions)
    assert fused.shape == (2, 8) and features.shape == (2, 32)
    assert np.allclose(features[:, :8], fused, atol=1e-5)  # the same network, the same true lengths
    assert np.allclose(np.linalg.norm(whole.labels(["pick_up", "throw"]), axis=1), 1.0, atol=1e-5)
    assert np.allclose(whole.labels(["pick_up"]), whole.labels(["pick up"]))
    sorted_ = whole.sorted_scores([*motions, *motions], ["hop", "slide"])
    assert sorted_.shape == (4, 2) and np.allclose(sorted_.sum(axis=1), 1) and np.allclose(sorted_[:2], sorted_[2:])
    towards = whole.guidance(["people hop"], 2.0)
    joints = torch.from_numpy(motions[0])[None]
    text = torch.from_numpy(whole.descriptions(["people hop"]))[0]
    parts = torch.from_numpy(features[0]).split(8)
    expected = sum(share * float(part @ text) for share, part in zip((0.7, 0.1, 0.1, 0.1), parts, strict=True))
    assert towards.strength == 2.0 and float(towards.reward(joints)) == pytest.approx(expected, abs=1e-5)
