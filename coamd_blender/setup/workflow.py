"""The installation and the test of the runtime that the preferences show: at most one of each."""

from __future__ import annotations

import bpy

from ..errors import CoamdError
from . import preferences
from .install import Installer, Plan, RuntimeTest, remove

_installer: Installer | None = None
_test: RuntimeTest | None = None


def installer() -> Installer | None:
    """The installation that runs or was the last to run; None when there was none."""
    return _installer


def test() -> RuntimeTest | None:
    """The test that runs or was the last to run; None when there was none."""
    return _test


def busy() -> bool:
    """True while a thread of either works."""
    return any(task is not None and task.running for task in (_installer, _test))


def install(settings: preferences.COAMD_Preferences) -> Installer:
    """Start installing as the preferences say. Raises OfflineError when online access is off."""
    global _installer
    plan = Plan(
        folder=preferences.environment_folder(),
        base_python=preferences.base_python(settings),
        requirements=preferences.REQUIREMENTS,
        torch_source=settings.torch_source,
    )
    _installer = Installer(plan)
    _installer.start(bpy.app.online_access)
    return _installer


def uninstall() -> None:
    """Delete the installed environment. Raises InputError when its files are in use."""
    global _installer
    _installer = None
    remove(preferences.environment_folder())


def start_test(settings: preferences.COAMD_Preferences) -> RuntimeTest:
    """Start the chosen runtime once, in a thread. Raises RuntimeUnavailable or InputError when none is chosen."""
    global _test
    _test = RuntimeTest(
        preferences.runtime_command(settings), preferences.user_folder(), preferences.interpreter(settings)
    )
    _test.start()
    return _test


def problem(settings: preferences.COAMD_Preferences | None) -> CoamdError | None:
    """Why no runtime can be started with these preferences, or None when one can."""
    try:
        preferences.runtime_command(settings)
    except CoamdError as error:
        return error
    return None


def close() -> None:
    """Stop the installation, if one runs, and forget both."""
    global _installer, _test
    if _installer is not None and _installer.running:
        _installer.cancel()
        _installer.wait(2.0)
    _installer = _test = None
