"""How long a runtime may be silent, and its work without a step; when one that failed may be started again.

Knows no process: it is told what was heard and what time it is. A leaf: standard library only.

A runtime says that it is alive every 2 seconds (protocol.BEAT_SECONDS). The user is told after TOLD_SECONDS without a
sign of life; after SILENT_SECONDS the runtime is ended. While it loads, a library's start may hold all of Python for
long, so it is given LOADING_SECONDS. Alive is not at work: a request whose step does not change for its ``patience``
is given up too.
"""

from __future__ import annotations

TOLD_SECONDS = 5.0
SILENT_SECONDS = 20.0
LOADING_SECONDS = 60.0
LONGEST_TICK = 2.5  # that counts: after a sleep of the machine, or of Blender, what was said meanwhile is read first
LONGEST_WAIT = 30.0


class Watch:
    """The clock of one process. Times are seconds; ``now`` only ever grows."""

    def __init__(self, now: float):
        self.age = 0.0
        self.silence = 0.0  # since the last sign of life
        self.stall = 0.0  # since the work in hand did its last step
        self._now = now
        self._signs = 0

    def tick(self, now: float, signs: int, working: bool) -> None:
        """Note the time. ``signs`` counts all signs of life so far; ``working``: a request is not answered yet."""
        passed, self._now = min(now - self._now, LONGEST_TICK), now
        self.age += passed
        self.silence = 0.0 if signs != self._signs else self.silence + passed
        self.stall = self.stall + passed if working else 0.0
        self._signs = signs

    def step(self) -> None:
        """Note that the work in hand has gone on."""
        self.stall = 0.0


class Restarts:
    """How long to wait before a runtime is started again: not after its first failure, then 1 s, 2 s, 4 s, ... 30 s."""

    def __init__(self):
        self._failures = 0
        self._not_before = 0.0

    def failed(self, now: float) -> None:
        """Note that a process has ended unasked."""
        self._failures += 1
        if self._failures > 1:
            self._not_before = now + min(2.0 ** min(self._failures - 2, 10), LONGEST_WAIT)

    def answered(self) -> None:
        """Note that a request was answered: the runtime works."""
        self._failures, self._not_before = 0, 0.0

    def wait(self, now: float) -> float:
        """Return in how many seconds it may be started, 0: at once."""
        return max(0.0, self._not_before - now)
