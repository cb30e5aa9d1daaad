"""From joint positions to bone rotations on any rig.

Every rotation is found as a turn D in armature space that carries a bone from its rest orientation to its
posed one; D of a bone without a joint is that of the mapped bone above it. Blender's basis rotation follows
as Rest^-1 D_above^-1 D Rest, whatever the bone roll.

* The torso (pelvis, spine, neck, collarbones) turns as the motion's body turns away from the canonical rest
  pose, so that a rig keeps the curve of its own spine. The pelvis frame comes from hips and spine, the chest
  frame from collarbones and neck; between them the turn is interpolated, then swung onto the bone.
* Arms and legs point exactly where the motion's do: T-pose or A-pose makes no difference.
* Positions fix no twist. Upper arms and thighs take theirs from the plane in which elbow and knee bend; near
  straight, where that plane is noise, the twist is carried over from the frames around. Forearms, shins,
  hands and toes inherit.
* Feet keep their sole: a foot that is flat in the rig's rest pose is flat where the motion's is.
* Travel is scaled by the ratio of leg lengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import skeleton
from ..errors import InputError, RigError
from . import contacts
from . import rotations as rot
from .body import RestBody, read_rest
from .mapping import Mapping
from .rig import Rig
from .torso import torso_turns
from .twist import hinge_axes

J = skeleton.JOINT_INDEX
PLACES = ("object", "world")
SIDES = ("left", "right")


@dataclass(frozen=True)
class Options:
    """How to carry a motion.

    place: "object" starts where the character stands in its rest pose, facing as it does; "world" takes the
    joints as world positions, heights and all. contact: "off", "soft" (feet that stand do not slide) or
    "strict" (nor leave their height). in_place: leave out the travel over the floor. floor: lift or lower the
    motion onto the floor, where place is "object".
    """

    place: str = "object"
    contact: str = "soft"
    in_place: bool = False
    floor: bool = True

    def __post_init__(self) -> None:
        for value, allowed in ((self.place, PLACES), (self.contact, contacts.MODES)):
            if value not in allowed:
                raise InputError(f"{value!r} is not one of {', '.join(allowed)}", "Choose one of these")


@dataclass(frozen=True)
class PoseSolution:
    """A solved motion: what to key.

    bones: N bone names. quaternions: (F, N, 4) basis rotations (w, x, y, z), sign-continuous over frames.
    location_bone: the bone that carries the travel (the pelvis, or the free bone above a connected one).
    location: (F, 3) in that bone's location channels. standing: (F, 2) left and right foot on the floor.
    """

    bones: tuple[str, ...]
    quaternions: np.ndarray
    location_bone: str
    location: np.ndarray
    standing: np.ndarray

    def expand(self, rig: Rig) -> tuple[np.ndarray, np.ndarray]:
        """Return quaternions (F, B, 4) and locations (F, B, 3) for all bones, as forward_kinematics takes them."""
        frames = len(self.quaternions)
        quaternions = np.tile(rot.IDENTITY, (frames, len(rig.names), 1))
        quaternions[:, [rig.index[name] for name in self.bones]] = self.quaternions
        locations = np.zeros((frames, len(rig.names), 3))
        locations[:, rig.index[self.location_bone]] = self.location
        return quaternions, locations


def solve(
    rig: Rig, mapping: Mapping, joints: np.ndarray, options: Options | None = None, fps: float = skeleton.FPS
) -> PoseSolution:
    """Find the basis rotations and root location that make ``rig`` move as ``joints`` do.

    joints: (F, 22, 3) metres, Y up, at ``fps`` frames a second. Raises InputError for joints of another
    shape or not finite, RigError for a rig whose limbs have no length or that hangs sideways.
    """
    options = options or Options()
    joints = check_joints(joints)
    body = read_rest(rig, mapping)
    floor = contacts.floor_height(joints) if options.floor and options.place == "object" else 0.0
    standing = contacts.detect_contacts(joints, fps, floor)
    points = place_points(rig, body, joints, floor, options)
    turns = torso_turns(points, body)
    pelvis = _pelvis_head(points, turns, body)
    legs = _leg_points(points, turns, body, pelvis)
    _solve_limbs(points, turns, body, "arm")
    if options.contact != "off":
        _hold_feet(legs, points, turns, body, standing, options, fps)
    _solve_limbs(points, turns, body, "leg", legs)
    bones, quaternions = _basis(rig, mapping, turns)
    bone = _location_bone(rig, rig.index[mapping.bones["pelvis"]])
    location = rot.rotate(_location_axes(rig, bone).T, pelvis - body.heads["pelvis"])
    return PoseSolution(bones, quaternions, rig.names[bone], location, standing)


def check_joints(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` as float64 (F, 22, 3), or raise InputError with one clear line."""
    joints = np.asarray(joints)
    expected = (skeleton.JOINT_COUNT, 3)
    if joints.ndim != 3 or joints.shape[1:] != expected or joints.dtype.kind not in "fiu":
        raise InputError(f"The motion has shape {joints.shape}, not (frames, 22, 3)", "Give joint positions in metres")
    if not len(joints):
        raise InputError("The motion has no frames", "Give at least one frame")
    if not np.isfinite(joints).all():
        frame = int(np.flatnonzero(~np.isfinite(joints).all(axis=(1, 2)))[0])
        raise InputError(f"The motion has joints that are not finite, first in frame {frame}", "Generate it again")
    if contacts.leg_length(joints) < 1e-3:
        raise InputError("The motion's legs have no length", "Give joint positions in metres")
    return joints.astype(np.float64)


