"""The verbs ``convert`` (one motion file to another) and ``prepare`` (motion sets to training data)."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS
from runtime.cli.common import Outcome, ProgressLine, add_verb, output_path, whole_number
from runtime.cli.generate import write_motion

PREPARED = Path("data/prepared")
READABLE = (".bvh", ".amc", ".glb", ".gltf", ".npz")
WRITABLE = (".npz", ".bvh")
POOL_SEED = 0
VALIDATION_ITEMS = 400  # at least
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
    prepare.add_argument(
        "--pool", type=whole_number(0, 10**7), default=24_000, metavar="N", help="training items to compose (0: none)"
    )
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
    """Convert every motion of a file. JSON: files, frames (of each), fps."""
    source, out = check_source(args.source), output_path(args.out, WRITABLE)
    motions = read_motions(source, args.skeleton)
    if len(motions) == 1:
        outputs = [out]
    else:
        names = [re.sub(r"[^\w.-]+", "_", name) for name, _ in motions]
        outputs = [out.with_name(f"{out.stem}_{name}{out.suffix}") for name in names]
    for path, (_, joints) in zip(outputs, motions, strict=True):
        _write(path, joints)
    frames = [len(joints) for _, joints in motions]
    text = "\n".join(f"{path}: {count} frames" for path, count in zip(outputs, frames, strict=True))
    return Outcome({"files": [str(path) for path in outputs], "frames": frames, "fps": FPS}, text)


def read_motions(path: Path, skeleton: str | None = None) -> list[tuple[str, np.ndarray]]:
    """Return (name, joints float (frames, 22, 3) at 20 fps) of every motion in a file, on the canonical body.

    A .npz holds such joints already and is only resampled. ``skeleton`` names a joint map of the readers instead of
    the one found by the joints' names, or the .asf of an .amc. Raises DataError and InputError.
    """
    from runtime.formats import acclaim, bvh, canonical, gltf, npz, placing

    suffix = path.suffix.lower()
    if suffix == ".npz":
        (clip,) = npz.read_npz(path)
        return [(clip.name, canonical.resample(clip.positions, clip.fps))]
    joint_map = None
    if suffix == ".amc":
        clips = acclaim.read_acclaim(path, skeleton)
    else:
        clips = bvh.read_bvh(path) if suffix == ".bvh" else gltf.read_gltf(path)
        joint_map = _joint_map(skeleton)
    motions = []
    for clip in clips:
        pieces = canonical.canonicalise(clip, joint_map or canonical.match_map(clip))
        names = [clip.name] if len(pieces) == 1 else [f"{clip.name}_{number}" for number in range(len(pieces))]
        motions += [(name, placing.place(piece)) for name, piece in zip(names, pieces, strict=True)]
    if not motions:
        raise DataError(f"{path} holds no motion of two frames or more", "Export it with its animation")
    return motions


def _joint_map(name: str | None):
    from runtime.formats.canonical import joint_maps

    if name is not None and name not in joint_maps():
        raise InputError(f"There is no joint map {name!r}", f"Choose from {', '.join(joint_maps())}")
    return None if name is None else joint_maps()[name]


def _write(path: Path, joints: np.ndarray) -> None:
    if path.suffix.lower() == ".npz":
        write_motion(path, joints)
        return
    from runtime.formats.bvh_write import write_bvh

    write_bvh(path, joints)


def run_prepare(args: argparse.Namespace) -> Outcome:
    """Read the sets and compose training items. JSON: clips, seconds, pool (items by split), files."""
    if not args.data.is_dir():
        raise InputError(f"There is no folder {args.data}", "Name the folder that holds the sets")
    from runtime.data.prepare import prepare, table

    sets = None if args.sets is None else [name.strip() for name in args.sets.split(",") if name.strip()]
    records = prepare(args.data, args.out, sets)
    pools = write_pools(args.out, args.pool)
    text = "\n".join([table(records), *(f"pool {split}: {count} items" for split, count in pools.items())])
    seconds = sum(record["frames"] for record in records) / FPS
    return Outcome({"clips": len(records), "seconds": seconds, "pool": pools, "files": [str(args.out)]}, text)


def write_pools(prepared: Path, size: int) -> dict[str, int]:
    """Build the generator's training items from prepared clips: ``size`` to train on, a twentieth to validate.

    Returns the number of items by split. A pool made before from the same clips by the same code is kept; a split
    without clips that can be captioned gets none, and why goes to stderr.
    """
    from runtime.compose.compose import build_pool
    from runtime.data.dataset import Prepared, write_pool

    data, counts, workers = Prepared.load(prepared), {}, os.cpu_count() or 1
    sizes = {"train": size, "val": max(VALIDATION_ITEMS, size // 20)} if size else {}
    for split, count in sizes.items():
        folder = prepared / "pool" / split
        note, origin = folder / "made_from.txt", _origin(prepared, count)
        if note.is_file() and note.read_text() == origin:
            counts[split] = count
            continue
        note.unlink(missing_ok=True)
        items = build_pool(data.clips, data.motions, POOL_SEED, count, split, workers)
        try:
            counts[split] = write_pool(folder, _counted(items, count, f"pool {split}"))
        except DataError as error:
            print(f"no pool {split}: {error}", file=sys.stderr)
        else:
            note.write_text(origin)
    return counts


def _origin(prepared: Path, size: int) -> str:
    """A digest of all that a pool depends on: the clips, the number of items, the seed and the code."""
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
