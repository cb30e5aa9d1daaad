"""The joint tree every part of CoAMD speaks: names, parents, axes, units and frame rate; and a glossary.

Conventions
-----------
A motion is ``joints``: float32, shape (frames, 22, 3), in metres.

* Axes: Y up, right-handed. The character faces +Z at frame 0 and its left is +X.
* Origin: at frame 0 the pelvis stands above (0, 0); the floor is the plane y = 0.
* Time: 20 frames per second, at most 196 frames a window; the model works on multiples of 4.
* Quaternions are (w, x, y, z).

Blender is Z up; the conversion happens in ``coamd_blender.anim`` only, where bones are read and written, and in what
draws there, by :func:`to_z_up` and :func:`to_y_up`.

The joint order is that of HumanML3D (the first 22 joints of SMPL). The canonical body's bone lengths
are those of HumanML3D's reference skeleton, measured on one of its files and averaged left and right,
so that mirroring a motion is exact.

Glossary
--------
One word for each thing, here and in every name:

* canonical body: the skeleton of this module, standing in its rest pose (a T) as :func:`rest_joints` has it.
* prompt: what somebody asks for. Caption: what a recording is said to show. Clause: the part of a sentence that tells
  one action.
* latent: what the autoencoder makes of four frames of motion, and the generator draws.
* root trajectory: the way of the pelvis over the floor ("Travel" in the panel, where one says what carries it).
* heading: the angle about +Y that a body faces, radians, 0 towards +Z, growing to the left. Heading change: how much
  that differs from the first frame to the last. ``kinematics`` has two ways of telling it.
* contact: a foot on the floor, standing. Foot lock: what keeps it where it stands.
* hold: a hand or a foot that is to be at a place somebody asked for.
* blend: where one motion goes over into another.
* kept: frames of somebody's animation that must not change. Regenerate: make frames anew between or beside them.
  In-betweening: between; inpainting: some joints of them.
* retarget: put a motion on a rig. Rest pose: how the rig's bones are built. Reference pose: a pose of the rig that
  stands like the canonical body, captured to take the place of a rest pose that does not.
* turn: the rotation, in armature space, that carries a bone from its rest orientation to its posed one. Basis: that
  rotation as Blender's channels take it, within what the bones above do.
* canonical: on the canonical body, over the origin, facing +Z, at 20 frames a second.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

FPS = 20
MAX_FRAMES = 196
FRAME_MULTIPLE = 4

JOINT_NAMES = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
)
JOINT_INDEX = {name: index for index, name in enumerate(JOINT_NAMES)}
JOINT_COUNT = len(JOINT_NAMES)

# Parent of every joint; the pelvis has none (-1). Parents come before children.
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

# Joints that come in pairs, (left, right). A toe is the joint called foot: the ball of the foot.
SIDES = ("left", "right")
HIPS, KNEES, ANKLES, TOES, SHOULDERS, ELBOWS, WRISTS = (
    (JOINT_INDEX[f"left_{part}"], JOINT_INDEX[f"right_{part}"])
    for part in ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist")
)

# The joint that takes a joint's place when left and right are swapped.
MIRROR = tuple(
    JOINT_INDEX[name.replace("left_", "right_") if name.startswith("left_") else name.replace("right_", "left_")]
    for name in JOINT_NAMES
)

# Offset of every joint from its parent in the canonical body's rest pose (T-pose, facing +Z), metres.
_LEFT_OFFSETS = {
    "left_hip": (0.0780, -0.0710, -0.0120),
    "left_knee": (0.0340, -0.3895, 0.0080),
    "left_ankle": (-0.0140, -0.4250, -0.0570),
    "left_foot": (0.0250, -0.0640, 0.1290),
    "left_collar": (0.0810, 0.1130, -0.0240),
    "left_shoulder": (0.1180, 0.0450, -0.0110),
    "left_elbow": (0.2590, -0.0140, -0.0200),
    "left_wrist": (0.2675, 0.0080, -0.0030),
}
_CENTRE_OFFSETS = {
    "pelvis": (0.0, 0.0, 0.0),
    "spine1": (0.0, 0.1270, -0.0345),
    "spine2": (0.0, 0.1415, 0.0220),
    "spine3": (0.0, 0.0573, 0.0030),
    "neck": (0.0, 0.2160, -0.0380),
    "head": (0.0, 0.0900, 0.0500),
}
_BONE_LENGTHS = {
    "spine1": 0.1316,
    "spine2": 0.1432,
    "spine3": 0.0574,
    "neck": 0.2194,
    "head": 0.1030,
    "left_hip": 0.1065,
    "left_knee": 0.3919,
    "left_ankle": 0.4290,
    "left_foot": 0.1464,
    "left_collar": 0.1404,
    "left_shoulder": 0.1273,
    "left_elbow": 0.2600,
    "left_wrist": 0.2680,
}


def _canonical_offsets() -> np.ndarray:
    offsets = np.zeros((JOINT_COUNT, 3))
    for index, name in enumerate(JOINT_NAMES[1:], start=1):
        left = name.replace("right_", "left_")
        direction = np.array(_CENTRE_OFFSETS.get(left) or _LEFT_OFFSETS[left])
        if name.startswith("right_"):
            direction[0] = -direction[0]
        offsets[index] = direction / np.linalg.norm(direction) * _BONE_LENGTHS[left]
    return offsets


# (22, 3) float64, metres: joint minus parent in the rest pose of the canonical body.
REST_OFFSETS = _canonical_offsets()
# (22,) float64, metres: length of the bone that ends at each joint (0 for the pelvis).
BONE_LENGTHS = np.linalg.norm(REST_OFFSETS, axis=1)
# Pelvis height of the canonical body standing upright in its rest pose with its toes on the floor.
STANDING_HEIGHT = float(-(REST_OFFSETS[1] + REST_OFFSETS[4] + REST_OFFSETS[7] + REST_OFFSETS[10])[1])

# Sets of joints by body part, for editing masks, mirrored captions and body-part composition.
BODY_PARTS = {
    "left_arm": ("left_shoulder", "left_elbow", "left_wrist"),
    "right_arm": ("right_shoulder", "right_elbow", "right_wrist"),
    "left_leg": ("left_hip", "left_knee", "left_ankle", "left_foot"),
    "right_leg": ("right_hip", "right_knee", "right_ankle", "right_foot"),
    "torso": ("spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar"),
}
BODY_PARTS["arms"] = BODY_PARTS["left_arm"] + BODY_PARTS["right_arm"]
BODY_PARTS["legs"] = BODY_PARTS["left_leg"] + BODY_PARTS["right_leg"]
BODY_PARTS["upper_body"] = BODY_PARTS["torso"] + BODY_PARTS["arms"]
BODY_PARTS["lower_body"] = ("pelvis",) + BODY_PARTS["legs"]


def joints_named(names: str) -> list[int]:
    """Return the indices of the joints in ``names``: body parts and joints, by commas. KeyError for others."""
    found: set[int] = set()
    for name in (part.strip() for part in names.split(",")):
        found |= {JOINT_INDEX[joint] for joint in BODY_PARTS.get(name, (name,))}
    return sorted(found)


def immovable(made: Iterable[int]) -> np.ndarray:
    """Return which joints, (22,) bool, stay where they are when only ``made`` (indices) may move.

    Those outside, and every joint with a descendant outside, which could not keep its place if the joint moved.
    """
    held = np.ones(JOINT_COUNT, bool)
    held[list(made)] = False
    for joint in range(JOINT_COUNT - 1, 0, -1):
        held[PARENTS[joint]] |= held[joint]
    return held


def rest_joints() -> np.ndarray:
    """Return the canonical body in its rest pose, toes on the floor: (22, 3) float64, metres, Y up."""
    joints = np.zeros((JOINT_COUNT, 3))
    joints[0, 1] = STANDING_HEIGHT
    for index in range(1, JOINT_COUNT):
        joints[index] = joints[PARENTS[index]] + REST_OFFSETS[index]
    return joints


def with_bone_lengths(joints: np.ndarray, lengths: np.ndarray = BONE_LENGTHS) -> np.ndarray:
    """Rebuild ``joints`` (..., 22, 3), metres, from the pelvis outwards with bone ``lengths`` (22,), metres.

    Pelvis positions and bone directions are kept. A bone of no length has no direction: it takes
    that of the rest pose. Returns an array of the same shape and dtype.
    """
    result = np.array(joints, copy=True)
    for index in range(1, JOINT_COUNT):
        parent = PARENTS[index]
        bone = joints[..., index, :] - joints[..., parent, :]
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        rest = REST_OFFSETS[index] / BONE_LENGTHS[index]
        direction = np.where(length > 1e-6, bone / np.maximum(length, 1e-6), rest)
        result[..., index, :] = result[..., parent, :] + direction * lengths[index]
    return result


def mirror(joints: np.ndarray) -> np.ndarray:
    """Swap left and right: reflect ``joints`` (..., 22, 3), any unit, in the plane x = 0 and exchange the sides.

    The same shape comes back.
    """
    mirrored = joints[..., MIRROR, :].copy()
    mirrored[..., 0] *= -1
    return mirrored


def to_z_up(points: np.ndarray) -> np.ndarray:
    """Turn Y-up ``points`` (..., 3) facing +Z into Z-up ones facing -Y, as Blender has them (no mirror).

    Any unit; the same shape.
    """
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def to_y_up(points: np.ndarray) -> np.ndarray:
    """Turn Blender's Z-up ``points`` (..., 3) into Y-up ones, any unit, same shape: undo :func:`to_z_up`."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)
