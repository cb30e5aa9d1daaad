"""A humanoid found by the shape of its rest pose, for rigs whose bone names say nothing.

Up is known; across is the horizontal axis along which most bones have a mirror image. Legs are the pair of
mirrored chains that end lowest, arms the pair that leave the trunk highest; the two long segments of a chain
are thigh and shin, or upper arm and forearm. The feet point forward, which tells left from right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Shares of the rig's height: how near a mirror image must lie, and how near the middle a bone of the trunk.
_MIRROR, _MIDDLE = 0.03, 0.02
# From so many bones on a limb has a tip beyond its third; what a limb that ends there loses, a share of its length.
_TIPPED, _TIP = 5, 0.04


@dataclass(frozen=True)
class _Body:
    """parents: list of indices. heads: (B, 3). up, across: unit (3,). side: (B,) -1, 0 or 1 along ``across``."""

    parents: list[int]
    heads: np.ndarray
    up: np.ndarray
    across: np.ndarray
    side: np.ndarray

    def path(self, bone: int) -> list[int]:
        """Return the bones from the root down to ``bone``."""
        found = []
        while bone >= 0:
            found.append(bone)
            bone = self.parents[bone]
        return found[::-1]

    def height(self, bone: int) -> float:
        """Return how high the head of ``bone`` is."""
        return float(self.heads[bone] @ self.up)


def guess_by_shape(names: list[str], parents: np.ndarray, heads: np.ndarray, up: np.ndarray) -> dict[str, str] | None:
    """Return joint name to bone name for a humanoid, or None where none is seen.

    names: of B bones. parents: (B,) indices, -1 for none. heads: (B, 3) at rest, any unit. up: (3,) the way it stands.
    """
    body = _symmetric(parents, heads, up)
    if body is None:
        return None
    # Legs are the mirrored chains that end lowest; arms leave the trunk above them and are longest.
    leaves = sorted(set(range(len(names))) - set(body.parents))
    sided = [_side_chain(body, leaf) for leaf in leaves if body.side[leaf]]
    sided = [chain for chain in sided if chain is not None]
    legs = _pair(sided, body, lambda root, chain: (-body.height(chain[-1]), len(chain)))
    if legs is None:
        return None
    pelvis = legs[0][0]
    above = [(root, chain) for root, chain in sided if root != pelvis and pelvis in body.path(root)]
    arms = _pair(above, body, lambda root, chain: (_spread(body, chain), len(chain)))
    if arms is None:
        return None
    # Each limb's joints, by side, and then the trunk's.
    found = {"pelvis": pelvis}
    forward = None
    for _root, chain in legs:
        hip, knee, ankle, *toes = _two_segments(body, chain)
        side = int(body.side[chain[-1]])
        found |= {(side, "hip"): hip, (side, "knee"): knee, (side, "ankle"): ankle}
        if toes:
            found[side, "foot"] = toes[0]
            forward = body.heads[toes[0]] - body.heads[ankle]
    for _root, chain in arms:
        shoulder, elbow, wrist, *_ = _two_segments(body, chain)
        side = int(body.side[chain[-1]])
        found |= {(side, "shoulder"): shoulder, (side, "elbow"): elbow, (side, "wrist"): wrist}
        if shoulder != chain[0]:
            found[side, "collar"] = chain[chain.index(shoulder) - 1]
    found |= _trunk(body, pelvis, arms[0][0], leaves)
    # The feet say which side is the left.
    left = _left_side(body, forward)
    named = {}
    for joint, bone in found.items():
        if isinstance(joint, tuple):
            joint = f"{'left' if joint[0] == left else 'right'}_{joint[1]}"
        named[joint] = names[bone]
    return named


def sides_are_swapped(bones: dict[str, str], names: list[str], heads: np.ndarray, up: np.ndarray) -> bool:
    """Return whether the bones mapped as left stand to the right of where the feet point at rest.

    bones: joint name to bone name. names: of B bones. heads: (B, 3) at rest, any unit. up: (3,) unit.
    """
    needed = [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "ankle", "foot")]
    if any(joint not in bones for joint in needed):
        return False
    index = {name: number for number, name in enumerate(names)}
    place = {joint: heads[index[bones[joint]]] for joint in needed}
    forward = sum(place[f"{side}_foot"] - place[f"{side}_ankle"] for side in ("left", "right"))
    forward = forward - up * (forward @ up)
    across = place["left_hip"] - place["right_hip"]
    turn = np.cross(up, forward) @ across
    return bool(turn < -0.5 * np.linalg.norm(forward) * np.linalg.norm(across))


def _symmetric(parents: np.ndarray, heads: np.ndarray, up: np.ndarray) -> _Body | None:
    """Find the horizontal axis with most mirrored bones; None for a rig without height or mirror images."""
    up = up / np.linalg.norm(up)
    height = float(np.ptp(heads @ up))
    if len(heads) < 10 or height < 1e-9:
        return None
    best, most = None, 0
    for axis in np.eye(3):
        across = axis - up * (axis @ up)
        if np.linalg.norm(across) < 0.5:
            continue
        across = across / np.linalg.norm(across)
        offset = heads @ across
        offset = offset - np.median(offset)
        mirrored = heads - 2 * offset[:, None] * across
        away = np.linalg.norm(heads[:, None] - mirrored[None], axis=-1).min(axis=0)
        side = np.where(np.abs(offset) < _MIDDLE * height, 0, np.sign(offset)).astype(int)
        count = int(((away < _MIRROR * height) & (side != 0)).sum())
        if count > most:
            best, most = _Body([int(parent) for parent in parents], heads, up, across, side), count
    return best if most >= 8 else None


def _side_chain(body: _Body, leaf: int) -> tuple[int, list[int]] | None:
    """Return the lowest bone of the trunk above ``leaf`` and the chain from there, that bone left out."""
    path = body.path(leaf)
    middle = [place for place, bone in enumerate(path) if body.side[bone] == 0]
    if not middle or len(path) - middle[-1] - 1 < 3:
        return None
    return path[middle[-1]], path[middle[-1] + 1 :]


def _pair(chains: list, body: _Body, rank: Callable[[int, list[int]], tuple]) -> list | None:
    """Return the best chain by ``rank`` on each side, if both leave the trunk at the same bone."""
    sides = []
    for side in (-1, 1):
        mine = [chain for chain in chains if body.side[chain[1][-1]] == side]
        if not mine:
            return None
        sides.append(max(mine, key=lambda chain: rank(*chain)))
    return sides if sides[0][0] == sides[1][0] else None


def _spread(body: _Body, chain: list[int]) -> float:
    """Return the length of a chain, which is longest for an arm with its middle fingers."""
    return float(np.linalg.norm(np.diff(body.heads[chain], axis=0), axis=1).sum())


def _two_segments(body: _Body, chain: list[int]) -> list[int]:
    """Return the bones at the start, middle and end of the two long segments of a limb, and those after."""
    best, most = (0, 1, 2), 0.0
    for first in range(len(chain) - 2):
        for middle in range(first + 1, len(chain) - 1):
            for last in range(middle + 1, len(chain)):
                upper = np.linalg.norm(body.heads[chain[middle]] - body.heads[chain[first]])
                lower = np.linalg.norm(body.heads[chain[last]] - body.heads[chain[middle]])
                # long, alike, and of few bones: fingers and collars are not part of a limb
                score = min(upper, lower) - 0.6 * max(upper, lower)
                tip = _TIP if len(chain) >= _TIPPED and last == len(chain) - 1 else 0.0
                score += (upper + lower) * (0.6 - 0.1 * (last - first) - tip)
                if score > most:
                    best, most = (first, middle, last), float(score)
    first, middle, last = best
    return [chain[first], chain[middle], *chain[last:]]


def _trunk(body: _Body, pelvis: int, chest: int, leaves: list[int]) -> dict[str, int]:
    """Return spine, neck and head: along the trunk from pelvis to chest, and on to its highest leaf."""
    path = body.path(chest)
    spine = path[path.index(pelvis) + 1 :]
    found = {}
    if spine:
        found["spine3"] = spine[-1]
    if len(spine) > 1:
        found["spine1"] = spine[0]
    if len(spine) > 2:
        found["spine2"] = spine[len(spine) // 2]
    tops = [leaf for leaf in leaves if body.side[leaf] == 0 and chest in body.path(leaf)]
    if tops:
        path = body.path(max(tops, key=body.height))
        above = path[path.index(chest) + 1 :]
        found |= dict(zip(("neck", "head"), above, strict=False))
    return found


def _left_side(body: _Body, forward: np.ndarray | None) -> int:
    """Return the sign along ``across`` that is the body's left; without toes, that of +X."""
    if forward is None:
        return 1 if body.across @ (1.0, 0.0, 0.0) >= 0 else -1
    return 1 if np.cross(body.up, forward) @ body.across > 0 else -1
