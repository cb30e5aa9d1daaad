"""Building blocks shared by the networks: attention, feed-forward, adaptive layer norm, positions."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


def sinusoid(position: torch.Tensor, width: int, longest: float = 1000.0) -> torch.Tensor:
    """Return sine and cosine features (..., width) of ``position`` (...) (Vaswani et al. 2017)."""
    half = width // 2
    rate = torch.exp(-math.log(longest) * torch.arange(half, device=position.device, dtype=torch.float32) / half)
    angle = position.float()[..., None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Scale and shift normalised features ``x`` (..., width) by a condition (DiT, Peebles and Xie 2023): the same
    shape.

    ``shift`` and ``scale`` have that shape or spread over it; both are of shape (..., width).
    """
    return torch.addcmul(shift, x, 1 + scale)


def at_places(x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return the features ``x`` (batch, tokens, width), any unit, at ``places`` (batch, n): (batch, n, width)."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[-1]))


def text_vector(tokens: torch.Tensor, valid: torch.Tensor, last: bool) -> torch.Tensor:
    """Return one vector (batch, dim) for token features: the last valid one or the mean of the valid.

    ``tokens`` (batch, words, dim); ``valid`` (batch, words) bool.
    """
    if last:
        return tokens[torch.arange(len(tokens), device=tokens.device), valid.sum(dim=1) - 1]
    weight = valid[..., None].to(tokens.dtype)
    return (tokens * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def small_vector(width: int) -> nn.Parameter:
    """Return a vector (width,), no unit, of deviation 0.02 to begin from.

    On the device meta, where networks are made to be filled, it is not scaled: that would import torch's compiler, in a
    second.
    """
    values = torch.randn(width)
    return nn.Parameter(values if values.is_meta else values * 0.02)


def embedding(count: int, width: int) -> nn.Embedding:
    """Return a table of ``count`` vectors of ``width`` numbers, begun as torch begins it, by a way that on the device
    meta does not import torch's compiler (:func:`small_vector`)."""
    return nn.Embedding(count, width, _weight=torch.randn(count, width))


class Attention(nn.Module):
    """Multi-head attention of ``x`` on itself or on what is remembered of a context, with a mask of valid tokens."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, valid: torch.Tensor | None, places: torch.Tensor | None = None) -> torch.Tensor:
        """Attend to itself: features ``x`` (batch, tokens, width), ``valid`` (batch, tokens) bool, all when None, to
        the same shape as x, or for the tokens at ``places`` (batch, n) alone to (batch, n, width).
        """
        return self.attend(x if places is None else at_places(x, places), valid, self.remember(x))

    def remember(self, context: torch.Tensor) -> torch.Tensor:
        """Return keys and values (2, batch, heads, tokens, width / heads) of features ``context`` (batch, tokens,
        width).
        """
        return torch.stack([self._split(part) for part in self.key_value(context).chunk(2, dim=-1)])

    def attend(self, x: torch.Tensor, valid: torch.Tensor | None, memory: torch.Tensor) -> torch.Tensor:
        """Return what features ``x`` (batch, tokens, width) find in the ``memory`` of a context: the same shape.

        ``memory`` (2, batch, heads, context tokens, width / heads) is what :meth:`remember` made; ``valid`` (batch,
        context tokens) bool, all when None.
        """
        key, value = memory
        query = self._split(self.query(x))
        mask = None if valid is None else valid[:, None, None, :]
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out(attended.transpose(1, 2).flatten(2))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (batch, heads, tokens, width / heads)


class FeedForward(nn.Sequential):
    """Two linear layers with GELU between and dropout after."""

    def __init__(self, width: int, hidden: int, dropout: float = 0.0):
        super().__init__(
            nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width), nn.Dropout(dropout)
        )


class EncoderLayer(nn.Module):
    """Pre-norm transformer layer without conditioning."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float = 0.0):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.feedforward_norm = nn.LayerNorm(width)
        self.feedforward = FeedForward(width, hidden, dropout)

    def forward(self, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Pass features ``x`` (batch, tokens, width), ``valid`` (batch, tokens) bool, through the layer: the same
        shape.
        """
        x = x + self.attention(self.attention_norm(x), valid)
        return x + self.feedforward(self.feedforward_norm(x))


class TextLayer(nn.Module):
    """What the layers of BERT and CLIP's text transformer have in common; each puts its norms where it has them."""

    def __init__(self, width: int, heads: int, hidden: int, eps: float = 1e-5):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attention_out = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=eps)
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, width)
        self.out_norm = nn.LayerNorm(width, eps=eps)

    def attend(self, x: torch.Tensor, valid: torch.Tensor | None = None, causal: bool = False) -> torch.Tensor:
        """Return what features ``x`` (batch, tokens, width) find in one another: the same shape.

        Each looks at the ``valid`` (batch, tokens) bool, all when None; ``causal`` at those up to itself.
        """
        parts = [
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        ]  # each (batch, heads, tokens, width / heads)
        mask = None if valid is None else valid[:, None, None, :]
        attended = functional.scaled_dot_product_attention(*parts, attn_mask=mask, is_causal=causal)
        return self.attention_out(attended.transpose(1, 2).flatten(2))
