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

from ..anim.rig_settings import COAMD_PG_carry

LARGEST_SEED = 2**31 - 1


class COAMD_PG_take(bpy.types.PropertyGroup):
    """One generated motion: an Action made for an armature. ``name`` is shown in the list."""

    prompt: StringProperty(name="Prompt")
    seed: IntProperty(name="Seed", min=0)
    action: PointerProperty(name="Action", type=bpy.types.Action)
    armature: PointerProperty(name="Armature", type=bpy.types.Object)


class COAMD_PG_settings(bpy.types.PropertyGroup):
    """Settings of the next generation, kept in the scene as ``scene.coamd``.

    ``seconds`` and ``variants`` are not clamped to what the model can do: a script that asks for too much is told so.
    """

    prompt: StringProperty(
        name="Prompt",
        description="What the character does, in one English sentence, or up to four actions in a row: walks, then "
        "sits down, then waves",
        options={"TEXTEDIT_UPDATE"},
    )
    seconds: FloatProperty(
        name="Seconds",
        description="Length of the motion",
        default=4.0,
        soft_min=1.0,
        soft_max=9.8,
        step=50,
        precision=1,
    )
    variants: IntProperty(
        name="Variants", description="How many different motions to make", default=1, soft_min=1, soft_max=8
    )
    seed: IntProperty(
        name="Seed",
        description="The same seed, sentence and length give the same motion again",
        min=0,
        max=LARGEST_SEED,
    )
    random_seed: BoolProperty(name="Random Seed", description="Draw a new seed for every generation", default=True)
    guidance: FloatProperty(
        name="Text Weight",
        description="How strictly the motion follows the words; high values exaggerate",
        default=2.5,
        min=0.0,
        max=20.0,
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
        max=20.0,
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
    in_place: BoolProperty(name="In Place", description="Leave out the travel over the floor", default=False)
    carry: PointerProperty(type=COAMD_PG_carry)
    takes: CollectionProperty(type=COAMD_PG_take)
    take_index: IntProperty(name="Take", description="The take that plays", min=0)
