"""A background Blender that reads .fbx and .blend files one after another (foreign_reader.py), and what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from ..errors import CoamdError
from ..setup import second_blender
from .foreign_reader import LINE

_READER = "coamd_blender.library.foreign_reader"


@dataclass(frozen=True)
class FileClips:
    """What was read of a file: ``clips``, each {name, labels, frames}, and their joints (all frames, 22, 3), one clip
    after the other; or a ``problem``, one line with its remedy."""

    clips: list[dict[str, Any]]
    problem: str
    joints: np.ndarray | None


class ReaderProcess:
    """Reads the files at ``paths`` in order, for as long as the ``with`` block lasts."""

    def __init__(self, paths: Sequence[str]):
        self.ended = False  # whether Blender ended by itself, at the file that was asked for last
        self._paths = list(paths)
        self._number = 0
        self._lines: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def __enter__(self) -> ReaderProcess:
        self._scratch = second_blender.scratch_folder("reading")
        names = Path(self._scratch.name, "files.json")
        names.write_text(json.dumps(self._paths), encoding="utf-8")
        try:
            self._process = second_blender.start(_READER, names, Path(self._scratch.name))
        except CoamdError:
            self._scratch.cleanup()
            raise
        threading.Thread(target=self._listen, name="coamd-reader", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._scratch.cleanup()

    def next_file(self) -> FileClips | None:
        """Return what was read of the next file, None while Blender is still at it.

        A file at which Blender ends is told as a problem; there is nothing after it.
        """
        try:
            told = self._lines.get_nowait()
        except Empty:
            return None
        path = self._paths[self._number]
        self._number += 1
        if told is None:
            self.ended = True
            return FileClips([], f"{path} made Blender end - Open it in Blender, and save or export it again", None)
        joints = None
        if not told["problem"]:
            joints = np.load(Path(self._scratch.name, f"{told['file']}.npy")).astype(np.float32)
        return FileClips(told["clips"], told["problem"], joints)

    def _listen(self) -> None:
        for line in self._process.stdout:
            if line.startswith(LINE):
                self._lines.put(json.loads(line[len(LINE) :]))
        self._lines.put(None)
