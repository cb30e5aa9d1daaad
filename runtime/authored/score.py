"""What the solver is told: tracks of numbers for the trunk, goals for hands and feet, flights, and a way of being.

The lead side is the left; a motion led by the right is mirrored when it is done. Lengths in metres, angles in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .curves import Track

# Numbers of the trunk and what they mean; each rests at 0 unless the stance says otherwise.
CHANNELS = {
    "turn": "pelvis about the vertical, to the lead side",
    "lean": "pelvis forwards",
    "tilt": "pelvis towards the lead side",
    "spin": "whole body about its own long axis, to the lead side",
    "bend": "trunk forwards against the pelvis",
    "side": "trunk towards the lead side against the pelvis",
    "twist": "trunk about its axis to the lead side",
    "nod": "head forwards against the chest",
    "look": "head turned to the lead side",
    "tip": "head towards the lead shoulder",
    "drop": "metres the pelvis is lower than upright",
    "shift": "metres the pelvis is off its support, to the lead side",
    "forward": "metres the pelvis is off its support, forwards",
    "weight": "-1 on the other foot, 0 on both, 1 on the lead foot",
    "placed": "1 the pelvis stands at left, ahead on the floor, 0 over its feet",
    "left": "metres the placed pelvis is to the lead side of where the person began",
    "ahead": "metres the placed pelvis is in front of where the person began",
    "balance": "1 the centre of mass stays above the feet, 0 the pelvis goes where it is told",
    "settle": "1 the trunk lies on the floor, 0 it is held up",
    "shrug": "degrees both shoulders are raised",
    "lead_shrug": "degrees the lead shoulder is raised more",
    "unrest": "share of the unrest, 1 that of quiet standing",
}
RESTING = {"balance": 1.0, "unrest": 1.0}


@dataclass(frozen=True)
class HandGoal:
    """Where a wrist goes: an offset (out, up, forward) in a frame of the body or of the floor.

    frame    one of places.FRAMES
    elbow    degrees the elbow is raised outwards from where it hangs by itself
    firm     the hand rests on something: no after-swing, no unrest
    """

    frame: str
    out: float
    up: float
    forward: float
    elbow: float = 0.0
    firm: bool = False

    @property
    def offset(self) -> np.ndarray:
        """Out, up and forward (3,), metres."""
        return np.array([self.out, self.up, self.forward])


@dataclass(frozen=True)
class FootGoal:
    """Where a foot or knee goes.

    kind     "floor" (the foot track carries it), "air" (ankle relative to its hip along the heading),
             "kneel" (the knee rests on the floor at out, forward of the spot), "free" (angles against the pelvis)
    out, up, forward   metres ("air"); "kneel": out and forward of the spot
    toe      degrees the foot points down from flat ("air", "free"); "kneel": 1 toes tucked under, 0 instep down
    hip, spread, roll, knee   degrees of the free leg: flexion, abduction, turn outwards, bend
    swivel   degrees the knee is turned outwards
    """

    kind: str
    out: float = 0.0
    up: float = 0.0
    forward: float = 0.0
    toe: float = 0.0
    hip: float = 0.0
    spread: float = 0.0
    roll: float = 0.0
    knee: float = 0.0
    swivel: float = 0.0


@dataclass
class Numbers:
    """A track over a list of numbers."""

    values: list[float]
    track: Track = field(default_factory=Track)

    def to(self, value: float, start: float, end: float, ease: float = 1.0) -> None:
        """Move to ``value`` between two times."""
        self.values.append(value)
        self.track.add(start, end, len(self.values) - 1, ease)


@dataclass
class Goals:
    """A track over a list of goals of one limb."""

    goals: list
    track: Track = field(default_factory=Track)

    def to(self, goal: HandGoal | FootGoal, start: float, end: float, ease: float = 1.0) -> None:
        """Move to ``goal`` between two times."""
        if goal not in self.goals:
            self.goals.append(goal)
        index = self.goals.index(goal)
        self.track.add(start, end, index, ease)


@dataclass
class Foot:
    """Where a foot stands when it stands: its place (out of the spot's middle, forward), turn out, lift, heel."""

    out: Numbers
    forward: Numbers
    turn: Numbers
    lift: Numbers
    heel: Numbers
    # start, end, height of the arc, degrees by which the heel leads and the toes follow
    steps: list[tuple[float, float, float, float]] = field(default_factory=list)
    rolls: bool = False


@dataclass(frozen=True)
class Flight:
    """Both feet off the floor from ``start`` to ``end``, seconds; pelvis above upright then, metres."""

    start: float
    end: float
    leave: float
    land: float


@dataclass
class Score:
    """All that is done, in time."""

    seconds: float
    numbers: dict[str, Numbers]
    hands: list[Goals]
    legs: list[Goals]
    feet: list[Foot]
    flights: list[Flight]
    sway: float = 1.0
    breath: float = 0.28
