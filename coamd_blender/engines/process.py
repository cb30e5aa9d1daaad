"""A second Blender that exports (tools/engine_export.py), and what it says, for as long as a ``with`` block lasts."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import CoamdError
from ..setup import second_blender

LINE = "coamd-engine "  # what a line begins with that is said here
_MODULE = "coamd_blender.tools.engine_export"


class ExportProcess:
    """Carries out one job on the file that is saved at ``blend`` before the block begins.

    ``lines``: how many clips are done. ``rows``: what became of each, None until all are.
    """

    def __init__(self, job: Mapping[str, Any]):
        self.lines = 0
        self.rows: list[list[str]] | None = None
        self._job = dict(job)
        self._said: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._scratch = second_blender.scratch_folder("exporting")
        self.blend = Path(self._scratch.name, "file.blend")

    def __enter__(self) -> ExportProcess:
        job = Path(self._scratch.name, "job.json")
        job.write_text(json.dumps({**self._job, "blend": str(self.blend)}), encoding="utf-8")
        try:
            self._process = second_blender.start(_MODULE, job, Path(self._scratch.name))
        except CoamdError:
            self.close()
            raise
        threading.Thread(target=self._listen, name="coamd-export", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self.close()

    def close(self) -> None:
        """Delete the copy of the file."""
        self._scratch.cleanup()

    def go_on(self) -> bool:
        """Take in what was said; return whether there is more to come. Raises CoamdError where the export failed."""
        with suppress(Empty):
            while True:
                told = self._said.get_nowait()
                if told is None:
                    raise CoamdError(
                        "Blender ended while it exported", "Save the file, open it again, and export again"
                    )
                if "problem" in told:
                    message, _, remedy = told["problem"].rpartition(" - ")
                    raise CoamdError(message, remedy)
                if "rows" in told:
                    self.rows = told["rows"]
                    return False
                self.lines += 1
        return True

    def _listen(self) -> None:
        for line in self._process.stdout:
            if line.startswith(LINE):
                self._said.put(json.loads(line[len(LINE) :]))
        self._said.put(None)
