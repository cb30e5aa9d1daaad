"""Many motions with one model: prompts in batches that fit the device, so that a cancel is heard soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from runtime.generate.generator import Generator
    from runtime.generate.guidance import Guidance

# Motions made at once. A cancel is heard after each step of a batch, which must stay well under half a second.
CPU_BATCH = 8
ACCELERATOR_BATCH = 32

StepReport = Callable[[int, int, Callable[[], np.ndarray]], None]


def in_batches(
    generator: Generator,
    prompts: Sequence[str],
    frames: int,
    seeds: Sequence[int],
    cfg: float | None,
    report: StepReport,
    guide: Callable[[Sequence[str]], Guidance] | None = None,
) -> Iterator[np.ndarray]:
    """Yield joints (batch, frames, 22, 3), metres, until every prompt is done.

    ``guide`` makes the Guidance of a batch's prompts (``Recognizer.guidance``). ``report(step, total, preview)`` counts
    the steps of all batches; ``preview()`` is that of the batch in hand.
    """
    size = CPU_BATCH if generator.device.type == "cpu" else ACCELERATOR_BATCH
    batches = -(-len(prompts) // size)
    for number in range(batches):
        part = slice(number * size, (number + 1) * size)

        def on_step(step: int, steps: int, preview: Callable[[], np.ndarray], done: int = number) -> None:
            report(done * steps + step, batches * steps, preview)

        guidance = {"guidance": guide(prompts[part])} if guide else {}
        yield generator.generate(list(prompts[part]), frames, list(seeds[part]), cfg=cfg, on_step=on_step, **guidance)


def empty_cache(device_type: str) -> None:
    """Give back what the allocator of a kind of device ("cuda", "mps", "cpu") keeps for later."""
    empty = getattr(getattr(torch, device_type), "empty_cache", None)
    if empty is not None:
        empty()
