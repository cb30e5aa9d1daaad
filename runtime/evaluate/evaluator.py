"""The judge of the open benchmark: a motion encoder and a text encoder with one space, trained apart and frozen.

It shares no weights with the networks it judges; like the recogniser it is made of recurrent networks, read at the mean
and the highest of their states. Motions enter as local-frame joints and velocities (representation.py), four frames a
step, into a bidirectional GRU; captions as the bundled sentence encoder's token features into another. True
lengths count in both: what pads a batch changes nothing. Embeddings have length sqrt(dim), so that channels are of the
order of one, as the kernel of ``metrics.kid`` expects.

After Guo et al. 2022 (evaluator of HumanML3D: GRUs, Euclidean distances), with the contrastive loss of Petrovich et
al. 2023 (TMR).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, JOINT_COUNT, MAX_FRAMES
from runtime import checkpoint
from runtime.evaluate.results import BUNDLED_WEIGHTS
from runtime.model import representation
from runtime.model.text_encoder import TextEncoder

EVALUATOR_FILE = Path("evaluation") / "evaluator.safetensors"
FEATURES = FRAME_MULTIPLE * JOINT_COUNT * 6 + 3  # joints and velocities of four frames, and the frame's travel
BATCH = 64


@dataclass(frozen=True)
class EvaluatorConfig:
    """Sizes of the evaluator."""

    width: int = 192
    layers: int = 2
    dim: int = 256
    text_dim: int = 768
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.width < 1 or self.layers < 1 or self.dim < 1:
            raise InputError(f"Evaluator of width {self.width}, {self.layers} layers, {self.dim} channels", "Use 1 up")


class SequenceEncoder(nn.Module):
    """Steps (batch, steps, features) of true lengths to one embedding (batch, dim) of length sqrt(dim)."""

    def __init__(self, features: int, config: EvaluatorConfig):
        super().__init__()
        width = config.width
        self.project = nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.Dropout(config.dropout))
        self.recurrent = nn.GRU(
            width, width, config.layers, batch_first=True, bidirectional=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )  # fmt: skip
        self.head = nn.Sequential(
            nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, config.dim)
        )
        self.dim = config.dim

    def forward(self, steps: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return embeddings (batch, dim) of ``steps`` (batch, steps, features), of which ``lengths`` (batch,) int
        count.
        """
        packed = nn.utils.rnn.pack_padded_sequence(
            self.project(steps), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)
        inside = (torch.arange(states.shape[1], device=states.device) < lengths[:, None].to(states.device))[..., None]
        mean = (states * inside).sum(dim=1) / inside.sum(dim=1)
        highest = states.masked_fill(~inside, -torch.inf).amax(dim=1)
        return functional.normalize(self.head(torch.cat([mean, highest], dim=-1)), dim=-1) * self.dim**0.5


