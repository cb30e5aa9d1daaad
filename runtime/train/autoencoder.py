"""Train the autoencoder on 64-frame windows of the prepared clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES
from runtime import checkpoint
from runtime.config import PRESETS, TRAVEL_DIM, AutoencoderConfig
from runtime.data.dataset import Pool, Prepared, WindowSampler, whole_tokens
from runtime.loop import Run, settings_for, share_of, training_device
from runtime.model import representation
from runtime.model.autoencoder import Autoencoder

WINDOW = 64
_BLOWS = frozenset({"punch", "kick", "throw"})
_BLOW_MASS = 3.0  # how often they are drawn

# When the decoder is trained alone. The noise that keeps tokens apart while they are found makes a decoder timid: it
# halves what lasts two frames. With little noise, and more blows, it gives back what the tokens hold.
_FINE = {"token_noise": 0.08, "speed_weight": 10.0}
_FINE_BLOW_MASS = 10.0


def train_autoencoder(
    prepared: Path,
    run: Path,
    *,
    preset: str = "base",
    steps: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    precision: str = "float32",
    accumulate: int = 1,
    start: Path | None = None,
    decoder_only: bool = False,
) -> Path:
    """Train on the train split of ``prepared``, choose by its val split; returns the best weights' path.

    What is not given is the preset's schedule, or without one 3,000 steps of 48 windows. ``start`` names
    trained weights to begin from, their statistics kept; without it a new run begins from principal components where
    the preset has a linear path. ``decoder_only`` leaves the encoder of ``start`` as it is, so that its tokens and the
    generators trained on them stay valid, and trains the decoder with little noise and for blows above all. Raises
    InputError when there is no encoder to leave.
    """
    if decoder_only and start is None:
        raise InputError("There is no encoder to keep", "Name the trained autoencoder: --start FILE")
    data = Prepared.load(prepared)
    sampler = _sampler(data, Path(prepared) / "pool" / "train", _FINE_BLOW_MASS if decoder_only else _BLOW_MASS)
    config = PRESETS[preset].autoencoder
    module = Autoencoder(replace(config, **_FINE) if decoder_only else config)
    if start is None:
        set_statistics(module, [sampler.batch(10_000_000 + index, 64) for index in range(20)])
    else:
        checkpoint.load_module(module, checkpoint.load(start, "autoencoder", AutoencoderConfig)[1], "autoencoder")
    if decoder_only:
        freeze_encoder(module)
    held_out = [data.joints(clip) for clip in data.of_split("val") if clip["frames"] >= 24]
    held_out = [np.array(joints[: min(MAX_FRAMES, whole_tokens(len(joints)))]) for joints in held_out][:200]
    device, schedule = training_device(), PRESETS[preset].autoencoder_schedule
    windows = sum(max(1, len(joints) - WINDOW + 1) for joints in sampler.sources)
    ours = {"steps": 3000, "average": 0.998}
    chosen = {"steps": steps, "learning_rate": learning_rate, "precision": precision}
    settings = settings_for(Path(run), schedule, windows, ours, seed=seed, accumulate=accumulate, **chosen)
    size = batch or (schedule.batch if schedule else 48)
    job = Run("autoencoder", module.to(device), settings)
    job.train(
        lambda index: module.loss(share_of(sampler.batch(seed * 1_000_003 + index, size)).to(device)),
        lambda averaged: reconstruction_error(averaged, held_out),
    )
    return job.best_path


def freeze_encoder(module: Autoencoder) -> None:
    """Take everything that makes tokens out of training; what reads them stays."""
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name.startswith(("decoder.", "linear_decoder.")))


def _sampler(data: Prepared, pool_folder: Path, blows: float) -> WindowSampler:
    """Whole clips by their length, and pool items beside them at half the mass; blows, which are short, ``blows`` times
    as often."""
    clips = [data.joints(clip) for clip in data.of_split("train")]
    weights = np.array([np.sqrt(len(joints)) for joints in clips])
    weights /= weights.sum()
    if (pool_folder / "items.jsonl").is_file():
        pool = Pool.load(pool_folder)
        clips += [pool.item_joints(index) for index in range(len(pool.items))]
        mass = np.array([blows if item["family"] in _BLOWS else 1.0 for item in pool.items])
        weights = np.concatenate([weights, 0.5 * mass / mass.sum()])
    return WindowSampler(clips, weights, WINDOW)


@torch.no_grad()
def set_statistics(module: Autoencoder, batches: list[torch.Tensor]) -> None:
    """Measure mean and deviation of each stream and of the travel on ``batches`` (batch, frames, 22, 3), metres.

    A deviation is shared by the three axes of a joint, and never under 2 cm: joints that hardly move
    inside the frame must not be blown up.
    """
    values: dict[str, list[torch.Tensor]] = {}
    travels = []
    for joints in batches:
        local = representation.to_local(joints)
        travels.append(local.travel.flatten(0, 1))
        for name, value in module.stream_values(joints, local).items():
            values.setdefault(name, []).append(value.flatten(0, 1))
    for name, parts in values.items():
        all_of = torch.cat(parts)
        deviation = all_of.std(dim=0).unflatten(0, (-1, 3)).square().mean(dim=1).sqrt()
        getattr(module, f"{name}_mean").copy_(all_of.mean(dim=0))
        getattr(module, f"{name}_std").copy_(deviation.clamp(min=0.02).repeat_interleave(3))
    if module.config.linear_path:
        start_from_principal_components(module, [representation.to_local(joints).joints for joints in batches])
    travel = torch.cat(travels)
    module.token_mean[-TRAVEL_DIM:] = travel.mean(dim=0)
    module.token_std[-TRAVEL_DIM:] = travel.std(dim=0).clamp(min=1e-3)


@torch.no_grad()
def start_from_principal_components(module: Autoencoder, local_joints: list[torch.Tensor]) -> None:
    """Set the linear path to the principal components of 4-frame patches.

    They are those of ``local_joints`` (batch, frames, 22, 3), metres, as the reference frame sees them. Latent channels
    come out with unit variance, the largest component first.
    """
    patches = torch.cat([joints.flatten(2).unflatten(1, (-1, FRAME_MULTIPLE)).flatten(0, 1) for joints in local_joints])
    patches = (patches - module.joints_mean).flatten(1).double()  # (patches, 4 * 66)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    width = module.config.latent_dim
    deviation = values.flip(0)[:width].clamp(min=1e-8).sqrt()
    basis = vectors.flip(1)[:, :width].T.unflatten(1, (FRAME_MULTIPLE, -1)).transpose(1, 2)  # (width, 66, 4)
    module.linear_encoder.weight.copy_(basis / deviation[:, None, None])
    module.linear_encoder.bias.zero_()
    module.linear_decoder.weight.copy_(basis * deviation[:, None, None])


@torch.no_grad()
def set_latent_statistics(module: Autoencoder, motions: list[torch.Tensor]) -> None:
    """Scale the learned channels to unit variance over ``motions``, each (frames, 22, 3), metres."""
    width = module.config.latent_dim
    parts = []
    for joints in motions:
        joints = joints[None].to(module.token_mean.device)
        parts.append(module.encode_local(joints, representation.to_local(joints))[0])
    latent = torch.cat(parts)
    module.token_mean[:width] = latent.mean(dim=0)
    module.token_std[:width] = latent.std(dim=0).clamp(min=1e-3)


@torch.no_grad()
def reconstruction_error(module: Autoencoder, motions: list[np.ndarray]) -> dict[str, float]:
    """Return mean errors, mm, over ``motions``, each (frames, 22, 3): joints relative to the pelvis, and the pelvis."""
    relative, pelvis, frames = 0.0, 0.0, 0
    for joints in motions:
        joints = torch.from_numpy(np.ascontiguousarray(joints))[None].to(module.token_mean.device)
        tokens, origin = module.encode(joints)
        rebuilt = module.decode(tokens, origin)
        pelvis_error = (rebuilt[:, :, 0] - joints[:, :, 0]).norm(dim=-1)
        error = ((rebuilt - rebuilt[:, :, :1]) - (joints - joints[:, :, :1])).norm(dim=-1).mean(-1)
        relative += error.sum().item() * 1000
        pelvis += pelvis_error.sum().item() * 1000
        frames += joints.shape[1]
    return {
        "total": (relative + pelvis) / frames,
        "joint_mm": relative / frames,
        "pelvis_mm": pelvis / frames,
    }
