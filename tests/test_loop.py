"""The training loop: exact resume, learning-rate schedule, averaged weights."""

import os
import signal
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from coamd_blender.errors import InputError
from runtime.config import Schedule
from runtime.loop import Run, TrainSettings, learning_rate, settings_for, share_of


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


@pytest.mark.parametrize("fails", [False, True])
def test_a_process_can_be_ended_again_once_it_has_trained(tmp_path, fails):
    before, seen = signal.getsignal(signal.SIGTERM), []
    run = Run("line", Line(), TrainSettings(run=tmp_path, steps=2, warmup=1, validate_every=10))

    def batch_loss(step):
        seen.append(signal.getsignal(signal.SIGTERM))
        return {} if fails else run.module.loss(step)

    with pytest.raises(KeyError) if fails else nullcontext():
        run.train(batch_loss, lambda averaged: {"total": 0.0})
    assert seen and before not in seen and signal.getsignal(signal.SIGTERM) == before


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


def _one_of_two(rank: int, folder: str) -> None:
    """A process of a two-process run: its gradient is that of its half of the rows."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29513"}
    torch.set_num_threads(1)
    x = torch.arange(24.0).reshape(8, 3) / 24
    module = nn.Linear(3, 1, bias=False)
    nn.init.constant_(module.weight, 0.5)
    module.config = LineConfig()
    run = Run("line", module, TrainSettings(run=Path(folder), steps=3, warmup=1))
    run.train(lambda step: {"total": (module(share_of(x)) - 1).square().mean()}, lambda m: {"total": 0.0})
    torch.save(module.weight.detach(), f"{folder}/weight{rank}.pt")


def test_two_processes_take_the_steps_of_one(tmp_path):
    torch.multiprocessing.spawn(_one_of_two, args=(str(tmp_path),), nprocs=2)
    x = torch.arange(24.0).reshape(8, 3) / 24
    weight = torch.full((1, 3), 0.5, requires_grad=True)
    settings = TrainSettings(run=tmp_path, steps=3, warmup=1)
    optimizer = torch.optim.AdamW([weight], lr=settings.learning_rate, betas=settings.betas, weight_decay=1e-5)
    for step in range(3):
        optimizer.param_groups[0]["lr"] = learning_rate(step, settings)
        optimizer.zero_grad()
        (x @ weight.T - 1).square().mean().backward()
        torch.nn.utils.clip_grad_norm_([weight], settings.clip)
        optimizer.step()
    for rank in range(2):
        assert torch.allclose(torch.load(tmp_path / f"weight{rank}.pt", weights_only=True), weight, atol=1e-6)


def test_learning_rate_drops_at_the_steps_named(tmp_path):
    settings = TrainSettings(
        run=tmp_path, steps=100, warmup=10, learning_rate=2.0, decay="drops", drops=(50, 80), drop_factor=0.05
    )
    rates = [learning_rate(step, settings) for step in (0, 9, 10, 49, 50, 79, 80, 99)]
    assert rates == pytest.approx([0.2, 2.0, 2.0, 2.0, 0.1, 0.1, 0.005, 0.005])


def test_accumulated_batches_take_the_step_of_their_union(tmp_path):
    x = torch.arange(24.0).reshape(8, 3) / 24
    weights = []
    for accumulate in (1, 4):
        module = nn.Linear(3, 1, bias=False)
        nn.init.constant_(module.weight, 0.5)
        module.config = LineConfig()
        parts = x.chunk(accumulate)
        settings = TrainSettings(run=tmp_path / str(accumulate), steps=3, warmup=1, accumulate=accumulate)

        def batch_loss(index, parts=parts, module=module):
            return {"total": (module(parts[index % len(parts)]) - 1).square().mean()}

        Run("line", module, settings).train(batch_loss, lambda averaged: {"total": 0.0})
        weights.append(module.weight.detach())
    assert (weights[0] - 0.5).abs().max() > 1e-4
    assert torch.allclose(weights[0], weights[1], atol=1e-6)


def test_a_run_with_accumulation_resumes_exactly(tmp_path):
    def run(folder, stop_after=None):
        module = Line()
        run = Run("line", module, TrainSettings(run=folder, steps=12, warmup=2, accumulate=3, learning_rate=1e-2))
        seen = []

        def batch_loss(index):
            seen.append(index)
            run.stopped = stop_after is not None and index + 1 >= stop_after
            return module.loss(index)

        run.train(batch_loss, lambda averaged: {"total": 0.0})
        return module, seen

    whole, all_batches = run(tmp_path / "whole")
    _, first = run(tmp_path / "parts", stop_after=15)
    resumed, rest = run(tmp_path / "parts")
    assert all_batches == list(range(36)) == first + rest and len(first) == 15
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_published_schedule_counts_its_steps_in_epochs(tmp_path):
    schedule = Schedule(batch=64, epochs=500, learning_rate=2e-4, warmup=2000, drops=(50_000,), average=0.9999)
    settings = settings_for(tmp_path, schedule, 130, {"steps": 9}, learning_rate=None)
    assert settings.steps == 1500  # 3 batches an epoch
    assert (settings.learning_rate, settings.drops, settings.average) == (2e-4, (50_000,), 0.9999)
    assert settings_for(tmp_path, schedule, 130, {"steps": 9}, steps=7).steps == 7
    assert settings_for(tmp_path, None, 130, {"steps": 9}).steps == 9
