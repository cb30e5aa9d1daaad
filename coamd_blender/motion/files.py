"""Which motion files are read, and by whom; and how a text that somebody wrote is read, whatever it is.

One table for the add-on, the command line and the readers.

A reader more is a suffix here, its function in READERS of runtime/formats/read.py, and a word in docs/cli.md and
docs/library.md; tests hold the three together.

A leaf: standard library only.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RUNTIME_FILES = (".bvh", ".amc", ".glb", ".gltf", ".vrma", ".npz")
BLENDER_FILES = (".fbx", ".blend")  # read by Blender alone
MOST_TEXT = 16 << 20  # bytes of a mapping, a storyboard, a list of words
MOST_BYTES = 16 << 30  # of a file that is summed: a sparse one of terabytes takes no room on the disk
MOST_DEPTH = 32  # of lists and objects in JSON: what reads them recurses


def digest_of(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal. Raises OSError, also for more than MOST_BYTES of them."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        stated = os.fstat(file.fileno()).st_size
        while stated <= MOST_BYTES and (block := file.read(1 << 20)):
            digest.update(block)
            size += len(block)
            stated = max(stated, size)
    if stated > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {MOST_BYTES >> 30} GB")
    return digest.hexdigest()


def listed(words: Sequence[str], last: str) -> str:
    """Return ``words`` as a sentence lists them: with commas, and ``last`` (such as "or") before the last one."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def read_text(path: Path) -> str:
    """Return the UTF-8 text of a plain file of at most MOST_TEXT bytes.

    Raises OSError, and ValueError for a file that is longer or is not UTF-8.
    """
    if path.exists() and not path.is_file():  # a folder, or a device or pipe that never ends
        raise OSError(0, "it is not a file")
    with path.open("rb") as file:
        data = file.read(MOST_TEXT + 1)
    if len(data) > MOST_TEXT:
        raise ValueError(f"it is longer than {MOST_TEXT >> 20} MB")
    return data.decode("utf-8-sig")


def parse_json(text: str, **options: Any) -> Any:
    """Return what JSON ``text`` holds; ``options`` are those of json.loads. Raises ValueError, also for lists in lists
    deeper than MOST_DEPTH."""
    try:
        value = json.loads(text, **options)
    except RecursionError:
        raise ValueError(f"it holds lists in lists, more than {MOST_DEPTH} deep") from None
    if is_deep(value):
        raise ValueError(f"it holds lists in lists, more than {MOST_DEPTH} deep")
    return value


def is_deep(value: Any) -> bool:
    """Return whether a ``value`` from JSON holds lists and objects in each other, more than MOST_DEPTH deep."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        level = [held for held in level if isinstance(held, (dict, list))]
        if not level:
            return False
        level = [held for each in level for held in (each.values() if isinstance(each, dict) else each)]
    return True
