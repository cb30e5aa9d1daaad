"""What a workflow has written, made one undo step."""

from __future__ import annotations

from collections.abc import Iterator

from ..anim import stepwise
from ..anim.steps import threads
from .workflow import Seal

_PATIENCE = 100  # ticks in which other work's threads may end, before it is waited for them


def step(message: str) -> Iterator[Seal]:
    """Make what was written one undo step, in a piece of work of its own: ``yield from`` it when all is there.

    An undo step takes as long as all that was written; before it the interface gets its turn, and Blender evaluates
    what is new. Nothing can be cancelled in between: the keys would stay, and no undo would take them back.
    """
    for _ in range(_PATIENCE):
        yield Seal("Writing keys")
        if not threads.count:
            break
    stepwise.push_undo(message)
