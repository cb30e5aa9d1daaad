"""From joint positions to bone rotations on any rig.

Every rotation is found as a turn D in armature space that carries a bone from its rest orientation to its
posed one; D of a bone without a joint is that of the mapped bone above it. Blender's basis rotation follows
as Rest^-1 D_above^-1 D Rest, whatever the bone roll.

* The torso (pelvis, spine, neck, collarbones) turns as the motion's body turns away from the canonical rest
  pose, so that a rig keeps the curve of its own spine. The pelvis frame comes from hips and spine, the chest
  frame from collarbones and neck; between them the turn is interpolated, then swung onto the bone.
* Arms and legs point exactly where the motion's do: T-pose or A-pose makes no difference.
* Knees and elbows bend one way only.
* Positions fix no twist. Upper arms and thighs take theirs from the plane in which elbow and knee bend; near
  straight, where that plane is noise, the twist is carried over from the frames around. Forearms, shins
  and hands inherit.
* Feet keep their sole: a foot that is flat in the rig's rest pose is flat where the motion's is. Toes lie
  flat while the heel is up.
* Bones between mapped ones share the bend of spine and neck; twist bones share the twist of their limb.
* The root trajectory is scaled by the ratio of leg lengths.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.contacts import detect_contacts, floor_offset
from ..motion.kinematics import leg_length
from . import bones, clearance, rig_foot_lock
from .body import RestBody, read_rest
from .legs import add_legs, lock_rig_feet, place_legs
from .limbs import add_arms
from .mapping import Mapping
from .reference_pose import at_reference, from_reference, reference_quaternions
from .rig import Rig
from .torso import torso_turns

J = skeleton.JOINT_INDEX
PLACES = ("object", "world")
TRAVELS = ("hips", "root", "object")


@dataclass(frozen=True)
class Options:
    """How to retarget a motion.

    place: "object" starts where the character stands in its rest pose, facing as it does; "world" takes the
    joints as world positions, heights and all. contact: "off", "soft" (feet that stand do not slide) or
    "strict" (nor leave their height). in_place: leave out the root trajectory. floor: lift or lower the
    motion onto the floor and keep toes above it, where place is "object". travel: what carries the root
    trajectory: "hips", "root" (the topmost bone above them) or "object". scale_travel: the root trajectory
    is scaled by the length of the legs, as the body is; False keeps it in the motion's metres, so that two
    characters stay where the motion has them. clear_hands: push hands, forearms and elbows out of the torso
    of a body that is stouter than the motion's.

    Raises InputError for a value that is not among those.
    """

    place: str = "object"
    contact: str = "soft"
    in_place: bool = False
    floor: bool = True
    travel: str = "hips"
    scale_travel: bool = True
    clear_hands: bool = False

    def __post_init__(self) -> None:
        chosen = ((self.place, PLACES), (self.contact, rig_foot_lock.MODES), (self.travel, TRAVELS))
        for value, allowed in chosen:
            if value not in allowed:
                raise InputError(f"{value!r} is not one of {', '.join(allowed)}", "Choose one of these")


@dataclass(frozen=True)
class BoneTrack:
    """One more bone to key.

    location: (F, 3) its location channels. quaternions: (F, 4) basis rotations, None where they are keyed already.
    """

    bone: str
    location: np.ndarray
    quaternions: np.ndarray | None


@dataclass(frozen=True)
class PoseSolution:
    """A solved motion: what to key.

    bones: N bone names. quaternions: (F, N, 4) basis rotations (w, x, y, z), sign-continuous over frames.
    location_bone: the bone that carries the hips (the pelvis, or the free bone above a connected one).
    location: (F, 3) in that bone's location channels. contacts: (F, 2) bool, left and right foot on the floor.
    root_bone, root_location: the bone above and its location channels (F, 3), where the root trajectory is on it.
    object_trajectory: (F, 3) to add to the object's place, Y-up world, where the root trajectory is on the object.
    tracks: of bones that the others are led by: IK targets and poles. still: bones not keyed that must be at rest.
    """

    bones: tuple[str, ...]
    quaternions: np.ndarray
    location_bone: str
    location: np.ndarray
    contacts: np.ndarray
    root_bone: str | None = None
    root_location: np.ndarray | None = None
    object_trajectory: np.ndarray | None = None
    tracks: tuple[BoneTrack, ...] = ()
    still: tuple[str, ...] = ()

    def expand(self, rig: Rig) -> tuple[np.ndarray, np.ndarray]:
        """Return quaternions (F, B, 4) and locations (F, B, 3) of all bones, for ``forward_kinematics``."""
        frames = len(self.quaternions)
        quaternions = np.tile(rot.IDENTITY, (frames, len(rig.names), 1))
        quaternions[:, [rig.index[name] for name in self.bones]] = self.quaternions
        locations = np.zeros((frames, len(rig.names), 3))
        locations[:, rig.index[self.location_bone]] = self.location
        if self.root_bone is not None:
            locations[:, rig.index[self.root_bone]] += self.root_location
        return quaternions, locations


def solve(
    rig: Rig,
    mapping: Mapping,
    joints: np.ndarray,
    options: Options | None = None,
    fps: float = skeleton.FPS,
    reference: Table[str, np.ndarray] | None = None,
) -> PoseSolution:
    """Find the rotations and the location that make ``rig`` move as ``joints`` do.

    joints: (F, 22, 3) metres, Y up, at ``fps`` frames a second. reference: bone name to basis quaternion (4,) of
    a pose in which the rig stands like the canonical body, to be used in place of its rest pose. Raises
    InputError for joints of another shape or not finite, RigError for a rig whose limbs have no length, that
    hangs sideways, or that has no bone to carry the root trajectory.
    """
    options = options or Options()
    joints = check_joints(joints)
    # The rig as if it rested in its reference pose.
    quaternions = reference_quaternions(rig, reference)
    reference_rig = at_reference(rig, quaternions)
    solved = reference_rig if reference else rig
    body = read_rest(solved, mapping)
    # The motion on the floor, at the rig's size and in armature space: (F, 22, 3).
    on_floor = options.floor and options.place == "object"
    floor = floor_offset(joints) if on_floor else 0.0
    contacts = detect_contacts(joints, fps, floor)
    points = place_points(solved, body, joints, floor, options)
    # A turn (F, 3, 3) for every joint: torso, arms, then the legs once their feet are locked.
    turns = torso_turns(points, body)
    pelvis = _pelvis_head(points, turns, body)
    add_arms(points, turns, body)
    legs = place_legs(points, turns, body, pelvis)
    if options.contact != "off":
        pelvis = pelvis + lock_rig_feet(legs, contacts, body, options.contact, fps, floor=on_floor)
    add_legs(legs, turns, body)
    if options.clear_hands:
        clearance.clear_arms(solved, mapping, body, points, turns, fps)
    # From turns of joints to basis rotations (F, N, 4) of bones.
    indices, rotations = bones.basis(solved, bones.bone_turns(solved, mapping, body, turns))
    if reference:
        indices, rotations = from_reference(rig, quaternions, indices, rotations)
    # What moves the body over the floor.
    bone, moved = bones.location_bone(rig, mapping), pelvis - body.heads["pelvis"]
    carried = share_trajectory(rig, bone, lambda: bones.root_bone(rig, bone), moved, reference_rig, options)
    return PoseSolution(tuple(rig.names[bone] for bone in indices), rotations, contacts=contacts, **carried)


def share_trajectory(
    rig: Rig, bone: int, root: Callable[[], int], moved: np.ndarray, reference_rig: Rig, options: Options
) -> dict[str, Any]:
    """Share the way that a bone goes among it, a root bone and the object; return fields of PoseSolution.

    bone: its index. root: gives the root bone, or raises RigError. moved: (F, 3) the way, armature space.
    reference_rig: ``rig`` at its reference pose.
    """
    found: dict[str, Any] = {"location_bone": rig.names[bone]}
    if options.travel != "hips":
        along = over_floor(rig, moved, options)
        moved = moved - along
        if options.travel == "object":
            found["object_trajectory"] = along @ rig.world[:3, :3].T
        else:
            top = root()
            found |= {"root_bone": rig.names[top], "root_location": _in_channels(rig, reference_rig, top, along)}
    return found | {"location": _in_channels(rig, reference_rig, bone, moved)}


def over_floor(rig: Rig, moved: np.ndarray, options: Options) -> np.ndarray:
    """Return what part of a way the root bone or the object takes over: what goes over the world's floor.

    moved: (F, 3) armature space and units, the same shape as the result; zero where the hips keep it all.
    """
    if options.travel == "hips":
        return np.zeros_like(moved)
    linear = rig.world[:3, :3]
    return (moved - moved[0]) @ linear.T * (1.0, 0.0, 1.0) @ np.linalg.inv(linear).T


def _in_channels(rig: Rig, reference_rig: Rig, bone: int, moved: np.ndarray) -> np.ndarray:
    """Turn a way (F, 3) in armature space into a bone's location channels, the bones above it as in the reference."""
    parent = rig.parents[bone]
    above = reference_rig.rest[parent, :3, :3] @ rig.rest[parent, :3, :3].T if parent >= 0 else np.eye(3)
    return rot.rotate((above @ bones.location_axes(rig, bone)).T, moved)


