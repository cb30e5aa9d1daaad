"""What the panel shows and the .blend keeps: the settings of the next generation, and the takes made so far."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .. import generate
from ..fingers.properties import SHAPES
from ..guides.properties import COAMD_PG_guides
from ..wire import limits


class COAMD_PG_carry(bpy.types.PropertyGroup):
    """How motions are retargeted onto a character, ``scene.coamd.carry``."""

    travel: EnumProperty(
        name="Travel",
        description="What carries the way over the floor",
        items=(
            ("auto", "Automatic", "On the hips, unless vertices or bones above them would be left behind"),
            ("hips", "Hips", "The hips go, as in a recording"),
            ("root", "Root Bone", "The topmost bone above the hips goes, the hips only sway and bob over it"),
            ("object", "Object", "The armature object goes"),
        ),
        default="auto",
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
        description="Which controls of a control rig are keyed for its arms and legs",
        items=(
            ("fk", "FK", "Each bone's own control turns it"),
            ("ik", "IK", "Hands and feet are placed, and poles beside elbows and knees"),
        ),
        default="fk",
    )
    fingers: EnumProperty(
        name="Fingers",
        description="Shape of the hands in a new Action, where the character has fingers",
        items=(("leave", "As They Are", "Fingers get no keys"), *SHAPES),
        default="relaxed",
    )
    switch: BoolProperty(
        name="Switch Limbs",
        description="Key the IK/FK switches of a control rig, so that its limbs follow the controls that are keyed",
        default=True,
    )


class COAMD_PG_style(bpy.types.PropertyGroup):
    """A taught style that can be put on: ``name`` and its file."""

    path: StringProperty(name="File", description="The style's file", subtype="FILE_PATH")
    on: BoolProperty(name="On", description="Make motions in this style", default=True)
    strength: FloatProperty(
        name="Strength",
        description="1 is as it was taught, less is weaker, more exaggerates",
        default=limits.DEFAULT_STRENGTH,
        min=0.0,
        max=limits.LARGEST_STRENGTH,
        step=10,
        precision=2,
    )


class COAMD_PG_take(bpy.types.PropertyGroup):
    """One generated motion: an Action made for an armature. ``name`` is shown in the list. ``rank`` is 0 for the best
    of those made at once, which have the same ``request``."""

    prompt: StringProperty(name="Prompt")
    seed: IntProperty(name="Seed", min=0)
    rank: IntProperty(name="Rank", min=0)
    request: IntProperty(name="Request", description="Those made at once have the same number", min=0)
    styles: StringProperty(name="Styles", description="The styles it was made in, each with its strength")
    action: PointerProperty(name="Action", type=bpy.types.Action)
    armature: PointerProperty(name="Armature", type=bpy.types.Object)


def _keep_action(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Keep the chosen action among those that a changed prompt tells."""
    settings.action = min(settings.action, max(0, len(generate.vocabulary.actions(settings.prompt)) - 1))


