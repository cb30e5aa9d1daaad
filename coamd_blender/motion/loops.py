"""A motion that is to end as it begins: what is made anew of it, between what precedes and the start that follows.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

REMADE_SECONDS = 1.5  # of the end, half the motion at most
AHEAD_SECONDS = 2.0  # of the start, shown behind the end
_GROUND = np.array([1.0, 0.0, 1.0])


class OpenLoop(NamedTuple):
    """A motion with its start behind its end: ``joints`` (frames, 22, 3), metres, of which the frames ``start`` to
    ``stop``, excluded, are to be made anew; the first ``count`` are then a loop, the last of them the first again."""

    joints: np.ndarray
    start: int
    stop: int
    count: int


def open_loop(joints: np.ndarray, fps: float, travel: bool = True) -> OpenLoop:
    """Return ``joints`` (frames, 22, 3), metres, ``fps`` frames a second, prepared to be closed to a loop.

    The start that follows is moved over the ground by the motion's travel, or stands where it stood without ``travel``.
    Eight frames at least.
    """
    count = len(joints)
    remade = min(round(REMADE_SECONDS * fps), count // 2)
    gone = (joints[-1, 0] - joints[0, 0]) * _GROUND.astype(joints.dtype) if travel else 0.0
    ahead = min(count - remade, round(AHEAD_SECONDS * fps))
    return OpenLoop(np.concatenate([joints[:-1], joints[:ahead] + gone]), count - 1 - remade, count - 1, count)
