"""How the runtime is started. The room ``setup``, which knows the preferences, is asked by way of :func:`follow`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import RuntimeUnavailable
from ..wire import limits


@dataclass(frozen=True)
class Launch:
    """The command line that starts the runtime, and the folder it works in; the ``quality`` it is asked to draw in
    (``limits.QUALITIES``), which a runtime that runs already can change."""

    command: tuple[str, ...]
    folder: Path
    quality: str = field(default=limits.DEFAULT_QUALITY, compare=False)


_source: Callable[[], Launch] | None = None


def follow(source: Callable[[], Launch] | None) -> None:
    """Let :func:`chosen` ask ``source`` from now on; it raises a CoamdError when no runtime can be started."""
    global _source
    _source = source


def chosen() -> Launch:
    """Return how to start the runtime that is chosen now. Raises RuntimeUnavailable, naming the remedy."""
    if _source is None:
        raise RuntimeUnavailable("The add-on is not enabled", "Enable CoAMD in Preferences > Add-ons")
    return _source()
