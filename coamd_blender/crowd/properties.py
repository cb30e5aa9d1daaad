"""Settings of several characters, kept in the .blend: the scene's, and each character's own sentence."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..wire import limits

MOST_COPIES = 200


class COAMD_PG_member(bpy.types.PropertyGroup):
    """Kept in the armature object as ``armature.coamd_member``."""

    prompt: StringProperty(
        name="Sentence",
        description="What this character does, in one English sentence; empty for the sentence of Generate Motion",
        options={"TEXTEDIT_UPDATE"},
    )


class COAMD_PG_crowd(bpy.types.PropertyGroup):
    """Kept in the scene as ``scene.coamd_crowd``."""

    sentences: EnumProperty(
        name="Sentences",
        description="What the selected characters do",
        items=(
            ("SHARED", "Shared", "All do what Generate Motion says, each in its own way"),
            ("OWN", "Own", "Each has a sentence of its own"),
        ),
    )
    keep_apart: BoolProperty(
        name="Keep Apart",
        description="Of the draws take those in which none walks into another, and let motions set out another way "
        "where that is needed. Motions are turned as a whole: no foot slides for it",
        default=True,
    )
    apart: FloatProperty(
        name="Distance",
        description="How near the hips of two characters may come",
        default=0.9,
        min=0.0,
        soft_max=5.0,
        subtype="DISTANCE",
    )
    count: IntProperty(
        name="Copies", description="Copies of the character to add", default=8, min=1, soft_max=50, max=MOST_COPIES
    )
    spacing: FloatProperty(
        name="Spacing",
        description="How far apart the members of a crowd stand at least",
        default=1.5,
        min=0.1,
        soft_max=10.0,
        subtype="DISTANCE",
    )
    facing: FloatProperty(
        name="Facing",
        description="By how many degrees at most a copy looks another way than the character",
        default=180.0,
        min=0.0,
        max=180.0,
        precision=0,
    )
    seed: IntProperty(
        name="Seed", description="The same seed puts the copies in the same places", min=0, max=limits.LARGEST_SEED
    )


CLASSES = (COAMD_PG_member, COAMD_PG_crowd)
POINTERS = (
    (bpy.types.Scene, "coamd_crowd", PointerProperty(type=COAMD_PG_crowd)),
    (bpy.types.Object, "coamd_member", PointerProperty(type=COAMD_PG_member)),
)
