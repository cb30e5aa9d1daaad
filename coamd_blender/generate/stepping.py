"""From one take to another by arrow keys: to the sides among all, up and down from press to press. No Blender."""

from __future__ import annotations

from collections.abc import Sequence


def beside(groups: Sequence[Sequence[int]], current: int, step: int) -> int:
    """Return the take ``step`` further in ``groups`` (those made at once, the best first), round from end to start."""
    order = [take for group in groups for take in group]
    return order[(order.index(current) + step) % len(order)] if current in order else order[0]


def above(groups: Sequence[Sequence[int]], current: int, step: int) -> int:
    """Return the best take of the group ``step`` further, round from end to start."""
    place = next((number for number, group in enumerate(groups) if current in group), 0)
    return groups[(place + step) % len(groups)][0]
