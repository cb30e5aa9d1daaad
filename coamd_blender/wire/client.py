"""Supervises the runtime process (process.py): what was asked and not answered, cancel, silence, restart.

The process is whatever command the user chose: the bundled runtime under a Python that has torch
(:func:`runtime_command`), or a line of their own such as ``ssh host python -m runtime serve``
(:func:`split_command`). Nothing here blocks the caller except :meth:`RuntimeClient.wait_ready` and
:meth:`RuntimeClient.stop`. All methods belong to one thread (Blender's main thread).

A leaf: standard library and numpy only.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np

from ..errors import Cancelled, InputError, RuntimeSilent, RuntimeUnavailable
from . import causes, watch
from .process import Ended, Process
from .protocol import (
    PENDING,
    PROTOCOL_VERSION,
    Alive,
    Cancel,
    Error,
    Hello,
    Malformed,
    Message,
    Progress,
    Request,
    Result,
    Unload,
    encode,
)

PATIENCE = 600.0  # seconds without a step of the work, where the request does not say
_NEXT = "Try again; it starts anew"
_LAST_LINES = 20  # of the log, that tell why a process ended
_KILLED = "Try again; it starts anew. Systems end a program so when memory runs out: "
_BOOTSTRAP = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy; "
    "runpy.run_module('runtime', run_name='__main__', alter_sys=True)"
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

    ``extension_root`` is the folder that holds runtime/ and coamd_blender/: it goes to the head of the module path of
    a Python that is isolated (``-I``), so that nothing lying in the working folder is imported. ``idle_unload`` is the
    seconds without work after which the model's memory is given back, 0 for never.
    """
    return verb_command(python, extension_root, "serve", "--device", device, "--idle-unload", f"{idle_unload:g}")


def verb_command(python: str | Path, extension_root: str | Path, *words: str) -> list[str]:
    """Return the command of a verb of the bundled runtime, ``words``, as :func:`runtime_command` runs its server."""
    return [str(python), "-I", "-B", "-c", _BOOTSTRAP, str(extension_root), *words]


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


