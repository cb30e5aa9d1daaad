"""The sets in sources.toml: where their files lie, how they are read, and what their names say."""

from __future__ import annotations

import csv
import lzma
import re
import tarfile
import tomllib
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from coamd_blender.errors import DataError
from runtime.formats.acclaim import read_acclaim
from runtime.formats.bvh import read_bvh
from runtime.formats.clip import SourceClip, words_of
from runtime.formats.gltf import read_gltf
from runtime.formats.kinect import read_msr_action3d, read_nw_ucla, read_utd_mhad, read_utkinect
from runtime.formats.npz import read_npz

SOURCES_PATH = Path(__file__).with_name("sources.toml")
CORRECTIONS_PATH = Path(__file__).with_name("corrections.csv")
LABELS_PATH = Path(__file__).parents[1] / "captions" / "file_labels.csv"
CMU_INDEX = "cmu-index.csv"
# Words in a label that say the floor is not flat, or something else carries the body.
SPECIAL_WORDS = re.compile(
    r"playground|stair|climb|ladder|swing|hang|stool|uneven|terrain|ramp|chair|swim|fly|levitat", re.IGNORECASE
)


@dataclass(frozen=True)
class Source:
    """One entry of sources.toml."""

    name: str
    title: str
    home: str
    download: str
    layout: str
    licence: str
    ships: bool
    reader: str
    files: str
    map: str | None = None
    unit: float = 1.0
    skip: int = 0
    group: str = ""
    pack: str = ""
    credit: str = ""
    noisy: bool = False
    keyed: bool = False
    loops: bool = False
    maps: dict[str, str] = field(default_factory=dict)
    held_out: float = 0.0
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    def map_of(self, path: Path) -> str | None:
        """Return the name of the joint map of a file, None where the joints' names are to choose it."""
        return next((name for pattern, name in self.maps.items() if fnmatch(path.name, pattern)), self.map)


@dataclass(frozen=True)
class ClipName:
    """What a file or animation name says: label in words, action (for splitting), performer, CMU trial."""

    label: str
    action: str
    performer: str | None = None
    trial: str | None = None


@cache
def sources() -> dict[str, Source]:
    """Return every set of sources.toml by name, in file order."""
    tables = tomllib.loads(SOURCES_PATH.read_text(encoding="utf-8"))
    lists = ("val", "test")
    return {
        name: Source(name, **{key: tuple(v) if key in lists else v for key, v in table.items()})
        for name, table in tables.items()
    }


def set_folder(data: Path, source: Source, cache_folder: Path) -> Path | None:
    """Find a set below ``data``: a folder of its name (or of its pack's), or a .tar.xz, unpacked below the cache.

    Returns None when it is not there. Raises DataError for a torn archive.
    """
    inside = [Path(source.pack) / source.name, Path(source.pack)] if source.pack else [Path(source.name)]
    for folder in (data / source.name, *(data / name for name in inside)):
        if folder.is_dir():
            return folder
    pack = data / f"{source.pack or source.name}.tar.xz"
    if not pack.is_file():
        return None
    target = cache_folder / "unpacked"
    stamp = target / f"{pack.stem}.done"
    mark = f"{pack.stat().st_size} {pack.stat().st_mtime_ns}"
    if not stamp.is_file() or stamp.read_text() != mark:
        target.mkdir(parents=True, exist_ok=True)
        try:
            with tarfile.open(pack) as archive:
                archive.extractall(target, filter="data")
        except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
            raise DataError(f"{pack} cannot be unpacked ({error})", "Download it again") from error
        stamp.write_text(mark)
    return next((target / name for name in inside if (target / name).is_dir()), None)


def motion_files(source: Source, folder: Path) -> list[Path]:
    """Find every motion file of a set, sorted by path."""
    return sorted(folder.rglob(source.files))


_READERS = {
    "gltf": read_gltf,
    "npz": read_npz,
    "utd_mhad": read_utd_mhad,
    "nw_ucla": read_nw_ucla,
    "msr_action3d": read_msr_action3d,
    "utkinect": read_utkinect,
}


@dataclass(frozen=True)
class Correction:
    """What is known better of some files of a set than they say: true frames per second, frames to drop."""

    fps: float | None
    skip: int | None


@cache
def _corrections() -> tuple[tuple[str, str, Correction], ...]:
    with CORRECTIONS_PATH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        (
            row["set"],
            row["file"],
            Correction(float(row["fps"]) if row["fps"] else None, int(row["skip"]) if row["skip"] else None),
        )
        for row in rows
    )


