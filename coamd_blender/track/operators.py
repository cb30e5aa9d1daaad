"""Operators of the track: poll, call, report."""

from collections.abc import Callable
from dataclasses import replace

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from .. import anim, track
from ..blocks import arrange, tracks
from ..core import messages
from ..core.operator_base import Requesting, begin, report, wait_property
from ..errors import CoamdError, InputError

NEW_BLOCK_SECONDS = 3.0
HOW = (
    ("NEW_SEED", "Regenerate", "Another motion, with a new seed"),
    ("SAME_SEED", "Reuse Seed", "Make it again with its own seed, to what is around it now"),
    ("ONWARD", "From Here On", "This block and all that come behind it, with new seeds"),
)


class COAMD_OT_generate_track(Requesting, bpy.types.Operator):
    """Make the track's motion: all of it where nothing is made, else only the blocks that have changed"""

    bl_idname = "coamd.generate_track"
    bl_label = "Generate Track"

    wait: wait_property()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        return begin(self, track.workflow.generate_track(context), messages.TRACK, wait=self.wait)


class COAMD_OT_regenerate_block(Requesting, bpy.types.Operator):
    """Make the chosen block anew; what is outside it keeps its keys"""

    bl_idname = "coamd.regenerate_block"
    bl_label = "Regenerate Block"

    how: EnumProperty(name="How", description="What is made, and with which seed", items=HOW, options={"SKIP_SAVE"})
    wait: wait_property()

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip of the choice."""
        return next(text for name, _, text in HOW if name == properties.how)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        steps = track.workflow.regenerate(context, _chosen(context), self.how)
        return begin(self, steps, messages.TRACK, wait=self.wait)


class COAMD_OT_in_between(Requesting, bpy.types.Operator):
    """Fill the gap behind the chosen block, or make its passage to the next block anew"""

    bl_idname = "coamd.in_between"
    bl_label = "In-Between Blocks"

    wait: wait_property()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        steps = track.workflow.in_between(context, _chosen(context))
        return begin(self, steps, messages.TRACK, wait=self.wait)


def _chosen(context: bpy.types.Context) -> int:
    armature = anim.targets.find(context)
    chosen = tracks.chosen_place(armature) if armature is not None else None
    return -1 if chosen is None else chosen


class _OnArmature:
    """On with an armature whose track can be changed."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is one."""
        if anim.targets.find(context) is None:
            cls.poll_message_set("Select an armature")
            return False
        return True

    def _do(self, work: Callable[[bpy.types.Object, arrange.Row], None], context: bpy.types.Context) -> set[str]:
        """Let ``work`` change the track of the armature, which has these blocks."""
        armature = anim.targets.find(context)
        try:
            work(armature, tracks.read(armature))
        except CoamdError as error:
            return report(self, error)
        track.overlay.redraw()
        return {"FINISHED"}


class _OnBlock(_OnArmature):
    """On with a chosen block, too."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is one."""
        if not super().poll(context):
            return False
        if tracks.chosen_place(anim.targets.find(context)) is None:
            cls.poll_message_set("Add a block first")
            return False
        return True


