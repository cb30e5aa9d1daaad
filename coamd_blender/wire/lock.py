"""Files that say who works where: locked for as long as a process lives, however it ends.

A leaf: standard library only.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError


def lock(descriptor: int) -> None:
    """Lock an open file for this process and those that inherit the descriptor. Raises OSError when it is taken."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def alone(path: Path, message: str, hint: str) -> Iterator[int]:
    """Keep other processes out of what the file ``path`` stands for; give its descriptor.

    Raises InputError, ``message`` with ``hint``, when another is in.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            lock(descriptor)
        except OSError as error:
            raise InputError(message, hint) from error
        yield descriptor
    finally:
        os.close(descriptor)


def is_taken(path: Path) -> bool:
    """Return whether a living process holds the lock of the file ``path``."""
    if not path.is_file():
        return False
    try:
        with alone(path, f"{path} is in use", "Wait until it is free"):
            return False
    except InputError:
        return True
