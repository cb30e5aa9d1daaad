"""One drawn variant of an action: its numbers chosen, its timeline laid out as a score."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .body import FPS, MAX_FRAMES
from .curves import EASES
from .gait import write_gait
from .height import flight_seconds
from .places import way_round
from .score import CHANNELS, RESTING, Flight, Foot, FootGoal, Goals, HandGoal, Numbers, Score
from .spec import FEET, HANDS, Action, places, poses

Written = bool | float | str | list | dict  # a value of a key as the files have it
Resolved = bool | float | str | dict | HandGoal | tuple[HandGoal, HandGoal]  # and with its numbers drawn

# Channels whose sign changes when the other side leads.
LATERAL = {"left", "turn", "tilt", "spin", "side", "twist", "look", "tip", "shift", "weight"}
_SCALED = {"lean", "tilt", "bend", "side", "twist", "nod", "look", "tip", "drop"}
_EXACT = {"balance", "settle", "weight", "unrest", "spin", "placed", "left", "ahead"}
_SWAP = {"lead_hand": "other_hand", "other_hand": "lead_hand", "lead_foot": "other_foot", "other_foot": "lead_foot"}
FLOOR = FootGoal("floor")
LONGEST = (MAX_FRAMES - 4) / FPS
_STEP, _STEP_TURN = 0.02, 14.0  # metres and degrees by which a foot moves before it is lifted to do so
_FASTEST = 1.25  # how much faster than its own range an action may be done to fit
_TIPTOE, _LANDING = 0.07, 0.045  # metres above upright at which feet leave and meet the floor


@dataclass(frozen=True)
class Stance:
    """How this person stands and is: foot places, arms at rest, trunk, unrest."""

    out: tuple[float, float]
    forward: tuple[float, float]
    turn: tuple[float, float]
    hands: tuple[HandGoal, HandGoal]
    base: dict[str, float]
    sway: float
    breath: float


@dataclass
class Drawn:
    """What was drawn for one variant."""

    action: Action
    side: str
    count: int
    tempo: float
    amplitude: float
    option: dict = field(default_factory=dict)

    @property
    def told_count(self) -> int:
        """How many repeats a caption may tell of."""
        return self.count * self.action.each


def draw_numbers(action: Action, rng: np.random.Generator) -> Drawn:
    """Choose side, count, tempo, amplitude and option of a variant."""
    side = str(rng.choice(action.sides))
    low, high = action.count
    count = int(min(rng.integers(low, high + 1), rng.integers(low, high + 1)))
    option = dict(action.options[int(rng.integers(len(action.options)))]) if action.options else {}
    tempo = float(np.exp(rng.uniform(*np.log(action.tempo))))
    return Drawn(action, side, count, tempo, float(rng.uniform(*action.amplitude)), option)


def draw_stance(action: Action, rng: np.random.Generator) -> Stance:
    """Choose how the person stands, after the spread measured on standing people in recordings."""
    wide = action.stance.get("out")
    wide = float(rng.uniform(*wide)) if wide else float(np.clip(rng.normal(0.105, 0.025), 0.06, 0.17))
    stagger = float(action.stance.get("stagger", 0.0)) or float(rng.normal(0, 0.02))
    toes = np.clip(rng.normal(7, 5), -4, 20)
    hands = [
        HandGoal(
            "hang",
            float(np.clip(rng.normal(0.02, 0.03), -0.05, 0.09) + 0.02),
            float(rng.uniform(-0.512, -0.485)),
            float(np.clip(rng.normal(0.045, 0.04), -0.04, 0.12)),
            float(rng.normal(0, 6)),
        )
        for _ in range(2)
    ]
    if rng.random() < 0.7:  # most people's arms hang alike
        other = hands[0]
        hands[1] = HandGoal("hang", other.out + rng.normal(0, 0.008), other.up, other.forward + rng.normal(0, 0.012))
    base = {
        "lean": float(rng.normal(-2.5, 2.0)),
        "bend": float(rng.normal(5.0, 2.5)),
        "nod": float(rng.normal(7.0, 4.0)),
        "drop": float(np.clip(rng.normal(0.016, 0.007), 0.005, 0.04)),
        "weight": float(np.clip(rng.normal(0, 0.15), -0.4, 0.4)),
    }
    return Stance(
        (wide + rng.normal(0, 0.008), wide + rng.normal(0, 0.008)),
        (stagger, -stagger),
        (float(toes + rng.normal(0, 3)), float(toes + rng.normal(0, 3))),
        (hands[0], hands[1]),
        base,
        float(rng.uniform(0.6, 1.5)),
        float(rng.uniform(0.22, 0.36)),
    )


class Writer:
    """Writes keys into a score, one after the other."""

    def __init__(self, drawn: Drawn, stance: Stance, rng: np.random.Generator):
        self.drawn, self.stance, self.rng = drawn, stance, rng
        self.time = 0.0
        base = {**RESTING, **stance.base}
        self.numbers = {name: Numbers([base.get(name, 0.0)]) for name in CHANNELS}
        self.now = {name: base.get(name, 0.0) for name in CHANNELS}
        self.base = base
        self.numbers["unrest"].values[0] = self.now["unrest"] = drawn.action.unrest
        self.hands = [Goals([stance.hands[side]]) for side in range(2)]
        self.legs = [Goals([FLOOR]) for _ in range(2)]
        self.feet = [
            Foot(*(Numbers([value]) for value in (stance.out[s], stance.forward[s], stance.turn[s], 0.0, 0.0)))
            for s in range(2)
        ]
        self.on_floor = [True, True]
        self.ground = 0.0  # how high the floor is there
        self.origin = (0.0, 0.0)  # how far to the lead side and ahead the person now is of where they began
        self.flights: list[Flight] = []
        self.lag = float(rng.uniform(0.0, 0.06))
        self.lead = float(rng.uniform(0.0, 0.07))

    def begin_above(self, height: float) -> None:
        """Begin standing ``height`` metres above the floor."""
        self.ground = height
        for foot in self.feet:
            foot.lift.values[0] = height
        self.numbers["drop"].values[0] -= height
        self.now["drop"] -= height

    # --- numbers drawn -------------------------------------------------------------------------------------------

    def value(
        self, written: float | str | list[float] | tuple[float, float], spread: float = 0.0, size: float = 0.05
    ) -> float:
        """Return a number as drawn: options looked up, ranges drawn, a little jitter."""
        if isinstance(written, str) and written.startswith("$"):
            written = self.drawn.option[written[1:]]
        if isinstance(written, (list, tuple)):
            written = self.rng.uniform(*written)
        return float(written) * float(1 + np.clip(self.rng.normal(0, size), -2 * size, 2 * size)) + float(
            self.rng.normal(0, spread) if spread else 0.0
        )

    def looked_up(self, written: Written) -> Written:
        """Return an entry with "$name" replaced by the option's value."""
        if isinstance(written, str) and written.startswith("$"):
            return self.drawn.option[written[1:]]
        if isinstance(written, dict):
            return {key: self.looked_up(value) for key, value in written.items()}
        return written

    def resolved(self, key: dict) -> dict:
        """Return a key with its pose merged and every number drawn once."""
        key = {name: self.looked_up(value) for name, value in key.items()}
        merged = {**poses().get(key.get("pose"), {}), **key}
        merged.pop("pose", None)
        free = merged.get("placed", self.now["placed"]) == 0  # a body on the floor lies as flat as it is written
        result = {}
        for name, written in merged.items():
            if name in CHANNELS:
                exact = name in _EXACT or (name in ("lean", "tilt", "drop") and not free)
                number = self.value(written, 0.0, 0.0 if exact else 0.05)
                result[name] = number * (self.drawn.amplitude if name in _SCALED and free else 1.0)
            elif name in HANDS:
                result[name] = self._hand_goal(written)
            elif name in (*FEET, "air"):
                result[name] = self._foot_words(written, exact=not free)
            elif name in ("take", "hold", "absorb"):
                result[name] = self.value(written, 0.0, 0.07)
            elif name in ("jump", "advance"):
                result[name] = self.value(written, 0.0, 0.04)
            else:
                result[name] = written
        return result

    def _hand_goal(self, written: str | dict) -> HandGoal | str | tuple:
        if written == "rest":
            return "rest"
        words = {"at": written} if isinstance(written, str) else dict(written)
        via = words.pop("via", None)
        at = words.pop("at", "shoulder")
        place = places().get(at)
        base = dict(place) if place else {"at": at}
        firm = bool(words.pop("firm", base.get("firm", False)))
        spread = 0.006 if firm else 0.012

        def number(name: str) -> float:
            start = float(base.get(name, 0.0))
            given = self.value(words[name], 0.0, 0.0) if name in words else 0.0
            return (start + given) + float(self.rng.normal(0, 4.0 if name == "elbow" else spread))

        goal = HandGoal(base["at"], number("out"), number("up"), number("forward"), number("elbow"), firm)
        return goal if via is None else (self._hand_goal(via), goal)

    def _foot_words(self, written: str | dict, exact: bool) -> dict | str:
        if isinstance(written, str):
            return written
        spread = 0.0 if exact else 0.04
        return {
            name: value if name == "at" else self.value(value, 0.0, 0.0 if name == "toe" else spread)
            for name, value in written.items()
        }

    # --- keys ----------------------------------------------------------------------------------------------------

    def write(self, key: dict, swapped: bool = False, jitter: float = 0.0) -> None:
        """Write a resolved key; ``swapped`` by the other side; ``jitter`` is the share by which a repeat differs."""
        if swapped:
            key = {_SWAP.get(name, name): _swapped(name, value) for name, value in key.items()}
        vary = float(np.exp(self.rng.normal(0, jitter))) if jitter else 1.0
        if key.get("rest"):
            key = {**self._resting(), **key}
        if "placed" in key:
            self.now["placed"] = key["placed"]
        if "advance" in key:
            self.origin = (self.origin[0], self.origin[1] + key["advance"] * vary)
        start = self.time
        take = max(key.get("take", 0.4) * vary / self.drawn.tempo, 0.08)
        ease = EASES[key.get("ease", "smooth")]
        if "jump" in key:
            end = self._jump(key, start, take)
        else:
            end = start + take
            self._write_feet(key, start, end, ease)
            if "drop" in key:
                self._number("drop", key["drop"], start, end, ease, jitter)
        for name in sorted(key.keys() & CHANNELS.keys() - {"drop"}):
            moved = {"left": self.origin[0], "ahead": self.origin[1]}.get(name, 0.0)
            self._number(name, key[name] + moved, start - self.lead, end, ease, jitter)
        self._write_hands(key, start, end, ease, jitter)
        self.time = end + key.get("hold", 0.0) * vary / self.drawn.tempo

    def _resting(self) -> dict:
        rest = {name: self.base.get(name, 0.0) for name, now in self.now.items() if now != self.base.get(name, 0.0)}
        rest.pop("ahead", None), rest.pop("left", None)  # where a placed pelvis was; it goes back over its feet
        if self.ground or "drop" in rest:
            rest["drop"] = self.base["drop"] - self.ground
        return {**rest, "hands": "rest", "feet": "home"}

    def _number(self, name: str, value: float, start: float, end: float, ease: float, jitter: float) -> None:
        base = self.base.get(name, 0.0)
        if name in ("lean", "bend", "nod") and value != base and self.now["placed"] == 0:
            value += base  # a key's angles are on top of how this person carries the body
        if jitter and name in _SCALED:
            value = base + (value - base) * float(1 + self.rng.normal(0, jitter))
        if name == "drop":
            value = value if value < 0 else max(value, base * 0.7)
        self.now[name] = value
        self.numbers[name].to(value, start, end, ease)

    def _write_hands(self, key: dict, start: float, end: float, ease: float, jitter: float) -> None:
        for side, own in enumerate(("lead_hand", "other_hand")):
            goal = key.get(own, key.get("hands"))
            if goal is None:
                continue
            lag = min(self.lag, 0.25 * (end - start))
            first = start + lag
            if isinstance(goal, tuple):
                middle = first + 0.5 * (end - first)
                self.hands[side].to(self._moved(side, self._varied(goal[0], jitter)), first, middle)
                first, goal = middle, goal[1]
            goal = self.stance.hands[side] if goal == "rest" else self._moved(side, self._varied(goal, jitter))
            way = way_round(self._hand_now(side), goal)
            if way is not None:
                middle = first + 0.5 * (end - first)
                self.hands[side].to(way, first, middle)
                first = middle
            self.hands[side].to(goal, first, end, ease)

    def _moved(self, side: int, goal: HandGoal) -> HandGoal:
        """Return ``goal``, moved along with the person where it lies on the floor."""
        if goal.frame != "floor" or self.origin == (0.0, 0.0):
            return goal
        return replace(goal, out=goal.out + self.origin[0] * (1 - 2 * side), forward=goal.forward + self.origin[1])

    def _hand_now(self, side: int) -> HandGoal:
        hand = self.hands[side]
        return hand.goals[hand.track.moves[-1].index if hand.track.moves else 0]

    def _varied(self, goal: HandGoal, jitter: float) -> HandGoal:
        if not jitter or goal.firm or goal.frame == "hand":
            return goal
        out, up, forward = goal.offset + self.rng.normal(0, 0.15 * jitter, 3)
        return replace(goal, out=float(out), up=float(up), forward=float(forward))

    # --- feet and flights ------------------------------------------------------------------------------------------

    def _out(self, side: int, words: dict) -> float:
        """Return how far out of the middle of where the person began a foot is to stand, metres."""
        if "by_left" in words or "by_forward" in words:
            return self.feet[side].out.values[-1] + words.get("by_left", 0.0) * (1 - 2 * side)
        return words.get("out", self.stance.out[side]) + self.origin[0] * (1 - 2 * side)

    def _forward(self, side: int, words: dict) -> float:
        """Return how far ahead of where the person began a foot is to stand, metres."""
        if "by_left" in words or "by_forward" in words:
            return self.feet[side].forward.values[-1] + words.get("by_forward", 0.0)
        return words.get("forward", self.stance.forward[side]) + self.origin[1]

    def _foot_goal(self, side: int, key: dict):
        return key.get(("lead_foot", "other_foot")[side], key.get("feet"))

    def _write_feet(self, key: dict, start: float, end: float, ease: float) -> None:
        """Write where feet go; two that step in one key step one after the other."""
        key_start, key_end, both = start, end, sum(self._steps(side, key) for side in range(2)) == 2
        first = int(self.rng.integers(2)) if both else 0
        for side in range(2):
            goal = self._foot_goal(side, key)
            if goal is None:
                continue
            start, end = key_start, key_end
            if both:
                middle = (key_start + key_end) / 2
                start, end = (key_start, middle) if side == first else (middle, key_end)
            if goal == "home" or goal.get("at", "floor") == "floor":
                self._stand(side, {} if goal == "home" else goal, start, end, ease, not self.on_floor[side])
                if not self.on_floor[side]:
                    self.legs[side].to(FLOOR, start, end, ease)
                self.on_floor[side] = True
            else:
                self.legs[side].to(self._leg_goal(side, goal), start, end, ease)
                self.on_floor[side] = False

    def _steps(self, side: int, key: dict) -> bool:
        """Tell whether a foot that stands steps to another place on the floor."""
        goal = self._foot_goal(side, key)
        words = {} if goal == "home" else goal
        if words is None or words.get("at", "floor") != "floor" or not self.on_floor[side]:
            return False
        foot = self.feet[side]
        out = self._out(side, words) - foot.out.values[-1]
        forward = self._forward(side, words) - foot.forward.values[-1]
        turn = words.get("turn", self.stance.turn[side]) - foot.turn.values[-1]
        return bool(np.hypot(out, forward) > _STEP or abs(turn) > _STEP_TURN)

    def _leg_goal(self, side: int, words: dict) -> FootGoal:
        numbers = {name: value for name, value in words.items() if name not in ("at", "arc", "heel")}
        if words["at"] == "kneel":
            numbers["out"] = numbers.get("out", 0.1) + self.origin[0] * (1 - 2 * side)
            numbers["forward"] = numbers.get("forward", 0.0) + self.origin[1]
        return FootGoal(words["at"], **numbers)

    def _stand(self, side: int, words: dict, start: float, end: float, ease: float, lifted: bool) -> None:
        foot, stance = self.feet[side], self.stance
        wanted = {
            "out": self._out(side, words),
            "forward": self._forward(side, words),
            "turn": words.get("turn", stance.turn[side]),
            "lift": words.get("up", 0.0) + self.ground,
            "heel": words.get("heel", 0.0),
        }
        steps_up = abs(wanted["lift"] - foot.lift.values[-1]) > 0.03
        now = {name: getattr(foot, name).values[-1] for name in wanted}
        if "by_left" in words or "by_forward" in words:
            sideways = (wanted["out"] - stance.out[side]) * (1 - 2 * side)
            self.origin = (sideways, wanted["forward"] - stance.forward[side])
        way = float(np.hypot(wanted["out"] - now["out"], wanted["forward"] - now["forward"]))
        steps = steps_up or way > _STEP or abs(wanted["turn"] - now["turn"]) > _STEP_TURN
        for name, value in wanted.items():
            if value != now[name]:
                getattr(foot, name).to(value, start, end, ease if name == "heel" else 1.0)
        if steps and not lifted:
            arc = words.get("arc", min(0.05 + 0.13 * way, 0.14))
            foot.steps.append((start, end, arc, min(26.0, 200 * arc)))

    def _jump(self, key: dict, start: float, push: float) -> float:
        """Write push-off, flight and landing: return when the landing is absorbed."""
        rise = key["jump"]
        leave = start + push
        lands = leave + flight_seconds(rise, _TIPTOE, _LANDING)
        end = lands + key.get("absorb", 0.14 + 0.25 * rise)
        self.flights.append(Flight(leave, lands, _TIPTOE, _LANDING))
        drop = self.numbers["drop"]
        drop.to(-_TIPTOE, start, leave)
        drop.to(-_LANDING, leave, lands)
        self._number("drop", key.get("drop", 0.06 + 0.35 * rise), lands, end, 1.0, 0.0)
        for side in range(2):
            goal = self._foot_goal(side, key)
            kind = goal.get("at", "floor") if isinstance(goal, dict) else "floor"
            if not self.on_floor[side] and (goal is None or kind != "floor"):
                if goal is not None:
                    self.legs[side].to(self._leg_goal(side, goal), start, lands)
                continue
            self._fly(side, goal, key.get("air"), start, leave, lands, end)
        return end

    def _fly(
        self, side: int, goal: str | dict | None, air: dict | None, start: float, leave: float, lands: float, end: float
    ) -> None:
        foot = self.feet[side]
        half = (leave + lands) / 2
        if self.on_floor[side]:
            foot.heel.to(46.0, start + 0.35 * (leave - start), leave)
        hanging = {"at": "air", "up": -0.77, "forward": -0.02, "toe": 34.0, **(air or {})}
        hanging.setdefault("out", 0.5 * (foot.out.values[-1] - 0.078))
        self.legs[side].to(self._leg_goal(side, hanging), leave, half)
        self.legs[side].to(FLOOR, half, lands)
        words = {} if goal in (None, "home") else goal
        if goal is None:
            words = {"by_forward": 0.0, "turn": foot.turn.values[-1]}
        self._stand(side, {**words, "heel": 24.0}, leave, lands, 1.0, True)
        foot.heel.to(words.get("heel", 0.0), lands, lands + 0.7 * (end - lands))
        self.on_floor[side] = True

    def score(self, seconds: float) -> Score:
        """Return what was written."""
        return Score(
            seconds, self.numbers, self.hands, self.legs, self.feet, self.flights, self.stance.sway, self.stance.breath
        )


