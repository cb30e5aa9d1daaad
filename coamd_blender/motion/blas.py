"""One thread for numpy's linear algebra while the add-on computes beside Blender and the runtime.

The matrices here are small: more threads cost twice the processor and save no time, and the processors are wanted by
the interface and the runtime. numpy's own OpenBLAS is asked, in the folders that its wheels keep it in; another BLAS,
or Blender's own numpy, which has none with threads, is left as it is.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PREFIXES, _SUFFIXES = ("scipy_openblas", "openblas"), ("64_", "_64", "")
_FOLDERS = (("..", "numpy.libs"), (".dylibs",), (".libs",))  # beside or in the package: Linux and Windows, macOS, older


class Threads(NamedTuple):
    """How many threads a BLAS uses: what asks it, and what sets it."""

    get: Callable[[], int]
    set: Callable[[int], None]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Have numpy's linear algebra use one thread inside, and as many as before after it."""
    threads = openblas()
    if threads is None:
        yield
        return
    before = threads.get()
    threads.set(1)
    try:
        yield
    finally:
        threads.set(before)


@cache
def openblas() -> Threads | None:
    """Return how the OpenBLAS that numpy has loaded is asked, None where it has none that can be."""
    import numpy as np

    package = Path(np.__file__).parent
    for folder in _FOLDERS:
        for path in sorted(package.joinpath(*folder).glob("*openblas*")):
            try:
                library = ctypes.CDLL(str(path))  # the one that is loaded, once more
            except OSError:
                continue  # of another system
            found = _functions(library)
            if found is not None:
                return found
    return None


def _functions(library: ctypes.CDLL) -> Threads | None:
    for prefix in _PREFIXES:
        for suffix in _SUFFIXES:
            names = (f"{prefix}_{what}_num_threads{suffix}" for what in ("get", "set"))
            get, put = (getattr(library, name, None) for name in names)
            if get is not None and put is not None:
                get.restype, put.argtypes, put.restype = ctypes.c_int, (ctypes.c_int,), None
                return Threads(get, put)
    return None