class RuntimeClient:
    """One runtime process, started on the first request and again on the next one after it has ended.

    ``failure`` is the last reason why a process ended unasked, as a RuntimeUnavailable; None while all is well. A
    process that fails again and again is started after growing waits; what is asked meanwhile waits with it.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        *,
        hello_timeout: float = 60.0,
        cancel_grace: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        """``environment`` defaults to :func:`child_environment`; ``cwd``, made when missing, is the user folder."""
        self._clock = clock
        self.hello_timeout = hello_timeout
        self.cancel_grace = cancel_grace
        self.failure: RuntimeUnavailable | None = None
        self._command = list(command)
        self._environment = child_environment() if environment is None else dict(environment)
        self._cwd = None if cwd is None else Path(cwd)
        self._process: Process | None = None
        self._watch = watch.Watch(clock())
        self._restarts = watch.Restarts()
        self._held: dict[int, bytes] = {}  # requests that wait for the process to be started again
        self._step: tuple[int, str, int] | None = None  # the last step told: request, phase, number
        self._hello: Hello | None = None
        self._last_log: list[str] = []
        self._last_id = 0
        self._outstanding: dict[int, float] = {}  # request id -> seconds it may go without a step
        self._kill_at: dict[int, float] = {}  # request id -> time by which a cancel must have been answered
        self._kept: list[Message] = []  # taken in by wait_ready, still to be returned by poll

    @property
    def alive(self) -> bool:
        """True while a process has been started and has not ended (as of the last :meth:`poll`)."""
        return self._process is not None

    @property
    def hello(self) -> Hello | None:
        """The last hello of the living process; None until it greets."""
        return self._hello if self._process else None

    @property
    def device(self) -> str:
        """Device the model is on ("cuda", "mps", "cpu"), "pending" before it is loaded, "" without a hello."""
        return self.hello.device if self.hello else ""

    @property
    def loaded(self) -> bool:
        """True while the runtime holds the model in memory."""
        return self.device not in ("", PENDING)

    @property
    def notice(self) -> str:
        """What to tell whoever waits: how long nothing was heard, when it is started again; "" while all is well."""
        if self._process is None and self._held:
            return f"it failed, and starts again in {self._restarts.wait(self._clock()):.0f} s"
        silence = self._watch.silence
        if self._process is None or silence < watch.TOLD_SECONDS:
            return ""
        if self._hello is None:
            return f"no answer for {silence:.0f} s"
        return f"no answer for {silence:.0f} s, ended after {self._longest_silence():.0f} s"

    @property
    def log(self) -> str:
        """The last lines the process wrote to its stderr, for a copy-log button. Kept after it has ended."""
        return "\n".join(self._process.log_lines() if self._process else self._last_log)

    def start(self) -> None:
        """Start the process unless it is alive. Returns at once; what goes wrong is reported by :meth:`poll`."""
        if self._process is None:
            self.failure, self._hello, self._step = None, None, None
            self._watch = watch.Watch(self._clock())
            self._process = Process(self._command, self._environment, self._cwd)
            for data in self._held.values():
                self._process.send(data)
            self._held.clear()

    def wait_ready(self, timeout: float | None = None) -> Hello:
        """Block until the process has greeted ("Test runtime" button, scripts) and return its hello.

        Raises RuntimeUnavailable when it ends first, or after ``timeout`` (default ``hello_timeout``) seconds.
        """
        self.start()
        deadline = self._clock() + (self.hello_timeout if timeout is None else timeout)
        while self.hello is None:
            self._kept = self.poll()
            if self.failure is not None:
                raise self.failure
            if self._clock() > deadline:
                raise self._no_hello()
            time.sleep(0.01)
        return self.hello

    def request(
        self,
        task: str,
        fields: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray] | None = None,
        patience: float = PATIENCE,
    ) -> int:
        """Send a request, starting the process when needed, and return its id. Never blocks.

        ``patience``: for how many seconds the work may do no step before it is given up, and the process with it.
        ``arrays`` have whatever shape and unit the request's class says. Raises ProtocolError for fields JSON cannot
        hold and for arrays over the frame's bounds.
        """
        data = encode(Request(self._last_id + 1, task, dict(fields), dict(arrays or {})))
        self._last_id += 1
        self._kept = self.poll()  # a process that ended unnoticed must not be asked
        self._outstanding[self._last_id] = patience
        if self._process is not None:
            self._process.send(data)
        else:
            self._held[self._last_id] = data
            self._start_held()
        return self._last_id

    def _start_held(self) -> None:
        """Start the process for the requests that wait for it, once it may be."""
        if self._held and self._process is None and self._restarts.wait(self._clock()) == 0.0:
            self.start()

    def poll(self) -> list[Message]:
        """Return what arrived since the last call, never blocking. Every request ends in one Result or one Error.

        An Error with code ``no_runtime`` says that the process ended or never greeted; its hint has the remedy.
        """
        messages, self._kept = self._kept, []
        self._start_held()
        while (process := self._process) is not None:
            try:
                item = process.inbox.get_nowait()
            except Empty:
                break
            messages += self._take(process, item)
        return messages + self._check_clock()

    def cancel(self, request_id: int) -> None:
        """Ask for a request to be stopped; unanswered after ``cancel_grace`` seconds, the process is killed."""
        if request_id not in self._outstanding:
            return
        if self._process is None:  # it waits to be started again
            del self._outstanding[request_id], self._held[request_id]
            self._kept.append(Error.of(request_id, Cancelled()))
            return
        self._process.send(encode(Cancel(request_id)))
        self._kill_at.setdefault(request_id, self._clock() + self.cancel_grace)

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

    def _take(self, process: Process, item: Message | Malformed | Ended) -> list[Message]:
        """Update the state by one item from the process; return the messages it means for the caller."""
        if isinstance(item, Ended):
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
            self._hello = item
            return [item]
        if isinstance(item, (Result, Error)):
            return self._end(item)
        if isinstance(item, Progress) and item.id in self._outstanding:
            self._note_step((item.id, item.phase, item.step))
            return [item]
        if not isinstance(item, (Alive, Progress)):
            process.note(f"[client] a {item.type} came from the runtime and is not for this side")
        return []

    def _note_step(self, step: tuple[int, str, int]) -> None:
        """Note how far the work is; the same step again is no progress."""
        if step != self._step:
            self._step = step
            self._watch.step()

    def _end(self, answer: Result | Error) -> list[Message]:
        """Note the answer to a request. An error that belongs to no request goes to the log."""
        self._kill_at.pop(answer.id, None)
        if answer.id in self._outstanding:
            del self._outstanding[answer.id]
            self._watch.step()
            self._restarts.answered()
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
        self._held.clear()
        return answers

    def _lose(self, error: RuntimeUnavailable) -> list[Message]:
        """Kill what is left of a process that is of no more use, and end every request with ``error``."""
        self.failure = error
        self._restarts.failed(self._clock())
        self._process.kill()
        self._forget_process()
        return self._end_all(error)

    def _forget_process(self) -> None:
        self._last_log = self._process.log_lines()
        self._process = None

    def _check_clock(self) -> list[Message]:
        """Kill a process that does not greet, does not stop when asked, is silent, or does not go on."""
        if self._process is None:
            return []
        now = self._clock()
        self._watch.tick(now, self._process.signs, bool(self._outstanding))
        if self.hello is None:
            return self._lose(self._no_hello()) if self._watch.age > self.hello_timeout else []
        if self._kill_at and now > min(self._kill_at.values()):
            return self._lose(RuntimeUnavailable("The runtime was ended because it did not stop when asked", _NEXT))
        if self._watch.silence > self._longest_silence():
            text = f"The runtime gave no sign of life for {self._watch.silence:.0f} seconds and was ended"
            return self._lose(RuntimeSilent(text, f"{_NEXT}. If it happens again, look at the machine's memory"))
        if self._outstanding and self._watch.stall > min(self._outstanding.values()):
            text = f"The runtime did not go on for {self._watch.stall:.0f} seconds and was ended"
            return self._lose(RuntimeSilent(text, f"{_NEXT}. If it happens again, ask for less at once"))
        return []

    def _longest_silence(self) -> float:
        loading = not self.loaded or (self._step is not None and self._step[1] == "loading")
        return watch.LOADING_SECONDS if loading else watch.SILENT_SECONDS

    def _no_hello(self) -> RuntimeUnavailable:
        last = _last_words(self._process.log_lines())
        return RuntimeUnavailable(
            f"The runtime did not answer within {self.hello_timeout:g} seconds of its start{last}",
            "Check the interpreter or command in the add-on's preferences; it must run: python -m runtime serve",
        )

    def _ended_error(self, process: Process, ended: Ended) -> RuntimeUnavailable:
        lines = process.log_lines()
        told = causes.cause(lines[-_LAST_LINES:])
        if told is not None:
            return RuntimeUnavailable(f"The runtime {ended.reason}: {told.reason}{_last_words(lines)}", told.remedy)
        if ended.killed:
            return RuntimeUnavailable(f"The runtime {ended.reason}", f"{_KILLED}{causes.MEMORY.remedy}")
        hint = "Generate again; it starts anew. If it happens again, ask for fewer variants, or read its log"
        if self.hello is None:
            hint = "Press Install Runtime in the add-on's preferences, or choose a Python that has torch and numpy"
        return RuntimeUnavailable(f"The runtime {ended.reason}{_last_words(lines)}", hint)


def _last_words(lines: Sequence[str]) -> str:
    """Return the last line a process wrote, as the end of a sentence."""
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {words[:200]}" if words else ""
