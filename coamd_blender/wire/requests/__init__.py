"""What the runtime can be asked for: one class a task, which checks itself and goes over the wire and back.

    request = GenerateRequest.variants("a person waves", seconds=4.0, seed=7, count=2)
    fields, arrays = request.encode()  # checked; what a protocol.Request carries
    request = decode("generate", fields, arrays)  # the inverse, checked too

The panel, the command line and the server all build these, so that what cannot be done is refused by one rule with one
remedy, before anything is sent or loaded. Joints are (frames, 22, 3), metres, Y up, 20 frames a second where no other
rate is given. The limits are those of limits.py. numpy is imported once there is an array to look at.

Who asks: workflow.py of each feature in coamd_blender, library/index.py, setup/install.py and
tools/demo.py; the verbs in runtime/cli. Who answers: the adapters in runtime/serve, by the table in its tasks.py.
What comes back is checked in wire/answers.py.
"""

from __future__ import annotations

from .base import Arrays, DrawingRequest, Fields, TaskRequest
from .motions import EditRange, EditRequest, GenerateRequest, StoryboardRequest, StoryboardScene, StyleChoice
from .understanding import (
    IndexRequest,
    KnownRequest,
    LibraryRequest,
    MotionRequest,
    RecognizeRequest,
    SearchRequest,
    SortRequest,
    StoreRequest,
)

__all__ = [
    "REQUESTS",
    "Arrays",
    "DrawingRequest",
    "EditRange",
    "EditRequest",
    "Fields",
    "GenerateRequest",
    "IndexRequest",
    "KnownRequest",
    "LibraryRequest",
    "MotionRequest",
    "RecognizeRequest",
    "SearchRequest",
    "SortRequest",
    "StoreRequest",
    "StoryboardRequest",
    "StoryboardScene",
    "StyleChoice",
    "TaskRequest",
    "decode",
]

REQUESTS: dict[str, type[TaskRequest]] = {
    cls.task: cls
    for cls in (
        GenerateRequest,
        EditRequest,
        StoryboardRequest,
        RecognizeRequest,
        SearchRequest,
        IndexRequest,
        MotionRequest,
        KnownRequest,
        StoreRequest,
        SortRequest,
    )
}


def decode(task: str, fields: Fields, arrays: Arrays) -> TaskRequest:
    """Return the request of ``task``, one of REQUESTS, that came as ``fields`` and ``arrays``. Raises InputError."""
    return REQUESTS[task].decode(fields, arrays)
