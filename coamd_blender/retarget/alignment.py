"""A pose in which the rig stands like the canonical body, captured by the user, in place of its rest pose.

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


def captured(rig: Rig, alignment: Table[str, np.ndarray] | None) -> np.ndarray:
    """Return the captured basis quaternions of all bones (B, 4); bones that ``alignment`` does not name rest.

    Raises RigError for a bone the rig lacks or numbers that are no rotation.
    """
    found = np.tile(rot.IDENTITY, (len(rig.names), 1))
    for name, quaternion in (alignment or {}).items():
        value = np.asarray(quaternion, dtype=float)
        if name not in rig.index:
            raise RigError(f"The alignment pose names a bone {name!r} the armature lacks", "Capture the pose again")
        if value.shape != (4,) or not np.isfinite(value).all() or np.linalg.norm(value) < 1e-6:
            raise RigError(f"The alignment pose of {name!r} is not a rotation", "Capture the pose again")
        found[rig.index[name]] = rot.unit(value)
    return found


def align_rig(rig: Rig, quaternions: np.ndarray) -> Rig:
    """Return ``rig`` with the pose of basis ``quaternions`` (B, 4) as its rest pose."""
    return replace(rig, rest=forward_kinematics(rig, quaternions[None])[0])


def unalign(rig: Rig, quaternions: np.ndarray, bones: list[int], solved: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Turn basis rotations ``solved`` (F, N, 4) of an aligned rig's ``bones`` into those of the rig itself.

    Captured bones that were not solved keep their captured rotation throughout and join the result.
    """
    turned = np.flatnonzero(np.abs(quaternions[:, 0]) < 1 - 1e-9)
    held = [int(bone) for bone in turned if bone not in set(bones)]
    solved = rot.multiply(quaternions[bones], solved)
    constant = np.broadcast_to(quaternions[held], (len(solved), len(held), 4))
    return [*bones, *held], np.concatenate([solved, constant], axis=1)
