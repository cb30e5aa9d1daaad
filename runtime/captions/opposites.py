"""Captions with one thing changed that makes them false: the other side, way, speed, count, order or limb.

They are what the recogniser learns to tell from the true ones (hard negatives, Yuan et al. 2024, arXiv 2407.15408):
sentences that differ in one word lie side by side in a sentence encoder's space, motions that differ in it do not.
"""

from __future__ import annotations

import re

from runtime.grammar.inflection import mirrored

# What is swapped, both ways; a word that has several opposites takes the first.
_PAIRS = {
    "way": (
        ("forward", "backward"), ("forwards", "backwards"), ("ahead", "backwards"), ("up", "down"),
        ("upwards", "downwards"), ("sideways", "forwards"), ("in place", "ahead"), ("on the spot", "ahead"),
        ("above", "below"), ("in front of", "behind"),
    ),
    "speed": (
        ("quickly", "slowly"), ("fast", "slowly"), ("quick", "slow"), ("rapidly", "slowly"), ("hurriedly", "slowly"),
        ("briskly", "slowly"),
    ),
    "count": (
        ("once", "twice"), ("two", "four"), ("three", "one"), ("four", "two"), ("five", "two"), ("six", "three"),
        ("one time", "three times"), ("twice", "once"), ("both", "one"),
    ),
    "limb": (
        ("arm", "leg"), ("arms", "legs"), ("hand", "foot"), ("hands", "feet"), ("elbow", "knee"), ("elbows", "knees"),
        ("head", "knee"), ("wrist", "ankle"), ("fist", "foot"),
    ),
}  # fmt: skip
_ORDER = re.compile(r"^(?P<first>.+?),? (?:and )?then (?P<last>.+)$", re.IGNORECASE)
KINDS = ("side", *_PAIRS, "order")
_BOTH_SIDES = re.compile(r"\b(?:left (?:and|or) right|right (?:and|or) left)\b", re.IGNORECASE)


def _swaps(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    swaps: dict[str, str] = {}
    for one, other in pairs:
        swaps.setdefault(one, other)
        swaps.setdefault(other, one)
    return swaps


_TABLES = {kind: _swaps(pairs) for kind, pairs in _PAIRS.items()}
_WORDS = {
    kind: re.compile(rf"\b({'|'.join(sorted(map(re.escape, table), key=len, reverse=True))})\b", re.IGNORECASE)
    for kind, table in _TABLES.items()
}


def names_a_side(caption: str) -> bool:
    """Tell whether a caption says something else with left and right exchanged: "left and right" alone does not."""
    told = _BOTH_SIDES.sub("both", caption)
    return mirrored(told) != told


def opposite(caption: str, kind: str) -> str | None:
    """Return ``caption`` with what it says of ``kind`` (one of KINDS) turned round, or None when it says nothing of it.

    Of a way, a count or a limb the first mention is changed, of a side and a speed every one.
    """
    if kind == "side":
        changed = mirrored(caption) if names_a_side(caption) else caption
    elif kind == "order":
        changed = _reordered(caption)
    else:
        table = _TABLES[kind]
        changed = _WORDS[kind].sub(lambda found: table[found[1].lower()], caption, count=0 if kind == "speed" else 1)
    return changed if changed != caption else None


def opposites(caption: str) -> dict[str, str]:
    """Return every opposite of ``caption`` by kind."""
    found = {kind: opposite(caption, kind) for kind in KINDS}
    return {kind: text for kind, text in found.items() if text is not None}


def _reordered(caption: str) -> str:
    """Turn "a man sits, then waves" into "a man waves, then sits"; the subject stays in front."""
    told = _ORDER.match(caption.rstrip("."))
    if told is None:
        return caption
    first, last = told["first"], told["last"]
    subject = re.match(
        r"^((?:(?:a|an|the|this|some) )?(?:\w+ )?(?:person|man|woman|figure|character|someone|somebody|he|she|they|"
        r"guy|girl|boy|actor|performer|dancer|player|human|adult|hero|soldier|fighter)) (?:is |are )?",
        first,
        re.IGNORECASE,
    )
    lead = subject[0] if subject else ""
    return f"{lead}{last}, then {first[len(lead) :]}"
