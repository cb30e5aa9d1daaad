"""Animals told from people: by how trunk and legs stand at rest, and by words that only animals' bones have.

An animal's bones are often named as a person's are, or fit one's shape. Its trunk lies level over legs that go down,
or leans further than a person's and is named after what animals alone have (a beak, front legs, wings).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ..motion import rotations as rot
from .names import split_name
from .stance import trunk_of

SIDES = ("left", "right")
# Words of bones that animals alone have, and words before a leg that say that there are more than two.
_PARTS = frozenset(("hoof", "hooves", "paw", "paws", "beak", "hock", "fetlock", "wing", "wings", "fin", "fins",
                    "feather", "feathers", "tail", "mane", "snout", "muzzle", "gill"))  # fmt: skip
_WINGS = frozenset(("wing", "wings", "fin", "fins", "flipper", "flippers"))
_PAIRS = frozenset(("front", "back", "fore", "hind", "rear"))
_LEGS = frozenset(("leg", "legs", "thigh", "foot", "paw", "hip", "shin", "knee"))
_JOINED = frozenset(f"{pair}{leg}" for pair in _PAIRS for leg in ("leg", "legs"))
# Degrees by which a trunk leans at most, of a person and where the bones' names are an animal's; and cosines: how
# squarely legs stand to the trunk, and how steeply they go down.
_LEAN, _ANIMALS_LEAN = 50.0, 25.0
_SQUARE, _DOWN = 0.82, 0.6


def why_not_a_person(names: Iterable[str], places: Mapping[str, np.ndarray], up: np.ndarray) -> str | None:
    """Return why a rest pose is an animal's, words to follow "The armature is not a person's:"; None for a person's.

    names: of all bones. places: joint name to (3,) at rest, any unit, hips and ankles at least. up: (3,) unit, the way
    the rig stands. A skeleton without a trunk, or that lies on its back, is not told from a person's.
    """
    legs = sum(places[f"{side}_ankle"] - places[f"{side}_hip"] for side in SIDES)
    trunk = trunk_of(places)
    if trunk is None or not np.linalg.norm(legs):
        return None
    legs = rot.unit(legs)
    lean = float(np.degrees(np.arccos(np.clip(trunk @ up, -1.0, 1.0))))
    if -legs @ up < _DOWN or abs(legs @ trunk) > _SQUARE:
        return None
    part = next((name for name in names if _is_an_animals(name)), None)
    if lean > _LEAN:
        return "its trunk lies level over its legs" + (f", and it has {part!r}" if part else "")
    if lean > _ANIMALS_LEAN and part is not None:
        return f"its trunk leans by {lean:.0f} degrees, and it has {part!r}"
    return None


def arm_that_is_a_wing(bones: Mapping[str, str]) -> str | None:
    """Return the bone that plays a joint of an arm (joint to bone) and is named a wing or a fin; None without one."""
    arms = (bone for joint, bone in bones.items() if joint.endswith(("shoulder", "elbow", "wrist")))
    return next((bone for bone in arms if _WINGS & set(split_name(bone)[2])), None)


def _is_an_animals(name: str) -> bool:
    words = set(split_name(name)[2])
    return bool(words & _PARTS or words & _JOINED or (words & _PAIRS and words & _LEGS))
