"""What recognition and search show: settings in the scene, results in the window manager until Blender ends."""

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

WHICH = (
    ("ACTIVE", "Active Armature", "What the active armature plays, NLA strips included"),
    ("SELECTED", "All Selected", "The Actions of all selected armatures, their selected NLA strips, selected Actions"),
)
BY = (
    ("WORDS", "Words", "Clips that do what the words say"),
    ("ACTION", "Action", "Clips like what the active armature plays"),
    ("BOTH", "Both", "Clips like what the active armature plays, but as the words say, such as: backwards"),
)
PLACE_AS = (
    ("ACTION", "Action", "A new Action that the armature plays, as Generate makes it"),
    ("STRIP", "NLA Strip", "A strip on a new NLA track, to be dragged along the timeline; an Action that plays becomes "
     "a strip beneath"),
)  # fmt: skip


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


class COAMD_PG_hit(bpy.types.PropertyGroup):
    """A clip that was found; ``name`` is shown. ``start`` and ``stop``: the part that fits best, 20 frames a second."""

    clip_id: StringProperty()
    path: StringProperty()
    labels: StringProperty()
    licence: StringProperty()
    source: StringProperty()
    status: StringProperty()
    score: FloatProperty()
    seconds: FloatProperty()
    start: IntProperty()
    stop: IntProperty()
    thumbnail: StringProperty()


class COAMD_PG_found(bpy.types.PropertyGroup):
    """The results of the last recognition and the last search: ``window_manager.coamd``."""

    recognised: CollectionProperty(type=COAMD_PG_recognised)
    recognised_index: IntProperty(name="Recognised")
    hits: CollectionProperty(type=COAMD_PG_hit)
    hit_index: IntProperty(name="Clip")
    library: StringProperty()
    problems: StringProperty()


class COAMD_PG_understanding(bpy.types.PropertyGroup):
    """Settings of recognition and search: ``scene.coamd_understanding``."""

    which: EnumProperty(name="Recognize", items=WHICH, default="ACTIVE")
    use_words: BoolProperty(name="Own Words", description="Choose among your own words only", default=False)
    words: StringProperty(name="Words", description="Words to choose among, separated by commas")
    use_range: BoolProperty(name="Frame Range", description="Look at these frames only", default=False)
    first: IntProperty(name="First", description="First frame of the range", default=1)
    last: IntProperty(name="Last", description="Last frame of the range", default=60)
    by: EnumProperty(name="Search By", items=BY, default="WORDS")
    text: StringProperty(name="Search", description="What the person does, in English", options={"TEXTEDIT_UPDATE"})
    top: IntProperty(name="Results", description="How many clips to list", default=12, min=1, soft_max=50, max=500)
    place_as: EnumProperty(name="Apply As", items=PLACE_AS, default="ACTION")
    whole: BoolProperty(
        name="Whole Clip", description="Apply all of the clip and not only the part that fits best", default=True
    )
    library: StringProperty(
        name="Library",
        description="Folder of the clip library. Empty: CoAMD's own, which begins with the clips that ship",
        subtype="DIR_PATH",
    )


CLASSES = (
    COAMD_PG_guess,
    COAMD_PG_stretch,
    COAMD_PG_recognised,
    COAMD_PG_hit,
    COAMD_PG_found,
    COAMD_PG_understanding,
)


def register() -> None:
    """Make the settings and the results known to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.coamd_understanding = PointerProperty(type=COAMD_PG_understanding)
    bpy.types.WindowManager.coamd = PointerProperty(type=COAMD_PG_found, options={"SKIP_SAVE"})


def unregister() -> None:
    """Undo :func:`register`."""
    del bpy.types.WindowManager.coamd
    del bpy.types.Scene.coamd_understanding
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
