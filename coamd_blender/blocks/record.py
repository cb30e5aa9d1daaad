"""What an Action's keys were made of, kept with the Action: its copies have it too, and so have its undo steps.

It is the custom property ``coamd_blocks``, a JSON list of blocks. A block of a track whose Action records it with the
same frames, sentence and seed is made; others are yet to be made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache

import bpy

from ..errors import InputError
from .arrange import Block

NAME = "coamd_blocks"
_KINDS = {"key": int, "start": int, "end": int, "prompt": str, "seed": int}


def made_of(action: bpy.types.Action | None) -> tuple[Block, ...]:
    """Return the blocks that the keys of ``action`` were made of; none where nothing that can be read is noted."""
    text = action.get(NAME, "") if action is not None else ""
    return _read(text) if isinstance(text, str) else ()


def is_noted(action: bpy.types.Action | None) -> bool:
    """Return whether it is noted what the keys of ``action`` were made of, be it of no block that is left."""
    return action is not None and isinstance(action.get(NAME), str)


def note(action: bpy.types.Action, blocks: Sequence[Block]) -> None:
    """Note what the keys of ``action`` were made of. Raises InputError for a linked Action."""
    if not action.is_editable:
        raise InputError(f"The Action {action.name!r} is linked from another file", "Make it local first")
    action[NAME] = json.dumps([asdict(block) for block in blocks], ensure_ascii=False)


@lru_cache(maxsize=8)  # panels and the timeline ask at every redraw
def _read(text: str) -> tuple[Block, ...]:
    try:
        rows = json.loads(text)
    except ValueError:
        return ()
    whole = isinstance(rows, list) and all(
        isinstance(row, dict)
        and row.keys() == _KINDS.keys()
        and all(type(row[name]) is kind for name, kind in _KINDS.items())
        for row in rows
    )
    return tuple(Block(**row) for row in rows) if whole else ()
