"""What long work yields, so that the interface stays alive: how far it is, and what a thread may do for it.

Work is a generator. Whoever runs it resumes it at the next tick; to a :class:`Call` with the result of the function, or
with the error it raised. Between two steps anything may happen in Blender: data is found again by ``session_uid``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..motion.blas import one_thread


class _Threads:
    """How many calls run at the moment, and a way to keep them from it."""

    def __init__(self) -> None:
        self.count, self._changed = 0, threading.Condition()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count what is within as running; wait first where somebody is :meth:`none`."""
        with self._changed:
            self.count += 1
        try:
            yield
        finally:
            with self._changed:
                self.count -= 1
                self._changed.notify_all()

    @contextmanager
    def none(self) -> Iterator[None]:
        """Wait until nothing runs, and have nothing begin within."""
        with self._changed:
            self._changed.wait_for(lambda: not self.count)
            yield


threads = _Threads()


@dataclass(frozen=True)
class Step:
    """How far a piece of work in Blender itself is: what it does, ``done`` of ``total`` parts."""

    text: str
    done: int
    total: int


@dataclass(frozen=True)
class Call:
    """Run ``function(*arguments)``, which touches no Blender data, in a thread; ``step`` is shown meanwhile."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    step: Step | None = None

    def run(self) -> Any:
        """Return what the function returns. Its linear algebra keeps to this thread."""
        with threads.one_more(), one_thread():
            return self.function(*self.arguments)


Steps = Generator[Step | Call | None, Any, Any]
