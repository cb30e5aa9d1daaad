"""The one Blender timer: it ticks what is under way, redraws what changes, and stops when nothing is left."""

from __future__ import annotations

from collections.abc import Callable

import bpy

BUSY_SECONDS = 0.05
# With Blender's own work cut into short steps: time for the interface between two of them.
STEP_SECONDS = 0.01
# With a runtime alive but idle: often enough to notice that it has unloaded its model or ended.
IDLE_SECONDS = 2.0

Tick = Callable[[], float | None]
_ticks: list[Tick] = []
_animated: set[object] = set()


def start(tick: Tick) -> None:
    """Call ``tick`` at once and go on for as long as it gives the seconds to its next call; None ends it.

    Survives the opening of another file. Starting what ticks already makes its next call come at once.
    """
    if tick not in _ticks:
        _ticks.append(tick)
    _unregister()
    bpy.app.timers.register(_tick, first_interval=0.0, persistent=True)


def stop() -> None:
    """Stop ticking, and forget what ticked."""
    _ticks.clear()
    _unregister()


def animate(what: object, on: bool) -> None:
    """Redraw the 3D views at every tick while ``on``, since ``what`` moves in them."""
    (_animated.add if on else _animated.discard)(what)


def animated() -> bool:
    """Return whether something moves in the 3D views."""
    return bool(_animated)


def redraw(viewport: bool = True) -> None:
    """Redraw the sidebars and the preferences, and with ``viewport`` the 3D views too."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
            elif area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI" or (viewport and region.type == "WINDOW"):
                        region.tag_redraw()


def _unregister() -> None:
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> float | None:
    paces = {tick: tick() for tick in list(_ticks)}
    _ticks[:] = [tick for tick in _ticks if paces.get(tick, BUSY_SECONDS) is not None]
    redraw(viewport=animated())
    return min((pace for pace in paces.values() if pace is not None), default=None)
