"""A clip's file, .npz, as the command line and the panel put it on characters. Numbers only, no bpy."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..errors import DataError


def read_clip(path: Path) -> tuple[np.ndarray, float]:
    """Return joints (frames, 22, 3) and frames a second. Raises DataError for a file that holds none."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return content["joints"], float(content["fps"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise DataError(
            f"{path} is not a clip", "Give an .npz with joints and fps; python -m runtime convert makes one"
        ) from error


def read_loop(path: Path) -> bool:
    """Return whether an .npz, which :func:`read_clip` has read, says that it is a loop."""
    with np.load(path, allow_pickle=False) as content:
        return "loop" in content and bool(np.all(content["loop"]))
