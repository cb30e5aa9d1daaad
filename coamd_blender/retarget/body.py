"""What the solver needs to know of a rig at rest: landmarks, limb directions, hinges, ankle height, stance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from ..motion import skeleton
from .mapping import Mapping
from .rig import Rig

J = skeleton.JOINT_INDEX
SIDES = ("left", "right")
# The joint towards which the bone at each joint points.
CHILD = {
    "pelvis": "spine1",
    "spine1": "spine2",
    "spine2": "spine3",
    "spine3": "neck",
    "neck": "head",
    **{
        f"{side}_{joint}": f"{side}_{child}"
        for side in SIDES
        for joint, child in (
            ("hip", "knee"),
            ("knee", "ankle"),
            ("ankle", "foot"),
            ("collar", "shoulder"),
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
        )
    },
}
# The joints whose bones must have a length: those of arms and legs.
LIMB_JOINTS = frozenset(f"{side}_{joint}" for side in SIDES for joint in ("hip", "knee", "shoulder", "elbow"))
# Heads nearer to each other than this share of a leg lie at one point.
NEAR = 1e-4
# About these axes of the canonical rest pose knees and elbows bend (right-handed, Y up, facing +Z).
HINGES = {
    "left_hip": np.array([1.0, 0.0, 0.0]),
    "right_hip": np.array([1.0, 0.0, 0.0]),
    "left_shoulder": np.array([0.0, -1.0, 0.0]),
    "right_shoulder": np.array([0.0, 1.0, 0.0]),
}
# A rest pose bent by more than this shows its own hinge (radians).
CLEAR_BEND = np.radians(15)
# A foot that points further up or down at rest than this is not standing flat (radians).
FLAT_FOOT = np.radians(65)
# A trunk that leans further than this at rest from an axis does not stand along it (radians).
FAR_LEAN = np.radians(25)


@dataclass(frozen=True)
class RestBody:
    """A rig at rest, in armature space.

    heads: rest head of each mapped joint (3,). axes: (3, 3) turn from canonical axes (Y up, facing +Z) to
    armature space. ground: (3, 3) the same standing upright on the floor that the rig rests on.
    canonical: (22, 3) canonical rest joints turned by it (metres). directions: unit (3,) of
    each mapped bone of a limb. hinges: unit (3,) bend axis of each upper limb. foot_frames: side to a pair of
    (3, 3), the canonical foot and the rig's foot standing as the canonical one. leg: thigh plus shin,
    armature units. scale: armature units to metres. ankle_height: over the floor, armature units.
    """

    heads: dict[str, np.ndarray]
    axes: np.ndarray
    ground: np.ndarray
    canonical: np.ndarray
    directions: dict[str, np.ndarray]
    hinges: dict[str, np.ndarray]
    foot_frames: dict[str, tuple[np.ndarray, np.ndarray]]
    leg: float
    scale: float
    ankle_height: float

    @property
    def up(self) -> np.ndarray:
        """(3,) the way the rig stands up, a unit vector."""
        return self.ground[:, 1]

    @property
    def hip_middle(self) -> np.ndarray:
        """(3,) between the heads of the thighs, armature units."""
        return 0.5 * (self.heads["left_hip"] + self.heads["right_hip"])

    def length(self, joint: str) -> float:
        """Return how long a joint's bone is, armature units: to the next joint, 0 when that is not mapped."""
        child = CHILD[joint]
        return float(np.linalg.norm(self.heads[child] - self.heads[joint])) if child in self.heads else 0.0

    def stance(self, rig: Rig) -> tuple[np.ndarray, np.ndarray]:
        """Return where the rig stands in the Y-up world: a rotation (3, 3) about Y, and the origin (3,) on its floor.

        The origin is in the world's units. Raises RigError when the hips lie one above the other, so that the rig faces
        nowhere.
        """
        left = rig.world[:3, :3] @ self.axes[:, 0]
        left = left / np.linalg.norm(left)
        flat = np.array([left[0], 0.0, left[2]])
        if np.linalg.norm(flat) < 0.2:
            raise RigError("The armature lies on its side in its rest pose", "Rotate the object so that it stands up")
        # The floor is the ankle's height below the ankles, and these below the hips.
        ankles = 0.5 * (self.heads["left_ankle"] + self.heads["right_ankle"])
        drop = (self.hip_middle - ankles) @ self.up + self.ankle_height
        origin = rig.world[:3, :3] @ self.hip_middle + rig.world[:3, 3]
        origin[1] = (rig.world[:3, :3] @ (self.hip_middle - drop * self.up) + rig.world[:3, 3])[1]
        return rot.frame(flat, np.array([0.0, 1.0, 0.0])), origin


