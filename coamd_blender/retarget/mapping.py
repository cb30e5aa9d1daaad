"""Which bone of a rig plays which of the 22 joints, by name: the tables are presets/*.json.

A preset names bones for the pelvis, neck, head and limbs and a chain of spine bones from the pelvis to the
chest; a rig with fewer or more spine bones than three has them shared out over the joints. ``prefix`` is a
regular expression for what may stand before a name; a namespace up to the last ``:`` or ``|`` may stand
before any. presets/generic.json holds words instead of names, for rigs no other table knows; rigs whose names
say nothing are mapped by the shape of their rest pose (``shape``).

A preset is a file in presets/, found by itself; tests/retarget/test_presets.py tries every one. Its keys:

* label: what the panel shows and Mapping.preset holds. "controls" in it says that the names are those of FK controls:
  for a rig that Rigify generated, only such presets are tried, and only where asked for.
* prefix (optional): a regular expression for what may stand before a name.
* pelvis, neck, head: names, the likeliest first. spine: bones from above the pelvis to the chest, in order.
* limbs: joint (left_hip, right_wrist, ..., as in motion.skeleton) to names, the likeliest first.
* switches (optional): bone to custom property and value, which turn its limbs to the FK controls
  (``controls.switches_of``). Rigs that constraints move as a whole have a table in control_rigs/ instead.
* ik (optional): limbs, knee or elbow to names of the ``target`` that leads it, of its ``pole`` and, where there is one,
  of a control of the ``toes`` of its own; still, names of controls that must be at rest; switches as above
  (``ik_controls``).

The file of the stem ``generic`` is no such table, and the only one that is read by its name: ``ignore`` lists words of
bones to leave out, ``centre`` and ``limbs`` words, without a side, for each role.

Where several bones answer to one name, the uppermost is taken and all are listed in ``Mapping.ambiguous``.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import RigError
from ..motion import skeleton
from .creature import arm_that_is_a_wing, why_not_a_person
from .guess import bones_by_words
from .names import common_affixes, key, strip_affixes
from .rig import Rig
from .shape import guess_by_shape, sides_are_swapped
from .stance import why_not_a_stance

PRESET_FOLDER = Path(__file__).with_name("presets")
SIDES = ("left", "right")
# A motion cannot be carried without these.
REQUIRED = ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
# A rig with more bones of these prefixes is one that Rigify generated.
CONTROL_PREFIXES, CONTROL_BONES = ("MCH-", "ORG-"), 10
_KNOWN = 0.8  # of the joints of a control rig, by the names of a table of its own
_REMEDY = (
    "Select a humanoid armature with Rigify metarig, Mixamo, Unreal or plain left/right bone names, "
    "or add the CoAMD character"
)


@dataclass(frozen=True)
class Mapping:
    """The bones that play the joints.

    preset: label of the table used. bones: joint name to bone name. missing: joints that have no bone.
    score: share of the 22 joints that are mapped, 0 to 1. ambiguous: joint name to all bones that answered
    to its name, the one taken first. notes: lines on what a user should look at.
    """

    preset: str
    bones: dict[str, str]
    missing: tuple[str, ...]
    score: float
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def make_mapping(preset: str, bones: dict[str, str]) -> Mapping:
    """Build a Mapping from joint-to-bone names; ``preset`` is its label.

    Raises RigError for a name that is not a joint, or a bone named twice.
    """
    unknown = sorted(set(bones) - set(skeleton.JOINT_NAMES))
    if unknown:
        raise RigError(f"No joint is called {unknown[0]!r}", f"Joints are: {', '.join(skeleton.JOINT_NAMES)}")
    joint_of: dict[str, str] = {}
    for joint, bone in bones.items():
        if bone in joint_of:
            raise RigError(f"Bone {bone!r} is given to both {joint_of[bone]} and {joint}", "Choose one bone a joint")
        joint_of[bone] = joint
    ordered = {joint: bones[joint] for joint in skeleton.JOINT_NAMES if joint in bones}
    missing = tuple(joint for joint in skeleton.JOINT_NAMES if joint not in bones)
    return Mapping(preset, ordered, missing, len(ordered) / skeleton.JOINT_COUNT)


def detect(
    bone_names: Iterable[str],
    parents: Sequence[int] | None = None,
    heads: np.ndarray | None = None,
    up: Sequence[float] = (0.0, 0.0, 1.0),
    *,
    controls: bool = False,
) -> Mapping:
    """Find the preset that names most joints of these bones and return its Mapping.

    ``parents`` (index of each bone's parent, -1 for none, parents first), if given, lets the upper of two candidates be
    preferred. With ``heads`` (B, 3) too, rest heads in any unit, with ``up`` the way the rig stands, a rig whose names
    say nothing is mapped by its shape, sides that the names have the wrong way round are noted, and animals told from
    people. ``controls``: map the FK controls of a generated control rig. Raises RigError, naming the remedy, for a
    generated control rig otherwise, when under half of the joints are found, when a hip, knee, ankle or the pelvis is
    missing, and for an animal.
    """
    names = list(bone_names)
    generated = sum(name.startswith(CONTROL_PREFIXES) for name in names) > CONTROL_BONES
    depths = _depths(names, parents)
    presets = [preset for preset in named_presets() if not generated or "controls" in preset["label"]]
    if generated and not controls:
        presets = [preset for preset in presets if preset.get("plain")]  # whose controls are keyed as plain bones
    best = _best_preset(presets, names, depths)
    if generated and not controls and best.score < _KNOWN:
        raise RigError(
            "This is a generated control rig: its deforming bones follow constraints",
            "Select the metarig it was generated from, or a plain skeleton",
        )
    guessed = _guess(names, parents)
    if guessed.score > best.score and not generated:
        best = guessed
    why = ""
    if (best.score < 0.5 or set(REQUIRED) & set(best.missing)) and parents is not None and heads is not None:
        shaped, why = _by_shape(names, parents, np.asarray(heads, dtype=float), np.asarray(up, dtype=float))
        best = shaped or best
    _check_enough(best, why)
    if heads is not None:
        best = _check_person(best, names, np.asarray(heads, dtype=float), np.asarray(up, dtype=float))
    if heads is not None and sides_are_swapped(best.bones, names, np.asarray(heads), np.asarray(up)):
        best = replace(best, notes=(*best.notes, "Bones named left stand on the right of the way the feet point"))
    return best


def detect_rig(rig: Rig, *, controls: bool = False) -> Mapping:
    """Find the Mapping of a Rig by names, hierarchy and rest pose; ``controls`` and errors as in :func:`detect`."""
    up = np.linalg.inv(rig.world[:3, :3]) @ (0.0, 1.0, 0.0)
    return detect(rig.names, rig.parents, rig.heads, up / np.linalg.norm(up), controls=controls)


def _check_person(mapping: Mapping, names: list[str], heads: np.ndarray, up: np.ndarray) -> Mapping:
    """Return ``mapping``, with a note where an arm is named a wing. Raises RigError for an animal."""
    place = dict(zip(names, heads, strict=True))
    why = why_not_a_person(names, {joint: place[bone] for joint, bone in mapping.bones.items()}, up)
    if why is not None:
        raise RigError(
            f"The armature is not a person's: {why}",
            "Select a person's armature, or choose the bones yourself with Edit Mapping",
        )
    wing = arm_that_is_a_wing(mapping.bones)
    if wing is None:
        return mapping
    return replace(mapping, notes=(*mapping.notes, f"{wing} is taken for an arm: motions are a person's"))


def _check_enough(mapping: Mapping, why: str) -> None:
    """Raise RigError where too little is mapped; ``why`` says what its shape is, "" where nothing is known of it."""
    if mapping.score < 0.5:
        found = f"{len(mapping.bones)} of {skeleton.JOINT_COUNT} joints"
        shape = f", and its rest pose is not a person's ({why})" if why else ""
        raise RigError(f"The armature's bone names match only {found}{shape}", _REMEDY)
    absent = [joint for joint in REQUIRED if joint in mapping.missing]
    if absent:
        raise RigError(f"The armature has no bone for {', '.join(absent)} ({mapping.preset})", _REMEDY)


@functools.cache
def named_presets() -> tuple[dict, ...]:
    """Read every table but the generic one, in the order of their file names."""
    paths = sorted(path for path in PRESET_FOLDER.glob("*.json") if path.stem != "generic")
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in paths)


@functools.cache
def _generic() -> dict:
    return json.loads((PRESET_FOLDER / "generic.json").read_text(encoding="utf-8"))


def preset_names(preset: dict) -> list[str]:
    """Return every bone name a preset knows, without its prefix."""
    centre = [name for part in ("pelvis", "spine", "neck", "head") for name in preset[part]]
    return centre + [name for options in preset["limbs"].values() for name in options]


def match_preset(preset: dict, names: Sequence[str]) -> Mapping:
    """Return the Mapping that one preset gives for these bone names, however poor."""
    return _best_preset([preset], list(names), list(range(len(names))))


def _best_preset(presets: Sequence[dict], names: list[str], depths: Sequence[int]) -> Mapping:
    """Return the best Mapping over presets and over the affixes that the rig may have added to its names.

    Best: most joints; then most names in the preset's own spelling; then fewest of the preset's names not
    found; then most found.
    """
    prefixes, suffixes = common_affixes(names)
    order = sorted(range(len(names)), key=lambda index: depths[index])
    best, best_rank = None, None
    for prefix in prefixes:
        for suffix in suffixes:
            stripped = [(strip_affixes(names[index], prefix, suffix), names[index]) for index in order]
            by_key = _index(((key(bare), name) for bare, name in stripped))
            by_name = _index(((bare.lower(), name) for bare, name in stripped))
            for preset in presets:
                exact = by_name
                if "prefix" in preset:
                    strip = re.compile(f"^(?:{preset['prefix']})", re.IGNORECASE)
                    cut = [(strip.sub("", bare), name) for bare, name in stripped]
                    exact = _index(((bare.lower(), name) for bare, name in cut))
                    by_key_here = _index(((key(bare), name) for bare, name in cut))
                else:
                    by_key_here = by_key
                mapping, rank = _match(preset, exact, by_key_here)
                if best_rank is None or rank > best_rank:
                    best, best_rank = mapping, rank
    return best


def _index(pairs: Iterable[tuple]) -> dict:
    """Group bone names by what they answer to, in order."""
    found: dict = {}
    for answer, name in pairs:
        found.setdefault(answer, []).append(name)
    return found


def _match(preset: dict, exact: dict, by_key: dict) -> tuple[Mapping, tuple]:
    """Return the Mapping of one preset and its rank among others."""
    taken: dict[str, tuple[str, ...]] = {}
    used: set[str] = set()
    spelled = 0

    def find(option: str) -> tuple[tuple[str, ...], bool]:
        found = exact.get(option.lower())
        return (tuple(found), True) if found else (tuple(by_key.get(key(option), ())), False)

    roles = {**{joint: preset[joint] for joint in ("pelvis", "neck", "head")}, **preset["limbs"]}
    for joint, options in roles.items():
        for option in options:
            bones, as_spelled = find(option)
            bones = tuple(bone for bone in bones if bone not in used)
            if bones:
                taken[joint] = bones
                used.add(bones[0])
                spelled += as_spelled
                break
    spine = [find(name) for name in preset["spine"]]
    chain = {bones[0]: bones for bones, _ in spine if bones and bones[0] not in used}
    spelled += sum(as_spelled for bones, as_spelled in spine if bones)
    bones = {joint: found[0] for joint, found in taken.items()} | share_spine(list(chain))
    found = len(taken) + len(chain)
    unfound = len(roles) + len(preset["spine"]) - found
    mapping = make_mapping(preset["label"], bones)
    every = taken | {joint: chain[bone] for joint, bone in bones.items() if bone in chain}
    ambiguous = {joint: every[joint] for joint in mapping.bones if len(every[joint]) > 1}
    notes = (preset["note"],) if "note" in preset else ()
    return replace(mapping, ambiguous=ambiguous, notes=notes), (len(mapping.bones), spelled - unfound, spelled, found)


def share_spine(chain: Sequence[str]) -> dict[str, str]:
    """Give the spine's bones, from the pelvis to the chest, to spine1, spine2 and spine3 (the chest)."""
    if not chain:
        return {}
    shared = {"spine3": chain[-1]}
    if len(chain) > 1:
        shared["spine1"] = chain[0]
    if len(chain) > 2:
        shared["spine2"] = chain[len(chain) // 2]
    return shared


def _guess(names: Sequence[str], parents: Sequence[int] | None) -> Mapping:
    """Map by words: for every role the bone whose words match its earliest word, the upper of two alike."""
    table = _generic()
    found, spine = bones_by_words(table, names, _depths(names, parents), parents)
    bones = {joint: names[0] for joint, names in found.items()} | share_spine(spine)
    ambiguous = {joint: names for joint, names in found.items() if len(names) > 1}
    return replace(make_mapping(table["label"], bones), ambiguous=ambiguous)


def _by_shape(
    names: Sequence[str], parents: Sequence[int], heads: np.ndarray, up: np.ndarray
) -> tuple[Mapping | None, str]:
    """Map by the shape of a rest pose that is a stance, along ``up`` or, where the object is turned, another axis.

    None, and why, where no axis shows a person.
    """
    place, reasons = dict(zip(names, heads, strict=True)), []
    for way in _ways_up(up):
        bones = guess_by_shape(list(names), np.asarray(parents), heads, way)
        if bones is None:
            continue
        why = why_not_a_stance({joint: place[bone] for joint, bone in bones.items()})
        if why is None:
            note = "The bones' names say nothing: the joints were guessed from the rest pose"
            return replace(make_mapping("Guessed by shape", bones), notes=(note,)), ""
        reasons.append(why)
    return None, reasons[0] if reasons else ""


def _ways_up(up: np.ndarray) -> list[np.ndarray]:
    """Return the unit directions (3,) in which a rig may stand: ``up`` first, then the axes far from it."""
    axes = [sign * axis for axis in np.eye(3)[[2, 1, 0]] for sign in (1.0, -1.0)]
    return [up, *(axis for axis in axes if axis @ up < 0.9)]


def _depths(names: Sequence[str], parents: Sequence[int] | None) -> list[int]:
    """Return how many bones stand above each; without parents, the order of the names stands in for it."""
    if parents is None:
        return list(range(len(names)))
    depths = [-1] * len(names)
    for bone in range(len(names)):
        path = []
        while bone >= 0 and depths[bone] < 0:
            path.append(bone)
            bone = int(parents[bone])
        depth = depths[bone] if bone >= 0 else -1
        for step, above in enumerate(reversed(path), start=1):
            depths[above] = depth + step
    return depths
