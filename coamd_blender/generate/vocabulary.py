"""What can be asked for: plain lines of what a person does, by category, and how one is put into the prompt.

vocabulary.json holds the lines that the bundled weights know; docs/make_vocabulary.py writes it, and shows every line
as a picture in docs/vocabulary.md.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from ..errors import InputError
from ..wire.clauses import MOST_CLAUSES, clauses

FILE = Path(__file__).with_name("vocabulary.json")
SUBJECT = "a person"
MOST_CATEGORIES = 20
MOST_LINES = 25  # in a category, so that its menu fits a screen


@cache
def categories() -> dict[str, tuple[str, ...]]:
    """Return the lines of each category, such as "Walk": ("walks forward", ...), in the order of the menu."""
    table = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: tuple(lines) for name, lines in table.items()}


def sentence(line: str) -> str:
    """Return the prompt that asks for a line."""
    return f"{SUBJECT} {line}"


def actions(prompt: str) -> list[str]:
    """Return the actions that ``prompt`` tells, in the order in which they are done; none of an empty one."""
    prompt = " ".join(prompt.split())
    return clauses(prompt) if prompt else []


def put(prompt: str, line: str, place: int) -> str:
    """Return ``prompt`` with its action number ``place`` (from 0) replaced by ``line``, or with one more action where
    it has no more than ``place``. Raises InputError where it would have more than a prompt can have."""
    told = actions(prompt)
    if place >= len(told):
        place = len(told)
        told.append("")
    if len(told) > MOST_CLAUSES:
        raise InputError(
            f"A prompt tells at most {MOST_CLAUSES} actions", "Choose one to replace, or add a block to the track"
        )
    told[place] = line if place else sentence(line)
    return ", then ".join(told)
