"""From the pose of a rig back to joint positions: the inverse of ``solver``, numpy only.

The joints come out on the canonical body, so that motions of rigs of any build compare: arms and legs point where
the rig's do, torso and feet turn away from the canonical rest pose as the rig's turn away from their own, and the
root trajectory is scaled by the ratio of leg lengths. A motion solved for a rig and read back is the motion itself.

* Bones between two mapped ones count: a joint's offset is swung to where the next mapped bone really is.
* A joint without a bone is derived: the spine by turning step by step from pelvis to chest, any other from the
  bone above it, as that part of the canonical body hangs at rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.contacts import floor_offset
from ..motion.kinematics import forward_balanced, leg_length
from .body import CHILD, FAR_LEAN, NEAR, SIDES, RestBody
from .mapping import Mapping
from .rig import Rig

J = skeleton.JOINT_INDEX
_LEG = leg_length(skeleton.rest_joints()[None])
# A motion that stays further than this from the floor of the rest pose has a floor of its own (metres).
FAR_FLOOR = 0.4
_ANKLE = float(skeleton.rest_joints()[J["left_ankle"], 1])
# Joints whose place follows from the bones' own directions.
_POINTED = {f"{side}_{end}": f"{side}_{start}" for side in SIDES for start, end in (
    ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))}  # fmt: skip


@dataclass(frozen=True)
class Placement:
    """Where in the world a canonical motion is, or came from, and how large: ``place`` puts it there.

    turn: (3, 3) about Y. origin: (3,) canonical metres. scale: Blender's units to a canonical metre, for this rig, by
    which what ``place`` returns is yet to be scaled. (Where the armature's object stands is anim.snapshot.WorldPose.)
    """

    turn: np.ndarray
    origin: np.ndarray
    scale: float

    def place(self, joints: np.ndarray) -> np.ndarray:
        """Return canonical ``joints`` (..., 22, 3) in their place, canonical metres, same shape.

        Solving them for the rig with ``place="world"`` gives the pose they were read from.
        """
        return joints @ self.turn.T + self.origin

    def canonical(self, placed: np.ndarray) -> np.ndarray:
        """Return ``placed`` joints (..., 22, 3), canonical metres, as canonical ones of the same shape.

        This undoes :meth:`place`.
        """
        return (placed - self.origin) @ self.turn


def needed_bones(rig: Rig, mapping: Mapping) -> list[int]:
    """Return the mapped bones and all bones above them, parents first."""
    mapped = {rig.index[bone] for bone in mapping.bones.values()}
    return sorted(mapped | {above for bone in mapped for above in rig.ancestors(bone)})


def joints_of_poses(
    rig: Rig, mapping: Mapping, body: RestBody, poses: dict[str, np.ndarray], worlds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the joints of a rig's poses as (placed, heads), each (F, 22, 3), Y up.

    poses: bone name to (F, 4, 4), armature space, of every mapped bone. worlds: (F, 4, 4) or (4, 4), armature space to
    the Y-up world. placed: on the canonical body, canonical metres, in the world's axes (see Placement). heads: where
    the bones' heads are in the world, in its units; derived joints in the rig's proportions.
    """
    # Joint minus parent on the canonical body, (F, 22, 3), armature space.
    places = {joint: poses[bone][:, :3, 3] for joint, bone in mapping.bones.items()}
    turns = _turns(rig, mapping, poses)
    offsets = _offsets(body, places, turns)
    linear, origin = worlds[..., :3, :3], worlds[..., None, :3, 3]
    # Strung together in the world's axes, with the middle of the hips where the rig's is, at the canonical size.
    hips = 0.5 * (places["left_hip"] + places["right_hip"])
    middle = (linear @ hips[..., None])[..., 0] + worlds[..., :3, 3]
    body_axes = linear / np.cbrt(np.linalg.det(linear))[..., None, None]
    placed = _chain(np.einsum("...ij,...kj->...ki", body_axes, offsets))
    ratio = body.leg * body.scale / _LEG
    middle = middle / ratio
    middle[:, 1] += _ANKLE - body.ankle_height * body.scale / ratio
    placed += (middle - 0.5 * (placed[:, J["left_hip"]] + placed[:, J["right_hip"]]))[:, None]
    heads = _heads(body, places, offsets)
    return placed, np.einsum("...ij,...kj->...ki", linear, heads) + origin


def canonicalise(placed: np.ndarray, body: RestBody, rig: Rig) -> tuple[np.ndarray, Placement]:
    """Put a motion over the origin, on the floor, facing +Z at frame 0; return (joints, placement).

    placed: (F, 22, 3) canonical metres, as of :func:`joints_of_poses`; joints have that shape. The floor is the one the
    rig stands on at rest, unless the motion says better: by a little (floor_offset), or by never coming near it, as of
    skeletons that rest with their hips at the origin.
    """
    scale = body.leg * body.scale / _LEG
    floor, lowest = _ground(body, rig) / scale, float(np.percentile(placed[..., 1].min(axis=1), 10))
    floor = floor if abs(lowest - floor) < FAR_FLOOR else lowest
    floor += floor_offset(placed - np.array([0.0, floor, 0.0]))
    x, _, z = forward_balanced(placed[0])
    turn = np.array([[z, 0.0, x], [0.0, 1.0, 0.0], [-x, 0.0, z]])
    placement = Placement(turn, np.array([placed[0, 0, 0], floor, placed[0, 0, 2]]), float(scale))
    return placement.canonical(placed), placement


def _ground(body: RestBody, rig: Rig) -> float:
    """Return the height of the floor the rig stands on at rest, world; not a number where it does not stand."""
    up = rot.unit(rig.world[:3, :3] @ body.up)
    if up[1] < np.cos(FAR_LEAN):
        return np.nan
    ankles = 0.5 * (body.heads["left_ankle"] + body.heads["right_ankle"])
    under = body.hip_middle - ((body.hip_middle - ankles) @ body.up + body.ankle_height) * body.up
    return float((rig.world[:3, :3] @ under + rig.world[:3, 3])[1])


def _turns(rig: Rig, mapping: Mapping, poses: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return joint name to turn (F, 3, 3) away from the rest pose, in armature space, of every joint."""
    found = {}
    for joint, bone in mapping.bones.items():
        axes = poses[bone][:, :3, :3]
        posed = rot.frame(axes[..., 1], axes[..., 2])[..., [2, 0, 1]]
        found[joint] = posed @ rig.rest[rig.index[bone], :3, :3].T
    trunk = ("pelvis", "spine1", "spine2", "spine3")
    if "spine3" not in found:
        above = next((joint for joint in ("spine2", "spine1", "pelvis") if joint in found), "pelvis")
        found["spine3"] = found[above]
    known = [number for number, joint in enumerate(trunk) if joint in found]
    for low, high in pairwise(known):
        ends = [rot.quaternion_from_matrix(found[trunk[number]]) for number in (low, high)]
        for number in range(low + 1, high):
            between = rot.slerp(*ends, (number - low) / (high - low))
            found[trunk[number]] = rot.matrix_from_quaternion(between)
    for index, joint in enumerate(skeleton.JOINT_NAMES):
        if joint not in found:
            found[joint] = found[skeleton.JOINT_NAMES[skeleton.PARENTS[index]]]
    return found


def _offsets(body: RestBody, places: dict, turns: dict) -> np.ndarray:
    """Return joint minus parent (F, 22, 3) on the canonical body, in the axes of armature space, metres."""
    offsets = np.zeros((len(turns["pelvis"]), skeleton.JOINT_COUNT, 3))
    near = NEAR * body.leg
    for index, joint in enumerate(skeleton.JOINT_NAMES[1:], start=1):
        parent = skeleton.JOINT_NAMES[skeleton.PARENTS[index]]
        rest = body.axes @ skeleton.REST_OFFSETS[index]
        length = skeleton.BONE_LENGTHS[index]
        if joint in _POINTED and parent in places:
            offsets[:, index] = _pointed(body, places, turns, parent, joint) * length
        elif joint in ("left_foot", "right_foot"):
            offsets[:, index] = turns[parent] @ body.foot_frames[joint.split("_")[0]][1][:, 0] * length
        elif CHILD.get(parent) == joint and joint in places and parent in places and body.length(parent) > near:
            start = rot.unit(turns[parent] @ (body.heads[joint] - body.heads[parent]))
            actual = rot.unit(places[joint] - places[parent])
            offsets[:, index] = rot.rotate(rot.swing(start, actual) @ turns[parent], rest)
        else:
            offsets[:, index] = turns[parent] @ rest
    return offsets


def _pointed(body: RestBody, places: dict, turns: dict, parent: str, joint: str) -> np.ndarray:
    """Return the unit direction (F, 3) of a limb's bone: to the next mapped joint, else along the bone."""
    if joint in places:
        return rot.unit(places[joint] - places[parent])
    return turns[parent] @ body.directions[parent]


def _chain(offsets: np.ndarray) -> np.ndarray:
    """Add offsets (F, 22, 3) up from the pelvis at the origin."""
    joints = np.zeros_like(offsets)
    for index in range(1, skeleton.JOINT_COUNT):
        joints[:, index] = joints[:, skeleton.PARENTS[index]] + offsets[:, index]
    return joints


def _heads(body: RestBody, places: dict, offsets: np.ndarray) -> np.ndarray:
    """Return the heads (F, 22, 3), armature space; joints without a bone stand off their parent in proportion."""
    heads = np.zeros_like(offsets)
    for index, joint in enumerate(skeleton.JOINT_NAMES):
        if joint in places:
            heads[:, index] = places[joint]
        else:
            heads[:, index] = heads[:, skeleton.PARENTS[index]] + offsets[:, index] * (body.leg / _LEG)
    return heads
