"""From one take to another by arrow keys: to the sides within a press of Generate, up and down between them. No bpy."""

from __future__ import annotations

from collections.abc import Sequence


def beside(groups: Sequence[Sequence[int]], current: int, step: int) -> int:
    """Return the take ``step`` further in its one of ``groups`` (those made at once, the best first), round from end to
    start."""
    group = next((group for group in groups if current in group), None)
    return groups[0][0] if group is None else group[(group.index(current) + step) % len(group)]


def above(groups: Sequence[Sequence[int]], current: int, step: int) -> int:
    """Return the best take of the group ``step`` further, round from end to start."""
    place = next((number for number, group in enumerate(groups) if current in group), 0)
    return groups[(place + step) % len(groups)][0]
