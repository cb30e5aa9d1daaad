"""From turns of joints to basis rotations of bones: the mapped ones, those between them, and twist bones.

Bones of the spine and neck between two mapped ones share the turn from one to the other; bones along an upper
arm or thigh share its twist, none at its root, all of it at its end.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from .body import RestBody
from .mapping import Mapping
from .names import split_name
from .rig import Rig

TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
# Those of them that carry nothing but the next.
FREE = ("spine1", "spine2")
TWIST_WORDS = frozenset(("twist", "roll"))
# Upper limbs: their joint, the joint at their end, and the joint above.
UPPER = {
    f"{side}_{joint}": (f"{side}_{end}", above if above == "pelvis" else f"{side}_{above}")
    for side in ("left", "right")
    for joint, end, above in (("shoulder", "elbow", "collar"), ("hip", "knee", "pelvis"))
}


def bone_turns(rig: Rig, mapping: Mapping, body: RestBody, turns: dict[str, np.ndarray]) -> dict[int, np.ndarray]:
    """Return the rotations of all bones that move on their own: bone index to (F, 3, 3), armature space.

    ``turns`` are those of all joints, by name (F, 3, 3).
    """
    bone_of = {joint: rig.index[bone] for joint, bone in mapping.bones.items()}
    found = {bone: turns[joint] for joint, bone in bone_of.items()}
    trunk = [bone_of[joint] for joint in TRUNK if joint in bone_of]
    free = {bone_of[joint] for joint in FREE if joint in bone_of}
    for low, high in pairwise(trunk):
        _share_bend(rig, found, low, high, low in free)
    for joint, (end, above) in UPPER.items():
        if joint in bone_of and end in bone_of:
            _share_twist(rig, found, bone_of[joint], bone_of[end], turns[above], body.directions[joint])
    return found


def joint_places(rig: Rig, mapping: Mapping, turns: dict[int, np.ndarray]) -> dict[str, np.ndarray]:
    """Return where the bones of joints come to be: joint to the place (F, 3) of its bone's head, armature space.

    The pelvis is where it is at rest. turns: bone index to turn (F, 3, 3), as of :func:`bone_turns`; a bone it lacks
    turns with the one above.
    """
    frames = len(next(iter(turns.values())))
    pelvis = rig.index[mapping.bones["pelvis"]]
    turned, placed = {}, {pelvis: np.tile(rig.heads[pelvis], (frames, 1))}
    turned[pelvis] = turns[pelvis]

    def place(bone: int) -> np.ndarray:
        if bone not in placed:
            parent = int(rig.parents[bone])
            start = place(parent)
            placed[bone] = start + turned[parent] @ (rig.heads[bone] - rig.heads[parent])
            turned[bone] = turns.get(bone, turned[parent])
        return placed[bone]

    under = {joint: rig.index[bone] for joint, bone in mapping.bones.items()}
    return {joint: place(bone) for joint, bone in under.items() if bone == pelvis or pelvis in rig.ancestors(bone)}


def between(rig: Rig, low: int, high: int) -> list[int]:
    """Return the bones between ``low`` and ``high`` beneath it, from the upper in the hierarchy to the lower."""
    above = rig.ancestors(high)
    return above[: above.index(low)][::-1] if low in above else []


def _share_bend(rig: Rig, found: dict[int, np.ndarray], low: int, high: int, free: bool) -> None:
    """Let the bones between ``low`` and ``high`` turn step by step from one to the other.

    They are then swung so that ``high`` comes to lie in the direction in which ``low`` alone would carry it;
    ``low`` is swung along with them where it is ``free``.
    """
    chain = between(rig, low, high)
    heads = rig.heads[[low, *chain, high]]
    if not chain or np.linalg.norm(np.diff(heads, axis=0), axis=1).min() < 1e-9:
        return
    goal = found[low] @ (heads[-1] - heads[0])  # (F, 3)
    # Step by step from the turn of one end to that of the other.
    ends = [rot.quaternion_from_matrix(found[bone]) for bone in (low, high)]
    for step, bone in enumerate(chain, start=1):
        found[bone] = rot.matrix_from_quaternion(rot.slerp(*ends, step / (len(chain) + 1)))
    # Swung all together until the end lies where it should; the first bone's share is fixed unless it is free.
    moved = [low, *chain] if free else chain
    steps = np.diff(heads, axis=0)[-len(moved) :]
    fixed = 0.0 if free else found[low] @ (heads[1] - heads[0])
    for _ in range(1 if free else 3):
        reach = sum(found[bone] @ step for bone, step in zip(moved, steps, strict=True))
        wanted = _towards(goal, fixed, np.linalg.norm(reach, axis=-1, keepdims=True))
        swing = rot.swing(rot.unit(reach), wanted)
        for bone in moved:
            found[bone] = swing @ found[bone]


def _towards(goal: np.ndarray, fixed: np.ndarray | float, length: np.ndarray) -> np.ndarray:
    """Return the unit direction (F, 3) of a chain of ``length`` (F, 1) from ``fixed`` that ends along ``goal``."""
    direction = rot.unit(goal)
    start = np.broadcast_to(fixed, goal.shape)
    aside = start - rot.dot(start, direction)[:, None] * direction
    return rot.unit(direction * np.sqrt(np.maximum(length**2 - rot.dot(aside, aside)[:, None], 0)) - aside)


def _share_twist(
    rig: Rig, found: dict[int, np.ndarray], upper: int, lower: int, above: np.ndarray, rest: np.ndarray
) -> None:
    """Spread the twist of a limb's upper bone, measured from its untwisted swing, over the bones along it."""
    chain = between(rig, upper, lower)
    leaves = [bone for bone in _twist_leaves(rig, upper, chain) if bone not in found]
    if not chain and not leaves:
        return
    # The twist is what is left of the turn beyond the smallest that points the bone where it does: (F,) radians.
    full = found[upper]
    along = full @ rest
    untwisted = rot.swing(above @ rest, along) @ above
    angle = _angle_about(full @ rot.transpose(untwisted), along)
    for step, bone in enumerate([upper, *chain]):
        if chain:
            found[bone] = rot.about(along, angle * step / len(chain)) @ untwisted
    # Twist bones that hang beside the limb take the share of where they are.
    length = (rig.heads[lower] - rig.heads[upper]) @ rest
    for bone in leaves:
        share = np.clip((rig.heads[bone] - rig.heads[upper]) @ rest / length, 0, 1)
        found[bone] = rot.about(along, angle * share) @ untwisted