def check_joints(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (F, 22, 3), metres, as float64, or raise InputError with one clear line."""
    joints = np.asarray(joints)
    expected = (skeleton.JOINT_COUNT, 3)
    if joints.ndim != 3 or joints.shape[1:] != expected or joints.dtype.kind not in "fiu":
        raise InputError(f"The motion has shape {joints.shape}, not (frames, 22, 3)", "Give joint positions in metres")
    if not len(joints):
        raise InputError("The motion has no frames", "Give at least one frame")
    if not np.isfinite(joints).all():
        frame = int(np.flatnonzero(~np.isfinite(joints).all(axis=(1, 2)))[0])
        raise InputError(f"The motion has joints that are not finite, first in frame {frame}", "Generate it again")
    if leg_length(joints) < 1e-3:
        raise InputError("The motion's legs have no length", "Give joint positions in metres")
    return joints.astype(np.float64)


def place_points(rig: Rig, body: RestBody, joints: np.ndarray, floor: float, options: Options) -> np.ndarray:
    """Return a motion at the rig's size and in its place: (F, 22, 3) in armature space.

    joints: (F, 22, 3) metres, Y up. floor: height of the floor under them, metres. Ankles that stand at the canonical
    body's ankle height come to the rig's own ankle height.
    """
    linear = rig.world[:3, :3]
    ratio = body.leg * body.scale / leg_length(joints)
    points = joints.copy()
    points[..., 1] -= floor
    if options.in_place:
        points[..., [0, 2]] -= points[:, :1, [0, 2]]
    # To the rig's size, heights from the ankles, and the root trajectory with it or not.
    rest = skeleton.rest_joints()
    ankle = rest[J["left_ankle"], 1]
    points[..., 1] = (points[..., 1] - ankle) * ratio + body.ankle_height * body.scale
    trajectory = points[:, :1, [0, 2]]
    points[..., [0, 2]] *= ratio
    if not options.scale_travel:
        points[..., [0, 2]] += (1 - ratio) * trajectory
    # To where the character stands: its hips over those of the motion.
    if options.place == "object":
        turn, origin = body.stance(rig)
        points[..., [0, 2]] -= 0.5 * (rest[J["left_hip"]] + rest[J["right_hip"]])[[0, 2]] * ratio
        points = points @ turn.T + origin
    return (points - rig.world[:3, 3]) @ np.linalg.inv(linear).T


def _pelvis_head(points: np.ndarray, turns: dict, body: RestBody) -> np.ndarray:
    """Return the pelvis bone's head (F, 3) that puts the middle of the rig's hips where the motion's is."""
    middle = 0.5 * (points[:, J["left_hip"]] + points[:, J["right_hip"]])
    return middle - turns["pelvis"] @ (body.hip_middle - body.heads["pelvis"])
