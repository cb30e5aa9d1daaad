"""What is to be taught next, kept in the scene as ``scene.coamd_teach``: entries, how, a name, a licence."""

import bpy
from bpy.props import CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

ACTION, MANNER = "ACTION", "MANNER"
KINDS = (
    (ACTION, "An Action", "The clips are shown to the networks where their sentences are asked for: done in seconds"),
    (MANNER, "A Manner", "The same where all sentences share its words; the networks can be trained as well"),
)


class COAMD_PG_lesson(bpy.types.PropertyGroup):
    """An Action of an armature, or a clip's file, with the sentence that it teaches. ``name`` is shown."""

    sentence: StringProperty(
        name="Sentence", description="What it shows, in one English sentence, such as: a person does the victory dance"
    )
    action: PointerProperty(name="Action", type=bpy.types.Action)
    armature: PointerProperty(name="Armature", type=bpy.types.Object)
    file: StringProperty(name="File", description="A clip's file; empty for an Action", subtype="FILE_PATH")


class COAMD_PG_teach(bpy.types.PropertyGroup):
    """What is to be taught next, ``scene.coamd_teach``."""

    lessons: CollectionProperty(type=COAMD_PG_lesson)
    lesson_index: IntProperty(name="Entry", min=0)
    kind: EnumProperty(name="Teach", description="What the clips teach", items=KINDS)
    steps: IntProperty(
        name="Training Steps",
        description="How long the networks are trained besides, about a second a step; 0 shows the clips alone",
        default=0,
        min=0,
        max=5000,
    )
    name: StringProperty(name="Name", description="What the style is to be called, such as: goblin")
    licence: StringProperty(name="Licence", description="The licence of the clips, kept in the style")


CLASSES = (COAMD_PG_lesson, COAMD_PG_teach)
POINTERS = ((bpy.types.Scene, "coamd_teach", PointerProperty(type=COAMD_PG_teach)),)