def _twist_leaves(rig: Rig, upper: int, chain: list[int]) -> list[int]:
    """Return twist bones that hang from the upper bone or its chain and carry nothing."""
    carriers, parents = {upper, *chain}, set(rig.parents.tolist())
    return [
        bone
        for bone, parent in enumerate(rig.parents.tolist())
        if parent in carriers and bone not in parents and TWIST_WORDS & set(split_name(rig.names[bone])[2])
    ]


def _angle_about(turn: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Return the angle (F,) of rotations about a known axis (F, 3), unwrapped over time."""
    skew = np.stack([turn[:, 2, 1] - turn[:, 1, 2], turn[:, 0, 2] - turn[:, 2, 0], turn[:, 1, 0] - turn[:, 0, 1]], -1)
    return np.unwrap(np.arctan2(rot.dot(skew, axis), np.trace(turn, axis1=1, axis2=2) - 1))


def basis(rig: Rig, turns: dict[int, np.ndarray]) -> tuple[list[int], np.ndarray]:
    """Return bone indices, and the basis quaternions (F, N, 4) in their order, sign-continuous over frames.

    turns: bone index to turn (F, 3, 3), armature space.
    """
    bones, result = sorted(turns), []
    for bone in bones:
        rest = rig.rest[bone, :3, :3]
        above = next((up for up in rig.ancestors(bone) if up in turns), None)
        turn = turns[bone]
        if above is not None and _inherits(rig, bone, above):
            turn = rot.transpose(turns[above]) @ turn
        result.append(rot.quaternion_from_matrix(rest.T @ turn @ rest))
    return bones, rot.continuous(np.stack(result, axis=1))


def _inherits(rig: Rig, bone: int, ancestor: int) -> bool:
    """Return whether the turn of ``ancestor`` reaches ``bone`` through the bones between them."""
    while bone != ancestor:
        if not rig.inherit_rotation[bone]:
            return False
        bone = int(rig.parents[bone])
    return True


def location_bone(rig: Rig, mapping: Mapping) -> int:
    """Return the pelvis, or the nearest bone above it that can be moved and carries legs and spine along.

    Raises RigError where there is none, or a leg or the spine does not hang from it.
    """
    pelvis = rig.index[mapping.bones["pelvis"]]
    joints = [joint for joint in ("left_hip", "right_hip", "spine1", "spine3", "neck") if joint in mapping.bones]
    carried = [rig.index[mapping.bones[joint]] for joint in joints]
    for bone in (pelvis, *rig.ancestors(pelvis)):
        if not rig.connected[bone] and all(bone in rig.ancestors(low) for low in carried):
            return bone
    above = {pelvis, *rig.ancestors(pelvis)}
    for low in carried:
        if above.isdisjoint(rig.ancestors(low)):
            raise stray_bone(rig, low, pelvis)
    raise RigError(f"No bone above {rig.names[pelvis]!r} can be moved", "Disconnect the hips bone in Edit Mode")


def stray_bone(rig: Rig, bone: int, pelvis: int) -> RigError:
    """Return the error for a bone that stays behind when the hips go."""
    return RigError(
        f"Bone {rig.names[bone]!r} does not hang from {rig.names[pelvis]!r} or a bone above it",
        "Parent it in Edit Mode",
    )


def root_bone(rig: Rig, below: int) -> int:
    """Return the topmost bone over ``below``, on which the root trajectory may be keyed.

    Raises RigError without one.
    """
    above = rig.ancestors(below)
    if not above or rig.connected[above[-1]]:
        raise RigError("The armature has no root bone above its hips", "Put the travel on the hips or the object")
    return above[-1]


def location_axes(rig: Rig, bone: int) -> np.ndarray:
    """Return the axes of a bone's location channels in armature space, the bones above at rest.

    They are the columns of a rotation matrix (3, 3).
    """
    if rig.local_location[bone]:
        return rig.rest[bone, :3, :3]
    parent = rig.parents[bone]
    return rig.rest[parent, :3, :3] if parent >= 0 else np.eye(3)
