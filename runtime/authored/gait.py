"""Gaits: a row of steps written into a score from a dozen numbers.

steps, pace          how many, and seconds for each
length               metres from one foot's place to the other's next
direction            "forward", "backward", or "lead" (sideways, the lead foot first)
lift                 metres a foot rises on its way
heel_off, toe_up     degrees the heel rises before a step, and the toes at its end (negative: toes land first)
heel                 degrees the heels are held up throughout (negative: walking on the heels)
crouch, bob          metres the pelvis is lower, and lower still where a foot lands
sway, roll, turn     metres the pelvis goes over the standing foot, degrees it tips and turns with the legs
arms                 metres the hands swing, against the legs; 0 leaves them to the timeline
width                metres from the middle to each foot
rise                 metres each step is higher than the last (stairs; negative: down)
limp                 how much longer the good leg bears than the bad one, which is the lead one
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .score import HandGoal

if TYPE_CHECKING:  # draw.py has it, and writes gaits with this module
    from .draw import Writer

DEFAULTS = {
    "steps": [5, 8], "pace": 0.55, "length": 0.5, "direction": "forward", "lift": 0.07, "heel_off": 34, "toe_up": 16,
    "heel": 0, "crouch": 0.02, "bob": 0.022, "sway": 0.022, "roll": 3.0, "turn": 4.0, "arms": 0.2, "width": 0.08,
    "limp": 1.0, "rise": 0.0,
}  # fmt: skip
_BOTH_DOWN = 0.16  # share of a step in which both feet bear


def write_gait(writer: Writer, words: dict) -> None:
    """Write the steps of a gait; ``words`` override DEFAULTS."""
    g = {**DEFAULTS, **words}
    direction = writer.looked_up(g.pop("direction"))
    low, high = g.pop("steps")
    number = writer.drawn.count if writer.drawn.count > 1 else int(writer.rng.integers(low, high + 1))
    g = {name: writer.value(value, 0.0, 0.03) for name, value in g.items()}
    _Steps(writer, g, direction).write(number)


class _Steps:
    def __init__(self, writer: Writer, g: dict[str, float], direction: str):
        self.writer, self.g = writer, g
        self.base = self.middle = 0.0
        self.start = writer.ground
        self.sideways = direction == "lead"
        self.sign = -1.0 if direction == "backward" else 1.0
        self.places = [0.0, 0.0]
        self.heights = [writer.ground, writer.ground]
        self.first = 0 if self.sideways or g["limp"] > 1.05 else int(writer.rng.integers(2))

    def write(self, number: int) -> None:
        writer = self.writer
        begin = writer.time
        body = 0.0
        now = writer.now["drop"] + writer.ground
        self.base = now if now > 0.05 else writer.base["drop"]
        writer.numbers["placed"].to(1.0, begin - 0.02, begin)
        # the pelvis takes over where it stands: over the middle of the feet
        middle = np.mean([foot.forward.values[-1] for foot in writer.feet]) + 0.058
        self.middle = middle
        writer.numbers["ahead"].to(float(middle), begin - 0.04, begin - 0.02)
        for foot in writer.feet:
            foot.rolls = True
        for index in range(number):
            side = (self.first + index) % 2
            body = self._step(side, index, number, body)
        end = writer.time
        self._close(end, number)

    def _target(self, index: int) -> float:
        length = self.g["length"] * (1 + float(self.writer.rng.normal(0, 0.03)))
        if self.sideways:
            return length * (index // 2 + 1)
        return self.sign * length * (index + 0.5)

    def _step(self, side: int, index: int, number: int, body: float) -> float:
        writer, g = self.writer, self.g
        bad_bears = side == 1  # the lead leg, the bad one, stands while the other steps
        factor = (1 / g["limp"] if bad_bears else g["limp"]) if g["limp"] > 1.05 else 1.0
        pace = g["pace"] * factor * float(np.exp(writer.rng.normal(0, 0.025))) / writer.drawn.tempo
        start = writer.time + _BOTH_DOWN * pace * 0.5
        land = start + (1 - _BOTH_DOWN) * pace
        target = self._target(index)
        self.heights[side] = self.start + g["rise"] * (index + 1)
        self._swing(side, target, start, land)
        self.places[side] = target
        body = float(np.mean(self.places))
        self._trunk(side, body, start, land)
        if g["arms"] > 0.01:
            self._arms(side, start - 0.1, land)
        writer.time = writer.time + pace
        return body

    def _swing(self, side: int, target: float, start: float, land: float) -> None:
        writer, g, foot = self.writer, self.g, self.writer.feet[side]
        if self.sideways:
            foot.out.to((target if side == 0 else -target) + g["width"], start, land)
        else:
            foot.forward.to(target + writer.stance.forward[side], start, land)
            if abs(foot.out.values[-1] - g["width"]) > 0.005:
                foot.out.to(g["width"], start, land)
        if abs(g["rise"]) > 0.01:
            foot.lift.to(self.heights[side], start, land, 0.8 if g["rise"] > 0 else 1.25)
        foot.steps.append((start, land, g["lift"], 0.0))
        swing = land - start
        early = 0.75 if len(foot.steps) > 1 else 0.25  # the heel of a foot behind rises long before its toes leave
        foot.heel.to(g["heel_off"], start - early * swing, start)
        foot.heel.to(g["heel"] + 1.4 * (g["heel_off"] - g["heel"]), start, start + 0.28 * swing)
        foot.heel.to(g["heel"] - g["toe_up"], start + 0.28 * swing, land)
        foot.heel.to(g["heel"], land, land + 0.11)

    def _trunk(self, side: int, body: float, start: float, land: float) -> None:
        """Write the pelvis: along the way, over the standing foot, down where the next lands."""
        writer, g = self.writer, self.g
        stands = 1.0 if side == 1 else -1.0  # +1 where the lead foot bears
        middle = (start + land) / 2
        channel = "left" if self.sideways else "ahead"
        value = body if self.sideways else body + self.middle
        writer.numbers[channel].to(float(value), writer.time, land + 0.05)
        base = self.base
        height = float(np.mean(self.heights)) if g["rise"] > 0 else min(self.heights) - 0.35 * g["rise"]
        high = base + g["crouch"] - (height - 0.5 * g["rise"] if abs(g["rise"]) > 0.01 else 0.0)
        writer.numbers["drop"].to(high, start - 0.02, middle)
        writer.numbers["drop"].to(base + g["crouch"] + g["bob"] - height, middle, land + 0.02)
        for name, size in (("shift", g["sway"]), ("tilt", -g["roll"]), ("side", g["roll"] * 0.9)):
            writer.numbers[name].to(writer.base.get(name, 0.0) + stands * size, start - 0.06, middle)
        if not self.sideways:
            # the hip of the foot that lands is ahead; the shoulders turn against it
            ahead = (-1.0 if side == 0 else 1.0) * self.sign * g["turn"]
            writer.numbers["turn"].to(ahead, start, land)
            writer.numbers["twist"].to(-1.9 * ahead, start, land)

    def _arms(self, side: int, start: float, land: float) -> None:
        writer, swing = self.writer, self.g["arms"]
        for hand in range(2):
            rest = writer.stance.hands[hand]
            forward = swing * (1.0 if hand != side else -0.75) * (self.sign if not self.sideways else 0.35)
            up = rest.up + 0.18 * swing * (abs(forward) / max(swing, 1e-6)) + (0.12 * swing if forward > 0 else 0.0)
            goal = HandGoal("hang", rest.out, float(up), float(rest.forward + forward), rest.elbow)
            writer.hands[hand].to(goal, start, land)

    def _close(self, end: float, number: int) -> None:
        """Leave the feet where they are and the pelvis on its way; the person now stands elsewhere."""
        writer = self.writer
        last = max(self.places, key=abs)
        writer.ground = self.heights[(self.first + number - 1) % 2]
        writer.origin = (last, 0.0) if self.sideways else (0.0, last)
        for name in ("placed", "ahead", "left", "drop", "shift", "tilt", "side", "turn", "twist"):
            writer.now[name] = writer.numbers[name].values[-1]
        writer.time = end + 0.08
