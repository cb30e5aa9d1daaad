"""What training reads: prepared clips, the pool of training items made from them, and batches.

    prepare -> motions.npy + clips.jsonl        every clip whole, canonical joints at 20 fps
    pool    -> pool/{split}: joints.npy + items.jsonl + text.safetensors
                                                windows, mirrors and compositions with their captions

Batches are a pure function of (seed, step), so a resumed run draws what an uninterrupted one would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, JOINT_INDEX, mirror
from runtime.captions import describe
from runtime.data.folders import check_pool, check_prepared
from runtime.model.clip_text import SentenceEncoder
from runtime.model.text_encoder import TextFeatures

_ENDS = [JOINT_INDEX[f"{side}_{end}"] for side in ("left", "right") for end in ("wrist", "foot")]
_BLOW_WORDS = re.compile("punch|jab|box|strik|fist|spar|hits|blow")
_STRIKE_FRAMES, _MOST_EMPHASIS = 7, 12.0
_BUCKETS = (12, 18, 24, 30, 38, 49)  # tokens: batches hold clips of about one length


@dataclass(frozen=True)
class Prepared:
    """The prepared data set: one dict a clip, and all joints (total frames, 22, 3) as a memory map."""

    clips: list[dict]
    motions: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Prepared:
        """Open what ``prepare`` wrote; DataError when it is not there."""
        folder = check_prepared(folder)
        clips = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
        return cls(clips, np.load(folder / "motions.npy", mmap_mode="r"))

    def joints(self, clip: dict) -> np.ndarray:
        """Return the joints (frames, 22, 3) of one clip, metres."""
        return self.motions[clip["start"] : clip["start"] + clip["frames"]]

    def of_split(self, split: str, ships_only: bool = True) -> list[dict]:
        """Return the clips of a split; only those that may train shipped weights unless told otherwise."""
        return [c for c in self.clips if c["split"] == split and (c["ships"] or not ships_only)]


@dataclass
class Pool:
    """Training items of one split in memory: joints, where each starts, captions, family and weight."""

    joints: np.ndarray  # (total frames, 22, 3) float32
    items: list[dict]  # start, frames, captions (indices), family, kind, weight
    captions: list[str]

    @classmethod
    def load(cls, folder: Path) -> Pool:
        """Open a pool written by :func:`write_pool`."""
        folder = check_pool(folder)
        items = [json.loads(line) for line in (folder / "items.jsonl").read_text().splitlines()]
        captions = json.loads((folder / "captions.json").read_text())
        return cls(np.load(folder / "joints.npy", mmap_mode="r"), items, captions)

    def item_joints(self, index: int) -> np.ndarray:
        """Return the joints (frames, 22, 3) of one item, metres."""
        item = self.items[index]
        return self.joints[item["start"] : item["start"] + item["frames"]]


class TrainingItem(Protocol):
    """What :func:`write_pool` reads of an item; ``compose.PoolItem`` is one."""

    joints: np.ndarray  # (frames, 22, 3), metres
    captions: list[str]
    family: str
    kind: str
    weight: float


def write_pool(folder: Path, items: Iterable[TrainingItem]) -> int:
    """Write ``items`` to ``folder``; return how many. Raises DataError when there are none."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, int] = {}
    rows, blocks, start = [], [], 0
    for item in items:
        frames = len(item.joints)
        captions = [known.setdefault(text, len(known)) for text in item.captions]
        rows.append(
            {
                "start": start,
                "frames": frames,
                "captions": captions,
                "family": item.family,
                "kind": item.kind,
                "weight": float(item.weight),
            }
        )
        blocks.append(np.asarray(item.joints, dtype=np.float32))
        start += frames
    if not rows:
        raise DataError("The training pool is empty", "Check that the data folder holds motion of this split")
    np.save(folder / "joints.npy", np.concatenate(blocks))
    (folder / "captions.json").write_text(json.dumps(list(known)))
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return len(rows)


