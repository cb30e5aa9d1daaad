"""The three-stream autoencoder: 4 frames of joints to one latent token and back.

After CoAMD (arXiv 2604.17090): joint, bone and velocity streams are each projected by a convolution,
averaged, and encoded by a shared 1-D residual network with two stride-2 stages; the decoder mirrors it.
Ours differs in four ways, each for a reason:

* joints are seen inside a moving reference frame, whose travel is part of the token (representation.py);
* streams are made from metres and scaled each by its own statistics (bones and velocities of
  z-scored joints mix the joints' scales);
* a linear path, started from the principal components of 4-frame patches, runs beside the convolutions, which
  start at zero and learn the rest: 64 components alone rebuilt unseen performers to 17 mm, where convolutions
  alone stood at 53 mm after 400 steps (the preset ``paper`` goes without, as published);
* latents are stored in units of their standard deviation, because the velocity objective of the generator's
  head collapses on latents of small variance.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, JOINT_COUNT
from runtime.config import TRAVEL_DIM, AutoencoderConfig
from runtime.model import representation

_CHANNELS = JOINT_COUNT * 3
_STREAMS = {"joints": _CHANNELS, "bones": _CHANNELS - 3, "velocities": _CHANNELS}


class ResidualBlock(nn.Module):
    """Dilated convolution and pointwise convolution with a skip."""

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation),
            nn.SiLU(),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add what the layers make of features ``x`` (batch, width, frames) to them: the same shape."""
        return x + self.layers(x)


def _blocks(width: int, count: int) -> list[nn.Module]:
    return [ResidualBlock(width, 3**index) for index in range(count)]


def _output_layers(width: int, count: int) -> list[nn.Module]:
    return [layer for _ in range(count) for layer in (nn.Conv1d(width, width, 3, padding=1), nn.SiLU())]


def _linear_path(config: AutoencoderConfig) -> tuple[nn.Conv1d, nn.ConvTranspose1d]:
    """Make a linear map of 4-frame patches to the latent, and the way back."""
    patch = {"kernel_size": FRAME_MULTIPLE, "stride": FRAME_MULTIPLE}
    return (
        nn.Conv1d(_CHANNELS, config.latent_dim, **patch),
        nn.ConvTranspose1d(config.latent_dim, _CHANNELS, **patch, bias=False),
    )


