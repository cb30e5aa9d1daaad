"""Installs the runtime's Python packages into a virtual environment of its own, and tests a runtime.

Blender's own Python is only ever asked to make the virtual environment, in a separate process; nothing is
installed into it. An installation that was cut short is taken up again by the next one: pip's cache is kept, and so is
the environment unless it was cut short while it, or a package in it, was being made, which a mark beside it tells; the
sentinel that makes it count is written last. Two installations into one folder exclude each other.

Never imports bpy: the work runs in one thread, and the user interface reads the attributes of
:class:`Installer` and :class:`RuntimeTest` whenever it draws.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import Cancelled, CoamdError, InputError, OfflineError, RuntimeUnavailable
from ..wire import causes, lock
from ..wire.client import RuntimeClient, child_environment
from ..wire.jobs import JobRunner
from ..wire.requests import GenerateRequest
from .interpreter import ISOLATED, Probe, check_version, end_all, environment_python, no_window, probe
from .packages import SPACE, Packages, pip_environment

SENTINEL = "installed.json"
# Lines of pip's output that mark one package each, and about how many of them a whole installation prints.
_PACKAGE_MARKS = ("Collecting ", "Downloading ", "Using cached ", "Requirement already satisfied")
_EXPECTED_MARKS = 36
_LOG_LINES = 2000
_AGAIN = "Check the connection, then press Install again: it goes on where it stopped"


@dataclass(frozen=True)
class InstallPlan:
    """What to install: ``packages`` into ``folder``, an environment that ``base_python``'s venv module makes.

    ``afresh``: make the environment anew whatever its state, which is what Repair does.
    """

    folder: Path
    base_python: Path
    packages: Packages
    afresh: bool = False

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return environment_python(self.folder)


def fingerprint(requirements: Path) -> str:
    """Return a hash of the pinned packages; an installation for other pins does not count."""
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def is_installed(folder: Path, requirements: Path) -> bool:
    """Return whether these very requirements have been installed in ``folder`` and its Python is there."""
    try:
        sentinel = json.loads((folder / SENTINEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = isinstance(sentinel, dict) and sentinel.get("requirements") == fingerprint(requirements)
    return same and environment_python(folder).exists() and _base_exists(folder)


def _base_exists(folder: Path) -> bool:
    """Return whether the Python that made the environment is there; after an update of Blender it is not."""
    try:
        lines = (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    homes = [line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "home"]
    return bool(homes) and Path(homes[0]).is_dir()


def unfinished_mark(folder: Path) -> Path:
    """Return the file that is there while the environment in ``folder``, or a package in it, is being made."""
    return folder.with_name(f"{folder.name}.unfinished")


def alone(folder: Path) -> contextlib.AbstractContextManager[int]:
    """Keep other processes from working on the environment in ``folder``; give the lock's file descriptor.

    Whoever holds it lets go by ending, however that happens; a child that inherits it holds it too. Entering raises
    InputError when another has it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    return lock.alone(
        folder.with_name(f"{folder.name}.lock"),
        f"Another program is installing into {folder}",
        "Wait until it is done, or close other Blenders",
    )


def remove(folder: Path) -> None:
    """Delete the environment in ``folder``, whole or not. Raises InputError when a file of it is still in use."""
    try:
        (folder / SENTINEL).unlink(missing_ok=True)
        unfinished_mark(folder).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise InputError(f"Cannot delete {folder} ({error})", "Close other Blender windows and try again") from error


