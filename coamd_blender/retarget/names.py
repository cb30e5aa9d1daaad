"""Bone names as data: side, words, and the affixes that all bones of a rig share.

Names are compared in two ways. Exactly, but for case and a namespace (what stands before the last ``:``, ``|``
or ``/``); or by key: the side and the remaining letters and numbers run together, so that ``LeftUpLeg``,
``upleg_l`` and ``Up Leg.L`` agree, and ``spine_01`` and ``Spine1`` do too.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

SIDE_WORDS = {"l": "left", "left": "left", "左": "left", "r": "right", "right": "right", "右": "right"}
# Left and right in other languages and abbreviations. Few mean sides alone: a pair counts where bones come in it.
OTHER_SIDES = (
    ("lf", "rt"), ("lt", "rt"), ("lft", "rgt"), ("links", "rechts"), ("linke", "rechte"), ("linker", "rechter"),
    ("linkes", "rechtes"), ("izquierda", "derecha"), ("izquierdo", "derecho"), ("izq", "der"), ("i", "d"),
    ("gauche", "droite"), ("gauche", "droit"), ("g", "d"), ("sinistra", "destra"), ("sinistro", "destro"),
    ("sin", "des"), ("sx", "dx"), ("esquerda", "direita"), ("esquerdo", "direito"), ("esq", "dir"), ("e", "d"),
    ("левая", "правая"), ("левый", "правый"), ("левое", "правое"), ("лев", "прав"), ("л", "п"), ("lewa", "prawa"),
    ("lewy", "prawy"), ("lewe", "prawe"), ("vanster", "hoger"), ("venstre", "hoyre"), ("hojre", "venstre"), ("v", "h"),
    ("sol", "sag"), ("kiri", "kanan"), ("왼쪽", "오른쪽"), ("왼", "오른"), ("좌", "우"),
)  # fmt: skip
_PAIRS = 4  # bones that come in a pair, before it is taken for the sides
_NAMESPACE = re.compile(r"^.*(?:[:|]|/(?=\w\w))")
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


def plain(name: str) -> str:
    """Return ``name`` without accents and the like: "Hüfte" as "Hufte", "Fuß" as "Fuss"."""
    apart = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def with_known_sides(names: Sequence[str]) -> list[str]:
    """Return ``names``, plain, with "left" and "right" where their bones come in pairs of OTHER_SIDES, or begin with l
    and r without anything between: "cuisse_G" as "cuisse_left", "lthigh" as "left_thigh".
    """
    told = [plain(bare_name(name)) for name in names]
    found = list(map(_cased_words, told))
    taken = {tuple(word.lower() for word, _ in words) for words in found}
    for left, right in (tuple(map(plain, pair)) for pair in OTHER_SIDES):
        sides = {left: "left", right: "right"}
        paired = sum(_has_partner(tuple(word.lower() for word, _ in words), left, right, taken) for words in found)
        if paired >= _PAIRS:
            told = [_with_side(name, words, sides) for name, words in zip(told, found, strict=True)]
            found = [_cased_words(name) for name in told]
    return _with_letters_apart(told, found)


def _with_letters_apart(names: list[str], words: list[list[tuple[str, int]]]) -> list[str]:
    """Return ``names`` with "left_" and "right_" where a word begins with l, of which there is the same with r."""
    whole = {name.lower() for name in names}
    sides: dict[str, tuple[str, int]] = {}
    for name, found in zip(names, words, strict=True):
        for word, start in found:
            other = f"{name[:start]}r{name[start + 1 :]}".lower()
            if word[0] in "lL" and len(word) > 1 and other in whole:
                sides |= {name.lower(): ("left", start), other: ("right", start)}
    if len(sides) < 2 * _PAIRS:
        return names
    apart = []
    for name in names:
        side, start = sides.get(name.lower(), ("", 0))
        apart.append(f"{name[:start]}{side}_{name[start + 1 :]}" if side else name)
    return apart


def _cased_words(name: str) -> list[tuple[str, int]]:
    """Return the words of a name of any script, and where they begin: a capital behind a small letter begins one."""
    found = []
    for run in re.finditer(r"[^\W\d_]+", name):
        letters, start = run.group(), 0
        for at in range(1, len(letters) + 1):
            if at == len(letters) or (letters[at].isupper() and not letters[at - 1].isupper()):
                found.append((letters[start:at], run.start() + start))
                start = at
    return found


def _has_partner(words: tuple[str, ...], left: str, right: str, taken: set[tuple[str, ...]]) -> bool:
    """Return whether there are the same words with ``right`` where these have ``left``."""
    for at, word in enumerate(words):
        told = word == left or (word.startswith(left) and _is_caseless(word))
        if told and (*words[:at], right + word[len(left) :], *words[at + 1 :]) in taken:
            return True
    return False


def _is_caseless(word: str) -> bool:
    """Return whether a word is of a script without small letters, in which a side is written without a gap."""
    return word.upper() == word.lower()


def _with_side(name: str, words: list[tuple[str, int]], sides: dict[str, str]) -> str:
    """Return ``name`` with the first word that is a side, or begins with one, exchanged."""
    for word, start in words:
        for told, side in sides.items():
            glued = _is_caseless(word) and word.startswith(told)
            if word.lower() == told or glued:
                return f"{name[:start]}_{side}_{name[start + len(told) :]}"
    return name


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
