"""What a person has before Blender's window: finds words, clicks, types, drags, takes its picture. Counts all that.

Words are found where they are drawn: the text is drawn once more in Blender's own font, and looked for in a picture of
the window by normalised cross-correlation. Buttons that have an icon alone are found as a hand finds them: the mouse
passes over them until Blender tells their command. Clicks and keys come from `xdotool`, pictures from ImageMagick's
`import`: nothing is done by an operator. Distances are pixels of the window from its upper left corner.

A generator's `yield` hands control back to Blender for so many seconds, as in the scripts that play these.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import blf
import bpy
import gpu
import numpy as np
from mathutils import Matrix

FONT = 0  # Blender's own
LETTERS = 11  # points of panels, buttons and menus
PAD = 5  # of ground around a word: tells it from the same letters inside a longer one
ALIKE = 0.9  # correlation from which a word counts as read: words that are there come to 0.96 and more
PAUSE = 0.5  # after a click or a key, for Blender to draw
WAIT = 30.0  # seconds for a word to appear


class Box(NamedTuple):
    """A part of the window."""

    left: int
    upper: int
    right: int
    lower: int

    @property
    def middle(self) -> tuple[int, int]:
        """Return its centre."""
        return (self.left + self.right) // 2, (self.upper + self.lower) // 2


counted: Counter[str] = Counter()


def window() -> bpy.types.Window:
    """Return Blender's window."""
    return bpy.context.window_manager.windows[0]


def box_of(part: bpy.types.Area | bpy.types.Region) -> Box:
    """Return where an area or a region is."""
    top = window().height - part.y - part.height
    return Box(part.x, top, part.x + part.width, top + part.height)


def area(kind: str) -> bpy.types.Area:
    """Return the first area of a kind, such as "VIEW_3D"."""
    return next(found for found in window().screen.areas if found.type == kind)


def region(kind: str, name: str) -> bpy.types.Region:
    """Return a region, such as "UI", of the first area of a kind."""
    return next(found for found in area(kind).regions if found.type == name)


def sidebar() -> Box:
    """Return where the viewport's sidebar is."""
    return box_of(region("VIEW_3D", "UI"))


def grab() -> np.ndarray:
    """Return the window as it is, (height, width), grey from 0 to 1."""
    shown = subprocess.run(["import", "-window", "root", "-depth", "8", "ppm:-"], check=True, capture_output=True)
    header, width_height, depth, pixels = shown.stdout.split(b"\n", 3)
    assert (header, depth) == (b"P6", b"255"), header
    width, height = map(int, width_height.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3).mean(axis=2) / 255


def drawn(text: str) -> np.ndarray:
    """Return ``text`` as Blender draws it, (height, width), 0 where there is ground and 1 where there is ink."""
    blf.size(FONT, LETTERS * bpy.context.preferences.system.ui_scale)
    width, height = (int(np.ceil(size)) + 2 * PAD for size in blf.dimensions(FONT, text))
    off = gpu.types.GPUOffScreen(width, height)
    with off.bind():
        frame = gpu.state.active_framebuffer_get()
        frame.clear(color=(0.0, 0.0, 0.0, 1.0))
        with gpu.matrix.push_pop(), gpu.matrix.push_pop_projection():
            gpu.matrix.load_matrix(Matrix.Translation((-1, -1, 0)) @ Matrix.Diagonal((2 / width, 2 / height, -1, 1)))
            gpu.matrix.load_projection_matrix(Matrix.Identity(4))
            blf.color(FONT, 1.0, 1.0, 1.0, 1.0)
            blf.position(FONT, PAD, PAD + max(0.0, -_descent(text)), 0.0)
            blf.draw(FONT, text)
        pixels = frame.read_color(0, 0, width, height, 4, 0, "UBYTE")
    off.free()
    pixels.dimensions = width * height * 4
    return np.array(pixels, np.float64).reshape(height, width, 4)[::-1, :, 0] / 255


def _descent(text: str) -> float:
    """Return how far ``text`` reaches below its line, as a number below 0: a third of the letters where any does."""
    return -blf.dimensions(FONT, "x")[1] / 3 if any(letter in "gjpqy,()" for letter in text) else 0.0


