"""Actions whose keys are still being written: marked, so that none is left half written, whatever happens meanwhile.

Such an Action has no user, so Blender does not save it; but an undo step that the user makes meanwhile holds it as it
is at that moment. Once an undo, a redo or a recovered file has brought such a step back, it is removed. Whoever was
writing it finds it gone, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
from bpy.app.handlers import persistent

MARK = "coamd_unfinished"


def mark(action: bpy.types.Action) -> None:
    """Note that keys of ``action`` are still to be written."""
    action[MARK] = True


def unmark(action: bpy.types.Action) -> None:
    """Note that ``action`` is whole."""
    del action[MARK]


def remove(uids: Iterable[int]) -> None:
    """Delete the Actions with these session_uids, those that are there."""
    doomed = set(uids)
    for action in [action for action in bpy.data.actions if action.session_uid in doomed]:
        bpy.data.actions.remove(action)


def follow() -> None:
    """Begin to remove what an undo step or a recovered file brings back half written."""
    for handlers in _handlers():
        handlers.append(_sweep)


def unfollow() -> None:
    """Stop doing so."""
    for handlers in _handlers():
        handlers.remove(_sweep)


def _handlers() -> tuple[list, ...]:
    return bpy.app.handlers.undo_post, bpy.app.handlers.redo_post, bpy.app.handlers.load_post


@persistent
def _sweep(*_: Any) -> None:
    for action in [action for action in bpy.data.actions if MARK in action]:
        bpy.data.actions.remove(action)
