"""Where a rig's hands have their fingers, and which way they bend: found by name and place, whatever the bone axes.

A finger is a chain of bones beneath the bone that plays the wrist. It is known by a word in its names (thumb, index,
中指 ...); where no name says so, by where it stands: the thumb branches off nearest to the wrist, the others follow
across the palm. Bones of the palm are left out. All directions are in armature space at rest, so that mirrored, rolled
or imported bone axes make no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot
from .mapping import CONTROL_BONES, CONTROL_PREFIXES, SIDES, Mapping
from .names import split_name
from .rig import Rig

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_WORDS = {
    "thumb": ("thumb", "親指"),
    "index": ("index", "人指", "人差"),
    "middle": ("middle", "mid", "中指"),
    "ring": ("ring", "薬指"),
    "pinky": ("pinky", "pinkie", "little", "小指"),
}
_PALM = ("palm", "carpal", "base")
_OTHERS = ("weapon", "prop", "attach", "twist", "roll", "item", "gun", "sleeve", "cuff", "ik", "master")
MOST_BONES = 3  # that bend: what follows is a tip
# A bone of a finger other than the thumb that begins nearer to the wrist than this share of the way to the next one's
# head lies in the palm.
_IN_PALM = 0.4
# Fingers bent by more than the first at rest show which side the palm is on; where they are straighter than that, a
# thumb that points away from the palm by more than the second (a sine) does (radians).
_CLEAR_CURL, _CLEAR_THUMB = np.radians(6.0), 0.3


@dataclass(frozen=True)
class Finger:
    """A finger: its ``name``, one of FINGERS, the ``bones`` that bend (indices, from the knuckle on) and where they
    point at rest, ``directions`` (bones, 3), unit, armature space."""

    name: str
    bones: tuple[int, ...]
    directions: np.ndarray


@dataclass(frozen=True)
class Hand:
    """A hand at rest: its fingers, and unit directions (3,) in armature space: ``along`` it from the wrist to the
    knuckles, ``radial`` to the thumb's side, ``palmar`` out of the palm; each across the others."""

    side: str
    fingers: tuple[Finger, ...]
    along: np.ndarray
    radial: np.ndarray
    palmar: np.ndarray


def find_hands(rig: Rig, mapping: Mapping) -> dict[str, Hand]:
    """Return the hands that have fingers, by side; none where the wrist is not mapped or nothing hangs on it."""
    found = {}
    for side in SIDES:
        wrist = mapping.bones.get(f"{side}_wrist")
        if wrist is None:
            continue
        chains = _chains(rig, _candidates(rig, rig.index[wrist], side))
        fingers = _named(rig, rig.index[wrist], chains)
        hand = _hand(rig, mapping, side, fingers) if set(fingers) - {"thumb"} else None
        if hand is not None:
            found[side] = hand
    return found


# --- which bones ------------------------------------------------------------------------------------------------------


def finger_word(name: str) -> str | None:
    """Return which of FINGERS a bone's name speaks of, None for none."""
    for word in split_name(name)[2]:
        for finger, known in _WORDS.items():
            if any(word.startswith(one) or (one in word and (len(one) > 4 or not one.isascii())) for one in known):
                return finger
    return None


def _candidates(rig: Rig, wrist: int, side: str) -> list[int]:
    """Return the bones that may be fingers: of a generated control rig its controls, else all beneath the wrist."""
    if sum(name.startswith(CONTROL_PREFIXES) for name in rig.names) > CONTROL_BONES:
        known = rig.index
        return [
            bone
            for bone, name in enumerate(rig.names)
            if f"ORG-{name}" in known and finger_word(name) is not None and split_name(name)[0] == side
        ]
    beneath = {wrist}
    for bone in range(wrist + 1, len(rig.names)):  # parents stand before their children
        if rig.parents[bone] in beneath:
            beneath.add(bone)
    beneath.discard(wrist)
    return [bone for bone in sorted(beneath) if not set(split_name(rig.names[bone])[2]) & set(_OTHERS)]


