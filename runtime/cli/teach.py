"""The verb ``teach``: a style from clips and sentences of one's own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from coamd_blender.errors import InputError
from coamd_blender.wire import lock, teaching
from runtime import formats, generate, recognize, teach, weights
from runtime.cli.common import Outcome, add_model_options, add_verb, finite_number, output_path, whole_number

if TYPE_CHECKING:
    from runtime.teach.lessons import Clip


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``teach`` to the command line."""
    parser = add_verb(verbs, "teach", run_teach, "teach the generator an action or a manner from a few clips")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the clips")
    parser.add_argument(
        "--words", type=Path, required=True, metavar="FILE.csv", help="lines of file (or pattern), sentence"
    )
    parser.add_argument("--name", metavar="TEXT", help="what the style is called (default: its file's name)")
    parser.add_argument("--licence", default="", metavar="TEXT", help="the clips' licence, kept in the style")
    parser.add_argument(
        "--kind",
        choices=("action", "manner"),
        help="what the clips teach: clips of a manner are not warned of as unlike (default: as their sentences tell)",
    )
    parser.add_argument(
        "--steps",
        type=whole_number(0, 100_000),
        metavar="N",
        help="of training besides (default 0: the clips are shown alone)",
    )
    parser.add_argument("--held", type=finite_number(0.0, 1000.0), metavar="W", help="how firmly to hold what it knew")
    add_model_options(parser)
    parser.add_argument("--out", required=True, metavar="STYLE.safetensors", help="the style; the same command resumes")


def run_teach(args: argparse.Namespace) -> Outcome:
    """Teach a style. JSON: files, name, words, clips, scores; files is empty when it was stopped."""
    out = output_path(args.out, (".safetensors",))
    if not args.folder.is_dir():
        raise InputError(f"There is no folder {args.folder}", "Check the path")
    files = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in formats.read.READERS)
    if not files:
        raise InputError(f"{args.folder} holds no clip", f"Put {', '.join(formats.read.READERS)} files in it")
    clips = teach.lessons.read_clips(teach.words.sentences_of(files, teach.words.read_words(args.words)))
    folder = teaching.folder_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    with lock.alone(
        folder / teaching.LOCK, f"{out.name} is being taught already", "Wait for it, or give --out another name"
    ):
        (folder / teaching.PROCESS).write_text(str(os.getpid()), encoding="ascii")
        return _teach(args, out, clips)


def _teach(args: argparse.Namespace, out: Path, clips: list[Clip]) -> Outcome:
    given = {name: getattr(args, name) for name in ("steps", "held") if getattr(args, name) is not None}
    there = (args.weights or weights.BUNDLED) / weights.RECOGNIZER
    style = teach.teach.teach(
        generate.generator.Generator.load(args.weights, args.device),
        clips,
        out,
        name=args.name or out.stem,
        licence=args.licence,
        manner=None if args.kind is None else args.kind == "manner",
        settings=teach.teach.TeachSettings(**given),
        recognizer=recognize.Recognizer.load(args.weights, args.device) if there.is_file() else None,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if style is None:
        return Outcome({"files": []}, "stopped; the same command goes on")
    told = style.config
    scores = dict(told.scores)
    return Outcome(
        {"files": [str(out)], "name": told.name, "words": told.words, "clips": told.clips, "scores": scores}, str(out)
    )
