"""What the panels of all features draw alike: where they live, wrapped text, progress, outcomes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import blf
import bpy

from .. import anim

if TYPE_CHECKING:
    from ..errors import CoamdError
    from .session import Session, Status

CATEGORY = "CoAMD"
_MARGIN, _ICON = 64, 25  # pixels of a region that its edges and those of a box take; that an icon takes
_WIDE = 0x2E80  # from this letter on, those of Chinese and Japanese: a line may end between any two of them
_CLOSING = frozenset({"pe", "pf", "po"})  # but not before one of these categories of Unicode, in lower case
_MOST_NOTES = 20
_MOST_LETTERS = 3000  # of one text: a .blend may hold any, and it is wrapped at every redraw


class Sidebar:
    """Where the panels of the add-on live: the CoAMD tab of the 3D Viewport's sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY


def has_numpy() -> bool:
    """Return whether this Blender has numpy; some Linux distributions build Blender without it."""
    return find_spec("numpy") is not None


def ui_scale() -> float:
    """Return the interface's resolution scale."""
    return bpy.context.preferences.system.ui_scale or 1.0  # 0 in background mode


def redraw(*kinds: str) -> None:
    """Redraw the areas of these ``kinds``, such as "DOPESHEET_EDITOR", in all windows."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()


def text_width(text: str) -> float:
    """Return how many pixels ``text`` takes in a label or a field."""
    return _text_width(text, bpy.context.preferences.ui_styles[0].widget.points * ui_scale())


@lru_cache(maxsize=4096)
def _text_width(text: str, points: float) -> float:
    blf.size(0, points)
    return blf.dimensions(0, text)[0]


def wrapped(text: str, width: float) -> list[str]:
    """Return the lines of at most ``width`` pixels that ``text`` takes.

    A word that is wider by itself is parted where it must be.
    """
    lines = [""]
    for word in text.split():
        parts = _parts(word, width)
        for number, part in enumerate(parts):
            longer = f"{lines[-1]} {part}" if lines[-1] and number == 0 else f"{lines[-1]}{part}"
            if lines[-1] and text_width(longer) > width:
                lines.append(part)
            else:
                lines[-1] = longer
    return [line for line in lines if line]


def _parts(word: str, width: float) -> list[str]:
    """Return what a line may end behind: the letters of Chinese and Japanese, of any word that is wider than a line."""
    if text_width(word) <= width and not any(ord(letter) > _WIDE for letter in word):
        return [word]
    parts: list[str] = []
    for letter in word:
        if parts and unicodedata.category(letter).lower() in _CLOSING:
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def translated(text: str) -> str:
    """Return ``text`` in the language of the interface; as it is where nobody translated it, or it is put together."""
    return bpy.app.translations.pgettext_iface(text)


def draw_text(layout: bpy.types.UILayout, text: str, width: float, icon: str = "NONE") -> None:
    """Draw ``text``, translated, in as many labels as ``width`` pixels need; Blender's labels do not wrap.

    Of a text that is longer than any that the add-on writes, only the beginning is drawn.
    """
    text = translated(text) if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} ..."
    room = width - (_MARGIN + (_ICON if icon != "NONE" else 0)) * ui_scale()
    column = layout.column(align=True)
    column.scale_y = 0.85
    for number, line in enumerate(wrapped(text, max(room, 100 * ui_scale()))):
        column.label(text=line, icon=icon if number == 0 else ("BLANK1" if icon != "NONE" else "NONE"), translate=False)


def told(error: CoamdError) -> str:
    """Return the line on an error, what is wrong and what to do translated each."""
    parts = (translated(part) for part in (error.message, error.hint) if part)
    return " - ".join(parts)


def draw_notes(layout: bpy.types.UILayout, notes: str, width: float) -> None:
    """Draw the lines of ``notes``, the first _MOST_NOTES of them, each as :func:`draw_text`."""
    for note in filter(None, notes[: _MOST_NOTES * _MOST_LETTERS].split("\n")[:_MOST_NOTES]):
        draw_text(layout, note, width, "INFO")


def draw_progress(layout: bpy.types.UILayout, status: Status, stop: str, scale: float, remaining: str = "") -> None:
    """Draw how far work is, and a button for ``stop``, the operator that ends it; ``scale`` times a button's height."""
    row = layout.row(align=True)
    row.scale_y = scale
    row.progress(factor=status.fraction, text=status.text + remaining)
    row.operator(stop, text="", icon="X")


def draw_outcome(
    layout: bpy.types.UILayout, current: Session, context: bpy.types.Context, panel: str, width: float
) -> None:
    """Show what the session said last of ``panel``'s work: its error, which can be copied, or its notice."""
    error, notice = current.said_in(panel, context)
    if error is not None:
        box = layout.box()
        message = box.column()
        message.alert = True
        draw_text(message, told(error), width, "ERROR")
        box.operator("coamd.copy", text="Copy Error", icon="COPYDOWN").which = "ERROR"
        layout.separator(factor=0.5)
    elif notice:
        column = layout.column()
        column.active = False
        draw_text(column, notice, width, "CHECKMARK")


def draw_subject(layout: bpy.types.UILayout, character: str, action: str, frames: str, detail: str = "") -> None:
    """Draw which character is meant, ``detail`` on it, and which Action and frames of it will be touched.

    A line each, however long: what stands below must not jump.
    """
    column = layout.column(align=True)
    column.label(text=character, icon="ARMATURE_DATA")
    details = column.column(align=True)
    details.active = False
    details.scale_y = 0.85
    if detail:
        details.label(text=detail, icon="BLANK1")
    details.label(text=action, icon="ACTION")
    details.label(text=frames, icon="BLANK1")


def draw_labelled(layout: bpy.types.UILayout, owner: bpy.types.bpy_struct, *names: str) -> None:
    """Draw choices of ``owner``, each with its name before it."""
    column = layout.column(align=True)
    column.use_property_split = True
    column.use_property_decorate = False
    for name in names:
        column.prop(owner, name)


def draw_end(layout: bpy.types.UILayout, context: bpy.types.Context, width: float) -> None:
    """Draw that the motion goes on beyond the scene's end, and the button that moves that."""
    armature, scene = anim.targets.find(context), context.scene
    last = None if armature is None else anim.scene_end.beyond(scene, armature)
    if last is not None:
        draw_text(layout, f"The motion ends at {last}, the scene at {scene.frame_end}", width, "INFO")
        layout.operator("coamd.extend_scene", icon="TRIA_RIGHT_BAR")
