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

from ..recognize import properties as recognize
from ..wire import limits

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


class COAMD_PG_found(recognize.Found, bpy.types.PropertyGroup):
    """The results of the last recognition and the last search: ``window_manager.coamd``."""

    hits: CollectionProperty(type=COAMD_PG_hit)
    hit_index: IntProperty(name="Clip")
    library: StringProperty()
    problems: StringProperty()


class COAMD_PG_understanding(recognize.Settings, bpy.types.PropertyGroup):
    """Settings of recognition and search: ``scene.coamd_understanding``."""

    by: EnumProperty(name="Search By", items=BY, default="WORDS")
    text: StringProperty(name="Search", description="What the person does, in English", options={"TEXTEDIT_UPDATE"})
    top: IntProperty(
        name="Results",
        description="How many clips to list",
        default=limits.DEFAULT_RESULTS,
        min=1,
        soft_max=50,
        max=limits.MOST_RESULTS,
    )
    place_as: EnumProperty(name="Apply As", items=PLACE_AS, default="ACTION")
    whole: BoolProperty(
        name="Whole Clip", description="Apply all of the clip and not only the part that fits best", default=True
    )
    library: StringProperty(
        name="Library",
        description="Folder of the clip library. Empty: CoAMD's own, which begins with the clips that ship",
        subtype="DIR_PATH",
    )


CLASSES = (COAMD_PG_hit, COAMD_PG_found, COAMD_PG_understanding)
POINTERS = (
    (bpy.types.Scene, "coamd_understanding", PointerProperty(type=COAMD_PG_understanding)),
    (bpy.types.WindowManager, "coamd", PointerProperty(type=COAMD_PG_found, options={"SKIP_SAVE"})),
)
