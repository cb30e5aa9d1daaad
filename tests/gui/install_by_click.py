"""Installs the zip into a windowed Blender as a hand does: Edit, Preferences, Get Extensions, Install from Disk.

Blender opens two windows for that, the preferences and a file browser. What a window manager does for a hand is done
for it, and not counted: a window that opens partly off the screen is moved onto it, and closed by its cross.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import screen

PLACE = 40, 120  # where a window is moved to, pixels of the screen
HEADER = 45  # pixels of a file browser's header
INSTALLING = 300.0  # seconds at most
ARROW = 12  # pixels from the window's right border to the middle of the arrow for more


def install(archive: Path, extension: str, picture: Path):
    """Install ``archive`` until ``extension`` is enabled; leave a ``picture`` of the menu that it is found in.

    Every yield hands control back to Blender for so many seconds.
    """
    for name in ("Edit", "Preferences..."):
        place = yield from screen.read(name)
        yield from screen.click(place.middle)
        yield 1.0
    yield from opened("PREFERENCES", "Preferences")
    place = yield from screen.read("Get Extensions")
    yield from screen.click(place.middle)
    yield 2.0
    if screen.seen("Continue Offline"):
        place = yield from screen.read("Continue Offline")
        yield from screen.click(place.middle)
        yield 2.0
    place = yield from screen.read("Repositories")
    right = PLACE[0] + window_of("PREFERENCES").width
    yield from screen.click((right - ARROW, place.middle[1]))
    yield 1.0
    place = yield from screen.read("Install from Disk...")
    screen.save(picture, screen.Box(0, 0, 1200, 900))
    yield from screen.click(place.middle)
    yield 2.0
    yield from choose(archive)
    yield from screen.until(lambda: extension in bpy.context.preferences.addons, INSTALLING)
    yield 2.0
    with bpy.context.temp_override(window=window_of("PREFERENCES")):
        bpy.ops.wm.window_close()
    yield 1.0


def choose(archive: Path):
    """Go to the file's folder in the file browser, click the file, and press the button."""
    yield from opened("FILE_BROWSER", "Blender File View")
    right = PLACE[0] + window_of("FILE_BROWSER").width
    search = yield from screen.read("Search", screen.Box(PLACE[0], PLACE[1], right, PLACE[1] + HEADER))
    yield from screen.click((search.left - 150, search.middle[1]))
    yield 1.0
    yield from screen.write(str(archive.parent))
    yield 1.0
    cancel = yield from screen.read("Cancel")
    row = screen.Box(PLACE[0], cancel.upper - 10, right, cancel.lower + 10)
    for _ in range(3):  # the first click may end the typing alone
        file = yield from screen.read(archive.name, screen.Box(PLACE[0], PLACE[1], right, row.upper))
        yield from screen.click(file.middle)
        yield 1.0
        if screen.seen(archive.name, row):
            break
    button = yield from screen.read("Install from Disk", row)
    yield from screen.click(button.middle)


def window_of(kind: str) -> bpy.types.Window | None:
    """Return the window that shows an area of a kind, such as "PREFERENCES", and nothing else."""
    windows = bpy.context.window_manager.windows
    return next((found for found in windows if [area.type for area in found.screen.areas] == [kind]), None)


def opened(kind: str, title: str):
    """Wait for that window, and move it onto the screen."""
    yield from screen.until(lambda: window_of(kind) is not None)
    yield 1.0
    screen.hand("search", "--name", title, "windowmove", *PLACE)
    yield 1.0
