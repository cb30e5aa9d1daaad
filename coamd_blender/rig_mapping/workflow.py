"""The mapping editor's work: an armature's own mapping filled, picked, swapped, saved and loaded. Thin on bpy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import bpy

from ..anim import by_motion, rig_settings, targets
from ..errors import InputError, RigError
from ..motion.skeleton import JOINT_NAMES, MIRROR
from ..retarget import Mapping, load_mapping, make_mapping, save_mapping
from ..retarget.mapping import REQUIRED, match_preset, named_presets
from ..setup import preferences

OWN = "Own mapping"
NOT_ONE = "The mapping that the file holds of this armature is not one"
# What the editor calls the bones: of the middle by joint, of the limbs by joint without its side.
LABELS = {
    "pelvis": "Hips",
    "spine1": "Spine",
    "spine2": "Upper Spine",
    "spine3": "Chest",
    "neck": "Neck",
    "head": "Head",
    "collar": "Shoulder",
    "shoulder": "Upper Arm",
    "elbow": "Forearm",
    "wrist": "Hand",
    "hip": "Thigh",
    "knee": "Shin",
    "ankle": "Foot",
    "foot": "Toes",
}


def fill(armature: bpy.types.Object, bones: dict[str, str], label: str) -> None:
    """Make ``bones`` (joint to bone) the armature's own mapping."""
    rig_settings.set_own_joints(armature, bones, label)


def is_whole(armature: bpy.types.Object) -> bool:
    """Return whether the armature's own mapping has an entry for each joint, as :func:`fill` makes them."""
    return tuple(entry.name for entry in armature.coamd_rig.joints) == tuple(JOINT_NAMES)


def _require_whole(armature: bpy.types.Object) -> None:
    if not is_whole(armature):
        raise RigError(NOT_ONE, "Press Detect")


def start(armature: bpy.types.Object) -> None:
    """Begin an own mapping with what is found by name and shape, or by the Action's motion; empty where too little is.

    Raises RigError for a generated control rig, whose controls are known as a whole.
    """
    covered = targets.coverage(armature)
    found = covered.mapping
    if targets.control_table(covered) is not None:
        raise RigError(f"{covered.preset}: its controls are found as a whole", "There is nothing to map by hand")
    bones = found.bones if found is not None else by_motion.bones_by_motion(armature)
    fill(armature, bones or {}, OWN)


def forget(armature: bpy.types.Object) -> None:
    """Go back to what is found by name and shape."""
    armature.coamd_rig.joints.clear()
    armature.coamd_rig.label = ""


def give(armature: bpy.types.Object, joint: str, bone: str) -> None:
    """Give ``bone`` to ``joint``.

    Raises RigError where another joint has it, since nothing is overwritten silently, InputError for no joint of ours.
    """
    if joint not in JOINT_NAMES:
        raise InputError(f"No joint is called {joint!r}", f"Joints are: {', '.join(JOINT_NAMES)}")
    if not armature.coamd_rig.joints:
        start(armature)
    _require_whole(armature)
    taken = next((entry for entry in armature.coamd_rig.joints if entry.bone == bone and entry.name != joint), None)
    if taken is not None:
        raise RigError(f"Bone {bone!r} is given to {label_of(taken.name)} already", "Clear it there first")
    armature.coamd_rig.joints[joint].bone = bone


def swap_sides(armature: bpy.types.Object) -> None:
    """Exchange the bones of left and right."""
    _require_whole(armature)
    bones = {entry.name: entry.bone for entry in armature.coamd_rig.joints}
    for number, joint in enumerate(JOINT_NAMES):
        armature.coamd_rig.joints[joint].bone = bones[JOINT_NAMES[MIRROR[number]]]


def problems(armature: bpy.types.Object) -> list[str]:
    """Lines on what is wrong with the armature's own mapping: bones given twice, bones it lacks, joints it needs."""
    bones = rig_settings.own_joints(armature)
    holders: dict[str, list[str]] = {}
    for joint, bone in bones.items():
        holders.setdefault(bone, []).append(label_of(joint))
    lines = [f"{bone} is given to {' and '.join(joints)}" for bone, joints in holders.items() if len(joints) > 1]
    known = armature.data.bones
    lines += [f"There is no bone {bone} ({joints[0]})" for bone, joints in holders.items() if bone not in known]
    lines += [f"{label_of(joint)} needs a bone" for joint in REQUIRED if joint not in bones]
    return lines


def _names(armature: bpy.types.Object) -> set[str]:
    return set(armature.data.bones.keys())


def label_of(joint: str) -> str:
    """Return what the editor calls the bone of a joint, its side included."""
    side, _, name = joint.partition("_")
    return f"{side.title()} {LABELS[name].lower()}" if name in LABELS else LABELS[joint]


def folder() -> Path:
    """Return where the user's own mappings lie, made when missing; where it cannot be, saving into it tells so."""
    found = preferences.user_folder() / "mappings"
    with suppress(OSError):
        found.mkdir(parents=True, exist_ok=True)
    return found


def saved() -> list[Path]:
    """Return the user's own mappings, by name."""
    return sorted(folder().glob("*.json"))


def save(armature: bpy.types.Object, path: Path) -> Path:
    """Write the armature's mapping, own or found, to ``path``. Raises RigError for one that is not whole."""
    if armature.coamd_rig.joints:
        mapping = make_mapping(path.stem, rig_settings.own_joints(armature))
    else:
        found = targets.coverage(armature)
        if found.mapping is None:
            raise found.error
        mapping = make_mapping(path.stem, found.mapping.bones)
    return save_mapping(mapping, path)


def load(armature: bpy.types.Object, path: Path) -> list[str]:
    """Make the mapping in a file the armature's own; return its bones that the armature lacks, which are left out.

    Raises InputError or RigError, and changes nothing, for a file that is none or that fits another rig.
    """
    return _apply(armature, load_mapping(path), path.stem)


def use_preset(armature: bpy.types.Object, label: str) -> list[str]:
    """Make what a built-in table finds the armature's own mapping. Raises InputError where there is no such table."""
    preset = next((preset for preset in named_presets() if preset["label"] == label), None)
    if preset is None:
        raise InputError(f"There is no mapping {label!r}", "Choose one from the list")
    return _apply(armature, match_preset(preset, list(armature.data.bones.keys())), label)


def _apply(armature: bpy.types.Object, mapping: Mapping, label: str) -> list[str]:
    known = _names(armature)
    fitting = {joint: bone for joint, bone in mapping.bones.items() if bone in known}
    lacking = [joint for joint in REQUIRED if joint not in fitting]
    if lacking:
        count = f"{len(fitting)} of {len(JOINT_NAMES)} joints"
        raise RigError(
            f"{label} fits this armature in {count}, not in {label_of(lacking[0])}", "Choose another mapping"
        )
    fill(armature, fitting, label)
    return sorted(set(mapping.bones.values()) - known)


def capture_rest(armature: bpy.types.Object) -> int:
    """Keep the pose the armature is in as the one in which it stands like a T or an A; return how many bones turn."""
    settings = armature.coamd_rig
    turned = [bone for bone in armature.pose.bones if abs(_turn(bone)[0]) < 1 - 1e-6]
    settings.rest.clear()
    for bone in turned:
        entry = settings.rest.add()
        entry.name, entry.turn = bone.name, _turn(bone)
    return len(turned)


def _turn(pose_bone: bpy.types.PoseBone) -> Sequence[float]:
    return pose_bone.matrix_basis.to_quaternion().normalized()[:]