def read_rest(rig: Rig, mapping: Mapping) -> RestBody:
    """Measure ``rig`` in its rest pose.

    Raises RigError for bones without length or hips without width.
    """
    heads = {joint: rig.heads[rig.index[bone]] for joint, bone in mapping.bones.items()}
    axes = _canonical_axes(heads)
    canonical = skeleton.rest_joints() @ axes.T
    leg = 0.5 * sum(
        np.linalg.norm(heads[f"{side}_{lower}"] - heads[f"{side}_{upper}"])
        for side in SIDES
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
    )
    directions = _limb_directions(rig, mapping, heads, leg)
    hinges = {upper: _rest_hinge(upper, directions, canonical, axes) for upper in HINGES if upper in directions}
    ground = _upright(axes, rig.world[:3, :3])
    ankles = 0.5 * (heads["left_ankle"] + heads["right_ankle"]) @ ground[:, 1]
    return RestBody(
        heads=heads,
        axes=axes,
        ground=ground,
        canonical=canonical,
        directions=directions,
        hinges=hinges,
        foot_frames={side: _foot_frames(directions[f"{side}_ankle"], ground, side) for side in SIDES},
        leg=float(leg),
        scale=float(np.cbrt(np.linalg.det(rig.world[:3, :3]))),
        ankle_height=float(ankles - _floor(heads, ground[:, 1], leg)),
    )


def _canonical_axes(heads: dict[str, np.ndarray]) -> np.ndarray:
    """Return the turn (3, 3) that best carries the canonical body's torso directions onto the rig's.

    Directions, not places, so that proportions do not matter: across hips and shoulders, and along the spine.
    Wahba's problem, solved by singular value decomposition (Markley 1988).
    """
    rest = dict(zip(skeleton.JOINT_NAMES, skeleton.rest_joints(), strict=True))
    spine = [joint for joint in ("pelvis", "spine1", "spine2", "spine3", "neck") if joint in heads]
    pairs = [*pairwise(spine), ("right_hip", "left_hip"), ("right_shoulder", "left_shoulder")]
    profile = np.zeros((3, 3))  # Wahba's attitude profile: the sum of outer products, rig by canonical
    for start, end in pairs:
        if start in heads and end in heads:
            vector = rest[end] - rest[start]
            profile += np.outer(rot.unit(heads[end] - heads[start]), vector)
    if len(spine) < 2:
        legs = [heads[f"{side}_ankle"] - heads[f"{side}_hip"] for side in SIDES]
        profile += np.outer(rot.unit(legs[0] + legs[1]), (0.0, -1.0, 0.0))
    left, values, right = np.linalg.svd(profile)
    if values[1] < 1e-3 or np.linalg.norm(heads["left_hip"] - heads["right_hip"]) < 1e-9:
        raise RigError("The armature's hip bones start at one point", "Select an armature with a humanoid rest pose")
    return left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right


