"""The motion recogniser (MAR of CoAMD, arXiv 2604.17090): motions, labels and descriptions in one space.

Three encoders, one a stream (joints, bones, velocities), are fused: as published, transformers read at a learned query
token, or recurrent networks read at the mean and the highest of their states, which retrieve better. Two text sides
meet them: A for labels (recognition), B, a trained encoder of the same kind over token features, for descriptions
(retrieval and guidance). Every embedding has length one, so that a dot product is a cosine.

Streams are made of metres inside a frame that follows the body (under the pelvis, looking where the body looks), each
scaled by its own statistics; where the frame has gone since the first frame goes with the joints. Frames past a
motion's length change nothing. All of it is differentiable in the joints.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from coamd_blender.motion.skeleton import JOINT_COUNT
from runtime.config import RecognizerConfig
from runtime.model import representation
from runtime.model.layers import EncoderLayer, sinusoid, small_vector, text_vector
from runtime.model.recurrent import ParallelGRU
from runtime.model.representation import mirrored
from runtime.model.text_encoder import TextFeatures

RECOGNITION_TEMPERATURE = 0.4
RECOGNITION_SHARE, STREAM_SHARE = 0.5, 1 / 3
SIDE_COUNTS = 2.0  # times what a motion differs from its mirror image by, along the axis of sides
SAME_MEANING = 0.97  # cosine of sentence vectors above which two descriptions may mean the same

_POSE = JOINT_COUNT * 3
_WHERE = 3  # sideways and forward metres and radians from the first frame
STREAMS = {"joints": _POSE + _WHERE, "bones": _POSE - 3, "velocities": _POSE}


class MotionEmbedding(NamedTuple):
    """What the recogniser makes of motions: unit vectors (batch, dim)."""

    fused: torch.Tensor
    joints: torch.Tensor
    bones: torch.Tensor
    velocities: torch.Tensor


class Reader(nn.Module):
    """Transformer encoder over (batch, tokens, inputs), read at a learned query token and, where the configuration says
    so, at the mean and the highest of its tokens: (batch, dim)."""

    def __init__(self, inputs: int, layers: int, config: RecognizerConfig):
        super().__init__()
        width = config.width
        self.project = nn.Linear(inputs, width)
        self.query = small_vector(width)
        self.layers = nn.ModuleList(
            EncoderLayer(width, config.heads, config.feedforward, config.dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, config.dim)
        self.pooled = nn.Linear(2 * width, config.dim, bias=False) if config.pooled else None
        if self.pooled is not None:
            nn.init.zeros_(self.pooled.weight)

    def forward(self, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Read features ``x`` (batch, tokens, inputs), ``valid`` (batch, tokens) bool, to embeddings (batch, dim)."""
        x = self.project(x)
        x = x + sinusoid(torch.arange(x.shape[1], device=x.device), x.shape[2])
        x = torch.cat([self.query.expand(len(x), 1, -1), x], dim=1)
        valid = torch.cat([torch.ones_like(valid[:, :1]), valid], dim=1)
        for layer in self.layers:
            x = layer(x, valid)
        x = self.norm(x)
        said = self.out(x[:, 0])
        if self.pooled is None:
            return said
        return said + self.pooled(mean_and_highest(x[:, 1:], valid[:, 1:]))


