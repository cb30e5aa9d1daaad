"""The runtime's side of the wire: decode, dispatch, encode. No maths, and no heavy imports.

One thread reads, one works, one beats. Hello goes out before anything heavy is imported, with the device "pending";
the worker then loads the model and says hello again with the device it is on. Requests wait in line.

* Cancel: a waiting request is answered at once, a running one at its next step, where ``report`` raises
  :class:`~coamd_blender.errors.Cancelled`.
* Malformed bytes are answered by an Error and skipped. The end of the input, or a client that no longer
  reads, ends the server.
* Every BEAT_SECONDS a third thread says that the process is alive, for as long as the worker is. It ends the process
  when whoever started it is gone: the input does not always end then, since others may hold it open.
* After ``idle_seconds`` without work the model is unloaded; the next request loads it again.

The process's stdout belongs to the protocol alone: :func:`take_over_stdio`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any, BinaryIO, Protocol

import numpy as np

from coamd_blender.errors import Cancelled, CoamdError, InputError, ProtocolError, RuntimeUnavailable
from coamd_blender.wire import protocol
from coamd_blender.wire.protocol import PENDING, PROTOCOL_VERSION, VERSION, Error, Hello, Progress, Request, Result

PREVIEW_INTERVAL = 0.1  # seconds; decoding each of 12 coarse motions takes a fifth of a short job's time
FAREWELL_SECONDS = 5.0  # how long the work in hand may take to notice that the server ends

Fields = dict[str, Any]
Arrays = dict[str, np.ndarray]
# report(phase, step, total, preview): raises Cancelled to stop the work; preview() gives coarse joints
Report = Callable[[str, int, int, Callable[[], np.ndarray] | None], None]


class Tasks(Protocol):
    """What a server serves. Its methods are called from one thread only; they raise CoamdError."""

    names: tuple[str, ...]

    def load(self) -> str:
        """Import and load what the tasks need, unless it is loaded; return the device's kind, such as "cpu"."""

    def unload(self) -> None:
        """Give the memory back."""

    def run(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        """Do ``task``, one of ``names``, calling ``report`` after every step; return the result's fields and arrays."""


def take_over_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Keep the process's stdin and stdout for the protocol; return them raw and binary.

    Afterwards file descriptor 0 reads nothing and 1 writes to stderr, for Python and for C libraries alike: a
    library's print cannot corrupt the wire, and on Windows a DLL that looks at stdin while a thread reads from
    it does not hang.
    """
    sys.stdout.flush()
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if os.name == "nt":
        import msvcrt

        for descriptor in (stdin, stdout):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return os.fdopen(stdin, "rb", buffering=0), os.fdopen(stdout, "wb", buffering=0)


def serve(
    tasks: Tasks,
    stdin: BinaryIO,
    stdout: BinaryIO,
    idle_seconds: float = 0.0,
    orphaned: Callable[[], bool] = lambda: False,
    beat_seconds: float = protocol.BEAT_SECONDS,
) -> bool:
    """Serve ``tasks`` until the input ends or a shutdown comes. ``stdin`` and ``stdout`` are raw binary streams.

    ``idle_seconds`` of 0 never unloads. ``orphaned()`` says that whoever started the process is gone: it is ended then,
    whatever it does. Returns False when the work in hand could not be stopped in time, so
    that the process should be ended without waiting for it.
    """
    return _Server(tasks, stdin, stdout, idle_seconds, orphaned, beat_seconds).run()


@dataclass(eq=False)
class _Work:
    """A request in hand. ``started`` and ``answered`` are read and written under the server's lock."""

    request: Request
    cancelled: threading.Event = field(default_factory=threading.Event)
    started: bool = False
    previewed: float = 0.0  # when the last preview was sent


class _Server:
    def __init__(
        self,
        tasks: Tasks,
        stdin: BinaryIO,
        stdout: BinaryIO,
        idle_seconds: float,
        orphaned: Callable[[], bool],
        beat_seconds: float,
    ):
        self._tasks = tasks
        self._stdin, self._stdout = stdin, stdout
        self._idle_seconds = idle_seconds if idle_seconds > 0 else None
        self._queue: Queue[_Work | protocol.Unload | None] = Queue()
        self._in_hand: dict[int, _Work] = {}
        self._device = PENDING
        self._lock = threading.Lock()  # of _in_hand
        self._write_lock = threading.Lock()
        self._client_gone = threading.Event()
        self._ended = threading.Event()
        self._orphaned, self._beat_seconds = orphaned, beat_seconds

    def run(self) -> bool:
        self._greet(PENDING)
        worker = threading.Thread(target=self._work, name="worker", daemon=True)
        worker.start()
        threading.Thread(target=self._beat, args=(worker,), name="beat", daemon=True).start()
        self._read()
        self._ended.set()
        with self._lock:
            for work in self._in_hand.values():
                work.cancelled.set()
        self._queue.put(None)
        worker.join(FAREWELL_SECONDS)
        return not worker.is_alive()

    # The reader

    def _read(self) -> None:
        decoder = protocol.FrameDecoder()
        while not self._client_gone.is_set() and (data := self._stdin.read(1 << 16)):
            for message in decoder.feed(data):
                if isinstance(message, protocol.Shutdown):
                    return
                self._dispatch(message)
        for malformed in decoder.close():
            self._log(str(malformed.error))

    def _dispatch(self, message: protocol.Message | protocol.Malformed) -> None:
        if isinstance(message, Request):
            self._accept(message)
        elif isinstance(message, protocol.Cancel):
            self._cancel(message.id)
        elif isinstance(message, protocol.Unload):
            self._queue.put(message)
        elif isinstance(message, protocol.Malformed):
            self._send(Error.of(message.id, message.error))
        else:
            error = ProtocolError(
                f"A {message.type} is not for the runtime", "Send request, cancel, unload or shutdown"
            )
            self._send(Error.of(0, error))

    def _accept(self, request: Request) -> None:
        problem = None
        work = _Work(request)
        with self._lock:
            if request.task not in self._tasks.names:
                known = ", ".join(self._tasks.names)
                problem = InputError(f"The runtime has no task {request.task!r}", f"Ask for one of: {known}")
            elif request.id < 1 or request.id in self._in_hand:
                problem = InputError(f"The request id {request.id} is in use", "Count ids upwards from 1")
            else:
                self._in_hand[request.id] = work
        if problem is not None:
            self._send(Error.of(request.id, problem))
        else:
            self._queue.put(work)

    def _cancel(self, request_id: int) -> None:
        with self._lock:
            work = self._in_hand.get(request_id)
            if work is None:
                return  # answered already
            work.cancelled.set()
            if work.started:
                return  # answered at its next step
            del self._in_hand[request_id]
        self._send(Error.of(request_id, Cancelled()))

    # The beat

    def _beat(self, worker: threading.Thread) -> None:
        """Say that the worker is alive for as long as it is, and end the process once it is an orphan."""
        while not self._ended.wait(self._beat_seconds) and worker.is_alive():
            if self._orphaned():
                self._log("Whoever started the runtime is gone: it ends too")
                os._exit(0)  # the reader waits for input that others hold open, the worker is in the middle of a step
            self._send(protocol.Alive())

    # The worker

    def _work(self) -> None:
        try:
            self._load()
        except CoamdError as error:  # said again to whoever asks for work
            self._log(str(error))
        while True:
            try:
                item = self._queue.get(timeout=self._idle_seconds)
            except Empty:
                self._unload()
                continue
            if item is None:
                return
            if isinstance(item, _Work):
                self._answer(item)
            elif self._device == PENDING:
                self._greet(PENDING)
            else:
                self._unload()

    def _answer(self, work: _Work) -> None:
        """Do one request and send its one answer, unless it was cancelled while it waited."""
        request_id = work.request.id
        try:
            if self._device == PENDING and not work.cancelled.is_set():
                self._send(Progress(request_id, "loading", 0, 0))
                self._load()
            with self._lock:
                if request_id not in self._in_hand:
                    return
                work.started = True
            result = Result(request_id, *self._run(work))
            answer = self._guarded(lambda: protocol.encode(result))  # which may have no room, or cannot be sent
        except CoamdError as error:
            answer = protocol.encode(Error.of(request_id, error))  # always can: errors.LONGEST
        with self._lock:
            if self._in_hand.pop(request_id, None) is None:
                return
        self._send_bytes(answer)

    def _load(self) -> None:
        if self._device == PENDING:
            device = self._guarded(self._tasks.load)
            self._greet(device)

    def _run(self, work: _Work) -> tuple[Fields, Arrays]:
        request = work.request

        def report(phase: str, step: int, total: int, preview: Callable[[], np.ndarray] | None = None) -> None:
            if work.cancelled.is_set() or self._client_gone.is_set():
                raise Cancelled
            arrays: Arrays = {}
            if preview is not None and step < total and time.monotonic() - work.previewed >= PREVIEW_INTERVAL:
                arrays["preview"] = preview()
                work.previewed = time.monotonic()
            self._send(Progress(request.id, phase, step, total, arrays))

        return self._guarded(lambda: self._tasks.run(request.task, request.fields, request.arrays, report))

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """Call ``work``; whatever it raises becomes a CoamdError, so that one bad request does not end the server."""
        try:
            return work()
        except CoamdError:
            raise
        except ImportError as error:
            traceback.print_exc(file=sys.stderr)
            raise RuntimeUnavailable(
                f"The runtime's Python lacks something it needs: {error}",
                "Press Install Runtime in the add-on's preferences, or choose a Python that has torch and numpy",
            ) from error
        except Exception as error:  # the log has the traceback
            traceback.print_exc(file=sys.stderr)
            memory = isinstance(error, MemoryError) or "out of memory" in str(error).lower()
            hint = "Ask for fewer variants, or set the device to cpu" if memory else "The runtime's log has the details"
            raise CoamdError(f"The runtime failed: {type(error).__name__}: {error}", hint) from error

    def _unload(self) -> None:
        if self._device == PENDING:
            return
        try:
            self._guarded(self._tasks.unload)
        except CoamdError as error:
            self._log(str(error))
        self._greet(PENDING)

    # Both threads

    def _greet(self, device: str) -> None:
        self._device = device
        self._send(Hello(PROTOCOL_VERSION, VERSION, device, tuple(self._tasks.names)))

    def _send(self, message: protocol.Message) -> None:
        self._send_bytes(protocol.encode(message))

    def _send_bytes(self, data: bytes) -> None:
        try:
            with self._write_lock:
                protocol.write_bytes(self._stdout, data)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed on our side
            if not self._client_gone.is_set():
                self._client_gone.set()
                self._log(f"The client no longer reads: {error}")

    def _log(self, line: str) -> None:
        print(f"[runtime] {line}", file=sys.stderr, flush=True)
