"""Train the evaluator that judges generated motion, on the training pool: contrastive, captions against motions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from coamd_blender.errors import DataError
from runtime.data.dataset import CaptionFeatures, Pool
from runtime.evaluate.evaluator import Evaluator, EvaluatorConfig, motion_features
from runtime.evaluate.metrics import r_precision
from runtime.evaluate.results import BUNDLED_WEIGHTS
from runtime.loop import Run, TrainSettings, encoding_progress, first_process_first, share_of
from runtime.model.text_encoder import TextEncoder, TextFeatures
from runtime.train.retrieval import retrieval_batches

CAPTIONS_AN_ITEM = 2  # of an item's eight: encoding them all would take longer than training
_STATISTICS_ITEMS = 2000


class PairSampler:
    """Batches of pool items, each with one of its captions, and which pairs share a caption."""

    def __init__(self, pool: Pool, features: CaptionFeatures, kept: list[int]):
        place = {caption: row for row, caption in enumerate(kept)}
        self.pool = pool
        self.features = features
        self.rows = [[place[c] for c in item["captions"][:CAPTIONS_AN_ITEM]] for item in pool.items]
        self.all_captions = [frozenset(item["captions"]) for item in pool.items]
        weights = np.array([item["weight"] for item in pool.items])
        self.share = weights / weights.sum()

    def batch(self, seed: int, size: int) -> tuple[torch.Tensor, torch.Tensor, TextFeatures, torch.Tensor]:
        """Return motion features (size, steps, features), lengths (size,), text features and the pairs (size, size)
        that share a caption; the same for the same seed."""
        draw = np.random.default_rng(seed)
        members = draw.choice(len(self.pool.items), size=size, p=self.share)
        text = self.features.gather([int(draw.choice(self.rows[index])) for index in members])
        known = [self.all_captions[index] for index in members]
        same = torch.tensor([[not one.isdisjoint(other) for other in known] for one in known])
        features, lengths = motion_features([self.pool.item_joints(index) for index in members])
        return features, lengths, text, same


def train_evaluator(
    prepared: Path,
    run: Path,
    steps: int = 1500,
    *,
    weights: Path = BUNDLED_WEIGHTS,
    batch: int = 96,
    learning_rate: float = 1e-3,
    seed: int = 0,
    config: EvaluatorConfig | None = None,
) -> Path:
    """Train on the pool in ``prepared``; returns the path of the averaged weights with the best validation R@3.

    ``weights`` is the folder that holds the text encoder. Validation is R-precision top 3 in batches of 32 distinct
    captions on the validation pool. Raises DataError without a pool, WeightsError without the text encoder.
    """
    run, pools = Path(run), Path(prepared) / "pool"
    text_encoder = TextEncoder.load(weights)
    with first_process_first():
        samplers = {name: _sampler(Pool.load(pools / name), run / name, text_encoder) for name in ("train", "val")}
    module = Evaluator(config or EvaluatorConfig())
    measure_features(module, samplers["train"].pool)
    settings = TrainSettings(run, steps, learning_rate, seed=seed, weight_decay=1e-2, average=0.998)
    job = Run("evaluator", module, settings)
    job.train(
        lambda step: {"total": _loss(module, samplers["train"], seed * 1_000_003 + step, batch)},
        _validation(samplers["val"]),
    )
    return job.best_path


def _loss(module: Evaluator, sampler: PairSampler, seed: int, size: int) -> torch.Tensor:
    """Loss of this process's slice of a batch: its pairs are told from one another."""
    features, lengths, text, same = sampler.batch(seed, size)
    motion = module.embed_motion(share_of(features), share_of(lengths))
    words = module.embed_text(share_of(text.tokens), share_of(text.valid))
    return module.loss(motion, words, share_of(share_of(same).T).T)


def _validation(sampler: PairSampler) -> Callable[[Evaluator], dict[str, float]]:
    pool = sampler.pool
    batches = retrieval_batches(pool)

    def validate(averaged: Evaluator) -> dict[str, float]:
        scores, losses = [], []
        for rows in batches:
            features, lengths = motion_features([pool.item_joints(row) for row in rows])
            text = sampler.features.gather([sampler.rows[row][0] for row in rows])
            motion, words = averaged.embed_motion(features, lengths), averaged.embed_text(text.tokens, text.valid)
            scores.append(r_precision(words.numpy(), motion.numpy()))
            losses.append(averaged.loss(motion, words, torch.zeros(len(rows), len(rows), dtype=torch.bool)).item())
        top1, _, top3 = np.mean(scores, axis=0)
        return {"total": 1 - float(top3), "r1": float(top1), "r3": float(top3), "loss": float(np.mean(losses))}

    return validate


@torch.no_grad()
def measure_features(module: Evaluator, pool: Pool) -> None:
    """Set mean and deviation of the motion features over items spread through ``pool``.

    Joints, velocities and travel each have one deviation: channels that hardly move must not be blown up.
    """
    picked = range(0, len(pool.items), max(1, len(pool.items) // _STATISTICS_ITEMS))
    parts = []
    for index in picked:
        features, lengths = motion_features([pool.item_joints(index)])
        parts.append(features[0, : lengths[0]])
    values = torch.cat(parts)
    deviation = values.std(dim=0)
    kind = torch.arange(values.shape[1]) % 6 >= 3  # joints and velocities take turns, three channels each
    kind = kind.long()
    kind[-3:] = torch.tensor([2, 2, 3])  # metres of travel, and the turn
    for group in range(4):
        members = kind == group
        deviation[members] = deviation[members].square().mean().sqrt().clamp(min=1e-4)
    module.feature_mean.copy_(values.mean(dim=0))
    module.feature_std.copy_(deviation)


def _sampler(pool: Pool, cache: Path, text_encoder: TextEncoder) -> PairSampler:
    """Encode the captions that are drawn from, once; later starts read the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    kept = sorted({caption for item in pool.items for caption in item["captions"][:CAPTIONS_AN_ITEM]})
    path = cache / "captions.safetensors"
    if not path.is_file():
        report = encoding_progress("captions")
        CaptionFeatures.encode([pool.captions[c] for c in kept], text_encoder, progress=report).save(path)
    features = CaptionFeatures.load(path)
    if len(features.starts) != len(kept) + 1:
        raise DataError(f"{path} belongs to another pool", "Delete it, or train into another --run folder")
    return PairSampler(pool, features, kept)
