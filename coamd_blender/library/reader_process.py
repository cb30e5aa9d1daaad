"""A background Blender that reads .fbx and .blend files one after another (foreign_reader.py), and what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import bpy
import numpy as np

from ..errors import CoamdError
from ..setup import preferences
from ..wire.client import child_environment
from .foreign_reader import LINE

_CODE = (
    "import sys; sys.path.insert(0, {root!r}); from coamd_blender.library.foreign_reader import main; main({list!r})"
)

_DAY = 86400.0


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
        self._scratch = _scratch()
        names = Path(self._scratch.name, "files.json")
        names.write_text(json.dumps(self._paths), encoding="utf-8")
        try:
            self._process = subprocess.Popen(
                _command(names),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=child_environment() | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._scratch.name),
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            self._scratch.cleanup()
            raise CoamdError(
                f"A second Blender cannot be started: {error.strerror}", "Check Blender's files"
            ) from error
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


def _scratch() -> tempfile.TemporaryDirectory:
    """Return a new folder for the reader's files and for its Blender's own: killed, neither leaves any behind.

    Folders older than a day, of Blenders that ended before they could delete theirs, go.
    """
    folder = preferences.user_folder() / "reading"
    folder.mkdir(exist_ok=True)
    for left in folder.glob("coamd-*"):
        if time.time() - left.stat().st_mtime > _DAY:
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix="coamd-", dir=folder, ignore_cleanup_errors=True)


def _command(names: Path) -> list[str]:
    """Return the command that reads the files listed in ``names``; bpy as a module has no program of its own."""
    code = _CODE.format(root=str(preferences.ROOT), list=str(names))
    if not bpy.app.binary_path:
        return [sys.executable, "-c", code]
    options = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1"]
    return [bpy.app.binary_path, *options, "--python-expr", code]
