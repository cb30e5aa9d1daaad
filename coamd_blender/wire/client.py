"""Starts and supervises the runtime process: reader, writer and log threads, queues, cancel, restart.

The process is whatever command the user chose: the bundled runtime under a Python that has torch
(:func:`runtime_command`), or a line of their own such as ``ssh host python -m runtime serve``
(:func:`split_command`). Nothing here blocks the caller except :meth:`RuntimeClient.wait_ready` and
:meth:`RuntimeClient.stop`. All methods belong to one thread (Blender's main thread).

A leaf: standard library and numpy only.
"""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from ..errors import Cancelled, InputError, RuntimeUnavailable
from .protocol import (
    PENDING,
    PROTOCOL_VERSION,
    Cancel,
    Error,
    FrameDecoder,
    Hello,
    Malformed,
    Message,
    Progress,
    Request,
    Result,
    Shutdown,
    Unload,
    encode,
    write_bytes,
)

LOG_LINES = 200
_BOOTSTRAP = (
    "import runpy, sys; sys.path[0] = sys.argv.pop(1); runpy.run_module('runtime', run_name='__main__', alter_sys=True)"
)


def child_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for the runtime: ``base`` (default os.environ) without what would redirect its Python.

    Blender's own PYTHON* variables point at Blender's packages; macOS framework builds hand their
    interpreter on in __PYVENV_LAUNCHER__.
    """
    base = os.environ if base is None else base
    return {
        name: value
        for name, value in base.items()
        if not name.upper().startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }


def runtime_command(
    python: str | Path, extension_root: str | Path, device: str = "auto", idle_unload: float = 600.0
) -> list[str]:
    """Return the command that serves the bundled runtime under ``python``.

    ``extension_root`` is the folder that holds runtime/ and coamd_blender/. It replaces the working folder
    at the head of the child's module path, so that nothing lying in the user folder is imported; ``-I`` would
    find no package at all. ``idle_unload`` is the seconds without work after which the model's memory is given
    back, 0 for never.
    """
    options = ["serve", "--device", device, "--idle-unload", f"{idle_unload:g}"]
    return [str(python), "-E", "-s", "-B", "-c", _BOOTSTRAP, str(extension_root), *options]


def split_command(line: str) -> list[str]:
    """Split a user's own command line into words, quotes respected, Windows' backslashes kept.

    Raises InputError when it is empty or a quote is left open.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if os.name == "nt":
        lexer.escape = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise InputError(f"The runtime command {line!r} has an open quote", "Close the quote") from error
    if not words:
        raise InputError("The runtime command is empty", "Enter one, such as: ssh host python -m runtime serve")
    return words


@dataclass(frozen=True)
class _Ended:
    """The process is gone, or never was. ``reason`` completes "The runtime ..."."""

    reason: str


class _Process:
    """One child process and its threads. What it says comes out of ``inbox``; last of all comes an _Ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path | None):
        self.inbox: SimpleQueue[Message | Malformed | _Ended] = SimpleQueue()
        self.started = time.monotonic()
        self.hello: Hello | None = None
        self._command, self._environment, self._cwd = list(command), dict(environment), cwd
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._lock = threading.Lock()
        self._popen: subprocess.Popen[bytes] | None = None
        self._kill_asked = False
        self._supervisor = threading.Thread(target=self._run, name="coamd-runtime", daemon=True)
        self._supervisor.start()

    def send(self, data: bytes) -> None:
        """Queue ``data`` for the child's stdin."""
        self._outbox.put(data)

    def note(self, line: str) -> None:
        """Add a line to the log."""
        self._log.append(line)

    def log_lines(self) -> list[str]:
        """Return the last lines of the child's stderr, oldest first."""
        return list(self._log.copy())

    def kill(self) -> None:
        """End the child and its children now, or as soon as it has been started."""
        with self._lock:
            self._kill_asked = True
            if self._popen is not None:
                _kill(self._popen)

    def stop(self, timeout: float) -> None:
        """Ask the child to end; kill it after ``timeout`` seconds."""
        self.send(encode(Shutdown()))
        self._outbox.put(None)
        self._supervisor.join(timeout)
        if self._supervisor.is_alive():
            self.kill()
            self._supervisor.join(1.0)

    def _run(self) -> None:
        try:
            popen = self._spawn()
        except (OSError, ValueError) as error:  # ValueError: a null character in a word
            what = getattr(error, "strerror", None) or str(error)
            self.inbox.put(_Ended(f"could not be started ({self._command[0]}: {what})"))
            return
        with self._lock:
            self._popen = popen
            if self._kill_asked:
                _kill(popen)
        logger = threading.Thread(target=self._read_log, args=(popen,), name="coamd-log", daemon=True)
        writer = threading.Thread(target=self._write, args=(popen,), name="coamd-write", daemon=True)
        logger.start()
        writer.start()
        self._read(popen)
        code = _reap(popen)
        self._outbox.put(None)
        logger.join(1.0)
        writer.join(1.0)
        self.inbox.put(_Ended(_how_it_ended(code)))

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._cwd is not None:
            self._cwd.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=self._environment,
            cwd=self._cwd,
            start_new_session=os.name == "posix",  # so that kill() reaches a wrapper's children
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def _read(self, popen: subprocess.Popen[bytes]) -> None:
        decoder = FrameDecoder()
        while data := popen.stdout.read(1 << 16):
            for item in decoder.feed(data):
                self.inbox.put(item)
        for item in decoder.close():
            self.inbox.put(item)
        popen.stdout.close()

    def _write(self, popen: subprocess.Popen[bytes]) -> None:
        try:
            while (data := self._outbox.get()) is not None:
                write_bytes(popen.stdin, data)
            popen.stdin.close()
        except OSError as error:  # the child is gone: its reader reports the end
            self.note(f"[client] could not write to the runtime: {error.strerror}")

    def _read_log(self, popen: subprocess.Popen[bytes]) -> None:
        with io.BufferedReader(popen.stderr) as lines:
            while line := lines.readline(4096):
                self.note(line.decode("utf-8", "replace").rstrip())


