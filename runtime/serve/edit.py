"""The server's adapters of ``edit`` and ``storyboard``."""

from __future__ import annotations

from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire.requests import EditRequest, StoryboardRequest
from runtime import edit as editing
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def edit(request: EditRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Make the ranges anew: fields ``fps`` and ``weights``, array ``joints`` of the shape and type that came."""
    made = editing.regenerate.edit_ranges(
        models.generator(request.styles, request.quality, request.cfg),
        request.joints,
        float(request.fps),
        editing.task.edits_of(request),
        on_step=lambda step, steps: report("sampling", step, steps, None),
    )
    return {"fps": float(request.fps), "weights": models.provenance(request.styles)}, {"joints": made}


def storyboard(request: StoryboardRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Make the scenes in a row: fields ``fps`` and ``weights``, array ``joints`` float32 (frames, 22, 3)."""
    made = editing.storyboard.perform(
        models.generator(request.styles, request.quality, request.cfg),
        request,
        on_step=lambda step, steps: report("sampling", step, steps, None),
    )
    return {"fps": FPS, "weights": models.provenance(request.styles)}, {"joints": made}