class WindowSampler:
    """Windows of ``length`` frames for the autoencoder, half of them mirrored; short items hold their last pose."""

    def __init__(self, sources: list[np.ndarray], weights: np.ndarray, length: int = 64):
        self.sources = sources
        self.length = length
        self.share = weights / weights.sum()

    def batch(self, seed: int, size: int) -> torch.Tensor:
        """Return joints (size, length, 22, 3) float32, metres, the same for the same seed."""
        draw = np.random.default_rng(seed)
        windows = []
        for index in draw.choice(len(self.sources), size=size, p=self.share):
            joints = self.sources[index]
            first = draw.integers(0, max(1, len(joints) - self.length + 1))
            window = np.asarray(joints[first : first + self.length], dtype=np.float32)
            if len(window) < self.length:
                window = np.concatenate([window, np.repeat(window[-1:], self.length - len(window), axis=0)])
            windows.append(mirror(window) if draw.random() < 0.5 else window)
        return torch.from_numpy(np.stack(windows))


class TokenSampler:
    """Batches of latent tokens with a caption each, clips of similar length together."""

    def __init__(
        self, pool: Pool, tokens: list[torch.Tensor], text: CaptionFeatures, budget: int = 1280, strikes: float = 1.0
    ):
        """``strikes`` above 1 is how many times more the tokens of a punch count where a caption tells of one; such
        items are drawn half as often again."""
        self.pool = pool
        self.tokens = tokens
        self.emphasis = [torch.from_numpy(emphasis(pool.item_joints(row))) for row in range(len(pool.items))]
        self.text = text
        self.budget = budget
        lengths = np.array([len(t) for t in tokens])
        weight = np.array([item["weight"] for item in pool.items])
        if strikes > 1:
            for row in told_blows(pool):
                struck = torch.from_numpy(strike_tokens(pool.item_joints(row)))
                if struck.any():
                    counted = torch.where(struck, self.emphasis[row] * strikes, self.emphasis[row])
                    self.emphasis[row] = counted.clamp(max=_MOST_EMPHASIS)
                    weight[row] *= 1.5
        bucket = np.searchsorted(_BUCKETS, lengths)
        self.buckets = [np.flatnonzero(bucket == b) for b in range(len(_BUCKETS))]
        self.weights = [weight[members] for members in self.buckets]
        # A batch holds budget / length clips: draw a bucket so that clips keep their weight overall.
        mass = np.array([w.sum() * length for w, length in zip(self.weights, _BUCKETS, strict=True)])
        self.bucket_share = mass / mass.sum()

    def batch(self, seed: int) -> tuple[torch.Tensor, torch.Tensor, TextFeatures, torch.Tensor]:
        """Return tokens (batch, count, dim), valid (batch, count), text features and emphasis (batch, count), the
        same for the same seed."""
        draw = np.random.default_rng(seed)
        bucket = draw.choice(len(self.buckets), p=self.bucket_share)
        weight = self.weights[bucket]
        size = max(8, self.budget // _BUCKETS[bucket])
        members = draw.choice(self.buckets[bucket], size=size, p=weight / weight.sum())
        tokens = [self.tokens[index] for index in members]
        captions = [int(draw.choice(self.pool.items[index]["captions"])) for index in members]
        padded = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True)
        lengths = torch.tensor([len(t) for t in tokens])
        valid = torch.arange(padded.shape[1]) < lengths[:, None]
        weights = torch.nn.utils.rnn.pad_sequence([self.emphasis[index] for index in members], batch_first=True)
        return padded, valid, self.text.gather(captions), weights


def emphasis(joints: np.ndarray) -> np.ndarray:
    """Return how much each token of joints (frames, 22, 3), metres, counts in training: float32 (frames / 4,).

    The mean is one. It is the token's speed, that of its fastest hand or foot, over the clip's mean speed, to the power
    of three quarters and between 0.4 and 4: a kick counts for more than the standing around it, steps of a walk alike.
    """
    ends = np.asarray(joints[:, _ENDS], dtype=np.float32)
    speed = np.linalg.norm(np.diff(ends, axis=0, prepend=ends[:1]), axis=-1).max(axis=1)
    speed = speed[: whole_tokens(len(speed))].reshape(-1, FRAME_MULTIPLE).max(axis=1)
    weight = ((speed / max(float(speed.mean()), 1e-6)) ** 0.75).clip(0.4, 4.0)
    return (weight / weight.mean()).astype(np.float32)


