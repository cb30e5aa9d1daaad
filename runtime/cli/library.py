"""The verbs ``index`` (folders of motions to a library) and ``search`` (by words, by a clip, by both)."""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from coamd_blender.errors import InputError
from coamd_blender.motion.files import RUNTIME_FILES
from coamd_blender.wire import limits
from coamd_blender.wire.requests import SearchRequest
from runtime import generate, recognize
from runtime import library as clips
from runtime.cli.common import (
    Outcome,
    ProgressLine,
    add_model_options,
    add_taught_words,
    add_verb,
    finite_number,
    tell,
    whole_number,
)

if TYPE_CHECKING:
    import numpy as np

    from runtime.library.index import IndexReport
    from runtime.library.records import Embedder

PACK = Path(__file__).parents[1] / "library" / "starter.sqlite"
_FRAMES = re.compile(r"(\d+):(\d+)")


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``index`` and ``search`` to the command line."""
    index = add_verb(verbs, "index", run_index, "put folders of motions into a library, or bring it up to date")
    below = f"read with all below it: {' '.join(RUNTIME_FILES)}"
    index.add_argument("folders", nargs="*", metavar="FOLDER", help=below)
    index.add_argument("--licence", default="", metavar="TEXT", help="noted with the clips read by this run")
    index.add_argument("--source", default="", metavar="TEXT", help="where they come from, noted with them")
    index.add_argument(
        "--starter", type=Path, nargs="?", const=PACK, metavar="FILE",
        help="fill a new library with a pack of clips first; without FILE, with the clips that ship",
    )  # fmt: skip
    index.add_argument(
        "--refresh-shipped", action="store_true",
        help="embed the pack of --starter anew and write the embeddings beside it: after a training of the recogniser",
    )  # fmt: skip
    index.add_argument("--rebuild", action="store_true", help="embed all stored clips anew, for another recogniser")
    search = add_verb(verbs, "search", run_search, "find clips by words, by a clip, or by a clip and words")
    wanted = search.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--text", metavar="TEXT", help="what the person does")
    wanted.add_argument(
        "--clip", metavar="CLIP", help="like this one: a motion file, or FILE#NAME in a file of several"
    )
    search.add_argument(
        "--frames", type=frame_range, metavar="A:B", help="only these of the clip, B excluded, at 20 fps"
    )
    search.add_argument("--and-text", metavar="TEXT", help="like the clip, but: backwards")
    search.add_argument(
        "--weight", type=finite_number(0.0, limits.LARGEST_SHIFT), metavar="W", help="of --and-text (default 1)"
    )
    add_taught_words(search)
    top, usual = whole_number(1, limits.MOST_RESULTS), limits.DEFAULT_RESULTS
    search.add_argument("--top", type=top, default=usual, metavar="K", help=f"default {usual}")
    for parser in (index, search):
        needed = parser is search
        parser.add_argument("--library", type=Path, required=needed, metavar="DB", help="the library's folder")
        add_model_options(parser)


def frame_range(text: str) -> tuple[int, int]:
    """Parse A:B, an argparse type."""
    match = _FRAMES.fullmatch(text)
    if match is None or int(match[1]) >= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not A:B with A below B")
    return int(match[1]), int(match[2])


def load_embedder(weights: Path | None, device: str) -> Embedder:
    """Return the recogniser, its networks yet to be loaded. Raises WeightsError where there is none."""
    return recognize.deferred.DeferredRecognizer(weights, device)


def run_index(args: argparse.Namespace) -> Outcome:
    """Index the folders. JSON: library, files, added, updated, unchanged, broken, vanished, clips, problems, total."""
    if args.refresh_shipped:
        return refresh_shipped(args)
    if args.library is None:
        raise InputError("The library is not named", "Add --library FOLDER")
    if not (args.folders or args.rebuild or args.starter):
        raise InputError("There is nothing to index", "Name one or more folders that hold motions")
    _check_places(args)
    embedder = load_embedder(args.weights, args.device)
    if args.starter:
        clips.starter.install(args.starter, args.library)
    with clips.Library.open(args.library, lambda: embedder, create=bool(args.folders)) as library:
        if args.starter:
            clips.starter.embed(library.store, args.starter, embedder, ProgressLine("embed"))
        elif args.rebuild:
            library.rebuild(ProgressLine("embed"))
        report, graph = clips.index.IndexReport(), ProgressLine("graph")
        if args.folders:
            origin = {"licence": args.licence, "source": args.source}
            report = library.index(*args.folders, **origin, progress=RateLine(), prepared=graph)
            for problem in report.problems:
                print(problem, file=sys.stderr)
        else:
            library.prepare(graph)
        tell(library.note)
        total = library.store.counts()
    text = (
        f"{args.library}: {total['clips']} clips; {report.added} files added, {report.updated} updated, "
        f"{report.unchanged} unchanged, {report.broken} broken, {report.vanished} vanished"
    )
    return Outcome({"library": str(args.library), **asdict(report), "total": total}, text)


def _check_places(args: argparse.Namespace) -> None:
    """Refuse what is not there before the recogniser is looked for."""
    if args.starter:
        clips.starter.check_place(args.starter, args.library)
    elif not clips.Library.exists(args.library):  # a library that is there may know files of a folder that is gone
        if not args.folders:
            clips.store.Store.open(args.library)
        for folder in args.folders:
            if not Path(folder).exists():
                raise InputError(f"There is no folder {folder}", "Check the path")


def refresh_shipped(args: argparse.Namespace) -> Outcome:
    """Embed a pack of clips anew and write the embeddings beside it. JSON: pack, embeddings, rows."""
    if args.folders or args.rebuild or args.library is not None:
        raise InputError("--refresh-shipped goes with --starter alone", "Leave the folders and --library out")
    pack = args.starter or PACK
    rows = clips.starter.refresh(pack, load_embedder(args.weights, args.device), ProgressLine("embed"))
    path = clips.starter.embeddings_path(pack)
    return Outcome({"pack": str(pack), "embeddings": str(path), "rows": rows}, f"{path}: {rows} embeddings")


class RateLine:
    """Progress of an index run on stderr: files done, files a second, files that are broken."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._begun = time.monotonic()
        self._shown = self._begun

    def __call__(self, done: int, total: int, report: IndexReport) -> None:
        now = time.monotonic()
        if done < total and now - self._shown < (0.1 if self._terminal else 2.0):
            return
        self._shown = now
        rate = done / max(now - self._begun, 1e-6)
        start, end = ("\r", "\n" if done >= total else "") if self._terminal else ("", "\n")
        bar = "#" * (20 * done // total)
        line = f"index [{bar:<20}] {done} of {total} files, {rate:.1f} a second, {report.broken} broken"
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def run_search(args: argparse.Namespace) -> Outcome:
    """Search. JSON: results [{path, clip, id, score, frames, seconds, fps, labels, licence, source, status}], notes."""
    if args.text is not None and (args.frames or args.and_text is not None):
        raise InputError("--frames and --and-text belong to --clip", "Say all of it in --text")
    if args.weight is not None and args.and_text is None:
        raise InputError("--weight belongs to --and-text", "Leave it out, or say what should differ in --and-text")
    weight = limits.DEFAULT_SHIFT if args.weight is None else args.weight
    request = SearchRequest(str(args.library), args.text, args.clip, None, args.frames, args.and_text, weight, args.top)
    request.check()
    with clips.Library.open(args.library, lambda: load_embedder(args.weights, args.device)) as library:
        meant = None if args.text is None or not args.style else _taught(args.style, args.text, library.embedder)
        hits = library.answer(request) if meant is None else library.like(meant, args.top)
        notes = [line for line in (library.note, library.remark(hits)) if line]
        results = [hit.as_json() for hit in hits]
    for note in notes:
        tell(note)
    return Outcome({"results": results, "notes": notes}, "\n".join(map(result_line, results)))


def _taught(paths: list[Path], text: str, embedder: Embedder) -> np.ndarray | None:
    """Return the vector of the clips that styles were taught, where ``text`` asks for them."""
    words = recognize.taught_words.TaughtWords.of([generate.style.Style.load(path) for path in paths], embedder.digest)
    return words.asked(text, embedder.loaded.text_encoder)


def result_line(result: dict) -> str:
    """Return a result as a line for people."""
    start, stop = result["frames"]
    notes = ", ".join(note for note in (result["licence"], result["source"]) if note)
    gone = "" if result["status"] == "here" else f" [{result['status']}]"
    return (
        f"{result['score']:.3f}  {result['path']}#{result['clip']}  {start}:{stop} of {result['seconds']:g} s"
        f"{'  (' + notes + ')' if notes else ''}{gone}"
    )