def resample(joints: np.ndarray, source_fps: float, fps: float) -> np.ndarray:
    """Take ``joints`` (F, 22, 3) from ``source_fps`` to ``fps``, first frame kept, by Catmull-Rom splines."""
    count = int(np.floor((len(joints) - 1) / source_fps * fps + 1e-6)) + 1
    if len(joints) < 2 or (source_fps == fps):
        return joints
    times = np.arange(count) * (source_fps / fps)
    index = np.minimum(times.astype(int), len(joints) - 2)
    u = (times - index)[:, None, None]
    padded = np.concatenate([2 * joints[:1] - joints[1:2], joints, 2 * joints[-1:] - joints[-2:-1]])
    p0, p1, p2, p3 = (padded[index + step] for step in range(4))
    return p1 + 0.5 * u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0)))


def place_points(rig: Rig, body: RestBody, joints: np.ndarray, floor: float, options: Options) -> np.ndarray:
    """Return ``joints`` scaled to the rig's legs and placed, in armature space: (F, 22, 3).

    Ankles that stand at the canonical body's ankle height come to the rig's own ankle height.
    """
    linear = rig.world[:3, :3]
    ratio = body.leg * body.scale / contacts.leg_length(joints)
    points = joints.copy()
    points[..., 1] -= floor
    if options.in_place:
        points[..., [0, 2]] -= points[:, :1, [0, 2]]
    rest = skeleton.rest_joints()
    ankle = rest[J["left_ankle"], 1]
    points[..., 1] = (points[..., 1] - ankle) * ratio + body.ankle_height * body.scale
    points[..., [0, 2]] *= ratio
    if options.place == "object":
        turn, origin = body.stance(rig)
        points[..., [0, 2]] -= 0.5 * (rest[J["left_hip"]] + rest[J["right_hip"]])[[0, 2]] * ratio
        points = points @ turn.T + origin
    return (points - rig.world[:3, 3]) @ np.linalg.inv(linear).T


def _pelvis_head(points: np.ndarray, turns: dict, body: RestBody) -> np.ndarray:
    """Return the pelvis bone's head (F, 3) that puts the middle of the rig's hips where the motion's is."""
    middle = 0.5 * (points[:, J["left_hip"]] + points[:, J["right_hip"]])
    return middle - turns["pelvis"] @ (body.hip_middle - body.heads["pelvis"])


def _leg_points(points: np.ndarray, turns: dict, body: RestBody, pelvis: np.ndarray) -> dict[str, np.ndarray]:
    """Return hips, knees, ankles and toes (F, 3) of the rig with the motion's directions and its own lengths."""
    found = {}
    for side in SIDES:
        place = pelvis + turns["pelvis"] @ (body.heads[f"{side}_hip"] - body.heads["pelvis"])
        found[f"{side}_hip"] = place
        for above, joint in (("hip", "knee"), ("knee", "ankle"), ("ankle", "foot")):
            upper, lower = f"{side}_{above}", f"{side}_{joint}"
            direction = rot.unit(points[:, J[lower]] - points[:, J[upper]])
            place = place + direction * body.length(upper)
            found[lower] = place
    return found


