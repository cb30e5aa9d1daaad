"""How long things take, and how the time grows: with frames, motions at once, the length of a storyboard, bones, clips.

Machines differ threefold, so every time stands beside what this machine needs for a known piece of work: a product of
two square matrices on the same threads. Times are of warm networks.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from coamd_blender.motion.skeleton import FPS, JOINT_NAMES, MAX_FRAMES, PARENTS, REST_OFFSETS, STANDING_HEIGHT
from coamd_blender.retarget.mapping import make_mapping
from coamd_blender.retarget.rig import Rig, simple_rig
from coamd_blender.retarget.solver import solve
from coamd_blender.wire.requests import StoryboardScene
from runtime.library.benchmark import measure

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.generate.generator import Generator

THREADS = 2
MATRIX = 2048  # rows and columns of the product that tells what a machine can do
FRAMES = (48, 96, MAX_FRAMES)
BATCHES = (1, 8, 32)
STORYBOARDS = (10, 60, 600)  # seconds
SCENE_SECONDS = 5
BONES, SOLVED_FRAMES = (22, 300, 3000), (196, 2000, 12_000)
CLIPS = (1000, 100_000)
_PROMPT = "a man strolls across the room"
_SCENES = ("a person walks forward", "a person waves", "a person runs", "a person jumps", "a man kicks", "she bows")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Have torch use ``count`` threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def timed(work: Callable[[int], object], repeats: int) -> list[float]:
    """Return the seconds of ``work(0)``, which warms up, and of ``work(1)`` to ``work(repeats)``."""
    seconds = []
    for number in range(repeats + 1):
        begin = time.perf_counter()
        work(number)
        seconds.append(time.perf_counter() - begin)
    return seconds


def machine(device: str) -> dict:
    """Tell which machine this is and what it does: {processor, cores, threads, device, gflops}.

    ``gflops`` is 2 MATRIX^3 over the seconds of a float32 product of two matrices of that size, the median of 5.
    """
    matrix = torch.rand(MATRIX, MATRIX)
    seconds = statistics.median(timed(lambda _: matrix @ matrix, 5)[1:])
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device,
        "gflops": 2 * MATRIX**3 / seconds / 1e9,
    }


def _processor() -> str:
    """Return the processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def row(what: str, size: str, seconds: float, gflops: float, **more: float) -> dict:
    """Return a row: ``what`` and its ``size``, seconds, and as many GFLOP as the machine's product does meanwhile."""
    return {"what": what, "size": size, "seconds": seconds, "gflop": seconds * gflops, **more}


def generation(generator: Generator, gflops: float, repeats: int) -> list[dict]:
    """Time motions of several lengths one by one, and motions of the longest several at once."""
    rows = []
    for frames in FRAMES:
        seconds = timed(lambda seed, frames=frames: generator.generate([_PROMPT], frames, [seed]), repeats)
        rows.append(
            row("one motion", f"{frames} frames", statistics.median(seconds[1:]), gflops, slowest=max(seconds[1:]))
            | {"first": seconds[0]}
        )
    for count in BATCHES[1:]:
        seeds = list(range(count))
        seconds = timed(lambda _, seeds=seeds: generator.generate([_PROMPT] * len(seeds), MAX_FRAMES, seeds), 1)[1]
        rows.append(row("a motion among several", f"{count} of {MAX_FRAMES} frames", seconds / count, gflops))
    return rows


def told_storyboard(weights: Path | None, device: str, count: int, threads: int) -> tuple[float, int]:
    """Make a storyboard of ``count`` scenes, and return its seconds and the bytes that this process held at most."""
    import resource

    from runtime.edit.storyboard import storyboard
    from runtime.generate.generator import Generator

    torch.set_num_threads(threads)
    generator = Generator.load(weights, device)
    scenes = [StoryboardScene(_SCENES[number % len(_SCENES)], float(SCENE_SECONDS)) for number in range(count)]
    storyboard(generator, scenes[:1])
    begin = time.perf_counter()
    storyboard(generator, scenes)
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def storyboards(weights: Path | None, device: str, gflops: float) -> list[dict]:
    """Time storyboards of growing length, each in a process of its own that tells the most memory it held, in bytes.

    Without a system that tells it (Windows) there are none.
    """
    rows = []
    for seconds in STORYBOARDS if os.name == "posix" else ():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            count = seconds // SCENE_SECONDS
            took, memory = process.submit(told_storyboard, weights, device, count, torch.get_num_threads()).result()
        rows.append(row("storyboard", f"{seconds} s", took, gflops, memory=memory))
    return rows


