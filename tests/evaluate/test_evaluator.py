"""The evaluator: features that know true lengths, an embedding that can be learnt, weights that come back."""

import numpy as np
import pytest
import torch
from judges import SMALL, Words, moving

from coamd_blender.errors import InputError, WeightsError
from runtime.compose.compose import PoolItem
from runtime.data.dataset import write_pool
from runtime.evaluate.caption_groups import caption_groups, plain
from runtime.evaluate.evaluator import FEATURES, Evaluator, Judge, motion_features
from runtime.train import evaluator as training


def turned(joints, degrees):
    angle = np.radians(degrees)
    matrix = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    return (joints @ np.array(matrix).T + [3.0, 0.0, -2.0]).astype(np.float32)


def test_features_do_not_depend_on_the_batch():
    short, long = moving(30), moving(120, seed=1)
    together, steps = motion_features([short, long])
    alone, own = motion_features([short])
    assert steps.tolist() == [7, 30] and own.tolist() == [7]  # whole steps of four frames
    assert torch.allclose(together[0, :7], alone[0], atol=1e-6)
    assert together.shape == (2, 30, FEATURES)
    assert motion_features([moving(260)])[1].tolist() == [49]
    with pytest.raises(InputError, match="3 frames"):
        motion_features([moving(3)])


def test_features_ignore_where_a_motion_starts_and_faces():
    one, _ = motion_features([moving(60)])
    other, _ = motion_features([turned(moving(60), 130)])
    assert torch.allclose(one, other, atol=1e-4)
    slow, _ = motion_features([moving(60, speed=0.5)])
    assert (slow - one).abs().max() > 0.02


def test_embeddings_know_true_lengths_and_have_length_sqrt_dim():
    torch.manual_seed(0)
    module = Evaluator(SMALL).eval()
    short, long = moving(30), moving(120, seed=1)
    with torch.no_grad():
        together = module.embed_motion(*motion_features([short, long]))
        alone = module.embed_motion(*motion_features([short]))
        tokens, valid = torch.randn(2, 9, 40), torch.arange(9) < torch.tensor([[4], [9]])
        words = module.embed_text(tokens, valid)
        fewer = module.embed_text(tokens[:1, :4], valid[:1, :4])
    assert torch.allclose(together[0], alone[0], atol=1e-5)
    assert torch.allclose(words[0], fewer[0], atol=1e-5)
    assert torch.allclose(together.norm(dim=1), torch.full((2,), 4.0), atol=1e-4)


def test_the_loss_leaves_out_pairs_that_mean_the_same():
    module = Evaluator(SMALL)
    apart = torch.eye(3, 16) * 4
    alike = apart.clone()
    alike[1] = alike[0]
    nothing = torch.zeros(3, 3, dtype=torch.bool)
    same = nothing.clone()
    same[0, 1] = same[1, 0] = True
    with torch.no_grad():
        assert module.loss(alike, alike, nothing) > 0.4  # told to separate twins: at least 2/3 log 2
        assert module.loss(alike, alike, same) < 0.01
        assert module.loss(apart, apart, nothing) < 0.01


def test_captions_that_differ_in_subject_or_side_are_one_group():
    assert plain("A man waves with his left hand.") == plain("someone waves with their right hand")
    groups = caption_groups(
        [["a person waves", "he greets"], ["the woman greets"], ["a person kicks left"], ["a man kicks right"], ["run"]]
    )
    assert groups[0] == groups[1] and groups[2] == groups[3] and len(set(groups)) == 3
    assert plain("a man turns clockwise") != plain("a man turns left")


NAMES = ("hop", "bow", "kick", "wave", "sit", "lie", "spin", "march")


@pytest.fixture
def prepared(tmp_path):
    for split, copies in (("train", 6), ("val", 2)):
        items = []
        for copy in range(copies):
            for seed, name in enumerate(NAMES):
                joints = moving(32 + 4 * copy, seed=seed, speed=0.2 * seed)
                items.append(PoolItem(joints, [f"people {name}", f"they {name} here"], name, "single", 1.0, (name,)))
        write_pool(tmp_path / "pool" / split, items)
    return tmp_path


def test_training_learns_to_pair_and_the_judge_reads_what_it_wrote(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(training.TextEncoder, "load", classmethod(lambda cls, folder: Words()))
    run = tmp_path / "run"
    path = training.train_evaluator(prepared, run, 60, batch=16, learning_rate=5e-3, config=SMALL)
    assert path == run / "best.safetensors"
    judge = Judge.load(prepared, path)
    motions = judge.motions([moving(44, seed=seed, speed=0.2 * seed) for seed in range(8)])
    texts = judge.texts([f"people {name}" for name in NAMES])
    assert motions.shape == texts.shape == (8, 16)
    nearest = np.linalg.norm(texts[:, None] - motions[None], axis=-1).argmin(axis=1)
    assert (nearest == np.arange(8)).mean() >= 0.75  # chance is 1 in 8
    assert np.allclose(judge.texts(["people sit", "people sit"])[0], texts[4], atol=1e-5)


def test_a_missing_evaluator_is_one_line(tmp_path):
    with pytest.raises(WeightsError, match=r"evaluator\.safetensors is not in"):
        Judge.load(tmp_path)
