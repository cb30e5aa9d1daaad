"""Stand-ins: tasks that need no weights, a server on pipes, and a runtime process that can be told to misbehave."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.wire import protocol
from coamd_blender.wire.protocol import Alive, FrameDecoder, Hello, encode, write_bytes
from runtime.serve import parent
from runtime.serve.server import serve, take_over_stdio

ROOT = Path(__file__).resolve().parent.parent
FRAMES = 8


def fake_joints(seeds: list[int]) -> np.ndarray:
    """Joints (len(seeds), FRAMES, 22, 3) float32 in which every number is the seed of its motion."""
    return np.repeat(np.array(seeds, np.float32), FRAMES * 66).reshape(len(seeds), FRAMES, 22, 3)


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeTasks:
    """``generate`` takes ``steps`` steps of ``step_seconds``; the other tasks go wrong in one way each."""

    names = ("generate", "refuse", "break", "die", "print", "stall")

    def __init__(self, load_seconds: float = 0.0):
        self.load_seconds = load_seconds
        self.loads = self.unloads = 0
        self.steps_done = 0

    def load(self) -> str:
        time.sleep(self.load_seconds)
        self.loads += 1
        return "cpu"

    def unload(self) -> None:
        self.unloads += 1

    def run(self, task, fields, arrays, report):
        if task == "refuse":
            raise InputError("The prompt is empty", "Write one")
        if task == "break":
            return {}[fields["missing"]]
        if task == "die":
            os._exit(7)
        if task == "print":
            print("a library prints to sys.stdout")
            os.write(1, b"and another one to file descriptor 1\n")
        if task == "stall":
            time.sleep(60)
        steps = fields.get("steps", 3)
        joints = fake_joints(fields.get("seeds", [1]))
        for step in range(1, steps + 1):
            time.sleep(fields.get("step_seconds", 0.0))
            self.steps_done += 1
            report("sampling", step, steps, lambda: joints / 2)
        return {"fps": 20}, {"joints": joints, **arrays}


class ServerOnPipes:
    """``serve`` in a thread of this process, talked to as a client would: a context manager."""

    def __init__(self, tasks, idle_seconds: float = 0.0, beat_seconds: float = 2.0):
        server_in, self._to_server = os.pipe()
        from_server, server_out = os.pipe()
        self._stdin = os.fdopen(self._to_server, "wb", buffering=0)
        self._stdout = os.fdopen(from_server, "rb", buffering=0)
        streams = os.fdopen(server_in, "rb", buffering=0), os.fdopen(server_out, "wb", buffering=0)
        self.messages: SimpleQueue[protocol.Message | protocol.Malformed] = SimpleQueue()
        self.beats = threading.Semaphore(0)
        self.clean: bool | None = None  # what serve returned
        self._server = threading.Thread(
            target=self._serve, args=(tasks, *streams, idle_seconds, beat_seconds), daemon=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> ServerOnPipes:
        self._server.start()
        self._reader.start()
        return self

    def __exit__(self, *_) -> None:
        self.hang_up()
        self._reader.join(5)

    def _serve(self, tasks, stdin, stdout, idle_seconds: float, beat_seconds: float) -> None:
        with stdin, stdout:
            self.clean = serve(tasks, stdin, stdout, idle_seconds, beat_seconds=beat_seconds)

    def _read(self) -> None:
        decoder = FrameDecoder()
        with self._stdout:
            while data := self._stdout.read(1 << 16):
                for message in decoder.feed(data):
                    if isinstance(message, Alive):
                        self.beats.release()
                    else:
                        self.messages.put(message)

    def send(self, message: protocol.Message) -> None:
        write_bytes(self._stdin, encode(message))

    def send_bytes(self, data: bytes) -> None:
        write_bytes(self._stdin, data)

    def hang_up(self, timeout: float = 60.0) -> bool:
        """Close the server's input; True when the server has returned in time."""
        self._stdin.close()
        self._server.join(timeout)
        return not self._server.is_alive()

    def next(self, kind: type, timeout: float = 60.0):
        """The next message of class ``kind``, others skipped; AssertionError when none comes in time."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = self.messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no {kind.__name__} within {timeout} s") from None
            if isinstance(message, kind):
                return message


def fake_runtime(mode: str = "serve") -> tuple[list[str], dict[str, str]]:
    """Command and environment of a runtime process without weights; ``mode`` is one of :data:`MODES`."""
    return [sys.executable, str(Path(__file__)), mode], {**os.environ, "PYTHONPATH": str(ROOT)}


def _serve(load_seconds: float = 0.0) -> None:
    serve(FakeTasks(load_seconds), *take_over_stdio())


def _banner() -> None:
    sys.stdout.write("Welcome to render-node-7!\nLast login: yesterday\n")
    _serve()


def _crash() -> None:
    sys.exit("ModuleNotFoundError: No module named 'torch'")


def _old() -> None:
    write_bytes(take_over_stdio()[1], encode(Hello(0, "0.0.1", "cpu")))
    time.sleep(60)


def _orphan() -> None:
    """Serve, as the child of a process that ends once the child knows its parent; the pipes stay open."""
    ready, tell = os.pipe()
    if os.fork():
        os.read(ready, 1)
        os._exit(0)
    orphaned = parent.watch()
    os.write(tell, b"!")
    serve(FakeTasks(), *take_over_stdio(), orphaned=orphaned, beat_seconds=0.05)


def _noise() -> None:
    """Greet, then write without end what is not a frame."""
    output = take_over_stdio()[1]
    write_bytes(output, encode(Hello(protocol.PROTOCOL_VERSION, "0", "cpu")))
    while True:
        write_bytes(output, b"spam and eggs" * 100)
        time.sleep(0.005)


def _promise() -> None:
    """Greet, then begin a frame of 60 MB, and say no more."""
    output = take_over_stdio()[1]
    write_bytes(output, encode(Hello(protocol.PROTOCOL_VERSION, "0", "cpu")))
    write_bytes(output, protocol.MAGIC + (500).to_bytes(4, "little") + (60 << 20).to_bytes(4, "little") + bytes(1000))
    time.sleep(600)


def _silent() -> None:
    print("still importing", file=sys.stderr, flush=True)
    time.sleep(60)


MODES = {
    "serve": _serve,
    "slow_load": lambda: _serve(1.0),
    "banner": _banner,  # text on stdout before the first frame, as a login shell writes it
    "crash": _crash,  # ends before its hello
    "old": _old,  # another version of the protocol
    "silent": _silent,  # never greets
    "orphan": _orphan,
    "noise": _noise,
    "promise": _promise,
}

if __name__ == "__main__":
    MODES[sys.argv[1]]()
