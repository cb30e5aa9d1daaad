"""The root trajectory, token by token: integrate it, lay it along a curve, make it end where it must.

Travel (tokens, 3) is what model/representation.py defines: metres sideways and forward in the frame's own axes, and
the heading change in radians. The trajectory is a row of stations: (x, z, heading) of the reference frame at a token's
first frame, heading from +Z towards +X.
"""

from __future__ import annotations

import numpy as np


def integrate(travel: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return the stations (tokens + 1, 3) of ``travel`` (tokens, 3) from ``origin`` (3,), metres and radians.

    Its inverse is :func:`between`.
    """
    headings = origin[2] + np.concatenate([[0.0], np.cumsum(travel[:, 2])])
    steps = _turned(travel[:, :2], headings[:-1])
    places = origin[:2] + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return np.concatenate([places, headings[:, None]], axis=1)


def between(stations: np.ndarray) -> np.ndarray:
    """Return the travel (tokens, 3), metres and radians, that leads through ``stations`` (tokens + 1, 3)."""
    steps = _turned(np.diff(stations[:, :2], axis=0), -stations[:-1, 2])
    return np.concatenate([steps, np.diff(stations[:, 2])[:, None]], axis=1)


def meet(travel: np.ndarray, origin: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Change ``travel`` (tokens, 3), metres and radians, so that it ends exactly at a station: the same shape.

    It leads from station ``origin`` (3,) to station ``end`` (3,). Tokens take part in the correction by ``share``
    (tokens,), which sums to 1. Of all whole turns the nearest is made.
    """
    stations = integrate(travel, origin)
    missing = end - stations[-1]
    turn = np.remainder(missing[2] + np.pi, 2 * np.pi) - np.pi
    result = travel.copy()
    result[:, 2] += share * turn
    stations = integrate(result, origin)
    stations[1:, :2] += np.cumsum(share)[:, None] * (end[:2] - stations[-1, :2])
    return between(stations)


def shares(movable: np.ndarray) -> np.ndarray:
    """Return the shares (tokens,) of a correction, most in the middle of the tokens that may move.

    ``movable`` (tokens,) bool says which; the shares sum to 1.
    """
    place = np.cumsum(movable) - 0.5
    bump = np.sin(np.pi * np.clip(place / max(1, movable.sum()), 0, 1)) * movable
    return bump / bump.sum()


def along(curve: np.ndarray, tokens: int, start: np.ndarray | None = None) -> np.ndarray:
    """Return stations (tokens + 1, 3) evenly along ``curve`` (points, 2: x, z), metres, looking where it leads.

    With ``start`` (3,) the heading turns from there to the curve's over the first tokens.
    """
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.linspace(0.0, length[-1], tokens + 1)
    places = np.stack([np.interp(at, length, curve[:, axis]) for axis in range(2)], axis=1)
    reach = min(0.5 * length[-1] / tokens, 0.15)
    ahead = [np.interp(np.minimum(at + reach, length[-1]), length, curve[:, axis]) for axis in range(2)]
    behind = [np.interp(np.maximum(at - reach, 0.0), length, curve[:, axis]) for axis in range(2)]
    headings = np.unwrap(np.arctan2(ahead[0] - behind[0], ahead[1] - behind[1]))
    if start is not None:
        off = np.remainder(start[2] - headings[0] + np.pi, 2 * np.pi) - np.pi
        fade = np.clip(1 - np.arange(tokens + 1) / max(1, min(tokens, 1 + round(abs(off) / 0.4))), 0, 1)
        headings = headings + off * fade
    return np.concatenate([places, headings[:, None]], axis=1)


def _turned(steps: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Turn ``steps`` (count, 2: x, z) by ``angle`` (count,), so that +Z goes towards +X."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([steps[:, 0] * cos + steps[:, 1] * sin, steps[:, 1] * cos - steps[:, 0] * sin], axis=1)
