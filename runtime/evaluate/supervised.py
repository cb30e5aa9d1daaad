"""A copy of the recogniser's motion side trained further on labelled clips.

Supervised recognition (:func:`train_classifier`): a linear head a stream, and one on the fused vector, learn together
with the encoders. Zero-shot across sets (:func:`train_namer`): the encoders learn to meet the recognition tower's
vectors of label texts, which stay as they are, so that labels never trained on can be asked for. What is judged is the
mean of the four log-probabilities. Number of epochs, rate and augmentation are fixed beforehand, so no test clip
chooses.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES
from runtime.model.recognizer import STREAMS, MotionRecognizer

EPOCHS, BATCH, RATE, SMOOTHING = 60, 32, 5e-4, 0.1
NAMING_EPOCHS, NAMING_RATE, NAMING_TEMPERATURE = 12, 2e-4, 0.1
SLOWEST, FASTEST, SHORTEST_CROP = 0.8, 1.25, 0.8  # of the speed and of the length a clip is shown at
SHIVER, SIZE = 0.01, 0.1  # metres of noise, and share by which a body is larger or smaller


class Classifier(nn.Module):
    """The recogniser's motion side with a linear head on each of its four vectors."""

    def __init__(self, recognizer: MotionRecognizer, classes: int):
        super().__init__()
        self.recognizer = copy.deepcopy(recognizer)
        self.recognizer.requires_grad_(True)
        self.heads = nn.ModuleList(nn.Linear(recognizer.config.dim, classes) for _ in range(len(STREAMS) + 1))
        self.scale = math.sqrt(recognizer.config.dim)

    def forward(self, joints: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the logits (heads, batch, classes) of ``joints`` (batch, frames, 22, 3), metres; ``lengths`` (batch,)
        are their true ones.
        """
        seen = self.recognizer.motion(joints, lengths)
        return torch.stack([head(part * self.scale) for head, part in zip(self.heads, seen, strict=True)])


class Namer(nn.Module):
    """The recogniser's motion side, each of its four vectors compared with vectors of label texts.

    ``labels`` (classes, dim), of length one, may be replaced by those of another list after training.
    """

    def __init__(self, recognizer: MotionRecognizer, labels: np.ndarray):
        super().__init__()
        self.recognizer = copy.deepcopy(recognizer)
        self.recognizer.requires_grad_(True)
        self.labels = torch.from_numpy(np.asarray(labels, dtype=np.float32)).to(recognizer.joints_mean.device)

    def forward(self, joints: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the logits (4, batch, classes) of ``joints`` (batch, frames, 22, 3), metres; ``lengths`` (batch,) are
        their true ones.
        """
        seen = self.recognizer.motion(joints, lengths)
        return torch.stack([part @ self.labels.T / NAMING_TEMPERATURE for part in seen])


Network = TypeVar("Network", Classifier, Namer)


def paced(joints: np.ndarray, factor: float) -> np.ndarray:
    """Return ``joints`` (n, 22, 3), metres, played at ``factor`` times the speed: (frames, 22, 3), by linear
    interpolation.
    """
    at = np.arange(0, len(joints) - 1 + 1e-9, factor)
    first = np.minimum(at.astype(int), len(joints) - 2)
    share = (at - first)[:, None, None]
    return joints[first] * (1 - share) + joints[first + 1] * share


def varied(joints: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return ``joints`` (n, 22, 3), metres, as another take might be: (frames, 22, 3).

    They are faster or slower, cut, of another size, with some noise.
    """
    shown = paced(joints, float(np.exp(draw.uniform(np.log(SLOWEST), np.log(FASTEST)))))
    frames = max(FRAME_MULTIPLE, round(len(shown) * draw.uniform(SHORTEST_CROP, 1.0)))
    start = draw.integers(0, max(1, len(shown) - frames + 1))
    shown = shown[start : start + frames][:MAX_FRAMES] * draw.uniform(1 - SIZE, 1 + SIZE)
    return shown + draw.uniform(0, SHIVER) * draw.standard_normal(shown.shape)


def together(motions: Sequence[np.ndarray], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``motions``, each (frames, 22, 3) in metres, side by side.

    These are joints (n, frames, 22, 3) float32, padded, and lengths (n,).
    """
    rows = [torch.from_numpy(np.array(joints[:MAX_FRAMES], dtype=np.float32)) for joints in motions]
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device), lengths


def train_classifier(
    recognizer: MotionRecognizer,
    motions: Sequence[np.ndarray],
    truth: np.ndarray,
    classes: int,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Classifier:
    """Train a copy of ``recognizer``, and a head of ``classes``.

    It learns from ``motions``, each (frames, 22, 3) in metres, of the class numbers ``truth`` (n,). The same seed gives
    the same network. Raises DataError for classes without a clip.
    """
    missing = sorted(set(range(classes)) - set(truth.tolist()))
    if missing:
        raise DataError(f"{len(missing)} of {classes} classes have no training clip", "Prepare the whole set")
    torch.manual_seed(seed)
    network = Classifier(recognizer, classes).to(recognizer.joints_mean.device)
    return _trained(network, motions, truth, epochs, RATE, seed, progress)


def train_namer(
    recognizer: MotionRecognizer,
    motions: Sequence[np.ndarray],
    truth: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int = NAMING_EPOCHS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Namer:
    """Train a copy of ``recognizer`` to find the label of a motion among ``labels`` (classes, dim), embeddings.

    It learns from ``motions``, each (frames, 22, 3) in metres, whose labels are rows ``truth`` (n,). The same seed
    gives the same network.
    """
    torch.manual_seed(seed)
    return _trained(Namer(recognizer, labels), motions, truth, epochs, NAMING_RATE, seed, progress)


def _trained(
    network: Network,
    motions: Sequence[np.ndarray],
    truth: np.ndarray,
    epochs: int,
    rate: float,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> Network:
    """Train ``network`` (logits (heads, batch, classes) of motions) by the cross-entropy of its heads, summed."""
    device = network.recognizer.joints_mean.device
    draw = np.random.default_rng(seed)
    network.train()
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=rate, weight_decay=0.05)
    batches = max(1, len(motions) // BATCH)
    total = epochs * batches
    for step in range(total):
        if step % batches == 0:
            order = draw.permutation(len(motions))
        rows = order[step % batches * BATCH : (step % batches + 1) * BATCH]
        share = min(1.0, (step + 1) / (2 * batches)) * 0.5 * (1 + math.cos(math.pi * step / total))
        for group in optimizer.param_groups:
            group["lr"] = rate * share
        logits = network(*together([varied(motions[row], draw) for row in rows], device))
        target = torch.from_numpy(truth[rows]).to(device)
        loss = sum(functional.cross_entropy(part, target, label_smoothing=SMOOTHING) for part in logits)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if progress is not None:
            progress(step + 1, total)
    return network.eval()


@torch.no_grad()
def class_scores(network: Classifier | Namer, motions: Sequence[np.ndarray], batch: int = 64) -> np.ndarray:
    """Return the mean log-probabilities (n, classes) of the network's heads for ``motions``, each (frames, 22, 3),
    metres.
    """
    device, parts = network.recognizer.joints_mean.device, []
    for first in range(0, len(motions), batch):
        logits = network(*together(motions[first : first + batch], device))
        parts.append(logits.log_softmax(dim=-1).mean(dim=0).cpu())
    return torch.cat(parts).numpy()
