"""The files that a library has made beside its facts: noted by name before they are made, so that it may delete them.

Whatever else lies in the folder is somebody else's, whatever its name, and stays. The notes are rows of the table meta.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from coamd_blender.errors import InputError
from runtime.library.database import FACTS, may_write, writing

_NOTE = "made "  # how the keys of the notes begin
_NAME = re.compile(r"(?:embeddings|codes|graph)-(\d{6,})[-.]")


class OwnFiles:
    """The notes of the library in ``folder``, whose facts are open as ``connection``."""

    def __init__(self, folder: Path, connection: sqlite3.Connection):
        self._folder = folder
        self._db = connection

    def names(self) -> set[str]:
        """Return the names noted; a file of that name may be there or not."""
        keys = self._db.execute("SELECT key FROM meta WHERE substr(key, 1, ?) = ?", (len(_NOTE), _NOTE))
        return {key[len(_NOTE) :] for (key,) in keys}

    def note(self, name: str) -> None:
        """Note, inside a transaction, that the library makes the file ``name``."""
        self._db.execute("INSERT OR IGNORE INTO meta VALUES (?, 1)", (_NOTE + name,))

    def write(self, path: Path, write: Callable[[Path], object]) -> bool:
        """Let ``write(partial)`` make a file and move it to ``path``; return whether that was done.

        It is not where nothing may be written, and where something of that name lies that the library has not made.
        Raises InputError when the disk does not take it.
        """
        if not may_write(self._folder / FACTS) or (path.exists() and path.name not in self.names()):
            return False
        partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        try:
            with writing(self._db, self._folder):
                self.note(path.name)
            write(partial)
            os.replace(partial, path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise InputError(f"{path} cannot be written: {error.strerror}", "Check the disk and try again") from error
        return True

    def remove(self, unwanted: Callable[[int, str], bool], *older: str) -> None:
        """Delete the files noted, and those named ``older``, which were made before there were notes, for whose
        generation and name ``unwanted`` holds."""
        for name in {*self.names(), *older}:
            match = _NAME.match(name)
            if match is None or Path(name).name != name or not unwanted(int(match[1]), name):
                continue
            with contextlib.suppress(PermissionError, IsADirectoryError):  # Windows: a reader still maps it
                (self._folder / name).unlink(missing_ok=True)
                with writing(self._db, self._folder):
                    self._db.execute("DELETE FROM meta WHERE key = ?", (_NOTE + name,))
