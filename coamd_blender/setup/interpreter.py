"""Asks a Python interpreter what it has; whatever else the chosen file is, it is found out and named.

It is run isolated (``-I``: no variables, no user packages, no working folder on its path), in an empty folder, and must
answer with a word it cannot know before. What it writes is bounded, and so is its time. Never imports bpy.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import RuntimeUnavailable
from ..wire import causes
from ..wire.client import child_environment

OLDEST_PYTHON = (3, 11)
MOST_BYTES = 1 << 16  # of an answer
ISOLATED = ("-I", "-B")
_CHOOSE = "Choose the file python or python.exe of a Python 3.11 or newer"
# The word comes in two halves, so that a program that only repeats its arguments does not say it.
_SAY = "import json, sys; say = lambda told: print('\\n' + sys.argv[1] + sys.argv[2] + json.dumps(told), flush=True)\n"
_VERSION = _SAY + "say({'python': list(sys.version_info[:3])})"
_PACKAGES = (
    _SAY
    + """
import platform
found = {"python": platform.python_version()}
for name in ("numpy", "safetensors", "tokenizers", "torch"):
    found[name] = str(__import__(name).__version__)
import torch
found["cuda"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
found["mps"] = bool(torch.backends.mps.is_available())
say(found)
"""
)


@dataclass(frozen=True)
class Probe:
    """What an interpreter has: version texts, the CUDA device's name ("" without one), Apple's MPS."""

    python: str
    numpy: str
    safetensors: str
    tokenizers: str
    torch: str
    cuda: str
    mps: bool

    def __str__(self) -> str:
        device = self.cuda or ("Apple GPU" if self.mps else "CPU only")
        return f"Python {self.python}, torch {self.torch}, {device}"


def environment_python(folder: Path) -> Path:
    """Return the interpreter of the virtual environment in ``folder``, whether it exists or not."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def check_python(text: str | Path) -> Path:
    """Return ``text`` as the path of an existing interpreter file. Raises RuntimeUnavailable."""
    if not str(text).strip():
        raise RuntimeUnavailable("No Python interpreter is chosen", "Choose one in the add-on's preferences")
    path = Path(str(text).strip()).expanduser()
    if path.is_dir():
        path = environment_python(path)
    if not path.is_file():
        raise RuntimeUnavailable(f"There is no Python interpreter at {path}", "Choose one in the add-on's preferences")
    return path


def check_version(python: str | Path, timeout: float = 60.0) -> None:
    """Raise RuntimeUnavailable unless ``python`` is a Python of OLDEST_PYTHON or newer. Blocks."""
    path = check_python(python)
    told = ask(path, _VERSION, timeout).get("python")
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if not isinstance(told, list) or not all(type(part) is int for part in told) or tuple(told[:2]) < OLDEST_PYTHON:
        raise RuntimeUnavailable(f"{path} is not a Python {oldest} or newer", _CHOOSE)


def probe(python: str | Path, timeout: float = 120.0) -> Probe:
    """Ask ``python`` for the packages the runtime needs. Blocks. Raises RuntimeUnavailable naming what is missing."""
    path = check_python(python)
    told = ask(path, _PACKAGES, timeout)
    kinds = {"str": str, "bool": bool}
    if {item.name for item in fields(Probe)} != set(told) or not all(
        isinstance(told[item.name], kinds[item.type]) for item in fields(Probe)
    ):
        raise RuntimeUnavailable(f"{path} does not say what it has", _CHOOSE)
    return Probe(**told)


def ask(path: Path, code: str, timeout: float) -> dict[str, Any]:
    """Run ``code``, which says one object, in the interpreter ``path`` and return the object. Blocks.

    Raises RuntimeUnavailable for a program that does not run, is not a Python, fails, is silent or never ends.
    """
    halves = secrets.token_hex(8), secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="coamd-") as nowhere:
        status, out, err = _run([str(path), *ISOLATED, "-c", code, *halves], nowhere, timeout)
    answers = [line.removeprefix("".join(halves)) for line in out.splitlines() if line.startswith("".join(halves))]
    if status:
        _complain(path, status, err)
    try:
        told = json.loads(answers[-1]) if answers else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        said = f"it says {out.strip()[:60]!r}" if out.strip() else "it says nothing"
        raise RuntimeUnavailable(f"{path} is not a Python: {said}", _CHOOSE)
    return told


def _complain(path: Path, status: int, err: str) -> None:
    """Raise what a failed interpreter's last words mean."""
    lines = err.strip().splitlines() or [f"it ended with {status}"]
    told = causes.MEMORY if status == -9 else causes.cause(lines)
    if told is not None:
        raise RuntimeUnavailable(f"{path} cannot run CoAMD, {told.reason}: {lines[-1]}", told.remedy)
    raise RuntimeUnavailable(
        f"{path} cannot run CoAMD: {lines[-1]}", "Install torch, numpy, safetensors and tokenizers into it"
    )


def _run(command: list[str], folder: str, timeout: float) -> tuple[int, str, str]:
    """Run a command with its output bounded; return its exit status, what it wrote, and its complaints."""
    path = command[0]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=folder,
            env=child_environment(),
            start_new_session=os.name == "posix",
            **no_window(),
        )
    except OSError as error:
        raise RuntimeUnavailable(f"{path} does not run ({error.strerror})", _CHOOSE) from error
    heard = {"out": bytearray(), "err": bytearray()}
    readers = [
        threading.Thread(target=_hear, args=(process, stream, heard[name]), daemon=True)
        for name, stream in (("out", process.stdout), ("err", process.stderr))
    ]
    for reader in readers:
        reader.start()
    end = time.monotonic() + timeout
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise RuntimeUnavailable(f"{path} did not answer within {timeout:g} seconds", _CHOOSE) from error
    finally:
        end_all(process)
        for reader in readers:
            reader.join(max(0.1, min(5.0, end - time.monotonic())))
    if max(map(len, heard.values())) > MOST_BYTES:
        raise RuntimeUnavailable(f"{path} is not a Python: it writes without end", _CHOOSE)
    out, err = (bytes(text).decode("utf-8", "replace") for text in heard.values())
    return status, out, err


def _hear(process: subprocess.Popen[bytes], stream: Any, heard: bytearray) -> None:
    """Keep what comes; who writes more than MOST_BYTES is ended."""
    with stream:
        while data := stream.read(4096):
            heard += data
            if len(heard) > MOST_BYTES:
                end_all(process)
                return


def end_all(process: subprocess.Popen) -> None:
    """End a process that was started in a session of its own, and its children; no effect when all have ended."""
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
    elif process.poll() is None:
        process.kill()


def no_window() -> dict[str, int]:
    """Return Popen arguments that keep Windows from opening a console; nothing elsewhere."""
    return {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {}
