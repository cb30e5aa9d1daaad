"""Which of a clip's joints are a person's, and which joint is which.

Names are understood by the tables and the code that armatures are (coamd_blender.retarget.mapping), and trees without
such names by the lengths of their limbs (coamd_blender.retarget.tree).
"""

from __future__ import annotations

import functools
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
_ARMS = {"left_elbow", "right_elbow"}  # without which nothing is said of the arms
_STILL = 1e-4  # share of its size that nothing of a figure which stands still moves by


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
    best = max(found, key=lambda figure: (_moves(figure[1]), figure[0].score))
    if not _is_keyed(*best):
        raise DataError(f"{clip.name} moves nothing of the person", "Choose another animation of the file")
    if roots == 1:
        return best, []
    others = f"{len(found) - 1} more people" if len(found) > 1 else "something else"
    return best, [f"of {roots} roots {best[1].names[0]} is read, and {others} left out"]


def _moves(clip: SourceClip) -> bool:
    """Tell whether the joints of a part move against each other: of two people an animation may move one alone."""
    seen = clip.positions[:: max(1, len(clip.positions) // 50)]
    seen = seen[np.isfinite(seen).all(axis=(1, 2))]
    if len(seen) < 2:
        return True
    seen = seen - seen[:, :1]
    return bool(seen.std(axis=0).max() > _STILL * np.ptp(seen, axis=1).max())


def _is_keyed(mapping: Mapping, clip: SourceClip) -> bool:
    """Tell whether there are keys of a person's joints, or of what carries them: a file may animate a prop alone."""
    if clip.keyed is None:
        return True
    place = {name: index for index, name in enumerate(clip.names)}
    carried = set()
    for bone in mapping.bones.values():
        index = place[bone]
        while index >= 0 and index not in carried:
            carried.add(index)
            index = clip.parents[index]
    return any(clip.names[index] in clip.keyed for index in carried)


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
    found, refused = _detected(*_named_bones(clip))
    if found is not None and not _ARMS & set(found.missing):
        return _told_by_names(found)
    bones = tree.guess_by_tree(clip.names, clip.parents, _lengths(clip), clip.positions)
    if bones is not None:
        return Mapping("the shape of the skeleton", bones, (), len(bones) / len(JOINT_NAMES))
    if found is not None:
        return _told_by_names(found)
    why = refused.message.replace("The armature's bone names", "their names").replace("The armature", "it")
    raise DataError(f"{clip.name}: its joints are not known to be a person's: {why}", REMEDY) from refused


def _told_by_names(found: Mapping) -> Mapping:
    return replace(found, preset=f"the names of {found.preset}" if found.preset != GUESSED else "their names")


@functools.lru_cache(maxsize=64)
def _detected(names: tuple[str, ...], parents: tuple[int, ...]) -> tuple[Mapping | None, RigError | None]:
    """Return the mapping by names, or why there is none: the clips of a file share their skeletons."""
    try:
        return detect(names, parents), None
    except RigError as error:
        return None, error


def _named_bones(clip: SourceClip) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return names and parents of the joints whose names count: all but those that only drive others in a rig."""
    keep = [index for index, name in enumerate(clip.names) if not name.startswith(CONTROL_PREFIXES)]
    place = {index: number for number, index in enumerate(keep)}
    parents = []
    for index in keep:
        above = clip.parents[index]
        while above >= 0 and above not in place:
            above = clip.parents[above]
        parents.append(place.get(above, -1))
    return tuple(clip.names[index] for index in keep), tuple(parents)


def _lengths(clip: SourceClip) -> np.ndarray:
    """Return how far each joint is from its parent (J,), the median over frames; 0 for a root."""
    step = max(1, len(clip.positions) // 200)
    seen = clip.positions[::step]
    seen = np.where(np.isnan(seen).all(axis=(0, 2))[:, None], 0.0, seen)  # a joint that never has a number
    away = np.linalg.norm(seen - seen[:, list(clip.parents)], axis=-1)
    away[:, [index for index, parent in enumerate(clip.parents) if parent < 0]] = 0.0
    return np.nan_to_num(np.nanmedian(away, axis=0))
