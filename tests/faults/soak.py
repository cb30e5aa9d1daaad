"""Ask a runtime for motions for hours: some are cancelled, some runtimes are killed; print what has grown.

    .venv/bin/python tests/faults/soak.py [JOBS=2000] [SEED=0]

A row for every hundredth job. It is the add-on's own client, with a runtime without a network (tests/fakes.py), so that
what is counted is the client's: memory, descriptors, threads, and files in the folder for temporary ones. Linux only.
Ends with 1 where memory has grown by 2 % since the first hundred, where anything else has grown, where a job was not
answered, or where a process is left.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fakes import fake_runtime  # noqa: E402

from coamd_blender.wire.client import RuntimeClient  # noqa: E402
from coamd_blender.wire.jobs import JobRunner  # noqa: E402

SECONDS = 60.0  # that a job may take


def measure(folder: str) -> dict[str, int]:
    """Return what may grow: kB of memory, and counts."""
    status = Path("/proc/self/status").read_text()
    values = dict(line.split(":", 1) for line in status.splitlines())
    return {
        "kB": int(values["VmRSS"].split()[0]),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": int(values["Threads"]),
        "files": len(os.listdir(folder)),
    }


def children() -> list[int]:
    """Return the processes that this one has started and that are still there."""
    listed = [path.read_text().split() for path in Path("/proc/self/task").glob("*/children")]
    return [int(number) for numbers in listed for number in numbers]


def one(runner: JobRunner, chance: random.Random) -> str:
    """Ask for one motion, and cancel it or kill the runtime now and then; return how it ended."""
    job = runner.submit("generate", {"steps": chance.randint(2, 8), "step_seconds": 0.01, "seeds": [1, 2]})
    what = chance.choices(("leave", "cancel", "kill"), (70, 20, 10))[0]
    at, begun = chance.uniform(0.0, 0.03), time.monotonic()
    while not job.ended:
        passed = time.monotonic() - begun
        if passed > SECONDS:
            return "never answered"
        if what == "cancel" and passed > at:
            runner.cancel(job)
            what = "cancelled"
        if what == "kill" and passed > at:
            for child in children():
                os.kill(child, 9)
            what = "killed"
        runner.tick()
        time.sleep(0.002)
    return job.state if job.error is None else f"{job.state} ({job.error.code})"


def main(jobs: int, seed: int) -> int:
    """Run, print the table, and return 0 where nothing has grown."""
    chance, ends, rows = random.Random(seed), Counter(), []
    with tempfile.TemporaryDirectory(prefix="coamd-soak-") as folder:
        command, environment = fake_runtime()
        environment |= {"TMPDIR": folder}
        runner = JobRunner(lambda: RuntimeClient(command, environment))
        print("| jobs | kB | descriptors | threads | files |\n|---:|---:|---:|---:|---:|")
        for number in range(1, jobs + 1):
            ends[one(runner, chance)] += 1
            if number % 100 == 0:
                runner.wait(runner.submit("generate", {"steps": 1}))  # a runtime lives at each look
                rows.append(measure(folder))
                print(f"| {number} | " + " | ".join(map(str, rows[-1].values())) + " |", flush=True)
        runner.shutdown()
        left = children()
    print(f"\nends: {dict(ends)}; processes left: {len(left)}")
    first, last = rows[0], rows[-1]
    grown = [name for name in first if last[name] > first[name] * (1.02 if name == "kB" else 1.0)]
    print(f"memory since the first hundred: {100 * (last['kB'] / first['kB'] - 1):+.2f} %; grown: {grown or 'nothing'}")
    return 1 if grown or left or ends["never answered"] else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(*given, *(2000, 0)[len(given) :]))
