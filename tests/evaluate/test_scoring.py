"""Rows of the open benchmark: baselines by hand, scores that order rows as they must."""

import numpy as np
import pytest

from coamd_blender.motion.skeleton import BONE_LENGTHS, PARENTS, rest_joints
from runtime.evaluate import baselines, scoring
from runtime.evaluate.metrics import Components
from runtime.evaluate.open_set import OpenSet, of_motions, whole
from runtime.evaluate.scoring import Row, Yardstick


def shifted(frames, height):
    return np.repeat(rest_joints()[None], frames, axis=0).astype(np.float32) + np.float32([0, height, 0])


def make_set(rows):
    """A set of (frames, height, family, captions)."""
    motions = [shifted(frames, height) for frames, height, _, _ in rows]
    return OpenSet(motions, [r[3] for r in rows], [r[2] for r in rows], np.arange(len(rows)))


TRAIN = make_set([(8, 0.0, "hop", ["they hop"]), (16, 0.2, "hop", ["hop up"]), (12, 5.0, "fly", ["fly away"])])
TEST = make_set([(20, 1.0, "hop", ["a hop", "hopping"]), (24, 1.0, "fly", ["a flight"])])


def test_the_label_mean_is_the_mean_of_its_family_on_whole_bones():
    hop, fly = baselines.label_mean(TEST, TRAIN)
    assert hop.shape == (20, 22, 3) and np.allclose(hop, shifted(20, 0.1), atol=1e-5)
    assert np.allclose(fly, shifted(24, 5.0), atol=1e-5)
    bent = make_set([(8, 0.0, "hop", ["x"])])
    turned = bent.motions[0] * np.float32([-1, 1, -1])  # facing backwards: the mean would have no width
    both = OpenSet([bent.motions[0], turned], [["x"], ["y"]], ["hop", "hop"], np.arange(2))
    mean = baselines.label_mean(TEST, both)[0]
    lengths = np.linalg.norm(mean[:, 1:] - mean[:, list(PARENTS[1:])], axis=-1)
    assert np.allclose(lengths, BONE_LENGTHS[1:], atol=1e-5)


def test_stretching_in_time_keeps_ends_and_is_linear():
    ramp = np.arange(5.0)[:, None, None] * np.ones((5, 22, 3))
    assert np.allclose(baselines.stretched(ramp, 9)[:, 0, 0], np.arange(9) / 2)
    assert np.allclose(baselines.stretched(ramp[:1], 3), 0.0)


def test_the_nearest_clip_by_text_and_noise_of_the_same_spread():
    vectors = {"they hop": [1, 0], "hop up": [0.8, 0.6], "fly away": [0, 1], "a hop": [1, 0], "a flight": [0, 1]}
    found = baselines.nearest_by_text(TEST.prompts(0), TRAIN, lambda captions: np.array([vectors[c] for c in captions]))
    assert found[0] is TRAIN.motions[0] and found[1] is TRAIN.motions[2]
    assert TEST.prompts(1) == ["hopping", "a flight"]
    made = np.concatenate([baselines.noise(TEST, TRAIN, seed)[1] for seed in range(60)])
    frames = np.concatenate(TRAIN.motions)
    assert np.allclose(made.std(axis=0), frames.std(axis=0), atol=0.2)
    assert np.allclose(made.mean(axis=0), frames.mean(axis=0), atol=0.3)
    sample = baselines.training_sample(3, TRAIN, 0)
    assert {id(joints) for joints in sample} == {id(joints) for joints in TRAIN.motions}


def test_motions_are_cut_to_the_middle_and_to_whole_tokens():
    long = np.arange(300.0)[:, None, None] * np.ones((300, 22, 3))
    assert len(whole(long)) == 196 and whole(long)[0, 0, 0] == 52
    assert len(whole(long[:27])) == 24
    groups = of_motions([long, long], [["a man hops"], ["she hops"]]).groups
    assert groups[0] == groups[1]


@pytest.fixture
def yard():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(96, 8)) * 2
    return Yardstick(real, Components.of(real, 4), np.arange(96) // 2)


def test_scores_order_truth_before_worse_before_noise(yard):
    rng = np.random.default_rng(1)
    texts = np.stack([yard.real] * 3) + 0.1 * rng.normal(size=(3, 96, 8))
    close = np.stack([yard.real] * 3) + 0.8 * rng.normal(size=(3, 96, 8))
    rows = {
        "truth": Row("truth", yard.real[None], texts[:1]),
        "close": Row("close", close, texts),
        "noise": Row("noise", rng.normal(5, 1, size=(3, 96, 8)), texts),
        "unasked": Row("unasked", close, None),
    }
    scored = {name: scoring.score(row, yard) for name, row in rows.items()}
    assert abs(scored["truth"]["KID"].mean) < 3 * scored["noise"]["KID"].mean / 100
    for column in ("FID", "MM-dist"):
        values = [scored[name][column].mean for name in ("truth", "close", "noise")]
        assert values == sorted(values) and values[2] > 3 * values[1]
    assert scored["truth"]["R@1"].mean == 1.0 and scored["truth"]["R@1"].interval == 0.0
    assert scored["close"]["R@3"].mean > 0.9 and scored["noise"]["R@3"].mean < 0.25
    assert scored["close"]["FID"].interval > 0
    assert "R@1" not in scored["unasked"]
    assert scored["close"] == scoring.score(rows["close"], yard)  # the same draws every time
    text = scoring.table(scored)
    assert len(text.splitlines()) == 5 and text.splitlines()[-1].split().count("-") == 4
    assert scoring.as_json(scored)["truth"]["R@1"] == {"mean": 1.0, "interval": 0.0}
