"""Which motion files are read, and by whom: one table for the add-on, the command line and the readers.

A reader more is a suffix here, its function in READERS of runtime/formats/read.py, and a word in docs/cli.md and
docs/library.md; tests hold the three together.

A leaf: standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence

RUNTIME_FILES = (".bvh", ".amc", ".glb", ".gltf", ".npz")
BLENDER_FILES = (".fbx", ".blend")  # read by Blender alone


def listed(words: Sequence[str], last: str) -> str:
    """Return ``words`` as a sentence lists them: with commas, and ``last`` (such as "or") before the last one."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final
