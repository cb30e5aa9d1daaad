"""The server's adapters of ``recognize`` and ``sort``."""

from __future__ import annotations

from functools import partial

from coamd_blender.wire.requests import RecognizeRequest, SortRequest
from runtime.recognize.sorting import DrawnLabels, remarks
from runtime.recognize.telling import tell
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def recognize(request: RecognizeRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Say what a motion is: fields ``labels`` [{label, score}] and, asked for or where the motion is several actions,
    ``segments`` [{start, stop, label, score}]."""
    report("loading", 0, 0, None)
    told = tell(models.recognizer(), request.joints, request.labels, request.top, request.segments)
    return told.as_json(), {}


def sort(request: SortRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Sort motions by labels: fields ``sorted``, of each motion [{label, score}], and ``notes``."""
    report("loading", 0, 0, None)
    recognizer, generator = models.recognizer(), models.generator((), "fast")
    drawn = DrawnLabels.of(request.labels, generator, recognizer, partial(_drawing, report))
    report("sorting", 0, 0, None)
    motions = recognizer.embed_motions(request.motions())
    told = drawn.told(motions, request.top)
    named = [[{"label": label, "score": score} for label, score in row] for row in told]
    return {"sorted": named, "notes": remarks(motions)}, {}


def _drawing(report: Report, step: int, total: int) -> None:
    report("drawing the words", step, total, None)