class COAMD_OT_block_add(_OnArmature, bpy.types.Operator):
    """Add a block at the end of the track, the first at the current frame"""

    bl_idname = "coamd.block_add"
    bl_label = "Add Block"

    prompt: StringProperty(name="Sentence", description="What happens in it", options={"SKIP_SAVE"})
    frames: IntProperty(
        name="Frames", description="How many it lasts, 0 for three seconds", min=0, options={"SKIP_SAVE"}
    )
    insert: BoolProperty(
        name="Insert", description="Put it behind the chosen block, and not at the end", options={"SKIP_SAVE"}
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip of either button."""
        if properties.insert:
            return "Add a block behind the chosen one; those behind it make room, and are made anew"
        return cls.__doc__

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it."""
        scene = context.scene
        rate = scene.render.fps / scene.render.fps_base

        def work(armature: bpy.types.Object, row: arrange.Row) -> None:
            chosen = tracks.chosen_place(armature) if self.insert else None
            place = len(row) if chosen is None else chosen + 1
            frames = max(arrange.shortest(rate), self.frames or round(NEW_BLOCK_SECONDS * rate))
            now = scene.frame_current
            seed = track.workflow.new_seed()
            new = arrange.Block(tracks.new_key(armature), now, now + frames - 1, self.prompt, seed)
            tracks.write(armature, arrange.inserted(row, place, new), place)

        return self._do(work, context)


class COAMD_OT_block_remove(_OnBlock, bpy.types.Operator):
    """Remove the chosen block from the track; keys that were made stay"""

    bl_idname = "coamd.block_remove"
    bl_label = "Remove Block"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; blocks behind it move up unless one of them is made."""

        def work(armature: bpy.types.Object, row: arrange.Row) -> None:
            place = tracks.chosen_place(armature)
            close = all(state == tracks.NEW for state in tracks.states(armature)[place + 1 :])
            tracks.write(armature, arrange.removed(row, place, close))

        return self._do(work, context)


class COAMD_OT_block_duplicate(_OnBlock, bpy.types.Operator):
    """Add a block like the chosen one behind it; those behind make room"""

    bl_idname = "coamd.block_duplicate"
    bl_label = "Duplicate Block"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it."""

        def work(armature: bpy.types.Object, row: arrange.Row) -> None:
            place = tracks.chosen_place(armature)
            new = replace(row[place], key=tracks.new_key(armature))
            tracks.write(armature, arrange.inserted(row, place + 1, new), place + 1)

        return self._do(work, context)


class COAMD_OT_block_split(_OnBlock, bpy.types.Operator):
    """Part the block at the current frame in two"""

    bl_idname = "coamd.block_split"
    bl_label = "Split Block at Playhead"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Part it."""
        scene = context.scene
        rate, now = scene.render.fps / scene.render.fps_base, scene.frame_current

        def work(armature: bpy.types.Object, row: arrange.Row) -> None:
            place = arrange.at_frame(row, now)
            if place is None:
                raise InputError(f"There is no block at frame {now}", "Go to a frame inside a block")
            key, seed, least = tracks.new_key(armature), track.workflow.new_seed(), arrange.shortest(rate)
            tracks.write(armature, arrange.split(row, place, now, key, seed, least), place + 1)

        return self._do(work, context)


class COAMD_OT_block_move(_OnBlock, bpy.types.Operator):
    """Let the chosen block change places with the one before or behind it"""

    bl_idname = "coamd.block_move"
    bl_label = "Move Block"

    direction: EnumProperty(
        name="Direction",
        description="Which way it moves",
        items=(("UP", "Up", "Earlier"), ("DOWN", "Down", "Later")),
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Exchange them."""

        def work(armature: bpy.types.Object, row: arrange.Row) -> None:
            place = tracks.chosen_place(armature)
            other = place + (-1 if self.direction == "UP" else 1)
            if not 0 <= other < len(row):
                raise InputError("There is no block on that side", "Choose another block")
            tracks.write(armature, arrange.exchanged(row, min(place, other)), other)

        return self._do(work, context)


class COAMD_OT_blocks_of_action(_OnArmature, bpy.types.Operator):
    """Let the track be what the Action that is played was made of"""

    bl_idname = "coamd.blocks_of_action"
    bl_label = "Blocks of the Action"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take them over."""
        return self._do(lambda armature, row: track.recognized.blocks_of_action(context), context)


class COAMD_OT_blocks_of_result(_OnArmature, bpy.types.Operator):
    """Let the track be what was recognised in the Action: change a word, and that part alone is made anew"""

    bl_idname = "coamd.blocks_of_result"
    bl_label = "To Blocks"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is an armature, and no recognition under way."""
        rows = context.window_manager.coamd.recognised
        if rows and not any(row.guesses or row.stretches or row.problem for row in rows):
            cls.poll_message_set("Recognize something first")
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take them over."""
        return self._do(lambda armature, row: track.recognized.blocks_of_result(context), context)


CLASSES = (
    COAMD_OT_generate_track,
    COAMD_OT_regenerate_block,
    COAMD_OT_in_between,
    COAMD_OT_block_add,
    COAMD_OT_block_remove,
    COAMD_OT_block_duplicate,
    COAMD_OT_block_split,
    COAMD_OT_block_move,
    COAMD_OT_blocks_of_action,
    COAMD_OT_blocks_of_result,
)
