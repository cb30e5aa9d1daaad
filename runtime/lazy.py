"""Packages whose parts are imported when they are first used, so that --help, a refusal and a hello need no torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy(package: str, modules: Sequence[str] = (), names: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return the ``__getattr__`` (PEP 562) of ``package``: it imports its ``modules`` when they are first asked for.

    ``names`` are attributes of modules that the package shows as its own: {"Generator": "generator"}, the module
    relative to the package.
    """
    shown = dict(names or {})

    def load(name: str) -> Any:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name in shown:
            return getattr(importlib.import_module(f"{package}.{shown[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
