"""The weights in the repository do what docs/benchmarks.md says, judged by plain geometry."""

import hashlib
import json
import re

import numpy as np
import pytest
import torch

from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, PARENTS
from coamd_blender.wire.requests import StoryboardScene
from runtime.edit.regenerate import edit
from runtime.edit.storyboard import storyboard
from runtime.edit.task import Edit
from runtime.evaluate.obedience_tests import passes, passes_in_order
from runtime.evaluate.registry import find
from runtime.evaluate.results import motion_digest, weights_digest
from runtime.generate.generator import Generator
from runtime.weights import BUNDLED as WEIGHTS

SEEDS = [1, 2, 3, 4]


@pytest.fixture(scope="module")
def generator():
    return Generator.load()


@pytest.fixture(scope="module")
def walks(generator):
    return generator.generate(["a person walks forward"] * 4, 80, SEEDS)


def test_walking_travels_forward_upright(walks):
    forward = walks[:, -1, 0, 2] - walks[:, 0, 0, 2]
    assert np.median(forward) > 1.5  # metres in 4 s
    assert np.median(walks[:, :, JOINT_INDEX["head"], 1]) > 1.3


def test_standing_still_stays(generator):
    joints = generator.generate(["a person stands still"] * 4, 80, SEEDS)
    assert np.median(np.linalg.norm(joints[:, -1, 0] - joints[:, 0, 0], axis=-1)) < 0.3


def test_sitting_is_lower_than_standing(generator, walks):
    joints = generator.generate(["a person sits on a chair"] * 4, 80, SEEDS)
    assert np.median(joints[:, 40:, 0, 1]) < 0.8 * np.median(walks[:, :, 0, 1])


def test_fast_walks_and_kicks_forward_and_keeps_what_an_edit_keeps(walks):
    fast = Generator.load()
    fast.draw_in("fast")
    assert fast.quality == "fast" and not fast.told_quality(), "the student is of these weights"
    joints = fast.generate(["a person walks forward"] * 4, 80, SEEDS)
    assert np.median(joints[:, -1, 0, 2] - joints[:, 0, 0, 2]) > 1.5
    kicks = fast.generate(["a man kicks"] * 4, 80, SEEDS)
    feet = kicks[..., [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 1]
    assert np.median(feet.max(axis=(1, 2)) - feet.min(axis=(1, 2))) > 0.4  # metres
    made = edit(fast, walks[0], FPS, Edit(30, 50, prompt="a person waves"))
    outside = [*range(30), *range(50, 80)]
    assert np.abs(made[outside] - walks[0][outside]).max() < 1e-4


def test_two_seeds_differ(walks):
    assert np.linalg.norm(walks[0] - walks[1], axis=-1).mean() > 0.03


def test_bones_keep_their_length(walks):
    bones = np.linalg.norm(walks[:, :, 1:] - walks[:, :, list(PARENTS[1:])], axis=-1)
    assert np.abs(bones / BONE_LENGTHS[1:] - 1).max() < 1e-3


def test_motion_is_as_smooth_as_recordings(walks):
    """Recordings have a mean joint jerk of about 120 m/s^3; a shiver has many times that."""
    jerk = np.linalg.norm(np.diff(walks, n=3, axis=1), axis=-1).mean() * 20**3
    assert 20 < jerk < 240


def test_three_actions_come_in_order_and_without_a_jolt(generator):
    joints = generator.generate(["a man walks, then crouches down, then waves"] * 4, 180, SEEDS)
    asked = [{"is": "walk"}, {"is": "low"}, {"is": "wave"}]
    assert sum(passes_in_order(motion, asked) for motion in joints) >= 3
    acceleration = np.linalg.norm(np.diff(joints, n=2, axis=1), axis=-1).mean(axis=-1) * 20**2
    assert acceleration.max() < 30  # the recordings' 99th percentile


def test_same_seed_same_bytes(generator):
    first, second = (generator.generate(["wave"], 40, [7]).tobytes() for _ in range(2))
    assert first == second


@pytest.mark.skipif(not torch.cuda.is_available(), reason="compares two devices")
def test_cuda_agrees_with_the_cpu(walks):
    on_gpu = Generator.load(device="cuda").generate(["a person walks forward"] * 4, 80, SEEDS)
    assert np.linalg.norm(on_gpu - walks, axis=-1).max() < 1e-3


def test_an_action_that_words_alone_do_not_bring_comes_with_an_example(generator):
    examples, generator.examples = generator.examples, None
    alone = generator.generate(["a man stands with his hands on his hips"] * 4, 96, SEEDS)
    generator.examples = examples
    shown = generator.generate(["a man stands with his hands on his hips"] * 4, 96, SEEDS)
    alone, shown = (sum(passes(motion, {"is": "hands_on_hips"}) for motion in made) for made in (alone, shown))
    assert shown >= 3 and shown > alone


def test_a_prompt_is_understood_clause_by_clause(generator):
    assert generator.understood("a soldier salutes his officer", 96) == "salute"
    told = generator.understood("somebody walks along, then gives a salute", 160)
    assert told == "a person walks forward, then salute"


def test_a_scene_and_a_range_come_with_an_example_and_what_is_around_stays(generator):
    hips = {"is": "hands_on_hips"}
    scenes = [StoryboardScene("walks forward", 3.0), StoryboardScene("stands with hands on the hips", 5.0)]
    told = [storyboard(generator, scenes, seed=seed) for seed in SEEDS]
    assert sum(passes(motion[60:160], hips) for motion in told) >= 3
    walk = generator.generate(["a person walks forward"], 160, [3])[0]
    made = [edit(generator, walk, FPS, Edit(40, 140, "puts both hands on the hips", seed=seed)) for seed in SEEDS]
    assert sum(passes(motion[40:140], hips) for motion in made) >= 3
    assert all(np.array_equal(motion[:40], walk[:40]) and np.array_equal(motion[140:], walk[140:]) for motion in made)


def test_the_card_names_every_file_with_its_digest():
    card = (WEIGHTS / "README.md").read_text()
    for path in sorted(WEIGHTS.rglob("*")):
        name = path.relative_to(WEIGHTS).as_posix()
        if path.is_file() and name not in ("README.md", "evaluation/results.json"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert re.search(rf"`{re.escape(name)}`.*{digest[:16]}", card), name


def test_the_figures_that_ship_are_of_the_weights_that_ship():
    shipped = json.loads((WEIGHTS / "evaluation" / "results.json").read_text())
    for name, row in shipped.items():
        assert row["weights"] == (weights_digest if find(name).recognises else motion_digest)(None), name
    assert {"obedience", "obedience_three_actions", "retrieval", "recognition"} <= set(shipped)


def test_all_weights_fit_the_bundle():
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) < 100e6
