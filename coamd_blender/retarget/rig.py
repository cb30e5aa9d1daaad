"""A rig as numbers, and its forward kinematics as Blender computes them.

``rest`` matrices are in armature space (whatever axes the armature uses); ``world`` takes armature space to
world space in metres with Y up, so nothing here knows Blender's axes. A pose is, for every bone, a quaternion
and a location in the bone's own basis (Blender's ``matrix_basis``).
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot


@dataclass(frozen=True)
class Rig:
    """Bones of one armature, parents before children.

    names: B bone names. parents: (B,) int, -1 for none. rest: (B, 4, 4) armature space, the bone along its Y.
    lengths: (B,). world: (4, 4) armature space to Y-up world. rotation_modes: B of Blender's rotation modes.
    connected, inherit_rotation, local_location: (B,) bool, Blender's bone flags.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray
    lengths: np.ndarray
    world: np.ndarray
    rotation_modes: tuple[str, ...]
    connected: np.ndarray
    inherit_rotation: np.ndarray
    local_location: np.ndarray

    def __post_init__(self) -> None:
        if not self.names:
            raise RigError("The armature has no bones", "Add bones, or select another armature")
        if not (np.isfinite(self.rest).all() and np.isfinite(self.world).all()):
            raise RigError("The armature has bones or a transform that are not finite", "Clear its scale and rotation")
        determinant = np.linalg.det(self.world[:3, :3])
        if abs(determinant) < 1e-18:
            raise RigError("The armature object is scaled to zero", "Set its scale to 1")
        if determinant < 0:
            raise RigError("The armature object is mirrored by a negative scale", "Apply its scale (Ctrl+A, Scale)")

    @cached_property
    def index(self) -> dict[str, int]:
        """Bone name to index."""
        return {name: number for number, name in enumerate(self.names)}

    @property
    def heads(self) -> np.ndarray:
        """(B, 3) rest heads, armature space and units."""
        return self.rest[:, :3, 3]

    @property
    def tails(self) -> np.ndarray:
        """(B, 3) rest tails, armature space and units."""
        return self.heads + self.rest[:, :3, 1] * self.lengths[:, None]

    def ancestors(self, bone: int) -> list[int]:
        """Return the bones above ``bone``, nearest first."""
        found = []
        while self.parents[bone] >= 0:
            bone = int(self.parents[bone])
            found.append(bone)
        return found


def simple_rig(
    names: Sequence[str],
    parents: Sequence[int] | np.ndarray,
    rest: np.ndarray,
    lengths: np.ndarray | None = None,
    world: np.ndarray | None = None,
    modes: Sequence[str] | None = None,
) -> Rig:
    """Build a Rig with Blender's default bone flags: free, inheriting rotation, local location.

    ``parents`` (B,) are indices, -1 for none; ``rest`` (B, 4, 4) is armature space; ``lengths`` (B,), armature units,
    default to 0.1, ``world`` (4, 4) to the identity, ``modes`` to QUATERNION.
    """
    count = len(names)
    return Rig(
        names=tuple(names),
        parents=np.asarray(parents, dtype=int),
        rest=np.asarray(rest, dtype=float),
        lengths=np.full(count, 0.1) if lengths is None else np.asarray(lengths, dtype=float),
        world=np.eye(4) if world is None else np.asarray(world, dtype=float),
        rotation_modes=tuple(modes or ["QUATERNION"] * count),
        connected=np.zeros(count, dtype=bool),
        inherit_rotation=np.ones(count, dtype=bool),
        local_location=np.ones(count, dtype=bool),
    )


def hang(rig: Rig, carriers: Table[str, str]) -> Rig:
    """Return ``rig`` with bones that have no parent hung from those that ``carriers`` (bone to bone) name.

    The order of the bones may be another, parents before children still. A bone that hangs from what would carry it is
    left as it is.
    """
    parents = np.array(rig.parents)
    for name, carrier in carriers.items():
        bone, above = rig.index[name], rig.index[carrier]
        if parents[bone] < 0 and bone not in _upwards(parents, above):
            parents[bone] = above
    if np.array_equal(parents, rig.parents):
        return rig
    depths = [len(_upwards(parents, bone)) for bone in range(len(parents))]
    order = np.argsort(depths, kind="stable")
    places = np.argsort(order)
    every = {part.name: getattr(rig, part.name) for part in fields(rig)}
    moved = {name: value[order] for name, value in every.items() if isinstance(value, np.ndarray) and name != "world"}
    moved["parents"] = np.where(parents < 0, -1, places[parents])[order]
    named = {name: tuple(every[name][bone] for bone in order) for name in ("names", "rotation_modes")}
    return replace(rig, **moved, **named)


def _upwards(parents: np.ndarray, bone: int) -> list[int]:
    """Return ``bone`` and those above it, nearest first."""
    found = []
    while bone >= 0:
        found.append(int(bone))
        bone = parents[bone]
    return found


def forward_kinematics(rig: Rig, quaternions: np.ndarray, locations: np.ndarray | None = None) -> np.ndarray:
    """Pose the rig: return the matrices (F, B, 4, 4) of its bones in armature space.

    quaternions: (F, B, 4) basis rotations. locations: (F, B, 3) basis locations, zero where None. Follows Blender's
    bone_parent_transform rules for connected bones, for bones that do not inherit rotation and for bones whose location
    is not local; scale is not modelled.
    """
    frames = len(quaternions)
    turns = rot.matrix_from_quaternion(quaternions)
    pose = np.zeros((frames, len(rig.names), 4, 4))
    pose[..., 3, 3] = 1
    relatives = np.linalg.inv(rig.rest[rig.parents]) @ rig.rest  # of those that have a parent
    for bone, parent in enumerate(rig.parents):
        # What the bone does without channels of its own: as at rest, or as its parent carries it.
        rest = rig.rest[bone]
        origin, turn, axes = rest[:3, 3], rest[:3, :3], rest[:3, :3] if rig.local_location[bone] else np.eye(3)
        if parent >= 0:
            above = pose[:, parent, :3, :3]
            relative = relatives[bone]
            origin = above @ relative[:3, 3] + pose[:, parent, :3, 3]
            inherited = above @ relative[:3, :3]
            turn = inherited if rig.inherit_rotation[bone] else turn
            axes = turn if rig.local_location[bone] else above
        # Its own channels on top.
        pose[:, bone, :3, :3] = turn @ turns[:, bone]
        pose[:, bone, :3, 3] = origin
        if locations is not None and not rig.connected[bone]:
            pose[:, bone, :3, 3] += rot.rotate(axes, locations[:, bone])
    return pose
