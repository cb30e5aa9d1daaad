"""The locomotion set (coamd_blender.motion.locomotion), drawn and joined by the networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coamd_blender.motion import locomotion
from coamd_blender.motion.skeleton import FPS
from runtime.edit.regenerate import edit
from runtime.edit.task import Edit
from runtime.generate.generator import Generator, frames_for

STEPS = 2 * len(locomotion.GAITS) + len(locomotion.TURNS) + 5  # requests that the set makes


def locomotion_set(
    generator: Generator, seed: int = 0, on_step: Callable[[int, int], None] | None = None
) -> list[locomotion.Clip]:
    """Return the clips of a locomotion set; the same for the same ``seed``. ``on_step(step, steps)`` counts them."""
    plan, made, done = locomotion.make(seed), None, 0
    while True:
        try:
            asked = plan.send(made)
        except StopIteration as end:
            return end.value
        made = _made(generator, asked)
        done += 1
        if on_step:
            on_step(done, STEPS)


def _made(generator: Generator, asked: locomotion.Draws | locomotion.Between) -> np.ndarray:
    if isinstance(asked, locomotion.Draws):
        prompts = [asked.prompt] * len(asked.seeds)
        return generator.generate(prompts, frames_for(asked.seconds), list(asked.seeds))
    return edit(generator, asked.joints, FPS, Edit(asked.start, asked.stop, asked.prompt, "between", seed=asked.seed))