class Evaluator(nn.Module):
    """Motion and text encoders, and the statistics their inputs are scaled by."""

    def __init__(self, config: EvaluatorConfig):
        super().__init__()
        self.config = config
        self.motion = SequenceEncoder(FEATURES, config)
        self.text_norm = nn.LayerNorm(config.text_dim)
        self.text = SequenceEncoder(config.text_dim, config)
        self.scale = nn.Parameter(torch.tensor(2.3))  # log of the contrastive temperature's inverse
        self.register_buffer("feature_mean", torch.zeros(FEATURES))
        self.register_buffer("feature_std", torch.ones(FEATURES))

    def embed_motion(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return embeddings (batch, dim) of motions.

        ``features`` (batch, steps, FEATURES) and ``lengths`` (batch,) are those of :func:`motion_features`.
        """
        return self.motion((features - self.feature_mean) / self.feature_std, lengths)

    def embed_text(self, tokens: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Return embeddings (batch, dim) of captions.

        Of ``tokens`` (batch, words, text_dim), those count that ``valid`` (batch, words) bool says; they come first.
        """
        return self.text(self.text_norm(tokens), valid.sum(dim=1))

    def loss(self, motion: torch.Tensor, text: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
        """Return the symmetric InfoNCE of the embeddings ``motion`` and ``text``, both (batch, dim): a scalar.

        Pairs that ``same`` (batch, batch) bool calls alike, the own one aside, are neither right nor wrong.
        """
        logits = motion @ text.T / self.config.dim * self.scale.clamp(max=4.6).exp()
        own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(same & ~own, -torch.inf)
        target = torch.arange(len(logits), device=logits.device)
        return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


@torch.no_grad()
def motion_features(motions: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features (batch, steps, FEATURES) and step counts (batch,) of ``motions``, each (frames, 22, 3), metres,
    20 fps.

    Each motion is cut to whole steps of four frames, at most 196, and its last pose held past its end, so that its
    features do not depend on the batch. Raises InputError for a motion under four frames.
    """
    steps = [min(len(joints), MAX_FRAMES) // FRAME_MULTIPLE for joints in motions]
    if min(steps) < 1:
        raise InputError(f"A motion of {min(len(j) for j in motions)} frames", f"Use at least {FRAME_MULTIPLE}")
    longest = max(steps) + 1  # the step past the end says where the last one goes
    batch = np.empty((len(motions), longest * FRAME_MULTIPLE, JOINT_COUNT, 3), dtype=np.float32)
    for row, (joints, count) in enumerate(zip(motions, steps, strict=True)):
        frames = count * FRAME_MULTIPLE
        batch[row, :frames] = joints[:frames]
        batch[row, frames:] = joints[frames - 1]
    joints = torch.from_numpy(batch)
    local = representation.to_local(joints)
    velocity = representation.rotate_y(representation.velocities(joints), -local.turn[:, :, None])
    frames = torch.cat([local.joints, velocity], dim=-1).flatten(2)  # (batch, frames, 22 * 6)
    features = torch.cat([frames.unflatten(1, (-1, FRAME_MULTIPLE)).flatten(2), local.travel], dim=-1)
    return features[:, :-1], torch.tensor(steps)


class Judge:
    """A trained evaluator and its sentence encoder: motions and captions to embeddings, nothing else."""

    def __init__(self, evaluator: Evaluator, text_encoder: TextEncoder):
        self.evaluator = evaluator.eval().requires_grad_(False)
        self.text_encoder = text_encoder.eval()
        self._sentences: dict[str, np.ndarray] = {}

    @classmethod
    def load(cls, weights: Path | None = None, evaluator: Path | None = None) -> Judge:
        """Read the evaluator and the sentence encoder.

        The evaluator is by default evaluation/evaluator.safetensors in the weights folder, the bundled one when
        ``weights`` is None. Raises WeightsError when either is missing or torn.
        """
        folder = Path(weights) if weights is not None and Path(weights).is_dir() else BUNDLED_WEIGHTS
        path = Path(evaluator) if evaluator is not None else folder / EVALUATOR_FILE
        config, tensors, _ = checkpoint.load(path, "evaluator", EvaluatorConfig)
        network = Evaluator(config)
        checkpoint.load_module(network, tensors, "evaluator")
        return cls(network, TextEncoder.load(folder))

    @torch.inference_mode()
    def motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return embeddings (count, dim) float32 of ``motions``, each (frames, 22, 3), metres."""
        parts = []
        for first in range(0, len(motions), BATCH):
            parts.append(self.evaluator.embed_motion(*motion_features(motions[first : first + BATCH])))
        return torch.cat(parts).numpy()

    @torch.inference_mode()
    def texts(self, captions: Sequence[str]) -> np.ndarray:
        """Return embeddings (count, dim) float32 of captions; the same caption is encoded once."""
        distinct = sorted(set(captions), key=len)
        rows: dict[str, np.ndarray] = {}
        for first in range(0, len(distinct), BATCH):
            part = distinct[first : first + BATCH]
            features = self.text_encoder(part)
            rows |= zip(part, self.evaluator.embed_text(features.tokens, features.valid).numpy(), strict=True)
        return np.stack([rows[caption] for caption in captions])

    @torch.inference_mode()
    def sentences(self, captions: Sequence[str]) -> np.ndarray:
        """Return unit sentence vectors (count, width) float32 of the text encoder itself: how alike two captions are.

        A caption is encoded once for as long as the judge lives.
        """
        unknown = sorted(set(captions) - self._sentences.keys(), key=len)
        for first in range(0, len(unknown), BATCH):
            part = unknown[first : first + BATCH]
            self._sentences |= zip(part, self.text_encoder(part).pooled.numpy(), strict=True)
        return np.stack([self._sentences[caption] for caption in captions])
