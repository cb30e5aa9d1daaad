"""The one Blender timer: it ticks the session, redraws what changes, and stops when there is nothing to wait for."""

import sys
import traceback

import bpy

BUSY_SECONDS = 0.05
# With Blender's own work cut into short steps: time for the interface between two of them.
STEP_SECONDS = 0.01
# With a runtime alive but idle: often enough to notice that it has unloaded its model or ended.
IDLE_SECONDS = 2.0


def start() -> None:
    """Tick from now on, until nothing is left to wait for. Survives the opening of another file."""
    stop()
    bpy.app.timers.register(_tick, first_interval=0.0, persistent=True)


def stop() -> None:
    """Stop ticking."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> float | None:
    session, setup = _loaded("core.session"), _loaded("setup.workflow")
    current = session.peek() if session else None
    try:
        busy = current.pump() if current else False
    except Exception:  # noqa: BLE001 - told in the panel; Blender would drop the timer, and all other work with it
        traceback.print_exc()
        busy = True
    working = busy or bool(setup and setup.busy())
    redraw(viewport=current is not None and current.preview.visible)
    if working:
        return STEP_SECONDS if busy and current.stepping else BUSY_SECONDS
    return IDLE_SECONDS if current is not None and current.alive else None


def _loaded(name: str) -> object | None:
    """The module ``name`` of the add-on if something has imported it; the timer alone never does."""
    return sys.modules.get(f"{__package__.rpartition('.')[0]}.{name}")


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
