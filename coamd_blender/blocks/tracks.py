"""The track of an armature: read, written, compared with what its Action's keys were made of, taken over from that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..anim import actions
from ..errors import InputError
from ..wire import limits
from . import record
from .arrange import FEWEST, Block, Row
from .properties import whole

MADE, CHANGED, NEW = "MADE", "CHANGED", "NEW"  # as it is; made, but of something else; never made


def read(armature: bpy.types.Object) -> Row:
    """Return the blocks of the armature's track, the first limits.MOST_BLOCKS of them: no more are ever written.

    What a stranger's file holds beyond a property's bounds is read as the bound.
    """
    track, found = armature.coamd_track, []
    frame = track.start
    for block in islice(track.blocks, limits.MOST_BLOCKS):
        start = frame + max(0, block.gap)
        frame = start + max(FEWEST, block.frames)
        found.append(Block(block.key, start, frame - 1, block.prompt, block.seed))
    return found


def chosen_place(armature: bpy.types.Object) -> int | None:
    """Return the number of the chosen block, from 0; None where there is none."""
    index, blocks = armature.coamd_track.index, len(armature.coamd_track.blocks)
    return index if 0 <= index < min(blocks, limits.MOST_BLOCKS) else None


def write(armature: bpy.types.Object, row: Sequence[Block], chosen: int | None = None) -> None:
    """Let the armature's track be ``row``, of which number ``chosen`` is the chosen block, by default as before.

    Raises InputError for more blocks than a track can have.
    """
    if len(row) > limits.MOST_BLOCKS:
        raise InputError(
            f"A track of {len(row)} blocks is too long", f"Make it {limits.MOST_BLOCKS} at most, of fewer frames"
        )
    track = armature.coamd_track
    while len(track.blocks) > len(row):
        track.blocks.remove(len(track.blocks) - 1)
    while len(track.blocks) < len(row):
        track.blocks.add()
    frame = row[0].start if row else track.start
    track.start = whole(frame)
    for entry, block in zip(track.blocks, row, strict=True):
        entry.key, entry.prompt, entry.seed = whole(block.key), block.prompt, block.seed
        entry.gap, entry.frames = whole(block.start - frame), whole(block.frames)
        frame = block.end + 1
    track.index = max(0, min(track.index if chosen is None else chosen, len(row) - 1))


def played(armature: bpy.types.Object) -> bpy.types.Action | None:
    """Return the Action that the armature plays."""
    return armature.animation_data.action if armature.animation_data is not None else None


def states(armature: bpy.types.Object) -> list[str]:
    """Return for each block of the track whether the Action that is played has it: MADE, CHANGED or NEW."""
    known = {block.key: block for block in record.made_of(played(armature))}
    return [_state(block, known.get(block.key)) for block in read(armature)]


def _state(block: Block, made: Block | None) -> str:
    if made is None:
        return NEW
    return MADE if block.alike(made) else CHANGED


def settled(armature: bpy.types.Object) -> Row | None:
    """Return the blocks of a track with which nothing is lost when it is replaced: none, or those that the keys of the
    Action that is played were made of, no more and no less. None where something is yet to be made."""
    row, made = read(armature), record.made_of(played(armature))
    same = len(row) == len(made) and all(one.alike(other) for one, other in zip(row, made, strict=True))
    return row if same or not row else None


def new_key(armature: bpy.types.Object) -> int:
    """Return a number that no block of the track has, nor of the record of the Action that is played."""
    known = [*read(armature), *record.made_of(played(armature))]
    return 1 + max((block.key for block in known), default=0)


def follow(armature: bpy.types.Object, before: Row | None) -> None:
    """Let the track be that of the Action that is played now, where it is still what it was ``before``, and that was
    :func:`settled`.

    A track with blocks that are yet to be made stays: nobody's sentences go.
    """
    action = played(armature)
    if record.is_noted(action) and before is not None and read(armature) == before:
        write(armature, record.made_of(action))


def play(armature: bpy.types.Object, action: bpy.types.Action, slot: bpy.types.ActionSlot | None = None) -> None:
    """Give ``action`` to an armature together with its ``slot``, and let the track go with it (:func:`follow`)."""
    before = settled(armature)
    actions.play(armature, action, slot)
    follow(armature, before)


# --- what storyboards of former files hold ----------------------------------------------------------------------------


def take_over(scene: bpy.types.Scene, armature: bpy.types.Object, start: int) -> None:
    """Make the scenes of a storyboard, ``scene.coamd_edit.scenes``, blocks of the armature's empty track."""
    settings, rate = scene.coamd_edit, scene.render.fps / scene.render.fps_base
    row: Row = []
    for part in islice(settings.scenes, limits.MOST_BLOCKS):
        seconds = part.seconds if math.isfinite(part.seconds) else limits.SHORTEST_SCENE
        frames = max(FEWEST, round(min(seconds, limits.LONGEST_SCENE) * rate))
        seed = min(settings.seed + len(row), limits.LARGEST_SEED)
        row.append(Block(len(row) + 1, start, start + frames - 1, part.prompt, seed))
        start += frames
    write(armature, row, 0)
    armature.coamd_track.loop, armature.coamd_track.in_place = settings.loop, settings.in_place
    settings.scenes.clear()


def take_over_all() -> None:
    """Do so for every scene with a storyboard, where it is plain whose it was: the armature it was made for, the active
    one, or the only one. Where it is not, the storyboard stays in the file."""
    for scene in bpy.data.scenes:
        if not scene.coamd_edit.scenes:
            continue
        name = " / ".join(" ".join(part.prompt.split()) for part in scene.coamd_edit.scenes)
        take = next((take for take in reversed(scene.coamd.takes) if take.name == name), None)
        armature = take.armature if take is not None else _likely(scene)
        if armature is None or armature.coamd_track.blocks:
            continue
        made = take is not None and take.action is not None
        start = round(actions.frame_range(take.action)[0]) if made else scene.frame_start
        take_over(scene, armature, start)


def _likely(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the active armature of the scene, or its only one."""
    found = [found for found in scene.objects if found.type == "ARMATURE"]
    active = [layer.objects.active for layer in scene.view_layers if layer.objects.active in found]
    return active[0] if active else found[0] if len(found) == 1 else None


def watch_files() -> None:
    """Begin to take over storyboards of the files that are opened."""
    bpy.app.handlers.load_post.append(_loaded)


def watch_no_files() -> None:
    """Stop doing so."""
    bpy.app.handlers.load_post.remove(_loaded)


@persistent
def _loaded(*_: Any) -> None:
    take_over_all()