def _swapped(name: str, value: Resolved) -> Resolved:
    """Return a key's value as the other side does it."""
    if name in LATERAL:
        return -value
    if isinstance(value, dict) and "by_left" in value:
        return {**value, "by_left": -value["by_left"]}
    return value


def write_score(
    drawn: Drawn, stance: Stance, rng: np.random.Generator, longest: float = LONGEST
) -> tuple[Score, tuple[int, int]]:
    """Lay a variant out in time: its score and the frames [start, stop) in which it is done.

    A variant that would be longer than ``longest`` seconds is done fewer times, then a little faster.
    """
    longest = min(longest, LONGEST)
    state = rng.bit_generator.state
    for _ in range(60):
        rng.bit_generator.state = state
        writer, core = _written(drawn, stance, rng)
        if writer.time <= longest:
            break
        if drawn.count > drawn.action.count[0]:
            drawn.count -= 1
        elif drawn.tempo < _FASTEST * drawn.action.tempo[1]:
            drawn.tempo *= 1.06
        else:
            break
    frames = min(int(np.ceil(writer.time * FPS / 4)) * 4, MAX_FRAMES)
    return writer.score(frames / FPS), (round(core[0] * FPS), min(round(core[1] * FPS), frames))


def _written(drawn: Drawn, stance: Stance, rng: np.random.Generator) -> tuple[Writer, tuple[float, float]]:
    action = drawn.action
    writer = Writer(drawn, stance, rng)
    down = float(action.gait.get("rise", 0.0))
    if down < 0:
        writer.begin_above(-down * drawn.count)
    writer.time = -float(len(action.start))
    for key in action.start:
        writer.write({"take": 0.9 * drawn.tempo, **{k: v for k, v in writer.resolved(key).items() if k != "take"}})
    writer.time = float(rng.uniform(*action.idle))
    begin = writer.time
    for key in action.before:
        writer.write(writer.resolved(key))
    cycle = [writer.resolved(key) for key in action.cycle]
    for number in range(drawn.count if cycle else 0):
        swapped = action.alternate and number % 2 == 1
        for key in cycle:
            writer.write(key, swapped, jitter=0.035 if drawn.count > 1 else 0.0)
    if action.gait:
        write_gait(writer, action.gait)
    for key in action.after:
        writer.write(writer.resolved(key))
    end = writer.time
    if not action.still:
        slower = 1.5 if any(writer._steps(side, {"feet": "home"}) for side in range(2)) else 1.0
        writer.write({"rest": True, "take": float(rng.uniform(0.45, 0.75)) * slower * drawn.tempo})
        end = writer.time
        writer.time += float(rng.uniform(*action.idle)) * 0.8
    else:
        writer.time += float(rng.uniform(0.2, 0.6))
    return writer, (begin, end)
