"""Keys in time: when a value moves and when it holds, eased, with a way through, a settling and natural unrest.

A :class:`Track` is a list of moves: each starts and ends at a time and leads to an entry of a list of values. Between
moves the value holds. Moves that follow one another without a hold pass through with speed; a move that turns back
or stops comes to rest. Segments are quintic Hermite (zero acceleration at both ends), so that a move from rest to
rest is the minimum-jerk curve of Flash and Hogan (1985).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

# By how much a move's clock is bent: above 1 it gathers speed late (a blow), below 1 early (a reach).
EASES = {"smooth": 1.0, "reach": 0.88, "strike": 1.45, "drop": 1.3}
_SETTLE, _SETTLE_DECAY, _SETTLE_PERIOD = 0.05, 0.11, 0.5
_LEAST_HOLD = 0.04  # seconds: shorter is a way through


@dataclass(frozen=True)
class Move:
    """A move to the value ``index`` between the times ``start`` and ``end``, seconds."""

    start: float
    end: float
    index: int
    ease: float = 1.0


@dataclass
class Track:
    """Moves in order of time; before the first the value ``first`` holds."""

    first: int = 0
    moves: list[Move] = field(default_factory=list)

    def add(self, start: float, end: float, index: int, ease: float = 1.0) -> None:
        """Add a move; a move that would start before the last has ended starts where it ends."""
        if self.moves and start < self.moves[-1].end:
            start = self.moves[-1].end
            end = max(end, start + 0.05)
        self.moves.append(Move(start, end, index, ease))

    def segments(self, times: np.ndarray) -> Segments:
        """Find between which entries the value lies at ``times`` (frames,), seconds, and how far."""
        nodes = [(-1e3, self.first, 1.0)]
        for move in self.moves:
            if move.start - nodes[-1][0] > _LEAST_HOLD:
                nodes.append((move.start, nodes[-1][1], 1.0))
            nodes.append((max(move.end, nodes[-1][0] + 0.01), move.index, move.ease))
        nodes.append((1e4, nodes[-1][1], 1.0))
        at = np.array([node[0] for node in nodes])
        entries = np.array([node[1] for node in nodes])
        eases = np.array([node[2] for node in nodes])
        place = np.clip(np.searchsorted(at, times, side="right") - 1, 0, len(nodes) - 2)
        around = np.clip(place[:, None] + np.arange(-1, 3), 0, len(nodes) - 1)
        spans = np.maximum(np.diff(at), 1e-3)
        steps = np.clip(place[:, None] + np.arange(-1, 2), 0, len(spans) - 1)
        share = np.clip((times - at[place]) / spans[place], 0, 1)
        return Segments(entries[around], spans[steps], share ** eases[place + 1], times - at[place])


@dataclass(frozen=True)
class Segments:
    """Where each frame stands: entries (frames, 4) around it, spans (frames, 3) seconds, share (frames,), since."""

    entries: np.ndarray
    spans: np.ndarray
    share: np.ndarray
    since: np.ndarray


_FIELDS = ("entries", "spans", "share", "since")


def hermite(points: np.ndarray, at: Segments, settle: float | np.ndarray = 1.0) -> np.ndarray:
    """Blend ``points`` (frames, 4, D) around each frame: (frames, D).

    ``settle`` (scalar or (frames,)) is the share of the small after-swing where a move ends in a hold.
    """
    spans = at.spans[..., None]
    secants = np.diff(points, axis=1) / spans
    u = at.share[:, None]
    inner = _through(secants[:, :2], spans[:, :2]), _through(secants[:, 1:], spans[:, 1:])
    span = spans[:, 1]
    u3, u4, u5 = u**3, u**4, u**5
    value = points[:, 1] + (points[:, 2] - points[:, 1]) * (10 * u3 - 15 * u4 + 6 * u5)
    value += span * inner[0] * (u - 6 * u3 + 8 * u4 - 3 * u5) + span * inner[1] * (-4 * u3 + 7 * u4 - 3 * u5)
    held = np.all(np.abs(points[:, 2] - points[:, 1]) < 1e-7, axis=1)
    came = np.where(held[:, None], points[:, 1] - points[:, 0], 0.0)
    swing = np.exp(-at.since / _SETTLE_DECAY) * np.sin(2 * np.pi * at.since / _SETTLE_PERIOD)
    size = np.broadcast_to(settle, at.since.shape) * _SETTLE / (0.5 + at.spans[:, 0])
    return value + came * (np.minimum(size, 0.12) * swing)[:, None]


def _through(secants: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Return the speed (frames, D) at a node between two ``secants`` (frames, 2, D).

    It is none where the way turns back or holds.
    """
    before, after = secants[:, 0], secants[:, 1]
    first_length, second_length = (np.sqrt(np.einsum("fd,fd->f", part, part)) for part in (before, after))
    lengths = first_length * second_length
    cosine = np.einsum("fd,fd->f", before, after) / np.maximum(lengths, 1e-9)
    weight = np.where(lengths > 1e-9, np.clip(1 + cosine, 0, 1), 0.0)[:, None]
    first, second = spans[:, 0], spans[:, 1]
    mean = (before * second + after * first) / (first + second)
    size = np.sqrt(np.einsum("fd,fd->f", mean, mean))[:, None]
    least = 1.5 * np.minimum(first_length, second_length)[:, None]
    return weight * mean * np.minimum(1.0, least / np.maximum(size, 1e-9))