class COAMD_PG_settings(bpy.types.PropertyGroup):
    """Settings of the next generation, kept in the scene as ``scene.coamd``.

    ``seconds`` and ``variants`` are not clamped to what the model can do: a script that asks for too much is told so.
    """

    prompt: StringProperty(
        name="Prompt",
        description="What the character does, in one English sentence, or up to four actions in a row: walks, then "
        "sits down, then waves",
        options={"TEXTEDIT_UPDATE"},
        update=_keep_action,
    )
    action: IntProperty(
        name="Action",
        description="Which action of the prompt, from 0, the menu replaces; one past the last adds one",
        min=0,
    )
    seconds: FloatProperty(
        name="Seconds",
        description="Length of the motion",
        default=limits.DEFAULT_SECONDS,
        soft_min=1.0,
        soft_max=30.0,
        step=50,
        precision=1,
    )
    length_in: EnumProperty(
        name="Length",
        description="How the length is given",
        items=(
            ("SECONDS", "Seconds", "So many seconds, to the nearest frame"),
            ("FRAMES", "Frames", "So many frames, to the frame"),
            ("RANGE", "Fit to Range", "From the first to the last frame of the preview range, or else of the scene"),
        ),
    )
    frames: IntProperty(
        name="Frames", description="Length of the motion in frames of the scene", default=144, soft_min=24, soft_max=240
    )
    begin: EnumProperty(
        name="Begin",
        description="What the motion begins with",
        items=(
            (
                "CONTINUE",
                "Continue",
                "Go on from the pose, place and speed at the current frame, where the character moves by then; "
                "what it did until then is kept",
            ),
            ("FRESH", "Fresh Start", "A motion of its own, whatever the character does"),
        ),
    )
    loop: BoolProperty(
        name="Loop",
        description="Let the motion end as it begins, carried on by the way it went unless in place. Of a fresh start "
        "only; stays on for the motions that follow",
    )
    path: PointerProperty(
        name="Path",
        description="A curve on the ground that the pelvis follows",
        type=bpy.types.Object,  # no poll: with one Blender 4.2 crashes at its exit
    )
    guides: PointerProperty(type=COAMD_PG_guides)
    variants: IntProperty(
        name="Draws",
        description="How many different motions to make. The one that the recogniser finds to do best what was asked "
        "is shown, the others are takes",
        default=limits.DEFAULT_DRAWS,
        soft_min=1,
        soft_max=limits.MOST_VARIANTS,
    )
    seed: IntProperty(
        name="Seed",
        description="The same seed, sentence and length give the same motion again",
        min=0,
        max=limits.LARGEST_SEED,
    )
    random_seed: BoolProperty(name="Random Seed", description="Draw a new seed for every generation", default=True)
    guidance: FloatProperty(
        name="Text Weight",
        description="How strictly the motion follows the words; high values exaggerate",
        default=2.5,
        min=0.0,
        max=limits.LARGEST_WEIGHT,
        soft_min=1.0,
        soft_max=8.0,
        step=25,
        precision=2,
    )
    use_guidance: BoolProperty(
        name="Set Text Weight", description="Use your own weight instead of the model's own", default=False
    )
    recognizer_guidance: FloatProperty(
        name="Recognizer Guidance",
        description="How strongly the motion is pulled, while it is made, towards what the recogniser takes for the "
        "words; costs time, and high values distort",
        default=0.5,
        min=0.0,
        max=limits.LARGEST_WEIGHT,
        soft_max=4.0,
        step=25,
        precision=2,
    )
    use_recognizer: BoolProperty(
        name="Use Recognizer Guidance",
        description="Let the recogniser judge the motion while it is made, and pull it towards the words. A sentence "
        "of several actions is then made as a whole, and heeded less than action by action",
        default=False,
    )
    contact: EnumProperty(
        name="Foot Contact",
        description="How firmly feet are held to the floor while they stand",
        items=(
            ("off", "Off", "Feet follow the motion as it was made"),
            ("soft", "Soft", "Feet that stand are held, with soft ends"),
            ("strict", "Strict", "Feet that stand do not move at all"),
        ),
        default="soft",
    )
    place: EnumProperty(
        name="Start",
        description="Where the motion begins",
        items=(
            ("object", "At the Character", "Where the character stands, facing its way"),
            ("world", "At the World Origin", "At the origin of the world"),
        ),
        default="object",
    )
    in_place: BoolProperty(
        name="In Place",
        description="Leave out the travel over the floor. Of a fresh start only; stays on for the motions that follow",
        default=False,
    )
    carry: PointerProperty(type=COAMD_PG_carry)
    styles: CollectionProperty(type=COAMD_PG_style)
    takes: CollectionProperty(type=COAMD_PG_take)
    scene_end: IntProperty(
        name="Scene's End", description="Where the scene was last let end with a motion, -1 for never", default=-1
    )
    take_index: IntProperty(name="Take", description="The take that plays", min=0)


CLASSES = (COAMD_PG_carry, COAMD_PG_style, COAMD_PG_take, COAMD_PG_settings)
POINTERS = ((bpy.types.Scene, "coamd", PointerProperty(type=COAMD_PG_settings)),)
