"""Settings of what leads a motion: a hold, which Edit has as well, and the places and poses of a new motion."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

HOLDS = (
    ("left_wrist", "Left Hand", "The head of the left hand's bone: the wrist"),
    ("right_wrist", "Right Hand", "The head of the right hand's bone: the wrist"),
    ("left_ankle", "Left Foot", "The head of the left foot's bone: the ankle"),
    ("right_ankle", "Right Foot", "The head of the right foot's bone: the ankle"),
)


class HoldSettings:
    """A hand or a foot held at an object over some frames: what settings have that inherit it."""

    hold_target: PointerProperty(
        name="Hold At",
        description="An object, moving or not, at whose origin, or at whose bone, a hand or a foot is held",
        type=bpy.types.Object,  # no poll: with one Blender 4.2 crashes at its exit
    )
    hold_bone: StringProperty(
        name="Bone", description="Of another armature, at whose head it is held; empty for the armature's origin"
    )
    hold_joint: EnumProperty(name="Hold", description="What is held at the object", items=HOLDS)
    hold_first: IntProperty(name="From", description="First frame at the object, inside the range", default=1)
    hold_last: IntProperty(name="To", description="Last frame at the object, inside the range", default=60)


class COAMD_PG_place(bpy.types.PropertyGroup):
    """A place on the ground that the character passes: that of ``object``, at ``frame`` if ``use_frame``."""

    object: PointerProperty(
        name="Place", description="The pelvis passes over this object's origin", type=bpy.types.Object
    )
    use_frame: BoolProperty(
        name="At a Frame",
        description="Be there at a frame of your choice. Off: as far along the time as the place is along the way",
    )
    frame: IntProperty(name="Frame", description="When the character is there", default=60)
    facing: BoolProperty(
        name="Facing",
        description="Look there where the object looks: along its local -Y, as a character does that faces the front "
        "view. Off: where the way goes",
    )


class COAMD_PG_guides(HoldSettings, bpy.types.PropertyGroup):
    """What leads the next generation, ``scene.coamd.guides``."""

    start_in_pose: BoolProperty(
        name="Start in This Pose",
        description="Begin exactly in the pose that the character has at the first frame, keyed or not. Of a fresh "
        "start: a motion that continues does so anyway",
    )
    keep_poses: BoolProperty(
        name="Keep Poses at Markers",
        description="Go exactly through the poses that the character has at the timeline markers within the frames of "
        "the motion",
    )
    places: CollectionProperty(type=COAMD_PG_place)


CLASSES = (COAMD_PG_place, COAMD_PG_guides)
