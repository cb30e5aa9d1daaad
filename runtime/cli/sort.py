"""The verb ``sort``: which of a user's labels many motions of one source show."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from coamd_blender.errors import CoamdError, InputError
from coamd_blender.motion.files import RUNTIME_FILES
from coamd_blender.wire import limits
from coamd_blender.wire.requests import SortRequest
from runtime import formats, generate, recognize
from runtime.cli.common import Outcome, ProgressLine, add_model_options, add_verb, check_generator, tell, whole_number
from runtime.cli.files import read_labels
from runtime.library.reading import find_files
from runtime.recognize.sorting import DrawnLabels, remarks, sortable
from runtime.weights import RECOGNIZER, weights_file


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``sort`` to the command line."""
    parser = add_verb(verbs, "sort", run_sort, "say which of your labels many motions of one source show")
    below = f"files, or folders that are read with all below them: {' '.join(RUNTIME_FILES)}"
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help=below)
    told = "what the motions show, most of it more than once"
    parser.add_argument("--labels", required=True, metavar='FILE|"a,b,c"', help=told)
    top = whole_number(1, limits.MOST_RESULTS)
    parser.add_argument("--top", type=top, default=1, metavar="K", help="labels to print of each (default 1)")
    add_model_options(parser)


def run_sort(args: argparse.Namespace) -> Outcome:
    """Sort motions by labels. JSON: sorted [{path, clip, labels [{label, score}]}], the motions in order of their
    paths; left_out, a line for each file or motion that could not be read; and notes."""
    labels = tuple(label.name for label in sortable(read_labels(args.labels)))
    weights_file(args.weights, RECOGNIZER)
    check_generator(args.weights)
    motions, left_out = _motions(args.clips)
    for line in left_out:
        tell(line)
    joints = np.concatenate([joints for _, _, joints in motions]) if motions else np.zeros((0, 22, 3), np.float32)
    request = SortRequest(joints, tuple(len(motion) for _, _, motion in motions), labels, args.top)
    request.check()
    recognizer = recognize.Recognizer.load(args.weights, args.device)
    generator = generate.generator.Generator.load(args.weights, args.device)
    generator.draw_in("fast")
    drawn = DrawnLabels.of(labels, generator, recognizer, ProgressLine("labels drawn"))
    vectors = recognizer.embed_motions(request.motions())
    told, notes = drawn.told(vectors, request.top), remarks(vectors)
    for line in notes:
        tell(line)
    named = [(path, name, row) for (path, name, _), row in zip(motions, told, strict=True)]
    rows = [
        {"path": str(path), "clip": name, "labels": [{"label": label, "score": score} for label, score in row]}
        for path, name, row in named
    ]
    lines = [f"{', '.join(f'{label} {score:.0%}' for label, score in row)}  {path}" for path, name, row in named]
    return Outcome({"sorted": rows, "left_out": left_out, "notes": notes}, "\n".join(lines))


def _motions(paths: list[Path]) -> tuple[list[tuple[Path, str, np.ndarray]], list[str]]:
    """Return the motions of files, and of all files below folders: path, name and joints (frames, 22, 3); and a line
    for each that could not be read. Raises InputError for a path that is not there."""
    found, left_out = [], []
    for path in paths:
        if not path.exists():
            raise InputError(f"There is no file or folder {path}", "Check the path")
        for file in sorted(find_files(path)) if path.is_dir() else [path]:
            try:
                placed, lines = formats.read.read_placed(file, limits.SHORTEST_FRAMES)
            except CoamdError as error:
                left_out.append(str(error))
                continue
            left_out += [f"{file}: {line}" for line in lines]
            found += [(file, motion.name, motion.joints) for motion in placed]
    return found, left_out
