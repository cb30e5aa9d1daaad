"""Sentences that tell one action after another, taken apart: "he walks, then sits" is "he walks" and "sits"."""

from __future__ import annotations

import re

from . import limits

MOST_CLAUSES = 4
_ACTIONS = (
    r"(?:walk|stroll|stride|step|run|jog|sprint|jump|leap|hop|kick|punch|sit|lie|crouch|squat|kneel|bow|dance|fall|crawl)"
    r"(?:p|n)?(?:e?s|ing)?\b"
)
_STOPS = ("stop", "stops", "stopping", "halt", "halts", "halting", "standstill")


def _pattern(*alternatives: str) -> re.Pattern:
    return re.compile("|".join(alternatives), re.IGNORECASE)


# "followed by a kick" tells of a thing: it is done.
_WITH = _pattern(
    r"[,;]?\s+(?:followed\s+by|and\s+(?:follows?\s+up|(?:finish|end)(?:es|s|ing)?(?:\s+up)?)(?:\s+(?:with|by|in))?)\s+"
    r"(?P<doing>\w+ing\b)?"
)
# What stands between two actions, the first told first.
_THEN = _pattern(
    r"[,;]?\s+(?:and\s+)?(?:then|afterwards|after\s+that|after\s+which|finally|before(?=\s+\w+ing\b))(?:\s*,\s+|\s+)",
    r"[,;]?\s+and\s+after\s+\w+ing\s*,?\s+",
    r"(?<=\w{3})[.;]\s+(?:then\s+)?",  # not behind "Mr."
)
_LATER_FIRST = _pattern(r"\s+after\s+(?=\w+ing\b)")  # "sits down after walking"
_AND_LAST = _pattern(r"\s+first\s+and\s+(.+)\s+after$")  # "walks first and sits down after"
# A bare "and" parts two actions of the whole body, and a stop from what follows; "walks and waves" is done at once.
_AND = _pattern(
    rf"\s*,?\s+and\s+(?=(?:he\s+|she\s+|they\s+)?(?:\w+ly\s+)?{_ACTIONS})",
    *(rf"(?<=\b{word})\s*,?\s+and\s+" for word in _STOPS),
)
# So does a comma in a sentence that goes on with a "then": "he runs, jumps, then waves".
_LISTED = _pattern(rf",\s+(?=(?:\w+ly\s+)?(?:{_ACTIONS}|(?:throws|waves)\b))")


def clauses(text: str) -> list[str]:
    """Return the clauses of ``text`` in the order in which they are done; ``[text]`` if it tells one action, or more
    than ``MOST_CLAUSES`` of them, or is longer than a prompt may be.

    Panels and timelines ask at every redraw, of whatever text a .blend holds: the time is linear in its length.
    """
    text = text.strip().rstrip(".!")
    if len(text) > limits.LONGEST_PROMPT:
        return [text]
    whole, text = text, " ".join(text.split())  # the patterns would take long over white space in long runs
    told = _WITH.sub(lambda found: f", then {found['doing'] or 'does '}", text)
    if told.endswith(" after") and (last := _AND_LAST.search(told)):
        parts = [told[: last.start()], last.group(1)]
    elif len(parts := _THEN.split(told)) < 2:
        if len(parts := _LATER_FIRST.split(told)) == 2:
            parts.reverse()
        elif len(parts) != 1 or len(parts := _AND.split(told)) < 2:
            return [whole]
    parts = [listed for part in parts for listed in _LISTED.split(part)]
    parts = [part.strip(" ,;.") for part in parts]
    return parts if all(parts) and len(parts) <= MOST_CLAUSES else [whole]
