"""Sizes and schedules of the networks: frozen dataclasses and the named presets ``base`` and ``paper``.

A configuration travels inside the weights file it describes (``checkpoint.py``), so nobody has to
remember which preset made a file. Constructors refuse sizes that do not fit together and print both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from coamd_blender.errors import InputError

_LARGEST = 2**20  # of a size: a file that states more would take all memory before its tensors are looked at
_MOST_LAYERS = 256  # and of what is counted in modules, all time
_COUNTED = ("layers", "blocks", "convolutions", "recurrent")  # how the names of such fields end
TRAVEL_DIM = 3  # sideways and forward travel, and turn, of one token: see model/representation.py


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message, "Change the preset in runtime/config.py so that the sizes fit")


def _require_heads(width: int, heads: int) -> None:
    _require(heads > 0 and width > 0 and width % heads == 0, f"Width {width} does not divide by {heads} heads")


@dataclass(frozen=True)
class AutoencoderConfig:
    """Three-stream convolutional autoencoder: 4 frames to one token of ``latent_dim`` learned channels.

    The weights, ``speed_weight`` and ``token_noise`` are those of its loss (``Autoencoder.loss``).
    ``linear_path`` runs principal components beside the convolutions; ``output_convolutions`` counts those of full
    width behind the last upsampling.
    """

    width: int = 256
    latent_dim: int = 64
    residual_blocks: int = 3
    velocity_weight: float = 1.0
    bone_weight: float = 1.0
    acceleration_weight: float = 0.3
    speed_weight: float = 3.0
    token_noise: float = 0.35
    linear_path: bool = True
    output_convolutions: int = 1

    def __post_init__(self) -> None:
        _require(
            self.width > 0 and self.width % 8 == 0,
            f"Autoencoder width {self.width} is not a multiple of 8 (its group count)",
        )
        _require(self.latent_dim > 0, f"Autoencoder latent_dim {self.latent_dim} is not positive")
        _require(self.output_convolutions >= 1, f"{self.output_convolutions} output convolutions")

    @property
    def token_dim(self) -> int:
        """Channels of one latent token: the learned ones and the travel."""
        return self.latent_dim + TRAVEL_DIM


TEXT_VECTORS = ("mean", "last")  # one vector for a text: the mean of its token features, or the last token's


@dataclass(frozen=True)
class GeneratorConfig:
    """Masked autoregressive transformer with a diffusion head over the autoencoder's tokens.

    ``text_condition`` "tokens" lets every layer read the text's tokens; "mean" and "last" give it one vector instead
    (:data:`TEXT_VECTORS`), as published. ``shared_modulation`` shares the head's largest matrix among its blocks;
    ``both_ends`` counts positions from the end of the clip as well as from its start. ``distilled`` networks have taken
    in what guidance adds, with its weight as an input, and cross several solver steps at once (train/student.py).
    """

    token_dim: int = 67
    width: int = 256
    layers: int = 4
    heads: int = 4
    feedforward: int = 1024
    text_layers: int = 1
    text_dim: int = 768
    dropout: float = 0.0
    head_width: int = 384
    head_blocks: int = 4
    condition_drop: float = 0.1
    noise_replace: float = 0.1
    keep_masked: float = 0.12
    draws: int = 2
    text_condition: str = "tokens"
    shared_modulation: bool = True
    both_ends: bool = True
    distilled: bool = False

    def __post_init__(self) -> None:
        _require_heads(self.width, self.heads)
        _require(self.width % 2 == 0, f"Width {self.width} is odd; positions need sine and cosine halves")
        _require(0 <= self.condition_drop < 1, f"The condition_drop {self.condition_drop} is outside 0 to 1")
        known = ("tokens", *TEXT_VECTORS)
        _require(self.text_condition in known, f"The text_condition {self.text_condition!r} is not one of {known}")


@dataclass(frozen=True)
class RecognizerConfig:
    """Three motion encoders and two text sides that share one space of ``dim`` channels.

    ``patch`` frames are one motion token; ``label_text`` says which vector of a label side A reads. ``pooled`` lets
    each transformer say the mean and the highest of its tokens too, beside its query token. With ``recurrent`` layers
    the motion encoders are bidirectional GRUs of as many layers, and the description tower one of ``text_layers``, each
    read at the mean and the highest of its states. ``temperature`` is that of the contrast of motions and descriptions
    in training. ``side_axis``: it knows the axis along which mirror images differ.
    """

    width: int = 192
    layers: int = 3
    heads: int = 4
    feedforward: int = 512
    dropout: float = 0.1
    patch: int = 4
    dim: int = 256
    text_dim: int = 768
    text_layers: int = 2
    label_text: str = "mean"
    pooled: bool = False
    recurrent: int = 0
    temperature: float = 0.1
    side_axis: bool = False

    def __post_init__(self) -> None:
        _require_heads(self.width, self.heads)
        _require(self.width % 2 == 0, f"Width {self.width} is odd; positions need sine and cosine halves")
        _require(self.patch >= 1, f"Patches of {self.patch} frames")
        _require(self.recurrent >= 0, f"{self.recurrent} recurrent layers")
        _require(self.temperature > 0, f"Temperature {self.temperature} is not positive")
        _require(self.label_text in TEXT_VECTORS, f"The label_text {self.label_text!r} is not one of {TEXT_VECTORS}")


@dataclass(frozen=True)
class SamplingConfig:
    """How tokens are drawn: the defaults of ``generate``.

    ``guidance_weight``, ``guidance_rescale`` and ``skipped`` (layers of the transformer) are those of classifier-free
    guidance, see ``sample`` in model/sampling.py; ``by_clause`` draws sentences of several actions action by action, in
    ``clause_steps`` each if these are more than ``steps``.
    """

    steps: int = 12
    clause_steps: int = 0
    solver_steps: int = 8
    guidance_weight: float = 2.5
    guidance_rescale: float = 1.0
    temperature: float = 0.8
    skipped: tuple[int, ...] = (1,)
    by_clause: bool = True

    def __post_init__(self) -> None:
        _require(self.steps >= 1, f"{self.steps} autoregressive steps")
        _require(self.solver_steps >= 1, f"{self.solver_steps} solver steps")


# How the distilled networks draw. Rewards climb a step behind each step of drawing: they keep all of them. Where poses,
# joints that stay or a place to end at lead after each step, eight come out as twelve do.
FAST_SAMPLING = SamplingConfig(steps=3, clause_steps=5, solver_steps=2)
FAST_CLIMBING_STEPS = SamplingConfig().steps
FAST_LED_STEPS = 8

# How the paper draws, but for its solver: 8 Euler steps here, an adaptive one there.
PUBLISHED_SAMPLING = SamplingConfig(
    guidance_weight=4.5, guidance_rescale=0.0, temperature=1.0, skipped=(), by_clause=False
)


@dataclass(frozen=True)
class ClauseTaggerConfig:
    """Tagger of the words of a sentence; ``members`` networks side by side, whose mean counts."""

    features: int = 1536
    width: int = 80
    layers: int = 2
    members: int = 2
    tags: int = 8
    dropout: float = 0.3


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
        _require_heads(self.width, self.heads)

    @property
    def feature_dim(self) -> int:
        """Channels of a token feature: word embedding beside contextual output."""
        return 2 * self.width


@dataclass(frozen=True)
class ClipTextConfig:
    """CLIP's text transformer; the defaults are ViT-B/32."""

    vocabulary: int = 49408
    width: int = 512
    layers: int = 12
    heads: int = 8
    feedforward: int = 2048
    max_tokens: int = 77
    projection: int = 512

    def __post_init__(self) -> None:
        _require_heads(self.width, self.heads)

    @property
    def feature_dim(self) -> int:
        """Channels of a token feature."""
        return self.projection


