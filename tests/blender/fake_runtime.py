"""A runtime without a network: a figure that walks, in place of a model. Started as a custom command.

The prompt says how to behave: "slow" takes 60 steps of 50 ms, "die" ends the process in mid-job, "fail" answers with
an error; anything else takes 6 quick steps. Speaks the protocol on its standard input and output.
"""

import os
import queue
import sys
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from coamd_blender.motion import skeleton
from coamd_blender.wire import protocol


def walk(frames: int, seed: int) -> np.ndarray:
    """A stick figure that walks along +Z, legs and arms swinging: (frames, 22, 3) float32, metres, Y up."""
    offsets = skeleton.REST_OFFSETS
    phase = np.arange(frames) / skeleton.FPS * 2 * np.pi * 0.9 + seed
    joints = np.zeros((frames, skeleton.JOINT_COUNT, 3))
    joints[:, 0, 1] = skeleton.STANDING_HEIGHT - 0.02 * (1 + np.cos(2 * phase))
    joints[:, 0, 2] = np.arange(frames) / skeleton.FPS * 1.1
    for index in range(1, skeleton.JOINT_COUNT):
        name = skeleton.JOINT_NAMES[index]
        offset = np.repeat(offsets[index][None], frames, axis=0)
        sign = 1 if name.startswith("left") else -1
        if name.endswith(("knee", "ankle", "foot")):
            lift = 0.0 if "knee" in name else 0.5 * np.clip(-sign * np.cos(phase), 0, 1)
            offset = _pitch(offset, lift - 0.35 * sign * np.sin(phase))
        if name.endswith(("elbow", "wrist")):
            offset = np.repeat([[0.0, -skeleton.BONE_LENGTHS[index], 0.02]], frames, axis=0)
            offset = _pitch(offset, 0.4 * sign * np.sin(phase) - (0.3 if "wrist" in name else 0.0))
        joints[:, index] = joints[:, skeleton.PARENTS[index]] + offset
    return joints.astype(np.float32)


def _pitch(vectors: np.ndarray, angles: np.ndarray) -> np.ndarray:
    y, z, sine, cosine = vectors[:, 1], vectors[:, 2], np.sin(angles), np.cos(angles)
    return np.stack([vectors[:, 0], y * cosine - z * sine, y * sine + z * cosine], axis=1)


class Fake:
    """Answers requests one after another, looking for a cancel between steps."""

    def __init__(self):
        self.inbox: queue.Queue = queue.Queue()
        self.output = os.fdopen(os.dup(1), "wb", buffering=0)
        self.device = "pending"
        self.writing = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()

    def serve(self) -> None:
        """Until shutdown or the end of the input."""
        self._hello()
        while True:
            message = self.inbox.get()
            if message is None or isinstance(message, protocol.Shutdown):
                return
            if isinstance(message, protocol.Unload):
                self.device = "pending"
                self._hello()
            if isinstance(message, protocol.Request):
                self._generate(message)

    def _read(self) -> None:
        decoder = protocol.FrameDecoder()
        while data := os.read(0, 1 << 16):
            for message in decoder.feed(data):
                self.inbox.put(message)
        self.inbox.put(None)

    def _send(self, message) -> None:
        with self.writing:
            protocol.write_bytes(self.output, protocol.encode(message))

    def _beat(self) -> None:
        while True:
            time.sleep(protocol.BEAT_SECONDS)
            self._send(protocol.Alive())

    def _hello(self) -> None:
        self._send(protocol.Hello(protocol.PROTOCOL_VERSION, protocol.VERSION, self.device, ("generate",)))

    def _generate(self, request) -> None:
        fields = request.fields
        prompt = fields["prompts"][0]
        frames = round(fields["seconds"] * skeleton.FPS)
        joints = np.stack([walk(frames, seed) for seed in fields["seeds"]])
        steps, pause = (60, 0.05) if "slow" in prompt else (6, 0.01)
        if self.device == "pending":
            self.device = "cpu"
            self._hello()
        noise = np.random.default_rng(0).normal(size=joints.shape).astype(np.float32)
        for step in range(steps):
            if self._cancelled(request.id):
                self._send(protocol.Error(request.id, "cancelled", "Cancelled"))
                return
            if "die" in prompt and step == 2:
                print("fake runtime: out of memory", file=sys.stderr, flush=True)
                os._exit(9)
            if "fail" in prompt and step == 2:
                self._send(protocol.Error(request.id, "bad_input", "This prompt cannot be made", "Choose another one"))
                return
            coarse = joints + noise * 0.12 * (1 - step / steps)
            self._send(protocol.Progress(request.id, "sampling", step + 1, steps, {"preview": coarse}))
            time.sleep(pause)
        self._send(protocol.Result(request.id, {"fps": skeleton.FPS}, {"joints": joints}))

    def _cancelled(self, request_id: int) -> bool:
        later, found = [], False
        while not self.inbox.empty():
            message = self.inbox.get()
            if isinstance(message, protocol.Cancel) and message.id == request_id:
                found = True
            else:
                later.append(message)
        for message in later:
            self.inbox.put(message)
        return found


if __name__ == "__main__":
    Fake().serve()
