"""Actions as data: what the files in actions/ may say, read once and checked.

An action is a table: its timeline is ``before``, ``cycle`` (repeated) and ``after``, each a list of keys. A key takes
``take`` seconds to be reached, holds ``hold`` seconds, and says where some of the body then is; what it leaves out
stays as it was. A number may be written [low, high]: it is then drawn. actions/README.md tells the rest.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from coamd_blender.errors import DataError

from .curves import EASES
from .places import FRAMES
from .score import CHANNELS

FOLDER = Path(__file__).with_name("actions")
CATEGORIES = ("exercises", "gestures", "handling", "postures", "sports", "gaits", "floor")
HANDS = ("hands", "lead_hand", "other_hand")
FEET = ("feet", "lead_foot", "other_foot")
_TIMES = ("take", "hold", "jump", "absorb")
_KEY_WORDS = {*_TIMES, "ease", "rest", "pose", "air", "advance", *CHANNELS, *HANDS, *FEET}
_HAND_WORDS = {"at", "out", "up", "forward", "elbow", "firm", "via"}
_FOOT_WORDS = {
    "at", "out", "up", "forward", "turn", "heel", "toe", "hip", "spread", "roll", "knee", "swivel", "arc",
    "by_left", "by_forward",
}  # fmt: skip
_ACTION_WORDS = {
    "sides", "count", "each", "tempo", "amplitude", "stance", "upper", "alternate", "options", "before", "cycle",
    "after", "phrases", "unrest", "still", "gait", "idle", "start",
}  # fmt: skip
FEWEST_PHRASES = 15


@dataclass(frozen=True)
class Action:
    """One action: its timeline as written, what is drawn, and what may be said of it.

    sides      what may lead: "left", "right", or "none" where no side is named
    count      how often the cycle runs, (low, high); ``each``: how many are told for one run of it
    tempo, amplitude   factors of speed and of angles, (low, high)
    options    tables of which one is drawn; a key says "$name" for its values, a phrase {name}
    upper      whether arms and trunk alone do it, so that it can be laid over other legs
    alternate  whether every second run of the cycle is done by the other side
    still      whether it ends where it has come to, without a way back
    start      keys that have been done before the motion begins, for one that starts lying or sitting
    gait       parameters of a gait, for actions that walk; the timeline then moves trunk and arms
    """

    name: str
    category: str
    phrases: tuple[str, ...]
    sides: tuple[str, ...] = ("none",)
    count: tuple[int, int] = (1, 1)
    each: int = 1
    tempo: tuple[float, float] = (0.85, 1.2)
    amplitude: tuple[float, float] = (0.88, 1.12)
    stance: dict = field(default_factory=dict)
    upper: bool = False
    alternate: bool = False
    still: bool = False
    unrest: float = 1.0
    idle: tuple[float, float] = (0.1, 0.7)
    options: tuple[dict, ...] = ()
    start: tuple[dict, ...] = ()
    before: tuple[dict, ...] = ()
    cycle: tuple[dict, ...] = ()
    after: tuple[dict, ...] = ()
    gait: dict = field(default_factory=dict)


@cache
def actions() -> dict[str, Action]:
    """Return every action by name. Raises DataError naming the file and the action that cannot be read."""
    found: dict[str, Action] = {}
    for category in CATEGORIES:
        for path in sorted(FOLDER.glob(f"{category}*.toml")):
            for name, row in _read(path).items():
                if name in found:
                    raise DataError(f"{path.name}: {name} is there twice", "Rename one of them")
                found[name] = _action(name, category, row, path.name)
    return found


@cache
def poses() -> dict[str, dict]:
    """Return the named parts of keys of poses.toml."""
    return _read(FOLDER / "poses.toml")


@cache
def places() -> dict[str, dict]:
    """Return the named places for hands of places.toml."""
    return _read(FOLDER / "places.toml")


def _read(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read: {error}", "Restore or correct the file") from error


def _action(name: str, category: str, row: dict, file: str) -> Action:
    def refuse(what: str) -> DataError:
        return DataError(f"{file}: {name}: {what}", "Correct the file; actions/README.md lists what may be said")

    unknown = set(row) - _ACTION_WORDS
    if unknown:
        raise refuse(f"{sorted(unknown)[0]} is not a word of an action")
    phrases = tuple(dict.fromkeys(row.get("phrases", ())))
    if len(phrases) < FEWEST_PHRASES:
        raise refuse(f"{len(phrases)} phrases are not the {FEWEST_PHRASES} that are wanted")
    for part in ("start", "before", "cycle", "after"):
        for key in row.get(part, ()):
            problem = key_problem(key)
            if problem:
                raise refuse(f"{part}: {problem}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    values["phrases"] = phrases
    return Action(name=name, category=category, **values)


def key_problem(key: dict) -> str | None:
    """Return what is wrong with a key as written, or None."""
    unknown = set(key) - _KEY_WORDS
    if unknown:
        return f"{sorted(unknown)[0]} is not a word of a key"
    if key.get("ease", "smooth") not in EASES:
        return f"{key['ease']} is not an ease ({', '.join(EASES)})"
    if "pose" in key and not _is_option(key["pose"]) and key["pose"] not in poses():
        return f"{key['pose']} is not a pose"
    for word in HANDS:
        problem = _goal_problem(key.get(word), _HAND_WORDS, word)
        if problem:
            return problem
    for word in (*FEET, "air"):
        goal = key.get(word)
        if isinstance(goal, dict) and set(goal) - _FOOT_WORDS:
            return f"{sorted(set(goal) - _FOOT_WORDS)[0]} is not a word of {word}"
    return None


def _is_option(value: object) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _goal_problem(goal: str | dict | None, words: set[str], name: str) -> str | None:
    if goal is None or _is_option(goal):
        return None
    if isinstance(goal, str):
        return None if goal == "rest" or goal in places() else f"{goal} is not a place for {name}"
    if set(goal) - words:
        return f"{sorted(set(goal) - words)[0]} is not a word of {name}"
    at = goal.get("at", "shoulder")
    if not _is_option(at) and at not in FRAMES and at not in places():
        return f"{at} is not a place for {name}"
    return _goal_problem(goal.get("via"), words, name)
