"""The verbs ``edit`` (frames of a clip made anew) and ``storyboard`` (several prompts on one timeline)."""

from __future__ import annotations

import argparse
from pathlib import Path

from coamd_blender.errors import InputError
from coamd_blender.motion.files import listed
from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire import limits
from coamd_blender.wire.edit_modes import DEFAULT_MODE, EDIT_MODES
from coamd_blender.wire.requests import EditRange, EditRequest, StoryboardRequest
from runtime import edit, formats, generate
from runtime.cli.common import (
    Outcome,
    ProgressLine,
    add_model_options,
    add_quality,
    add_read_options,
    add_seed,
    add_text_weight,
    add_verb,
    check_generator,
    finite_number,
    output_path,
    read_options,
    tell,
)
from runtime.cli.files import read_path, read_scenes, read_targets


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``edit`` and ``storyboard`` to the command line."""
    ranges = add_verb(verbs, "edit", run_edit, "remake frames of a clip and leave the others alone")
    ranges.add_argument("clip", metavar="CLIP", help="an .npz (joints, fps) or .bvh motion")
    mask = "frames made anew, B excluded; A:B,C:D for several"
    ranges.add_argument("--mask", required=True, metavar="A:B", help=mask)
    ranges.add_argument(
        "--mode", choices=EDIT_MODES, default=DEFAULT_MODE, help=f"which side is context (default {DEFAULT_MODE})"
    )
    ranges.add_argument("--joints", metavar="PARTS", help="only these are made anew: upper_body, legs, left_arm, ...")
    ranges.add_argument("--path", type=Path, metavar="F", help="JSON: [[x, z], ...], a curve on the ground to follow")
    ranges.add_argument(
        "--pose", type=Path, metavar="F", help='JSON: [{"frame": N, "joints": {"head": [x, y, z]}}, ...]'
    )
    ranges.add_argument("--prompt", default="", metavar="TEXT", help="what happens (default: whatever fits)")
    share = f"{', '.join(name for name, mode in EDIT_MODES.items() if mode.keeps)}: percent kept (50)"
    ranges.add_argument("--keep", type=finite_number(0, 100), default=50.0, metavar="N", help=share)
    add_read_options(ranges)
    board = add_verb(verbs, "storyboard", run_storyboard, "make one long motion from several prompts")
    board.add_argument("file", type=Path, metavar="FILE", help="lines of seconds and prompt, or JSON")
    board.add_argument("--loop", choices=limits.LOOPS, help="end as it began, its travel kept or removed")
    board.add_argument("--in-place", action="store_true", help="take the travel out")
    for parser in (ranges, board):
        add_seed(parser)
        add_text_weight(parser)
        add_quality(parser)
        add_model_options(parser)
        kinds = listed(formats.writing.WRITABLE, "or")
        parser.add_argument("--out", required=True, metavar="CLIP", help=f"a {kinds} to write")


def run_edit(args: argparse.Namespace) -> Outcome:
    """Remake the masked frames. JSON: files, seconds (of the clip), seed."""
    mask = parse_mask(args.mask)
    joints, fps = formats.read.read_at_own_rate(args.clip, read_options(args), tell)
    request = EditRequest(
        joints,
        fps,
        tuple(EditRange(start, stop, args.mode) for start, stop in mask),
        args.prompt,
        args.joints,
        args.keep / 100,
        args.seed,
        args.cfg,
        read_path(args.path) if args.path else None,
        **(read_targets(args.pose) if args.pose else {}),
    )
    request.check()
    check_generator(args.weights)
    out = output_path(args.out, formats.writing.WRITABLE)
    edits, generator = edit.task.edits_of(request), generate.generator.Generator.load(args.weights, args.device)
    generator.draw_in(args.quality, args.cfg)
    tell("".join(generator.told_quality()))
    made = edit.regenerate.edit_ranges(generator, joints, fps, edits, on_step=ProgressLine("edit"))
    formats.writing.write(out, made, fps)
    return Outcome({"files": [str(out)], "seconds": len(made) / fps, "seed": args.seed}, str(out))


def run_storyboard(args: argparse.Namespace) -> Outcome:
    """Make a storyboard's motion. JSON: files, seconds, seed."""
    request = StoryboardRequest(tuple(read_scenes(args.file)), args.seed, args.cfg, args.loop, args.in_place)
    request.check()
    check_generator(args.weights)
    out = output_path(args.out, formats.writing.WRITABLE)
    generator = generate.generator.Generator.load(args.weights, args.device)
    generator.draw_in(args.quality, args.cfg)
    tell("".join(generator.told_quality()))
    joints = edit.storyboard.perform(generator, request, on_step=ProgressLine("storyboard"))
    formats.writing.write(out, joints)
    return Outcome({"files": [str(out)], "seconds": len(joints) / FPS, "seed": args.seed}, str(out))


def parse_mask(text: str) -> list[tuple[int, int]]:
    """Return the ranges (first, one past the last) of ``A:B`` or ``A:B,C:D``. Raises InputError."""
    ranges = []
    for part in text.split(","):
        try:
            start, stop = (int(number) for number in part.split(":"))
        except ValueError as error:
            raise InputError(f"The mask {text!r} is not A:B", "Give its first frame, and one past its last") from error
        ranges.append((start, stop))
    return ranges
