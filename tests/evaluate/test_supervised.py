"""Training the motion side on labelled clips: it learns what differs, repeats itself, and leaves the original alone."""

import numpy as np
import pytest
import synthetic_motions as made
import torch

from coamd_blender.errors import DataError
from runtime.config import RecognizerConfig
from runtime.evaluate import supervised
from runtime.model.recognizer import MotionRecognizer

TINY = RecognizerConfig(width=16, layers=1, heads=2, feedforward=32, dim=16, text_dim=8, text_layers=1)


def clips(count, seed):
    """Motions that walk (class 0), stand (1) or squat (2), each somewhat its own way, and their classes."""
    draw = np.random.default_rng(seed)
    makers = (
        lambda: made.travelling(made.stepping(2), draw.uniform(0.8, 1.4)),
        lambda: made.standing(2),
        lambda: made.squatting(2),
    )
    truth = np.arange(count) % len(makers)
    return [makers[kind]() + draw.normal(size=(1, 22, 3)) * 0.01 for kind in truth], truth


@pytest.fixture(scope="module")
def recognizer():
    torch.manual_seed(0)
    return MotionRecognizer(TINY).eval()


def test_it_tells_unseen_clips_apart_and_leaves_the_original_as_it_was(recognizer):
    before = {name: value.clone() for name, value in recognizer.state_dict().items()}
    motions, truth = clips(36, 0)
    network = supervised.train_classifier(recognizer, motions, truth, 3, epochs=80)
    unseen, answers = clips(12, 1)
    scores = supervised.class_scores(network, unseen)
    assert scores.shape == (12, 3) and (scores.argmax(axis=1) == answers).mean() > 0.9
    assert np.allclose(supervised.class_scores(network, unseen[:5]), scores[:5], atol=1e-4), "depends on the batch"
    assert all(torch.equal(before[name], value) for name, value in recognizer.state_dict().items())


def test_a_faster_take_passes_the_same_poses_sooner():
    ramp = np.arange(21.0)[:, None, None] * np.ones((1, 22, 3))
    assert np.allclose(supervised.paced(ramp, 1.25)[:, 0, 0], np.arange(17) * 1.25)
    assert np.allclose(supervised.paced(ramp, 0.8)[:, 0, 0], np.arange(26) * 0.8)


def test_the_same_seed_gives_the_same_network(recognizer):
    motions, truth = clips(6, 0)
    first, second = (
        supervised.class_scores(supervised.train_classifier(recognizer, motions, truth, 3, epochs=1, seed=4), motions)
        for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_a_label_never_trained_on_can_be_asked_for_afterwards(recognizer):
    """Trained on two classes, asked in another order and beside a label that nothing means."""
    motions, truth = clips(36, 0)
    axes = np.eye(TINY.dim, dtype=np.float32)
    seen = truth != 0
    kept = [motion for motion, own in zip(motions, seen, strict=True) if own]
    namer = supervised.train_namer(recognizer, kept, truth[seen] - 1, axes[:2], epochs=80)
    scores = supervised.class_scores(namer, kept)
    assert (scores.argmax(axis=1) == truth[seen] - 1).mean() > 0.9
    namer.labels = torch.from_numpy(axes[[1, 0, 5]])
    renamed = supervised.class_scores(namer, kept)
    assert renamed.shape == (len(kept), 3)
    assert (renamed.argmax(axis=1) == 2 - truth[seen]).mean() > 0.9, "columns follow the labels"


def test_a_class_without_a_clip_is_refused(recognizer):
    motions, truth = clips(6, 0)
    with pytest.raises(DataError, match="1 of 4 classes"):
        supervised.train_classifier(recognizer, motions, truth, 4)
