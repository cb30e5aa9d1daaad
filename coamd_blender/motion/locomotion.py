"""A locomotion set for a game: loops, and the clips that lead from one to another; what is asked for, and what is kept.

:func:`make` says, one after the other, what is to be drawn or made anew, and is sent the joints, so that the command
line and the panel make the same set each in their own way. The idle and the walk are the two loops that everything
else begins and ends in, to the frame: starts, stops, turns and the jump join without a seam.

A leaf: standard library and numpy only. Joints are (frames, 22, 3), metres, Y up, 20 frames a second.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import loops
from .kinematics import forward_by_width
from .skeleton import ANKLES, FPS, TOES

DRAWS = 4  # of each, the best is kept
WHOLE = (
    FPS // 2
)  # clips last whole multiples of half a second: at 24, 30 and 60 frames a second the last is a frame too
SHOWN = FPS  # frames shown on either side of what is made anew
CLOSED = 0.01  # metres within which a loop's end is its beginning
_HASTE = 2.0  # by which a gait is hastened at most
_SHORTEST, _SKIPPED = 3 * WHOLE, 6  # frames of a loop; frames of a drawn motion that are not used at its ends
_GROUND = np.array([1.0, 0.0, 1.0])


class Draws(NamedTuple):
    """Asks for ``prompt`` drawn with each of ``seeds``: joints (seeds, frames, 22, 3)."""

    prompt: str
    seconds: float
    seeds: tuple[int, ...]


class Between(NamedTuple):
    """Asks for the frames ``start`` to ``stop``, excluded, made anew between what stays: joints as ``joints``."""

    joints: np.ndarray
    start: int
    stop: int
    prompt: str
    seed: int


@dataclass(frozen=True, eq=False)
class Clip:
    """One of the set: its ``name``, whether it is a ``loop``, and a ``note`` where it is not what its name says."""

    name: str
    joints: np.ndarray
    loop: bool = False
    note: str = ""


@dataclass(frozen=True)
class Gait:
    """A loop of the set. way: degrees to the left of where the body faces that it goes; None: it stays. slowest,
    fastest: metres a second. brisk: metres a second that a slower one is hastened to, at most twofold."""

    name: str
    prompt: str
    seconds: float
    way: float | None
    slowest: float = 0.0
    fastest: float = 0.15
    brisk: float = 0.0


IDLE = Gait("idle", "a person stands still", 4.0, None)
WALK = Gait("walk", "a person walks forward", 5.0, 0.0, 0.6, 2.0)
GAITS = (
    IDLE,
    WALK,
    Gait("run", "a person runs forward", 4.0, 0.0, 1.8, 6.0),
    Gait("walk_backwards", "a person walks backwards", 5.0, 180.0, 0.3, 1.8),
    Gait("strafe_left", "a person sidesteps to the left", 5.0, 90.0, 0.2, 2.0, 0.7),
    Gait("strafe_right", "a person sidesteps to the right", 5.0, -90.0, 0.2, 2.0, 0.7),
)
TURNS = (("turn_left", 90.0), ("turn_right", -90.0), ("turn_around", 180.0))
NAMES = (*(gait.name for gait in GAITS), "walk_start", "walk_stop", *(name for name, _ in TURNS), "jump")
STRAIGHT = 25.0  # degrees by which the way of a gait may be off
AIR = 0.05  # metres that the lower foot of a jump must leave the floor by

Asked = Generator[Draws | Between, np.ndarray, Clip]
Joined = Generator[Between, np.ndarray, np.ndarray]


def make(seed: int = 0) -> Generator[Draws | Between, np.ndarray, list[Clip]]:
    """Yield what to draw or make anew, be sent its joints, and return the clips of the set, in the order of NAMES.

    Sent are metres: (seeds, frames, 22, 3) for Draws, (frames, 22, 3) for Between. Clips hold (frames, 22, 3).
    """
    clips: dict[str, Clip] = {}
    for number, gait in enumerate(GAITS):
        clips[gait.name] = yield from _gait(gait, seed + DRAWS * number)
    idle, walk = clips[IDLE.name].joints, clips[WALK.name].joints
    clips["walk_start"] = yield from _start(idle, walk, seed)
    clips["walk_stop"] = yield from _stop(idle, walk, seed)
    for name, degrees in TURNS:
        clips[name] = yield from _turn(name, idle, degrees, seed)
    clips["jump"] = yield from _jump(idle, seed)
    return [clips[name] for name in NAMES]


# --- loops ------------------------------------------------------------------------------------------------------------


def _gait(gait: Gait, seed: int) -> Asked:
    drawn = yield Draws(gait.prompt, gait.seconds, tuple(range(seed, seed + DRAWS)))
    cuts = [_cut(joints[_SKIPPED : len(joints) - _SKIPPED]) for joints in drawn]
    best = min(cuts, key=lambda joints: _fault(joints, gait)[0] + _lag(joints, gait))
    opened = loops.open_loop(facing(best, gait), FPS)
    made = yield Between(opened.joints, opened.start, opened.stop, gait.prompt, seed)
    joints = hastened(facing(made[: opened.count], gait), gait)
    fault, what = _fault(joints, gait)
    off = gap(joints)
    notes = [f"{gait.name} {what}"] if fault >= 1 else []
    notes += [f"{gait.name} ends {100 * off:.1f} cm from where it begins"] if off > CLOSED else []
    return Clip(gait.name, joints, loop=off <= CLOSED, note="; ".join(notes))


def _lag(joints: np.ndarray, gait: Gait) -> float:
    """Return by how much a motion is slower than even twice hastened it should be, for a choice among draws."""
    pace = float(np.linalg.norm(_speed(joints)))
    return max(0.0, np.log(gait.brisk / (_HASTE * max(pace, 1e-3)))) if gait.brisk else 0.0


def hastened(joints: np.ndarray, gait: Gait) -> np.ndarray:
    """Return a loop hastened where it is slower than the gait is to be: the same way in a shorter time.

    joints: (frames, 22, 3), metres. Returns (F, 22, 3), fewer frames, whole half seconds; feet that stand still do.
    """
    pace, last = float(np.linalg.norm(_speed(joints))), len(joints) - 1
    if not gait.brisk or pace >= gait.brisk:
        return joints
    wanted = last * max(pace / gait.brisk, 1 / _HASTE)
    frames = max(WHOLE, WHOLE * round(wanted / WHOLE))
    if frames >= last:
        return joints
    at = np.linspace(0, last, frames + 1)
    low = np.minimum(at.astype(int), last - 1)
    share = (at - low)[:, None, None]
    return joints[low] * (1 - share) + joints[low + 1] * share


def gap(joints: np.ndarray) -> float:
    """Return by how much the last frame is not the first, metres, the way over the floor left out.

    joints: (frames, 22, 3), metres.
    """
    ends = [frame - frame[:1] * _GROUND for frame in joints[[0, -1]].astype(float)]
    return float(np.linalg.norm(ends[1] - ends[0], axis=-1).max())


def facing(joints: np.ndarray, gait: Gait) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, over the origin, turned as ``gait`` has it: the same shape.

    The body goes its way, or, where it stays, faces ahead.
    """
    gone = (joints[-1, 0] - joints[0, 0]) * _GROUND
    heading = _heading(gone) - np.radians(gait.way) if gait.way is not None else _faced(joints)
    return turned(joints - joints[0, 0] * _GROUND, -heading)


