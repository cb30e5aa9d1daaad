"""The autoencoder for one motion, seen from numpy."""

from __future__ import annotations

import numpy as np
import torch

from runtime.config import TRAVEL_DIM
from runtime.generate.generator import Generator
from runtime.generate.guidance import on_canonical_body


class MotionAutoencoder:
    """The autoencoder for one motion as numpy float64: latent tokens (tokens, dim) stay on its device."""

    def __init__(self, generator: Generator):
        self._net, self._device = generator.autoencoder, generator.device

    def encode(self, joints: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        """Return the normalised tokens (tokens, dim) of ``joints`` (4 * tokens, 22, 3), metres, and their first station
        (3,).
        """
        with torch.no_grad():
            tokens, origin = self._net.encode(torch.tensor(joints[None], dtype=torch.float32, device=self._device))
        return tokens[0].clone(), origin[0].double().cpu().numpy()

    def decode(self, tokens: torch.Tensor, origin: np.ndarray) -> np.ndarray:
        """Return joints (4 * tokens, 22, 3), metres, on the canonical body.

        ``tokens`` (tokens, dim) are normalised; ``origin`` (3,) is their first station: x, z in metres, heading in
        radians.
        """
        with torch.no_grad():
            place = torch.tensor(origin[None], dtype=torch.float32, device=self._device)
            return on_canonical_body(self._net.decode(tokens[None], place))[0].double().cpu().numpy()

    def travel(self, tokens: torch.Tensor) -> np.ndarray:
        """Return the travel (tokens, 3) of normalised ``tokens`` (tokens, dim): metres and radians, see
        root_trajectory.py.
        """
        mean, std = (part[-TRAVEL_DIM:] for part in (self._net.token_mean, self._net.token_std))
        return (tokens[:, -TRAVEL_DIM:] * std + mean).double().cpu().numpy()

    def with_travel(self, tokens: torch.Tensor, travel: np.ndarray) -> torch.Tensor:
        """Return ``tokens`` (tokens, dim), normalised, with ``travel`` (tokens, 3), metres and radians, for theirs."""
        mean, std = (part[-TRAVEL_DIM:] for part in (self._net.token_mean, self._net.token_std))
        channels = (torch.tensor(travel, dtype=torch.float32, device=self._device) - mean) / std
        return torch.cat([tokens[:, :-TRAVEL_DIM], channels], dim=-1)
