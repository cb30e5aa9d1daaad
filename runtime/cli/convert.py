"""The verb ``convert``: one motion file to another."""

from __future__ import annotations

import argparse
import re

from coamd_blender.motion.files import RUNTIME_FILES, listed
from coamd_blender.motion.skeleton import FPS
from runtime import formats
from runtime.cli.common import Outcome, add_read_options, add_verb, output_path, read_options, tell


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``convert`` to the command line."""
    parser = add_verb(verbs, "convert", run_convert, "convert a motion to .npz, .bvh or .glb")
    parser.add_argument("source", metavar="IN", help=f"a {listed(RUNTIME_FILES, 'or')} motion")
    parser.add_argument("out", metavar="OUT", help="a .npz (22 joints, 20 fps), .bvh or .glb to write")
    parser.add_argument("--skeleton", metavar="RIG", help="joint map, or for .amc the .asf file (default: found)")
    add_read_options(parser)


def run_convert(args: argparse.Namespace) -> Outcome:
    """Convert every motion of a file. JSON: files, frames (of each), fps."""
    source, out = formats.read.check_readable(args.source), output_path(args.out, formats.writing.WRITABLE)
    motions = formats.read.read_motions(source, args.skeleton, read_options(args), tell)
    if len(motions) == 1:
        outputs = [out]
    else:
        names = [re.sub(r"[^\w.-]+", "_", name) for name, _ in motions]
        outputs = [out.with_name(f"{out.stem}_{name}{out.suffix}") for name in names]
    for path, (_, joints) in zip(outputs, motions, strict=True):
        formats.writing.write(path, joints)
    frames = [len(joints) for _, joints in motions]
    text = "\n".join(f"{path}: {count} frames" for path, count in zip(outputs, frames, strict=True))
    return Outcome({"files": [str(path) for path in outputs], "frames": frames, "fps": FPS}, text)
