"""A range written into copies of an Action, a few curves at a time; all copies or none."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import bpy

from ..errors import InputError
from . import actions, range_edit, stepwise, targets, unfinished

Found = Callable[[], tuple[bpy.types.Object, bpy.types.Action]]
Channels = tuple[range_edit.Channel, ...]


def write_copies(
    found: Found,
    site: range_edit.Keyed,
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
            copy = actions.copy_to_change(found()[1], name)
            unfinished.mark(copy)
            uids.append(copy.session_uid)
            yield from _written(found, site, handle, channels, outcome, uids[-1])
        copies = [of_uid(uid) for uid in uids]
        for copy in copies:
            unfinished.unmark(copy)
        finish(copies)
        finished = True
        return uids
    finally:
        if not finished:
            unfinished.remove(uids)


def _written(
    found: Found,
    site: range_edit.Keyed,
    handle: int | None,
    channels: Channels,
    outcome: range_edit.EditOutcome,
    uid: int,
) -> Generator[None, None, None]:
    """Write ``channels`` into the copy, about WRITE_KEYS keys a step."""

    known: list[tuple[bpy.types.Object, bpy.types.Action]] = []  # until the interface has had its turn

    def both() -> tuple[bpy.types.Object, bpy.types.Action]:
        if not known:
            known.append((found()[0], of_uid(uid)))
            range_edit.check_paths(known[0][0], site)
        return known[0]

    keys = 0
    for more in range_edit.write_steps(both, handle, channels, outcome):
        keys += more
        if keys >= stepwise.WRITE_KEYS:
            known.clear()
            yield
            keys = 0
    known.clear()
    yield


def of_uid(uid: int) -> bpy.types.Action:
    """Return the copy. Raises InputError when it was removed."""
    copy = targets.by_uid(bpy.data.actions, uid)
    if copy is None:
        raise InputError("The preview was removed while its keys were being written", "Press Edit again")
    return copy
