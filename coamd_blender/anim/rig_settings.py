"""What the .blend keeps of retargeting (rig_mapping/properties.py), read for the code that retargets."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..errors import RigError
from ..motion import skeleton


def retarget_options(settings: bpy.types.PropertyGroup) -> dict[str, Any]:
    """Return what write_action.read_target takes of the scene's settings (``scene.coamd``)."""
    carry = settings.carry
    return {
        "contact": settings.contact,
        "place": settings.place,
        "in_place": settings.in_place,
        "travel": carry.travel,
        "scale_travel": carry.scale_travel,
        "floor": carry.floor,
        "clear_hands": carry.clear_hands,
        "output": carry.output,
        "tolerance": carry.tolerance if carry.reduce else None,
        "limbs": carry.limbs,
        "switch": carry.switch,
        "fingers": None if carry.fingers == "leave" else carry.fingers,
    }


def own_joints(armature: bpy.types.Object) -> dict[str, str]:
    """Return joint to bone of the armature's own mapping, joints without a bone left out; empty where it has none."""
    return {entry.name: entry.bone for entry in armature.coamd_rig.joints if entry.bone}


def set_own_joints(armature: bpy.types.Object, bones: dict[str, str], label: str) -> None:
    """Make ``bones`` (joint to bone) the armature's own mapping, called ``label``."""
    settings = armature.coamd_rig
    settings.joints.clear()
    for joint in skeleton.JOINT_NAMES:
        entry = settings.joints.add()
        entry.name, entry.bone = joint, bones.get(joint, "")
    settings.label = label


def captured_rest(armature: bpy.types.Object) -> dict[str, np.ndarray] | None:
    """Return bone to basis quaternion (4,) of the captured rest pose, or None without one.

    Raises RigError where the file holds what is not a rotation.
    """
    found = {entry.name: np.array(entry.turn, dtype=float) for entry in armature.coamd_rig.rest}
    if not all(0.5 < np.linalg.norm(turn) < 2.0 for turn in found.values()):  # nor for what is not a number
        raise RigError(
            "The rest pose that the file holds of this armature is not one",
            "Press the cross beside it, then capture it again",
        )
    return found or None
