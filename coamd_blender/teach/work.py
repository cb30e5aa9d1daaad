"""The processes that teach: one a style, in a folder of its own beside the style, told of by its log.

A process goes on when Blender ends, and the next Blender finds it: it holds a lock in its folder for as long as it
lives. Paused, killed or cut off, the same command goes on where it was.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from ..core import lifetime, timer
from ..errors import InputError, RuntimeUnavailable
from ..setup import preferences, runtime
from ..wire import client, lock, teaching
from .properties import MANNER

LOOK_SECONDS = 2.0
NICENESS = 10  # Blender and its runtime go first
_LOG, _JOB, CLIPS, WORDS = "log.txt", "job.json", "clips", "words.csv"
_BEGUN = "== begun"
_ONCE = 600  # steps that a manner was trained before the job told of them
_LOG_BYTES = 1 << 16  # at its end, that are read
_STEP = re.compile(r"step (\d+)/(\d+) .* (\d+) min left")
_NOTES = ("held out, ", "resumed at ")
_WARNINGS = (" is left out: ", " are unlike, ", " are alike, ")
_processes: dict[Path, subprocess.Popen] = {}  # those that this Blender started
_watching = False


@dataclass(frozen=True)
class State:
    """How far a style is. ``phase``: TEACHING, PAUSED, FAILED or TAUGHT; ``fraction`` 0 to 1; ``text`` a line for the
    panel, ``notes`` more of them: what is held out, what cannot be taught; ``steps`` of training."""

    folder: Path
    name: str
    licence: str
    kind: str = MANNER
    steps: int = 0
    phase: str = "PAUSED"
    fraction: float = 0.0
    text: str = ""
    notes: tuple[str, ...] = ()

    @property
    def out(self) -> Path:
        """The style's file, there once it is taught."""
        return teaching.style_of(self.folder)

    @property
    def so_far(self) -> Path | None:
        """The style as far as it has come; None before there is one."""
        path = self.folder / teaching.SO_FAR
        return path if path.is_file() else None


def states() -> list[State]:
    """Return how far each style is that is being taught, was paused, has failed or is taught, by name."""
    return [state(folder) for folder in teaching.folders(preferences.styles_folder()) if (folder / _JOB).is_file()]


def named(name: str) -> State:
    """Return the state of the style ``name``. Raises InputError when there is none."""
    found = next((one for one in states() if one.name == name), None)
    if found is None:
        raise InputError(f"There is no teaching of {name!r}", "Choose another one")
    return found


def state(folder: Path) -> State:
    """Return how far the style is whose folder of work is ``folder``."""
    try:
        job = json.loads((folder / _JOB).read_text(encoding="utf-8"))
        kind = str(job.get("kind", MANNER))
        steps = int(job.get("steps", _ONCE if kind == MANNER else 0))
        told = State(folder, str(job["name"]), str(job["licence"]), kind, steps)
    except (OSError, ValueError, KeyError, TypeError):
        return State(
            folder, folder.stem, "", phase="FAILED", text=f"{_JOB} cannot be read - Remove it, and teach it again"
        )
    lines = _lines(folder)
    notes = tuple(line for line in lines if line.startswith(_NOTES) or is_warning(line))
    step = next((found for found in map(_STEP.match, reversed(lines)) if found), None)
    fraction = int(step[1]) / int(step[2]) if step else 0.0
    told = replace(told, notes=tuple(dict.fromkeys(notes)), fraction=fraction)
    if is_running(folder):
        text = f"Step {step[1]} of {step[2]}, {step[3]} min left" if step else "Preparing the clips"
        return replace(told, phase="TEACHING", text=text)
    if told.out.is_file():
        return replace(told, phase="TAUGHT", fraction=1.0, text="Taught")
    error = next((line for line in lines if line.startswith("error: ")), None)
    if error is not None:
        return replace(told, phase="FAILED", text=error.removeprefix("error: "))
    return replace(told, text=f"Paused at step {step[1]} of {step[2]}" if step else "Paused")


def is_warning(line: str) -> bool:
    """Return whether a line of the process tells of clips that cannot be taught as they are."""
    return any(warning in line for warning in _WARNINGS)


