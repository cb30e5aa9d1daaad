"""Names of actions: the bundled vocabulary of recognition, and lists that users give.

``labels.json`` holds one object a label: the ``label`` itself, paraphrases of it (``also``) and, where the label names
a whole family of the training pool, that ``family``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coamd_blender.errors import InputError
from runtime.recognize.verbs import is_bare, progressive, third_person

_SUBJECT = "a person"
_FILE = Path(__file__).with_name("labels.json")
MOST_LABELS = 10_000


@dataclass(frozen=True)
class Label:
    """A name, the texts that mean it, and the family of the training pool that it names (or "")."""

    name: str
    texts: tuple[str, ...]
    family: str = ""


@cache
def vocabulary() -> tuple[Label, ...]:
    """Return the bundled labels."""
    rows = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Label(row["label"], (row["label"], *row["also"]), row.get("family", "")) for row in rows)


def given(names: Sequence[str]) -> tuple[Label, ...]:
    """Return the labels that a user names, white space tidied, each once, in whatever case; "_" reads as a space.

    Raises InputError for none, and for too many.
    """
    first: dict[str, str] = {}
    for name in (" ".join(str(name).split()) for name in names):
        first.setdefault(name.casefold(), name)
    tidy = [name for name in first.values() if name]
    if not tidy:
        raise InputError("The list of labels is empty", 'Name some, such as "walking, running, jumping"')
    if len(tidy) > MOST_LABELS:
        raise InputError(f"{len(tidy)} labels are more than {MOST_LABELS}", "Give a shorter list")
    return tuple(Label(name, phrasings(name)) for name in tidy)


def phrasings(name: str) -> tuple[str, ...]:
    """Return the texts that mean a label of the user's: a bare verb, "walk", is also said as captions say it."""
    text = name.replace("_", " ")
    if not is_bare(text.lower()):
        return (text,)
    return text, progressive(text.lower()), f"{_SUBJECT} {third_person(text.lower())}"


def family_texts(family: str) -> tuple[str, ...]:
    """Return the texts that mean a family of the training pool; its own name where the vocabulary has none."""
    found = next((label.texts for label in vocabulary() if label.family == family), None)
    return found or (family.replace("_", " "),)
