"""Motion files to clips of a library: names, joints and words for them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from runtime.formats.clip import words_of
from runtime.formats.read import READERS, read_placed
from runtime.library.records import ReadClip

SHORTEST = 16  # frames: anything under 0.8 s says little


def read_clips(path: Path) -> tuple[list[ReadClip], list[str]]:
    """Return the clips of a motion file, and a line for every one left out.

    Raises DataError, naming the file, when nothing in it can be used.
    """
    motions, left_out = read_placed(path, SHORTEST)
    clips = []
    for motion in motions:
        piece = f"#{motion.number}" if motion.cut else ""
        clips.append(ReadClip(f"{motion.name}{piece}", motion.joints, labels_of(motion.name)))
    return clips, left_out


def labels_of(name: str) -> tuple[str, ...]:
    """Return the words in the name of a clip; none when it has no letters, such as 07_01."""
    words = words_of(name.split("|")[-1]).lower()
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
