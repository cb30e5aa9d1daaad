"""The verb ``prepare``: motion sets to training data."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS
from runtime import compose
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


def run_prepare(args: argparse.Namespace) -> Outcome:
    """Read the sets and compose training items. JSON: clips, seconds, pool (items by split), files."""
    if not args.data.is_dir():
        raise InputError(f"There is no folder {args.data}", "Name the folder that holds the sets")
    chosen = None if args.sets is None else [name.strip() for name in args.sets.split(",") if name.strip()]
    records = sets.prepare.prepare(args.data, args.out, chosen)
    pools = write_pools(args.out, args.pool)
    text = "\n".join([sets.prepare.table(records), *(f"pool {split}: {count} items" for split, count in pools.items())])
    seconds = sum(record["frames"] for record in records) / FPS
    return Outcome({"clips": len(records), "seconds": seconds, "pool": pools, "files": [str(args.out)]}, text)


def write_pools(prepared: Path, size: int) -> dict[str, int]:
    """Build the generator's training items from prepared clips: ``size`` to train on, a twentieth to validate.

    Returns the number of items by split. A pool made before from the same clips by the same code is kept; a split
    without clips that can be captioned gets none, and why goes to stderr.
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
        items = compose.compose.build_pool(data.clips, data.motions, POOL_SEED, count, split, workers)
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
