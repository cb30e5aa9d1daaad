"""A request is one coroutine that reads from top to bottom; the session runs it.

    def wave(context):
        armature = targets.require(context)                # until the first yield an error refuses the request
        answer = yield GenerateRequest.variants("waves")   # the runtime works, the interface stays alive
        plan = yield Call(solve, (rig, answer.arrays))     # a thread works
        for done, piece in enumerate(plan):
            write(armature, piece)
            yield Step("Writing keys", done, len(plan))    # the interface gets its turn
        return "Waved"                                     # the notice in the panel

It is resumed with what it asked for, or with the error thrown in. Cancelling closes it: what is half done is undone in
its ``finally``. It remembers Blender's data by ``session_uid``: between two yields it may be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..anim.steps import Call, Step
from ..wire.requests import TaskRequest

if TYPE_CHECKING:
    import numpy as np


class Answer(NamedTuple):
    """What the runtime answered to a request."""

    fields: dict[str, Any]
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Ask:
    """Ask the runtime, as yielding the ``request`` alone does, and more: ``preview(joints)`` is called with coarse
    joints (count, frames, 22, 3) whenever there are new ones; ``step`` is shown instead of the runtime's progress."""

    request: TaskRequest
    preview: Callable[[np.ndarray], None] | None = None
    step: Step | None = None


@dataclass(frozen=True)
class Seal:
    """From here on the work cannot be cancelled, and the panel shows ``text``."""

    text: str


@dataclass(frozen=True)
class Beside:
    """Let other work go on beside this one, such as drawing icons: nobody waits for it."""

    steps: Workflow


Yield = TaskRequest | Ask | Call | Step | Seal | Beside | None
Workflow = Generator[Yield, Any, str | None]
