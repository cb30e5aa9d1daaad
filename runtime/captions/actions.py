"""Which action a sentence names: a few hundred short names, and the family of the training pool each belongs to.

The names say which sentences tell of the same thing, so that what was recorded rarely can be drawn more often.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runtime.grammar.inflection import base_form
from runtime.grammar.sentences import told

_TABLE = Path(__file__).with_name("actions.json")
# Verbs that say little of what is done.
_LIGHT = frozenset({
    "act", "be", "begin", "bring", "come", "continue", "do", "end", "finish", "get", "give", "go", "have", "hold",
    "keep", "let", "make", "move", "perform", "play", "put", "return", "set", "show", "start", "stay", "take", "try",
    "use", "work",
})  # fmt: skip


@dataclass(frozen=True)
class Action:
    """What is known of an action: its name and family, and how training items are made of it.

    drawn  how many times as often as others it is drawn: what people ask for and recordings hold little of
    again  whether doing it twice is two times the same (a kick, and not a walk)
    """

    name: str
    family: str
    drawn: float = 1.0
    again: bool = False


@cache
def _patterns() -> tuple[tuple[Action, re.Pattern], ...]:
    """Return the rows of the table: an action and how it is found in a sentence.

    An empty family is the action's own name.
    """
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))
    found = []
    for row in rows:
        family = row["family"] or row["action"].replace(" ", "_").replace("-", "_")
        action = Action(row["action"], family, row.get("drawn", 1.0), row.get("again", False))
        found.append((action, re.compile(row["pattern"])))
    return tuple(found)


@cache
def action_of(text: str) -> Action:
    """Return the action that a sentence names first of all; a plain sentence gives the best answer.

    Sentences that name none of the table are known by their verb.
    """
    sentence = told(text)
    for action, pattern in _patterns():
        if pattern.search(sentence.text):
            return action
    match = re.search(r"\*([^*]+)\*", sentence.phrase)
    verb = base_form(match.group(1)) if match else ""
    if not verb or verb in _LIGHT:
        return Action("other", "other", 0.6)
    listed = any(verb == action.name for action, _ in _patterns())  # the verb, and not what the table means by it
    return Action(f"{verb} otherwise", "other") if listed else Action(verb, verb)
