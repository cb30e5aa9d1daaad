"""Train the generator on the latent tokens of the training pool."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from runtime import checkpoint
from runtime.config import PRESETS, AutoencoderConfig, GeneratorConfig
from runtime.data.dataset import Pool, TokenSampler, encoded_captions
from runtime.loop import Run, encoding_progress, first_process_first, settings_for, share_of, training_device
from runtime.model.autoencoder import Autoencoder
from runtime.model.clip_text import SentenceEncoder, encoder_of
from runtime.model.generator import MotionGenerator
from runtime.model.text_encoder import TextFeatures
from runtime.train.autoencoder import set_latent_statistics

# The projections that close a residual branch of a transformer layer or a head block.
_CLOSING = ("attention.out", "cross.out", "feedforward.2", "layers.2")


def train_generator(
    prepared: Path,
    run: Path,
    *,
    weights: Path,
    autoencoder: Path,
    preset: str = "base",
    steps: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    precision: str = "float32",
    accumulate: int = 1,
    captions: Path | None = None,
    start: Path | None = None,
    strikes: float = 1.0,
) -> Path:
    """Train on the pool in ``prepared`` encoded by ``autoencoder``; returns the final averaged weights' path.

    ``weights`` is the folder that holds the text encoder. The autoencoder with the measured statistics of
    its latents is written beside the checkpoints: the two belong together. ``captions`` is the folder of another run on
    a pool of the same captions, whose encoded ones to read. ``start`` names the weights of a trained generator to begin
    from, on the tokens of the same encoder; without it a new run begins at random. ``strikes`` is how many times more
    the tokens of punches count (:class:`runtime.data.dataset.TokenSampler`). What is not given is the preset's
    schedule, or without one 12,000 steps.
    """
    run, sizes = Path(run), PRESETS[preset]
    device, schedule = training_device(), sizes.generator_schedule
    text_encoder = encoder_of(weights, sizes.generator.text_dim).to(device)
    with first_process_first():
        pool = Pool.load(Path(prepared) / "pool" / "train")
        coder = finished_autoencoder(autoencoder, run, pool, device, keep=start is not None)
        encoders, batch = (coder, text_encoder), schedule and schedule.batch
        train, val = token_samplers(prepared, run, captions, encoders, batch=batch, strikes=strikes)
    module = MotionGenerator(sizes.generator)
    if start is not None:
        begin_from(module, start)
    module.importance.copy_(channel_importance(coder, val.batch(0)[0][:32].to(device)))
    ours = {"steps": 12_000, "learning_rate": 5e-4}
    chosen = {"steps": steps, "learning_rate": learning_rate, "precision": precision}
    items = len(train.pool.items)
    settings = settings_for(run, schedule, items, ours, seed=seed, accumulate=accumulate, **chosen)
    job = Run("generator", module.to(device), settings)

    def step(index: int) -> dict[str, torch.Tensor]:
        return {"total": _loss(module, train.batch(seed * 1_000_003 + index), device)}

    job.train(step, lambda averaged: _validated(averaged, val, device))
    return job.final_path


def _loss(network: MotionGenerator, batch: tuple, device: torch.device) -> torch.Tensor:
    """Return the loss of this process's share of a batch."""
    tokens, valid, text, weights = batch
    text = TextFeatures(*(share_of(part).to(device) for part in text))
    tokens, valid, weights = (share_of(part).to(device) for part in (tokens, valid, weights))
    return network.loss(tokens, valid, text, weights)


def _validated(averaged: MotionGenerator, sampler: TokenSampler, device: torch.device) -> dict[str, float]:
    """Return the mean loss of 16 batches, with the same draws at every call."""
    losses = []
    for index in range(16):
        torch.manual_seed(index)
        losses.append(_loss(averaged, sampler.batch(index), device).item())
    return {"total": sum(losses) / len(losses)}


def begin_from(module: MotionGenerator, path: Path) -> None:
    """Copy a trained generator's weights into ``module``, which may have more layers and head blocks than the file.

    Those it lacks start as the identity (their last projections are zero), so that growing changes no output.
    Raises WeightsError when anything but the depth differs.
    """
    config, tensors, _ = checkpoint.load(path, "generator", GeneratorConfig)
    state = module.state_dict()
    added = [f"transformer.layers.{index}." for index in range(config.layers, module.config.layers)]
    added += [f"head.blocks.{index}." for index in range(config.head_blocks, module.config.head_blocks)]
    for key, value in state.items():
        prefix = next((prefix for prefix in added if key.startswith(prefix)), None)
        if prefix is not None:
            closing = key.removeprefix(prefix).rpartition(".")[0] in _CLOSING
            tensors[key] = torch.zeros_like(value) if closing else value
    checkpoint.load_module(module, tensors, "generator")


