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

import numpy as np

from ..errors import CoamdError, InputError
from ..wire.client import RuntimeClient, child_environment, runtime_command
from ..wire.jobs import Job, JobRunner
from ..wire.requests import GenerateRequest

ROOT = Path(__file__).resolve().parents[2]
CELLS, SHEET_PIXELS, SHEET_SAMPLES = 12, (1280, 560), 4


@dataclass(frozen=True)
class Options:
    """What to make and where to put it."""

    prompt: str
    out: Path
    seconds: float = 6.0
    seed: int = 0
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


def run(options: Options) -> None:
    """Make the three files. Raises CoamdError with a remedy."""
    if not options.prompt.strip():
        raise InputError("The prompt is empty", "Describe the motion in one sentence")
    options.out.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    command = runtime_command(sys.executable, ROOT, options.device)
    runner = JobRunner(lambda: RuntimeClient(command, child_environment(), options.out))
    try:
        job = runner.ask(GenerateRequest.variants(options.prompt, options.seconds, options.seed))
        runner.tick()  # the runtime starts while Blender loads
        armature = _make_scene()
        clock.lap("Blender and the character")
        runner.wait(job, timeout=600.0, on_change=_show_progress)
        clock.lap(f"runtime start and generation of {options.seconds:g} s of motion on {runner.client.device}")
        _write(options, job, armature, clock)
    finally:
        runner.shutdown()
    clock.total()


def _make_scene():
    import bpy

    from ..character import figure

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return figure.create_character(bpy.context)


def _show_progress(job: Job) -> None:
    if sys.stderr.isatty():
        print(f"\r{job.phase} {job.step}/{job.total} ", end="\n" if job.ended else "", file=sys.stderr, flush=True)


def _write(options: Options, job: Job, armature, clock: Clock) -> None:
    import bpy

    from ..anim import write_action
    from ..character import filmstrip

    joints, fps = job.arrays["joints"][0], float(job.fields["fps"])
    np.savez_compressed(options.out / "demo.npz", joints=joints, fps=fps, prompt=options.prompt, seed=options.seed)
    scene = bpy.context.scene
    action = write_action.apply_motion(armature, joints, source_fps=fps, start_frame=1, name=options.prompt[:60])
    clock.lap(f"retargeting and keys: {len(joints)} frames, {len(armature.data.bones)} bones")
    first, last = action.frame_range
    scene.frame_start, scene.frame_end = int(first), int(last)
    scene.frame_set(scene.frame_start)
    bpy.ops.wm.save_as_mainfile(filepath=str(options.out / "demo.blend"), check_existing=False, compress=True)
    clock.lap(f"{options.out / 'demo.blend'}")
    frames = list(np.linspace(first, last, CELLS))
    sheet = options.out / "demo.png"
    filmstrip.render_filmstrip(armature, frames, sheet, size=SHEET_PIXELS, samples=SHEET_SAMPLES)
    clock.lap(f"{sheet}")


def main(arguments: list[str]) -> int:
    """Read the command line; return 2 with a one-line reason for what the user can put right."""
    parser = argparse.ArgumentParser(prog="coamd_blender.tools.demo", description=__doc__.splitlines()[0])
    parser.add_argument("prompt")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--seconds", type=float, default=Options.seconds)
    parser.add_argument("--seed", type=int, default=Options.seed)
    parser.add_argument("--device", default=Options.device, choices=("auto", "cuda", "mps", "cpu"))
    try:
        run(Options(**vars(parser.parse_args(arguments))))
    except CoamdError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
