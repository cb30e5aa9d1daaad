"""The verb ``recognize``: what a motion is."""

from __future__ import annotations

import argparse
from pathlib import Path

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS
from runtime.cli.common import Outcome, add_verb, whole_number
from runtime.cli.data import check_source


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``recognize`` to the command line."""
    parser = add_verb(verbs, "recognize", run_recognize, "say what a motion is")
    parser.add_argument("clip", metavar="CLIP", help="a .npz, .bvh, .amc or .glb motion")
    parser.add_argument("--labels", metavar='FILE|"a,b,c"', help="labels to choose from (default: the bundled list)")
    parser.add_argument("--top", type=whole_number(1, 1000), default=5, metavar="K", help="labels to print (default 5)")
    parser.add_argument("--segments", action="store_true", help="say what happens when in a long motion, too")
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cuda, mps or cpu (default auto)")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")


def run_recognize(args: argparse.Namespace) -> Outcome:
    """Recognise a motion. JSON: labels [{label, score}]; with --segments also segments, in frames at 20 a second."""
    labels = None if args.labels is None else read_labels(args.labels)
    source = check_source(args.clip)
    from runtime.formats.convert import read_motion
    from runtime.recognize import Recognizer

    joints = read_motion(source)
    recognizer = Recognizer.load(args.weights, args.device)
    found = recognizer.recognize(joints, labels, args.top)
    told = {"labels": [{"label": label, "score": score} for label, score in found]}
    lines = [f"{score:6.1%}  {label}" for label, score in found]
    if args.segments:
        parts = recognizer.segments(joints, labels)
        names = ("start", "stop", "label", "score")
        told["segments"] = [dict(zip(names, part, strict=True)) for part in parts]
        lines += [
            f"{start / FPS:6.2f} - {stop / FPS:6.2f} s  {label} ({score:.0%})" for start, stop, label, score in parts
        ]
    return Outcome(told, "\n".join(lines))


def read_labels(text: str) -> list[str]:
    """Labels of a text file, one a line, or of a list with commas. Raises InputError for a file that is not text."""
    path = Path(text)
    try:
        there = path.is_file()
    except OSError:  # a list too long for a file's name
        there = False
    if not there:
        if path.suffix.lower() == ".txt":
            raise InputError(f"There is no file {path}", 'Check the path, or give labels: "walking, running"')
        return text.split(",")
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"The label file {path} is not UTF-8 text", "Save it as UTF-8, one label a line") from error
