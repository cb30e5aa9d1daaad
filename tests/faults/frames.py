"""Send mutated frames to both sides of the wire, and tell of each kind of failure once.

    .venv/bin/python tests/faults/frames.py [FRAMES=1000000] [SEED=0] [--out FOLDER]

Half of the frames are whole frames of every message, task and answer with bytes changed, half are changed in their
structure and then framed well: a header's values and keys, an array's type, shape and numbers. Every frame is decoded
alone; in batches they go through one decoder, cut anywhere, which must find the same, and to a server in mid-work that
must answer every request once and end when its input does; a request is checked as the runtime checks it, and an
answer goes through the add-on's client and job. Only the errors of coamd_blender/errors.py may come of any. Prints the
longest processor time of one frame, and the peak of memory. ``--out`` keeps a frame of each kind of failure.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "wire"), str(ROOT / "tests" / "faults")]

import numpy as np  # noqa: E402
from fakes import ServerOnPipes  # noqa: E402
from mutations import LENGTHS, mutated_bytes, mutated_json, text_of  # noqa: E402
from test_answers import CLIP, GOOD  # noqa: E402

from coamd_blender.errors import CoamdError  # noqa: E402
from coamd_blender.wire import client, protocol  # noqa: E402
from coamd_blender.wire.jobs import JobRunner  # noqa: E402
from coamd_blender.wire.requests import (  # noqa: E402
    REQUESTS,
    EditRange,
    EditRequest,
    GenerateRequest,
    SearchRequest,
    StoreRequest,
    StyleChoice,
    decode,
)

BATCH = 250
ID = 7  # of every answer: that of the client's request
HELLO = protocol.Hello(protocol.PROTOCOL_VERSION, "0", "cpu", tuple(REQUESTS))


MORE = (
    GenerateRequest(("walks", "waves"), 2.0, (1, 2), 3.0, 1.0, True, (StyleChoice("/a.safetensors", 0.5),)),
    EditRequest(
        CLIP, 20.0, (EditRange(3, 9, "between"),), "waves", "right_arm", 0.3, 4, 2.0, None,
        np.zeros((2, 3), np.float32), np.array([20, 21], np.int32), np.array([4, 5], np.int32),
    ),
    EditRequest(CLIP, 20.0, (EditRange(3, 30),), path=np.array([[0, 0], [1, 2]], np.float32)),
    SearchRequest("/l", joints=CLIP, frames=(0, 20), and_text="backwards", weight=2.0),
    StoreRequest("/l", "/a.fbx", 5, 6, "d", clips=[{"name": "a", "labels": ["walk"], "frames": 60}], joints=CLIP),
)  # fmt: skip


def seeds() -> list[tuple[str, protocol.Message]]:
    """Return (task, message) of good frames: every message, and requests and answers of every task."""
    preview = {"preview": np.zeros((2, 8, 22, 3), np.float32)}
    found = [
        ("generate", protocol.Progress(ID, "sampling", 3, 8, preview)),
        ("generate", protocol.Error(ID, "bad_input", "The prompt is empty", "Write one")),
        *(("generate", message) for message in (HELLO, protocol.Alive(), protocol.Cancel(3), protocol.Unload())),
    ]
    found += [(task, protocol.Result(ID, fields, arrays)) for task, (_, fields, arrays) in GOOD.items()]
    asked = [request for task, (request, *_) in GOOD.items() if task != "store"]
    return found + [(each.task, protocol.Request(1, each.task, *each.encode())) for each in (*asked, *MORE)]


def header_and_body(message: protocol.Message) -> tuple[dict, bytes]:
    """Return the header of ``message``, and its body."""
    data = protocol.encode(message)
    start = len(protocol.MAGIC) + 8
    end = start + int.from_bytes(data[start - 8 : start - 4], "little")
    return json.loads(data[start:end]), data[end:]


def framed(text: str, body: bytes) -> bytes:
    """Return a frame of a header's ``text`` and a ``body``, their lengths as they are."""
    told = text.encode("utf-8", "surrogatepass")
    return protocol.MAGIC + len(told).to_bytes(4, "little") + len(body).to_bytes(4, "little") + told + body


