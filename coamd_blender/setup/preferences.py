"""The add-on's preferences: where Blender keeps them, and the folders that belong to the add-on.

``EXTENSION`` is the name Blender keys preferences and the user folder by: ``bl_ext.REPOSITORY.coamd`` when
installed from the zip, where ``coamd_blender`` is one level below the extension's root; that package's own
name when the folder is imported from a checkout.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..errors import InputError

if TYPE_CHECKING:
    from .properties import COAMD_Preferences

_ADDON = __package__.rpartition(".")[0]
EXTENSION = _ADDON.rpartition(".")[0] or _ADDON
# Holds runtime/, weights/ and coamd_blender/.
ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "runtime" / "requirements.txt"
LOCKS = ROOT / "runtime" / "locks"


def get(context: bpy.types.Context) -> COAMD_Preferences | None:
    """Return the preferences, or None when the package was registered without being enabled as an add-on."""
    entry = context.preferences.addons.get(EXTENSION)
    return None if entry is None else entry.preferences


def moves_timeline(context: bpy.types.Context) -> bool:
    """Return whether the timeline may be fitted to a motion that was made: not with "Leave It"."""
    settings = get(context)
    return settings is None or settings.afterwards != "LEAVE"


def user_folder() -> Path:
    """Return the folder this extension may write to, made when missing.

    Where it cannot be made its path is returned all the same, and whoever writes into it finds out (Blender, asked to
    make it, would give "", which is the working folder).
    """
    if EXTENSION.startswith("bl_ext."):
        found = Path(bpy.utils.extension_path_user(EXTENSION))
    else:
        found = Path(bpy.utils.user_resource("DATAFILES", path="coamd"))
    with suppress(OSError):
        found.mkdir(parents=True, exist_ok=True)
    return found


def own_folder(name: str) -> Path:
    """Return the folder ``name`` in the user folder, made when missing. Raises InputError where it cannot be made."""
    found = user_folder() / name
    try:
        found.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{found} cannot be made: {error.strerror}", "Let Blender write to that folder") from error
    return found


def environment_folder() -> Path:
    """Return where "Install Runtime" puts the virtual environment."""
    return user_folder() / "runtime-env"


def styles_folder() -> Path:
    """Return the folder of taught styles, the only one that styles are taken from."""
    return user_folder() / "styles"


def base_python(preferences: COAMD_Preferences) -> Path:
    """Return the Python that makes the environment: the user's choice, or the one that comes with Blender."""
    return Path(bpy.path.abspath(preferences.base_python) if preferences.base_python else sys.executable)


def wheels_folder(preferences: COAMD_Preferences) -> Path | None:
    """Return the folder of wheels that takes the place of the network, None without one."""
    return Path(bpy.path.abspath(preferences.wheels)) if preferences.wheels else None


def remember_prompt(preferences: COAMD_Preferences | None, prompt: str, keep: int = 12) -> None:
    """Put ``prompt`` first in the list of recent prompts, which holds ``keep`` at most."""
    if preferences is None:
        return
    prompts = [prompt, *(entry.name for entry in preferences.recent if entry.name != prompt)][:keep]
    preferences.recent.clear()
    for text in prompts:
        preferences.recent.add().name = text
