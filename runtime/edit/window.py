"""The window about an edited range: whole tokens laid over it, and windows that fill a range longer than one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES
from coamd_blender.wire.edit_modes import EDIT_MODES
from runtime.edit.task import Edit

WINDOW = MAX_FRAMES // FRAME_MULTIPLE  # tokens the networks see at once
OVERLAP = 8  # tokens of what is there already that a further window begins with
DROPPED = 4  # tokens at the end of a window that is not the last: drawn as an ending, so drawn again
SEAM = 2  # tokens shown of the side that a mode does not build on, where frames are kept there
PROMPTED = 1  # token shown of either side of a range that is told what happens: more of a walk, and it goes on walking


@dataclass(frozen=True)
class Grid:
    """The window's 20 frames a second: ``time`` (s) of the range's first frame, and tokens before, in, after it."""

    time: float
    before: int
    missing: int
    after: int

    @property
    def tokens(self) -> int:
        return self.before + self.missing + self.after

    def times(self) -> np.ndarray:
        """Return the time of every frame of the window, seconds: (4 * tokens,)."""
        return self.time + np.arange(-FRAME_MULTIPLE * self.before, FRAME_MULTIPLE * (self.missing + self.after)) / FPS

    @classmethod
    def of(cls, fps: float, task: Edit, before: tuple[int, int], after: tuple[int, int]) -> Grid:
        """Lay whole tokens over the range: the first frame follows the last kept one by 1/20 s, and what whole
        tokens cover beyond the range is shared between its ends."""
        start, stop, tiny = task.start / fps, task.stop / fps, 1e-6
        has_before, has_after = before[1] > before[0], after[1] > after[0]
        if has_before:
            first = start - 1 / fps + 1 / FPS
            last = stop - 1 / FPS if has_after else stop - 1 / fps
        else:
            first, last = 0.0, (stop - 1 / FPS if has_after else stop - 1 / fps)
        count = max(1, math.ceil(((last - first) * FPS + 1 - tiny) / FRAME_MULTIPLE))
        spare = FRAME_MULTIPLE * count - ((last - first) * FPS + 1)
        if has_before and has_after:
            first -= math.floor(spare / 2 + tiny) / FPS
        elif has_after:
            first -= spare / FPS
        end = first + FRAME_MULTIPLE * count / FPS
        ahead = math.floor((first - before[0] / fps) * FPS + tiny) // FRAME_MULTIPLE if has_before else 0
        behind = math.floor(((after[1] - 1) / fps - end) * FPS + 1 + tiny) // FRAME_MULTIPLE if has_after else 0
        return cls(first, *_contexts(count, max(0, ahead), max(0, behind), task))


def _contexts(missing: int, before: int, after: int, task: Edit) -> tuple[int, int, int]:
    """How many of the tokens there are to show on either side: (before, missing, after)."""
    builds_on = EDIT_MODES[task.mode].builds_on
    if task.prompted:
        before, after = min(before, PROMPTED), min(after, PROMPTED)
    after = min(after, SEAM) if builds_on == "before" else after
    before = min(before, SEAM) if builds_on == "after" else before
    room = WINDOW - missing
    if room < 2 * OVERLAP:
        return min(before, OVERLAP), missing, min(after, OVERLAP)
    before = min(before, max(room // 2, room - after))
    return before, missing, min(after, room - before)


def windows(before: int, missing: int, after: int) -> list[tuple[int, int, int]]:
    """Windows (first, last, done) of at most 49 tokens that fill ``missing`` tokens between ``before`` and ``after``:
    each shows tokens [first, last), and what it draws before ``done`` stays."""
    total, done = before + missing + after, before
    plan = []
    while True:
        first = 0 if total <= WINDOW else max(0, done - OVERLAP)
        if total - first <= WINDOW:
            return [*plan, (first, total, total)]
        last = min(first + WINDOW, before + missing)
        done = last - DROPPED
        plan.append((first, last, done))
