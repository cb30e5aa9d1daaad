"""The fake runtime of the add-on's tests, that does one fault at one phase, once: ``FAULT PHASE MARK``.

MARK is a file that is made as the fault begins; once it is there, the runtime behaves.
"""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blender"))

from fake_runtime import Fake

from coamd_blender.wire import protocol

PHASES = ("start", "load", "work", "answer", "idle")
FAULTS = ("killed", "stopped", "crash", "memory", "hangs up", "noise", "promise", "wrong answer")


class Faulty(Fake):
    """Goes wrong when it sends what belongs to its phase."""

    def __init__(self, fault: str, phase: str, mark: Path):
        self.fault, self.phase, self.mark = fault, phase, mark
        self.answered = False
        super().__init__()

    def _send(self, message) -> None:
        if not self.mark.exists() and self._phase(message) == self.phase:
            self.mark.touch()
            with self.writing:  # whatever goes wrong, no heart beats on
                message = self._go_wrong(message)
        super()._send(message)
        self.answered = self.answered or isinstance(message, protocol.Result)

    def _phase(self, message) -> str:
        match message:
            case protocol.Hello(device="pending"):
                return "start"
            case protocol.Hello():
                return "load"
            case protocol.Progress(step=3):
                return "work"
            case protocol.Result():
                return "answer"
            case protocol.Alive() if self.answered:
                return "idle"
        return ""

    def _go_wrong(self, message):
        match self.fault:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "crash":
                print("Traceback (most recent call last):\nKeyError: 'layers'", file=sys.stderr, flush=True)
                os._exit(1)
            case "memory":
                print("torch.OutOfMemoryError: CUDA out of memory.", file=sys.stderr, flush=True)
                os._exit(1)
            case "hangs up":
                self.output.close()
                os.close(1)
                time.sleep(600)
            case "noise":
                while True:
                    protocol.write_bytes(self.output, b"spam and eggs" * 100)
                    time.sleep(0.005)
            case "promise":
                lengths = (500).to_bytes(4, "little") + (60 << 20).to_bytes(4, "little")
                protocol.write_bytes(self.output, protocol.MAGIC + lengths + bytes(1000))
                time.sleep(600)
            case "wrong answer":
                return protocol.Result(message.id, {}, {}) if isinstance(message, protocol.Result) else message
        return message


if __name__ == "__main__":
    Faulty(sys.argv[1], sys.argv[2], Path(sys.argv[3])).serve()
