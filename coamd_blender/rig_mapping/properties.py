"""What the .blend keeps of an armature: its own mapping and rest pose."""

import bpy
from bpy.props import CollectionProperty, FloatVectorProperty, PointerProperty, StringProperty

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


CLASSES = (COAMD_PG_joint, COAMD_PG_held_bone, COAMD_PG_rig)
POINTERS = ((bpy.types.Object, "coamd_rig", PointerProperty(type=COAMD_PG_rig, override=_OVERRIDABLE)),)
