"""The runtime's tasks behind a server: what came over the wire is decoded and checked, and its adapter answers it."""

from __future__ import annotations

from coamd_blender.wire.requests import REQUESTS, decode
from runtime.serve import edit, generate, library, recognize
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report

ADAPTERS = {
    "generate": generate.generate,
    "edit": edit.edit,
    "storyboard": edit.storyboard,
    "recognize": recognize.recognize,
    "search": library.search,
    "index": library.index,
    "motion": library.motion,
    "known": library.known,
    "store": library.store,
    "sort": recognize.sort,
}


class RuntimeTasks:
    """All tasks of the runtime: the generator is loaded at the start, the recogniser when it is first needed."""

    names = tuple(REQUESTS)

    def __init__(self, models: Models):
        self.models = models

    def load(self) -> str:
        """Load the generator unless it is loaded; return the kind of device it is on."""
        return self.models.generator().device.type

    def unload(self) -> None:
        """Give the memory of the models back."""
        self.models.unload()

    def run(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        """Do one request. Raises InputError for one that cannot be done, Cancelled from ``report``."""
        request = decode(task, fields, arrays)
        return ADAPTERS[task](request, self.models, report)
