"""Sentences in which is marked what is done: "She [1 walks in] and [2a sits] while [2b fanning herself]".

Numbers are the order in time; a and b are done at once, b by arms, hands or head. What is in no brackets tells of
nothing that is done: who acts, reasons, settings, what others do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from coamd_blender.errors import DataError

TRAIN, VALIDATION = (Path(__file__).with_name(f"clauses_{split}.txt") for split in ("train", "val"))
_MARK = re.compile(r"\[(?P<order>\d)(?P<part>[ab]?) (?P<text>[^\[\]]*)\]")


class Mark(NamedTuple):
    """Characters ``begin`` to ``end`` of a sentence, which are done in the ``order``-th place, by ``arms`` or not."""

    order: int
    arms: bool
    begin: int
    end: int


class Marked(NamedTuple):
    """A sentence, and its marks in the order of the text."""

    text: str
    marks: tuple[Mark, ...]


def read_marked(path: Path) -> list[Marked]:
    """Return the sentences of a file, one a line. Raises DataError for a line with a torn mark, or none."""
    found = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        marked = marked_of(line.strip())
        if not marked.marks or "[" in marked.text or "]" in marked.text:
            raise DataError(
                f"{Path(path).name}, line {number}: no whole mark", "Write marks as in [1 walks] or [2b waves]"
            )
        found.append(marked)
    return found


def marked_of(line: str) -> Marked:
    """Return the sentence that a line holds, and its marks."""
    text, marks, place = "", [], 0
    for found in _MARK.finditer(line):
        text += line[place : found.start()]
        begin = len(text)
        text += found["text"]
        marks.append(Mark(int(found["order"]), found["part"] == "b", begin, len(text)))
        place = found.end()
    return Marked(text + line[place:], tuple(marks))
