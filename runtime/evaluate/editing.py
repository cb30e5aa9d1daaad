"""The four temporal editing tasks of the paper, carried out by ``runtime.edit``, in latent tokens of four frames.

inbetween     keeps the first and last quarter         outpaint   makes the first and last quarter anew
prefix        keeps the first half                     suffix     keeps the last half
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE
from runtime.evaluate.registry import EDITING_TASKS
from runtime.generate.generator import Generator

if TYPE_CHECKING:
    from runtime.edit.task import Edit

TASKS = tuple(EDITING_TASKS)


def edits_of(task: str, frames: int, prompt: str, seed: int) -> list[Edit]:
    """Return the edits that ``task`` makes of a clip of ``frames`` frames (whole tokens).

    Raises InputError for an unknown task, and for a clip too short to have a quarter.
    """
    from runtime.edit.task import Edit

    tokens = frames // FRAME_MULTIPLE
    if tokens < 2:
        raise InputError(f"A clip of {frames} frames has no quarter to edit", f"Use {2 * FRAME_MULTIPLE} or more")
    quarter, half = FRAME_MULTIPLE * max(1, round(tokens / 4)), FRAME_MULTIPLE * (tokens // 2)
    ranges = {
        "inbetween": ((quarter, frames - quarter, "between"),),
        "outpaint": ((0, quarter, "lead_in"), (frames - quarter, frames, "continue")),
        "prefix": ((half, frames, "continue"),),
        "suffix": ((0, half, "lead_in"),),
    }
    if task not in ranges:
        raise InputError(f"There is no editing task {task!r}", f"Use one of {', '.join(TASKS)}")
    return [Edit(start, stop, prompt, mode, seed=seed) for start, stop, mode in ranges[task] if stop > start]


def edit_all(
    generator: Generator,
    task: str,
    motions: Sequence[np.ndarray],
    prompts: Sequence[str],
    seeds: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> list[np.ndarray]:
    """Edit ``motions``, each (frames, 22, 3) in metres and of whole tokens, to its prompt with its seed: the same
    shapes.
    """
    from runtime.edit.regenerate import edit_ranges

    made = []
    for joints, prompt, seed in zip(motions, prompts, seeds, strict=True):
        made.append(edit_ranges(generator, joints, FPS, edits_of(task, len(joints), prompt, seed)))
        if progress:
            progress(len(made), len(motions))
    return made
