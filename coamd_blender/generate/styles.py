"""The styles that are put on for the next generation; the room ``teach`` makes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..setup import preferences
from ..wire.requests import StyleChoice

if TYPE_CHECKING:
    from .properties import COAMD_PG_settings, COAMD_PG_style


def chosen(settings: COAMD_PG_settings) -> tuple[StyleChoice, ...]:
    """Return the styles that are on, as a request takes them.

    Raises InputError for one outside the folder of styles: the .blend says where it lies, and may be a stranger's.
    """
    found = []
    for row in settings.styles:
        if row.on and row.strength:
            path = Path(os.path.abspath(row.path))  # the name alone is looked at: it may lie on somebody's server
            if preferences.styles_folder() not in path.parents:
                raise InputError(
                    f"The style {row.name!r} of this file does not lie in your folder of styles",
                    "Take it off in Styles, and put one of your own on",
                )
            found.append(StyleChoice(str(path), round(row.strength, 3)))
    return tuple(found)


def told(settings: COAMD_PG_settings) -> str:
    """Return the names of the styles that are on, with their strengths; "" for none."""
    return ", ".join(f"{row.name} {row.strength:.2f}" for row in settings.styles if row.on and row.strength)


def put_on(settings: COAMD_PG_settings, name: str, path: Path) -> COAMD_PG_style:
    """Return the row of the style ``name`` in the file ``path``, added unless it is there, and on."""
    row = next((row for row in settings.styles if row.name == name), None) or settings.styles.add()
    row.name, row.path, row.on = name, str(path), True
    return row


def take_off(settings: COAMD_PG_settings, name: str) -> None:
    """Remove the row of the style ``name``, if there is one."""
    found = next((index for index, row in enumerate(settings.styles) if row.name == name), None)
    if found is not None:
        settings.styles.remove(found)
