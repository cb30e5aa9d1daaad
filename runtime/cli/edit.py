"""The verbs ``edit`` (remake frames of a clip) and ``storyboard`` (several prompts on one timeline)."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT, JOINT_INDEX
from runtime.cli.common import Outcome, ProgressLine, add_verb, finite_number, output_path, whole_number
from runtime.cli.generate import LARGEST_SEED, write_motion
from runtime.edit.task import MODES

READABLE = (".npz", ".bvh")


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``edit`` and ``storyboard`` to the command line."""
    edit = add_verb(verbs, "edit", run_edit, "remake frames of a clip and leave the others alone")
    edit.add_argument("clip", metavar="CLIP", help="an .npz (joints, fps) or .bvh motion")
    edit.add_argument("--mask", required=True, metavar="A:B", help="frames made anew, B excluded; A:B,C:D for several")
    edit.add_argument("--mode", choices=MODES, default="between", help="which side is context (default between)")
    edit.add_argument("--joints", metavar="PARTS", help="only these are made anew: upper_body, legs, left_arm, ...")
    edit.add_argument("--path", type=Path, metavar="F", help="JSON: [[x, z], ...], a curve on the ground to follow")
    edit.add_argument("--pose", type=Path, metavar="F", help='JSON: [{"frame": N, "joints": {"head": [x, y, z]}}, ...]')
    edit.add_argument("--prompt", default="", metavar="TEXT", help="what happens (default: whatever fits)")
    edit.add_argument("--keep", type=finite_number(0, 100), default=50.0, metavar="N", help="vary: percent kept (50)")
    board = add_verb(verbs, "storyboard", run_storyboard, "make one long motion from several prompts")
    board.add_argument("file", type=Path, metavar="FILE", help="lines of seconds and prompt, or JSON")
    board.add_argument("--loop", choices=("keep", "remove"), help="end as it began, its travel kept or removed")
    board.add_argument("--in-place", action="store_true", help="take the travel out")
    for parser in (edit, board):
        parser.add_argument(
            "--seed", type=whole_number(0, LARGEST_SEED), default=0, metavar="N", help="same in, same out"
        )
        parser.add_argument("--cfg", type=finite_number(0.0, 100.0), metavar="W", help="classifier-free weight")
        parser.add_argument("--device", default="auto", metavar="D", help="auto, cuda, mps or cpu (default auto)")
        parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")
        parser.add_argument("--out", required=True, metavar="CLIP.npz", help="what to write")


def run_edit(args: argparse.Namespace) -> Outcome:
    """Remake the masked frames. JSON: files, seconds (of the clip), seed."""
    ranges = parse_mask(args.mask)
    out = output_path(args.out, (".npz",))
    joints, fps = read_clip(args.clip)
    from runtime.edit.regenerate import edit_ranges
    from runtime.edit.task import Edit

    targets = read_targets(args.pose) if args.pose else ()
    tasks = [
        Edit(
            start,
            stop,
            args.prompt,
            args.mode,
            args.joints,
            args.keep / 100,
            read_path(args.path) if args.path else None,
            tuple(target for target in targets if start <= target.frame < stop),
            args.seed,
            args.cfg,
        )
        for start, stop in ranges
    ]
    outside = [target.frame for target in targets if not any(a <= target.frame < b for a, b in ranges)]
    if outside:
        raise InputError(f"The pose at frame {outside[0]} is outside the mask {args.mask}", "Widen the mask")
    if args.path and len(tasks) > 1:
        raise InputError("A path cannot be followed in several ranges", "Mask one range")
    check_ranges(ranges, len(joints))
    from runtime.generate.generator import Generator

    result = edit_ranges(Generator.load(args.weights, args.device), joints, fps, tasks, on_step=ProgressLine("edit"))
    write_motion(out, result, fps)
    return Outcome({"files": [str(out)], "seconds": len(result) / fps, "seed": args.seed}, str(out))


def run_storyboard(args: argparse.Namespace) -> Outcome:
    """Make a storyboard's motion. JSON: files, seconds, seed."""
    out = output_path(args.out, (".npz",))
    from runtime.cleanup.blend import in_place
    from runtime.edit.storyboard import loop, read_scenes, storyboard
    from runtime.generate.generator import Generator

    scenes = read_scenes(args.file)
    generator = Generator.load(args.weights, args.device)
    joints = storyboard(generator, scenes, args.seed, cfg=args.cfg, on_step=ProgressLine("storyboard"))
    if args.loop:
        joints = loop(generator, joints, travel=args.loop == "keep" and not args.in_place, seed=args.seed)
    elif args.in_place:
        joints = in_place(joints, FPS)
    write_motion(out, joints)
    return Outcome({"files": [str(out)], "seconds": len(joints) / FPS, "seed": args.seed}, str(out))


