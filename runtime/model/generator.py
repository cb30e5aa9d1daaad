"""The generator: masked transformer and diffusion head, and its training loss."""

from __future__ import annotations

import math

import torch
from torch import nn

from runtime.config import GeneratorConfig
from runtime.model.diffusion_head import DiffusionHead
from runtime.model.text_encoder import TextFeatures
from runtime.model.transformer import MaskedTransformer


class MotionGenerator(nn.Module):
    """Text and partly masked motion tokens to the missing tokens (CoAMD's generator).

    ``importance`` weights the loss of each token channel by how far it moves the joints: all channels have
    unit variance, but the last ones hardly show. It changes where capacity goes, not what is optimal.
    """

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config = config
        self.transformer = MaskedTransformer(config)
        self.head = DiffusionHead(config)
        self.register_buffer("importance", torch.ones(config.token_dim))

    def loss(
        self,
        tokens: torch.Tensor,
        valid: torch.Tensor,
        text: TextFeatures,
        emphasis: torch.Tensor | None = None,
        drop: float | None = None,
    ) -> torch.Tensor:
        """Return the velocity loss, a scalar, at masked tokens of ``tokens`` (batch, count, token_dim), normalised.

        ``valid`` (batch, count) bool is False past a clip's end. ``emphasis`` (batch, count) weighs tokens, all alike
        when None. Sampling under guidance prefers what is frequent, and a blow is two tokens of a clip of standing on
        guard: weights on rare events tilt the learned distribution towards them
        (:func:`runtime.data.dataset.emphasis`). The text is left out of a share
        ``drop`` of the rows (None: the configuration's).
        """
        drop = self.config.condition_drop if drop is None else drop
        masked = draw_mask(valid)
        hidden, shown = self.corrupt(tokens, masked)
        dropped = torch.rand(len(tokens), device=tokens.device) < drop
        told = self.transformer.read(text.tokens, text.valid, dropped)
        vectors = self.transformer(shown, hidden, valid, told)
        weight = torch.ones_like(tokens[..., 0]) if emphasis is None else emphasis
        return self.head.loss(
            tokens[masked], vectors[masked], self.config.draws, self.importance * weight[masked][:, None]
        )

    def corrupt(self, tokens: torch.Tensor, masked: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which of the ``masked`` (batch, count) are hidden, bool of that shape, and the tokens to show (batch,
        count, token_dim): of the masked 10 % become noise, 88 % of the rest the mask token, the others stay."""
        draw = torch.rand(masked.shape, device=tokens.device)
        noisy = masked & (draw < self.config.noise_replace)
        rest = masked & ~noisy
        hidden = rest & (torch.rand(masked.shape, device=tokens.device) >= self.config.keep_masked)
        return hidden, torch.where(noisy[..., None], torch.randn_like(tokens), tokens)


def draw_mask(valid: torch.Tensor) -> torch.Tensor:
    """Mask a cosine-distributed share (at least one) of each clip's tokens, at random places.

    ``valid`` (batch, count) bool says which there are; the mask, True where a token is to be hidden, has the same
    shape.
    """
    share = torch.cos(0.5 * math.pi * torch.rand(len(valid), 1, device=valid.device))
    count = (share * valid.sum(dim=1, keepdim=True)).round().clamp(min=1)
    score = torch.rand(valid.shape, device=valid.device).masked_fill(~valid, 2.0)
    return (score.argsort(dim=1).argsort(dim=1) < count) & valid
