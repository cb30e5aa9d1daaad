"""How often armatures changed, and how often all of Blender's data was exchanged: so that panels may remember.

Handlers count, from :func:`follow` on, which the add-on calls when it is enabled. In a script that enables no add-on
nobody counts, and nothing is remembered.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

_counts: dict[str, int] = {}


def armatures() -> int | None:
    """Return a number that is another one once bones of any armature may have changed; None while nobody counts.

    Blender tells of changes when it evaluates the scene, as it does before every redraw: between a change made by a
    script and the next redraw the number stays.
    """
    return _counts.get("armatures")


def data() -> int | None:
    """Return a number that is another one once an undo or a file exchanged all data-blocks; None while nobody counts.

    Of a data-block that is removed in any other way, Blender itself says so (ReferenceError).
    """
    return _counts.get("data")


def follow() -> None:
    """Begin to count."""
    _counts.update(armatures=0, data=0)
    for handlers, handler in _handlers():
        handlers.append(handler)


def unfollow() -> None:
    """Count no more."""
    _counts.clear()
    for handlers, handler in _handlers():
        handlers.remove(handler)


def _handlers() -> list[tuple[list, Any]]:
    known = bpy.app.handlers
    exchanging = (known.undo_post, known.redo_post, known.load_post)
    return [(known.depsgraph_update_post, _note_update), *((handlers, _note_exchange) for handlers in exchanging)]


@persistent
def _note_update(_scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    if depsgraph.id_type_updated("ARMATURE"):
        _counts["armatures"] += 1


@persistent
def _note_exchange(*_: Any) -> None:
    _counts["armatures"] += 1
    _counts["data"] += 1
