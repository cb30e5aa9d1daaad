"""The recogniser's parallel GRUs beside torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from runtime.model.recurrent import ParallelGRU


def copied(ours: ParallelGRU, group: int, layers: int) -> nn.GRU:
    """torch's bidirectional GRU with the weights of one of ours."""
    theirs = nn.GRU(ours.width, ours.width, layers, batch_first=True, bidirectional=True)
    for layer in range(layers):
        for direction, suffix in enumerate(("", "_reverse")):
            for name, source in (
                ("weight_ih", ours.input_weight),
                ("weight_hh", ours.hidden_weight),
                ("bias_ih", ours.input_bias),
                ("bias_hh", ours.hidden_bias),
            ):
                getattr(theirs, f"{name}_l{layer}{suffix}").data.copy_(source[layer][group, direction])
    return theirs


@pytest.mark.parametrize("layers", [1, 2])
def test_each_equals_torchs_gru_at_true_lengths(layers):
    torch.manual_seed(0)
    ours = ParallelGRU(3, 8, layers)
    x, lengths = torch.randn(4, 9, 3, 8, requires_grad=True), torch.tensor([9, 1, 4, 7])
    valid = torch.arange(9) < lengths[:, None]
    states = ours(x, valid)
    assert states.shape == (4, 9, 3, 16)
    for group in range(3):
        packed = nn.utils.rnn.pack_padded_sequence(x[:, :, group], lengths, batch_first=True, enforce_sorted=False)
        expected, _ = nn.utils.rnn.pad_packed_sequence(copied(ours, group, layers)(packed)[0], batch_first=True)
        assert torch.allclose(states[:, :, group][valid], expected[valid], atol=1e-6)
        (slope,) = torch.autograd.grad(states[:, :, group][valid].square().sum(), x, retain_graph=True)
        (other,) = torch.autograd.grad(expected[valid].square().sum(), x)
        assert torch.allclose(slope, other, atol=1e-5)
        assert not slope[~valid].any()


def test_its_gradient_is_that_of_finite_differences():
    torch.manual_seed(1)
    ours = ParallelGRU(2, 3, 2).double()
    valid = torch.tensor([[True] * 5, [True, True, True, False, False]])
    names = [name for name, _ in ours.named_parameters()]

    def states(x, *parameters):
        module = torch.func.functional_call(ours, dict(zip(names, parameters, strict=True)), (x, valid))
        return module[valid]

    x = torch.randn(2, 5, 2, 3, dtype=torch.float64, requires_grad=True)
    parameters = [p.detach().clone().requires_grad_() for p in ours.parameters()]
    assert torch.autograd.gradcheck(states, (x, *parameters))
