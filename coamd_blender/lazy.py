"""Modules that are imported when they are first used: registering the add-on loads neither numpy nor the client.

A room of the add-on calls :func:`modules_of` in its ``__init__``; who names the room then reaches its modules as
attributes, ``from .. import core`` and ``core.session``, and the first use imports them.

A leaf: standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def modules_of(package: str) -> Callable[[str], ModuleType]:
    """Return what a package is to have as ``__getattr__`` (PEP 562) so that its modules are imported at first use."""

    def module(name: str) -> ModuleType:
        full = f"{package}.{name}"
        if name.startswith("_") or find_spec(full) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(full)

    return module
