"""Modules that are imported when they are first used: registering the add-on loads neither numpy nor the client, and
the command line's help, refusals and the server's hello need no torch.

A package calls :func:`modules_of` in its ``__init__``; who names the package then reaches its modules as attributes,
``from .. import core`` and ``core.session``, and the first use imports them.

A leaf: standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def modules_of(package: str, names: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return what a package is to have as ``__getattr__`` (PEP 562) so that its modules are imported at first use.

    ``names`` are attributes of modules that the package shows as its own, {"Generator": "generate.generator"}: the
    module relative to the package.
    """
    shown = dict(names or {})

    def module(name: str) -> Any:
        if name in shown:
            return getattr(import_module(f"{package}.{shown[name]}"), name)
        full = f"{package}.{name}"
        if name.startswith("_") or find_spec(full) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(full)

    return module