def _chains(rig: Rig, candidates: Sequence[int]) -> list[list[int]]:
    """Return the unbranched chains of candidates that end in a bone without children among them."""
    known, children = set(candidates), {}
    for bone in candidates:
        above = next((one for one in rig.ancestors(bone) if one in known), None)
        children.setdefault(above, []).append(bone)
    chains, pending = [], list(children.get(None, ()))
    while pending:
        chain = [pending.pop(0)]
        while len(children.get(chain[-1], ())) == 1:
            chain.append(children[chain[-1]][0])
        if chain[-1] in children:  # it branches: what came so far is the palm's
            pending += children[chain[-1]]
        else:
            chains.append(chain)
    return chains


def _named(rig: Rig, wrist: int, chains: list[list[int]]) -> dict[str, list[int]]:
    """Return finger to its chain, the palm left out."""
    words = [next(filter(None, (finger_word(rig.names[bone]) for bone in chain)), None) for chain in chains]
    found: dict[str, list[int]] = {}
    for word, chain in zip(words, chains, strict=True):
        if word is not None and (word not in found or _rank(rig, chain) > _rank(rig, found[word])):
            found[word] = chain
    if not found:
        likely = [chain for chain in chains if len(chain) > 1 or "finger" in rig.names[chain[0]].lower()]
        found = _placed(rig, wrist, likely)
    return {name: _bending(rig, wrist, name, chain) for name, chain in found.items()}


def _rank(rig: Rig, chain: list[int]) -> tuple[bool, int]:
    """Return how much a chain is to be preferred to others of its name: controls first, then longer ones."""
    return rig.names[chain[-1]].lower().startswith("c_"), len(chain)


def _placed(rig: Rig, wrist: int, chains: list[list[int]]) -> dict[str, list[int]]:
    """Return finger to chain by where the chains begin and point."""
    if not chains:
        return {}
    chains = chains[:5]
    starts = rig.heads[[chain[0] for chain in chains]] - rig.heads[wrist]
    ways = np.array([rot.unit(rig.heads[chain[-1]] - rig.heads[wrist]) for chain in chains])
    thumb = None
    if len(chains) > 2:
        along = rot.unit(np.median(ways, axis=0))
        apart = np.arccos(np.clip(ways @ along, -1, 1)) - starts @ along / np.abs(starts @ along).max()
        thumb = int(np.argmax(apart))
    rest = [number for number in range(len(chains)) if number != thumb]
    if thumb is not None:
        rest.sort(key=lambda number: np.linalg.norm(starts[number] - starts[thumb]))
    found = {} if thumb is None else {"thumb": chains[thumb]}
    return found | dict(zip(FINGERS[1:], (chains[number] for number in rest), strict=False))


def _bending(rig: Rig, wrist: int, name: str, chain: list[int]) -> list[int]:
    """Return the bones of a chain that bend."""
    kept = [bone for bone in chain if not any(word in rig.names[bone].lower() for word in _PALM)] or chain
    if name == "thumb":
        return (chain if len(kept) < 2 else kept)[:MOST_BONES]
    if len(kept) > MOST_BONES:
        reach = np.linalg.norm(rig.heads[kept[:2]] - rig.heads[wrist], axis=1)
        kept = kept[1:] if reach[0] < _IN_PALM * reach[1] else kept
    return kept[:MOST_BONES]


# --- which way --------------------------------------------------------------------------------------------------------


def _directions(rig: Rig, bones: Sequence[int]) -> np.ndarray:
    """Return where the bones of a chain point, (bones, 3), unit: to the next one's head, else along the bone itself.

    Imported bones may point anywhere: an end that has nothing beneath it goes on as the one before, unless its own way
    is much the same.
    """
    found = []
    for bone, after in zip(bones, [*bones[1:], None], strict=True):
        if after is None:
            below = [child for child in np.flatnonzero(rig.parents == bone) if _apart(rig, bone, child)]
            after = int(below[0]) if len(below) == 1 else None
        own = rig.rest[bone, :3, 1]
        if after is not None and _apart(rig, bone, after):
            own = rot.unit(rig.heads[after] - rig.heads[bone])
        elif found and own @ found[-1] < 0.5:
            own = found[-1]
        found.append(own)
    return np.array(found)