def number_curve(values: list[float], track: Track, times: np.ndarray, settle: float = 1.0) -> np.ndarray:
    """Return the number (frames,) at ``times`` (frames,), seconds, that ``track`` leads through the entries ``values``.

    ``settle`` is the share of the after-swing, as in :func:`hermite`.
    """
    if not track.moves:
        return np.full(len(times), float(values[track.first]))
    at = track.segments(times)
    return hermite(np.array(values, float)[at.entries][..., None], at, settle)[:, 0]


def number_curves(channels: list[tuple[list[float], Track]], times: np.ndarray, settles: list[float]) -> np.ndarray:
    """Return the numbers (channels, frames) of several tracks at ``times`` (frames,), seconds.

    ``settles`` are the shares of after-swing, one a track.
    """
    result = np.empty((len(channels), len(times)))
    moving = []
    for place, (values, track) in enumerate(channels):
        if track.moves:
            moving.append(place)
        else:
            result[place] = values[track.first]
    if moving:
        parts = [channels[place][1].segments(times) for place in moving]
        at = Segments(*(np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS))
        points = [np.array(channels[place][0], float)[part.entries] for place, part in zip(moving, parts, strict=True)]
        settle = np.repeat([settles[place] for place in moving], len(times))
        result[moving] = hermite(np.concatenate(points)[..., None], at, settle)[:, 0].reshape(len(moving), -1)
    return result


def blend_rotations(around: np.ndarray, at: Segments, settle: float | np.ndarray = 1.0) -> np.ndarray:
    """Blend rotations ``around`` (frames, 4, 3, 3) each frame: (frames, 3, 3), the short way from one to the next.

    ``settle``, a scalar or (frames,), is the share of the after-swing, as in :func:`hermite`.
    """
    result = around[:, 1].copy()
    moving = (at.entries != at.entries[:, 1:2]).any(axis=1)
    if not moving.any():
        return result
    around, at = around[moving], Segments(at.entries[moving], at.spans[moving], at.share[moving], at.since[moving])
    settle = np.broadcast_to(settle, moving.shape)[moving]
    chained = np.swapaxes(around[:, [1, 1, 2]], -1, -2) @ around[:, [0, 2, 3]]
    steps = Rotation.from_matrix(chained.reshape(-1, 3, 3)).as_rotvec().reshape(-1, 3, 3)
    # The entry after next is reached from the next one, not from here: its turn stays on the same branch.
    vectors = np.stack([steps[:, 0], np.zeros((len(steps), 3)), steps[:, 1], steps[:, 1] + steps[:, 2]], axis=1)
    result[moving] = around[:, 1] @ Rotation.from_rotvec(hermite(vectors, at, settle)).as_matrix()
    return result


def unrest(rng: np.random.Generator, times: np.ndarray, size: int, low: float, high: float) -> np.ndarray:
    """Return smooth noise (frames, size) of unit spread at ``times`` (frames,), seconds.

    Its frequencies lie between ``low`` and ``high`` hertz.
    """
    waves = 5
    rates = np.exp(rng.uniform(np.log(low), np.log(high), (waves, size)))
    phases = rng.uniform(0, 2 * np.pi, (waves, size))
    strengths = (rates / low) ** -0.7
    strengths /= np.sqrt(np.sum(strengths**2, axis=0) / 2)
    return np.sum(strengths * np.sin(2 * np.pi * rates * times[:, None, None] + phases), axis=1)


def smoothed(values: np.ndarray, spread: float) -> np.ndarray:
    """Smooth ``values`` (frames, ...) in time by a Gaussian of ``spread`` frames: the same shape and units.

    The ends are held.
    """
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, spread, axis=0, mode="nearest")