class RecurrentEnds(nn.Module):
    """What comes before and behind a recurrent network: tokens (batch, tokens, inputs), each seen beside its
    neighbours, to its input, and the mean and the highest of its states to (batch, dim)."""

    def __init__(self, inputs: int, config: RecognizerConfig):
        super().__init__()
        width = config.width
        self.project = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(config.dropout))
        self.near = nn.Conv1d(width, width, 3, padding=1)
        self.head = nn.Sequential(
            nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, config.dim)
        )

    def enter(self, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Bring features ``x`` (batch, tokens, inputs), ``valid`` (batch, tokens) bool, to the network: (batch, tokens,
        width).
        """
        x = self.project(x) * valid[..., None]
        return x + functional.gelu(self.near(x.mT)).mT

    def leave(self, states: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Sum up ``states`` (batch, tokens, 2 * width), ``valid`` (batch, tokens) bool, as embeddings (batch, dim)."""
        return self.head(mean_and_highest(states, valid))


class RecurrentReader(nn.Module):
    """Bidirectional GRU over (batch, tokens, inputs): (batch, dim)."""

    def __init__(self, inputs: int, layers: int, config: RecognizerConfig):
        super().__init__()
        self.ends = RecurrentEnds(inputs, config)
        self.recurrent = ParallelGRU(1, config.width, layers, config.dropout)

    def forward(self, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Read features ``x`` (batch, tokens, inputs) to embeddings (batch, dim).

        ``valid`` (batch, tokens) bool, valid tokens first.
        """
        states = self.recurrent(self.ends.enter(x, valid)[:, :, None], valid)
        return self.ends.leave(states[:, :, 0], valid)


def mean_and_highest(x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Return the mean and the maximum (batch, 2 * width) of features ``x`` (batch, tokens, width).

    Only tokens that are ``valid`` (batch, tokens) bool count.
    """
    inside = valid[..., None]
    mean = (x * inside).sum(dim=1) / inside.sum(dim=1)
    return torch.cat([mean, x.masked_fill(~inside, -torch.inf).amax(dim=1)], dim=-1)


class MotionRecognizer(nn.Module):
    """Three motion encoders, their fusion, and the two text sides."""

    def __init__(self, config: RecognizerConfig):
        super().__init__()
        self.config = config
        patch, dim = config.patch, config.dim
        sizes = {name: size * patch for name, size in STREAMS.items()}
        if config.recurrent:
            self.streams = nn.ModuleDict({name: RecurrentEnds(size, config) for name, size in sizes.items()})
            self.recurrent = ParallelGRU(len(STREAMS), config.width, config.recurrent, config.dropout)
        else:
            self.streams = nn.ModuleDict({name: Reader(size, config.layers, config) for name, size in sizes.items()})
        self.fuse = nn.Sequential(nn.LayerNorm(len(STREAMS) * dim), nn.Linear(len(STREAMS) * dim, dim))
        self.label_side = nn.Sequential(
            nn.LayerNorm(config.text_dim), nn.Linear(config.text_dim, dim), nn.GELU(), nn.Linear(dim, dim)
        )
        self.text_norm = nn.LayerNorm(config.text_dim)
        text_reader = RecurrentReader if config.recurrent else Reader
        self.text_side = text_reader(config.text_dim, config.text_layers, config)
        for name, size in STREAMS.items():
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_std", torch.ones(size))
        # Of recognition: the temperature of its softmax, and the nearness at which "unknown" is as likely as a label.
        self.register_buffer("calibration", torch.tensor([0.1, 0.2]))
        # What motions have in common, which names none of them: the mean of training motions' fused vectors, in part.
        self.register_buffer("common", torch.zeros(config.dim))
        if config.side_axis:  # the unit vector along which motions differ most from their mirror images
            self.register_buffer("side", torch.zeros(config.dim))

    def motion(self, joints: torch.Tensor, lengths: torch.Tensor) -> MotionEmbedding:
        """Embed joints (batch, frames, 22, 3), metres, of which the first ``lengths`` (batch,) frames count."""
        tokens, patch = {}, self.config.patch
        for name, value in stream_values(joints, lengths, patch).items():
            scaled = (value - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_std")
            tokens[name] = scaled.unflatten(1, (-1, patch)).flatten(2)  # (batch, tokens, patch * channels)
        starts = torch.arange(tokens["joints"].shape[1], device=joints.device) * patch
        parts = self._read(tokens, starts < lengths[:, None])
        fused = self.fuse(torch.cat(list(parts.values()), dim=-1))
        return MotionEmbedding(_unit(fused), **{name: _unit(part) for name, part in parts.items()})

    def seen(self, joints: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Embed joints (batch, frames, 22, 3), metres, of which the first ``lengths`` (batch,) frames count, for use.

        These are the fused unit vectors (batch, dim), but that they tell sides by what a motion and its mirror image
        differ in.

        Left and right lie along one axis, once it is known; on it half the difference of the two, which no bias of the
        network for one side reaches, stands for the motion's own place, and counts SIDE_COUNTS times.
        """
        if not self.config.side_axis or not self.side.any():
            return self.motion(joints, lengths).fused
        own, image = self.motion(torch.cat([joints, mirrored(joints)]), lengths.repeat(2)).fused.chunk(2)
        across = SIDE_COUNTS * ((own - image) @ self.side) / 2 - own @ self.side
        return _unit(own + across[:, None] * self.side)

    def _read(self, tokens: dict[str, torch.Tensor], valid: torch.Tensor) -> dict[str, torch.Tensor]:
        """Each stream's (batch, dim) of its tokens (batch, tokens, inputs), valid (batch, tokens)."""
        if not self.config.recurrent:
            return {name: reader(tokens[name], valid) for name, reader in self.streams.items()}
        inputs = [ends.enter(tokens[name], valid) for name, ends in self.streams.items()]
        states = self.recurrent(torch.stack(inputs, dim=2), valid)
        return {name: ends.leave(states[:, :, index], valid) for index, (name, ends) in enumerate(self.streams.items())}

    def labels(self, text: TextFeatures) -> torch.Tensor:
        """Return the embeddings (batch, dim), unit length, of label texts: side A."""
        vector = text_vector(text.tokens, text.valid, self.config.label_text == "last")
        return _unit(self.label_side(vector))

    def descriptions(self, text: TextFeatures) -> torch.Tensor:
        """Return the embeddings (batch, dim), unit length, of descriptions: side B."""
        return _unit(self.text_side(self.text_norm(text.tokens), text.valid))

    def names(self, text: TextFeatures) -> torch.Tensor:
        """Return what label texts are recognised by, (batch, dim), unit length: what both text sides make of them."""
        return _unit(self.labels(text) + self.descriptions(text))

    def label_scores(self, motion: torch.Tensor, labels: torch.Tensor, usual: int | None = None) -> torch.Tensor:
        """Return the probabilities (batch, labels + 1) of labels for motions; the last is "unknown".

        ``motion`` (batch, dim) and ``labels`` (labels, dim), as :meth:`names` makes them, have unit length.
        ``usual`` is how many labels "unknown" was calibrated among, where these are a list of another length: the odds
        beforehand that one of them fits are then those of the usual list.
        """
        temperature, unknown = self.calibration
        if usual is not None:
            unknown = unknown + temperature * math.log(len(labels) / usual)
        nearness = (motion - self.common) @ labels.T
        return torch.softmax(torch.cat([nearness, unknown.expand(len(nearness), 1)], dim=1) / temperature, dim=1)


def stream_values(joints: torch.Tensor, lengths: torch.Tensor, multiple: int = 1) -> dict[str, torch.Tensor]:
    """Return the streams (batch, frames, channels) of ``joints`` (batch, frames, 22, 3), metres.

    Past ``lengths`` (batch,) the last pose holds.

    Frames are rounded up to a multiple of ``multiple``.

    Joints and bones stand inside the frame under the pelvis that looks where the body looks; velocities are those of
    the joints in the world, in that frame's axes. The last three channels of "joints" say where the frame is, seen from
    the first: metres to the left and forward, and the turn in radians, whole turns counted.
    """
    frames = -(-joints.shape[1] // multiple) * multiple
    index = torch.minimum(torch.arange(frames, device=joints.device), lengths[:, None] - 1)
    joints = joints.gather(1, index[:, :, None, None].expand(-1, -1, *joints.shape[2:]))
    turn = representation.heading(joints)
    place = joints[:, :, 0] * joints.new_tensor([1.0, 0.0, 1.0])
    local = representation.rotate_y(joints - place[:, :, None], -turn[:, :, None])
    speed = representation.rotate_y(representation.velocities(joints), -turn[:, :, None])
    gone = representation.rotate_y(place - place[:, :1], -turn[:, :1])
    where = torch.stack([gone[..., 0], gone[..., 2], turn - turn[:, :1]], dim=-1)
    return {
        "joints": torch.cat([local.flatten(2), where], dim=-1),
        "bones": representation.bones(local).flatten(2),
        "velocities": speed.flatten(2),
    }


def _unit(x: torch.Tensor) -> torch.Tensor:
    return functional.normalize(x.float(), dim=-1)


def contrastive(
    similarity: torch.Tensor, positive: torch.Tensor, ignored: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Return symmetric InfoNCE with several positives, a scalar (van den Oord et al. 2018; Khosla et al. 2020).

    ``similarity`` (n, m), cosines. ``positive`` (n, m) bool: pairs that belong together, at least one in every row and
    column. ``ignored`` (n, m) bool: pairs of which nothing is known, left out of the sums. The loss of a row is the
    mean over its positives of -log softmax; rows and columns count alike.
    """
    logits = (similarity / temperature).masked_fill(ignored & ~positive, -torch.inf)
    return 0.5 * (_row_loss(logits, positive) + _row_loss(logits.T, positive.T))


def _row_loss(logits: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    log_share = torch.log_softmax(logits, dim=1).masked_fill(~positive, 0.0)
    return -(log_share.sum(dim=1) / positive.sum(dim=1)).mean()


def description_loss(
    motion: torch.Tensor, text: torch.Tensor, ignored: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Return InfoNCE of motions and their descriptions, and SmoothL1 between the two, summed over channels: a scalar.

    ``motion`` and ``text``, both (n, dim), have unit length. ``ignored`` (n, n) bool marks descriptions that may hold
    of another's motion as well.
    """
    own = torch.eye(len(motion), dtype=torch.bool, device=motion.device)
    contrast = contrastive(motion @ text.T, own, ignored, temperature)
    return contrast + functional.smooth_l1_loss(motion, text, reduction="none").sum(dim=1).mean()


def recognition_loss(
    motion: torch.Tensor, label: torch.Tensor, positive: torch.Tensor, ignored: torch.Tensor
) -> torch.Tensor:
    """Return the contrast of motions and labels, a scalar; equal labels are positives of each other.

    ``motion`` and ``label``, both (n, dim), have unit length; ``positive`` and ``ignored``, both (n, n) bool, are
    :func:`contrastive`'s.
    """
    return contrastive(motion @ label.T, positive, ignored, RECOGNITION_TEMPERATURE)


def opposite_loss(
    motion: torch.Tensor, text: torch.Tensor, false: torch.Tensor, told: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Return the cross entropy, a scalar, of each motion's own description against a false one.

    ``motion``, ``text`` and ``false``, all of shape (n, dim), have unit length; ``told`` (n,) bool marks the rows that
    have a false one.
    """
    margin = ((motion * text).sum(dim=1) - (motion * false).sum(dim=1)) / temperature
    return (functional.softplus(-margin) * told).sum() / told.sum().clamp(min=1)


def with_streams(loss: Callable[[torch.Tensor], torch.Tensor], motion: MotionEmbedding) -> torch.Tensor:
    """Return the loss, a scalar with no unit, of the fused embedding and, at a third, of each stream."""
    return loss(motion.fused) + STREAM_SHARE * sum(loss(part) for part in motion[1:])


def same_meaning(similarity: torch.Tensor, opposed: torch.Tensor, threshold: float = SAME_MEANING) -> torch.Tensor:
    """Return which pairs (n, n) bool of texts may mean the same: alike above ``threshold`` and not opposed.

    ``similarity`` (n, n), cosines; ``opposed`` (n, n) bool, such as left and right. Above 0.9 a sentence encoder also
    finds "walks in a circle" and "walks in a wide circle": ignoring such pairs leaves out the very captions that
    retrieval must tell apart.
    """
    return (similarity > threshold) & ~opposed
