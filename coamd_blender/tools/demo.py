"""One sentence to an animated character, without Blender's window: ``python -m coamd_blender.tools.demo "PROMPT"``.

Goes the way the add-on goes: the runtime in a process of its own, the job runner, retargeting onto CoAMD's
character, keys in an Action. Needs bpy as a module. Writes demo.blend, demo.png (contact sheet) and demo.npz
(the joints as they came from the runtime) and prints how long each part took.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import anim, tools
from ..errors import CoamdError, InputError
from ..wire import limits
from ..wire.client import RuntimeClient, child_environment, runtime_command
from ..wire.jobs import Job, JobRunner
from ..wire.requests import GenerateRequest

if TYPE_CHECKING:
    import bpy

ROOT = Path(__file__).resolve().parents[2]
CELLS, COLUMNS, SHEET_PIXELS = 12, 6, (1280, 560)


@dataclass(frozen=True)
class Demo:
    """What to make and where to put it."""

    prompt: str
    out: Path
    seconds: float = limits.DEFAULT_SECONDS
    seed: int = limits.DEFAULT_SEED
    device: str = "auto"


class Clock:
    """Prints what was done and how long it took."""

    def __init__(self):
        self._started = self._last = time.perf_counter()

    def lap(self, what: str) -> None:
        """Print the seconds since the last lap."""
        now = time.perf_counter()
        print(f"{now - self._last:7.2f} s  {what}", flush=True)
        self._last = now

    def total(self) -> None:
        """Print the seconds since the start."""
        print(f"{time.perf_counter() - self._started:7.2f} s  in all", flush=True)


def run(demo: Demo) -> None:
    """Make the three files. Raises CoamdError with a remedy."""
    if not demo.prompt.strip():
        raise InputError("The prompt is empty", "Describe the motion in one sentence")
    demo.out.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    command = runtime_command(sys.executable, ROOT, demo.device)
    runner = JobRunner(lambda: RuntimeClient(command, child_environment(), demo.out))
    try:
        job = runner.ask(GenerateRequest.variants(demo.prompt, demo.seconds, demo.seed))
        runner.tick()  # the runtime starts while Blender loads
        armature = tools.scenes.new_character()
        clock.lap("Blender and the character")
        runner.wait(job, timeout=600.0, on_change=_show_progress)
        clock.lap(f"runtime start and generation of {demo.seconds:g} s of motion on {runner.client.device}")
        _write(demo, job, armature, clock)
    finally:
        runner.shutdown()
    clock.total()


def _show_progress(job: Job) -> None:
    if sys.stderr.isatty():
        print(f"\r{job.phase} {job.step}/{job.total} ", end="\n" if job.ended else "", file=sys.stderr, flush=True)


def _write(demo: Demo, job: Job, armature: bpy.types.Object, clock: Clock) -> None:
    joints, fps = job.arrays["joints"][0], float(job.fields["fps"])
    np.savez_compressed(demo.out / "demo.npz", joints=joints, fps=fps, prompt=demo.prompt, seed=demo.seed)
    name = demo.prompt[:60]
    action = anim.write_action.apply_motion(armature, joints, source_fps=fps, start_frame=1, name=name)
    clock.lap(f"retargeting and keys: {len(joints)} frames, {len(armature.data.bones)} bones")
    tools.scenes.show_all_of(action)
    tools.scenes.save_blend(demo.out / "demo.blend")
    clock.lap(f"{demo.out / 'demo.blend'}")
    tools.scenes.save_sheet(armature, demo.out / "demo.png", CELLS, COLUMNS, SHEET_PIXELS)
    clock.lap(f"{demo.out / 'demo.png'}")


def main(arguments: list[str]) -> int:
    """Read the command line; return 2 with a one-line reason for what the user can put right."""
    parser = argparse.ArgumentParser(prog="coamd_blender.tools.demo", description=__doc__.splitlines()[0])
    parser.add_argument("prompt")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--seconds", type=float, default=Demo.seconds)
    parser.add_argument("--seed", type=int, default=Demo.seed)
    parser.add_argument("--device", default=Demo.device, choices=("auto", "cuda", "mps", "cpu"))
    try:
        run(Demo(**vars(parser.parse_args(arguments))))
    except CoamdError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
