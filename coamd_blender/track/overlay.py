"""Draws the track of the chosen character at the bottom of every Dope Sheet and Timeline. Changes nothing."""

from __future__ import annotations

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from .. import anim
from ..blocks import tracks
from ..blocks.arrange import Block
from ..core import drawing
from .strip import View, colours

# Pixels at a resolution scale of 1. Above the scroll bar, and above the markers where they have a row of their own.
BOTTOM, ABOVE_MARKERS, HEIGHT, REACH, LETTERS = 18, 42, 24, 7, 11
RULER = 24  # with the frame numbers, at the top
MODES = {"DOPESHEET", "ACTION", "TIMELINE"}
_CHOSEN, _EDGE = (1.0, 1.0, 1.0, 0.95), (0.05, 0.05, 0.05, 0.9)
MOST_LETTERS = 300  # of a sentence that are written: no block on a screen shows more
_MARKS = {tracks.CHANGED: (1.0, 0.62, 0.16, 1.0), tracks.NEW: (0.85, 0.85, 0.85, 0.9)}  # a line below what is not made

_handle: object | None = None
_said: tuple[int, float, str] | None = None  # the region that the mouse is in, its x there, what is said at it


def follow() -> None:
    """Begin to draw."""
    global _handle
    if _handle is None:
        _handle = bpy.types.SpaceDopeSheetEditor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def unfollow() -> None:
    """Draw no more."""
    global _handle
    if _handle is not None:
        bpy.types.SpaceDopeSheetEditor.draw_handler_remove(_handle, "WINDOW")
        _handle = None


def say(region: bpy.types.Region | None, x: float = 0.0, text: str = "") -> None:
    """Write ``text`` above the blocks of ``region`` at ``x``, pixels, as long as a drag lasts; None: nothing more."""
    global _said
    _said = None if region is None else (region.as_pointer(), x, text)


def redraw() -> None:
    """Redraw the timelines and the panels: they show the track."""
    drawing.redraw("DOPESHEET_EDITOR", "VIEW_3D")


def shown(context: bpy.types.Context) -> tuple[bpy.types.Object, View] | None:
    """Return the armature whose track is drawn in the context's region, and the view; None where none is.

    A Timeline that shows nothing but its ruler has no room for one, and overlays can be off.
    """
    space, region = context.space_data, context.region
    if space is None or space.type != "DOPESHEET_EDITOR" or region is None or region.type != "WINDOW":
        return None
    if space.mode not in MODES or not drawing.has_numpy():
        return None
    overlays = getattr(space, "overlays", None)
    if overlays is not None and not overlays.show_overlays:
        return None
    armature = anim.targets.find(context)
    if armature is None or not armature.coamd_track.blocks:
        return None
    scale, markers = drawing.ui_scale(), _has_marker_row(context.scene) and getattr(space, "show_markers", True)
    origin, far = (region.view2d.view_to_region(frame, 0.0, clip=False)[0] for frame in (0.0, 1000.0))
    room = region.height - (RULER + HEIGHT) * scale
    if room < 0:
        return None
    bottom = min((ABOVE_MARKERS if markers else BOTTOM) * scale, room)
    view = View(origin, max(1e-6, (far - origin) / 1000), region.width, bottom, HEIGHT * scale, REACH * scale)
    return armature, view


def _has_marker_row(scene: bpy.types.Scene) -> bool:
    """Return whether the timeline has a row that its markers take clicks in.

    Before Blender 5.0 it takes them where there is no marker, too: a double-click there asks for the name of one.
    """
    return bool(scene.timeline_markers) or bpy.app.version < (5, 0)


def _draw() -> None:
    found = shown(bpy.context)
    if found is None:
        return
    armature, view = found
    gpu.state.blend_set("ALPHA")
    rows = zip(tracks.read(armature), tracks.states(armature), strict=True)
    for place, (block, state) in enumerate(rows):
        if view.shows(block):
            _draw_block(view, block, state, place == armature.coamd_track.index)
    if _said is not None and _said[0] == bpy.context.region.as_pointer():
        _draw_said(view, *_said[1:])
    gpu.state.blend_set("NONE")


def _draw_block(view: View, block: Block, state: str, chosen: bool) -> None:
    (left, right), low, high = view.ends(block), view.bottom, view.bottom + view.height
    line = max(1.0, view.height / 16)
    _rectangle(left, low, right, high, _CHOSEN if chosen else _EDGE)
    for first, last, colour in colours(block):
        inner = max(view.x_of(first), left + line), min(view.x_of(last), right - line)
        alpha = 1.0 if state == tracks.MADE else 0.85
        _rectangle(inner[0], low + line, inner[1], high - line, (*colour, alpha))
    if state in _MARKS:
        _rectangle(left + line, low + line, right - line, low + 3 * line, _MARKS[state])
    _write(view, block.prompt or "in between", max(left, 0.0) + 6 * line, right - 3 * line)


def _draw_said(view: View, x: float, text: str) -> None:
    """Write ``text`` on a plate above the blocks, whole at the ends of the region and in a low one."""
    blf.size(0, LETTERS * view.height / HEIGHT)
    width, margin = blf.dimensions(0, text)[0], view.height / 4
    left = min(max(x - width / 2, margin), max(view.width - width - margin, margin))
    high = min(view.bottom + 1.8 * view.height + margin, bpy.context.region.height)
    low = high - 0.8 * view.height
    _rectangle(left - margin, low, left + width + margin, high, _EDGE)
    blf.color(0, 1.0, 1.0, 1.0, 1.0)
    blf.position(0, left, low + 0.25 * view.height, 0.0)
    blf.draw(0, text)


def _rectangle(left: float, low: float, right: float, high: float, colour: tuple[float, ...]) -> None:
    if right <= left:
        return
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("color", colour)
    corners = [(left, low), (right, low), (right, high), (left, low), (right, high), (left, high)]
    batch_for_shader(shader, "TRIS", {"pos": corners}).draw(shader)


def _write(view: View, text: str, left: float, right: float) -> None:
    """Write what fits of ``text`` between two x."""
    if right - left < view.height / 2:
        return
    blf.size(0, LETTERS * view.height / HEIGHT)
    blf.color(0, 1.0, 1.0, 1.0, 1.0)
    blf.enable(0, blf.CLIPPING)
    blf.clipping(0, left, view.bottom, right, view.bottom + view.height)
    blf.position(0, left, view.bottom + 0.36 * view.height, 0.0)
    blf.draw(0, text[:MOST_LETTERS])
    blf.disable(0, blf.CLIPPING)
