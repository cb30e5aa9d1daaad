"""The training loop every network shares: schedule, average of weights, checkpoints, resume, TensorBoard.

A step's randomness is seeded by (seed, step), so a run killed and resumed equals one that was not.
Checkpoints are safetensors: ``last`` (weights, their average, optimiser, step) and ``best`` (the average
with the lowest validation loss).

A large batch can be made of several small ones (``accumulate``), and the loop works on the device that the module is
on. Started by ``torchrun --nproc-per-node N -m -- runtime train ...`` the processes share each step: every one takes
its slice of the batch (:func:`share_of`), gradients are averaged, and the first process logs and saves.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import distributed, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from coamd_blender.errors import InputError
from runtime import checkpoint
from runtime.config import Schedule

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
DECAYS = ("cosine", "drops")


@dataclass(frozen=True)
class TrainSettings:
    """How long and how fast to train; ``run`` is the folder of checkpoints and logs.

    ``decay`` "cosine" falls to ``final_share`` of the learning rate at the last step; "drops" multiplies it by
    ``drop_factor`` at each step in ``drops``. One optimiser step takes the mean gradient of ``accumulate`` batches.
    ``precision`` is that of the matrix products of the forward and backward pass (torch.autocast); weights, their
    average and the optimiser stay in float32.
    """

    run: Path
    steps: int
    learning_rate: float = 4e-4
    warmup: int = 200
    final_share: float = 0.02
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-5
    clip: float = 1.0
    average: float = 0.999
    validate_every: int = 500
    save_seconds: float = 180.0
    seed: int = 0
    precision: str = "float32"
    decay: str = "cosine"
    drops: tuple[int, ...] = ()
    drop_factor: float = 0.1
    accumulate: int = 1

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"{self.steps} training steps", "Give --steps a positive number")
        if self.precision not in PRECISIONS:
            raise InputError(f"There is no precision {self.precision!r}", f"Choose from {', '.join(PRECISIONS)}")
        if self.decay not in DECAYS:
            raise InputError(f"There is no decay {self.decay!r}", f"Choose from {', '.join(DECAYS)}")
        if self.accumulate < 1:
            raise InputError(f"{self.accumulate} batches a step", "Give --accumulate a positive number")


def settings_for(run: Path, schedule: Schedule | None, items: int, ours: dict, **chosen) -> TrainSettings:
    """Return the settings of a published ``schedule`` for ``items`` training items, or ``ours`` without one.

    What is ``chosen`` (not None) goes before either.
    """
    settings = dict(ours)
    if schedule is not None:
        settings = {"steps": schedule.steps(items), "decay": "drops"}
        for name in ("learning_rate", "warmup", "drops", "drop_factor", "betas", "weight_decay", "average"):
            settings[name] = getattr(schedule, name)
    return TrainSettings(run, **{**settings, **{name: value for name, value in chosen.items() if value is not None}})


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Linear warm-up, then what ``settings.decay`` says: half a cosine down to ``final_share`` of the peak at the last
    step, or the peak times ``drop_factor`` for every one of ``drops`` that is past."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    if settings.decay == "drops":
        return settings.learning_rate * settings.drop_factor ** sum(step >= drop for drop in settings.drops)
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return settings.learning_rate * (settings.final_share + (1 - settings.final_share) * cosine)


def join_processes() -> tuple[int, int]:
    """Return (rank, count of processes), joining the group that torchrun announces; (0, 1) without one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return 0, 1
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return distributed.get_rank(), distributed.get_world_size()


