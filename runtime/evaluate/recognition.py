"""Recognition of labelled clips: zero-shot over a label list, and supervised, with a small head on frozen features and
with the motion side trained further (supervised.py).

The supervised protocol is cross-subject: performers with odd numbers train, even ones test (UTD-MHAD's own, Chen et
al. 2015). Published there for skeletons alone: covariance descriptors 85.6 %, trajectory maps (JTM) 85.8, skeleton
spectra (SOS) 87.0, distance maps (JDM) 88.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from coamd_blender.errors import DataError
from runtime.data.dataset import Prepared
from runtime.evaluate.metrics import accuracy
from runtime.evaluate.open_set import whole

LABELLED_SETS = ("utd_mhad", "nw_ucla", "msr_action3d", "utkinect")
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
_SHORTEST = 4


class Understanding(Protocol):
    """What recognition and retrieval ask of a recogniser; every embedding is float (count, dim) of length one."""

    def motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return fused embeddings (count, dim) of ``motions``, each (frames, 22, 3) in metres."""

    def features(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return features (count, channels) of ``motions``, each (frames, 22, 3) in metres, for a head trained on top.

        They are everything the motion side says, side by side.
        """

    def descriptions(self, captions: Sequence[str]) -> np.ndarray:
        """Return embeddings (count, dim) of sentences, to be compared with those of motions."""

    def names(self, texts: Sequence[str]) -> np.ndarray:
        """Return embeddings (count, dim) of what is done, to be compared with those of motions."""

    def label_scores(self, motions: Sequence[np.ndarray], labels: Sequence[str]) -> np.ndarray:
        """Return how well each of the class names ``labels`` fits ``motions``, each (frames, 22, 3) in metres.

        Scores are (count, labels), the higher the better.
        """

    def sorted_scores(self, motions: Sequence[np.ndarray], labels: Sequence[str]) -> np.ndarray:
        """Return how well each of the class names ``labels`` fits ``motions`` of one source, each (frames, 22, 3) in
        metres, by how they differ from one another.

        Scores are (count, labels), the higher the better.
        """

    def trained_scores(
        self, train: Sequence[np.ndarray], truth: np.ndarray, classes: int, test: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return scores (test motions, classes) after a copy has been trained.

        ``train``, each (frames, 22, 3) in metres, are motions of the class numbers ``truth`` (n,); ``test`` are
        motions, each (frames, 22, 3).
        """

    def adapted_scores(
        self,
        train: Sequence[np.ndarray],
        truth: np.ndarray,
        train_labels: Sequence[str],
        test: Sequence[np.ndarray],
        test_labels: Sequence[str],
    ) -> np.ndarray:
        """Return scores (test motions, test labels) after a copy has been trained.

        ``train``, each (frames, 22, 3) in metres, are motions of the class numbers ``truth`` (n,), of which
        ``train_labels`` says the class names; ``test`` are motions, each (frames, 22, 3).
        """


@dataclass(frozen=True)
class LabelledClips:
    """Clips of one labelled set: motions (frames, 22, 3), class numbers (clips,), class names, performers (clips,)."""

    name: str
    motions: list[np.ndarray]
    truth: np.ndarray
    classes: tuple[str, ...]
    performers: np.ndarray

    @classmethod
    def load(cls, prepared: Prepared, name: str) -> LabelledClips:
        """Load the clips of ``name`` in the prepared data. Raises DataError when there are none."""
        clips = [clip for clip in prepared.clips if clip["set"] == name and clip["frames"] >= _SHORTEST]
        if not clips:
            raise DataError(
                f"The prepared data holds no {name}", "Run: python -m runtime prepare, with the kinect sets"
            )
        classes = tuple(sorted({clip["label"] for clip in clips}))
        truth = np.array([classes.index(clip["label"]) for clip in clips])
        performers = np.array([int(clip["performer"] or 0) for clip in clips])
        return cls(name, [whole(prepared.joints(clip)) for clip in clips], truth, classes, performers)


def zero_shot(scores: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return the accuracy of naming motions by the best of their ``scores`` (n, classes).

    ``truth`` (n,) holds class numbers. Returned are top 1, top 5, chance, and how often chance top 1 is.
    """
    return _against_chance(scores, truth)


def across_sets(
    understanding: Understanding, clips: LabelledClips, others: Sequence[LabelledClips]
) -> dict[str, float]:
    """Name a set zero-shot over its full list of labels, after training on ``others`` of its kind.

    The camera is known then, the set is not. Raises DataError without others, or when one of them is the set itself.
    """
    names = [other.name for other in others]
    if not others or clips.name in names:
        raise DataError(f"{clips.name} is to be named after training on {names}", "Give sets other than itself")
    labels = sorted({label for other in others for label in other.classes})
    motions = [motion for other in others for motion in other.motions]
    truth = np.concatenate([np.array([labels.index(label) for label in o.classes])[o.truth] for o in others])
    scores = understanding.adapted_scores(motions, truth, labels, clips.motions, clips.classes)
    return _against_chance(scores, clips.truth)


def _against_chance(scores: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    chance, top1 = 1 / scores.shape[1], accuracy(scores, truth)
    return {
        "clips": len(truth), "classes": scores.shape[1], "top1": top1, "top5": accuracy(scores, truth, 5),
        "chance": chance, "times_chance": top1 / chance,
    }  # fmt: skip


@dataclass(frozen=True)
class Head:
    """Multinomial logistic regression on standardised features."""

    mean: np.ndarray
    deviation: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return the logits (n, classes) of ``features`` (n, channels)."""
        return (features - self.mean) / self.deviation @ self.weight + self.bias


def fit_head(features: np.ndarray, truth: np.ndarray, classes: int, penalty: float) -> Head:
    """Fit a head to ``features`` (n, channels) of the class numbers ``truth`` (n,), by L-BFGS.

    The loss is the mean cross-entropy plus ``penalty`` times the squared weights.
    """
    from scipy.optimize import minimize

    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    inputs = (features.astype(np.float64) - mean) / deviation
    target = np.eye(classes)[truth]
    channels = inputs.shape[1]

    def loss_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = flat[:-classes].reshape(channels, classes), flat[-classes:]
        logits = inputs @ weight + bias
        logits -= logits.max(axis=1, keepdims=True)
        log_share = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        error = (np.exp(log_share) - target) / len(target)
        loss = -(log_share * target).sum() / len(target) + penalty * np.square(weight).sum()
        return loss, np.concatenate([(inputs.T @ error + 2 * penalty * weight).ravel(), error.sum(axis=0)])

    start = np.zeros((channels + 1) * classes)
    best = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return Head(mean, deviation, best[:-classes].reshape(channels, classes), best[-classes:])


def best_penalty(features: np.ndarray, truth: np.ndarray, performers: np.ndarray, classes: int) -> float:
    """Return the penalty with the best accuracy when each training performer in turn is left out.

    ``features`` (n, channels) are of the class numbers ``truth`` and the ``performers``, both (n,).
    """
    hits = dict.fromkeys(PENALTIES, 0.0)
    for performer in np.unique(performers):
        out = performers == performer
        for penalty in PENALTIES:
            head = fit_head(features[~out], truth[~out], classes, penalty)
            hits[penalty] += accuracy(head.scores(features[out]), truth[out]) * out.sum()
    return max(PENALTIES, key=lambda penalty: hits[penalty])


def cross_subject(features: np.ndarray, clips: LabelledClips) -> dict[str, float]:
    """Train a head on performers with odd numbers, and test it on even ones.

    ``features`` (n, channels) are those of the clips. Raises DataError when one side has nobody.
    """
    train, count = _odd(clips), len(clips.classes)
    penalty = best_penalty(features[train], clips.truth[train], clips.performers[train], count)
    head = fit_head(features[train], clips.truth[train], count, penalty)
    top1 = accuracy(head.scores(features[~train]), clips.truth[~train])
    return {"clips": int((~train).sum()), "classes": count, "top1": top1, "penalty": penalty}


def cross_subject_trained(understanding: Understanding, clips: LabelledClips) -> dict[str, float]:
    """Run the protocol of :func:`cross_subject` with the motion side trained further.

    Raises DataError when one side has nobody.
    """
    train, count = _odd(clips), len(clips.classes)
    seen, unseen = ([m for m, own in zip(clips.motions, mask, strict=True) if own] for mask in (train, ~train))
    scores = understanding.trained_scores(seen, clips.truth[train], count, unseen)
    return {"clips": len(unseen), "classes": count, "top1": accuracy(scores, clips.truth[~train])}


def _odd(clips: LabelledClips) -> np.ndarray:
    """Tell which clips (n,) bool are of performers with odd numbers; there must be others."""
    odd = clips.performers % 2 == 1
    if odd.all() or not odd.any():
        raise DataError(f"{clips.name} has performers of one side only", "Prepare the whole set")
    return odd
