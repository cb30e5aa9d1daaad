"""What a workflow has written, made one undo step."""

from __future__ import annotations

from collections.abc import Iterator

from ..anim import stepwise
from .workflow import Seal


def step(message: str) -> Iterator[Seal]:
    """Make what was written one undo step, in a piece of work of its own: ``yield from`` it when all is there.

    An undo step takes as long as all that was written; before it the interface gets its turn, and Blender evaluates
    what is new. Nothing can be cancelled in between: the keys would stay, and no undo would take them back.
    """
    yield Seal("Writing keys")
    stepwise.push_undo(message)
