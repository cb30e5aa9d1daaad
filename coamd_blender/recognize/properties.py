"""What recognition shows: its settings, and its results, which last until Blender ends.

Settings and results are one property group each with those of the library (library/properties.py).
"""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

WHICH = (
    ("ACTIVE", "Active Armature", "What the active armature plays, NLA strips included"),
    ("SELECTED", "All Selected", "The Actions of all selected armatures, their selected NLA strips, selected Actions"),
)


class COAMD_PG_guess(bpy.types.PropertyGroup):
    """A label of a motion and its probability."""

    label: StringProperty()
    score: FloatProperty()


class COAMD_PG_stretch(bpy.types.PropertyGroup):
    """What happens from frame ``start`` to frame ``stop`` of the scene."""

    label: StringProperty()
    score: FloatProperty()
    start: FloatProperty()
    stop: FloatProperty()


class COAMD_PG_recognised(bpy.types.PropertyGroup):
    """What one Action, strip or NLA result is. ``action_uid``: session_uid of its Action, "" for an NLA result."""

    action_uid: StringProperty()
    guesses: CollectionProperty(type=COAMD_PG_guess)
    stretches: CollectionProperty(type=COAMD_PG_stretch)
    notes: StringProperty()
    problem: StringProperty()


class Found:
    """The part of ``window_manager.coamd`` that recognition fills."""

    recognised: CollectionProperty(type=COAMD_PG_recognised)
    recognised_index: IntProperty(name="Recognised")


class Settings:
    """The part of ``scene.coamd_understanding`` that recognition reads; search by motion heeds the range, too."""

    which: EnumProperty(name="Recognize", items=WHICH, default="ACTIVE")
    use_words: BoolProperty(name="Own Words", description="Choose among your own words only", default=False)
    words: StringProperty(name="Words", description="Words to choose among, separated by commas")
    compare: BoolProperty(
        name="Compare",
        description="For a capture session of clips that show different ones of the words, not all the same: draw each "
        "word, and name each clip by how it differs from the other clips. Each is given one of the words",
        default=False,
    )
    use_range: BoolProperty(name="Frame Range", description="Look at these frames only", default=False)
    first: IntProperty(name="First", description="First frame of the range", default=1)
    last: IntProperty(name="Last", description="Last frame of the range", default=60)


CLASSES = (COAMD_PG_guess, COAMD_PG_stretch, COAMD_PG_recognised)
POINTERS = ()
