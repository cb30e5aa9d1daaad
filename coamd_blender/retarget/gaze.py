"""Head and eyes turned to a target, on top of whatever the rest of the body does.

The face turns the shortest way from where it looks to where it should look, within what a neck allows: so the head
keeps the tilt it had. The neck takes a share of the turn, the head the rest, and eyes what is left between the face and
the target. Who would have to look behind lets go, gradually, and does not whip round from one shoulder to the other.

All in armature space; poses are Blender's, bone matrices (frames, 4, 4).
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.kinematics import leg_length
from ..motion.signals import smoothstep
from .body import read_rest
from .mapping import Mapping
from .names import split_name
from .rig import Rig

NECK_SHARE = 0.4
# How far a face turns away from the chest, to the sides and up or down, and eyes from the face (radians).
MOST_YAW, MOST_PITCH, MOST_EYES = np.radians(75), np.radians(45), np.radians(30)
# A target further to the side than the first is looked at less and less, beyond the second not at all (radians).
LETS_GO, GONE = np.radians(110), np.radians(150)

# Where eyes are against the head's joint on the canonical body (metres), and words that name their bones.
_EYES_UP, _EYES_AHEAD = 0.08, 0.09
_LEG = leg_length(skeleton.rest_joints()[None])
_EYE_WORDS = {"eye", "eyes", "eyeball", "目"}


@dataclass(frozen=True, eq=False)
class Face:
    """The bones that look, by index, and the face at rest in armature space.

    neck: None without one. chest: the bone that the neck stands on. eyes: those that turn by themselves. forward, up:
    unit (3,). middle: between the eyes (3,).
    """

    head: int
    neck: int | None
    chest: int
    eyes: tuple[int, ...]
    forward: np.ndarray
    up: np.ndarray
    middle: np.ndarray


def looking(
    rig: Rig,
    face: Face,
    poses: Table[int, np.ndarray],
    targets: np.ndarray,
    weights: np.ndarray,
    turns_head: bool = True,
) -> dict[int, np.ndarray]:
    """Return bone to basis quaternions (frames, 4), continuous, that let ``face`` look at ``targets`` (frames, 3).

    poses: (frames, 4, 4) of neck, head, chest, eyes and their parents, as they move now. targets are in armature space
    and its unit. weights (frames,): 0 leaves the pose as it is, 1 looks. turns_head: else the eyes alone turn.
    """
    turns = {bone: _turn(rig, bone, matrices) for bone, matrices in poses.items()}
    neck = np.tile(np.eye(3), (len(targets), 1, 1))
    head = neck
    if turns_head:
        neck, head = _head_turns(rig, face, poses, turns, targets, weights)
    found = {}
    if turns_head and face.neck is not None:
        found[face.neck] = _basis(rig, face.neck, poses, neck @ turns[face.neck], None)
    if turns_head:
        found[face.head] = _basis(rig, face.head, poses, head @ turns[face.head], neck)
    carried = head @ turns[face.head]
    place = _head_place(rig, face, poses, neck)
    for eye in face.eyes:
        at = place + rot.rotate(carried, rig.heads[eye] - rig.heads[face.head])
        wanted = _within_cone(rot.rotate(carried, face.forward), rot.unit(targets - at), MOST_EYES)
        own = head @ turns[eye]
        turn = _part(rot.swing(rot.rotate(own, face.forward), wanted), weights)
        found[eye] = _basis(rig, eye, poses, turn @ own, head)
    return found


def _head_turns(
    rig: Rig, face: Face, poses: Table[int, np.ndarray], turns: dict, targets: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what neck and head turn by, (frames, 3, 3) each, on top of what they do."""
    neck = np.tile(np.eye(3), (len(targets), 1, 1))
    head = neck
    for _ in range(3):  # the eyes move as the neck turns
        middle = rot.rotate(head @ turns[face.head], face.middle - rig.heads[face.head])
        middle = middle + _head_place(rig, face, poses, neck)
        wanted, fade = _within_neck(turns[face.chest], face, rot.unit(targets - middle))
        head = _part(rot.swing(rot.rotate(turns[face.head], face.forward), wanted), weights * fade)
        neck = neck if face.neck is None else _part(head, np.full(len(targets), NECK_SHARE))
    return neck, head


def _head_place(rig: Rig, face: Face, poses: Table[int, np.ndarray], neck: np.ndarray) -> np.ndarray:
    """Return where the head bone begins (frames, 3) once the neck has turned by ``neck`` (frames, 3, 3) more."""
    place = poses[face.head][:, :3, 3]
    if face.neck is None:
        return place
    root = poses[face.neck][:, :3, 3]
    return root + rot.rotate(neck, place - root)


def _turn(rig: Rig, bone: int, matrices: np.ndarray) -> np.ndarray:
    """Return the turns (frames, 3, 3) of a bone away from its rest."""
    axes = matrices[:, :3, :3]
    return rot.frame(axes[..., 1], axes[..., 2])[..., [2, 0, 1]] @ rig.rest[bone, :3, :3].T