def alike(picture: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Return the normalised cross-correlation of ``pattern`` with every place in ``picture`` that it fits into."""
    (height, width), (rows, columns) = picture.shape, pattern.shape
    pattern = pattern - pattern.mean()
    shape = height + rows, width + columns
    flipped = np.fft.rfft2(pattern[::-1, ::-1], shape)
    inner = np.fft.irfft2(np.fft.rfft2(picture - picture.mean(), shape) * flipped, shape)
    inner = inner[rows - 1 : height, columns - 1 : width]
    count = pattern.size
    total, squares = (_sums(picture**power, rows, columns) for power in (1, 2))
    spread = np.sqrt(np.maximum(squares - total**2 / count, 1e-9))
    return inner / np.maximum(spread * np.sqrt((pattern**2).sum()), 1e-3)


def _sums(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the sum over each window of that size."""
    table = np.pad(picture.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return table[rows:, columns:] - table[:-rows, columns:] - table[rows:, :-columns] + table[:-rows, :-columns]


def seen(text: str, where: Box | None = None, upright: bool = False) -> list[tuple[float, Box]]:
    """Return the places at which ``text`` can be read, the likeliest first, each with its likeness from 0 to 1.

    ``upright`` text runs from above to below, as on the tabs of a sidebar.
    """
    picture, pattern = grab(), drawn(text)
    where = where or Box(0, 0, picture.shape[1], picture.shape[0])
    part = picture[max(0, where.upper) : where.lower, max(0, where.left) : where.right]
    if upright:
        pattern = np.rot90(pattern, -1)
    if part.shape[0] < pattern.shape[0] or part.shape[1] < pattern.shape[1]:
        return []
    likeness, found = alike(part, pattern), []
    while (best := float(likeness.max())) > ALIKE:
        row, column = np.unravel_index(likeness.argmax(), likeness.shape)
        left, upper = where.left + int(column), where.upper + int(row)
        found.append((best, Box(left, upper, left + pattern.shape[1], upper + pattern.shape[0])))
        rows, columns = pattern.shape
        likeness[max(0, row - rows) : row + rows, max(0, column - columns) : column + columns] = 0.0
    return found


def read(text: str, where: Box | None = None, upright: bool = False, seconds: float = WAIT):
    """Wait until ``text`` can be read, and return its Box; an AssertionError says what was looked for in vain."""
    end = time.monotonic() + seconds
    while not (found := seen(text, where, upright)):
        assert time.monotonic() < end, f"{text!r} cannot be read in {where or 'the window'}"
        yield PAUSE
    return found[0][1]


def until(holds: Callable[[], bool], seconds: float = WAIT):
    """Wait until that holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "It does not come to hold"
        yield PAUSE


def hand(*commands: str | int) -> None:
    """Let `xdotool` do that."""
    subprocess.run(["xdotool", *map(str, commands)], check=True)


def hover(place: tuple[int, int]):
    """Move the mouse there, in two steps, as Blender notes a move and not a place."""
    hand("mousemove", place[0] + 1, place[1] + 1, "mousemove", *place)
    yield PAUSE


def click(place: tuple[int, int], button: int = 1, times: int = 1, keys: str = ""):
    """Click there, with ``keys`` such as "ctrl" held."""
    yield from hover(place)
    if keys:
        hand("keydown", keys)
        yield 0.1
    hand("click", *(["--repeat", times, "--delay", 80] if times > 1 else []), button)
    counted["clicks"] += times
    yield PAUSE
    if keys:
        hand("keyup", keys)


def press(*keys: str):
    """Press these keys, one after the other, as `xdotool` names them."""
    for key in keys:
        hand("key", key)
        counted["keys"] += 1
        yield PAUSE


def write(text: str):
    """Type that in place of what the field holds, which was clicked before, and press Enter."""
    yield from press("ctrl+a")
    hand("type", "--delay", 25, text)
    counted["letters"] += len(text)
    yield PAUSE
    yield from press("Return")


def drag(start: tuple[int, int], end: tuple[int, int], steps: int = 6):
    """Press the button at ``start`` and let it go at ``end``."""
    yield from hover(start)
    hand("mousedown", 1)
    yield PAUSE
    for step in range(1, steps + 1):
        hand("mousemove", *(round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True)))
        yield 0.1
    hand("mouseup", 1)
    counted["drags"] += 1
    yield PAUSE


def scroll(where: Box, notches: int):
    """Turn the wheel over the middle of a part of the window: down, or up for less than 0."""
    yield from hover(where.middle)
    hand("click", "--repeat", abs(notches), "--delay", 30, 5 if notches > 0 else 4)
    counted["notches"] += abs(notches)
    yield PAUSE


def command_at(place: tuple[int, int], kind: str = "VIEW_3D"):
    """Move the mouse there, and return the command of the button under it, as Blender copies it, or ""."""
    hand("mousemove", *place)
    yield 0.1
    with bpy.context.temp_override(window=window(), area=area(kind), region=region(kind, "UI")):
        if not bpy.ops.ui.copy_python_command_button.poll():
            return ""
        bpy.ops.ui.copy_python_command_button()
    return bpy.context.window_manager.clipboard


def save(path: str, part: Box | None = None, colours: int = 32) -> None:
    """Save a part of the window, or all of it, under that name, in so many colours: small, and every word sharp."""
    left, upper, right, lower = part or (0, 0, window().width, window().height)
    crop = f"{right - left}x{lower - upper}+{left}+{upper}"
    make = ["import", "-window", "root", "-crop", crop, "+repage", "-dither", "None", "-colors", str(colours)]
    subprocess.run([*make, f"png8:{path}"], check=True)
