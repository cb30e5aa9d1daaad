"""The generator with a change of low rank beside some of its matrices, which alone is learnt (Hu et al. 2021, LoRA)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.utils import parametrize

# The matrices that are changed, by the ends of their names: what reads the text, and every layer of the transformer.
# The head stays: it makes a token of a condition, and any motion's tokens are within its reach.
_WITHIN = "transformer."
_BUT = ("transformer.place", "transformer.project")


class LowRank(nn.Module):
    """The change ``up @ down`` of one matrix: down (rank, inputs), up (outputs, rank), zero at first."""

    def __init__(self, matrix: torch.Tensor, rank: int):
        super().__init__()
        outputs, inputs = matrix.shape
        self.down = nn.Parameter(torch.empty(rank, inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.on = True

    def forward(self, matrix: torch.Tensor) -> torch.Tensor:
        """Add the change to ``matrix`` (outputs, inputs), unless it is off: (outputs, inputs) again, of no unit."""
        return matrix + self.up @ self.down if self.on else matrix


class Adapter(nn.Module):
    """The changes of a generator, as the one module that training sees: nothing else has a gradient."""

    def __init__(self, networks: nn.Module, rank: int):
        """Put a change beside every matrix concerned of ``networks``, in place."""
        super().__init__()
        self.config = networks.config
        self.names = [
            name
            for name, module in networks.named_modules()
            if isinstance(module, nn.Linear) and name.startswith(_WITHIN) and name not in _BUT
        ]
        networks.requires_grad_(False)
        self.changes = nn.ModuleList()
        for name in self.names:
            layer = networks.get_submodule(name)
            change = LowRank(layer.weight, rank)
            parametrize.register_parametrization(layer, "weight", change)
            self.changes.append(change)

    @contextmanager
    def off(self) -> Iterator[None]:
        """Have the networks say what they said before, for as long as the block lasts."""
        for change in self.changes:
            change.on = False
        try:
            yield
        finally:
            for change in self.changes:
                change.on = True

    def layers(self, average: dict[str, torch.Tensor] | None = None) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Return the matrices down (rank, inputs) and up (outputs, rank) by the name of the matrix they change.

        They are those of ``average``, a state of this module in the same shapes, where one is given.
        """
        state = self.state_dict() if average is None else average
        return {
            name: (state[f"changes.{index}.down"].detach().clone(), state[f"changes.{index}.up"].detach().clone())
            for index, name in enumerate(self.names)
        }
