"""The server's adapter of ``generate``."""

from __future__ import annotations

from functools import partial

import numpy as np

from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire.requests import GenerateRequest
from runtime import generate as generation
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def generate(request: GenerateRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Make the motions: fields ``fps``, ``seconds``; array ``joints`` float32 (count, frames, 22, 3)."""
    frames = generation.generator.frames_for(request.seconds)
    generator, guide = models.generator(), None
    if request.guidance:
        report("loading", 0, 0, None)
        guide = partial(models.recognizer().guidance, strength=request.guidance)
    batches = generation.batches.in_batches(
        generator,
        request.prompts,
        frames,
        request.seeds,
        request.cfg,
        lambda step, total, preview: report("sampling", step, total, preview),
        guide,
    )
    joints = np.concatenate(list(batches))
    return {"fps": FPS, "seconds": frames / FPS}, {"joints": joints.astype(np.float32, copy=False)}
