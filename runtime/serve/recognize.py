"""The server's adapter of ``recognize``."""

from __future__ import annotations

from coamd_blender.wire.requests import RecognizeRequest
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report


def recognize(request: RecognizeRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Say what a motion is: fields ``labels`` [{label, score}] and ``segments`` [{start, stop, label, score}]."""
    report("loading", 0, 0, None)
    recognizer = models.recognizer()
    found = recognizer.recognize(request.joints, request.labels, request.top)
    told: Fields = {"labels": [{"label": label, "score": float(score)} for label, score in found]}
    if request.segments:
        told["segments"] = [
            {"start": int(start), "stop": int(stop), "label": label, "score": float(score)}
            for start, stop, label, score in recognizer.segments(request.joints, request.labels)
        ]
    return told, {}
