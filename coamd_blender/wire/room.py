"""How many seconds the actions of a sentence take at least: with less between frames that stay, they are left out."""

from __future__ import annotations

import re

from .clauses import clauses

LEAST_SECONDS, QUICK_SECONDS = 2.5, 1.5
_QUICK = re.compile(r"\b(?:jump|hop|leap|kick|punch|throw|step|nod|duck|clap|wave|turn|swing|sway)\w*", re.IGNORECASE)
SLACK = 0.05  # s that may be missing: frames are whole


def needed(prompt: str) -> float:
    """Return the seconds that the actions of ``prompt`` take at least, one after the other; 0 without a prompt."""
    prompt = " ".join(prompt.split())
    if not prompt:
        return 0.0
    return sum(QUICK_SECONDS if _QUICK.search(clause) else LEAST_SECONDS for clause in clauses(prompt))


def lacking(prompt: str, seconds: float) -> float:
    """Return what ``seconds`` lack for the actions of ``prompt``; 0 where they are enough."""
    missing = needed(prompt) - seconds
    return missing if missing > SLACK else 0.0
