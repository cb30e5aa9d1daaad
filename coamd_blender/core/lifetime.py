"""What ends with the add-on: whoever starts a process or a thread, or keeps pictures, says here how to end it."""

from __future__ import annotations

from collections.abc import Callable

_ends: list[Callable[[], None]] = []


def at_end(end: Callable[[], None]) -> None:
    """Call ``end()`` once when the add-on is disabled, the last one given first."""
    if end not in _ends:
        _ends.append(end)


def close() -> None:
    """Call all that was given to :func:`at_end`, and forget it."""
    while _ends:
        _ends.pop()()
