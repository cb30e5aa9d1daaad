"""The four temporal editing tasks of the paper: tokens to keep stay, the rest are made anew from the prompt.

inbetween     keeps the first and last quarter         outpaint   makes the first and last quarter anew
prefix        keeps the first half                     suffix     keeps the last half
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from coamd_blender.errors import InputError
from coamd_blender.skeleton import FRAME_MULTIPLE, with_bone_lengths
from runtime.generate import Generator
from runtime.model.sampling import Known

TASKS = ("inbetween", "outpaint", "prefix", "suffix")
BATCH = 16


def kept_tokens(task: str, count: int) -> np.ndarray:
    """Which of ``count`` tokens ``task`` keeps, (count,) bool. InputError for an unknown task."""
    place = np.arange(count)
    quarter, half = round(count / 4), count // 2
    ends = (place < quarter) | (place >= count - quarter)
    kept = {"inbetween": ends, "outpaint": ~ends, "prefix": place < half, "suffix": place >= count - half}
    if task not in kept:
        raise InputError(f"there is no editing task {task!r}", f"use one of {', '.join(TASKS)}")
    return kept[task]


def edit_all(
    generator: Generator, task: str, motions: Sequence[np.ndarray], prompts: Sequence[str], seeds: Sequence[int]
) -> list[np.ndarray]:
    """Edit motions (frames, 22, 3) of whole tokens, each to its prompt with its seed: the same shapes.

    Motions of one length go through the networks together; what is kept is encoded and decoded.
    """
    results: dict[int, np.ndarray] = {}
    for frames in sorted({len(joints) for joints in motions}):
        members = [index for index, joints in enumerate(motions) if len(joints) == frames]
        keep = torch.from_numpy(kept_tokens(task, frames // FRAME_MULTIPLE)).to(generator.device)
        for first in range(0, len(members), BATCH):
            rows = members[first : first + BATCH]
            batch = torch.from_numpy(np.stack([motions[row] for row in rows]).astype(np.float32))
            with torch.inference_mode():
                tokens, origin = generator.autoencoder.encode(batch.to(generator.device))
                known = Known(tokens, keep[None, :, None].expand_as(tokens))
                drawn = generator.draw(
                    [prompts[row] for row in rows], frames // FRAME_MULTIPLE, [seeds[row] for row in rows],
                    generator.sampling, known=known,
                )  # fmt: skip
                made = with_bone_lengths(generator.autoencoder.decode(drawn, origin).float().cpu().numpy())
            results.update(zip(rows, made, strict=True))
    return [results[index] for index in range(len(motions))]
