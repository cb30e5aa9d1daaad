"""Several bidirectional GRUs side by side, all of them and both directions in one product a step.

A recurrent network costs a call of every operation for every step, whatever its width. The recogniser has three of
them, each read both ways: together they need a sixth of the calls, which is what guidance waits for on a CPU.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional


class ParallelGRU(nn.Module):
    """``groups`` gated recurrent networks (Cho et al. 2014, with torch.nn.GRU's gates r, z, n) of ``layers`` layers,
    each bidirectional, that do not see one another."""

    def __init__(self, groups: int, width: int, layers: int, dropout: float = 0.0):
        super().__init__()
        self.width = width
        self.dropout = dropout
        bound = 1 / math.sqrt(width)
        inputs = [width] + [2 * width] * (layers - 1)

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(groups, 2, *shape).uniform_(-bound, bound))

        self.input_weight = nn.ParameterList(parameter(3 * width, size) for size in inputs)
        self.input_bias = nn.ParameterList(parameter(3 * width) for _ in inputs)
        self.hidden_weight = nn.ParameterList(parameter(3 * width, width) for _ in inputs)
        self.hidden_bias = nn.ParameterList(parameter(3 * width) for _ in inputs)

    def forward(self, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Return the states (batch, tokens, groups, 2 * width), forwards beside backwards, of features ``x``.

        ``x`` (batch, tokens, groups, width); ``valid`` (batch, tokens) bool, valid tokens first. Past the last valid
        token the states mean nothing.
        """
        place = torch.arange(x.shape[1], device=x.device)
        length = valid.sum(dim=1, keepdim=True)
        back = torch.where(place < length, length - 1 - place, place)  # (batch, tokens): the own inverse
        rows = torch.arange(len(x), device=x.device)[:, None]
        for layer in range(len(self.input_weight)):
            if layer:
                x = functional.dropout(x, self.dropout, self.training)
            states = self._run(torch.stack([x, x[rows, back]]), layer)  # (2, batch, tokens, groups, width)
            x = torch.cat([states[0], states[1][rows, back]], dim=-1)
        return x

    def _run(self, both: torch.Tensor, layer: int) -> torch.Tensor:
        """States (2, batch, tokens, groups, width) of what each direction reads in turn: (2, batch, tokens, groups,
        inputs)."""
        _, batch, tokens, groups, _ = both.shape
        read = both.permute(3, 0, 2, 1, 4).flatten(0, 1)  # (groups * 2, tokens, batch, inputs)
        weight, bias = self.input_weight[layer].flatten(0, 1), self.input_bias[layer].flatten(0, 1)
        told = (read.flatten(1, 2) @ weight.mT + bias[:, None]).unflatten(1, (tokens, batch))
        weight, bias = self.hidden_weight[layer].flatten(0, 1), self.hidden_bias[layer].flatten(0, 1)
        states = _Recurrence.apply(told.transpose(0, 1).to(weight.dtype), weight, bias)
        return states.unflatten(1, (groups, 2)).permute(2, 3, 0, 1, 4)


class _Recurrence(torch.autograd.Function):
    """The steps of GRUs side by side, with their gradient written out: what does not depend on the step before is
    computed for all steps at once, and a step is six calls forth and three back."""

    @staticmethod
    def forward(ctx: FunctionCtx, told: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """told (tokens, nets, batch, 3 * width): what the inputs say to the gates; weight (nets, 3 * width, width) and
        bias (nets, 3 * width) of the hidden side: states (tokens, nets, batch, width)."""
        width = weight.shape[2]
        with torch.autocast(told.device.type, enabled=False):
            across, offset = weight.mT, bias[:, None]
            state = told.new_zeros(*told.shape[1:3], width)
            before, gates, fresh, hidden = [], [], [], []
            for now in told.unbind():
                said = torch.baddbmm(offset, state, across)
                gate = torch.sigmoid(now[..., : 2 * width] + said[..., : 2 * width])  # reset beside update
                new = torch.tanh(torch.addcmul(now[..., 2 * width :], gate[..., :width], said[..., 2 * width :]))
                before.append(state)
                state = torch.lerp(new, state, gate[..., width:])
                gates.append(gate)
                fresh.append(new)
                hidden.append(said[..., 2 * width :])
            states = torch.stack([*before[1:], state])
        ctx.save_for_backward(weight, states, torch.stack(gates), torch.stack(fresh), torch.stack(hidden))
        return states

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: FunctionCtx, slope: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        weight, states, gates, fresh, hidden = ctx.saved_tensors
        reset, update = gates.chunk(2, dim=-1)
        with torch.autocast(slope.device.type, enabled=False):
            before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
            to_new = (1 - update) * (1 - fresh.square())
            to_reset = to_new * hidden * reset * (1 - reset)
            to_update = (before - fresh) * update * (1 - update)
            share = torch.stack([to_reset, to_update, to_new * reset], dim=-2)  # of a state's slope, for its gates
            carried, slopes = torch.zeros_like(states[0]), []
            for step in range(len(states) - 1, -1, -1):
                here = slope[step] + carried
                slopes.append(here)
                gate = (here.unsqueeze(-2) * share[step]).flatten(-2)
                carried = torch.baddbmm(here * update[step], gate, weight)
            slopes = torch.stack(slopes[::-1])
            inside = (slopes.unsqueeze(-2) * share).flatten(-2)  # (tokens, nets, batch, 3 * width)
            to_weight = torch.einsum("tnbg,tnbw->ngw", inside, before) if ctx.needs_input_grad[1] else None
            to_bias = inside.sum(dim=(0, 2)) if ctx.needs_input_grad[2] else None
            to_told = torch.cat([inside[..., : 2 * states.shape[-1]], slopes * to_new], dim=-1)
        return to_told, to_weight, to_bias
