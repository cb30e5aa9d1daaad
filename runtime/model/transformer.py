"""The masked autoregressive transformer: known tokens and text in, a condition for every token out.

After CoAMD / MARDM (masked autoregression over continuous latents, Li et al. 2024) with one departure:
text reaches every layer by cross-attention on its tokens besides the pooled AdaLN-zero vector, because a
single vector loses which hand and which direction (MoLingo reports the same gain).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from runtime.config import GeneratorConfig
from runtime.model.layers import (
    Attention,
    EncoderLayer,
    FeedForward,
    at_places,
    modulate,
    sinusoid,
    small_vector,
    text_vector,
)


class Told(NamedTuple):
    """What the layers take from a text, computed once for all steps of sampling; each tensor has the batch first."""

    valid: torch.Tensor  # (batch, 1 + words) bool
    memories: tuple[
        torch.Tensor | None, ...
    ]  # a layer: keys and values of cross-attention (batch, 2, heads, words, ..)
    modulations: tuple[torch.Tensor, ...]  # a layer: shifts, scales and gates (batch, 1, 6 * width)

    def layer(self, index: int, stop: int | None = None) -> Told:
        """Return what one layer takes, of the first ``stop`` rows."""
        memory = self.memories[index]
        return Told(self.valid[:stop], (None if memory is None else memory[:stop],), (self.modulations[index][:stop],))


class TextCondition(nn.Module):
    """Token features to keys for cross-attention and one pooled vector; a learned token stands for no text."""

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.project = nn.Linear(config.text_dim, config.width)
        self.norm = nn.LayerNorm(config.text_dim)
        self.layers = nn.ModuleList(
            EncoderLayer(config.width, config.heads, 2 * config.width, config.dropout)
            for _ in range(config.text_layers)
        )
        self.nothing = nn.Parameter(torch.zeros(config.width))
        self.pool = nn.Linear(config.width, config.width)

    def forward(
        self, tokens: torch.Tensor, valid: torch.Tensor, dropped: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return keys (batch, 1 + words, width), their validity (batch, 1 + words) bool, and the pooled vector (batch,
        width).

        ``tokens`` (batch, words, text_dim) are a text's features; ``valid`` (batch, words) bool; ``dropped`` (batch,)
        bool: text to leave out.
        """
        x = self.project(self.norm(tokens))
        for layer in self.layers:
            x = layer(x, valid)
        keep = valid & ~dropped[:, None]
        weight = keep[..., None].to(x.dtype)
        pooled = self.pool((x * weight).sum(1) / weight.sum(1).clamp(min=1))
        nothing = self.nothing.expand(x.shape[0], 1, -1)
        everywhere = torch.ones_like(keep[:, :1])
        return torch.cat([nothing, x], dim=1), torch.cat([everywhere, keep], dim=1), pooled