def parse_mask(text: str) -> list[tuple[int, int]]:
    """Return the ranges (first, one past the last) of ``A:B`` or ``A:B,C:D``. Raises InputError."""
    ranges = []
    for part in text.split(","):
        try:
            start, stop = (int(number) for number in part.split(":"))
        except ValueError as error:
            raise InputError(f"The mask {text!r} is not A:B", "Give its first frame, and one past its last") from error
        if stop <= start:
            raise InputError(f"The range {part} is empty", "Give its first frame, and one past its last")
        ranges.append((start, stop))
    return ranges


def check_ranges(ranges: list[tuple[int, int]], frames: int) -> None:
    """Raise InputError unless every range lies in a clip of ``frames`` frames."""
    for start, stop in ranges:
        if start < 0 or stop > frames:
            raise InputError(
                f"The range {start}:{stop} is outside the clip's {frames} frames", f"Choose from 0 to {frames}"
            )


def read_clip(text: str) -> tuple[np.ndarray, float]:
    """Return (joints (frames, 22, 3), fps) of an .npz as it is, or of a .bvh on the canonical body at its own rate.

    Raises InputError and DataError.
    """
    path = Path(text)
    if path.suffix.lower() not in READABLE:
        raise InputError(f"{path} is not a clip that can be edited", f"Give one of {', '.join(READABLE)}")
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Check the path")
    if path.suffix.lower() == ".npz":
        from runtime.formats.npz import read_npz

        (clip,) = read_npz(path)
        return clip.positions.astype(np.float32), clip.fps
    from runtime.formats import bvh, canonical, placing

    (clip,) = bvh.read_bvh(path)
    # the frame rate of the canonical body's motions, so that every frame is kept
    motions = canonical.canonicalise(replace(clip, fps=float(FPS)), canonical.match_map(clip))
    if len(motions) != 1 or len(motions[0]) != len(clip.positions):
        raise DataError(f"{path} jumps, and would be cut", "Mend its jumps, or convert it and edit the pieces")
    return placing.place(motions[0]).astype(np.float32), clip.fps


def read_path(path: Path) -> np.ndarray:
    """Return a curve (points, 2: x, z) of a JSON file: [[x, z], ...], or {"points": ...}. Raises InputError."""
    rows = _json(path)
    rows = rows.get("points") if isinstance(rows, dict) else rows
    try:
        curve = np.array(rows, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is not a curve ({error})", "Write [[x, z], [x, z], ...]") from error
    if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < 2 or not np.isfinite(curve).all():
        raise InputError(f"{path} holds an array of shape {curve.shape}", "Write two or more points [[x, z], ...]")
    return curve


def read_targets(path: Path) -> tuple:
    """Return the Targets of a JSON file: [{"frame": N, "joints": {NAME: [x, y, z], ...}}, ...]; a whole pose is a list
    of 22 points, and "until": M holds the places up to frame M, excluded. Raises InputError."""
    from runtime.cleanup.blend import Target

    rows, targets = _json(path), []
    rows = rows.get("poses") if isinstance(rows, dict) else rows
    try:
        for row in rows:
            places = row["joints"]
            if isinstance(places, list):
                places = dict(zip(JOINT_INDEX, places, strict=True))
            indices = tuple(JOINT_INDEX[name] for name in places)
            points = np.array(list(places.values()), dtype=np.float64)
            if (
                points.shape != (len(indices), 3)
                or not 0 < len(indices) <= JOINT_COUNT
                or not np.isfinite(points).all()
            ):
                raise ValueError(f"points of shape {points.shape}")
            for frame in range(int(row["frame"]), int(row.get("until", int(row["frame"]) + 1))):
                targets.append(Target(frame, indices, points))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is not a list of poses ({error})", 'Write [{"frame": 30, "joints": {"left_wrist": [x, y, z]}}]'
        ) from error
    if not targets:
        raise InputError(f"{path} holds no pose", 'Write [{"frame": 30, "joints": {"left_wrist": [x, y, z]}}]')
    return tuple(targets)


def _json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "Check the path") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error})", "Correct the file") from error
