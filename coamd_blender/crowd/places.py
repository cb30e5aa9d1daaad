"""Where the members of a crowd stand, and which way they look: the same for the same seed."""

from __future__ import annotations

import numpy as np

_TRIES = 40  # a place, before the crowd's ground grows


def scatter(count: int, spacing: float, seed: int, turn: float = np.pi) -> tuple[np.ndarray, np.ndarray]:
    """Return places (count, 2), in the unit of ``spacing``, about the origin, and headings (count,), radians.

    No two stand nearer to each other, or to the origin, than ``spacing``: darts are thrown at a disc that grows when
    there is no room left (Cook 1986). Headings are up to ``turn`` away from 0.
    """
    rng = np.random.default_rng(seed)
    places = np.zeros((1, 2))  # the one that is copied stands at the origin
    radius = spacing * max(1.2, 0.75 * np.sqrt(count + 1))
    while len(places) <= count:
        for _ in range(_TRIES):
            way, far = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.uniform())
            dart = far * np.array([np.cos(way), np.sin(way)])
            if np.linalg.norm(places - dart, axis=1).min() >= spacing:
                places = np.concatenate([places, dart[None]])
                break
        else:
            radius += 0.25 * spacing
    return places[1:], rng.uniform(-turn, turn, size=count)
