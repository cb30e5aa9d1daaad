"""A range written into copies of an Action, a few curves at a time; all copies or none."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import bpy

from ..errors import InputError
from . import range_edit, stepwise, targets, unfinished

Found = Callable[[], tuple[bpy.types.Object, bpy.types.Action]]
Channels = tuple[range_edit.Channel, ...]


def write_copies(
    found: Found,
    site: range_edit.Site,
    handle: int | None,
    motions: Sequence[tuple[Channels, range_edit.EditOutcome]],
    name: str,
    finish: Callable[[list[bpy.types.Action]], None],
) -> Generator[None, None, list[int]]:
    """Write each of ``motions`` into a copy of the Action under ``name``, in its slot with ``handle``, then call
    ``finish(copies)``; nothing in the file refers to them before.

    A motion is its channels, and an outcome that takes up what writing them took. ``found`` gives armature and Action
    after each step, or raises where they are gone. Returns the copies' ``session_uid``s; given up half way, or refused
    by ``finish``, all are removed. Raises InputError when a copy was removed meanwhile, RigError when a bone was.
    """
    uids: list[int] = []
    finished = False
    try:
        for channels, outcome in motions:
            copy = found()[1].copy()
            copy.name, copy.use_fake_user = name, False
            unfinished.mark(copy)
            uids.append(copy.session_uid)
            done = 0
            while done < len(channels):
                armature, copy = found()[0], of_uid(uids[-1])
                range_edit.check_paths(armature, site)
                done = range_edit.write_some(armature, copy, handle, channels, done, outcome, stepwise.WRITE_SECONDS)
                yield
        copies = [of_uid(uid) for uid in uids]
        for copy in copies:
            unfinished.unmark(copy)
        finish(copies)
        finished = True
        return uids
    finally:
        if not finished:
            unfinished.remove(uids)


def of_uid(uid: int) -> bpy.types.Action:
    """Return the copy. Raises InputError when it was removed."""
    copy = targets.by_uid(bpy.data.actions, uid)
    if copy is None:
        raise InputError("The preview was removed while its keys were being written", "Press Edit again")
    return copy
