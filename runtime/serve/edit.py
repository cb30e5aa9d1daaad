"""The server's adapters of ``edit`` and ``storyboard``."""

from __future__ import annotations

from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire.requests import EditRequest, StoryboardRequest
from runtime import edit as editing
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def edit(request: EditRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Make the ranges anew.

    Fields ``fps``, ``notes`` (a line for another quality than was asked for) and ``weights``, array ``joints`` of the
    shape and type that came.
    """
    generator = models.generator(request.styles, request.quality, request.cfg)
    made = editing.regenerate.edit_ranges(
        generator,
        request.joints,
        float(request.fps),
        editing.task.edits_of(request),
        on_step=lambda step, steps: report("sampling", step, steps, None),
    )
    notes = generator.told_quality()
    return {"fps": float(request.fps), "notes": notes, "weights": models.provenance(request.styles)}, {"joints": made}


def storyboard(request: StoryboardRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Make the scenes in a row: fields ``fps``, ``notes`` and ``weights`` as of :func:`edit`, array ``joints`` float32
    (frames, 22, 3)."""
    generator = models.generator(request.styles, request.quality, request.cfg)
    made = editing.storyboard.perform(
        generator, request, on_step=lambda step, steps: report("sampling", step, steps, None)
    )
    notes = generator.told_quality()
    return {"fps": FPS, "notes": notes, "weights": models.provenance(request.styles)}, {"joints": made}