def many_boned(bones: int) -> Rig:
    """Return a canonical body in its rest pose with so many ``bones`` (22 at least): the others hang from the hands."""
    heads = np.zeros((len(JOINT_NAMES), 3))
    heads[0, 1] = STANDING_HEIGHT
    for joint in range(1, len(JOINT_NAMES)):
        heads[joint] = heads[PARENTS[joint]] + REST_OFFSETS[joint]
    names, parents = list(JOINT_NAMES), list(PARENTS)
    hands = [JOINT_NAMES.index("left_wrist"), JOINT_NAMES.index("right_wrist")]
    for number in range(bones - len(names)):
        names.append(f"extra_{number}")
        parents.append(hands[number % 2])
    rest = np.tile(np.eye(4), (bones, 1, 1))
    rest[: len(heads), :3, 3] = heads
    for number in range(len(heads), bones):
        rest[number, :3, 3] = heads[parents[number]] + (0.0, 0.0, 0.1)
    return simple_rig(names, parents, rest)


def retargeting(walk: np.ndarray, gflops: float) -> list[dict]:
    """Time ``walk`` (frames, 22, 3), metres, solved onto rigs of growing size, and growing motions onto a small rig."""
    mapping = make_mapping("canonical", {name: name for name in JOINT_NAMES})
    rows = []
    for bones in BONES:
        rig = many_boned(bones)
        seconds = statistics.median(timed(lambda _, rig=rig: solve(rig, mapping, walk, fps=FPS), 3)[1:])
        rows.append(row("onto a rig", f"{bones} bones, {len(walk)} frames", seconds, gflops))
    rig = many_boned(BONES[0])
    for frames in SOLVED_FRAMES[1:]:
        motion = np.concatenate([walk] * -(-frames // len(walk)))[:frames]
        seconds = timed(lambda _, motion=motion: solve(rig, mapping, motion, fps=FPS), 1)[1]
        rows.append(row("onto a rig", f"{BONES[0]} bones, {frames} frames", seconds, gflops))
    return rows


def searches(gflops: float) -> list[dict]:
    """Time a search in libraries of growing size, of made-up clips."""
    rows = []
    for clips in CLIPS:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(Path(folder), clips, 512, queries=10)
        rows.append(row("a search", f"{clips} clips", found["median_ms"] / 1000, gflops, recall=found["recall"]))
    return rows


def table(told: dict) -> str:
    """Return the machine, and a line a row: seconds, and GFLOP of matrix product in that time."""
    lines = [
        "{processor}, {threads} of {cores} cores, networks on {device}: {gflops:.0f} GFLOP/s".format(**told["machine"]),
        f"{'':24}{'':26}{'seconds':>10}{'GFLOP':>10}",
    ]
    for each in told["rows"]:
        memory = f"   {each['memory'] / 1e9:.2f} GB" if "memory" in each else ""
        lines.append(f"{each['what']:<24}{each['size']:<26}{each['seconds']:>10.3f}{each['gflop']:>10.1f}{memory}")
    return "\n".join(lines)


def run_speed(options: Options, repeats: int = 7) -> dict:
    """Measure the seconds of everything an animator waits for, at several sizes, on two threads of a CPU.

    JSON: machine {processor, cores, threads, device, gflops}, rows of {what, size, seconds, gflop}, of the single
    motions also slowest and first, of storyboards also memory in bytes, of searches also recall; figure, text.
    ``options`` is ``benchmarks.Options``. Raises WeightsError without the generator's weights.
    """
    with threads(THREADS):
        generator = options.generator()
        device = str(generator.device)
        here = machine(device)
        walk = generator.generate([_PROMPT], MAX_FRAMES, [0])[0]
        rows = generation(generator, here["gflops"], repeats)
        rows += storyboards(options.weights, device, here["gflops"])
        rows += retargeting(walk, here["gflops"]) + searches(here["gflops"])
    told = {"machine": here, "rows": rows}
    whole = next(each for each in rows if each["size"] == f"{MAX_FRAMES} frames")
    return told | {"figure": f"{whole['seconds']:.2f} s", "text": table(told)}
