"""The training loop: exact resume, learning-rate schedule, averaged weights."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from coamd_blender.errors import InputError
from runtime.train.loop import Run, TrainSettings, learning_rate


@dataclass(frozen=True)
class LineConfig:
    inputs: int = 3


class Line(nn.Module):
    """A linear model with dropout, so that resuming must restore the random state too."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.config = LineConfig()
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def loss(self, step: int) -> dict[str, torch.Tensor]:
        x = torch.randn(16, 3)
        return {"total": ((self.layers(x) - x.sum(1, keepdim=True)) ** 2).mean()}


def run_to(folder, steps, stop_after=None):
    module = Line()
    run = Run("line", module, TrainSettings(run=folder, steps=steps, warmup=5, validate_every=10, learning_rate=1e-2))

    def batch_loss(step):
        if stop_after is not None and step + 1 >= stop_after:
            run.stopped = True
        return module.loss(step)

    run.train(batch_loss, lambda averaged: {"total": float(averaged.layers[0].weight.abs().sum())})
    return run


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = run_to(tmp_path / "whole", 40)
    stopped = run_to(tmp_path / "parts", 40, stop_after=17)
    assert stopped.step == 17
    resumed = run_to(tmp_path / "parts", 40)
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, resumed.module.state_dict()[name]), name
    for name, value in whole.average.values.items():
        assert torch.equal(value, resumed.average.values[name]), name
    assert resumed.best == whole.best


def test_another_size_is_refused_on_resume(tmp_path):
    run_to(tmp_path, 10)
    module = Line()
    module.config = LineConfig(inputs=4)
    with pytest.raises(InputError, match="another size"):
        Run("line", module, TrainSettings(run=tmp_path, steps=20)).train(module.loss, lambda m: {"total": 0.0})


def test_learning_rate_rises_then_falls(tmp_path):
    settings = TrainSettings(run=tmp_path, steps=1000, warmup=100, learning_rate=1.0, final_share=0.1)
    rates = [learning_rate(step, settings) for step in range(1001)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == rates[100] == pytest.approx(1.0)
    assert rates[550] == pytest.approx(0.55)
    assert rates[1000] == pytest.approx(0.1)


def test_training_lowers_the_loss(tmp_path):
    module = Line()
    torch.manual_seed(0)
    before = sum(module.loss(0)["total"].item() for _ in range(20))
    run = run_to(tmp_path, 300)
    torch.manual_seed(0)
    after = sum(run.module.eval() and run.module.loss(0)["total"].item() for _ in range(20))
    assert after < 0.7 * before