def turned(joints: np.ndarray, angle: float) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, turned to the left about the origin by ``angle`` radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return joints @ np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]]).T


def _heading(way: np.ndarray) -> float:
    """Return the angle of a way (3,) about +Y, radians, 0 towards +Z."""
    return float(np.arctan2(way[0], way[2]))


def _faced(joints: np.ndarray) -> float:
    """Return where a body faces on the whole, radians."""
    return _heading(forward_by_width(joints).sum(axis=0))


def _cut(joints: np.ndarray) -> np.ndarray:
    """Return the stretch of ``joints`` of whole half seconds whose end is most like its start, poses and their change;
    longer ones before shorter ones that are no better."""
    seen = joints - joints[:, :1] * _GROUND
    moving = np.gradient(seen, axis=0) * 5.0
    features = np.concatenate([seen, moving], axis=1).reshape(len(joints), -1)
    best = (np.inf, 0, len(joints) - 1)
    for length in range(_SHORTEST, len(joints), WHOLE):
        apart = np.linalg.norm(features[length:] - features[:-length], axis=1)
        first = int(apart.argmin())
        best = min(best, (float(apart[first]) / (1 + 0.1 * length / FPS), first, first + length))
    return joints[best[1] : best[2] + 1]


def _fault(joints: np.ndarray, gait: Gait) -> tuple[float, str]:
    """Return how far a motion is from its ``gait``, 1 and more where it is another, and what is the matter."""
    gone = (joints[-1, 0] - joints[0, 0]) * _GROUND
    seconds = (len(joints) - 1) / FPS
    speed = float(np.linalg.norm(gone)) / seconds
    if gait.way is None:
        return speed / gait.fastest, f"drifts by {speed:.2f} m/s"
    if not gait.slowest <= speed <= gait.fastest:
        return 2.0, f"goes {speed:.2f} m/s, not {gait.slowest:g} to {gait.fastest:g}"
    off = np.degrees(_heading(gone) - _faced(joints)) - gait.way
    off = abs((off + 180) % 360 - 180)
    walked = np.linalg.norm(np.diff(joints[:, 0] * _GROUND, axis=0), axis=-1).sum()
    return off / STRAIGHT + float(walked / np.linalg.norm(gone) - 1), f"goes {off:.0f} degrees off its way"


