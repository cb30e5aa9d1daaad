"""What a sentence asks of an example: its side, speed and count, the leg that is stood on, how a lying body ends."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from runtime.grammar.inflection import NOT_A_SIDE

_TWO = r"two(?! (?:hands|arms|legs|feet|knees|fists|palms|fingers|people))|twice"
_NUMBERS = (r"once", _TWO, r"three|thrice", "four", "five", "six", "seven", "eight", "nine", "ten")
_SIDES = {
    "left": r"left(?:wards?)?|(?:anti|counter)-?clockwise|(?-i:L)(?=[ -](?:arm|hand|fist|leg|foot|knee|side)\b)",
    "right": r"right(?:wards?)?|(?<!anti-)(?<!counter-)clockwise|(?-i:R)(?=[ -](?:arm|hand|fist|leg|foot|knee|side)\b)",
    "both": r"both|two hands|two arms",
}
_SPEEDS = {
    "slow": r"slow(?:ly)?|lazily|carefully|gently|leisurely|unhurried(?:ly)?|sluggish(?:ly)?|snail's pace"
    r"|ambl(?:es?|ing)|dawdl(?:es?|ing)|plod(?:s|ding)?|trudg(?:es?|ing)",
    "fast": r"fast|quick(?:ly)?|rapid(?:ly)?|swift(?:ly)?|brisk(?:ly)?|(?<!un)hurr(?:ied|iedly|y|ies|ying)"
    r"|rush(?:es|ing)?|hastily|in haste|(?:full|top) speed",
}
SPEED_WORDS = {"slow": "slowly", "fast": "quickly"}
TIMES_WORDS = dict(zip(map(str, range(1, 5)), ("once", "twice", "three times", "four times"), strict=True))
_TIMES = {str(number): rf"{word}|{number}" for number, word in enumerate(_NUMBERS, start=1)}
_TELLING = [
    {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in kind.items()}
    for kind in (_SIDES, _SPEEDS, _TIMES)
]
_STANDS = re.compile(r"\bon (?:the|his|her|their|its|my|your|one's)? ?(left|right) (?:leg|foot)\b", re.IGNORECASE)
# What of a lying body is up. "Onto", "to" and the like tell how it ends, "from" and "lying on" how it began.
_UP = r"backs?|spine|supine|(?:face|belly|chest|tummy) ?-?up(?:wards?)?"
_DOWN = r"stomach|belly|bellies|tummy|tummies|front|chest|prone|(?:face|belly|chest) ?-?down(?:wards?)?"
_LYING = re.compile(
    rf"(?:\b(?P<way>on ?to|to|into|until|till|from|off|lying|lies|lie|laid)"
    r"(?: (?:being|lying|lie|on|the|a|his|her|their|its|my|your|one's|flat))* )?"
    rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b",
    re.IGNORECASE,
)
_ENDS, _BEGINS = ("onto", "on to", "to", "into", "until", "till"), ("from", "off", "lying", "lies", "lie", "laid")
_OTHER_FACE = {"up": "down", "down": "up"}


class Told(NamedTuple):
    """What a sentence tells of, each in words of ``_SIDES``, ``_SPEEDS`` and ``_TIMES``."""

    sides: frozenset[str]
    speeds: frozenset[str]
    times: frozenset[str]
    stands: frozenset[str]  # the leg that it is said to be on
    lies: frozenset[str] = frozenset()  # "up" or "down": how the face of a lying body ends


@lru_cache(maxsize=8192)
def told_by(sentence: str) -> Told:
    """Return which side, speed and count a sentence tells of, and on which leg.

    That leg is not a side too, unless no other side is told.
    """
    stands = frozenset(side.lower() for side in _STANDS.findall(sentence))
    rest = NOT_A_SIDE.sub("", _STANDS.sub("", sentence))
    found = [frozenset(name for name, words in kind.items() if words.search(rest)) for kind in _TELLING]
    return Told(found[0] or stands, *found[1:], stands, lies_at_the_end(sentence))


def lies_at_the_end(sentence: str) -> frozenset[str]:
    """Return how the face of a lying body is said to end, {"up"} or {"down"}; empty where nothing is said of it.

    Of several mentions that counts which is said to be the end, else the last that is not said to be the beginning;
    where the beginning alone is told, the body ends the other way round.
    """
    ends, begins = [], []
    for found in _LYING.finditer(sentence):
        way = (found["way"] or "").lower()
        face = "up" if found["up"] else "down"
        if way in _BEGINS:
            begins.append(face)
        else:
            ends.append((way in _ENDS, face))
    if ends:
        told = [face for is_end, face in ends if is_end] or [face for _, face in ends]
        return frozenset(told[-1:])
    return frozenset(_OTHER_FACE[face] for face in begins[-1:])


def misfit(asked: Told, told: Told) -> tuple[int, int, int]:
    """Return how little an example that is ``told`` of fits what is ``asked`` for, what misleads most first.

    Another side, or standing on another leg where both tell of one, or lying another way; repeats too many or too few;
    another speed.
    """
    by_leg = bool(asked.stands and told.stands)
    side, own_side = (asked.stands, told.stands) if by_leg else (asked.sides, told.sides)
    apart = min((abs(int(one) - int(other)) for one in asked.times for other in told.times), default=0)
    speed = bool(asked.speeds and not asked.speeds & told.speeds)
    turned = bool(asked.lies and told.lies and not asked.lies & told.lies)
    return int(bool(side and own_side and not side & own_side)) + int(turned), apart, int(speed)
