"""The verb ``generate``: prompts to .npz, .bvh or .glb motions, in batches by one process; or a set for a game."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion import locomotion
from coamd_blender.motion.files import listed
from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire import limits
from coamd_blender.wire.checks import check_seconds, check_seed, tidy_prompt
from runtime import edit, formats, generate, recognize
from runtime.cli.common import (
    Outcome,
    ProgressLine,
    add_model_options,
    add_quality,
    add_seed,
    add_styles,
    add_text_weight,
    add_verb,
    check_generator,
    finite_number,
    output_path,
    whole_number,
)
from runtime.cli.files import read_prompts
from runtime.weights import RECOGNIZER, weights_file


@dataclass(frozen=True)
class Take:
    """One motion to make: its prompt and seed, and where it goes."""

    prompt: str
    seed: int
    path: Path


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``generate`` to the command line."""
    parser = add_verb(verbs, "generate", run, "make motions from prompts")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--prompt", metavar="TEXT", help="what the person does")
    source.add_argument("--prompt-file", type=Path, metavar="F", help="a text file with one prompt a line")
    source.add_argument(
        "--set", choices=("locomotion",), help="idle, walk, run, strafes, turns and more, into a folder"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=limits.DEFAULT_SECONDS,
        metavar="S",
        help=f"length, {limits.SHORTEST_SECONDS:g} to {limits.LONGEST_SECONDS:g} (default {limits.DEFAULT_SECONDS:g})",
    )
    add_seed(parser)
    count = whole_number(1, limits.MOST_COPIES)
    parser.add_argument("--count", type=count, metavar="K", help="variants, seed N + copy")
    add_text_weight(parser)
    add_quality(parser)
    parser.add_argument(
        "--guidance",
        type=finite_number(0.0, limits.LARGEST_WEIGHT),
        default=0.0,
        metavar="L",
        help="pull by the recogniser (0: none)",
    )
    parser.add_argument(
        "--best-of",
        type=whole_number(1, limits.MOST_VARIANTS),
        default=1,
        metavar="K",
        help="draw K of each and keep the one that the recogniser finds to do best what was asked (default 1)",
    )
    add_styles(parser)
    add_model_options(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="CLIP",
        help=f"a {listed(formats.writing.WRITABLE, 'or')} to write; with --count or --prompt-file CLIP_LLL_KKK; "
        "with --set a folder",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Make the motions and write them. JSON: files, seconds (of a motion), seed, seeds (of the files), notes (of what
    is far from anything learnt)."""
    if args.set is not None:
        return _run_set(args)
    check_seconds(args.seconds)
    check_seed(args.seed, (args.count or 1) * args.best_of)
    lines = [(0, args.prompt)] if args.prompt_file is None else read_prompts(args.prompt_file)
    lines = [(number, tidy_prompt(text)) for number, text in lines]
    copies = None if args.prompt_file is None and args.count is None else args.count or 1
    takes = list_takes(lines, args.seed, copies, output_path(args.out, formats.writing.WRITABLE), args.best_of)
    check_generator(args.weights)
    if args.guidance or args.best_of > 1:
        weights_file(args.weights, RECOGNIZER)
    frames = generate.generator.frames_for(args.seconds)
    styles = _styles(args)
    generator, guide = generate.generator.Generator.load(args.weights, args.device), None
    if styles:
        generator.wear(styles)
    generator.draw_in(args.quality, args.cfg)
    judge = recognize.Recognizer.load(args.weights, args.device) if args.guidance or args.best_of > 1 else None
    if args.guidance:
        guide = partial(judge.guidance, strength=args.guidance)
    notes = [*generator.told_quality(), *generator.notes([take.prompt for take in takes])]
    for note in notes:
        print(note, file=sys.stderr)
    progress = ProgressLine("generate")

    def report(step: int, total: int, _: Callable[[], np.ndarray]) -> None:
        progress(step, total)

    prompts = [take.prompt for take in takes for _ in range(args.best_of)]
    seeds = [take.seed + draw for take in takes for draw in range(args.best_of)]
    waiting, written, kept = [], 0, []
    for batch in generate.batches.in_batches(generator, prompts, frames, seeds, args.cfg, report, guide):
        waiting.extend(batch)
        while len(waiting) >= args.best_of:
            draws, waiting = waiting[: args.best_of], waiting[args.best_of :]
            best = 0
            if args.best_of > 1:
                told = generator.understood(takes[written].prompt, frames)
                best = int(recognize.ranking.fit(judge, [told] * len(draws), draws).argmax())
            formats.writing.write(takes[written].path, draws[best])
            kept.append(takes[written].seed + best)
            written += 1
    files = [str(take.path) for take in takes]
    told = {"files": files, "seconds": frames / FPS, "seed": args.seed, "seeds": kept, "notes": notes}
    return Outcome(told, "\n".join(files))


def _styles(args: argparse.Namespace) -> list[generate.style.Worn]:
    """Return the styles that are put on."""
    return [generate.style.Worn(generate.style.Style.load(path), strength) for path, strength in args.style]


def _run_set(args: argparse.Namespace) -> Outcome:
    """Make a locomotion set, a .npz for each of its clips. JSON: files, seed, loops (names), notes (of those that are
    not what their name says)."""
    if args.count or args.best_of > 1 or args.guidance or args.cfg is not None:
        raise InputError("--count, --best-of, --guidance and --cfg are not for a set", "Leave them out")
    check_seed(args.seed, locomotion.DRAWS * (len(locomotion.GAITS) + 1))
    files = [output_path(Path(args.out) / f"{name}.npz", (".npz",)) for name in locomotion.NAMES]
    check_generator(args.weights)
    generator = generate.generator.Generator.load(args.weights, args.device)
    if args.style:
        generator.wear(_styles(args))
    generator.draw_in(args.quality)
    clips = edit.locomotion.locomotion_set(generator, args.seed, ProgressLine("locomotion"))
    for path, clip in zip(files, clips, strict=True):
        formats.npz.write_npz(path, clip.joints, loop=clip.loop)
    notes = [*generator.told_quality(), *(clip.note for clip in clips if clip.note)]
    for note in notes:
        print(note, file=sys.stderr)
    loops = [clip.name for clip in clips if clip.loop]
    told = {"files": [str(path) for path in files], "seed": args.seed, "loops": loops, "notes": notes}
    return Outcome(told, "\n".join(told["files"]))


def list_takes(lines: list[tuple[int, str]], seed: int, copies: int | None, out: Path, draws: int = 1) -> list[Take]:
    """Return every motion to make of ``lines`` (number, prompt): line by line, copy by copy.

    Without ``copies`` the one line goes to ``out``; otherwise to STEM_LLL_KKK.npz beside it, LLL the number of the line
    (empty lines are left out, and counted), KKK the copy, both from 000; seed + copy, or
    with several ``draws`` of each seed + copy * draws.
    """
    if copies is None:
        return [Take(text, seed, out) for _, text in lines]
    return [
        Take(text, seed + copy * draws, out.with_name(f"{out.stem}_{line:03d}_{copy:03d}{out.suffix}"))
        for line, text in lines
        for copy in range(copies)
    ]
