"""Authored motion: actions written as data, solved into joints.

    from runtime.authored import draw, names
    motion = draw(np.random.default_rng(7), "wave")

An action is a short timeline of goals on the body (actions/*.toml); every draw is another plausible variant of it.
"""

from __future__ import annotations

from .variant import Authored, draw, names

__all__ = ("Authored", "draw", "names")
