"""Which bone plays which joint by the words in its name, in several languages, for rigs that no table knows.

The words are those of presets/generic.json, without a side. What most bones of a rig have in their names, and letters
for the middle, say nothing; of bones numbered along a limb ("leg 1", "leg 2") the order does. Where limbs are named and
the trunk is not, the trunk is what lies between them in the tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .names import plain, split_name, with_known_sides

SIDES = ("left", "right")
# In this order: a shin may be called a leg, and so may what holds a thigh.
_ROLES = ("hip", "ankle", "foot", "elbow", "wrist", "knee", "shoulder", "collar")
# Names of a whole limb, whose bones are then numbered along it.
_SERIES = {"leg": ("hip", "knee", "ankle", "foot"), "arm": ("shoulder", "elbow", "wrist"), "foot": ("ankle", "foot")}
_MIDDLE = frozenset(("m", "c", "mid", "center", "centre", "ctr", "jnt", "bind"))
_SHARED = 0.6  # of the bones: what so many have in their names is no word for any
_FEWEST = 10  # bones of which that may be said

Part = tuple[str, int, str | None, str, tuple[str, ...]]  # bone, depth, side, words run together, words


def bones_by_words(
    table: Mapping, names: Sequence[str], depths: Sequence[int], parents: Sequence[int] | None
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return joint name to the bones that answer to it, the likeliest first, and the bones of the spine upwards.

    table: presets/generic.json. names, depths, parents: of the bones, how many stand above each, and -1 for no parent.
    """
    words = {place: _plain_words(table[place]) for place in ("centre", "limbs")}
    ignored = set(table["ignore"])
    told = with_known_sides(names)
    parts = [(name, depth, *split_name(known)) for name, depth, known in zip(names, depths, told, strict=True)]
    parts = _telling([part for part in parts if not ignored & set(part[4])])
    found: dict[str, tuple[str, ...]] = {}
    for side in SIDES:
        sided = sorted((part for part in parts if part[2] == side), key=lambda part: part[1])
        found |= {f"{side}_{role}": bones for role, bones in _limbs(words["limbs"], sided).items()}
    centre = sorted((part for part in parts if part[2] is None), key=lambda part: part[1])
    for match in (_matches, _matches_by_last):
        for joint in ("pelvis", "neck", "head"):
            bones = (
                () if joint in found else match(words["centre"][joint], centre, {each[0] for each in found.values()})
            )
            if bones:
                found[joint] = bones
    used = {bones[0] for bones in found.values()}
    spine = [part[0] for part in centre if part[3] in words["centre"]["spine"] and part[0] not in used]
    return (found, spine) if parents is None else _with_trunk(found, spine, list(names), parents)


def _plain_words(words: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {role: [plain(word) for word in each] for role, each in words.items()}


def _telling(parts: list[Part]) -> list[Part]:
    """Return the parts without the words that most bones have, and without those for the middle."""
    counts = Counter(word for part in parts for word in set(part[4]))
    shared = {word for word, count in counts.items() if count >= _SHARED * len(parts)} if len(parts) >= _FEWEST else {}
    kept = [tuple(word for word in part[4] if word not in shared and word not in _MIDDLE) for part in parts]
    return [(*part[:3], "".join(words), words) for part, words in zip(parts, kept, strict=True)]


def _limbs(words: Mapping[str, Sequence[str]], sided: list[Part]) -> dict[str, tuple[str, ...]]:
    """Return role to bones of the limbs of one side, whose ``sided`` parts come from above downwards."""
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for limb, roles in _SERIES.items():
        series = [part[0] for part in sided if part[3] == limb]
        named = any(part[3] in words[roles[1]] for part in sided if part[3] != limb)
        if len(series) > 1 and not named:
            found |= {role: (bone,) for role, bone in zip(roles, series, strict=False) if role not in found}
            taken |= set(series)
    feet = [part for part in sided if part[3] in words["ankle"] and part[0] not in taken]
    if len({part[3] for part in feet}) > 1 and not any(part[3] in words["foot"] for part in sided):
        found |= {"ankle": (feet[0][0],), "foot": (feet[-1][0],)}  # an ankle and, below it, a foot
        taken |= {feet[0][0], feet[-1][0]}
    for match in (_matches, _matches_by_last):
        for role in _ROLES:
            bones = () if role in found else match(words[role], sided, taken)
            if bones:
                found[role] = bones
                taken.add(bones[0])
    return found


def _matches(words: Sequence[str], parts: Sequence[Part], taken: set[str]) -> tuple[str, ...]:
    """Return the bones, uppermost first, that match the earliest of ``words`` that any matches."""
    for word in words:
        found = tuple(name for name, _depth, _side, joined, _words in parts if joined == word and name not in taken)
        if found:
            return found
    return ()


def _matches_by_last(words: Sequence[str], parts: Sequence[Part], taken: set[str]) -> tuple[str, ...]:
    """Do as :func:`_matches`, by the last word alone of those that have several, as in "leg L foot"."""
    return _matches(words, [(*part[:3], part[4][-1], part[4]) for part in parts if len(part[4]) > 1], taken)


def _with_trunk(
    found: dict[str, tuple[str, ...]], spine: list[str], names: list[str], parents: Sequence[int]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return ``found`` and ``spine``, what they lack of pelvis, spine, neck and head filled in from the tree."""
    index = {name: number for number, name in enumerate(names)}

    def above(joints: Sequence[str]) -> list[int]:
        """Return the bones that are above the first of each of two ``joints`` that are found, from the root down."""
        ways = []
        for side in SIDES:
            bone = next((found[f"{side}_{joint}"][0] for joint in joints if f"{side}_{joint}" in found), None)
            way, at = [], -1 if bone is None else int(parents[index[bone]])
            while at >= 0:
                way.insert(0, at)
                at = int(parents[at])
            ways.append(way)
        return [one for one, other in zip(*ways, strict=False) if one == other]

    used = {bones[0] for bones in found.values()}
    legs, arms = above(("hip",)), above(("collar", "shoulder"))
    if "pelvis" not in found and legs and names[legs[-1]] not in used:
        found = found | {"pelvis": (names[legs[-1]],)}
        used.add(names[legs[-1]])
    spine = [name for name in spine if name not in used]
    if "pelvis" not in found or not arms or index[found["pelvis"][0]] not in arms:
        return found, spine
    trunk = arms[arms.index(index[found["pelvis"][0]]) + 1 :]
    if not spine:
        spine = [names[bone] for bone in trunk if names[bone] not in used]
    if "neck" not in found and "head" in found and trunk:
        way, at = [], int(parents[index[found["head"][0]]])
        while at >= 0 and at != trunk[-1]:
            way.insert(0, at)
            at = int(parents[at])
        if at == trunk[-1] and way and names[way[0]] not in used:
            found = found | {"neck": (names[way[0]],)}
            between = {names[bone] for bone in way}
            spine = [name for name in spine if name not in between]
    return found, spine
