"""Read every set into one store of canonical motions: ``motions.npy`` and ``clips.jsonl``.

The store is a folder:
    motions.npy   float32 (frames of all clips, 22, 3), metres, Y up, 20 fps, each clip placed at its own origin
    clips.jsonl   one clip a line, in the order of its frames: id, set, file, name, performer, trial, label, action,
                  licence, ships, in_place, loop, cycle, from, flags, split, start, frames, captions
    report.json   what was left out and why
    cache/        one .npz a source file, so that a stopped run resumes

Flags: ``cut`` (one of several pieces of a file), ``travel`` (an in-place loop given its travel back), ``special``
(the label says that stairs, a chair or playground equipment carry the body), ``floor`` (the feet stand still at
heights more than 12 cm apart), ``knees`` (a noisy set's knees bend backwards: sides swapped by the camera).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS
from runtime.formats.canonical import MAPS_PATH, JointMap, canonical_pieces, joint_maps, match_map
from runtime.formats.clip import SourceClip
from runtime.formats.placing import clip_floor, knee_bend, place, shared_floor, uneven_floor

from .loops import cycle_length, repeat_loop, slides_in_place, with_travel
from .sources import (
    SPECIAL_WORDS,
    Source,
    correction_of,
    describe,
    motion_files,
    read_cmu_index,
    read_source,
    set_folder,
    sources,
)
from .splits import split_of

READER_VERSION = 12
SHORTEST = 8  # frames: a hop or a blow takes 0.4 s
LOOP_SECONDS = 4.0
# Names of loops that mean the same when repeated, and of those among them that go somewhere.
_CYCLIC = re.compile(r"loop|idle|walk|run|jog|sprint|crawl|sneak|swim|dance|carry|move|push|pray", re.IGNORECASE)
_LOCOMOTION = re.compile(r"walk|run|jog|sprint|crawl|sneak|crouch|carry|move|push", re.IGNORECASE)
_CMU_ORDER = ("cmu_amc", "cmu_new", "cmu_bvh", "cmu_npz", "cmu_cut", "cmu_iclone", "cmu_daz")


@dataclass
class Report:
    """What happened to the files: counts by set, and a line for each one left out."""

    files: Counter = field(default_factory=Counter)
    left_out: list[dict] = field(default_factory=list)

    def drop(self, name: str, file: str, reason: str) -> None:
        self.left_out.append({"set": name, "file": file, "reason": reason})


@dataclass(frozen=True)
class Motion:
    """A canonical motion of a file: joints (frames, 22, 3) float32, placed, and what was done to it.

    ``from_seconds`` is where in the file's motion it starts, counted from the first frame after any added T-pose;
    ``cycle`` the seconds of one round of a repeated loop, else 0.
    """

    name: str
    piece: int
    joints: np.ndarray
    from_seconds: float = 0.0
    cycle: float = 0.0
    loop: bool = False
    in_place: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Read:
    """A clip of a file on the canonical body, not yet placed."""

    clip: SourceClip
    joint_map: JointMap
    cycle: float
    pieces: list[tuple[float, np.ndarray]]


# --- one file -----------------------------------------------------------------------------------------------------


def _cycled(clip: SourceClip) -> tuple[SourceClip, float]:
    """Repeat a looping clip to about 4 s where repeating keeps its meaning; and the seconds of one round, or 0."""
    human_size = 1.7 / max(float(np.ptp(clip.positions[0], axis=0).max()), 1e-6)
    cycle = cycle_length(clip.positions * human_size) if _CYCLIC.search(clip.name) else None
    if cycle is None:
        return clip, 0.0
    repeated = repeat_loop(clip.positions, cycle, round(LOOP_SECONDS * clip.fps))
    return SourceClip(clip.names, clip.parents, repeated, clip.fps, clip.name, clip.rest), cycle / clip.fps


def _placed(source: Source, read: _Read, shared: float | None) -> Iterator[Motion]:
    """Place the pieces of a clip; a loop that walks in place is followed by its travelling version."""
    name = read.clip.name
    for number, (seconds, piece) in enumerate(read.pieces):
        joints = place(piece, clip_floor(piece, name, read.joint_map.stylised, shared))
        flags = ("cut",) if len(read.pieces) > 1 else ()
        if uneven_floor(joints):
            flags += ("floor",)
        if (knee_bend(joints) or 0.0) < -0.2:
            flags += ("knees",)
        moves = source.loops and _LOCOMOTION.search(name)
        in_place = bool(moves) and slides_in_place(joints)
        motion = Motion(name, number, joints.astype(np.float32), seconds, read.cycle, bool(read.cycle), in_place, flags)
        yield motion
        if in_place:
            travelled = place(with_travel(joints), 0.0).astype(np.float32)
            yield replace(motion, joints=travelled, in_place=False, flags=(*flags, "travel"))


def read_file(source: Source, path: Path, report: Report) -> list[Motion]:
    """Read one file of a set to canonical motions. Raises DataError for a broken file."""
    clips, map_name = read_source(source, path), source.map_of(path)
    late = max(0, correction_of(source, path).skip - 1) if source.reader in ("bvh", "suffix") else 0
    found = []
    for clip in clips:
        clip, cycle = _cycled(clip) if source.loops else (clip, 0.0)
        try:
            joint_map = joint_maps()[map_name] if map_name else match_map(clip)
            pieces = canonical_pieces(clip, joint_map, not source.noisy, source.keyed)
        except DataError as error:
            if len(clips) == 1:
                raise
            report.drop(source.name, f"{path.name}:{clip.name}", error.message)
            continue
        pieces = [(start + late / clip.fps, piece) for start, piece in pieces if len(piece) >= SHORTEST]
        if source.noisy:
            pieces = sorted(pieces, key=lambda piece: len(piece[1]))[-1:]
        if not pieces:
            report.drop(source.name, f"{path.name}:{clip.name}", f"shorter than {SHORTEST / FPS:g} s")
        found.append(_Read(clip, joint_map, cycle, pieces))
    shared = shared_floor([piece for read in found if not read.joint_map.stylised for _, piece in read.pieces])
    return [motion for read in found for motion in _placed(source, read, shared)]


def _store_cache(stored: Path, motions: list[Motion], left_out: list[dict]) -> None:
    stored.parent.mkdir(parents=True, exist_ok=True)
    keys = ("name", "piece", "from_seconds", "cycle", "loop", "in_place", "flags")
    clips = [{key: getattr(motion, key) for key in keys} for motion in motions]
    arrays = {f"joints_{number}": motion.joints for number, motion in enumerate(motions)}
    partial = stored.with_suffix(".partial.npz")
    np.savez(partial, meta=np.array(json.dumps({"clips": clips, "left_out": left_out})), **arrays)
    partial.replace(stored)


def _cached(source: Source, path: Path, cache: Path, report: Report) -> list[Motion]:
    """Motions of a file, from the cache when file and reader are unchanged; broken files are reported."""
    status = path.stat()
    maps = json.dumps(json.loads(MAPS_PATH.read_text(encoding="utf-8")).get(source.map_of(path) or "") or "any")
    known = f"{READER_VERSION}|{maps}|{source}|{correction_of(source, path)}"
    stamp = f"{known}|{path.name}|{status.st_size}|{status.st_mtime_ns}"
    stored = cache / source.name / f"{path.stem}.{hashlib.sha256(stamp.encode()).hexdigest()[:16]}.npz"
    if not stored.is_file():
        local = Report()
        try:
            motions = read_file(source, path, local)
        except DataError as error:
            motions = []
            local.drop(source.name, path.name, str(error))
        _store_cache(stored, motions, local.left_out)
    with np.load(stored, allow_pickle=False) as archive:
        content = json.loads(str(archive["meta"]))
        report.left_out.extend(content["left_out"])
        return [
            Motion(**{**meta, "flags": tuple(meta["flags"]), "joints": archive[f"joints_{number}"]})
            for number, meta in enumerate(content["clips"])
        ]


# --- all files ----------------------------------------------------------------------------------------------------


def duplicates(files: dict[str, list[Path]], index: dict[str, str]) -> dict[tuple[str, str], str]:
    """Find the CMU files whose trial a better pack holds too: {(set, file name): the set it is taken from}."""
    keeper: dict[str, str] = {}
    dropped = {}
    for name in _CMU_ORDER:
        trials = {}
        for path in files.get(name, ()):
            trial = describe(sources()[name], path, path.stem, index).trial
            if trial in keeper:
                dropped[name, path.name] = keeper[trial]
            elif trial:
                trials[trial] = name
        keeper.update(trials)
    return dropped


def _records(
    source: Source, path: Path, motions: list[Motion], index: dict[str, str]
) -> Iterator[tuple[dict, np.ndarray]]:
    """Yield (clip record without start and captions, joints) for what one file holds."""
    for motion in motions:
        named = describe(source, path, motion.name, index)
        flags = [*motion.flags, *(["special"] if SPECIAL_WORDS.search(named.label) else [])]
        title = "" if motion.name == path.stem else f":{motion.name}"
        piece = f"#{motion.piece}" if "cut" in flags else ""
        travel = "#travel" if "travel" in flags else ""
        record = {
            "id": f"{source.name}/{path.stem}{title}{piece}{travel}",
            "set": source.name,
            "file": path.name,
            "name": motion.name,
            "performer": named.performer,
            "trial": named.trial,
            "label": named.label,
            "action": named.action,
            "licence": source.licence,
            "ships": source.ships,
            "in_place": motion.in_place,
            "loop": motion.loop,
            "cycle": round(motion.cycle, 4),
            "from": round(motion.from_seconds, 4),
            "flags": flags,
            "split": split_of(source, named.performer, named.action),
        }
        yield record, motion.joints


def _find_files(data: Path, out: Path, sets: list[str] | None) -> dict[str, list[Path]]:
    unknown = sorted(set(sets or ()) - set(sources()))
    if unknown:
        raise DataError(f"No such set: {', '.join(unknown)}", f"Choose from {', '.join(sources())}")
    files = {}
    for name, source in sources().items():
        folder = set_folder(data, source, out) if sets is None or name in sets else None
        if folder is not None:
            files[name] = motion_files(source, folder)
    if not any(files.values()):
        raise DataError(f"{data} holds none of the sets", "Download what runtime/data/sources.toml names")
    return files


def _progress(name: str, number: int, total: int) -> None:
    if number % 25 == 0 or number == total:
        end = "\n" if number == total else ""
        print(f"\r{name}: {number} of {total} files", end=end, file=sys.stderr, flush=True)


def _caption_writer() -> Callable[[dict, np.ndarray], list[str]] | None:
    """``caption_clip(clip, joints) -> list[str]``, or None where there is none."""
    if importlib.util.find_spec("runtime.captions.captions") is None:
        return None
    return importlib.import_module("runtime.captions.captions").caption_clip


def prepare(
    data_folder: str | Path, out_folder: str | Path, sets: list[str] | None = None, captions: bool = True
) -> list[dict]:
    """Read the sets found below ``data_folder`` into a store at ``out_folder`` and return its clip records.

    ``sets`` chooses some (all that are found when None). Deterministic; a second run takes unchanged files from
    the cache. Progress goes to stderr. Raises DataError when no set or no index of the CMU trials is found; broken
    files are left out and named in report.json.
    """
    data, out = Path(data_folder), Path(out_folder)
    files = _find_files(data, out, sets)
    index, report = read_cmu_index(data) if any(files.get(name) for name in _CMU_ORDER) else {}, Report()
    dropped = duplicates(files, index)
    records, joints = [], []
    for name, paths in files.items():
        source = sources()[name]
        for number, path in enumerate(paths, start=1):
            report.files[name] += 1
            if (name, path.name) in dropped:
                report.drop(name, path.name, f"the same trial is taken from {dropped[name, path.name]}")
            else:
                for record, motion in _records(source, path, _cached(source, path, out / "cache", report), index):
                    records.append(record)
                    joints.append(motion)
            _progress(name, number, len(paths))
    starts = np.cumsum([0, *map(len, joints)]).tolist()
    write = _caption_writer() if captions else None
    for record, motion, start in zip(records, joints, starts, strict=False):
        record |= {"start": start, "frames": len(motion), "captions": write(record, motion) if write else []}
    write_store(out, records, joints, report)
    print(table(records, report), file=sys.stderr)
    return records


def write_store(out: Path, records: list[dict], joints: list[np.ndarray], report: Report) -> None:
    """Write the store of ``joints``, (frames, 22, 3) each, metres, so that a reader never sees half of one."""
    out.mkdir(parents=True, exist_ok=True)
    partial = out / "motions.partial.npy"
    np.save(partial, np.concatenate(joints) if joints else np.zeros((0, 22, 3), np.float32))
    partial.replace(out / "motions.npy")
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    summary = json.dumps({"files": report.files, "left_out": report.left_out}, indent=1, ensure_ascii=False)
    for name, text in (("clips.jsonl", lines), ("report.json", summary)):
        partial = out / f"{name}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(out / name)


def table(records: list[dict], report: Report | None = None) -> str:
    """Return the final table: set, clips, hours, captions, licence and clips in train, val and test.

    Below it are the credits that are owed, and how many files or clips were left out.
    """
    lines = [f"{'set':12s} {'clips':>6s} {'hours':>6s} {'captions':>8s}  {'licence':14s} train/val/test"]
    for name in [*dict.fromkeys(record["set"] for record in records), "all"]:
        chosen = [record for record in records if name in ("all", record["set"])]
        hours = sum(record["frames"] for record in chosen) / FPS / 3600
        captions = sum(len(record["captions"]) for record in chosen)
        splits = Counter(record["split"] for record in chosen)
        licence = chosen[0]["licence"] if name != "all" else ""
        counts = "/".join(str(splits[split]) for split in ("train", "val", "test"))
        lines.append(f"{name:12s} {len(chosen):6d} {hours:6.2f} {captions:8d}  {licence:14s} {counts}")
    owed = dict.fromkeys(sources()[record["set"]].credit for record in records if record["ships"])
    lines += [f"credit to print with weights trained on them: {credit}" for credit in owed if credit]
    if report is not None:
        lines.append(f"left out: {len(report.left_out)} files or clips, named with their reasons in report.json")
    return "\n".join(lines)