def _upright(axes: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Return ``axes`` turned the least so that their up is that of the floor the rig rests on.

    Rigs are built along an axis of armature space, and stand along the world's up, unless the object has been
    turned since: the nearer of the two to the trunk, or the trunk's own way when both are far (FAR_LEAN).
    """
    trunk = axes[:, 1]
    built = np.sign(trunk) * np.eye(3)[np.abs(trunk).argmax()]
    stands = np.linalg.inv(linear) @ np.array([0.0, 1.0, 0.0])
    up = max((rot.unit(built), rot.unit(stands)), key=lambda way: trunk @ way)
    return rot.swing(trunk, up) @ axes if trunk @ up > np.cos(FAR_LEAN) else axes


def _limb_directions(rig: Rig, mapping: Mapping, heads: dict, leg: float) -> dict[str, np.ndarray]:
    """Return the rest direction of every mapped bone: to the next mapped joint that lies apart, else along a bone.

    Trunk, collars and feet may have joints at one point, as skeletons of many makes do. Raises RigError for an arm or a
    leg that has.
    """
    directions = {}
    for joint, bone in mapping.bones.items():
        child = CHILD.get(joint)
        if child not in heads:
            directions[joint] = rot.unit(rig.rest[rig.index[bone], :3, 1])
            continue
        apart = [below for below in _below(joint) if below in heads and _apart(heads, joint, below, leg)]
        together = child not in apart
        if together and (joint in LIMB_JOINTS or leg <= 0):
            raise RigError(
                f"Bone {bone!r} has no length: {mapping.bones[child]!r} starts where it does",
                "Choose other bones in Bone Mapping, or move them apart in Edit Mode",
            )
        if apart:
            directions[joint] = rot.unit(heads[apart[0]] - heads[joint])
        else:
            directions[joint] = rot.unit(rig.rest[rig.index[mapping.bones[child]], :3, 1])
    return directions


def _below(joint: str) -> list[str]:
    """Return the joints after ``joint`` on the way to the end of its chain, the nearest first."""
    found = []
    while joint in CHILD:
        joint = CHILD[joint]
        found.append(joint)
    return found


def _apart(heads: dict[str, np.ndarray], first: str, second: str, leg: float) -> bool:
    return bool(np.linalg.norm(heads[second] - heads[first]) >= NEAR * leg > 0)


def _rest_hinge(upper: str, directions: dict, canonical: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return the bend axis of elbow or knee at rest: the limb's own bend, or the canonical axis swung to it."""
    lower = CHILD[upper]
    along = directions[upper]
    straight = rot.unit(canonical[J[lower]] - canonical[J[upper]])
    hinge = rot.swing(straight, along) @ axes @ HINGES[upper]
    if lower in directions:
        bend = np.cross(along, directions[lower])
        if np.linalg.norm(bend) > np.sin(CLEAR_BEND) and bend @ hinge > 0:
            hinge = bend
    return rot.unit(hinge - along * (along @ hinge))


def _foot_frames(direction: np.ndarray, axes: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the canonical foot's frame and the rig's, each along its foot and across it.

    The rig's foot, flat at rest, is given the canonical foot's slope. Where it points steeply down at rest
    it does not stand flat, and is matched by its direction alone.
    """
    source = rot.unit(skeleton.REST_OFFSETS[J[f"{side}_foot"]])
    up = np.array([0.0, 1.0, 0.0])
    local = axes.T @ direction
    ahead = rot.unit(np.array([local[0], 0.0, local[2]]))
    standing = source[1] * up + np.sqrt(1 - source[1] ** 2) * ahead
    if abs(local[1]) > np.sin(FLAT_FOOT):
        standing = local
        ahead = np.array([0.0, 0.0, 1.0])
    source_frame = rot.frame(source, np.cross(up, source))
    return axes @ source_frame, axes @ rot.frame(standing, np.cross(up, ahead))


def _floor(heads: dict, up: np.ndarray, leg: float) -> float:
    """Return the height along ``up`` of the floor under the rest pose.

    The armature's origin, if the toes (or else the ankles) stand on or just over it; otherwise the toes.
    """
    feet = [heads[f"{side}_foot"] @ up for side in SIDES if f"{side}_foot" in heads]
    lowest = min(feet or [heads[f"{side}_ankle"] @ up for side in SIDES])
    return 0.0 if -0.02 * leg <= lowest <= 0.2 * leg else float(lowest)
