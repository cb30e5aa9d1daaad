"""Sentences that tell one action after another, taken apart: "he walks, then sits down" is "he walks" and "sits down".

Training and sampling take sentences apart in the same way, so that the generator reads at each moment of a motion what
is done then (``Turns`` in model/text_encoder.py).
"""

from __future__ import annotations

import re

MOST_CLAUSES = 4
_ACTIONS = (
    "walk|stroll|stride|step|run|jog|sprint|jump|leap|hop|kick|punch|sit|lie|crouch|squat|kneel|bow|dance|fall|crawl"
)
# What stands between two actions, the first told first.
_THEN = re.compile(
    r"[,;]?\s+(?:and\s+)?(?:then|afterwards|after\s+that|after\s+which|finally|followed\s+by|before(?=\s+\w+ing\b))"
    r"(?:\s*,\s+|\s+)"
    r"|[,;]?\s+and\s+(?:follows?\s+up|(?:finish|end)(?:es|s|ing)?(?:\s+up)?)(?:\s+(?:with|by|in))?\s+"
    r"|[,;]?\s+and\s+after\s+\w+ing\s*,?\s+"
    r"|[.;]\s+(?:then\s+)?"
)
_LATER_FIRST = re.compile(r"\s+after\s+(?=\w+ing\b)")  # "sits down after walking"
_AND_LAST = re.compile(r"\s+first\s+and\s+(.+)\s+after$")  # "walks first and sits down after"
# A bare "and" parts two actions of the whole body; "walks and waves" is done at once.
_AND = re.compile(rf"\s*,?\s+and\s+(?=(?:he\s+|she\s+|they\s+)?(?:\w+ly\s+)?(?:{_ACTIONS})(?:p|n)?(?:e?s|ing)?\b)")


def clauses(text: str) -> list[str]:
    """Return the clauses of ``text`` in the order in which they are done; ``[text]`` if it tells one action, or more
    than ``MOST_CLAUSES`` of them."""
    text = text.strip().rstrip(".!")
    lowered = text.lower()
    if found := _AND_LAST.search(lowered):
        parts = [text[: found.start()], text[found.start(1) : found.end(1)]]
    elif len(parts := _parts(_THEN, text)) < 2:
        if len(parts := _parts(_LATER_FIRST, text)) == 2:
            parts.reverse()
        elif len(parts) != 1 or len(parts := _parts(_AND, text)) < 2:
            return [text]
    parts = [part.strip(" ,;") for part in parts]
    return parts if all(parts) and len(parts) <= MOST_CLAUSES else [text]


def _parts(between: re.Pattern, text: str) -> list[str]:
    """``text`` without what ``between`` matches in it, in any case of letters."""
    places = [0]
    for found in between.finditer(text.lower()):
        places += found.span()
    return [text[first:last] for first, last in zip(places[::2], [*places[1::2], len(text)], strict=True)]
