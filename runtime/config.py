"""Sizes of the networks: frozen dataclasses and the named preset ``base``.

A configuration travels inside the weights file it describes (``checkpoint.py``), so nobody has to
remember which preset made a file. Constructors refuse sizes that do not fit together and print both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from coamd_blender.errors import InputError

TRAVEL_DIM = 3  # sideways and forward travel, and turn, of one token: see model/representation.py


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message, "change the preset in runtime/config.py so that the sizes fit")


@dataclass(frozen=True)
class AutoencoderConfig:
    """Three-stream convolutional autoencoder: 4 frames to one token of ``latent_dim`` learned channels."""

    width: int = 256
    latent_dim: int = 64
    residual_blocks: int = 3
    velocity_weight: float = 1.0
    bone_weight: float = 1.0

    def __post_init__(self) -> None:
        _require(self.width % 8 == 0, f"autoencoder width {self.width} is not a multiple of 8 (its group count)")
        _require(self.latent_dim > 0, f"autoencoder latent_dim {self.latent_dim} is not positive")

    @property
    def token_dim(self) -> int:
        """Channels of one latent token: the learned ones and the travel."""
        return self.latent_dim + TRAVEL_DIM


@dataclass(frozen=True)
class GeneratorConfig:
    """Masked autoregressive transformer with a diffusion head over the autoencoder's tokens."""

    token_dim: int = 67
    width: int = 256
    layers: int = 4
    heads: int = 4
    feedforward: int = 1024
    text_layers: int = 1
    text_dim: int = 768
    dropout: float = 0.1
    head_width: int = 384
    head_blocks: int = 4
    condition_drop: float = 0.1
    noise_replace: float = 0.1
    keep_masked: float = 0.12
    draws: int = 2

    def __post_init__(self) -> None:
        _require(self.width % self.heads == 0, f"width {self.width} does not divide by {self.heads} heads")
        _require(self.width % 2 == 0, f"width {self.width} is odd; positions need sine and cosine halves")
        _require(0 <= self.condition_drop < 1, f"condition_drop {self.condition_drop} is outside 0 to 1")


@dataclass(frozen=True)
class SamplingConfig:
    """How tokens are drawn: the defaults of ``generate``."""

    steps: int = 12
    solver_steps: int = 8
    guidance_weight: float = 4.0
    guidance_rescale: float = 1.0
    temperature: float = 0.8

    def __post_init__(self) -> None:
        _require(self.steps >= 1, f"{self.steps} autoregressive steps")
        _require(self.solver_steps >= 1, f"{self.solver_steps} solver steps")


@dataclass(frozen=True)
class TextEncoderConfig:
    """BERT-style text encoder; the defaults are all-MiniLM-L6-v2."""

    vocabulary: int = 30522
    width: int = 384
    layers: int = 6
    heads: int = 12
    feedforward: int = 1536
    positions: int = 512
    max_tokens: int = 64

    def __post_init__(self) -> None:
        _require(self.width % self.heads == 0, f"width {self.width} does not divide by {self.heads} heads")

    @property
    def feature_dim(self) -> int:
        """Channels of a token feature: word embedding beside contextual output."""
        return 2 * self.width


@dataclass(frozen=True)
class Preset:
    """The networks of one bundle."""

    autoencoder: AutoencoderConfig
    generator: GeneratorConfig

    def __post_init__(self) -> None:
        _require(
            self.autoencoder.token_dim == self.generator.token_dim,
            f"autoencoder tokens have {self.autoencoder.token_dim} channels, the generator expects "
            f"{self.generator.token_dim}",
        )


PRESETS = {"base": Preset(AutoencoderConfig(), GeneratorConfig())}


def from_dict(kind: type, values: dict):
    """Build a configuration of class ``kind`` from a plain dict, refusing unknown keys."""
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(
            f"{kind.__name__} does not know {', '.join(unknown)}",
            "the file was written by another version: update CoAMD or train the weights anew",
        )
    return kind(**values)
