"""Which of its motions each character takes, and which way it sets out, so that none comes too near to another.

A motion is moved as a whole: turned about where it begins, so that feet slide no more than they did and everybody
starts where they stand. One character after another is given the motion that needs the least turn; a motion of the
characters before it never changes. A plain search, in the order of the cast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# By these angles a motion may set out another way, the smallest first (radians).
TURNS = np.radians([0, *(sign * degrees for degrees in range(15, 181, 15) for sign in (1, -1))])[:-1]


@dataclass(frozen=True)
class Choice:
    """What a character does: its motion number ``draw``, turned by ``angle``, radians, from x to z of its track; and
    how near it then comes to those before it, ``clearance``, in the tracks' unit (infinite for the first)."""

    draw: int
    angle: float
    clearance: float


def turned(track: np.ndarray, angle: float) -> np.ndarray:
    """Return ``track`` (frames, 2: x, z), any unit, turned about its start by ``angle``, radians, the same shape."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return track[:1] + (track - track[:1]) @ np.array([[cosine, sine], [-sine, cosine]])


def clearances(track: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how near ``track`` (frames, 2: x, z) comes to each of ``others`` (n, frames, 2: x, z), (n,), in their
    unit."""
    return np.linalg.norm(others - track, axis=-1).min(axis=1)


def _until(track: np.ndarray, frames: int) -> np.ndarray:
    """Return a track that stays where it ends until all are done."""
    return np.concatenate([track, np.repeat(track[-1:], frames - len(track), axis=0)])


def arrange(casts: Sequence[Sequence[np.ndarray]], apart: float, turns: Sequence[float] = TURNS) -> list[Choice]:
    """Return a choice for every character of ``casts``, each its motions' tracks, (frames, 2: x, z), the best first.

    None comes nearer to another than ``apart``, in the tracks' unit, or than both stand at the start where that is
    less, if any of its motions turned by one of ``turns``, the likeliest first, does so; else it takes what stays
    furthest away.
    """
    frames = max(len(track) for tracks in casts for track in tracks)
    chosen = np.zeros((0, frames, 2))
    found = []
    for tracks in casts:
        choice, way = _chosen([_until(track, frames) for track in tracks], chosen, apart, turns)
        found.append(choice)
        chosen = np.concatenate([chosen, way[None]])
    return found


def _chosen(
    tracks: Sequence[np.ndarray], others: np.ndarray, apart: float, turns: Sequence[float]
) -> tuple[Choice, np.ndarray]:
    """Return what one character does beside ``others``, and its track then."""
    best = None
    for angle in turns:
        for draw, track in enumerate(tracks):
            moved = turned(track, angle)
            near = clearances(moved, others)
            needed = np.minimum(apart, np.linalg.norm(others[:, 0] - moved[0], axis=1))
            spare = float(np.min(near - needed, initial=0.0))
            if best is None or spare > best[0] + 1e-9:
                best = spare, Choice(draw, float(angle), float(np.min(near, initial=np.inf))), moved
            if best[0] > -1e-6:
                return best[1:]
    return best[1:]
