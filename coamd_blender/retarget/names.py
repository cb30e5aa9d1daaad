"""Bone names as data: side, words, and the affixes that all bones of a rig share.

Names are compared in two ways. Exactly, but for case and a namespace (what stands before the last ``:`` or
``|``); or by key: the side and the remaining letters and numbers run together, so that ``LeftUpLeg``,
``upleg_l`` and ``Up Leg.L`` agree, and ``spine_01`` and ``Spine1`` do too.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence

SIDE_WORDS = {"l": "left", "left": "left", "左": "left", "r": "right", "right": "right", "右": "right"}
_NAMESPACE = re.compile(r"^.*[:|]")
_KNOWN_PREFIXES = re.compile(r"mixamorig\d*|CC_Base_|Bip0*1|DEF-")
# Runs of capitals, capitalised or small words, letters without case, and numbers.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
_SEPARATORS = ":|_- ."
# An affix that this share of the bones has may be the rig's own and not part of the names.
_COMMON = 0.25


def bare_name(name: str) -> str:
    """Return ``name`` without its namespace."""
    return _NAMESPACE.sub("", name)


def split_name(name: str) -> tuple[str | None, str, tuple[str, ...]]:
    """Split a bone name into its side ("left", "right" or None), its words run together, and its words.

    Numbers are left out.

    >>> split_name("mixamorig:LeftForeArm")
    ('left', 'forearm', ('fore', 'arm'))
    """
    side, words = _side_and_words(_KNOWN_PREFIXES.sub(" ", bare_name(name)))
    words = tuple(word for word in words if not word.isdigit())
    return side, "".join(words), words


@functools.lru_cache(maxsize=8192)
def key(name: str) -> tuple[str | None, str]:
    """Return a bone name's side, and its words and numbers run together, numbers without leading zeros."""
    side, words = _side_and_words(bare_name(name))
    return side, "".join(str(int(word)) if word.isdigit() else word for word in words)


def _side_and_words(name: str) -> tuple[str | None, list[str]]:
    side, rest = None, []
    for word in (word.lower() for word in _WORDS.findall(name)):
        found = SIDE_WORDS.get(word)
        if found and side is None:
            side = found
        else:
            rest.append(word)
    glued = re.fullmatch(r"(left|right|左|右)(\w+)", rest[0]) if rest and side is None else None
    if glued:
        side, rest[0] = SIDE_WORDS[glued.group(1)], glued.group(2)
    tail = re.fullmatch(r"(\w+?)(left|right)", rest[-1]) if rest and side is None else None
    if tail:
        side, rest[-1] = SIDE_WORDS[tail.group(2)], tail.group(1)
    return side, rest


def common_affixes(names: Sequence[str], most: int = 3) -> tuple[list[str], list[str]]:
    """Return the prefixes and the suffixes that many bones share, at most ``most`` each, and "" before them.

    Of equally frequent ones the longest comes first. A prefix ends and a suffix begins at a separator, or a suffix is a
    number that Blender adds (``.001``).
    """
    bare = [bare_name(name) for name in names]
    before = Counter(name[: cut + 1] for name in bare for cut in range(len(name) - 1) if name[cut] in _SEPARATORS)
    behind = Counter(name[cut:] for name in bare for cut in range(1, len(name)) if name[cut] in _SEPARATORS)
    return ["", *_frequent(before, len(bare), most)], ["", *_frequent(behind, len(bare), most)]


def _frequent(counts: Counter, total: int, most: int) -> list[str]:
    found = [affix for affix, count in counts.items() if count >= max(3, _COMMON * total)]
    found = [affix for affix in found if not any(word.lower() in SIDE_WORDS for word in _WORDS.findall(affix))]
    return sorted(found, key=lambda affix: (-counts[affix], -len(affix)))[:most]


def strip_affixes(name: str, prefix: str, suffix: str) -> str:
    """Return ``name`` without namespace, ``prefix`` and ``suffix`` where it has them."""
    return bare_name(name).removeprefix(prefix).removesuffix(suffix)
