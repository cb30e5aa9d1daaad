"""What a sentence says once who does it, how often and on which side are left out."""

from __future__ import annotations

import re

from runtime.grammar.inflection import NOT_A_SIDE, SUBJECTS

_SUBJECT = re.compile(rf"^(?:{'|'.join(re.escape(name) for name, _, _ in SUBJECTS)}) (?:is |are )?")
_MANY = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|a few|[0-9]+"
_SIDE_AND_COUNT = re.compile(rf"\b(?:(?:left|right)(?:wards?)?|once|twice|thrice|(?:{_MANY}) times)\b ?")
# Sides that are nouns, a turn or a blow: "hangs a left", "with a straight right". Without them nothing would be done.
_A_SIDE = re.compile(
    r"(?P<which>\b(?:an?|another|one|(?:the|his|her|their|your) (?:first|second|third|next)"
    r"|with (?:the|his|her|their|your))"
    r"(?: (?:hard|sharp|quick|slow|wide|tight|gentle|slight|sudden|big|stiff|straight|short|solid|heavy|clean|fast))?) "
    r"(?:left|right)(?=$|[^\w -]| (?:at|to|in|into|on|onto|off|down|up|out|by|after|before|around|past|from|and|then|or"
    r"|here|there|with|over|across|towards?|when|where|as|while|through|for|under|between|upon|along)\b)"
)


def wording(caption: str) -> str:
    """Return a caption without its subject: who does it does not matter."""
    return _SUBJECT.sub("", " ".join(caption.lower().rstrip(". ").split()))


def bare(caption: str) -> str:
    """Return the wording of a caption without its side and how often; all of it where nothing would be left.

    A side that is a noun is "left" whichever it is: "takes a right" and "takes a left" are alike.
    """
    said = _A_SIDE.sub(r"\g<which> left", wording(caption))
    kept = [found.span() for pattern in (NOT_A_SIDE, _A_SIDE) for found in pattern.finditer(said)]

    def dropped(found: re.Match) -> str:
        return found[0] if any(first <= found.start() < last for first, last in kept) else ""

    return " ".join(_SIDE_AND_COUNT.sub(dropped, said).split()) or said