def told_blows(pool: Pool) -> list[int]:
    """Return the rows of ``pool`` whose captions tell of a punch."""
    tells = [_BLOW_WORDS.search(caption) is not None for caption in pool.captions]
    return [row for row, item in enumerate(pool.items) if any(tells[caption] for caption in item["captions"])]


def strike_tokens(joints: np.ndarray) -> np.ndarray:
    """Tell which tokens of joints (frames, 22, 3) hold a punch on its way out and back: bool (frames / 4,)."""
    struck = np.zeros(whole_tokens(len(joints)) // FRAME_MULTIPLE, dtype=bool)
    for punch in describe.punches(np.asarray(joints, dtype=np.float64)):
        struck[punch.start // FRAME_MULTIPLE : (punch.start + _STRIKE_FRAMES) // FRAME_MULTIPLE + 1] = True
    return struck


class CaptionFeatures:
    """Token features of every caption, half precision, ragged: computed once, read at every step."""

    def __init__(self, tokens: torch.Tensor, starts: torch.Tensor):
        self.tokens = tokens  # (total tokens, feature dim) float16
        self.starts = starts  # (captions + 1,) int64

    @classmethod
    def encode(
        cls,
        captions: list[str],
        encoder: SentenceEncoder,
        batch: int = 256,
        progress: Callable[[int, int], None] | None = None,
    ) -> CaptionFeatures:
        """Run the text encoder over ``captions``; ``progress(done, total)`` is called after each ``batch``."""
        order = sorted(range(len(captions)), key=lambda index: len(captions[index]))
        parts: list[torch.Tensor] = [torch.empty(0)] * len(captions)
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            features = encoder([captions[row] for row in rows])
            for row, tokens, valid in zip(rows, features.tokens, features.valid, strict=True):
                parts[row] = tokens[valid].half()
            if progress:
                progress(first + len(rows), len(order))
        starts = torch.tensor([0, *(len(part) for part in parts)]).cumsum(0)
        return cls(torch.cat(parts), starts)

    def save(self, path: Path) -> None:
        """Write to a safetensors file in one step, so that a stopped run leaves no torn one."""
        partial = Path(path).with_suffix(".partial")
        save_file({"tokens": self.tokens, "starts": self.starts}, partial)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> CaptionFeatures:
        """Read what :meth:`save` wrote."""
        tensors = load_file(path)
        return cls(tensors["tokens"], tensors["starts"])

    def gather(self, indices: list[int]) -> TextFeatures:
        """Return padded features (batch, words, dim) of captions; the pooled vector is not kept and comes empty."""
        rows = [self.tokens[self.starts[index] : self.starts[index + 1]].float() for index in indices]
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        valid = torch.arange(padded.shape[1]) < lengths[:, None]
        return TextFeatures(padded, valid, padded.new_zeros(len(rows), 0))


def encoded_captions(
    pool: Pool,
    cache: Path,
    encoder: SentenceEncoder,
    elsewhere: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CaptionFeatures:
    """Return the features of a pool's captions, encoded once: a later start reads them in ``cache``.

    ``elsewhere`` is where another run on the same captions has them. ``progress(done, total)`` is called as they are
    encoded. Raises DataError when what lies there belongs to another pool or text encoder.
    """
    path = cache / "text.safetensors"
    if elsewhere is not None and (elsewhere / path.name).is_file():
        path = elsewhere / path.name
    elif not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        CaptionFeatures.encode(pool.captions, encoder, progress=progress).save(path)
    captions = CaptionFeatures.load(path)
    if len(captions.starts) != len(pool.captions) + 1 or captions.tokens.shape[1] != encoder.config.feature_dim:
        raise DataError(f"{path} belongs to another pool or text encoder", "Delete it, or train into another --run")
    return captions


def whole_tokens(frames: int) -> int:
    """Return ``frames`` rounded down to whole tokens."""
    return frames // FRAME_MULTIPLE * FRAME_MULTIPLE
