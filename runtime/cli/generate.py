"""The verb ``generate``: prompts to .npz motions, in batches by one process."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS
from runtime.cli.common import Outcome, ProgressLine, add_verb, finite_number, output_path, whole_number

# Motions made at once. A cancel is heard after each step of a batch, which must stay well under half a second.
CPU_BATCH = 8
ACCELERATOR_BATCH = 32
MOST_COPIES = 1000
LARGEST_SEED = 2**31 - 1 - MOST_COPIES  # Blender's whole numbers end at 2**31 - 1, and a copy adds its number
StepReport = Callable[[int, int, Callable[[], np.ndarray]], None]


@dataclass(frozen=True)
class Order:
    """One motion to make: its prompt and seed, and where it goes."""

    prompt: str
    seed: int
    path: Path


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``generate`` to the command line."""
    parser = add_verb(verbs, "generate", run, "make motions from prompts")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--prompt", metavar="TEXT", help="what the person does")
    source.add_argument("--prompt-file", metavar="F", help="a text file with one prompt a line")
    parser.add_argument("--seconds", type=float, default=6.0, metavar="S", help="length, 0.5 to 9.8 (default 6)")
    parser.add_argument("--seed", type=whole_number(0, LARGEST_SEED), default=0, metavar="N", help="same in, same out")
    parser.add_argument("--count", type=whole_number(1, MOST_COPIES), metavar="K", help="variants, seed N + copy")
    parser.add_argument("--cfg", type=finite_number(0.0, 100.0), metavar="W", help="classifier-free weight")
    parser.add_argument(
        "--guidance", type=finite_number(0.0, 100.0), default=0.0, metavar="L", help="pull by the recogniser (0: none)"
    )
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cuda, mps or cpu (default auto)")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")
    parser.add_argument(
        "--out", required=True, metavar="CLIP.npz", help="with --count or --prompt-file: CLIP_LLL_KKK.npz"
    )


def run(args: argparse.Namespace) -> Outcome:
    """Make the motions and write them. JSON: files, seconds (of a motion), seed."""
    orders = list_orders(args.prompt, args.prompt_file, args.seed, args.count, output_path(args.out, (".npz",)))
    from runtime.generate.generator import Generator, check_prompt, frames_for

    frames = frames_for(args.seconds)
    prompts = [check_prompt(order.prompt) for order in orders]
    generator = Generator.load(args.weights, args.device)
    guide = None
    if args.guidance:
        from runtime.recognize import Recognizer

        guide = partial(Recognizer.load(args.weights, args.device).guidance, strength=args.guidance)
    progress = ProgressLine("generate")
    seeds = [order.seed for order in orders]
    written = 0

    def report(step: int, total: int, _: Callable[[], np.ndarray]) -> None:
        progress(step, total)

    for batch in in_batches(generator, prompts, frames, seeds, args.cfg, report, guide):
        for joints in batch:
            write_motion(orders[written].path, joints)
            written += 1
    files = [str(order.path) for order in orders]
    return Outcome({"files": files, "seconds": frames / FPS, "seed": args.seed}, "\n".join(files))


def list_orders(prompt: str | None, prompt_file: str | None, seed: int, count: int | None, out: Path) -> list[Order]:
    """Return every motion to make: line by line, copy by copy.

    A single prompt without ``count`` goes to ``out``; otherwise to STEM_LLL_KKK.npz beside it, LLL the line of the
    prompt file (empty lines are left out, and counted), KKK the copy, both from 000. Raises InputError.
    """
    lines = [(0, prompt)] if prompt_file is None else read_prompts(Path(prompt_file))
    if prompt_file is None and count is None:
        return [Order(prompt, seed, out)]
    return [
        Order(text, seed + copy, out.with_name(f"{out.stem}_{line:03d}_{copy:03d}{out.suffix}"))
        for line, text in lines
        for copy in range(count or 1)
    ]


def read_prompts(path: Path) -> list[tuple[int, str]]:
    """Return (line number from 0, prompt) for every line of a UTF-8 text file that is not empty. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"The prompt file {path} is not UTF-8 text", "Save it as UTF-8, one prompt a line") from error
    except OSError as error:
        raise InputError(f"The prompt file {path} cannot be read: {error.strerror}", "Check the path") from error
    prompts = [(number, line) for number, line in enumerate(lines) if line.strip()]
    if not prompts:
        raise InputError(f"The prompt file {path} holds no prompt", "Write one prompt a line")
    return prompts


def in_batches(
    generator,
    prompts: Sequence[str],
    frames: int,
    seeds: Sequence[int],
    cfg: float | None,
    report: StepReport,
    guide: Callable[[Sequence[str]], Any] | None = None,
) -> Iterator[np.ndarray]:
    """Yield joints (a batch, frames, 22, 3) until every prompt is done.

    ``guide`` makes the Guidance of a batch's prompts (``Recognizer.guidance``).
    ``report(step, total, preview)`` counts the steps of all batches; ``preview()`` is that of the batch in hand.
    """
    size = CPU_BATCH if generator.device.type == "cpu" else ACCELERATOR_BATCH
    batches = -(-len(prompts) // size)
    for number in range(batches):
        part = slice(number * size, (number + 1) * size)

        def on_step(step: int, steps: int, preview: Callable[[], np.ndarray], done: int = number) -> None:
            report(done * steps + step, batches * steps, preview)

        guidance = {"guidance": guide(prompts[part])} if guide else {}
        yield generator.generate(list(prompts[part]), frames, list(seeds[part]), cfg=cfg, on_step=on_step, **guidance)


def write_motion(path: Path, joints: np.ndarray, fps: float = FPS) -> None:
    """Write joints (frames, 22, 3) and ``fps`` to ``path``, whole or not at all. Raises InputError."""
    unfinished = path.with_name(f".{path.stem}.partial.npz")
    try:
        np.savez_compressed(unfinished, joints=np.asarray(joints, np.float32), fps=np.float32(fps))
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", "Choose a folder you may write to") from error
