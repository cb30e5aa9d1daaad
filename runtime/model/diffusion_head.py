"""The diffusion head: from a condition vector to one latent token by a learned velocity field.

A small MLP with AdaLN (MAR, Li et al. 2024; SiT, Ma et al. 2024), linear path and velocity prediction:
x_t = (1 - t) noise + t token, and the network predicts token - noise. Time runs from noise (0) to data (1).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from runtime.config import GeneratorConfig
from runtime.model.layers import modulate, sinusoid

_TIME_SCALE = 1000.0


class HeadBlock(nn.Module):
    """Two-layer MLP with adaptive layer norm and a gate that starts closed.

    Shift, scale and gate come from one projection that all blocks share; a block adds its own offset to it
    (AdaLN-single, Chen et al. 2023, PixArt-alpha): the projection is a block's largest matrix. Not ``shared``, each
    block has a projection of its own, as published.
    """

    def __init__(self, width: int, shared: bool):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.shared = shared
        if shared:
            self.offset = nn.Parameter(torch.zeros(3 * width))
        else:
            self.modulation = _zero_linear(width, 3 * width)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Add to features ``x`` (..., width) what the layers make of them under a condition: the same shape.

        ``condition`` (..., 3 * width) is the shared projection, or (..., width) to be projected here.
        """
        modulation = condition + self.offset if self.shared else self.modulation(condition)
        shift, scale, gate = modulation.chunk(3, dim=-1)
        return torch.addcmul(x, gate, self.layers(modulate(self.norm(x), shift, scale)))


def _zero_linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _span_embedding(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(256, width), nn.SiLU(), _zero_linear(width, width))


class DiffusionHead(nn.Module):
    """Velocity of noisy tokens (..., token_dim) given time (...,) and condition (..., width).

    A distilled head gives the mean velocity from one time until another, so that one evaluation goes all the way.
    """

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        width = config.head_width
        self.distilled = config.distilled
        self.time = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))
        self.until = _span_embedding(width) if config.distilled else None
        self.condition = nn.Linear(config.width, width)
        shared = config.shared_modulation
        self.shared = _zero_linear(width, 3 * width) if shared else nn.Identity()
        self.project = nn.Linear(config.token_dim, width)
        self.blocks = nn.ModuleList(HeadBlock(width, shared) for _ in range(config.head_blocks))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.final = None if shared else _zero_linear(width, 2 * width)
        self.out = _zero_linear(width, config.token_dim)

    def forward(self, noisy: torch.Tensor, time: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Return the velocity (..., token_dim), no unit, of ``noisy`` tokens of that shape.

        ``time`` (...) is 0 to 1, and may be one for all rows; ``condition`` (..., width) is the transformer's.
        """
        return self.velocity(noisy, time, self.condition(condition))

    def velocity(
        self, noisy: torch.Tensor, time: torch.Tensor, projected: torch.Tensor, until: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return what :meth:`forward` does, (..., token_dim), for conditions already projected.

        ``noisy`` (..., token_dim) are normalised; ``time`` (...); ``projected`` (..., head width). A distilled head
        needs ``until`` (...), the time up to which it says the mean velocity.
        """
        return self.velocity_at(noisy, self.moment(time, until), projected)

    def moment(self, time: torch.Tensor, until: torch.Tensor | None = None) -> torch.Tensor:
        """Return what the head takes from a ``time`` (...), and from ``until`` (...) where it is distilled: features
        (..., head width), the same for all that a solver asks then."""
        moment = self.time(sinusoid(time * _TIME_SCALE, 256))
        return moment + self.until(sinusoid(until * _TIME_SCALE, 256)) if self.distilled else moment

    def velocity_at(self, noisy: torch.Tensor, moment: torch.Tensor, projected: torch.Tensor) -> torch.Tensor:
        """Return what :meth:`velocity` does, (..., token_dim), no unit, at a ``moment`` (..., head width) of
        :meth:`moment`.

        ``noisy`` (..., token_dim) are normalised; ``projected`` (..., head width).
        """
        told = functional.silu(projected + moment)
        modulation = self.shared(told)
        x = self.project(noisy)
        for block in self.blocks:
            x = block(x, modulation)
        x = self.norm(x)
        return self.out(x if self.final is None else modulate(x, *self.final(told).chunk(2, dim=-1)))

    def loss(self, tokens: torch.Tensor, condition: torch.Tensor, draws: int, importance: torch.Tensor) -> torch.Tensor:
        """Return the mean squared velocity error, a scalar, of normalised ``tokens`` (count, token_dim).

        Each is taken at ``draws`` times and noises, under its ``condition`` (count, width), its channels weighted by
        ``importance`` (count, token_dim). Times are logit-normal (Esser et al. 2024): the middle of the path is where
        there is most to learn.
        """
        tokens, condition = tokens.repeat(draws, 1), condition.repeat(draws, 1)
        noise = torch.randn_like(tokens)
        time = torch.sigmoid(torch.randn(len(tokens), device=tokens.device))
        noisy = torch.lerp(noise, tokens, time[:, None])
        importance = importance.repeat(draws, 1)
        return (importance * (self(noisy, time, condition) - (tokens - noise)) ** 2).mean()