# --- from one to the other --------------------------------------------------------------------------------------------


def _start(idle: np.ndarray, walk: np.ndarray, seed: int) -> Asked:
    ahead = _speed(walk) * _seconds(3 * WHOLE) / 2
    row = yield from _joined(idle, walk + ahead - walk[0, 0] * _GROUND, 3 * WHOLE, WALK.prompt, seed)
    return Clip("walk_start", row)


def _stop(idle: np.ndarray, walk: np.ndarray, seed: int) -> Asked:
    walked = walk - walk[-1, 0] * _GROUND
    ahead = _speed(walk) * _seconds(3 * WHOLE) / 2
    row = yield from _joined(walked, idle + ahead - idle[0, 0] * _GROUND, 3 * WHOLE, "a person stops walking", seed)
    return Clip("walk_stop", row)


def _turn(name: str, idle: np.ndarray, degrees: float, seed: int) -> Asked:
    side = {"turn_left": "left", "turn_right": "right"}.get(name)
    prompt = f"a person turns to the {side}" if side else "a person turns around"
    after = turned(idle - idle[0, 0] * _GROUND, np.radians(degrees))
    row = yield from _joined(idle - idle[-1, 0] * _GROUND, after, (4 if abs(degrees) > 90 else 3) * WHOLE, prompt, seed)
    return Clip(name, row)


def _jump(idle: np.ndarray, seed: int) -> Asked:
    """Take a drawn jump up from the idle, and lead it back there."""
    drawn = yield Draws("a person jumps up", 4.0, tuple(range(seed, seed + DRAWS)))
    lifted = drawn[..., [*ANKLES, *TOES], 1].min(axis=-1)  # (draws, frames)
    best, top = np.unravel_index(lifted.argmax(), lifted.shape)
    first = int(np.clip(top - WHOLE, 0, drawn.shape[1] - 2 * WHOLE - 1))
    leap = drawn[best, first : first + 2 * WHOLE + 1]
    leap = turned(leap - leap[0, 0] * _GROUND, -_faced(leap[:1]))
    row = yield from _joined(idle - idle[-1, 0] * _GROUND, leap, WHOLE, "a person jumps up", seed)
    up = np.concatenate([row, leap[1:]])
    landed = turned(idle - idle[0, 0] * _GROUND, _faced(up[-1:]) - _faced(idle[:1])) + up[-1, 0] * _GROUND
    row = yield from _joined(up, landed, 2 * WHOLE, "a person lands from a jump and stands", seed)
    joints = np.concatenate([up[:-1], row])
    height = float(joints[:, [*ANKLES, *TOES], 1].min(axis=1).max())
    return Clip("jump", joints, note="" if height >= AIR else f"jump leaves the floor by {100 * height:.0f} cm only")


def _joined(before: np.ndarray, after: np.ndarray, frames: int, prompt: str, seed: int) -> Joined:
    """Return what leads in ``frames`` frames from the last frame of ``before`` to the first of ``after``, both kept."""
    shown = before[-SHOWN:], after[:SHOWN]
    start, stop = len(shown[0]), len(shown[0]) + frames - 1
    row = np.concatenate([shown[0], np.repeat(shown[1][:1], frames - 1, axis=0), shown[1]])
    made = yield Between(row, start, stop, prompt, seed)
    return made[start - 1 : stop + 1]


def _speed(joints: np.ndarray) -> np.ndarray:
    """Return the way a second (3,) over the floor."""
    return (joints[-1, 0] - joints[0, 0]) * _GROUND / _seconds(len(joints) - 1)


def _seconds(frames: int) -> float:
    return frames / FPS
