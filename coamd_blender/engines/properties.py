"""Settings of the panel Batch and Export, kept in the .blend."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, PointerProperty, StringProperty

from . import rules

_ENGINES = [(name, engine.label, f"Files as {engine.label} takes them") for name, engine in rules.ENGINES.items()]
_WHICH = [
    ("PLAYED", "The One in Use", "The Action that the character plays"),
    ("ALL", "All of the Character's", "Every Action whose keys are on this character's bones"),
]


class COAMD_PG_engines(bpy.types.PropertyGroup):
    """Kept in the scene as ``scene.coamd_engines``."""

    engine: EnumProperty(name="Engine", description="For which engine files are written", items=_ENGINES)
    which: EnumProperty(name="Actions", description="Which Actions are exported", items=_WHICH)
    folder: StringProperty(name="Folder", description="Where the files go", subtype="DIR_PATH")
    one_file: BoolProperty(
        name="One File", description="All clips in the character's file; Unity and Godot take that", default=False
    )
    in_place: BoolProperty(
        name="In Place", description="Leave the root bone where it is, and the body over it", default=False
    )
    fps: FloatProperty(name="Rate", description="Frames a second of the files", default=rules.FPS, min=1.0, max=240.0)
    clips: StringProperty(
        name="Clips",
        description="A clip (.npz, .bvh, .glb and others), or a folder of them, to be put on characters",
        subtype="FILE_PATH",
    )


CLASSES = (COAMD_PG_engines,)
POINTERS = ((bpy.types.Scene, "coamd_engines", PointerProperty(type=COAMD_PG_engines)),)
