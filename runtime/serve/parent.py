"""Whether the process that started this one is still there."""

from __future__ import annotations

import os
from collections.abc import Callable

_SYNCHRONIZE = 0x00100000  # the right to wait for a process
_WAIT_TIMEOUT = 0x102  # it has not ended


def watch() -> Callable[[], bool]:
    """Return a function that says whether the parent of this process, as of now, is gone.

    On POSIX an orphan gets another parent. Windows keeps the number of a parent that has ended and gives it to others,
    so that a handle is held instead; a parent that may not be opened counts as there.
    """
    if os.name == "nt":
        return _watch_handle()
    parent = os.getppid()
    return lambda: os.getppid() != parent


def _watch_handle() -> Callable[[], bool]:
    import ctypes

    kernel = ctypes.windll.kernel32
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, os.getppid())
    if not handle:
        return lambda: False
    return lambda: kernel.WaitForSingleObject(ctypes.c_void_p(handle), 0) != _WAIT_TIMEOUT
