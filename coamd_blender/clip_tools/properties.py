"""Settings of the clip tools, kept in the .blend."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty


class COAMD_PG_clip_tools(bpy.types.PropertyGroup):
    """Kept in the scene as ``scene.coamd_clips``."""

    reach: IntProperty(
        name="Reach", description="Frames to either side over which Smooth averages", default=3, min=1, soft_max=24
    )
    easing: IntProperty(
        name="Easing", description="Frames before the end over which Make Loop leads to the start", default=12, min=2
    )
    factor: FloatProperty(
        name="Times as Long",
        description="How long the Action takes then: 2 is half the speed",
        default=2.0,
        min=0.05,
        max=20.0,
        precision=2,
    )
    other: PointerProperty(name="Go Over Into", description="The Action that Blend leads to", type=bpy.types.Action)
    overlap: IntProperty(
        name="Overlap", description="Frames in which one Action goes over into the other", default=12, min=2
    )
    keep_root: BoolProperty(
        name="Keep Root Motion",
        description="Let the armature object go and turn as the hips did, so that nothing moves in the world. Off: the "
        "way and the turn are left out",
        default=True,
    )
    target: PointerProperty(
        name="Target",
        description="What is looked at, moving or not: an object's origin, or a bone of another character",
        type=bpy.types.Object,  # no poll: with one Blender 4.2 crashes at its exit
    )
    target_bone: StringProperty(
        name="Bone", description="The target's bone that is looked at; empty for its head, where it has one"
    )
    look_with: EnumProperty(
        name="With",
        description="What turns to the target",
        items=(
            ("BOTH", "Head and Eyes", "Neck and head, and eyes where the character has bones for them"),
            ("HEAD", "Head", "Neck and head"),
            ("EYES", "Eyes", "The eyes alone"),
        ),
    )
    look_easing: IntProperty(
        name="Turn In", description="Frames in which the head turns to the target, and back", default=8, min=1
    )


CLASSES = (COAMD_PG_clip_tools,)
POINTERS = ((bpy.types.Scene, "coamd_clips", PointerProperty(type=COAMD_PG_clip_tools)),)
