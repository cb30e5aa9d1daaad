"""Settings of editing, and the edit that waits to be accepted; kept in the .blend."""

import bpy
from bpy.props import (
    BoolProperty,
    BoolVectorProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..blocks.properties import LOOPS
from ..guides.properties import HoldSettings
from ..wire import limits
from ..wire.edit_modes import DEFAULT_MODE, EDIT_MODES

JOINTS = 22  # skeleton.JOINT_COUNT; numpy is not loaded at registration

MODES = tuple((name, mode.label, mode.description) for name, mode in EDIT_MODES.items())
SOURCES = (
    ("PREVIEW", "Preview Range", "The timeline's preview range (P in a timeline)"),
    ("MARKERS", "Selected Markers", "From one selected timeline marker to the other"),
    ("KEYS", "Selected Keys", "From the first to the last selected key of the Action"),
    ("FRAMES", "Frames", "From one frame to another"),
)
PARTS = (
    ("whole", "Whole Body", "Everything moves anew, the way over the floor too"),
    ("upper_body", "Upper Body", "Spine, head and arms; pelvis and legs stay"),
    ("lower_body", "Legs", "Both legs; everything above stays"),
    ("arms", "Arms", "Both arms"),
    ("left_arm", "Left Arm", "The left arm"),
    ("right_arm", "Right Arm", "The right arm"),
    ("left_leg", "Left Leg", "The left leg"),
    ("right_leg", "Right Leg", "The right leg"),
    ("custom", "Custom", "Joints of your choice, each with those that hang on it"),
)


class COAMD_PG_scene(bpy.types.PropertyGroup):
    """One scene of a storyboard, as files before the track of blocks have them (blocks/tracks.py takes them over)."""

    prompt: StringProperty(
        name="Prompt", description="What happens, in one English sentence", options={"TEXTEDIT_UPDATE"}
    )
    seconds: FloatProperty(
        name="Seconds",
        description="How long it lasts",
        default=3.0,
        min=limits.SHORTEST_SCENE,
        soft_max=20.0,
        max=limits.LONGEST_SCENE,
        precision=1,
    )


class COAMD_PG_edit(HoldSettings, bpy.types.PropertyGroup):
    """Kept in the scene as ``scene.coamd_edit``. ``preview`` is the edit that waits, a copy of ``source``."""

    mode: EnumProperty(name="Mode", description="What becomes of the range", items=MODES, default=DEFAULT_MODE)
    source_of_range: EnumProperty(name="Range", description="Where the range is taken from", items=SOURCES)
    first: IntProperty(name="First", description="First frame that is made anew", default=1)
    last: IntProperty(name="Last", description="Last frame that is made anew", default=60)
    prompt: StringProperty(
        name="Prompt",
        description="What happens in the range, in one English sentence; empty for whatever fits",
        options={"TEXTEDIT_UPDATE"},
    )
    keep: FloatProperty(
        name="Keep",
        description="How much of the motion stays as a guide",
        default=100 * limits.DEFAULT_KEEP,
        min=0.0,
        max=100.0,
        precision=0,
        subtype="PERCENTAGE",
    )
    part: EnumProperty(name="Body Part", description="What is made anew; the rest of the body stays", items=PARTS)
    joints: BoolVectorProperty(name="Joints", description="Made anew", size=JOINTS)
    keep_poses: BoolProperty(
        name="Keep Poses at Markers",
        description="Go exactly through the poses at the timeline markers inside the range",
    )
    path: PointerProperty(
        name="Path",
        description="A curve on the ground that the pelvis follows over the range",
        type=bpy.types.Object,  # no poll: with one Blender 4.2 crashes at its exit
    )
    seed: IntProperty(
        name="Seed", description="The same seed, range and sentence give the same", min=0, max=limits.LARGEST_SEED
    )
    random_seed: BoolProperty(name="Random Seed", description="Draw a new seed for every edit", default=True)
    keep_source: BoolProperty(
        name="Keep Original",
        description="When accepted, keep the Action as it was under a name of its own",
        default=True,
    )
    preview: PointerProperty(name="Preview", type=bpy.types.Action)
    source: PointerProperty(name="Source", type=bpy.types.Action)
    armature: PointerProperty(name="Armature", type=bpy.types.Object)
    shown_first: IntProperty()
    shown_last: IntProperty()
    notes: StringProperty(name="Notes")
    tool: StringProperty(name="Tool", description="The clip tool that made what waits; empty for an edit")
    scenes: CollectionProperty(type=COAMD_PG_scene)
    loop: EnumProperty(name="Loop", description="How it ends", items=LOOPS)
    in_place: BoolProperty(name="In Place", description="Leave out the travel over the floor")


CLASSES = (COAMD_PG_scene, COAMD_PG_edit)
POINTERS = ((bpy.types.Scene, "coamd_edit", PointerProperty(type=COAMD_PG_edit)),)