class Installer:
    """One installation in a thread of its own.

    Read ``phase`` (a few words), ``fraction`` (0 to 1), ``running``, ``error`` (a CoamdError or None),
    ``result`` (a Probe when done) and ``log`` from any thread.
    """

    def __init__(self, plan: InstallPlan):
        self.plan = plan
        self.phase = "Waiting"
        self.fraction = 0.0
        self.error: CoamdError | None = None
        self.result: Probe | None = None
        self._lines: deque[str] = deque(maxlen=_LOG_LINES)
        self._cancelled = threading.Event()
        self._process: subprocess.Popen | None = None
        self._lock = -1
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="coamd-install", daemon=True)

    @property
    def running(self) -> bool:
        """True from :meth:`start` until the thread has ended."""
        return self._thread.is_alive()

    @property
    def status(self) -> str:
        """Phase and time spent, which goes on while one large file downloads."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{self.phase}   {minutes}:{seconds:02d}"

    @property
    def log(self) -> str:
        """The last lines of every command that was run."""
        return "\n".join(tuple(self._lines))

    def start(self, online: bool) -> None:
        """Begin. ``online`` is bpy.app.online_access: raises OfflineError when it is False and the network is needed,
        before anything is done."""
        if not online and self.plan.packages.wheels is None:
            raise OfflineError(
                "Online access is off, and installing downloads packages",
                "Turn on Preferences > System > Network > Allow Online Access, or choose a folder of wheels",
            )
        self._thread.start()

    def cancel(self) -> None:
        """Stop the command that runs; what has been downloaded is kept."""
        self._cancelled.set()
        process = self._process
        if process is not None and process.poll() is None:
            end_all(process)

    def wait(self, timeout: float | None = None) -> None:
        """Block until the thread has ended (scripts, tests, unregister)."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            with alone(self.plan.folder) as self._lock:
                self._install()
        except CoamdError as error:
            self.error = error
        except (OSError, ValueError) as error:
            told = causes.cause([str(error)])
            reason, remedy = told or (str(error), "Copy the log, then press Install again")
            self.error = RuntimeUnavailable(f"Installing failed ({reason})", remedy)
        self._lines.append(str(self.error) if self.error else f"Done: {self.result}")

    def _install(self) -> None:
        plan = self.plan
        (plan.folder / SENTINEL).unlink(missing_ok=True)
        self._enter("Checking Python", 0.0)
        check_version(plan.base_python)
        self._check_space()
        self._enter("Making the environment", 0.02)
        mark = unfinished_mark(plan.folder)
        whole = plan.python.exists() and not mark.exists() and not plan.afresh
        if not whole or self._command([plan.python, *ISOLATED, "-c", "import pip"]):
            mark.touch()
            self._must([plan.base_python, "-I", "-m", "venv", "--clear", plan.folder], _VENV_HINT)
            mark.unlink()
        self._enter("Downloading packages", 0.06)
        for arguments in plan.packages.downloads():
            pip = [plan.python, "-I", "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
            pip += ["--disable-pip-version-check", "--only-binary", ":all:"]
            pip += [] if plan.packages.torch_source == "default" else ["--isolated"]
            self._must([*pip, *arguments], _AGAIN, self._count)
            mark.unlink(missing_ok=True)
        self._enter("Testing", 0.95)
        self.result = probe(plan.python)
        found = {"requirements": fingerprint(plan.packages.requirements), "torch": self.result.torch}
        (plan.folder / SENTINEL).write_text(json.dumps(found), encoding="utf-8")
        self._enter("Installed", 1.0)

    def _check_space(self) -> None:
        free, needed = shutil.disk_usage(self.plan.folder.parent).free, SPACE[self.plan.packages.torch_source]
        if free < needed:
            raise InputError(
                f"{free / 1e9:.1f} GB are free and {needed / 1e9:.0f} GB are needed in {self.plan.folder.parent}",
                "Make room, or use an existing Python",
            )

    def _enter(self, phase: str, fraction: float) -> None:
        if self._cancelled.is_set():
            raise Cancelled("The installation was cancelled", "Press Install to go on where it stopped")
        self.phase, self.fraction = phase, fraction
        self._lines.append(f"== {phase}")

    def _count(self, line: str) -> None:
        if line.strip().startswith(_PACKAGE_MARKS):
            self.fraction = min(self.fraction + 0.7 / _EXPECTED_MARKS, 0.85)
            self.phase = package_in(line) or self.phase
        elif line.startswith("Installing collected"):
            unfinished_mark(self.plan.folder).touch()  # a package half unpacked would count as there
            self.fraction, self.phase = 0.88, "Unpacking packages"

    def _must(self, command: Sequence[object], hint: str, on_line: Callable[[str], None] | None = None) -> None:
        code = self._command(command, on_line)
        self._enter(self.phase, self.fraction)
        if not code:
            return
        lines = [line for line in tuple(self._lines) if line.strip() and not line.startswith("== ")]
        commands = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        lines = lines[commands[-1] + 1 :] if commands else lines  # those of this command
        told = causes.MEMORY if code == -9 else causes.cause(lines)
        last = lines[-1] if lines else code
        if told is None:
            raise RuntimeUnavailable(f"{self.phase} failed: {last}", hint)
        raise RuntimeUnavailable(f"{self.phase} failed, {told.reason}: {last}", told.remedy)

    def _command(self, command: Sequence[object], on_line: Callable[[str], None] | None = None) -> int:
        words = [str(word) for word in command]
        self._lines.append("$ " + " ".join(words))
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=self.plan.folder.parent,
            env=pip_environment(self.plan.packages.torch_source),
            start_new_session=os.name == "posix",  # venv starts ensurepip: cancelling ends both
            **({"pass_fds": (self._lock,)} if os.name == "posix" else {}),  # alone, though Blender ends meanwhile
            **no_window(),
        )
        with self._process as process:
            if self._cancelled.is_set():
                end_all(process)
            for line in process.stdout:
                self._lines.append(line.rstrip())
                if on_line is not None:
                    on_line(line)
        return process.returncode


def package_in(line: str) -> str:
    """Return what to show for a line of pip's: "Downloading torch (200.1 MB)"; "" for lines that download nothing."""
    words = line.split()
    if len(words) < 2 or words[0] != "Downloading":
        return ""
    name = words[1].rpartition("/")[2].partition("-")[0]
    size = line.partition("(")[2].partition(")")[0]
    return f"Downloading {name} ({size})" if size else f"Downloading {name}"


class RuntimeTest:
    """Tries every link once, in a thread: interpreter, packages, runtime, weights, a motion of one second.

    Keeps what it found: ``running``, ``report`` (one line), ``error``.
    """

    def __init__(self, command: Sequence[str], cwd: Path, python: Path | None = None):
        """``python`` is probed first, when the runtime is on this machine; None for a custom command."""
        self.report = ""
        self.error: CoamdError | None = None
        self._arguments = (tuple(command), cwd, python)
        self._thread = threading.Thread(target=self._run, name="coamd-test", daemon=True)

    @property
    def running(self) -> bool:
        """True from :meth:`start` until the answer is there."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the answer is there (scripts and tests)."""
        self._thread.join(timeout)

    def _run(self) -> None:
        command, cwd, python = self._arguments
        runner = JobRunner(lambda: RuntimeClient(command, child_environment(), cwd))
        try:
            found = f"{probe(python)}; " if python is not None else ""
            started = time.monotonic()
            job = runner.wait(runner.ask(GenerateRequest.variants("a person walks forward", 1.0)))
            hello, seconds = runner.client.hello, time.monotonic() - started
            self.report = (
                f"{found}runtime {hello.version}, protocol {hello.protocol}, on {hello.device}; made a motion of "
                f"{job.arrays['joints'].shape[1]} frames in {seconds:.1f} s, start included"
            )
        except CoamdError as error:
            self.error = error
        finally:
            runner.shutdown()


_VENV_HINT = "Choose a Python that has the venv module (Debian: python3-venv), or use an existing Python"