class VectorCondition(nn.Module):
    """One vector for a text, as published: no keys for cross-attention; zero stands for no text.

    "last" reads the last token's features, where CLIP sums a sentence up, "mean" the mean of all.
    """

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.last = config.text_condition == "last"
        self.project = nn.Linear(config.text_dim, config.width)

    def forward(
        self, tokens: torch.Tensor, valid: torch.Tensor, dropped: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return what :class:`TextCondition` does: no keys, which are not valid, and the pooled vector (batch, width).

        ``tokens`` (batch, words, text_dim) are a text's features; ``valid`` (batch, words) bool; ``dropped`` (batch,)
        bool: text to leave out.
        """
        vector = text_vector(tokens, valid, self.last)
        pooled = self.project(torch.where(dropped[:, None], torch.zeros_like(vector), vector))
        return pooled.new_zeros(len(pooled), 0, pooled.shape[1]), valid[:, :0], pooled


class GuidanceCondition(nn.Module):
    """The weight of guidance as an input (Meng et al. 2023), and whether it leads away from skipped layers too.

    It starts as nothing, so that a distilled network begins as its teacher.
    """

    _FEATURES, _SCALE = 128, 10.0  # a weight is told from the next by a tenth

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(self._FEATURES + 1, width), nn.SiLU(), nn.Linear(width, width))
        nn.init.zeros_(self.layers[2].weight)
        nn.init.zeros_(self.layers[2].bias)

    def forward(self, weight: torch.Tensor, skipping: torch.Tensor) -> torch.Tensor:
        """Return vectors (batch, width), no unit, of a guidance ``weight`` (batch,) and ``skipping`` (batch,) bool."""
        features = sinusoid(weight * self._SCALE, self._FEATURES)
        return self.layers(torch.cat([features, skipping[:, None].to(features.dtype)], dim=-1))


class MotionLayer(nn.Module):
    """Self-attention, cross-attention to text (if it comes as tokens), feed-forward; AdaLN-zero from the pooled
    condition."""

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        width = config.width
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(3))
        self.attention = Attention(width, config.heads)
        self.cross = Attention(width, config.heads) if config.text_condition == "tokens" else None
        self.feedforward = FeedForward(width, config.feedforward, config.dropout)
        self.condition = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.condition.bias)

    def read(self, keys: torch.Tensor, pooled: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Return memory and modulation, of the shapes of a layer in :class:`Told`.

        They are read from features: ``keys`` (batch, words, width) and ``pooled`` (batch, width).
        """
        memory = None if self.cross is None else self.cross.remember(keys).transpose(0, 1)
        return memory, self.condition(pooled)[:, None]

    def forward(
        self, x: torch.Tensor, valid: torch.Tensor | None, told: Told, places: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Pass features ``x`` (batch, tokens, width) through the layer: the same shape.

        ``valid`` (batch, tokens) bool, all when None; ``told`` is for this layer alone. With ``places`` (batch, n) only
        the tokens there pass, and look at all: (batch, n, width).
        """
        (memory,), (modulation,) = told.memories, told.modulations
        shift, scale, gate, shift_ff, scale_ff, gate_ff = modulation.chunk(6, dim=-1)
        attended = self.attention(modulate(self.norms[0](x), shift, scale), valid, places)
        x = torch.addcmul(x if places is None else at_places(x, places), 1 + gate, attended)
        if self.cross is not None:
            x = x + self.cross.attend(self.norms[1](x), told.valid, memory.transpose(0, 1))
        return torch.addcmul(x, 1 + gate_ff, self.feedforward(modulate(self.norms[2](x), shift_ff, scale_ff)))


class MaskedTransformer(nn.Module):
    """Motion tokens, some of them masked, and text to a condition vector for every token."""

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config = config
        width = config.width
        self.text = TextCondition(config) if config.text_condition == "tokens" else VectorCondition(config)
        self.guidance = GuidanceCondition(width) if config.distilled else None
        self.project = nn.Linear(config.token_dim, width)
        self.mask_token = small_vector(width)
        self.place = nn.Linear(2 * width, width) if config.both_ends else None
        self.layers = nn.ModuleList(MotionLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        tokens: torch.Tensor,
        hidden: torch.Tensor,
        valid: torch.Tensor | None,
        told: Told,
        skipped: tuple[int, ...] = (),
        skipping: int = 0,
        finished: bool = True,
    ) -> torch.Tensor:
        """Return conditions (batch, tokens, width).

        tokens (batch, tokens, token_dim) normalised, hidden (batch, tokens) bool: replaced by the mask token, valid
        (batch, tokens) bool: False past a clip's end, all True when None, ``told``: what :meth:`read` made of a text.
        The last ``skipping`` rows of the batch pass the layers ``skipped`` by. Not ``finished`` they are features of
        that shape, for :meth:`finish` to make conditions of those that are wanted.
        """
        x = torch.where(hidden[..., None], self.mask_token, self.project(tokens)) + self._positions(hidden, valid)
        for index in range(len(self.layers) - 1):
            x = self._pass(index, x, valid, told, (skipped, skipping))
        return self.finish(x, valid, told, skipped, skipping) if finished else x

    def finish(
        self,
        x: torch.Tensor,
        valid: torch.Tensor | None,
        told: Told,
        skipped: tuple[int, ...] = (),
        skipping: int = 0,
        places: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return conditions (batch, n, width) of the tokens at ``places`` (batch, n), of all when None.

        ``x`` (batch, tokens, width) are unfinished features; ``valid`` (batch, tokens) bool and the rest are as
        :meth:`forward` was given. The last layer is a quarter of the work, and where a step draws few tokens it is done
        for these.
        """
        return self.norm(self._pass(len(self.layers) - 1, x, valid, told, (skipped, skipping), places))

    def _pass(
        self,
        index: int,
        x: torch.Tensor,
        valid: torch.Tensor | None,
        told: Told,
        skips: tuple[tuple[int, ...], int],
        places: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Pass ``x`` through one layer, but for the rows that pass it by."""
        layer, (skipped, skipping) = self.layers[index], skips
        if index not in skipped or not skipping:
            return layer(x, valid, told.layer(index), places)
        stop = len(x) - skipping
        first = None if places is None else places[:stop]
        passed = layer(x[:stop], None if valid is None else valid[:stop], told.layer(index, stop), first)
        return torch.cat([passed, x[stop:] if places is None else at_places(x[stop:], places[stop:])])

    def read(
        self,
        tokens: torch.Tensor,
        valid: torch.Tensor,
        dropped: torch.Tensor,
        guidance: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> Told:
        """Return what the layers take from a text's features.

        ``tokens`` (batch, words, text_dim); ``valid`` (batch, words) bool; ``dropped`` (batch,) bool: text to leave
        out. Distilled networks need ``guidance``: its weights (batch,), and whether layers are skipped (batch,) bool.
        """
        keys, keys_valid, pooled = self.text(tokens, valid, dropped)
        if self.guidance is not None:
            pooled = pooled + self.guidance(*guidance)
        pooled = nn.functional.silu(pooled)
        memories, modulations = zip(*(layer.read(keys, pooled) for layer in self.layers), strict=True)
        return Told(keys_valid, memories, modulations)

    def _positions(self, hidden: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
        """Places counted from the start and from the end, so that the model knows how long it has; as published,
        from the start alone. One row is for all where all tokens are valid."""
        index = torch.arange(hidden.shape[1], device=hidden.device)
        width = self.config.width
        if self.place is None:
            return sinusoid(index, width)
        left = index.flip(0)[None] if valid is None else valid.sum(dim=1, keepdim=True) - 1 - index
        features = torch.cat([sinusoid(index, width).expand(len(left), -1, -1), sinusoid(left, width)], dim=-1)
        return self.place(features)
