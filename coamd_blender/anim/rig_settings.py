"""What the .blend keeps of retargeting: how motions are carried, and an armature's own mapping and rest pose."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    StringProperty,
)

_OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}
_LIST = {"LIBRARY_OVERRIDABLE", "USE_INSERTION"}


class COAMD_PG_joint(bpy.types.PropertyGroup):
    """A joint and the bone that plays it; ``name`` is the joint's, an empty ``bone`` means none."""

    bone: StringProperty(name="Bone", description="The bone that plays this part of the body", override=_OVERRIDABLE)


class COAMD_PG_held_bone(bpy.types.PropertyGroup):
    """A bone of the captured rest pose; ``name`` is the bone's, ``turn`` its basis rotation (w, x, y, z)."""

    turn: FloatVectorProperty(size=4, default=(1, 0, 0, 0), override=_OVERRIDABLE)


class COAMD_PG_rig(bpy.types.PropertyGroup):
    """An armature's own mapping, ``object.coamd_rig``. Without ``joints`` the bones are found by name and shape."""

    joints: CollectionProperty(type=COAMD_PG_joint, override=_LIST)
    label: StringProperty(name="Mapping", description="Name of the mapping", override=_OVERRIDABLE)
    rest: CollectionProperty(type=COAMD_PG_held_bone, override=_LIST)


class COAMD_PG_carry(bpy.types.PropertyGroup):
    """How motions are carried onto a character, ``scene.coamd.carry``."""

    travel: EnumProperty(
        name="Travel",
        description="What carries the way over the floor",
        items=(
            ("hips", "Hips", "The hips go, as in a recording"),
            ("root", "Root Bone", "The topmost bone above the hips goes, the hips only sway and bob over it"),
            ("object", "Object", "The armature object goes"),
        ),
        default="hips",
    )
    scale_travel: BoolProperty(
        name="Scale to Legs",
        description="Scale the way over the floor by the length of the character's legs. Off: the metres of the "
        "motion, so that two characters keep their distance, though feet may then slide",
        default=True,
    )
    floor: BoolProperty(
        name="Keep to Floor",
        description="Lift or lower the motion onto the floor, and keep toes above it",
        default=True,
    )
    clear_hands: BoolProperty(
        name="Hands Off Torso",
        description="Push hands, forearms and elbows out of the torso of a character that is stouter than the motion's "
        "body. How stout it is is guessed from hips and shoulders",
        default=False,
    )
    output: EnumProperty(
        name="Output",
        description="Where the keys go",
        items=(
            ("action", "New Action", "An Action of its own; the one in use stays in the file"),
            ("replace", "Replace Range", "A copy of the Action in use with the keys of this range replaced"),
            ("strip", "NLA Strip", "A strip above what the armature does already"),
        ),
        default="action",
    )
    reduce: BoolProperty(
        name="Reduce Keys", description="Leave keys out where curves stay within the tolerance", default=False
    )
    tolerance: FloatProperty(
        name="Tolerance (degrees)",
        description="By how much a bone may miss its rotation at any frame where keys are left out",
        default=0.5,
        min=0.01,
        soft_max=5.0,
        precision=2,
        step=10,
    )
    limbs: EnumProperty(
        name="Limb Controls",
        description="Which controls of a generated rig are keyed for its arms and legs",
        items=(
            ("fk", "FK", "Each bone's own control turns it"),
            ("ik", "IK", "Hands and feet are placed, and poles beside elbows and knees"),
        ),
        default="fk",
    )
    switch: BoolProperty(
        name="Switch Limbs",
        description="Key the IK/FK switches of a control rig, so that its limbs follow the controls that are keyed",
        default=True,
    )


def carry_options(settings) -> dict:
    """What bake.read_target takes of the scene's settings (``scene.coamd``)."""
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
    }


def own_joints(armature) -> dict[str, str]:
    """Joint to bone of the armature's own mapping, joints without a bone left out; empty where it has none."""
    return {entry.name: entry.bone for entry in armature.coamd_rig.joints if entry.bone}


def captured_rest(armature) -> dict | None:
    """Bone to basis quaternion (4,) of the captured rest pose, or None without one."""
    import numpy as np

    return {entry.name: np.array(entry.turn, dtype=float) for entry in armature.coamd_rig.rest} or None
