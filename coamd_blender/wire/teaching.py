"""Where a style is taught: the files that the add-on and the runtime both know of, in a folder beside the style.

A leaf: standard library only.
"""

from __future__ import annotations

from pathlib import Path

SUFFIX = ".safetensors"
LOCK = "lock"  # locked while a process teaches
PROCESS = "process"  # the number of that process
SO_FAR = "so_far.safetensors"  # the style as far as it has come
SHORTEST_SECONDS = 0.8  # of a clip
_WORK = ".teaching"


def folder_of(out: Path) -> Path:
    """Return the folder of work of the style ``out``."""
    return out.with_name(f"{out.stem}{_WORK}")


def style_of(folder: Path) -> Path:
    """Return the style that the folder of work ``folder`` belongs to; the inverse of :func:`folder_of`."""
    return folder.with_name(f"{folder.name.removesuffix(_WORK)}{SUFFIX}")


def folders(root: Path) -> list[Path]:
    """Return the folders of work in ``root``, sorted."""
    return sorted(path for path in root.glob(f"*{_WORK}") if path.is_dir())
