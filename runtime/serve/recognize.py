"""The server's adapters of ``recognize`` and ``sort``."""

from __future__ import annotations

from coamd_blender.wire.requests import RecognizeRequest, SortRequest
from runtime.recognize.sorting import DrawnLabels
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
    """Sort motions by labels: field ``sorted``, of each motion [{label, score}]."""
    report("loading", 0, 0, None)
    recognizer, generator = models.recognizer(), models.generator((), "fast")
    drawn = DrawnLabels.of(request.labels, generator, recognizer, lambda step, of: report("drawing", step, of, None))
    report("sorting", 0, 0, None)
    told = drawn.told(recognizer.embed_motions(request.motions()), request.top)
    return {"sorted": [[{"label": label, "score": score} for label, score in row] for row in told]}, {}
