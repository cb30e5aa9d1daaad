"""A reference pose: the rig standing like the canonical body, captured by the user, in place of its rest pose.

Some rigs rest in a pose from which no direction can be read: hands on hips, a crouch, legs crossed. The user
poses such a rig as a T or an A and captures the pose. The rig is then solved as if that were its rest pose,
and the captured rotation is put before each bone's own. Where the rest pose is not a stance at all, as of skeletons
whose exporter lays every bone along one axis, a frame of a motion in which the body stands does the same.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import replace

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from .mapping import Mapping
from .rig import Rig, forward_kinematics
from .stance import standing_frames, uprightness, why_not_a_stance

STANDS = 0.86  # cosine of 30 degrees: a body further from upright does not stand


def reference_quaternions(rig: Rig, reference: Table[str, np.ndarray] | None) -> np.ndarray:
    """Return the basis quaternions (B, 4) of all bones in the reference pose.

    reference: bone name to basis quaternion (4,), of any length; bones it does not name rest, and all of them where it
    is None. Raises RigError for a bone that the rig lacks or numbers that are not a rotation.
    """
    found = np.tile(rot.IDENTITY, (len(rig.names), 1))
    for name, quaternion in (reference or {}).items():
        value = np.asarray(quaternion, dtype=float)
        if name not in rig.index:
            raise RigError(f"The reference pose names a bone {name!r} the armature lacks", "Capture the pose again")
        if value.shape != (4,) or not np.isfinite(value).all() or np.linalg.norm(value) < 1e-6:
            raise RigError(f"The reference pose of {name!r} is not a rotation", "Capture the pose again")
        found[rig.index[name]] = rot.unit(value)
    return found


def at_reference(rig: Rig, quaternions: np.ndarray) -> Rig:
    """Return ``rig`` with the pose of basis ``quaternions`` (B, 4) as its rest pose."""
    return replace(rig, rest=forward_kinematics(rig, quaternions[None])[0])


def from_reference(
    rig: Rig, quaternions: np.ndarray, bones: list[int], solved: np.ndarray
) -> tuple[list[int], np.ndarray]:
    """Turn basis rotations of a rig at its reference pose into those of the rig itself.

    quaternions: (B, 4) the reference pose. bones: the N bones that were solved. solved: (F, N, 4) their quaternions.
    Bones that differ from rest in the reference pose and were not solved keep that rotation throughout and join the
    result: the bones, and their quaternions (F, M, 4).
    """
    turned = np.flatnonzero(np.abs(quaternions[:, 0]) < 1 - 1e-9)
    held = [int(bone) for bone in turned if bone not in set(bones)]
    solved = rot.multiply(quaternions[bones], solved)
    constant = np.broadcast_to(quaternions[held], (len(solved), len(held), 4))
    return [*bones, *held], np.concatenate([solved, constant], axis=1)


def why_not_at_rest(rig: Rig, mapping: Mapping) -> str | None:
    """Return why trunk and legs of a rig do not rest as a person stands; None where they do."""
    return why_not_resting({joint: rig.heads[rig.index[bone]] for joint, bone in mapping.bones.items()})


def why_not_resting(heads: Table[str, np.ndarray]) -> str | None:
    """Return why trunk and legs do not rest as a person stands; None where they do.

    heads: joint name to (3,) at rest, any unit. Arms may rest anyhow: they point where the motion's do.
    """
    return why_not_a_stance({joint: head for joint, head in heads.items() if not joint.endswith(("elbow", "wrist"))})


def standing_reference(
    rig: Rig, mapping: Mapping, poses: Table[str, np.ndarray], up: np.ndarray
) -> dict[str, np.ndarray] | None:
    """Return the pose of the frame in which a body stands most nearly, bone to basis quaternion (4,); None without one.

    poses: bone to (F, 4, 4), armature space, of the mapped bones and all above them. up: (3,) unit, armature space.
    """
    places = {joint: poses[bone][:, :3, 3] for joint, bone in mapping.bones.items()}
    frame = int(standing_frames(places, up)[0])
    if not uprightness(places, up)[frame] >= STANDS:
        return None
    found = {}
    for bone, matrices in poses.items():
        index = rig.index[bone]
        parent, rest = int(rig.parents[index]), rig.rest[index, :3, :3]
        above = np.eye(3)
        if parent >= 0 and rig.inherit_rotation[index]:
            above = _turn(poses[rig.names[parent]][frame]) @ rig.rest[parent, :3, :3].T
        found[bone] = rot.quaternion_from_matrix((above @ rest).T @ _turn(matrices[frame]))
    return found


def _turn(matrix: np.ndarray) -> np.ndarray:
    """Return the rotation (3, 3) of a bone's matrix (4, 4), which may scale."""
    return rot.frame(matrix[:3, 1], matrix[:3, 2])[:, [2, 0, 1]]
