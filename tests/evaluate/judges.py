"""Stand-ins that tests of the evaluator and of the benchmarks share: motions, sentence encoder, judge, recogniser."""

import numpy as np
import torch

from coamd_blender.motion.skeleton import rest_joints
from runtime.evaluate.evaluator import Evaluator, EvaluatorConfig, Judge
from runtime.model.text_encoder import TextFeatures

SMALL = EvaluatorConfig(width=24, layers=1, dim=16, text_dim=40, dropout=0.0)


def moving(frames, seed=0, speed=1.0):
    """A body whose joints sway their own ways while their mean travels along +Z: (frames, 22, 3) float32."""
    draw = np.random.default_rng(seed)
    phase = np.linspace(0, 0.1 * frames, frames)[:, None, None]
    sway = np.sin(phase * draw.uniform(0.5, 2, (22, 3)) + draw.uniform(0, 6, (22, 3)))
    joints = rest_joints() + 0.1 * (sway - sway.mean(axis=1, keepdims=True))
    joints[..., 2] += speed * np.arange(frames)[:, None] / 20
    return joints.astype(np.float32)


class Words:
    """A stand-in sentence encoder: a random vector a word."""

    def eval(self):
        return self

    def to(self, device):
        return self

    def __call__(self, sentences):
        rows = [[np.random.default_rng(sum(map(ord, word))).normal(size=40) for word in s.split()] for s in sentences]
        lengths = torch.tensor([len(row) for row in rows])
        tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(np.array(row)).float() for row in rows], True)
        pooled = torch.nn.functional.normalize(tokens.sum(1), dim=-1)
        return TextFeatures(tokens, torch.arange(tokens.shape[1]) < lengths[:, None], pooled)


def untrained_judge():
    """A judge of random weights, always the same."""
    torch.manual_seed(0)
    return Judge(Evaluator(SMALL), Words())


class Knowing:
    """A stand-in recogniser: a motion of ``speed`` m/s along +Z and the text "... SPEED" have one embedding."""

    digest = "knowing"
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))[0]

    def motions(self, motions):
        speeds = [round(10 * 20 * float(np.diff(m[:, :, 2].mean(axis=1)).mean())) for m in motions]
        return self.directions[np.array(speeds) % 64]

    def features(self, motions):
        return self.motions(motions)

    def trained_scores(self, train, truth, classes, test):
        known = self.motions(train)
        return np.stack([(self.motions(test) @ known[truth == one].T).mean(axis=1) for one in range(classes)], axis=1)

    def adapted_scores(self, train, truth, train_labels, test, test_labels):
        known = np.stack([self.motions(train)[truth == row].mean(axis=0) for row in range(len(train_labels))])
        own = np.stack([known[train_labels.index(one)] if one in train_labels else known[0] * 0 for one in test_labels])
        return self.motions(test) @ own.T

    def descriptions(self, captions):
        return self.directions[[int(caption.split()[-1]) % 64 for caption in captions]]

    labels = sentences = descriptions

    def label_scores(self, motions, labels):
        return self.motions(motions) @ self.labels(labels).T

    sorted_scores = label_scores
