"""Motion files to clips: what a file holds, on the canonical body, with what was left out of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS
from runtime.data.prepare import Report, read_file
from runtime.data.sources import Source, describe
from runtime.formats.canonical import resample
from runtime.formats.clip import TORN, reason
from runtime.formats.npz import read_npz
from runtime.library.records import ReadClip

READERS = {".bvh": "bvh", ".amc": "acclaim", ".glb": "gltf", ".gltf": "gltf", ".npz": "npz"}
BLENDER_FILES = (".fbx", ".blend")  # read by Blender, which then stores what it found
SHORTEST = 16  # frames: anything under 0.8 s says little


def source_of(path: Path, licence: str = "", title: str = "") -> Source:
    """Return how a file of no known set is read: by its suffix, with the joint map that fits best."""
    return Source("", title, "", "", "", licence, False, READERS[path.suffix.lower()], path.name)


def read_clips(path: Path, source: Source | None = None) -> tuple[list[ReadClip], list[str]]:
    """Return the clips of a motion file, and a line for every one left out. ``source`` is its set, when known.

    A .npz that belongs to no set holds canonical joints already and is only resampled. Raises DataError, naming the
    file, when nothing in it can be used.
    """
    try:
        if source is None and path.suffix.lower() == ".npz":
            clips, left_out = _read_canonical(path), []
        else:
            clips, left_out = _read_mapped(path, source or source_of(path))
    except TORN as error:
        raise DataError(f"{path} cannot be read ({reason(error)})", "export it again") from error
    if not clips:
        why = left_out[0] if left_out else "it has no animation"
        raise DataError(f"{path} holds no motion of {SHORTEST / FPS:g} s or more ({why})", "export its animation")
    return clips, left_out


def _read_canonical(path: Path) -> list[ReadClip]:
    (clip,) = read_npz(path)
    joints = clip.positions if clip.fps == FPS else resample(clip.positions, clip.fps)
    if len(joints) < SHORTEST:
        return []
    return [ReadClip(clip.name, joints.astype(np.float32), _labels(source_of(path), path, clip.name))]


def _read_mapped(path: Path, source: Source) -> tuple[list[ReadClip], list[str]]:
    report = Report()
    clips = []
    for motion in read_file(source, path, report):
        piece = f"#{motion.piece}" if "cut" in motion.flags else ""
        travel = " (travelling)" if "travel" in motion.flags else ""
        labels = _labels(source, path, motion.name)
        clips.append(ReadClip(f"{motion.name}{piece}{travel}", motion.joints, labels))
    return clips, [f"{item['file']}: {item['reason']}" for item in report.left_out]


def _labels(source: Source, path: Path, name: str) -> tuple[str, ...]:
    """The words in the name of a clip; none when it has no letters, such as 07_01."""
    words = describe(source, path, name, {}).label.lower()
    return (words,) if any(character.isalpha() for character in words) else ()


def find_files(folder: Path, suffixes: Collection[str] = tuple(READERS)) -> Iterator[Path]:
    """Yield every file below ``folder`` (or ``folder`` itself, a file) of these suffixes, sorted; hidden ones are left
    out."""
    if folder.is_file():
        if folder.suffix.lower() in suffixes:
            yield folder
        return
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield Path(parent, name)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