def _within_neck(chest: np.ndarray, face: Face, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``wanted`` (frames, 3), unit, within what the neck allows, and to which share (frames,) it counts."""
    forward, up = rot.rotate(chest, face.forward), rot.rotate(chest, face.up)
    left = rot.cross(up, forward)
    yaw = np.arctan2(rot.dot(wanted, left), rot.dot(wanted, forward))
    pitch = np.arcsin(np.clip(rot.dot(wanted, up), -1, 1))
    fade = smoothstep((GONE - np.abs(yaw)) / (GONE - LETS_GO))
    yaw, pitch = _eased(yaw, MOST_YAW)[:, None], _eased(pitch, MOST_PITCH)[:, None]
    level = np.cos(yaw) * forward + np.sin(yaw) * left
    return np.cos(pitch) * level + np.sin(pitch) * up, fade


def _eased(angles: np.ndarray, most: float) -> np.ndarray:
    """Return ``angles`` within ``most``: as they are up to three quarters of it, then ever less, without a corner."""
    free = 0.75 * most
    over = np.maximum(np.abs(angles) - free, 0.0)
    return np.sign(angles) * np.where(over > 0, free + (most - free) * np.tanh(over / (most - free)), np.abs(angles))


def _within_cone(forward: np.ndarray, wanted: np.ndarray, most: float) -> np.ndarray:
    """Return ``wanted`` (frames, 3), unit, at most ``most`` radians from ``forward`` (frames, 3)."""
    angle = np.arccos(np.clip(rot.dot(forward, wanted), -1, 1))
    share = _eased(angle, most) / np.maximum(angle, 1e-9)
    return rot.rotate(_part(rot.swing(forward, wanted), share), forward)


def _part(turns: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the ``shares`` (frames,) of ``turns`` (frames, 3, 3), each about its own axis."""
    vectors = rot.vector_from_quaternion(rot.quaternion_from_matrix(turns))
    return rot.matrix_from_quaternion(rot.quaternion_from_vector(vectors * np.asarray(shares)[:, None]))


def _basis(
    rig: Rig, bone: int, poses: Table[int, np.ndarray], turn: np.ndarray, carried: np.ndarray | None
) -> np.ndarray:
    """Return the basis quaternions (frames, 4) that turn a bone by ``turn`` (frames, 3, 3) away from its rest, its
    parent being turned by ``carried`` (frames, 3, 3) on top of its pose."""
    posed, parent = turn @ rig.rest[bone, :3, :3], rig.parents[bone]
    if parent < 0 or not rig.inherit_rotation[bone]:
        inherited = rig.rest[bone, :3, :3]
    else:
        above = _turn(rig, parent, poses[parent])
        inherited = (above if carried is None else carried @ above) @ rig.rest[bone, :3, :3]
    return rot.continuous(rot.quaternion_from_matrix(rot.transpose(inherited) @ posed))


def find_face(rig: Rig, mapping: Mapping, controls: Table[str, str] | None = None) -> Face:
    """Return the face of a rig whose joints are mapped. Raises RigError without a head or a chest.

    controls: joint to the control that turns it, of a generated control rig; its neck leads the head by constraints,
    and is left alone.
    """
    body = read_rest(rig, mapping)
    bones = mapping.bones | {joint: bone for joint, bone in (controls or {}).items() if joint == "head"}
    chest = next((bones[joint] for joint in ("spine3", "spine2", "spine1", "pelvis") if joint in bones), None)
    if "head" not in bones or chest is None:
        raise RigError("The armature has no bone for the head", "Choose one in Bone Mapping")
    head = rig.index[bones["head"]]
    neck = rig.index[bones["neck"]] if "neck" in bones and controls is None else None
    eyes = () if controls is not None else _eyes(rig, head)
    up, forward = body.axes[:, 1], body.axes[:, 2]
    size = body.leg / _LEG
    middle = rig.heads[head] + size * (_EYES_UP * up + _EYES_AHEAD * forward)
    if eyes:
        middle = rig.heads[list(eyes)].mean(axis=0)
    return Face(head, neck, rig.index[chest], eyes, forward, up, middle)


def _eyes(rig: Rig, head: int) -> tuple[int, ...]:
    """Return the bones beneath the head that are eyes by name, those of a pair where there is one."""
    found = [
        bone
        for bone in range(len(rig.names))
        if head in rig.ancestors(bone) and set(split_name(rig.names[bone])[2]) & _EYE_WORDS and _plain(rig.names[bone])
    ]
    sided = [bone for bone in found if split_name(rig.names[bone])[0] is not None]
    return tuple(bone for bone in sided or found if not set(rig.ancestors(bone)) & set(sided or found))


def _plain(name: str) -> bool:
    """Return whether a name that speaks of an eye says nothing else, such as eyelid or eye target."""
    return set(split_name(name)[2]) <= _EYE_WORDS | {"base", "cc", "j", "adj", "def", "head", "bone", "joint"}