def _apart(rig: Rig, bone: int, other: int) -> bool:
    return bool(np.linalg.norm(rig.heads[other] - rig.heads[bone]) > 1e-6)


def _hand(rig: Rig, mapping: Mapping, side: str, chains: dict[str, list[int]]) -> Hand | None:
    fingers = tuple(
        Finger(name, tuple(chains[name]), _directions(rig, chains[name])) for name in FINGERS if name in chains
    )
    others = [finger for finger in fingers if finger.name != "thumb"]
    wrist = rig.heads[rig.index[mapping.bones[f"{side}_wrist"]]]
    knuckles = rig.heads[[finger.bones[0] for finger in others]]
    along = knuckles.mean(axis=0) - wrist
    if np.linalg.norm(along) < 1e-6:
        along = np.mean([finger.directions[0] for finger in others], axis=0)
    along = rot.unit(along)
    across = _across(rig, fingers, along)
    if across is None:
        palmar = _downward(rig, mapping, side, along)
        if palmar is None:
            return None
        across = np.cross(palmar, along) if side == "left" else np.cross(along, palmar)
    else:
        palmar = _palmar(side, fingers, along, across)
    return Hand(side, fingers, along, across, palmar)


def _palmar(side: str, fingers: tuple[Finger, ...], along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return the way out of the palm (3,), unit: by the side, unless curled fingers or the thumb say otherwise."""
    palmar = np.cross(along, across) * (1.0 if side == "left" else -1.0)
    curl = np.mean([_curl(finger, palmar) for finger in fingers if finger.name != "thumb"])
    if abs(curl) > _CLEAR_CURL:
        return palmar * np.sign(curl)
    thumb = next((finger for finger in fingers if finger.name == "thumb"), None)
    away = thumb is not None and thumb.directions.mean(axis=0) @ palmar < -_CLEAR_THUMB
    return -palmar if away else palmar


def _across(rig: Rig, fingers: tuple[Finger, ...], along: np.ndarray) -> np.ndarray | None:
    """Return the way across the palm to the thumb's side (3,), unit; None where a single finger shows none."""
    bases = {finger.name: rig.heads[finger.bones[0]] for finger in fingers}
    order = [name for name in FINGERS[1:] if name in bases]
    if len(order) > 1:
        across = bases[order[0]] - bases[order[-1]]
    elif "thumb" in bases:
        tip = fingers[0].bones[-1]
        across = rig.heads[tip] + fingers[0].directions[-1] * rig.lengths[tip] - bases[order[0]]
    else:
        return None
    across = across - along * (across @ along)
    return rot.unit(across) if np.linalg.norm(across) > 1e-6 else None


def _curl(finger: Finger, palmar: np.ndarray) -> float:
    """Return by how much a finger bends at rest from its first bone to its last, radians; towards the palm is more."""
    first, last = finger.directions[0], finger.directions[-1]
    axis = rot.unit(np.cross(first, palmar))
    return float(np.arctan2(np.cross(first, last) @ axis, first @ last))


def _downward(rig: Rig, mapping: Mapping, side: str, along: np.ndarray) -> np.ndarray | None:
    """Return the palm's way where the hand does not show it: down from an arm held out, to the body from one that
    hangs."""
    heads = {joint: rig.heads[rig.index[bone]] for joint, bone in mapping.bones.items()}
    hips = 0.5 * (heads["left_hip"] + heads["right_hip"])
    feet = 0.5 * (heads["left_ankle"] + heads["right_ankle"])
    left = rot.unit(heads["left_hip"] - heads["right_hip"])
    for way in (rot.unit(feet - hips), -left if side == "left" else left):
        level = way - along * (way @ along)
        if np.linalg.norm(level) > 0.5:
            return rot.unit(level)
    return None
