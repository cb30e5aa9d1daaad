"""Authored motion: actions written as data, solved into joints.

    from runtime.authored import draw, names
    motion = draw(np.random.default_rng(7), "wave")
    while_walking = layer(np.random.default_rng(7), "wave", joints_of_a_recorded_walk)

An action is a short timeline of goals on the body (actions/*.toml); every draw is another plausible variant of it.
"""

from __future__ import annotations

from .layer import layer
from .variant import Authored, draw, names

__all__ = ("Authored", "draw", "layer", "names")
