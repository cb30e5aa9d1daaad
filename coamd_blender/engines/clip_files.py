"""Clips of any kind that the runtime reads, through its own ``convert``: .npz as they are, others in a process."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..anim.clip_file import read_clip, read_loop
from ..errors import DataError, InputError
from ..motion.files import RUNTIME_FILES, listed
from ..wire import client

PLAIN = ".npz"
ROOT = Path(__file__).resolve().parents[2]  # holds coamd_blender/ and runtime/
_LONGEST = 600.0  # seconds that a file may take
_BY_HAND = "Convert it by python -m runtime convert"


class ReadClip(NamedTuple):
    """A motion of a file: its ``name``, ``joints`` (frames, 22, 3), metres, Y up, ``fps``, and whether it is said to be
    a ``loop``."""

    name: str
    joints: np.ndarray
    fps: float
    loop: bool = False


def files_of(path: Path) -> list[Path]:
    """Return the clips of a folder, or the one that ``path`` is. Raises InputError without any."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"There is no file {path}", "Check the path")
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in RUNTIME_FILES and each.is_file())
    if not found:
        raise InputError(f"{path} holds no clip", f"Choose a folder of {listed(RUNTIME_FILES, 'or')} files")
    return found


def distinct(files: Sequence[Path]) -> list[str]:
    """Return the stems of files, with the suffix where two have the same one."""
    counts = Counter(path.stem.lower() for path in files)
    return [path.stem if counts[path.stem.lower()] == 1 else path.name.replace(".", "_") for path in files]


def read_clips(path: Path, name: str, python: Path | None) -> list[ReadClip]:
    """Return every motion of a file, called ``name``, those of one that holds several each with its own behind it.

    Errors and ``python`` are those of :func:`plain`.
    """
    with tempfile.TemporaryDirectory(prefix="coamd-clips-") as scratch:
        files = plain(path, name, python, Path(scratch))
        names = [name] if files == [path] else [file.stem for file in files]
        named = zip(names, files, strict=True)
        return [ReadClip(called, *read_clip(file), read_loop(file)) for called, file in named]


def plain(path: Path, name: str, python: Path | None, scratch: Path) -> list[Path]:
    """Return ``path`` itself for an .npz; else one for each of its motions in the folder ``scratch``, as old as it.

    python: the interpreter that has what the runtime needs; None where there is none, and .npz alone is read. Raises
    DataError and InputError with a remedy, of what the runtime says in one line.
    """
    if path.suffix.lower() == PLAIN:
        return [path]
    if python is None:
        raise InputError(
            f"{path} needs the runtime's Python",
            "Choose Installed or Python as the runtime in the preferences, or convert it",
        )
    files = _converted(path, scratch / f"{name}{PLAIN}", python)
    old = path.stat()
    for file in files:
        os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    return files


def _converted(path: Path, out: Path, python: Path) -> list[Path]:
    """Convert a file in a process of its own; return the files made."""
    command = client.verb_command(python, ROOT, "convert", "--json", str(path.absolute()), str(out))
    told = {"encoding": "utf-8", "errors": "replace", "env": client.child_environment(), "cwd": out.parent}
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST, **told)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"{path} cannot be converted ({error})", _BY_HAND) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        message, _, remedy = (lines[-1] if lines else "").removeprefix("error: ").rpartition(" - ")
        raise DataError(message or f"{path} cannot be converted", remedy or _BY_HAND)
    return [Path(file) for file in json.loads(done.stdout)["files"]]