def _kill(popen: subprocess.Popen[bytes]) -> None:
    if popen.returncode is not None:  # its number may be another process's by now
        return
    if os.name == "posix":
        try:
            os.killpg(popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended by itself
    else:
        popen.kill()


def _reap(popen: subprocess.Popen[bytes]) -> int:
    """Wait for a child that has closed its stdout; one that lingers for 5 s is killed."""
    try:
        return popen.wait(5.0)
    except subprocess.TimeoutExpired:
        _kill(popen)
        return popen.wait()


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was killed by signal {-code}"
    return "ended" if code == 0 else f"ended with exit code {code}"


class RuntimeClient:
    """One runtime process, started on the first request and again on the next one after it has ended.

    ``failure`` is the last reason why a process ended unasked, as a RuntimeUnavailable; None while all is well.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        *,
        hello_timeout: float = 60.0,
        cancel_grace: float = 2.0,
    ):
        """``environment`` defaults to :func:`child_environment`; ``cwd``, made when missing, is the user folder."""
        self.hello_timeout = hello_timeout
        self.cancel_grace = cancel_grace
        self.failure: RuntimeUnavailable | None = None
        self._command = list(command)
        self._environment = child_environment() if environment is None else dict(environment)
        self._cwd = None if cwd is None else Path(cwd)
        self._process: _Process | None = None
        self._last_log: list[str] = []
        self._last_id = 0
        self._outstanding: set[int] = set()
        self._kill_at: dict[int, float] = {}  # request id -> time by which a cancel must have been answered
        self._kept: list[Message] = []  # taken in by wait_ready, still to be returned by poll

    @property
    def alive(self) -> bool:
        """True while a process has been started and has not ended (as of the last :meth:`poll`)."""
        return self._process is not None

    @property
    def hello(self) -> Hello | None:
        """The last hello of the living process; None until it greets."""
        return self._process.hello if self._process else None

    @property
    def device(self) -> str:
        """Device the model is on ("cuda", "mps", "cpu"), "pending" before it is loaded, "" without a hello."""
        return self.hello.device if self.hello else ""

    @property
    def loaded(self) -> bool:
        """True while the runtime holds the model in memory."""
        return self.device not in ("", PENDING)

    @property
    def log(self) -> str:
        """The last lines the process wrote to its stderr, for a copy-log button. Kept after it has ended."""
        return "\n".join(self._process.log_lines() if self._process else self._last_log)

    def start(self) -> None:
        """Start the process unless it is alive. Returns at once; what goes wrong is reported by :meth:`poll`."""
        if self._process is None:
            self.failure = None
            self._process = _Process(self._command, self._environment, self._cwd)

    def wait_ready(self, timeout: float | None = None) -> Hello:
        """Block until the process has greeted ("Test runtime" button, scripts) and return its hello.

        Raises RuntimeUnavailable when it ends first, or after ``timeout`` (default ``hello_timeout``) seconds.
        """
        self.start()
        deadline = time.monotonic() + (self.hello_timeout if timeout is None else timeout)
        while self.hello is None:
            self._kept = self.poll()
            if self.failure is not None:
                raise self.failure
            if time.monotonic() > deadline:
                raise self._no_hello()
            time.sleep(0.01)
        return self.hello

    def request(self, task: str, fields: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> int:
        """Send a request, starting the process when needed, and return its id. Never blocks.

        Raises ProtocolError for fields JSON cannot hold and for arrays over the frame's bounds.
        """
        data = encode(Request(self._last_id + 1, task, dict(fields), dict(arrays or {})))
        self._last_id += 1
        self._kept = self.poll()  # a process that ended unnoticed must not be asked
        self.start()
        self._outstanding.add(self._last_id)
        self._process.send(data)
        return self._last_id

    def poll(self) -> list[Message]:
        """Return what arrived since the last call, never blocking. Every request ends in one Result or one Error.

        An Error with code ``no_runtime`` says that the process ended or never greeted; its hint has the remedy.
        """
        messages, self._kept = self._kept, []
        while (process := self._process) is not None:
            try:
                item = process.inbox.get_nowait()
            except Empty:
                break
            messages += self._take(process, item)
        return messages + self._check_clock()

    def cancel(self, request_id: int) -> None:
        """Ask for a request to be stopped; unanswered after ``cancel_grace`` seconds, the process is killed."""
        if self._process is not None and request_id in self._outstanding:
            self._process.send(encode(Cancel(request_id)))
            self._kill_at.setdefault(request_id, time.monotonic() + self.cancel_grace)

    def unload(self) -> None:
        """Ask the runtime to give the model's memory back. Does nothing without a living process."""
        if self._process is not None:
            self._process.send(encode(Unload()))

    def stop(self, timeout: float = 2.0) -> None:
        """Ask the process to end, and kill it when it has not after ``timeout`` seconds.

        Requests not yet answered end as cancelled; :meth:`poll` still returns their errors.
        """
        if self._process is not None:
            self._process.stop(timeout)
            self._forget_process()
            self._kept += self._end_all(Cancelled())

    def _take(self, process: _Process, item: Message | Malformed | _Ended) -> list[Message]:
        """Update the state by one item from the process; return the messages it means for the caller."""
        if isinstance(item, _Ended):
            return self._lose(self._ended_error(process, item))
        if isinstance(item, Malformed):
            process.note(f"[client] {item.error}")
            return self._end(Error.of(item.id, item.error)) if item.id in self._outstanding else []
        if isinstance(item, Hello):
            if item.protocol != PROTOCOL_VERSION:
                return self._lose(
                    RuntimeUnavailable(
                        f"The runtime speaks protocol {item.protocol} and this add-on {PROTOCOL_VERSION}",
                        f"Install the same version of both (the runtime is {item.version})",
                    )
                )
            process.hello = item
            return [item]
        if isinstance(item, (Result, Error)):
            return self._end(item)
        return [item] if isinstance(item, Progress) and item.id in self._outstanding else []

    def _end(self, answer: Result | Error) -> list[Message]:
        """Note the answer to a request. An error that belongs to no request goes to the log."""
        self._kill_at.pop(answer.id, None)
        if answer.id in self._outstanding:
            self._outstanding.discard(answer.id)
            return [answer]
        if isinstance(answer, Error) and self._process is not None:
            self._process.note(f"[runtime] {answer.exception()}")
        return []

    def _end_all(self, error: RuntimeUnavailable | Cancelled) -> list[Message]:
        answers = [
            Error.of(request_id, Cancelled() if request_id in self._kill_at else error)
            for request_id in sorted(self._outstanding)
        ]
        self._outstanding.clear()
        self._kill_at.clear()
        return answers

    def _lose(self, error: RuntimeUnavailable) -> list[Message]:
        """Kill what is left of a process that is of no more use, and end every request with ``error``."""
        self.failure = error
        self._process.kill()
        self._forget_process()
        return self._end_all(error)

    def _forget_process(self) -> None:
        self._last_log = self._process.log_lines()
        self._process = None

    def _check_clock(self) -> list[Message]:
        """Kill a process that does not greet, or does not stop when asked."""
        if self._process is None:
            return []
        now = time.monotonic()
        if self._process.hello is None and now - self._process.started > self.hello_timeout:
            return self._lose(self._no_hello())
        if self._kill_at and now > min(self._kill_at.values()):
            return self._lose(
                RuntimeUnavailable(
                    "The runtime was ended because it did not stop when asked", "Generate again; it starts anew"
                )
            )
        return []

    def _no_hello(self) -> RuntimeUnavailable:
        last = _last_words(self._process.log_lines())
        return RuntimeUnavailable(
            f"The runtime did not answer within {self.hello_timeout:g} seconds of its start{last}",
            "Check the interpreter or command in the add-on's preferences; it must run: python -m runtime serve",
        )

    def _ended_error(self, process: _Process, ended: _Ended) -> RuntimeUnavailable:
        lines = process.log_lines()
        hint = "Generate again; it starts anew. If it happens again, ask for fewer variants, or read its log"
        if process.hello is None:
            hint = "Press Install Runtime in the add-on's preferences, or choose a Python that has torch and numpy"
        return RuntimeUnavailable(f"The runtime {ended.reason}{_last_words(lines)}", hint)


def _last_words(lines: Sequence[str]) -> str:
    """Return the last line a process wrote, as the end of a sentence."""
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {words[:200]}" if words else ""