class Autoencoder(nn.Module):
    """Encode joints (batch, 4 * tokens, 22, 3) to tokens (batch, tokens, latent_dim + 3) and decode them."""

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        self.config = config
        width, count = config.width, config.residual_blocks
        self.streams = nn.ModuleDict({name: nn.Conv1d(size, width, 3, padding=1) for name, size in _STREAMS.items()})
        self.encoder = nn.Sequential(
            nn.SiLU(),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            *_blocks(width, count),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            *_blocks(width, count),
            nn.Conv1d(width, config.latent_dim, 3, padding=1),
        )
        self.linear_encoder, self.linear_decoder = _linear_path(config) if config.linear_path else (None, None)
        self.decoder = nn.Sequential(
            nn.Conv1d(config.token_dim, width, 3, padding=1),
            *_blocks(width, count),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv1d(width, width, 3, padding=1),
            *_blocks(width, count),
            nn.Upsample(scale_factor=2, mode="nearest"),
            *_output_layers(width, config.output_convolutions),
            nn.Conv1d(width, _CHANNELS, 3, padding=1),
        )
        if config.linear_path:  # the convolutions start at zero beside it
            for last in (self.encoder[-1], self.decoder[-1]):
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)
        for name, size in _STREAMS.items():
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_std", torch.ones(size))
        self.register_buffer("token_mean", torch.zeros(config.token_dim))
        self.register_buffer("token_std", torch.ones(config.token_dim))

    def encode(self, joints: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return tokens (batch, tokens, latent_dim + 3) of ``joints`` (batch, 4 * tokens, 22, 3), metres, and their
        origin.

        Tokens are in units of their standard deviation; the origin (batch, 3) is x, z in metres and the heading in
        radians, see representation.py.
        """
        local = representation.to_local(joints)
        tokens = torch.cat([self.encode_local(joints, local), local.travel], dim=-1)
        return (tokens - self.token_mean) / self.token_std, local.origin

    def decode(self, tokens: torch.Tensor, origin: torch.Tensor | None = None) -> torch.Tensor:
        """Return joints (batch, 4 * tokens, 22, 3), metres, of normalised ``tokens`` (batch, tokens, latent_dim + 3).

        They start at ``origin`` (batch, 3): x, z in metres and the heading in radians; without it over (0, 0), facing
        +Z.
        """
        tokens = tokens * self.token_std + self.token_mean
        latent, travel = tokens.split([self.config.latent_dim, TRAVEL_DIM], dim=-1)
        return representation.to_world(self.decode_local(latent, travel), travel, origin)

    def encode_local(self, joints: torch.Tensor, local: representation.Local) -> torch.Tensor:
        """Return the latent (batch, tokens, latent_dim), no unit, before normalisation.

        ``joints`` (batch, 4 * tokens, 22, 3) are in metres, ``local`` what :func:`representation.to_local` makes of
        them.
        """
        total = 0.0
        for name, value in self.stream_values(joints, local).items():
            scaled = (value - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_std")
            total = total + self.streams[name](scaled.transpose(1, 2))
        latent = self.encoder(total / len(_STREAMS))
        if self.linear_encoder is not None:
            latent = latent + self.linear_encoder((local.joints.flatten(2) - self.joints_mean).transpose(1, 2))
        return latent.transpose(1, 2)

    def decode_local(self, latent: torch.Tensor, travel: torch.Tensor) -> torch.Tensor:
        """Return joints (batch, 4 * tokens, 22, 3), metres, inside the reference frame.

        The latent (batch, tokens, latent_dim) and ``travel`` (batch, tokens, 3), metres and radians, are not
        normalised.
        """
        scaled_travel = (travel - self.token_mean[-TRAVEL_DIM:]) / self.token_std[-TRAVEL_DIM:]
        channels = torch.cat([latent, scaled_travel], dim=-1).transpose(1, 2)
        out = self.decoder(channels) * self.joints_std[:, None]
        if self.linear_decoder is not None:
            out = out + self.linear_decoder(latent.transpose(1, 2))
        return (out.transpose(1, 2) + self.joints_mean).unflatten(-1, (JOINT_COUNT, 3))

    @staticmethod
    def stream_values(joints: torch.Tensor, local: representation.Local) -> dict[str, torch.Tensor]:
        """Return the three streams (batch, frames, channels) of ``joints`` (batch, frames, 22, 3), in metres.

        Joints and bones stand inside the reference frame; the velocities, metres a frame, are those of the joints in
        the world, turned into the frame's axes.
        """
        speed = representation.rotate_y(representation.velocities(joints), -local.turn[:, :, None])
        return {
            "joints": local.joints.flatten(2),
            "bones": representation.bones(local.joints).flatten(2),
            "velocities": speed.flatten(2),
        }

    def loss(self, joints: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the SmoothL1 losses, scalars, of joints, bones, velocities and accelerations rebuilt; "total" is their
        sum.

        ``joints`` (batch, frames, 22, 3) are in metres.

        Half of the clips are decoded from noisy tokens (``token_noise``): a generator predicts neighbouring tokens with
        small errors of their own, and the decoder learns to give back motion without the shiver. Fast joints weigh more
        (``speed_weight``): a punch is two frames of a clip, and an unweighted loss halves its speed.
        """
        local = representation.to_local(joints)
        latent, travel = self._noisy(self.encode_local(joints, local), local.travel)
        return _terms(self.decode_local(latent, travel), local.joints, self.config)

    def _noisy(self, latent: torch.Tensor, travel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Latent and travel of half of the clips with Gaussian noise of up to ``token_noise`` standard deviations,
        its size log-uniform from a tenth of that."""
        if self.config.token_noise == 0:
            return latent, travel
        clips = (len(latent), 1, 1)
        level = self.config.token_noise * 10 ** -torch.rand(clips, device=latent.device)
        level = level * (torch.rand(clips, device=latent.device) < 0.5)
        deviation = self.token_std.split([self.config.latent_dim, TRAVEL_DIM])
        return tuple(
            value + level * size * torch.randn_like(value)
            for value, size in zip((latent, travel), deviation, strict=True)
        )


def _terms(rebuilt: torch.Tensor, target: torch.Tensor, config: AutoencoderConfig) -> dict[str, torch.Tensor]:
    """Return the loss and its parts of rebuilt joints (batch, frames, 22, 3) inside the reference frame."""
    bones, change = representation.bones, representation.velocities
    velocity, wanted = change(rebuilt), change(target)
    weight = _speed_weights(wanted, config.speed_weight)
    terms = {
        "joints": _distance(rebuilt, target, 0.05, weight),
        "bones": config.bone_weight * _distance(bones(rebuilt), bones(target), 0.05),
        "velocities": config.velocity_weight * _distance(velocity, wanted, 0.02, weight),
    }
    if config.acceleration_weight > 0:
        jolts = _distance(change(velocity)[:, 2:], change(wanted)[:, 2:], 0.01)
        terms["accelerations"] = config.acceleration_weight * jolts
    return {"total": sum(terms.values()), **terms}


def _speed_weights(velocities: torch.Tensor, most: float) -> torch.Tensor:
    """Weights (batch, frames, 22, 1), mean one: 1 at rest, 1 + 2 * most from 3 m/s on, before and after a frame."""
    speed = velocities.norm(dim=-1, keepdim=True) * FPS
    speed = torch.maximum(speed, speed.roll(-1, dims=1))
    weight = 1 + most * (speed / 1.5).clamp(max=2)
    return weight / weight.mean()


def _distance(a: torch.Tensor, b: torch.Tensor, beta: float, weight: torch.Tensor | float = 1.0) -> torch.Tensor:
    """SmoothL1 in units of ``beta`` metres, so that errors of that size weigh about one."""
    return (functional.smooth_l1_loss(a / beta, b / beta, reduction="none") * weight).mean()
