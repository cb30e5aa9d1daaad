"""A reference pose: the rig standing like the canonical body, captured by the user, in place of its rest pose.

Some rigs rest in a pose from which no direction can be read: hands on hips, a crouch, legs crossed. The user
poses such a rig as a T or an A and captures the pose. The rig is then solved as if that were its rest pose,
and the captured rotation is put before each bone's own.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import replace

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from .rig import Rig, forward_kinematics


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
