"""Installs the runtime's Python packages into a virtual environment of its own, and tests a runtime.

Blender's own Python is only ever asked to make the virtual environment, in a separate process; nothing is
installed into it. An installation that was cut short is taken up again by the next one: the environment and
pip's cache are kept, and the sentinel that makes it count is written last.

Never imports bpy: the work runs in one thread, and the user interface reads the attributes of
:class:`Installer` and :class:`RuntimeTest` whenever it draws.
"""

from __future__ import annotations

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
from ..wire.client import RuntimeClient, child_environment

OLDEST_PYTHON = (3, 11)
SENTINEL = "installed.json"
# Where the torch wheels come from: name -> (extra pip arguments, free bytes needed, what to call it).
TORCH_SOURCES = {
    "cpu": (("--extra-index-url", "https://download.pytorch.org/whl/cpu"), 3e9, "CPU build"),
    "cuda": (("--extra-index-url", "https://download.pytorch.org/whl/cu130"), 9e9, "CUDA build"),
    "default": ((), 3e9, "pip's own settings"),
}
# Lines of pip's output that mark one package each, and about how many of them a whole installation prints.
_PACKAGE_MARKS = ("Collecting ", "Downloading ", "Using cached ", "Requirement already satisfied")
_EXPECTED_MARKS = 36
_LOG_LINES = 2000
# What the interpreter is asked; it prints one JSON object.
_PROBE = """
import json, platform, sys
found = {"python": platform.python_version()}
for name in ("numpy", "safetensors", "tokenizers", "torch"):
    found[name] = __import__(name).__version__
import torch
found["cuda"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
found["mps"] = bool(torch.backends.mps.is_available())
print(json.dumps(found))
"""


@dataclass(frozen=True)
class InstallPlan:
    """What to install: ``requirements`` into ``folder``, an environment that ``base_python``'s venv module makes."""

    folder: Path
    base_python: Path
    requirements: Path
    torch_source: str = "cpu"

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return environment_python(self.folder)


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


def remove(folder: Path) -> None:
    """Delete the environment in ``folder``. Raises InputError when a file of it is still in use."""
    try:
        (folder / SENTINEL).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise InputError(f"Cannot delete {folder} ({error})", "Close other Blender windows and try again") from error


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


def probe(python: str | Path, timeout: float = 120.0) -> Probe:
    """Ask ``python`` for the packages the runtime needs. Blocks. Raises RuntimeUnavailable naming what is missing."""
    path = check_python(python)
    command = [str(path), "-E", "-s", "-B", "-c", _PROBE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=child_environment(), **_no_window()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeUnavailable(f"{path} does not run ({error})", "Choose a Python with torch installed") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeUnavailable(
            f"{path} cannot run CoAMD: {last}", "Install torch, numpy, safetensors and tokenizers into it"
        )
    return Probe(**json.loads(done.stdout))


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
        """Begin. ``online`` is bpy.app.online_access: raises OfflineError when it is False, before anything is done."""
        if not online:
            raise OfflineError(
                "Online access is off, and installing downloads packages",
                "Turn on Preferences > System > Network > Allow Online Access, or use an existing Python",
            )
        self._thread.start()

    def cancel(self) -> None:
        """Stop the command that runs; what has been downloaded is kept."""
        self._cancelled.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the thread has ended (scripts, tests, unregister)."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._install()
        except CoamdError as error:
            self.error = error
        except (OSError, ValueError) as error:
            self.error = RuntimeUnavailable(f"Installing failed ({error})", "Copy the log, then press Install again")
        self._lines.append(str(self.error) if self.error else f"Done: {self.result}")

    def _install(self) -> None:
        plan = self.plan
        plan.folder.parent.mkdir(parents=True, exist_ok=True)
        (plan.folder / SENTINEL).unlink(missing_ok=True)
        self._enter("Checking Python", 0.0)
        self._check_base()
        self._check_space()
        self._enter("Making the environment", 0.02)
        if not plan.python.exists() or self._command([plan.python, "-c", "import pip"]):
            self._must([plan.base_python, "-E", "-s", "-m", "venv", "--clear", plan.folder], _VENV_HINT)
        self._enter("Downloading packages", 0.06)
        extra, _, _ = TORCH_SOURCES[plan.torch_source]
        pip = [plan.python, "-E", "-s", "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
        pip += ["--disable-pip-version-check", "--only-binary", ":all:", "-r", plan.requirements, *extra]
        self._must(pip, "Check the connection, then press Install again: it goes on where it stopped", self._count)
        self._enter("Testing", 0.95)
        self.result = probe(plan.python)
        found = {"requirements": fingerprint(plan.requirements), "torch": self.result.torch}
        (plan.folder / SENTINEL).write_text(json.dumps(found), encoding="utf-8")
        self._enter("Installed", 1.0)

    def _check_base(self) -> None:
        base = check_python(self.plan.base_python)
        question = f"import sys; sys.exit(sys.version_info[:2] < {OLDEST_PYTHON})"
        if self._command([base, "-E", "-s", "-c", question]):
            oldest = ".".join(map(str, OLDEST_PYTHON))
            raise RuntimeUnavailable(
                f"{base} is not a Python {oldest} or newer", "Choose another Python for the installation"
            )

    def _check_space(self) -> None:
        free, needed = shutil.disk_usage(self.plan.folder.parent).free, TORCH_SOURCES[self.plan.torch_source][1]
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
            self.fraction, self.phase = 0.88, "Unpacking packages"

    def _must(self, command: Sequence[object], hint: str, on_line: Callable[[str], None] | None = None) -> None:
        code = self._command(command, on_line)
        self._enter(self.phase, self.fraction)
        if code:
            lines = [line for line in tuple(self._lines) if line.strip() and not line.startswith("== ")]
            raise RuntimeUnavailable(f"{self.phase} failed: {lines[-1] if lines else code}", hint)

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
            env=child_environment(),
            **_no_window(),
        )
        with self._process as process:
            if self._cancelled.is_set():
                process.terminate()
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
    """Starts a runtime once, in a thread, and keeps what it said: ``running``, ``report`` (one line), ``error``."""

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
        try:
            found = f"{probe(python)}; " if python is not None else ""
            client = RuntimeClient(command, child_environment(), cwd)
            try:
                hello = client.wait_ready()
            finally:
                client.stop()
            self.report = f"{found}runtime {hello.version}, protocol {hello.protocol}"
        except CoamdError as error:
            self.error = error


_VENV_HINT = "Choose a Python that has the venv module (Debian: python3-venv), or use an existing Python"


def _no_window() -> dict[str, int]:
    """Return Popen arguments that keep Windows from opening a console; nothing elsewhere."""
    return {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {}
