"""Which of a clip's joints are a person's, and which joint is which.

Names are understood by the tables and the code that armatures are (coamd_blender.retarget.mapping), and trees without
such names by the lengths of their limbs (coamd_blender.retarget.tree).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coamd_blender.errors import DataError, RigError
from coamd_blender.motion.skeleton import JOINT_NAMES
from coamd_blender.retarget import tree
from coamd_blender.retarget.mapping import CONTROL_PREFIXES, Mapping, detect

from .clip import SourceClip

GUESSED = "Guessed by name"  # the label of presets/generic.json
REMEDY = "Name its joints as Mixamo, Unreal, SMPL or a preset of this add-on does, or rename them left_hip and so on"
_FEWEST = 8  # joints of a figure among several roots


def find_figure(clip: SourceClip) -> tuple[tuple[Mapping, SourceClip], list[str]]:
    """Return the mapping and the part of a clip that is a person; and what is to be told of other parts.

    Raises DataError where there is none.
    """
    parts, roots = _parts(clip)
    found, failed = [], []
    for part in parts:
        try:
            found.append((_mapping(part), part))
        except DataError as error:
            failed.append(error)
    if not found:
        raise failed[0]
    best = max(found, key=lambda figure: figure[0].score)
    if roots == 1:
        return best, []
    others = f"{len(found) - 1} more people" if len(found) > 1 else "something else"
    return best, [f"of {roots} roots {best[1].names[0]} is read, and {others} left out"]


def _parts(clip: SourceClip) -> tuple[list[SourceClip], int]:
    """Split a clip by its roots, of which it says how many; parts of few joints, such as props, are left out."""
    roots = list(range(len(clip.names)))
    for index, parent in enumerate(clip.parents):
        if parent >= 0:
            roots[index] = roots[parent]
    groups = {root: [index for index, top in enumerate(roots) if top == root] for root in dict.fromkeys(roots)}
    large = [group for group in groups.values() if len(group) >= _FEWEST]
    if len(groups) == 1 or not large:
        return [clip], 1
    return [_part(clip, group) for group in large], len(groups)


def _part(clip: SourceClip, keep: list[int]) -> SourceClip:
    names = tuple(clip.names[index] for index in keep)
    new = {old: place for place, old in enumerate(keep)}
    parents = tuple(new.get(clip.parents[index], -1) for index in keep)
    rest = None if clip.rest is None else clip.rest[keep]
    return replace(clip, names=names, parents=parents, positions=clip.positions[:, keep], rest=rest)


def _mapping(clip: SourceClip) -> Mapping:
    """Return which joints of a clip mean what, by their names, else by the shape of the tree. Raises DataError."""
    names, parents = _named_bones(clip)
    try:
        found = detect(names, parents)
        return replace(found, preset=f"the names of {found.preset}" if found.preset != GUESSED else "their names")
    except RigError as error:
        bones = tree.guess_by_tree(clip.names, clip.parents, _lengths(clip), clip.positions)
        if bones is None:
            why = error.message.replace("The armature's bone names", "their names").replace("The armature", "it")
            raise DataError(f"{clip.name}: its joints are not known to be a person's: {why}", REMEDY) from error
        return Mapping("the shape of the skeleton", bones, (), len(bones) / len(JOINT_NAMES))


def _named_bones(clip: SourceClip) -> tuple[list[str], list[int]]:
    """Return names and parents of the joints whose names count: all but those that only drive others in a rig."""
    keep = [index for index, name in enumerate(clip.names) if not name.startswith(CONTROL_PREFIXES)]
    place = {index: number for number, index in enumerate(keep)}
    parents = []
    for index in keep:
        above = clip.parents[index]
        while above >= 0 and above not in place:
            above = clip.parents[above]
        parents.append(place.get(above, -1))
    return [clip.names[index] for index in keep], parents


def _lengths(clip: SourceClip) -> np.ndarray:
    """Return how far each joint is from its parent (J,), the median over frames; 0 for a root."""
    step = max(1, len(clip.positions) // 200)
    seen = clip.positions[::step]
    away = np.linalg.norm(seen - seen[:, list(clip.parents)], axis=-1)
    away[:, [index for index, parent in enumerate(clip.parents) if parent < 0]] = 0.0
    return np.nan_to_num(np.nanmedian(away, axis=0))
