"""Rows to hold generated motion against: what needs no model at all."""

from __future__ import annotations

import numpy as np

from coamd_blender.skeleton import with_bone_lengths
from runtime.evaluate.open_set import OpenSet


def noise(test: OpenSet, train: OpenSet, seed: int) -> list[np.ndarray]:
    """Joints drawn independently, frame by frame, from a normal distribution of each joint's mean and deviation over
    the training clips; lengths of the test clips."""
    frames = np.concatenate(train.motions)
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)
    draw = np.random.default_rng(seed)
    return [(mean + deviation * draw.normal(size=joints.shape)).astype(np.float32) for joints in test.motions]


def stretched(joints: np.ndarray, frames: int) -> np.ndarray:
    """A motion (n, 22, 3) in ``frames`` frames: linear interpolation in time."""
    at = np.linspace(0, len(joints) - 1, frames)
    low = np.minimum(at.astype(int), len(joints) - 2) if len(joints) > 1 else np.zeros(frames, dtype=int)
    share = (at - low)[:, None, None]
    return joints[low] * (1 - share) + joints[np.minimum(low + 1, len(joints) - 1)] * share


def label_mean(test: OpenSet, train: OpenSet) -> list[np.ndarray]:
    """For each test clip the mean of all training clips of its family, stretched to its length; bones keep theirs.

    It is told the family, which no prompt-driven row is.
    """
    members = {
        family: [joints for joints, own in zip(train.motions, train.families, strict=True) if own == family]
        for family in set(test.families)
    }
    made = []
    for joints, family in zip(test.motions, test.families, strict=True):
        pool = members[family] or train.motions
        mean = np.mean([stretched(other, len(joints)) for other in pool], axis=0)
        made.append(with_bone_lengths(mean).astype(np.float32))
    return made


def nearest_by_text(prompts: list[str], train: OpenSet, sentences) -> list[np.ndarray]:
    """For each prompt the training clip with the caption nearest to it. ``sentences(captions)`` gives unit vectors
    (count, width); of equally near clips the first is taken."""
    captions = [caption for texts in train.captions for caption in texts]
    owner = np.repeat(np.arange(len(train)), [len(texts) for texts in train.captions])
    similarity = sentences(prompts) @ sentences(captions).T  # (prompts, captions)
    return [train.motions[owner[best]] for best in similarity.argmax(axis=1)]


def training_sample(count: int, train: OpenSet, seed: int) -> list[np.ndarray]:
    """``count`` training clips at random, each at most once as far as there are enough."""
    draw = np.random.default_rng(seed)
    picked = draw.choice(len(train), count, replace=count > len(train))
    return [train.motions[index] for index in picked]
