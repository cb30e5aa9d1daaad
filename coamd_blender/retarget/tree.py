"""A humanoid found by the tree of its joints and the lengths of its bones, whatever its pose.

For motion whose joint names say nothing and whose rest pose is not a stance. Two branches of a joint whose bones are
equally long are a pair of limbs; the pelvis carries the legs, and above it the chest the arms and the head. Bone
lengths do not change with the pose, so that any frame will do; toes and bent knees point forward, which tells left from
right. (``shape`` finds the same in a rest pose that is a stance.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot

# How unlike in length two bones of a pair may be, as a share; and what share of a leg a bone has at least.
_UNLIKE, _SHORT = 0.06, 0.04
_MOST = 2000  # joints
_SEEN = 60  # frames in which segments are measured
# From so many joints on a limb has a tip beyond its third; what a limb that ends there loses, a share of its length.
_TIPPED, _TIP = 5, 0.04


@dataclass(frozen=True)
class _Tree:
    """children of every joint, the length of the bone that leads to it from its parent, and how far it reaches down."""

    parents: list[int]
    children: list[list[int]]
    lengths: np.ndarray
    reach: np.ndarray

    def chain(self, joint: int) -> list[int]:
        """Return the longest way down from ``joint``, that joint first."""
        found = [joint]
        while self.children[joint]:
            joint = max(self.children[joint], key=lambda child: self.reach[child])
            found.append(joint)
        return found


def _grown(parents: Sequence[int], lengths: np.ndarray) -> _Tree:
    children: list[list[int]] = [[] for _ in parents]
    for joint, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(joint)
    reach = np.array(lengths, float)
    for joint in reversed(range(len(parents))):
        if children[joint]:
            reach[joint] += max(reach[child] for child in children[joint])
    return _Tree([int(parent) for parent in parents], children, np.asarray(lengths, float), reach)


def guess_by_tree(
    names: Sequence[str], parents: Sequence[int], lengths: np.ndarray, positions: np.ndarray
) -> dict[str, str] | None:
    """Return joint name to the name of a node for a humanoid, or None where none is seen.

    names, parents: of J nodes, -1 for no parent, parents first. lengths: (J,) from the parent. positions: (F, J, 3) in
    any axes and unit, of a motion or of one pose.
    """
    if not 10 <= len(names) <= _MOST:
        return None
    tree = _grown(parents, lengths)
    pairs = [pair for joint in range(len(names)) if (pair := _pair(tree, joint)) is not None]
    found = _limbs(tree, pairs)
    if found is None:
        return None
    pelvis, legs, chest, arms = found
    joints: dict = {"pelvis": pelvis}
    for side, (leg, arm) in enumerate(zip(legs, arms, strict=True)):
        hip, knee, ankle, *toes = _segments(tree, leg, positions)
        joints |= {(side, "hip"): hip, (side, "knee"): knee, (side, "ankle"): ankle}
        if toes:
            joints[side, "foot"] = toes[0]
        shoulder, elbow, wrist, *_ = _segments(tree, arm, positions)
        joints |= {(side, "shoulder"): shoulder, (side, "elbow"): elbow, (side, "wrist"): wrist}
        if shoulder != arm[0]:
            joints[side, "collar"] = arm[arm.index(shoulder) - 1]
    joints |= _trunk(tree, pelvis, chest, arms)
    left = _left(joints, positions)
    return {
        joint if isinstance(joint, str) else f"{'left' if joint[0] == left else 'right'}_{joint[1]}": names[node]
        for joint, node in joints.items()
    }


def _pair(tree: _Tree, joint: int) -> tuple[float, int, list[list[int]]] | None:
    """Return (length, joint, chains) of the longest two branches of ``joint`` that are equally long, bone by bone."""
    chains = [tree.chain(child) for child in tree.children[joint]]
    best = None
    for number, first in enumerate(chains):
        for second in chains[number + 1 :]:
            if len(first) != len(second) or len(first) < 3:
                continue
            one, two = tree.lengths[first], tree.lengths[second]
            total = float(one.sum())
            if np.abs(one - two).max() <= _UNLIKE * total and (best is None or total > best[0]):
                best = total, joint, [first, second]
    return best


def _limbs(tree: _Tree, pairs: list) -> tuple[int, list, int, list] | None:
    """Return (pelvis, legs, chest, arms): the longest two pairs of which one is carried above the other."""
    best, most = None, 0.0
    for legs in pairs:
        for arms in pairs:
            if legs[1] == arms[1] or legs[0] + arms[0] <= most or not _below(tree, legs[1], arms[1]):
                continue
            if any(_below(tree, chain[0], arms[1]) or chain[0] == arms[1] for chain in legs[2]):
                continue  # fingers of a leg, so to speak
            best, most = (legs[1], legs[2], arms[1], arms[2]), legs[0] + arms[0]
    return best


def _below(tree: _Tree, above: int, joint: int) -> bool:
    while joint >= 0:
        joint = tree.parents[joint]
        if joint == above:
            return True
    return False


def _segments(tree: _Tree, chain: list[int], positions: np.ndarray) -> list[int]:
    """Return the joints at the start, middle and end of the two long segments of a limb, and those after that have
    a length.

    A segment is as long as its ends are apart in motion: what bends within it, as a shoulder between collar and elbow,
    makes it shorter, and a twist bone does not. The tip of a hand or a foot is not the end of a limb.
    """
    seen = positions[:: max(1, len(positions) // _SEEN), chain]
    seen = seen[np.isfinite(seen).all(axis=(1, 2))]
    seen = seen if len(seen) else np.zeros((1, len(chain), 3))
    apart = np.median(np.linalg.norm(seen[:, :, None] - seen[:, None], axis=-1), axis=0)
    best, most = (0, 1, 2), -np.inf
    for first in range(len(chain) - 2):
        for middle in range(first + 1, len(chain) - 1):
            for last in range(middle + 1, len(chain)):
                tip = _TIP if len(chain) >= _TIPPED and last == len(chain) - 1 else 0.0
                upper, lower = apart[first, middle], apart[middle, last]
                score = min(upper, lower) - 0.6 * max(upper, lower)
                score += (upper + lower) * (0.6 - 0.1 * (last - first) - tip)
                if score > most:
                    best, most = (first, middle, last), score
    first, middle, last = best
    limb = apart[first, middle] + apart[middle, last]
    after = [joint for joint in chain[last + 1 :] if tree.lengths[joint] > _SHORT * limb]
    return [chain[first], chain[middle], chain[last], *after]


def _trunk(tree: _Tree, pelvis: int, chest: int, arms: list[list[int]]) -> dict[str, int]:
    """Return spine, neck and head: the way from pelvis to chest, and the longest branch of it that is not an arm."""
    spine, joint = [], chest
    while joint != pelvis:
        spine.insert(0, joint)
        joint = tree.parents[joint]
    found = {"spine3": spine[-1]}
    if len(spine) > 1:
        found["spine1"] = spine[0]
    if len(spine) > 2:
        found["spine2"] = spine[len(spine) // 2]
    tops = [child for child in tree.children[chest] if child not in (arms[0][0], arms[1][0])]
    if tops:
        way = tree.chain(max(tops, key=lambda child: tree.reach[child]))
        found |= dict(zip(("neck", "head"), way, strict=False))
    return found


def _left(joints: dict, positions: np.ndarray) -> int:
    """Return which of the two sides, 0 or 1, is the left, by toes and by bent knees over all frames."""
    at = {joint: positions[:, node] for joint, node in joints.items()}
    across = at[0, "hip"] - at[1, "hip"]
    votes = []
    for side in (0, 1):
        up = at[side, "hip"] - at[side, "ankle"]
        ahead = at[side, "knee"] - at[side, "ankle"]
        ahead = ahead - rot.unit(up) * np.sum(ahead * rot.unit(up), axis=-1, keepdims=True)
        if (side, "foot") in at:
            ahead = ahead + (at[side, "foot"] - at[side, "ankle"])
        votes.append(np.nansum(np.sum(np.cross(up, ahead) * across, axis=-1)))
    return 0 if sum(votes) >= 0 else 1
