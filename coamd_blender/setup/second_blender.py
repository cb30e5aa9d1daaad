"""A second Blender, in the background: for files that must not be opened, and scenes not changed, in the user's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import bpy

from ..errors import CoamdError, InputError
from ..wire.client import child_environment
from . import preferences

_CODE = "import sys; sys.path.insert(0, {root!r}); from {module} import main; main({argument!r})"
_DAY = 86400.0


def start(module: str, argument: Path, scratch: Path) -> subprocess.Popen:
    """Let a second Blender run ``main(argument)`` of a module of this extension's; what it prints is its ``stdout``.

    scratch: a folder for its own temporary files. Raises CoamdError when it cannot be started.
    """
    try:
        return subprocess.Popen(
            _command(_CODE.format(root=str(preferences.ROOT), module=module, argument=str(argument))),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=child_environment() | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise CoamdError(f"A second Blender cannot be started: {error.strerror}", "Check Blender's files") from error


def scratch_folder(kind: str) -> tempfile.TemporaryDirectory:
    """Return a new folder for a second Blender's files: killed, it leaves none behind.

    Folders of the ``kind`` older than a day, of Blenders that ended before they could delete theirs, go. Raises
    InputError where nothing can be written.
    """
    folder = preferences.own_folder(kind)
    for left in folder.glob("coamd-*"):
        with suppress(OSError):  # another Blender has just deleted it
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left, ignore_errors=True)
    try:
        return tempfile.TemporaryDirectory(prefix="coamd-", dir=folder, ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written to: {error.strerror}", "Let Blender write to that folder"
        ) from error


def _command(code: str) -> list[str]:
    """Return the command that runs ``code`` in Blender; bpy as a module has no program of its own."""
    if not bpy.app.binary_path:
        return [sys.executable, "-c", code]
    options = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1"]
    return [bpy.app.binary_path, *options, "--python-expr", code]
