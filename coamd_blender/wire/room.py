"""How many seconds the actions of a sentence take at least: with less between frames that stay, they are left out.

The seconds are rules of thumb, set on ranges that were made anew (runtime/evaluate/edit_ranges.py).
"""

from __future__ import annotations

import re

from . import limits
from .clauses import clauses

LEAST_SECONDS, QUICK_SECONDS, LONG_SECONDS = 2.0, 1.5, 3.0
SLACK = 0.05  # s that may be missing: frames are whole
_QUICK = re.compile(
    r"\b(?:kick|throw|step|nod|duck|wave|waving|turn|swing|sway|jump|leap|hop|crouch|squat|lunge|rais|salut)\w*",
    re.IGNORECASE,
)
# What is done several times, as blows are, or goes down onto the floor or up from it.
_LONG = re.compile(
    r"\b(?:jumping\W?jacks?|star\W?jumps?|(?:push|press|sit)\W?ups?|burpees?|crawl\w*|rolls?|rolling"
    r"|punch\w*|box(?:es|ing)|twice|times)\b",
    re.IGNORECASE,
)
# Two words, the second somewhere behind the first; as one pattern their search is quadratic in a sentence's length.
_LONG_PAIRS = tuple(
    (re.compile(rf"\b(?:{first})\b", re.IGNORECASE), re.compile(rf"\b{second}\b", re.IGNORECASE))
    for first, second in (("lie|lies|lying|fall|falls|falling", "(?:down|floor|ground)"), ("get|gets|getting", "up"))
)


def needed(prompt: str) -> float:
    """Return the seconds that the actions of ``prompt`` take at least, one after the other; 0 without a prompt, and for
    one that is longer than may be asked."""
    if len(prompt) > limits.LONGEST_PROMPT:
        return 0.0
    prompt = " ".join(prompt.split())
    return sum(map(_of_one, clauses(prompt))) if prompt else 0.0


def _of_one(clause: str) -> float:
    if _LONG.search(clause) or any(_in_this_order(clause, *pair) for pair in _LONG_PAIRS):
        return LONG_SECONDS
    return QUICK_SECONDS if _QUICK.search(clause) else LEAST_SECONDS


def _in_this_order(clause: str, first: re.Pattern[str], second: re.Pattern[str]) -> bool:
    found = first.search(clause)
    return found is not None and second.search(clause, found.end()) is not None


def lacking(prompt: str, seconds: float) -> float:
    """Return what ``seconds`` lack for the actions of ``prompt``; 0 where they are enough."""
    missing = needed(prompt) - seconds
    return missing if missing > SLACK else 0.0