def training_device() -> torch.device:
    """Return the device to train on: this process's own GPU where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


@contextmanager
def first_process_first() -> Iterator[None]:
    """Let the first process do the block alone, then the others: what it wrote to a cache, they read."""
    rank, count = join_processes()
    if count > 1 and rank > 0:
        distributed.barrier()
    yield
    if count > 1 and rank == 0:
        distributed.barrier()


def share_of(rows: torch.Tensor) -> torch.Tensor:
    """Return this process's slice (n, ...) of ``rows`` (batch, ...), whatever their unit.

    It is every N-th row, so that the sizes of the slices agree within one.
    """
    rank, count = join_processes()
    return rows[rank::count]


def average_gradients(module: nn.Module, count: int) -> None:
    """Replace each gradient by its mean over ``count`` processes: one all-reduce of all of them."""
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    for gradient, mean in zip(gradients, (flat / count).split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def plain_attention(device: torch.device) -> AbstractContextManager[None]:
    """Return a context in which attention is a product, a softmax and a product, where that is faster.

    That is on the CPU, whose fused kernel takes several times as long backwards at the few tokens of a clip. Elsewhere
    the context changes nothing.
    """
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


class Average:
    """Exponential moving average of a module's parameters; its pace warms up with the step."""

    def __init__(self, module: nn.Module, decay: float):
        self.decay = decay
        self.values = {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                self.values[name].lerp_(parameter, 1 - decay)

    def state(self, module: nn.Module) -> dict[str, torch.Tensor]:
        """Return the state of ``module`` with averaged parameters (buffers as they are): the same shapes and units."""
        return {name: self.values.get(name, value) for name, value in module.state_dict().items()}


class _NoBoard:
    """Takes what TensorBoard would be told."""

    def add_scalar(self, name: str, value: float, step: int) -> None:
        pass

    def close(self) -> None:
        pass


class Run:
    """One training run of ``module``: call :meth:`train`."""

    def __init__(self, kind: str, module: nn.Module, settings: TrainSettings, board: bool = True):
        """``kind`` is that of the checkpoints; ``board`` False writes no TensorBoard log."""
        self.board = board
        self.rank, self.processes = join_processes()
        self.kind = kind
        self.module = module
        self.device = next(module.parameters()).device
        self.settings = settings
        self.average = Average(module, settings.average)
        self.optimizer = torch.optim.AdamW(
            [parameter for parameter in module.parameters() if parameter.requires_grad],
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.step = 0
        self.best = math.inf
        self.stopped = False

    @property
    def last_path(self) -> Path:
        """The resumable checkpoint."""
        return Path(self.settings.run) / "last.safetensors"

    @property
    def best_path(self) -> Path:
        """The averaged weights with the lowest validation loss."""
        return Path(self.settings.run) / "best.safetensors"

    @property
    def final_path(self) -> Path:
        """The averaged weights after the last step."""
        return Path(self.settings.run) / "final.safetensors"

    def train(
        self,
        batch_loss: Callable[[int], dict[str, torch.Tensor]],
        validate: Callable[[nn.Module], dict[str, float]],
    ) -> None:
        """Train to ``settings.steps``, resuming from the last checkpoint if there is one.

        ``batch_loss(index)`` returns the losses of batch ``index``, of which "total" is minimised (step s takes the
        batches from s * accumulate); ``validate(module)`` is called with averaged weights and returns figures of
        which "total" chooses the best weights.
        """
        self._resume()
        before = signal.signal(signal.SIGTERM, self._stop)
        try:
            self._train_on(batch_loss, validate)
        finally:
            signal.signal(signal.SIGTERM, before)  # processes forked later would be deaf to it

    def _train_on(
        self,
        batch_loss: Callable[[int], dict[str, torch.Tensor]],
        validate: Callable[[nn.Module], dict[str, float]],
    ) -> None:
        """:meth:`train`, once resumed and with SIGTERM heeded."""
        writer = self._writer() if self.rank == 0 else None
        saved = logged = time.monotonic()
        while self.step < self.settings.steps and not self._all_stopped():
            losses = self._one_step(batch_loss)
            if writer is None:
                continue
            if self.step % 50 == 0:
                now = time.monotonic()
                self._log(writer, losses, (now - logged) / 50)
                logged = now
            if self.step % self.settings.validate_every == 0 or self.step == self.settings.steps:
                self._validate(writer, validate)
                logged = time.monotonic()
            if time.monotonic() - saved > self.settings.save_seconds:
                self.save()
                saved = time.monotonic()
        if writer is None:
            return
        self.save()
        writer.close()
        if self.step >= self.settings.steps:
            self._save_average(self.final_path)

    def _writer(self) -> SummaryWriter | _NoBoard:
        if not self.board:
            return _NoBoard()
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(str(Path(self.settings.run) / "log"), purge_step=self.step)

    def _all_stopped(self) -> bool:
        """Whether any process was told to stop: they must leave the loop at the same step."""
        if self.processes == 1:
            return self.stopped
        flag = torch.tensor(float(self.stopped), device=self.device)
        distributed.all_reduce(flag)
        return bool(flag)

    def _one_step(self, batch_loss: Callable[[int], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        torch.manual_seed((self.settings.seed * 1_000_003 + self.step) * self.processes + self.rank)
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._gradients(batch_loss)
        if self.processes > 1:
            average_gradients(self.module, self.processes)
        nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.optimizer.step()
        self.step += 1
        self.average.update(self.module, self.step)
        return losses

    def _gradients(self, batch_loss: Callable[[int], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        """Add up the mean gradient of the step's batches; returns their mean losses."""
        count, dtype = self.settings.accumulate, PRECISIONS[self.settings.precision]
        sums: dict[str, torch.Tensor] = {}
        for index in range(self.step * count, (self.step + 1) * count):
            with (
                plain_attention(self.device),
                torch.autocast(self.device.type, dtype=dtype, enabled=dtype != torch.float32),
            ):
                losses = batch_loss(index)
            (losses["total"] / count).backward()
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value.detach() / count
        return sums

    def _validate(self, writer: SummaryWriter, validate: Callable[[nn.Module], dict[str, float]]) -> None:
        kept = {name: value.clone() for name, value in self.module.state_dict().items()}
        self.module.load_state_dict(self.average.state(self.module))
        self.module.eval()
        with torch.no_grad():
            figures = validate(self.module)
        self.module.load_state_dict(kept)
        for name, value in figures.items():
            writer.add_scalar(f"validation/{name}", value, self.step)
        print(f"step {self.step} validation " + _figures(figures), file=sys.stderr, flush=True)
        if figures["total"] < self.best:
            self.best = figures["total"]
            self._save_average(self.best_path)

    def _log(self, writer: SummaryWriter, losses: dict[str, torch.Tensor], seconds: float) -> None:
        figures = {name: value.item() for name, value in losses.items()}
        for name, value in figures.items():
            writer.add_scalar(f"train/{name}", value, self.step)
        left = (self.settings.steps - self.step) * seconds / 60
        line = f"step {self.step}/{self.settings.steps} {_figures(figures)} {seconds:.2f} s a step, {left:.0f} min left"
        print(line, file=sys.stderr, flush=True)
        if not math.isfinite(figures["total"]):
            raise InputError(f"The loss is {figures['total']} at step {self.step}", "Lower the learning rate")

    def save(self) -> None:
        """Write the resumable checkpoint."""
        tensors = {f"model.{name}": value for name, value in self.module.state_dict().items()}
        tensors |= {f"average.{name}": value.clone() for name, value in self.average.values.items()}
        names = self._trained_names()
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{key}.{names[index]}": value for key, value in state.items()}
        extra = {"step": self.step, "best": self.best if math.isfinite(self.best) else None}
        checkpoint.save(self.last_path, self.kind, self.module.config, tensors, extra)

    def _trained_names(self) -> list[str]:
        """Names of the parameters the optimiser holds, in its order."""
        return [name for name, parameter in self.module.named_parameters() if parameter.requires_grad]

    def _save_average(self, path: Path) -> None:
        extra = {"step": self.step, "validation": self.best if math.isfinite(self.best) else None}
        checkpoint.save(path, self.kind, self.module.config, self.average.state(self.module), extra)

    def _resume(self) -> None:
        if not self.last_path.is_file():
            return
        config, tensors, extra = checkpoint.load(self.last_path, self.kind, type(self.module.config))
        if config != self.module.config:
            raise InputError(f"{self.last_path} is of another size", "Train into another --run folder, or delete it")
        part = {prefix: _strip(tensors, prefix) for prefix in ("model.", "average.", "optimizer.")}
        checkpoint.load_module(self.module, part["model."], self.kind)
        self.average.values = {name: value.to(self.device) for name, value in part["average."].items()}
        names = {name: index for index, name in enumerate(self._trained_names())}
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in part["optimizer."].items():
            slot, name = key.split(".", 1)
            state.setdefault(names[name], {})[slot] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.step = extra["step"]
        self.best = math.inf if extra["best"] is None else extra["best"]
        print(f"resumed at step {self.step}", file=sys.stderr, flush=True)

    def _stop(self, *_: object) -> None:
        self.stopped = True


def encoding_progress(what: str) -> Callable[[int, int], None]:
    """Return ``report(done, total)``, which says on stderr each tenth of encoding ``what``."""
    shown = -1

    def report(done: int, total: int) -> None:
        nonlocal shown
        if 10 * done // total != shown:
            shown = 10 * done // total
            print(f"encoding {what}: {10 * shown} %", file=sys.stderr, flush=True)

    return report


def _strip(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _figures(figures: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.4f}" for name, value in figures.items())