def correction_of(source: Source, path: Path) -> Correction:
    """Return what corrections.csv says of a file; the set's own ``skip`` where it says nothing of it."""
    for name, pattern, found in _corrections():
        if name == source.name and fnmatch(path.name, pattern):
            return found if found.skip is not None else replace(found, skip=source.skip)
    return Correction(None, source.skip)


def read_source(source: Source, path: Path) -> list[SourceClip]:
    """Read one file of a set with its reader, at its true frame rate. Raises DataError."""
    known = correction_of(source, path)
    reader = {".amc": "acclaim", ".bvh": "bvh"}.get(path.suffix, "") if source.reader == "suffix" else source.reader
    if reader == "acclaim":
        clips = read_acclaim(path)
    elif reader == "bvh":
        clips = read_bvh(path, source.unit, known.skip)
    else:
        clips = _READERS[reader](path)
    return [replace(clip, fps=known.fps) for clip in clips] if known.fps else clips


def read_cmu_index(data: Path) -> dict[str, str]:
    """Read the descriptions of CMU trials by subject_trial, from cmu-index.csv beside the sets or one folder up.

    Raises DataError when it is in neither place.
    """
    path = next((folder / CMU_INDEX for folder in (data, data.parent) if (folder / CMU_INDEX).is_file()), None)
    if path is None:
        raise DataError(f"{data} has no {CMU_INDEX}, which says what the CMU trials show", "Put it beside the sets")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["trial"]: row["description"].strip() or row["subject"].strip() for row in rows}


@cache
def file_labels() -> dict[tuple[str, str], str]:
    """Return what the files of some packs show, in plain words, by pack and file name."""
    with LABELS_PATH.open(encoding="utf-8", newline="") as file:
        return {(row["pack"], row["file"]): row["label"] for row in csv.DictReader(file)}


def _action(name: str) -> str:
    """Return a name without variant numbers and letters, lower case, so that variants stay in one split."""
    name = re.sub(r"[_ ]*(\d+|(?<=[_ ])[a-z])$", "", name.lower())
    return re.sub(r"[_ ]*(\d+|(?<=[_ ])[a-z])$", "", name)


_DAZ_LABELS = {"indian": "Indian dance", "martial": "martial arts", "standard": "stand"}


def _cmu_name(source: Source, stem: str, index: dict[str, str]) -> ClipName:
    match = re.search(r"(\d+)_(\d+)(?:_\d+)?$", stem)
    if source.name == "cmu_daz":
        subject = {"indian": "94", "martial": "135"}.get(stem.split("_")[0])
        match = re.search(r"()(\d+)$", stem) if subject else None
    else:
        subject = str(int(match[1])).zfill(2) if match else None
    trial = f"{subject}_{int(match[2]):02d}" if match and subject else None
    kind = words_of(re.sub(r"[\d_]+$", "", stem.split("__")[0]))
    label = _DAZ_LABELS.get(kind) or index.get(trial or "") or kind
    if "__" in stem and kind not in label.lower():
        label = f"{kind}, {label}"
    return ClipName(label, _action(label), subject, trial)


def describe(source: Source, path: Path, clip_name: str, index: dict[str, str]) -> ClipName:
    """Return what the names of a file and of a clip in it say. ``index`` is read_cmu_index's."""
    stem = path.stem
    told = file_labels().get((source.pack or source.name, path.name))
    if source.group == "cmu":
        found = _cmu_name(source, stem, index)
        return replace(found, label=told, action=_action(told)) if told else found
    if source.name == "hdm05":
        _, performer, action, *_ = stem.split("_")
        return ClipName(words_of(action), action, performer)
    if source.name in ("idle_bvh", "idle_more_bvh"):
        kind, performer = stem.split("_")[:2]
        return ClipName(f"{kind} idle, a person stands and waits", f"idle {kind}", performer)
    if source.name == "bandai":
        content, style = stem.split("_")[1:3]
        return ClipName(f"{words_of(content)}, {style}", content, stem.split("_")[0])
    if source.name == "0ad_npz":
        unit, _, action = stem.rpartition("__")
        return ClipName(f"{words_of(unit)}: {words_of(action)}", _action(action))
    if told:
        return ClipName(told, stem, stem.split("_")[0] if source.name == "accad_bvh" else None)
    if source.pack == "kinect":
        performer = re.search(r"s0*(\d+)_", stem)
        return ClipName(clip_name, clip_name, performer[1] if performer else None)
    name = clip_name.split("|")[-1]
    return ClipName(words_of(name), _action(re.sub(r"_(Loop|RM|Enter|Exit)$| RM$", "", name)))