def _lines(folder: Path) -> list[str]:
    """Return what the process wrote since it was begun last."""
    with suppress(OSError), (folder / _LOG).open("rb") as file:
        file.seek(max(0, (folder / _LOG).stat().st_size - _LOG_BYTES))
        text = file.read().decode("utf-8", "replace")
        return [line for line in text.rpartition(_BEGUN)[2].splitlines() if line.strip()]
    return []


def is_running(folder: Path) -> bool:
    """Return whether a process teaches in ``folder``, whichever Blender started it."""
    process = _processes.get(folder)
    if process is not None:
        if process.poll() is None:
            return True
        del _processes[folder]
    return lock.is_taken(folder / teaching.LOCK)


def python() -> Path:
    """Return the Python that teaches. Raises RuntimeUnavailable, naming the remedy, when none is on this machine."""
    settings = preferences.get(bpy.context)
    found = None if settings is None else runtime.interpreter(settings)
    if found is None:
        raise RuntimeUnavailable(
            "Teaching needs the runtime on this machine, and the preferences name a command",
            "Install the runtime or choose a Python in the add-on's preferences",
        )
    return found


def command(told: State) -> list[str]:
    """Return the command that teaches the style, or goes on with it. Raises as :func:`python`."""
    return client.verb_command(
        python(), preferences.ROOT, "teach", str(told.folder / CLIPS), "--words", str(told.folder / WORDS),
        "--name", told.name, "--licence", told.licence,
        "--device", preferences.get(bpy.context).device, "--out", str(told.out),
        "--kind", told.kind.lower(), "--steps", str(told.steps),
    )  # fmt: skip


def note(folder: Path, name: str, licence: str, kind: str, steps: int) -> None:
    """Write down whose folder ``folder`` is, what it teaches, ACTION or MANNER, and how many steps are trained."""
    job = {"name": name, "licence": licence, "kind": kind, "steps": steps}
    (folder / _JOB).write_text(json.dumps(job), encoding="utf-8")


def start(told: State) -> None:
    """Begin to teach, or go on. Raises InputError while it is being taught, RuntimeUnavailable without a Python."""
    if is_running(told.folder):
        raise InputError(f"{told.name!r} is being taught already", "Wait for it, or pause it")
    words = command(told)
    windows = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with (told.folder / _LOG).open("ab") as log:
        log.write(f"{_BEGUN}\n".encode())
        log.flush()
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=told.folder,
                env=client.child_environment(),
                start_new_session=os.name == "posix",
                creationflags=windows,
            )
        except OSError as error:
            raise RuntimeUnavailable(f"Teaching cannot be started ({error.strerror})", "Install the runtime") from error
    if os.name == "posix":
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    _processes[told.folder] = process
    watch()


def pause(told: State) -> None:
    """Have it end gently; what it has learnt is kept. Raises InputError when nothing is being taught."""
    if not is_running(told.folder):
        raise InputError(f"{told.name!r} is not being taught", "Resume it, or teach another one")
    process = _processes.get(told.folder)
    if process is not None:
        process.terminate()
        return
    try:  # the lock is held, so the number is that of the process which holds it
        os.kill(int((told.folder / teaching.PROCESS).read_text(encoding="ascii")), signal.SIGTERM)
    except (OSError, ValueError) as error:
        raise InputError(f"{told.name!r} cannot be paused now", "Try again in a moment") from error


def remove(told: State) -> None:
    """Delete a style, its clips and what it has learnt. Raises InputError while it is being taught."""
    if is_running(told.folder):
        raise InputError(f"{told.name!r} is being taught", "Pause it first")
    try:
        told.out.unlink(missing_ok=True)
        shutil.rmtree(told.folder)
    except OSError as error:
        raise InputError(f"{told.folder} cannot be deleted ({error.strerror})", "Close what uses its files") from error


def watch() -> None:
    """Redraw the panel for as long as something is taught."""
    global _watching
    if not _watching:
        _watching = True
        lifetime.at_end(_forget)
        timer.start(_tick)


def _forget() -> None:
    global _watching
    _watching = False


def _tick() -> float | None:
    global _watching
    _watching = any(is_running(folder) for folder in teaching.folders(preferences.styles_folder()))
    return LOOK_SECONDS if _watching else None