def _hold_feet(legs, points, turns, body: RestBody, standing, options: Options, fps: float) -> None:
    """Move the knees and ankles in ``legs`` so that standing feet do not slide or sink."""
    blend = max(1, round(contacts.BLEND_SECONDS * fps))
    up = body.up
    for number, side in enumerate(SIDES):
        hip, knee, ankle, toe = (legs[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle", "foot"))
        offset = contacts.lock_offsets(toe, standing[:, number], blend)
        if options.contact == "soft":
            offset = offset - (offset @ up)[:, None] * up
        goal = ankle + offset
        moved = np.linalg.norm(offset, axis=-1) > 1e-5 * body.leg
        if not moved.any():
            continue
        hinge = turns["pelvis"] @ body.hinges[f"{side}_hip"]
        new_knee, new_ankle = contacts.two_bone(hip, knee, ankle, goal, hinge)
        legs[f"{side}_knee"] = np.where(moved[:, None], new_knee, knee)
        legs[f"{side}_ankle"] = np.where(moved[:, None], new_ankle, ankle)
        # The foot keeps the motion's direction.
        legs[f"{side}_foot"] = toe + legs[f"{side}_ankle"] - ankle


def _solve_limbs(points, turns: dict, body: RestBody, limb: str, legs: dict | None = None) -> None:
    """Add to ``turns`` those of both arms or both legs; legs from the rig's own points where given."""
    names = {"arm": ("collar", "shoulder", "elbow", "wrist"), "leg": ("pelvis", "hip", "knee", "ankle")}[limb]
    for side in SIDES:
        above, upper, lower, end = (name if name == "pelvis" else f"{side}_{name}" for name in names)
        if upper not in body.directions:
            turns[upper] = turns[lower] = turns[end] = turns[above]
            continue
        start, middle, stop = (legs[name] if legs else points[:, J[name]] for name in (upper, lower, end))
        thigh, shin = rot.unit(middle - start), rot.unit(stop - middle)
        axis = hinge_axes(turns[above], thigh, shin, body, upper)
        rest_frame = rot.frame(body.directions[upper], body.hinges[upper])
        turns[upper] = rot.frame(thigh, axis) @ rest_frame.T
        turns[lower] = turns[end] = turns[upper]
        if lower in body.directions:
            turns[lower] = rot.swing(turns[upper] @ body.directions[lower], shin) @ turns[upper]
            turns[end] = turns[lower]
        if limb == "leg":
            foot = rot.unit(points[:, J[f"{side}_foot"]] - points[:, J[end]])
            turns[end] = turns[f"{side}_foot"] = _foot_turn(foot, turns[lower], body, side)


def _foot_turn(direction: np.ndarray, shin_turn: np.ndarray, body: RestBody, side: str) -> np.ndarray:
    """Return the foot's turn: flat where the motion's foot is flat, toes where its toes point, rolled as the shin."""
    source, target = body.foot_frames[side]
    lateral = rot.swing(shin_turn @ source[:, 0], direction) @ shin_turn @ source[:, 1]
    return rot.frame(direction, lateral) @ target.T


def _basis(rig: Rig, mapping: Mapping, turns: dict) -> tuple[tuple[str, ...], np.ndarray]:
    """Turn the armature-space turns into sign-continuous basis quaternions (F, N, 4) of the mapped bones."""
    joint_of = {rig.index[bone]: joint for joint, bone in mapping.bones.items()}
    bones = sorted(joint_of)
    result = []
    for bone in bones:
        rest = rig.rest[bone, :3, :3]
        above = next((joint_of[up] for up in rig.ancestors(bone) if up in joint_of), None)
        turn = turns[joint_of[bone]]
        if above and _inherits(rig, bone, rig.index[mapping.bones[above]]):
            turn = rot.transpose(turns[above]) @ turn
        result.append(rot.quaternion_from_matrix(rest.T @ turn @ rest))
    return tuple(rig.names[bone] for bone in bones), rot.continuous(np.stack(result, axis=1))


def _inherits(rig: Rig, bone: int, ancestor: int) -> bool:
    """Return whether the turn of ``ancestor`` reaches ``bone`` through the bones between them."""
    while bone != ancestor:
        if not rig.inherit_rotation[bone]:
            return False
        bone = int(rig.parents[bone])
    return True


def _location_bone(rig: Rig, pelvis: int) -> int:
    """Return the pelvis, or the nearest bone above that is not connected and so can be moved."""
    for bone in (pelvis, *rig.ancestors(pelvis)):
        if not rig.connected[bone]:
            return bone
    raise RigError(f"No bone above {rig.names[pelvis]!r} can be moved", "Disconnect the hips bone in Edit Mode")


def _location_axes(rig: Rig, bone: int) -> np.ndarray:
    """Return the axes (3, 3) of a bone's location channels in armature space, the bones above at rest."""
    if rig.local_location[bone]:
        return rig.rest[bone, :3, :3]
    parent = rig.parents[bone]
    return rig.rest[parent, :3, :3] if parent >= 0 else np.eye(3)
