"""A background Blender that reads .fbx and .blend files one after another (foreign_reader.py), and what it says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from ..errors import CoamdError
from ..motion.files import parse_json
from ..setup import second_blender
from .foreign_reader import LINE

_READER = "coamd_blender.library.foreign_reader"
LONGEST = 900.0  # seconds for a file, Blender's own start included; then it is taken for one that never ends


@dataclass(frozen=True)
class FileClips:
    """What was read of a file: ``clips``, each {name, labels, frames}, and their joints (all frames, 22, 3), one clip
    after the other; or a ``problem``, one line with its remedy."""

    clips: list[dict[str, Any]]
    problem: str
    joints: np.ndarray | None


class ReaderProcess:
    """Reads the files at ``paths`` in order, for as long as the ``with`` block lasts.

    ``longest``: the seconds that Blender may be at one of them.
    """

    def __init__(self, paths: Sequence[str], longest: float = LONGEST):
        self.ended = False  # whether Blender ended by itself, at the file that was asked for last
        self._paths = list(paths)
        self._number = 0
        self._longest, self._begun = longest, time.monotonic()
        self._late = False
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

        A file at which Blender ends, or is for longer than it may be, is told as a problem; there is nothing after it.
        """
        try:
            told = self._lines.get_nowait()
        except Empty:
            if time.monotonic() - self._begun > self._longest and not self._late:
                self._late = True
                self._process.kill()  # its end is told by the listener
            return None
        path = self._paths[self._number]
        if told is None:
            self.ended = True
            what = f"kept Blender busy for {self._longest:.0f} s" if self._late else "made Blender end"
            return FileClips([], f"{path} {what} - Open it in Blender, and save or export it again", None)
        self._number, self._begun = self._number + 1, time.monotonic()
        joints = None
        if not told["problem"]:
            joints = np.load(Path(self._scratch.name, f"{told['file']}.npy")).astype(np.float32)
        return FileClips(told["clips"], told["problem"], joints)

    def _listen(self) -> None:
        number = 0
        for line in self._process.stdout:
            if line.startswith(LINE) and _is_told(told := _parsed(line[len(LINE) :]), number):
                self._lines.put(told)
                number += 1
        self._lines.put(None)


def _parsed(text: str) -> Any:
    """Return what a line holds; None for what is not JSON. Blender prints what stands in a file, too: any line may be
    a stranger's."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def _is_told(told: Any, number: int) -> bool:
    """Return whether ``told`` says what file ``number`` holds."""
    kinds = {"file": int, "clips": list, "problem": str}
    if not isinstance(told, dict) or any(type(told.get(name)) is not kind for name, kind in kinds.items()):
        return False
    return told["file"] == number
