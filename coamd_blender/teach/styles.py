"""The styles that were taught, as files in the user's folder, and what each tells of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..errors import WeightsError
from ..setup import preferences
from ..wire.teaching import SUFFIX

_MOST_BYTES = 1 << 20  # of a file's header


@dataclass(frozen=True)
class Told:
    """What a style tells: its file and name, the sentences taught, the clips that taught them, their licence."""

    path: Path
    name: str
    words: tuple[str, ...]
    clips: tuple[str, ...]
    licence: str


def folder() -> Path:
    """Return the folder of styles, made when missing. Raises InputError where it cannot be made."""
    return preferences.own_folder(preferences.styles_folder().name)


def found() -> list[Told]:
    """Return the styles that there are, by name; files that are torn are left out."""
    tolds = []
    for path in preferences.styles_folder().glob(f"*{SUFFIX}"):
        try:
            tolds.append(read(path))
        except WeightsError:
            continue
    return sorted(tolds, key=lambda told: told.name.lower())


def read(path: Path) -> Told:
    """Return what the style in the file ``path`` tells. Raises WeightsError for a file that is not a style."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"{path.name} is not a style", "Teach it again") from error


@lru_cache(maxsize=256)
def _read(path: Path, _state: int) -> Told:
    with path.open("rb") as file:  # safetensors: the header's length, then the header, JSON
        length = int.from_bytes(file.read(8), "little")
        if length > _MOST_BYTES:
            raise ValueError("its header is too long")
        metadata = json.loads(file.read(length))["__metadata__"]
    config = json.loads(metadata["config"])
    return Told(path, str(config["name"]), tuple(config["words"]), tuple(config["clips"]), str(config["licence"]))
