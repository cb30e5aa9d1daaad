"""Settings of finger shapes, kept in the .blend."""

import bpy
from bpy.props import EnumProperty, IntProperty, PointerProperty

# The shapes of retarget.finger_shapes, which loads numpy; a test holds the two together.
SHAPES = (
    ("relaxed", "Relaxed", "Fingers lightly bent, as of a hand that hangs"),
    ("fist", "Fist", "Fingers closed, the thumb over them"),
    ("flat", "Flat", "Fingers straight and side by side"),
    ("pointing", "Pointing", "The index finger straight, the others closed"),
    ("gripping", "Gripping", "Around a bar or a handle"),
    ("spread", "Spread", "Fingers straight and as far apart as they go"),
)
HANDS = (
    ("BOTH", "Both", "Both hands"),
    ("LEFT", "Left", "The left hand"),
    ("RIGHT", "Right", "The right hand"),
)


class COAMD_PG_fingers(bpy.types.PropertyGroup):
    """Kept in the scene as ``scene.coamd_fingers``."""

    hands: EnumProperty(name="Hands", description="Which hands take the shape", items=HANDS)
    easing: IntProperty(
        name="Easing",
        description="Frames before the current one in which the fingers go over into the shape",
        default=6,
        min=0,
        soft_max=48,
    )


CLASSES = (COAMD_PG_fingers,)
POINTERS = ((bpy.types.Scene, "coamd_fingers", PointerProperty(type=COAMD_PG_fingers)),)
