"""Which bone of a rig plays which of the 22 joints, by name: the tables are presets/*.json.

A preset names bones for the pelvis, neck, head and limbs and a chain of spine bones from the pelvis to the
chest; a rig with fewer or more spine bones than three has them shared out over the joints. ``prefix`` is a
regular expression for what may stand before a name; a namespace up to the last ``:`` or ``|`` may stand
before any. presets/generic.json holds words instead of names, for rigs no other table knows.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import skeleton
from ..errors import RigError

PRESET_FOLDER = Path(__file__).with_name("presets")
SIDES = ("left", "right")
# A motion cannot be carried without these.
REQUIRED = ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
_REMEDY = (
    "Select a humanoid armature with Rigify metarig, Mixamo, Unreal or plain left/right bone names, "
    "or add the CoAMD character"
)


@dataclass(frozen=True)
class Mapping:
    """The bones that play the joints.

    preset: label of the table used. bones: joint name to bone name. missing: joints no bone plays.
    score: share of the 22 joints that are mapped, 0 to 1.
    """

    preset: str
    bones: dict[str, str]
    missing: tuple[str, ...]
    score: float


def make_mapping(preset: str, bones: dict[str, str]) -> Mapping:
    """Build a Mapping from joint-to-bone names; raises RigError for a name that is no joint."""
    unknown = sorted(set(bones) - set(skeleton.JOINT_NAMES))
    if unknown:
        raise RigError(f"No joint is called {unknown[0]!r}", f"Joints are: {', '.join(skeleton.JOINT_NAMES)}")
    ordered = {joint: bones[joint] for joint in skeleton.JOINT_NAMES if joint in bones}
    missing = tuple(joint for joint in skeleton.JOINT_NAMES if joint not in bones)
    return Mapping(preset, ordered, missing, len(ordered) / skeleton.JOINT_COUNT)


def detect(bone_names: Iterable[str], parents: Sequence[int] | None = None) -> Mapping:
    """Find the preset that names most joints of these bones and return its Mapping.

    ``parents`` (index of each bone's parent, -1 for none), if given, lets the guess by words prefer the upper
    of two candidates. Raises RigError, naming the remedy, for a generated control rig, when under half of the
    joints are found, or when a hip, knee, ankle or the pelvis is missing.
    """
    names = list(bone_names)
    if sum(name.startswith(("MCH-", "ORG-")) for name in names) > 10:
        raise RigError(
            "This is a generated control rig: its deforming bones follow constraints",
            "Select the metarig it was generated from, or a plain skeleton",
        )
    candidates = [match_preset(preset, names) for preset in named_presets()]
    candidates.append(_guess(names, parents))
    best = max(candidates, key=lambda mapping: mapping.score)
    if best.score < 0.5:
        found = f"{len(best.bones)} of {skeleton.JOINT_COUNT} joints"
        raise RigError(f"The armature's bone names match only {found}", _REMEDY)
    absent = [joint for joint in REQUIRED if joint in best.missing]
    if absent:
        raise RigError(f"The armature has no bone for {', '.join(absent)} ({best.preset})", _REMEDY)
    return best


@functools.cache
def named_presets() -> tuple[dict, ...]:
    """Read every table but the generic one, in the order of their file names."""
    paths = sorted(path for path in PRESET_FOLDER.glob("*.json") if path.stem != "generic")
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in paths)


@functools.cache
def _generic() -> dict:
    return json.loads((PRESET_FOLDER / "generic.json").read_text(encoding="utf-8"))


def match_preset(preset: dict, names: Sequence[str]) -> Mapping:
    """Return the Mapping that one preset gives for these bone names, however poor."""
    strip = re.compile(rf"^(?:.*[:|])?(?:{preset.get('prefix', '')})?", re.IGNORECASE)
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(strip.sub("", name).lower(), name)

    def first(options: Iterable[str]) -> str | None:
        return next((known[option.lower()] for option in options if option.lower() in known), None)

    bones = {joint: first(options) for joint, options in preset["limbs"].items()}
    bones |= {joint: first(preset[joint]) for joint in ("pelvis", "neck", "head")}
    bones |= share_spine([known[name.lower()] for name in preset["spine"] if name.lower() in known])
    return make_mapping(preset["label"], {joint: bone for joint, bone in bones.items() if bone})


def share_spine(chain: Sequence[str]) -> dict[str, str]:
    """Give spine bones, from the pelvis to the chest, to the joints spine1, spine2 and spine3 (the chest)."""
    if not chain:
        return {}
    shared = {"spine3": chain[-1]}
    if len(chain) > 1:
        shared["spine1"] = chain[0]
    if len(chain) > 2:
        shared["spine2"] = chain[len(chain) // 2]
    return shared


def split_name(name: str) -> tuple[str | None, str, tuple[str, ...]]:
    """Split a bone name into its side ("left", "right" or None), its words run together, and its words.

    >>> split_name("mixamorig:LeftForeArm")
    ('left', 'forearm', ('forearm',))
    """
    bare = re.split(r"[:|]", name)[-1]
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", re.sub(r"mixamorig\d*|CC_Base_|Bip0*1|DEF-", " ", bare))
    side, rest = None, []
    for word in (word.lower() for word in words):
        found = {"l": "left", "left": "left", "r": "right", "right": "right"}.get(word)
        if found and side is None:
            side = found
        else:
            rest.append(word)
    glued = re.fullmatch(r"(left|right)(\w+)", rest[0]) if rest and side is None else None
    if glued:
        side, rest[0] = glued.group(1), glued.group(2)
    return side, "".join(rest), tuple(rest)


def _guess(names: Sequence[str], parents: Sequence[int] | None) -> Mapping:
    """Map by words: for every role the bone whose words match its earliest word, the upper of two alike."""
    table = _generic()
    ignored = set(table["ignore"])
    parts = [(name, depth, *split_name(name)) for name, depth in zip(names, _depths(names, parents), strict=True)]
    parts = [part for part in parts if not ignored & set(part[4])]
    bones: dict[str, str] = {}
    for side in SIDES:
        sided = sorted((part for part in parts if part[2] == side), key=lambda part: part[1])
        taken: set[str] = set()
        for role in ("hip", "ankle", "foot", "elbow", "wrist", "knee", "shoulder", "collar"):
            bone = _first_match(table["limbs"][role], sided, taken)
            if bone:
                bones[f"{side}_{role}"] = bone
                taken.add(bone)
    centre = sorted((part for part in parts if part[2] is None), key=lambda part: part[1])
    for joint in ("pelvis", "neck", "head"):
        bone = _first_match(table["centre"][joint], centre, set())
        if bone:
            bones[joint] = bone
    spine = [part[0] for part in centre if part[3] in table["centre"]["spine"] and part[0] != bones.get("pelvis")]
    return make_mapping(table["label"], bones | share_spine(spine))


def _first_match(words: Sequence[str], parts: Sequence[tuple], taken: set[str]) -> str | None:
    for word in words:
        for name, _depth, _side, joined, _words in parts:
            if joined == word and name not in taken:
                return name
    return None


def _depths(names: Sequence[str], parents: Sequence[int] | None) -> list[int]:
    """Return how many bones stand above each; without parents, the order of the names stands in for it."""
    if parents is None:
        return list(range(len(names)))
    depths: list[int] = []
    for parent in parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    return depths
