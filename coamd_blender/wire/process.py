"""One runtime process and the threads that read it, write to it and keep its log. Nothing here blocks its caller.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from .protocol import FrameDecoder, Malformed, Message, Shutdown, encode, write_bytes

LOG_LINES = 200
SIGN_BYTES = 1 << 18  # of a long frame: so many more are a sign of life, as a whole message is


@dataclass(frozen=True)
class Ended:
    """The process is gone, or never was. ``reason`` completes "The runtime ..."; ``killed``: by a signal 9."""

    reason: str
    killed: bool = False


class Process:
    """One child process and its threads. What it says comes out of ``inbox``; last of all comes an Ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path | None):
        self.inbox: SimpleQueue[Message | Malformed | Ended] = SimpleQueue()
        self.signs = 0  # of life: whole messages, and parts of long ones; noise is none
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
            self.inbox.put(Ended(f"could not be started ({self._command[0]}: {what})"))
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
        self.inbox.put(Ended(_how_it_ended(code), code == -9))

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
        decoder, marked = FrameDecoder(), 0
        while data := popen.stdout.read(1 << 16):
            for item in decoder.feed(data):
                self.inbox.put(item)
                self.signs += not isinstance(item, Malformed)
            if decoder.held - marked >= SIGN_BYTES:
                self.signs, marked = self.signs + 1, decoder.held
            marked = min(marked, decoder.held)
        for item in decoder.close():
            self.inbox.put(item)
        popen.stdout.close()

    def _write(self, popen: subprocess.Popen[bytes]) -> None:
        try:
            while (data := self._outbox.get()) is not None:
                write_bytes(popen.stdin, data)
            popen.stdin.close()
        except (OSError, ValueError) as error:  # the child or the pipe is gone: its reader reports the end
            self.note(f"[client] could not write to the runtime: {error}")

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
