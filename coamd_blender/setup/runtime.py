"""Which runtime the preferences name, as a command line; why there is none, with the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..core.launch import Launch
from ..errors import CoamdError, RuntimeUnavailable
from ..wire import client
from . import install, preferences
from . import interpreter as interpreters

if TYPE_CHECKING:
    from .properties import COAMD_Preferences


def interpreter(settings: COAMD_Preferences) -> Path | None:
    """Return the Python that is to run the bundled runtime; None for a custom command.

    Raises RuntimeUnavailable, naming the remedy, when there is none.
    """
    if settings.source == "COMMAND":
        return None
    if settings.source == "PYTHON":
        return interpreters.check_python(bpy.path.abspath(settings.python))
    folder = preferences.environment_folder()
    if not install.is_installed(folder, preferences.REQUIREMENTS):
        raise RuntimeUnavailable("The runtime is not installed", "Press Install Runtime in the add-on's preferences")
    return interpreters.environment_python(folder)


def command(settings: COAMD_Preferences | None) -> list[str]:
    """Return the command line that starts the runtime. Raises RuntimeUnavailable or InputError, naming the remedy."""
    if settings is None:
        raise RuntimeUnavailable("The add-on is not enabled", "Enable CoAMD in Preferences > Add-ons")
    python = interpreter(settings)
    if python is None:
        return client.split_command(settings.command)
    return client.runtime_command(python, preferences.ROOT, settings.device, settings.idle_minutes * 60.0)


def problem(settings: COAMD_Preferences | None) -> CoamdError | None:
    """Return why no runtime can be started with these preferences, or None when one can."""
    try:
        command(settings)
    except CoamdError as error:
        return error
    return None


def chosen() -> Launch:
    """Return how to start the runtime that the preferences name now. Raises as :func:`command`."""
    settings = preferences.get(bpy.context)
    return Launch(tuple(command(settings)), preferences.user_folder(), settings.quality)