@dataclass(frozen=True)
class Schedule:
    """How one network is trained: ``epochs`` passes of ``batch`` items a step, the weights averaged with ``average``.

    The learning rate is multiplied by ``drop_factor`` at each step in ``drops`` (none: constant after ``warmup``).
    The defaults of ``betas`` and ``weight_decay`` are AdamW's own; that of ``average`` is ours.
    """

    batch: int
    epochs: int
    learning_rate: float
    warmup: int = 0
    drops: tuple[int, ...] = ()
    drop_factor: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-2
    average: float = 0.999

    def steps(self, items: int) -> int:
        """Optimiser steps of all epochs over ``items`` items."""
        return self.epochs * max(1, -(-items // self.batch))


@dataclass(frozen=True)
class Preset:
    """The networks of one bundle, their text encoder ("minilm" or "clip"), and how each is trained.

    A network without a schedule is trained by the settings of its trainer, to be ended by a number of steps.
    """

    autoencoder: AutoencoderConfig
    generator: GeneratorConfig
    recognizer: RecognizerConfig
    text_encoder: str = "minilm"
    autoencoder_schedule: Schedule | None = None
    generator_schedule: Schedule | None = None
    recognizer_schedule: Schedule | None = None

    def __post_init__(self) -> None:
        _require(self.text_encoder in ("minilm", "clip"), f"Text encoder {self.text_encoder!r} is not minilm or clip")
        _require(
            self.generator.text_dim == self.recognizer.text_dim,
            f"The generator reads text features of {self.generator.text_dim} channels, the recogniser of "
            f"{self.recognizer.text_dim}",
        )
        _require(
            self.autoencoder.token_dim == self.generator.token_dim,
            f"Autoencoder tokens have {self.autoencoder.token_dim} channels, the generator expects "
            f"{self.generator.token_dim}",
        )


# The sizes and schedules published for CoAMD (arXiv 2604.17090). The moving reference frame is ours in both presets: it
# adds the three channels of travel to the published latent of 512.
PAPER = Preset(
    AutoencoderConfig(
        width=512,
        latent_dim=512,
        acceleration_weight=0.0,
        speed_weight=0.0,
        token_noise=0.0,
        linear_path=False,
        output_convolutions=2,
    ),
    GeneratorConfig(
        token_dim=512 + TRAVEL_DIM,
        width=1024,
        layers=6,
        heads=16,
        feedforward=4096,
        text_layers=0,
        text_dim=512,
        dropout=0.2,
        head_width=1792,
        head_blocks=16,
        draws=4,
        text_condition="last",
        shared_modulation=False,
        both_ends=False,
    ),
    RecognizerConfig(
        width=512,
        layers=8,
        heads=8,
        feedforward=1024,
        patch=1,
        dim=512,
        text_dim=512,
        text_layers=8,
        label_text="last",
    ),
    text_encoder="clip",
    autoencoder_schedule=Schedule(
        batch=256, epochs=50, learning_rate=2e-4, warmup=1000, drops=(150_000, 250_000), drop_factor=0.05
    ),
    generator_schedule=Schedule(
        batch=64,
        epochs=500,
        learning_rate=2e-4,
        warmup=2000,
        drops=(50_000,),
        drop_factor=0.1,
        betas=(0.9, 0.99),
        weight_decay=1e-5,
        average=0.9999,
    ),
    recognizer_schedule=Schedule(batch=32, epochs=400, learning_rate=1e-4),
)
BASE = Preset(AutoencoderConfig(), GeneratorConfig(), RecognizerConfig(recurrent=1, temperature=0.05, side_axis=True))
# What was published, at the size of `base` and with its text encoder: the row of the open benchmark that shows what our
# departures from it are worth.
PUBLISHED = Preset(
    replace(PAPER.autoencoder, width=BASE.autoencoder.width, latent_dim=BASE.autoencoder.latent_dim),
    replace(
        PAPER.generator,
        **{name: getattr(BASE.generator, name) for name in ("token_dim", "width", "layers", "heads", "feedforward")},
        **{name: getattr(BASE.generator, name) for name in ("text_dim", "head_width", "head_blocks")},
        text_condition="mean",
    ),
    BASE.recognizer,
)
PRESETS = {"base": BASE, "paper": PAPER, "published": PUBLISHED}


Config = TypeVar("Config")


def from_dict(kind: type[Config], values: dict) -> Config:
    """Build a configuration of class ``kind`` from a plain dict, refusing unknown keys and values of another kind."""
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(
            f"{kind.__name__} does not know {', '.join(unknown)}",
            "The file was written by another version: update CoAMD or train the weights anew",
        )
    for field in fields(kind):
        annotation = getattr(field.type, "__name__", field.type)
        most = _MOST_LAYERS if field.name.endswith(_COUNTED) else _LARGEST
        if field.name in values and not _is_a(values[field.name], annotation, most):
            raise InputError(
                f"{kind.__name__} has {field.name} {values[field.name]!r:.40}, which is not {annotation}",
                "The file is torn: restore it from the release, or train the weights anew",
            )
    return kind(**values)


def _is_a(value: Any, annotation: str, most: int) -> bool:
    """Return whether a value from JSON is of a plain ``annotation``, whole numbers from 0 to ``most``; of others the
    class says it itself."""
    if annotation == "int":
        return type(value) is int and 0 <= value <= most
    if annotation == "float":
        return type(value) in (int, float) and abs(value) < 1e30
    return type(value).__name__ == annotation if annotation in ("str", "bool") else True
