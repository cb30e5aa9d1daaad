"""An Action becomes a track: of what was recognised in it, or of what it says itself that it was made of."""

from __future__ import annotations

import bpy

from .. import recognize
from ..anim import targets
from ..blocks import record, tracks
from ..blocks.arrange import Block, Row
from ..errors import InputError
from ..wire.requests.understanding import UNKNOWN


def blocks_of_result(context: bpy.types.Context) -> int:
    """Make the stretches of the chosen result of a recognition blocks of the armature's track; return how many.

    Each says its label, and its keys count as made of it: once a word is changed, that block alone is made anew. Raises
    InputError for a result without stretches, and for one of an Action that is not what the armature plays.
    """
    found = context.window_manager.coamd
    armature = targets.require(context)
    if found.recognised_index >= len(found.recognised):
        raise InputError("Nothing is recognised yet", "Press Recognize")
    result = found.recognised[found.recognised_index]
    if result.problem:
        raise InputError(f"{result.name} was not recognised", "Choose another one, or recognize it again")
    recognize.workflow.check_parts(result)
    action = recognize.workflow.action_of(result)
    if tracks.played(armature) != action:
        raise InputError(f"{armature.name} does not play {action.name!r}", "Assign it, or recognize what is played")
    row = _row(result)
    if not row:
        raise InputError(f"No parts were found in {result.name}", "Recognize a longer motion")
    record.note(action, row)
    tracks.write(armature, row, 0)
    return len(row)


def _row(result: bpy.types.PropertyGroup) -> Row:
    """Return a block for each stretch; neighbours of one label are one block."""
    row: Row = []
    for stretch in result.stretches:
        start, end = round(stretch.start), round(stretch.stop)
        prompt = "" if stretch.label == UNKNOWN else stretch.label
        if row and row[-1].prompt == prompt and start <= row[-1].end + 2:
            row[-1] = Block(row[-1].key, row[-1].start, end, prompt)
            continue
        if row and start <= row[-1].end + 2:  # samples between frames: no gap is meant
            start = row[-1].end + 1
        if end > start:
            row.append(Block(len(row) + 1, start, end, prompt))
    return row


def blocks_of_action(context: bpy.types.Context) -> int:
    """Let the armature's track be what the Action that it plays was made of; return how many blocks that are.

    Raises InputError where the Action does not say.
    """
    armature = targets.require(context)
    action = tracks.played(armature)
    made = record.made_of(action)
    if not made:
        name = armature.name if action is None else f"The Action {action.name!r}"
        raise InputError(f"{name} does not say what it was made of", "Press Recognize, then To Blocks")
    tracks.write(armature, made, 0)
    return len(made)
