"""What a sentence says once who does it, how often and on which side are left out."""

from __future__ import annotations

import re

from runtime.grammar.inflection import NOT_A_SIDE, SUBJECTS

_SUBJECT = re.compile(rf"^(?:{'|'.join(re.escape(name) for name, _, _ in SUBJECTS)}) (?:is |are )?")
_MANY = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|a few|[0-9]+"
_SIDE_AND_COUNT = re.compile(rf"\b(?:left|right|once|twice|thrice|(?:{_MANY}) times)\b ?")


def wording(caption: str) -> str:
    """Return a caption without its subject: who does it does not matter."""
    return _SUBJECT.sub("", " ".join(caption.lower().rstrip(". ").split()))


def bare(caption: str) -> str:
    """Return the wording of a caption without its side and how often; all of it where nothing would be left."""
    said = wording(caption)
    kept = [found.span() for found in NOT_A_SIDE.finditer(said)]

    def dropped(found: re.Match) -> str:
        return found[0] if any(first <= found.start() < last for first, last in kept) else ""

    return " ".join(_SIDE_AND_COUNT.sub(dropped, said).split()) or said
