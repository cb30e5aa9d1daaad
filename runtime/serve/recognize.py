"""The server's adapter of ``recognize``."""

from __future__ import annotations

from coamd_blender.wire.requests import RecognizeRequest
from runtime.recognize.telling import tell
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def recognize(request: RecognizeRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Say what a motion is: fields ``labels`` [{label, score}] and, asked for or where the motion is several actions,
    ``segments`` [{start, stop, label, score}]."""
    report("loading", 0, 0, None)
    told = tell(models.recognizer(), request.joints, request.labels, request.top, request.segments)
    return told.as_json(), {}
