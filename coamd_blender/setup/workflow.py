"""The installation and the test of the runtime that the preferences show: at most one of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..core import lifetime, timer
from . import preferences, runtime
from .install import Installer, InstallPlan, RuntimeTest, remove
from .packages import Packages

if TYPE_CHECKING:
    from .properties import COAMD_Preferences

_installer: Installer | None = None
_test: RuntimeTest | None = None


def installer() -> Installer | None:
    """Return the installation that runs or was the last to run; None when there was none."""
    return _installer


def test() -> RuntimeTest | None:
    """Return the test that runs or was the last to run; None when there was none."""
    return _test


def busy() -> bool:
    """Return whether a thread of either works."""
    return any(task is not None and task.running for task in (_installer, _test))


def tick() -> float | None:
    """Say when to look again (timer.start): None once both have ended. That a test passed is noted then."""
    if busy():
        return timer.BUSY_SECONDS
    note_test()
    return None


def note_test() -> None:
    """Note in the preferences that the test that was the last to run passed."""
    settings = preferences.get(bpy.context)
    if settings is not None and _test is not None and not _test.running and _test.error is None:
        settings.tested = True


def install(settings: COAMD_Preferences, repair: bool = False) -> Installer:
    """Start installing as the preferences say, with ``repair`` from the start whatever is there.

    Raises OfflineError when online access is off and no folder of wheels is chosen.
    """
    global _installer
    plan = InstallPlan(
        folder=preferences.environment_folder(),
        base_python=preferences.base_python(settings),
        packages=Packages(
            settings.torch_source,
            preferences.REQUIREMENTS,
            preferences.LOCKS,
            preferences.wheels_folder(settings),
        ),
        afresh=repair,
    )
    _installer = Installer(plan)
    _installer.start(bpy.app.online_access)
    lifetime.at_end(close)
    timer.start(tick)
    return _installer


def uninstall() -> None:
    """Delete the installed environment. Raises InputError when its files are in use."""
    global _installer
    _installer = None
    remove(preferences.environment_folder())


def start_test(settings: COAMD_Preferences) -> RuntimeTest:
    """Start the chosen runtime once, in a thread. Raises RuntimeUnavailable or InputError when none is chosen."""
    global _test
    _test = RuntimeTest(runtime.command(settings), preferences.user_folder(), runtime.interpreter(settings))
    _test.start()
    lifetime.at_end(close)
    timer.start(tick)
    return _test


def close() -> None:
    """Stop the installation, if one runs, and forget both."""
    global _installer, _test
    if _installer is not None and _installer.running:
        _installer.cancel()
        _installer.wait(2.0)
    _installer = _test = None
