"""The verbs ``convert`` (one motion file to another) and ``prepare`` (motion sets to training data)."""

from __future__ import annotations

import argparse
from pathlib import Path

from coamd_blender.errors import InputError
from coamd_blender.skeleton import FPS
from runtime.cli_common import Outcome, add_verb, output_path
from runtime.cli_generate import write_motion

PREPARED = Path("data/prepared")
READABLE = (".bvh", ".amc", ".glb", ".gltf", ".npz")
WRITABLE = (".npz", ".bvh")
BLENDER_ONLY = (".fbx", ".blend")


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``convert`` and ``prepare`` to the command line."""
    convert = add_verb(verbs, "convert", run_convert, "convert a motion to .npz or .bvh")
    convert.add_argument("source", metavar="IN", help="a .bvh, .amc, .glb or .npz motion")
    convert.add_argument("out", metavar="OUT", help="a .npz (22 joints, 20 fps) or .bvh to write")
    convert.add_argument("--skeleton", metavar="RIG", help="joint map, or for .amc the .asf file (default: found)")
    prepare = add_verb(verbs, "prepare", run_prepare, "read motion sets into training data")
    prepare.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where the sets lie")
    prepare.add_argument("--out", type=Path, default=PREPARED, metavar="FOLDER", help="default data/prepared")
    prepare.add_argument("--sets", metavar="A,B", help="only these sets of runtime/data/sources.toml")


def check_source(text: str) -> Path:
    """Return the path of a motion file that can be read here. Raises InputError, for Blender's formats with the way."""
    path = Path(text)
    suffix = path.suffix.lower()
    if suffix in BLENDER_ONLY:
        raise InputError(
            f"{path} can be read by Blender alone",
            "Open or import it in Blender, and save its armature's motion as .bvh (operator export_anim.bvh)",
        )
    if suffix not in READABLE:
        raise InputError(f"{path} is not a motion this program reads", f"Give one of {', '.join(READABLE)}")
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Check the path")
    return path


def run_convert(args: argparse.Namespace) -> Outcome:
    """Convert one motion. JSON: files, frames, fps."""
    source, out = check_source(args.source), output_path(args.out, WRITABLE)
    from runtime.data.convert import read_motion, write_bvh

    joints = read_motion(source, args.skeleton)
    if out.suffix.lower() == ".bvh":
        write_bvh(out, joints)
    else:
        write_motion(out, joints)
    return Outcome({"files": [str(out)], "frames": len(joints), "fps": FPS}, f"{out}: {len(joints)} frames")


def run_prepare(args: argparse.Namespace) -> Outcome:
    """Read the sets. JSON: clips, seconds, files."""
    if not args.data.is_dir():
        raise InputError(f"There is no folder {args.data}", "Name the folder that holds the sets")
    from runtime.data.prepare import prepare, table

    sets = None if args.sets is None else [name.strip() for name in args.sets.split(",") if name.strip()]
    records = prepare(args.data, args.out, sets)
    seconds = sum(record["frames"] for record in records) / FPS
    return Outcome({"clips": len(records), "seconds": seconds, "files": [str(args.out)]}, table(records))
