"""What ``prepare`` wrote, as far as it can be told without torch: that it is there."""

from __future__ import annotations

from pathlib import Path

from coamd_blender.errors import DataError

_REMEDY = "Run: python -m runtime prepare --data FOLDER"


def check_prepared(folder: Path) -> Path:
    """Return a folder of prepared data. Raises DataError when it holds none."""
    folder = Path(folder)
    if not (folder / "clips.jsonl").is_file() or not (folder / "motions.npy").is_file():
        raise DataError(f"No prepared data in {folder}", _REMEDY)
    return folder


def check_pool(folder: Path) -> Path:
    """Return a folder of training items. Raises DataError when it holds none."""
    folder = Path(folder)
    if not (folder / "items.jsonl").is_file():
        raise DataError(f"No training pool in {folder}", _REMEDY)
    return folder
