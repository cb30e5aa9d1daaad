"""The verb ``prepare``: motion sets to training data."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS
from runtime import compose, formats, teach
from runtime import data as sets
from runtime.cli.common import Outcome, ProgressLine, add_verb, whole_number

PREPARED = Path("data/prepared")
POOL_SEED = 0
VALIDATION_ITEMS = 400  # at least


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``prepare`` to the command line."""
    parser = add_verb(verbs, "prepare", run_prepare, "read motion sets into training data")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where the sets lie")
    parser.add_argument("--out", type=Path, default=PREPARED, metavar="FOLDER", help="default data/prepared")
    parser.add_argument(
        "--pool", type=whole_number(0, 10**7), default=24_000, metavar="N", help="training items to compose (0: none)"
    )
    parser.add_argument("--sets", metavar="A,B", help="only these sets of runtime/data/sources.toml")
    parser.add_argument(
        "--words",
        type=Path,
        metavar="FILE.csv",
        help="FOLDER holds your own clips: lines of file (or pattern), sentence",
    )


def run_prepare(args: argparse.Namespace) -> Outcome:
    """Read the sets and compose training items. JSON: clips, seconds, pool (items by split), files."""
    if not args.data.is_dir():
        raise InputError(f"There is no folder {args.data}", "Name the folder that holds the sets")
    if args.words is not None:
        return _own(args)
    chosen = None if args.sets is None else [name.strip() for name in args.sets.split(",") if name.strip()]
    records = sets.prepare.prepare(args.data, args.out, chosen)
    pools = write_pools(args.out, args.pool)
    text = "\n".join([sets.prepare.table(records), *(f"pool {split}: {count} items" for split, count in pools.items())])
    seconds = sum(record["frames"] for record in records) / FPS
    return Outcome({"clips": len(records), "seconds": seconds, "pool": pools, "files": [str(args.out)]}, text)


def _own(args: argparse.Namespace) -> Outcome:
    """Read one's own clips, as the file of words tells."""
    files = sorted(path for path in args.data.rglob("*") if path.suffix.lower() in formats.read.READERS)
    sentences = teach.words.sentences_of(files, teach.words.read_words(args.words))
    records = sets.own.prepare_own(sentences, args.out, say=lambda line: print(line, file=sys.stderr, flush=True))
    pools = write_pools(args.out, args.pool, compose.own_items.own_items)
    seconds = sum(record["frames"] for record in records) / FPS
    counts = Counter(record["split"] for record in records)
    lines = [
        f"{len(records)} clips, {seconds:.0f} s: " + ", ".join(f"{count} {split}" for split, count in counts.items())
    ]
    text = "\n".join([*lines, *(f"pool {split}: {count} items" for split, count in pools.items())])
    return Outcome({"clips": len(records), "seconds": seconds, "pool": pools, "files": [str(args.out)]}, text)


def write_pools(prepared: Path, size: int, build: Callable[..., Iterator] | None = None) -> dict[str, int]:
    """Build the generator's training items from prepared clips: ``size`` to train on, a twentieth to validate.

    ``build`` yields them, compose.build_pool unless told otherwise. Returns the number of items by split. A pool made
    before from the same clips by the same code is kept; a split without clips that can be captioned gets none, and why
    goes to stderr.
    """
    data, counts, workers = sets.dataset.Prepared.load(prepared), {}, os.cpu_count() or 1
    sizes = {"train": size, "val": max(VALIDATION_ITEMS, size // 20)} if size else {}
    for split, count in sizes.items():
        folder = prepared / "pool" / split
        note, origin = folder / "made_from.txt", _origin(prepared, count)
        if note.is_file() and note.read_text() == origin:
            counts[split] = count
            continue
        note.unlink(missing_ok=True)
        if build is None:
            items = compose.compose.build_pool(data.clips, data.motions, POOL_SEED, count, split, workers)
        else:
            items = build(data.clips, data.motions, POOL_SEED, count, split)
        try:
            counts[split] = sets.dataset.write_pool(folder, _counted(items, count, f"pool {split}"))
        except DataError as error:
            print(f"no pool {split}: {error}", file=sys.stderr)
        else:
            note.write_text(origin)
    return counts


def _origin(prepared: Path, size: int) -> str:
    """Return a digest of all that a pool depends on: the clips, the number of items, the seed and the code."""
    digest = hashlib.sha256(f"{size} {POOL_SEED}".encode())
    rooms = (Path(__file__).parents[1] / room for room in ("authored", "captions", "compose", "data", "formats"))
    code = sorted(
        path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".json", ".csv", ".toml")
    )
    for path in [prepared / "clips.jsonl", *code]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _counted(items: Iterable, total: int, what: str) -> Iterator:
    progress = ProgressLine(what)
    for number, item in enumerate(items, start=1):
        yield item
        progress(number, total)