def finished_autoencoder(path: Path, run: Path, pool: Pool, device: torch.device, keep: bool = False) -> Autoencoder:
    """Load trained weights, measure the latents' statistics on ``pool`` once, and leave the result in ``run``.

    ``keep`` the statistics of ``path`` where a trained generator goes on: its latents are scaled by them.
    """
    finished = run / "autoencoder.safetensors"
    config, tensors, extra = checkpoint.load(finished if finished.is_file() else path, "autoencoder", AutoencoderConfig)
    coder = Autoencoder(config)
    checkpoint.load_module(coder, tensors, "autoencoder")
    coder.eval().requires_grad_(False).to(device)
    if not finished.is_file():
        picked = () if keep else range(0, len(pool.items), max(1, len(pool.items) // 2000))
        if picked:
            set_latent_statistics(coder, [torch.from_numpy(pool.item_joints(index).copy()) for index in picked])
        checkpoint.save(finished, "autoencoder", config, coder.state_dict(), extra)
    return coder


@torch.no_grad()
def channel_importance(coder: Autoencoder, tokens: torch.Tensor) -> torch.Tensor:
    """Return a loss weight a channel (token_dim,), as a share of their mean, from ``tokens`` (batch, count, token_dim).

    A channel weighs by how far half a standard deviation at the middle token moves the joints over the
    clip, so travel, which displaces everything after it, weighs most; weights stay between a half and 4 times
    the median.
    """
    middle = tokens.shape[1] // 2
    plain = coder.decode(tokens)
    moved = []
    for channel in range(tokens.shape[-1]):
        nudged = tokens.clone()
        nudged[:, middle, channel] += 0.5
        moved.append((coder.decode(nudged) - plain).square().mean().sqrt())
    moved = torch.stack(moved)
    weight = (moved / moved.median()).clamp(0.5, 4.0)
    return weight / weight.mean()


def token_samplers(
    prepared: Path,
    run: Path,
    captions: Path | None,
    encoders: tuple[Autoencoder, SentenceEncoder],
    *,
    batch: int | None,
    strikes: float = 1.0,
) -> tuple[TokenSampler, TokenSampler]:
    """Return those of the pool's parts for training and validation; punches count more (``strikes``) in training
    alone. ``encoders`` and the other arguments are those of :func:`_token_sampler`."""

    def sampler(part: str, counting: float) -> TokenSampler:
        elsewhere = captions and captions / part
        folder, cache = Path(prepared) / "pool" / part, run / part
        return _token_sampler(folder, cache, elsewhere, *encoders, batch=batch, strikes=counting)

    return sampler("train", strikes), sampler("val", 1.0)


def _token_sampler(
    pool_folder: Path,
    cache: Path,
    elsewhere: Path | None,
    coder: Autoencoder,
    text_encoder: SentenceEncoder,
    *,
    batch: int | None,
    strikes: float,
) -> TokenSampler:
    """Encode a pool's motions and captions once; later starts read the cache, and the captions of a run ``elsewhere``.

    Batches hold ``batch`` clips of mean length (as many tokens as the sampler chooses when None).
    """
    pool = Pool.load(pool_folder)
    cache.mkdir(parents=True, exist_ok=True)
    tokens_path = cache / "tokens.safetensors"
    if not tokens_path.is_file():
        partial = tokens_path.with_suffix(".partial")
        save_file({"tokens": torch.cat(_encode(pool, coder))}, partial)
        partial.replace(tokens_path)
    lengths = [item["frames"] // 4 for item in pool.items]
    tokens = list(load_file(tokens_path)["tokens"].split(lengths))
    captions = encoded_captions(pool, cache, text_encoder, elsewhere, encoding_progress("captions"))
    budget = {} if batch is None else {"budget": round(batch * sum(lengths) / len(lengths))}
    return TokenSampler(pool, tokens, captions, strikes=strikes, **budget)


@torch.no_grad()
def _encode(pool: Pool, coder: Autoencoder, batch: int = 32) -> list[torch.Tensor]:
    """Tokens (count, token_dim) of every item, items of equal length together."""
    progress = encoding_progress("motions")
    tokens: list[torch.Tensor] = [torch.empty(0)] * len(pool.items)
    order = sorted(range(len(pool.items)), key=lambda index: pool.items[index]["frames"])
    first = 0
    while first < len(order):
        frames = pool.items[order[first]]["frames"]
        rows = [row for row in order[first : first + batch] if pool.items[row]["frames"] == frames]
        joints = torch.stack([torch.from_numpy(pool.item_joints(row).copy()) for row in rows])
        for row, value in zip(rows, coder.encode(joints.to(coder.token_mean.device))[0].cpu(), strict=True):
            tokens[row] = value
        first += len(rows)
        progress(first, len(order))
    return tokens