def mutated(message: protocol.Message, number: int, chance: random.Random) -> bytes:
    """Return a frame made of ``message`` by one kind of change; a request's id is ``number``."""
    header, body = header_and_body(message)
    if header["type"] == "request":
        header["id"] = number
    if chance.random() < 0.5:
        data = mutated_bytes(framed(json.dumps(header), body), chance)
        if chance.random() < 0.2:
            at = len(protocol.MAGIC) + chance.choice((0, 4))
            data = data[:at] + chance.choice(LENGTHS).to_bytes(4, "little") + data[at + 4 :]
        return data
    if header.get("arrays") and chance.random() < 0.5:
        header, body = other_arrays(header, body, chance)
    else:
        header = mutated_json(header, chance)
        if chance.random() < 0.3 and isinstance(header, dict):
            header = mutated_json(header, chance)
    return framed(text_of(header, chance), body)


def other_arrays(header: dict, body: bytes, chance: random.Random) -> tuple[dict, bytes]:
    """Return a frame's header and body with another type, shape or numbers of an array; they fit each other."""
    described = chance.choice(header["arrays"])
    body, dtype = bytearray(body), np.dtype(described["dtype"])
    match chance.randrange(4):
        case 0:
            same = [name for name in sorted(protocol.DTYPES) if np.dtype(name).itemsize == dtype.itemsize]
            described["dtype"] = chance.choice(same)
        case 1:
            described["shape"] = chance.choice((described["shape"][::-1], [*described["shape"], 1], [0, 22, 3], []))
        case 2:
            described["dtype"] = chance.choice(sorted(protocol.DTYPES))
        case _:
            strange = (np.nan, np.inf, -np.inf, 1e38, 1e5, -1, 1e-40)
            at = chance.randrange(max(1, len(body) // 4))
            body[4 * at : 4 * at + 4] = np.float32(chance.choice(strange)).tobytes()
    sizes = [np.dtype(item["dtype"]).itemsize * int(np.prod(item["shape"])) for item in header["arrays"]]
    return header, bytes(body[: sum(sizes)].ljust(sum(sizes), b"\0"))


# --- the two sides ----------------------------------------------------------------------------------------------------


class Checked:
    """A server's tasks: a request is checked as the runtime does, and answered with a good answer."""

    names = tuple(REQUESTS)

    def load(self) -> str:
        return "cpu"

    def unload(self) -> None:
        """Nothing is held."""

    def run(self, task, fields, arrays, report):
        decode(task, fields, arrays)
        report("sampling", 1, 2, None)
        return GOOD[task][1:]


class Said:
    """In the place of the client's process: one that has said what is put into its inbox."""

    def __init__(self, *_):
        self.inbox, self.signs = SimpleQueue(), 1

    def send(self, data: bytes) -> None:
        """Hear nothing."""

    def note(self, line: str) -> None:
        """Keep no log."""

    def log_lines(self) -> list[str]:
        return []

    def kill(self) -> None:
        """End nothing."""

    def stop(self, timeout: float) -> None:
        """End nothing."""


client.Process = Said


def hear(task: str, items: list) -> None:
    """Have the add-on's client and job take ``items``, what one frame holds, as the answer to a request of ``task``."""
    asked = client.RuntimeClient(["-"], {})
    asked._last_id = ID - 1
    runner = JobRunner(lambda: asked)
    job = runner.ask(MORE[-1] if task == "store" else GOOD[task][0])
    runner.tick()
    for item in (HELLO, *items):
        asked._process.inbox.put(item)
    runner.tick()
    told = f"{job.phase} {job.fraction:.0%} {job.eta_seconds or 0:.0f} {job.error} {asked.notice} {asked.device}"
    told.encode("utf-8")
    if job.state == "done":
        use(job.fields)
    runner.shutdown()


def use(fields: dict) -> None:
    """Use what a job was answered as the add-on does."""
    ["; ".join(fields.get("notes", ())), str((fields.get("weights") or {}).get("name", "")).encode("utf-8", "replace")]
    for name in ("labels", "segments", "results"):
        for row in fields.get(name, ()):
            np.float32(row["score"])
    if "labels" in fields and "fps" not in fields:
        assert fields["labels"][0]["label"] is not None


def read(task: str, data: bytes) -> None:
    """Decode one frame and hand what is in it to the side it is for."""
    items = protocol.FrameDecoder().feed(data)
    for item in items:
        try:
            if isinstance(item, protocol.Request) and item.task in REQUESTS:
                decode(item.task, item.fields, item.arrays)
        except CoamdError as error:
            protocol.encode(protocol.Error.of(item.id, error))
    if not all(isinstance(item, protocol.Request | protocol.Malformed) for item in items) or len(data) % 8 == 0:
        hear(task, items)


def serve(frames: list[bytes]) -> None:
    """Send a batch to a server; every request must be answered once, and all that is not one told."""
    asked = decoded(frames)
    if any(isinstance(item, protocol.Shutdown) for item in asked):
        return
    with ServerOnPipes(Checked()) as server:
        for data in frames:
            server.send_bytes(data)
        assert server.hang_up(), "The server did not end with its input"
        assert server.clean, "The server's work did not end"
        server._reader.join(60)
    answers = Counter()
    while not server.messages.empty():
        message = server.messages.get()
        assert not isinstance(message, protocol.Malformed), str(message.error)
        if isinstance(message, protocol.Error | protocol.Result):
            answers[message.id] += 1
    expected = Counter()
    for item in asked:
        if not isinstance(item, protocol.Cancel | protocol.Unload):
            told = isinstance(item, protocol.Request | protocol.Malformed)
            expected[item.id if told else 0] += 1
    assert answers == expected, f"{expected - answers} lack an answer, {answers - expected} have one too many"


def decoded(frames: list[bytes]) -> list:
    """Return what a batch holds, which must not depend on how it is cut."""
    stream, whole, cut = b"".join(frames), protocol.FrameDecoder(), protocol.FrameDecoder()
    found = whole.feed(stream)
    chance, at, pieces = random.Random(len(stream)), 0, []
    while at < len(stream):
        step = chance.choice((1, 9, 4096, 65_536))
        pieces += cut.feed(stream[at : at + step])
        at += step
    kinds = [[(type(item).__name__, getattr(item, "id", None)) for item in items] for items in (found, pieces)]
    assert kinds[0] == kinds[1], "What is found depends on how the stream is cut"
    return found


# --- the run ----------------------------------------------------------------------------------------------------------


class Findings:
    """Failures by their kind, each with how often it was met and one input that shows it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.shown: dict[str, bytes] = {}
        self.longest = 0.0

    def watch(self, work: Callable[[], None], data: bytes) -> None:
        """Do ``work``; note what it raises, and the processor time it takes."""
        begun = time.thread_time()
        try:
            work()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
            self.note(error, data)
        self.longest = max(self.longest, time.thread_time() - begun)

    def note(self, error: BaseException, data: bytes) -> None:
        """Note a failure under its type and the place in our code that it came from."""
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if str(ROOT) in frame.filename]
        place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else "?"
        kind = f"{type(error).__name__} at {place}: {str(error)[:120]}"
        kind = "".join(letter for letter in kind if not letter.isdigit() or letter in place)
        self.counts[kind] += 1
        self.shown.setdefault(kind, data)

    def tell(self, folder: Path | None) -> int:
        """Print the kinds, keep an input of each in ``folder``, and return how many there are."""
        for number, (kind, count) in enumerate(self.counts.most_common()):
            print(f"{count:8,} x {kind}")
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{number:03d}").write_bytes(self.shown[kind])
        return len(self.counts)


def batches(count: int, seed: int) -> Iterator[list[tuple[str, bytes]]]:
    """Yield batches of (task, frame); each depends on ``seed`` and its number alone."""
    good = seeds()
    for first in range(0, count, BATCH):
        chance = random.Random(f"{seed} {first}")
        chosen = [chance.choice(good) for _ in range(min(BATCH, count - first))]
        yield [(task, mutated(message, 1 + at, chance)) for at, (task, message) in enumerate(chosen)]


def run(count: int, seed: int) -> Findings:
    """Send ``count`` frames and return what was found."""
    findings = Findings()
    threading.excepthook = lambda failed: findings.note(failed.exc_value, b"in a thread")
    for number, batch in enumerate(batches(count, seed), start=1):
        for task, data in batch:
            findings.watch(lambda task=task, data=data: read(task, data), data)
        with redirect_stderr(io.StringIO()) as log:
            frames = [data for _, data in batch]
            findings.watch(lambda frames=frames: serve(frames), b"".join(frames))
        if "Traceback" in log.getvalue():
            findings.note(AssertionError("A traceback in the server's log"), log.getvalue().encode())
        if number % 40 == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{number * BATCH:,} frames, {len(findings.counts)} kinds of failure, {peak} MB", flush=True)
    return findings


def main() -> int:
    """Print what was found; return 1 where anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", nargs="?", type=int, default=1_000_000)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    findings = run(options.frames, options.seed)
    kinds = findings.tell(options.out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{options.frames:,} frames, {kinds} kinds of failure, longest {findings.longest:.2f} s, peak {peak} MB")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
