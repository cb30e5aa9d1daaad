"""Draw a variant of an action: joints, what may be said of them, and what was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coamd_blender.errors import InputError

from .body import mirror, unit
from .captions import captions, slots
from .draw import draw_numbers, draw_stance, write_score
from .solve import solve
from .spec import actions


@dataclass(frozen=True)
class Authored:
    """A drawn variant.

    joints    (frames, 22, 3) float32, metres, Y up, 20 fps, facing +Z above the origin at frame 0, floor at y = 0
    captions  sentences that are true of it
    side      "left", "right" or "none"
    count     how many repeats it has
    told      what slots of its phrases say ("times": "twice"), of those that may be told
    core      frames [start, stop) in which the action is done
    """

    joints: np.ndarray
    captions: list[str]
    name: str
    category: str
    side: str
    count: int
    core: tuple[int, int]
    told: dict[str, str]


def names(upper: bool = False) -> list[str]:
    """Return the names of all actions, or of those that need arms and trunk alone."""
    return [name for name, action in actions().items() if action.upper or not upper]


def draw(rng: np.random.Generator, name: str) -> Authored:
    """Draw a variant of the action ``name``. Raises InputError for a name that is not an action."""
    if name not in actions():
        raise InputError(f"There is no authored action {name!r}", "Choose one of runtime.authored.names()")
    action = actions()[name]
    drawn = draw_numbers(action, rng)
    stance = draw_stance(action, rng)
    score, core = write_score(drawn, stance, rng)
    joints = solve(score, rng)
    flipped = drawn.side == "right" or (drawn.side == "none" and rng.random() < 0.5)
    joints = placed(mirror(joints) if flipped else joints)
    said = captions(drawn, rng)
    return Authored(
        joints.astype(np.float32), said, name, action.category, drawn.side, drawn.told_count, core, slots(drawn)
    )


def placed(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, turned and moved: frame 0 faces +Z, its pelvis over the origin."""
    first = joints[0]
    left = unit(first[1] - first[2]) + unit(first[16] - first[17])
    forward = np.array([-left[2], left[0]])
    body = (first[0] - first[15])[[0, 2]]
    forward = unit(forward if np.linalg.norm(forward) > 0.5 else body)
    x, z = forward
    turn = np.array([[z, 0.0, -x], [0.0, 1.0, 0.0], [x, 0.0, z]])
    return (joints - first[0] * (1.0, 0.0, 1.0)) @ turn.T
