"""The server's adapter of ``generate``."""

from __future__ import annotations

from functools import partial

import numpy as np

from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire.requests import GenerateRequest
from runtime import generate as generation
from runtime import recognize
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def generate(request: GenerateRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Make the motions.

    Fields ``fps``, ``seconds``, ``notes`` (a line for each style that is on, for another quality than was asked for,
    and for each clause far from anything learnt), ``weights`` (``name`` and ``licence`` of what made them) and, of a
    request that is ``ranked``, ``scores`` (how well each does what was asked); array ``joints`` float32 (count, frames,
    22, 3).
    """
    frames = generation.generator.frames_for(request.seconds)
    generator, guide = models.generator(request.styles, request.quality, request.cfg), None
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
    notes = [*generator.told_styles(), *generator.told_quality(), *generator.notes(request.prompts)]
    fields = {"fps": FPS, "seconds": frames / FPS, "notes": notes}
    fields["weights"] = models.provenance(request.styles)
    if request.ranked:
        asked = {prompt: generator.understood(prompt, frames) for prompt in dict.fromkeys(request.prompts)}
        told = [asked[prompt] for prompt in request.prompts]
        fields["scores"] = recognize.ranking.fit(models.recognizer(), told, joints).tolist()
    return fields, {"joints": joints.astype(np.float32, copy=False)}
