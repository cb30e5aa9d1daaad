"""What the interface says, given to Blender in the languages it is translated to."""

from __future__ import annotations

import json
from pathlib import Path

import bpy

FILE = Path(__file__).with_name("messages.json")
# Labels and properties, and the buttons and menu entries of operators.
CONTEXTS = ("*", "Operator")


def table() -> dict[str, dict[tuple[str, str], str]]:
    """Return what bpy.app.translations takes: language to (context, English) to the text in it."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for english, languages in json.loads(FILE.read_text(encoding="utf-8")).items():
        for language, text in languages.items():
            found.setdefault(language, {}).update({(context, english): text for context in CONTEXTS})
    return found


def register() -> None:
    """Give the texts to Blender."""
    bpy.app.translations.register(__package__, table())


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(__package__)
