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
from ..motion.files import MOST_TEXT, parse_json
from ..wire import limits
from .arrange import Block

NAME = "coamd_blocks"
_KINDS = {"key": int, "start": int, "end": int, "prompt": str, "seed": int}
_LARGEST = 2**31 - 1  # of Blender's whole numbers


def made_of(action: bpy.types.Action | None) -> tuple[Block, ...]:
    """Return the blocks that the keys of ``action`` were made of; none where nothing that can be read is noted, or more
    than a track can have."""
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
        rows = parse_json(text) if len(text) <= MOST_TEXT else None
    except ValueError:
        return ()
    whole = isinstance(rows, list) and len(rows) <= limits.MOST_BLOCKS and all(map(_is_block, rows))
    return tuple(Block(**row) for row in rows) if whole else ()


def _is_block(row: object) -> bool:
    """Return whether ``row`` states a block that Blender's properties can hold."""
    if not isinstance(row, dict) or row.keys() != _KINDS.keys():
        return False
    if any(type(row[name]) is not kind for name, kind in _KINDS.items()):
        return False
    held = all(abs(row[name]) <= _LARGEST for name in ("key", "start", "end", "seed"))
    return held and row["start"] <= row["end"] and not any("\ud800" <= letter <= "\udfff" for letter in row["prompt"])
