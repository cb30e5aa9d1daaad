"""What the .blend keeps of a character's track of prompt blocks, with the armature: ``object.coamd_track``."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from ..core.drawing import redraw
from ..wire import limits
from .arrange import FEWEST

_OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}
_LIST = {"LIBRARY_OVERRIDABLE", "USE_INSERTION"}
LOOPS = (
    ("none", "None", "It ends where it ends"),
    ("keep", "Loop, Keep Travel", "The last frame is the first, carried on by the way it went"),
    ("remove", "Loop on the Spot", "The last frame is the first, where it stood"),
)


def _redraw(_settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Let the timelines show what was typed into a panel."""
    redraw("DOPESHEET_EDITOR")


# Not Python properties of the class: Blender 4.2 ends with a segmentation fault once a class with such is unregistered.
def _start(block: bpy.types.PropertyGroup) -> int:
    return whole(_placed(block))


def _end(block: bpy.types.PropertyGroup) -> int:
    return whole(_placed(block) + block.frames - 1)


def _placed(block: bpy.types.PropertyGroup) -> int:
    """Return the first frame of a block; a stranger's gaps and lengths can add up to more than Blender holds."""
    track = block.id_data.coamd_track
    frame = track.start
    for other in track.blocks:
        frame += other.gap
        if other == block:
            return frame
        frame += other.frames
    raise ReferenceError("The block is no longer in its track")


def whole(frame: int) -> int:
    """Return ``frame``, or the nearest that a whole number of Blender's can be."""
    return max(-(2**31), min(frame, 2**31 - 1))


class COAMD_PG_block(bpy.types.PropertyGroup):
    """A prompt block. ``gap`` and ``frames`` place it, so that no two can overlap; see ``start`` and ``end``."""

    key: IntProperty(name="Key", description="A number of its own in the track", override=_OVERRIDABLE)
    gap: IntProperty(
        name="Gap",
        description="Frames between this block and the one before, whose keys are left alone",
        min=0,
        override=_OVERRIDABLE,
        update=_redraw,
    )
    frames: IntProperty(
        name="Frames",
        description="How many frames it lasts; the blocks behind it move along",
        default=72,
        min=FEWEST,
        soft_max=600,
        override=_OVERRIDABLE,
        update=_redraw,
    )
    prompt: StringProperty(
        name="Sentence",
        description="What happens, in one English sentence",
        options={"TEXTEDIT_UPDATE"},
        override=_OVERRIDABLE,
        update=_redraw,
    )
    seed: IntProperty(
        name="Seed",
        description="The same seed, sentence and length give the same motion after the same beginning",
        min=0,
        max=limits.LARGEST_SEED,
        override=_OVERRIDABLE,
    )
    start: IntProperty(name="Start", description="The first frame", get=_start)
    end: IntProperty(name="End", description="The last frame, which is part of it", get=_end)


class COAMD_PG_track(bpy.types.PropertyGroup):
    """The track of an armature, from frame ``start`` on; ``index`` is the chosen block."""

    start: IntProperty(name="Start", description="The frame that the track begins at", default=1, override=_OVERRIDABLE)
    blocks: CollectionProperty(type=COAMD_PG_block, override=_LIST)
    index: IntProperty(name="Block", description="The chosen block", min=0, override=_OVERRIDABLE, update=_redraw)
    loop: EnumProperty(name="Loop", description="How a track ends that is made as a whole", items=LOOPS)
    in_place: BoolProperty(
        name="In Place", description="Leave out the travel over the floor of a track made as a whole"
    )


CLASSES = (COAMD_PG_block, COAMD_PG_track)
POINTERS = ((bpy.types.Object, "coamd_track", PointerProperty(type=COAMD_PG_track, override=_OVERRIDABLE)),)
