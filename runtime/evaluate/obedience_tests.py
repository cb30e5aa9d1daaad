"""Does a motion do what was asked? One geometric test a family, on the joints alone: no network.

Each test is a pure function: ``joints`` (frames, 22, 3) in metres, Y up, 20 frames a second, floor at y = 0,
to bool. Its docstring is the definition; the thresholds are its named constants. They were set on recorded
people (``fairness`` in ``benchmarks.py`` prints how well they separate them), never on generated motion.

``TESTS`` maps the names used in ``obedience_prompts.toml`` to the functions; :func:`passes` applies one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.signals import runs
from coamd_blender.motion.skeleton import FPS, JOINT_INDEX, PARENTS, REST_OFFSETS, STANDING_HEIGHT
from runtime.evaluate import geometry as g
from runtime.evaluate.vocabulary import TESTS as VOCABULARY

MOVING_SPEED = 0.25  # m/s: a pelvis that travels faster is going somewhere
RUNNING_SPEED = 2.3  # m/s: faster than anybody in our recordings walks; or, above a brisk walk's lower end,
FLIGHT_SHARE, FLIGHT_HEIGHT, JOGGING_SPEED = 0.08, 0.04, 0.9  # both feet 4 cm up in 8 % of the frames, at 0.9 m/s
FAST_WALK, SLOW_WALK = 1.3, 1.0  # m/s: a hurried walk is above, a slow one below
TURN_DEGREES = 45.0


def _sides(side: str | None) -> tuple[str, ...]:
    if side is None:
        return g.SIDES
    if side not in g.SIDES:
        raise InputError(f"A test was given the side {side!r}", "Use left, right, or leave it out")
    return (side,)


def _other(side: str) -> str:
    return "right" if side == "left" else "left"


def _upright(joints: np.ndarray) -> bool:
    """Tell whether the pelvis is above 80 % of its standing height and the trunk within 40 degrees of the vertical, in
    the median.
    """
    return bool(np.median(g.pelvis_height(joints)) > 0.8 and np.median(g.trunk_tilt(joints)) < 40)


def _gait(joints: np.ndarray) -> tuple[float, float, float, bool]:
    """Return the share of time travelling, median speed and facing cosine while travelling, and whether it is a run."""
    speed = g.travel_speed(joints)
    moving = speed > MOVING_SPEED
    if not moving.any():
        return 0.0, 0.0, 0.0, False
    pace = float(np.median(speed[moving]))
    flight = float((g.lowest_foot(joints)[moving] > FLIGHT_HEIGHT).mean())
    running = pace > RUNNING_SPEED or (flight > FLIGHT_SHARE and pace > JOGGING_SPEED)
    return float(moving.mean()), pace, float(np.median(g.forward_share(joints)[moving])), running


def _steps(joints: np.ndarray) -> int:
    """Count the steps: swings of at least 15 cm of one ankle past the other along the direction faced."""
    return g.swings(g.body_offset(joints, "left_ankle", "right_ankle")[:, 2], 0.15)


def _strides(joints: np.ndarray) -> bool:
    """Tell whether it goes on two feet: at least 2 steps, the pelvis never under 75 % of its standing height, no ankle
    over 45 cm (as in a kick), upright.
    """
    ankles = max(g.joint(joints, f"{side}_ankle")[:, 1].max() for side in g.SIDES)
    return bool(_steps(joints) >= 2 and g.pelvis_height(joints).min() > 0.75 and ankles < 0.45 and _upright(joints))


def walk(joints: np.ndarray, pace: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a walk forward.

    It travels at least 0.6 m, above 0.25 m/s for half the time, mostly the way it faces (within 45 degrees), striding
    (:func:`_strides`), not running and not turning by 60 degrees or more.

    ``pace`` "fast" asks for a median speed of 1.3 m/s, "slow" for at most 1.0 m/s.
    """
    share, speed, facing, running = _gait(joints)
    if pace not in (None, "fast", "slow"):
        raise InputError(f"The walk test was given the pace {pace!r}", "Use fast, slow, or leave it out")
    if (pace == "fast" and speed < FAST_WALK) or (pace == "slow" and speed > SLOW_WALK):
        return False
    ahead = share >= 0.5 and facing > 0.7 and g.path_length(joints) >= 0.6 and not running
    return ahead and _strides(joints) and abs(g.heading_change(joints)) < 60


def run(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a run forward.

    It travels at least 1.2 m with 2 steps, half the time or more, the way it faces (within 60 degrees), faster than 2.3
    m/s in the median, or faster than 0.9 m/s with both feet 4 cm off the floor in 8 % of the frames.
    """
    share, _, facing, running = _gait(joints)
    return running and share >= 0.5 and facing > 0.5 and g.path_length(joints) >= 1.2 and _steps(joints) >= 2


def walk_backwards(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a walk backwards.

    It travels at least 0.6 m, half the time or more, against the way it faces (beyond 135 degrees), striding
    (:func:`_strides`).
    """
    share, _, facing, _ = _gait(joints)
    return share >= 0.5 and facing < -0.7 and g.path_length(joints) >= 0.6 and _strides(joints)


def turn(joints: np.ndarray, side: str) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a walk or run that turns to ``side``.

    It goes the way it faces (within 45 degrees) for at least 1 m with 2 steps or more, upright, while its heading
    changes by 45 degrees or more to ``side``.
    """
    (side,) = _sides(side)
    share, _, facing, _ = _gait(joints)
    change = g.heading_change(joints) * (1 if side == "left" else -1)
    ahead = share >= 0.5 and facing > 0.7 and g.path_length(joints) >= 1.0
    return ahead and change >= TURN_DEGREES and _steps(joints) >= 2 and _upright(joints)


def _in_place(joints: np.ndarray) -> bool:
    """Tell whether it stands: upright, travelling in less than half of the frames."""
    return _upright(joints) and bool((g.travel_speed(joints) > MOVING_SPEED).mean() < 0.5)


def raise_hand(joints: np.ndarray, side: str) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show one hand being raised.

    The wrist of ``side`` is above its shoulder by 5 cm for 0.4 s while the other wrist hangs below its own shoulder;
    the hand does not wave (:func:`_waving`); the body stands, both feet down.
    """
    planted = max(g.joint(joints, f"{foot}_ankle")[:, 1].max() for foot in g.SIDES) < 0.25
    return bool(hand_up(joints, side) and planted and _in_place(joints))


def hand_up(joints: np.ndarray, side: str) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show what :func:`raise_hand` asks of the hand of ``side``,
    whatever the legs do.
    """
    (side,) = _sides(side)
    lifted = g.body_offset(joints, f"{side}_wrist", f"{side}_shoulder")[:, 1] > 0.05
    other = g.body_offset(joints, f"{_other(side)}_wrist", f"{_other(side)}_shoulder")[:, 1] < 0.0
    alone = (lifted & ~other).sum() < 0.3 * lifted.sum()
    held = g.longest_run(lifted & other) >= 0.4
    return bool(held and alone and not _waving(joints, side))


def _waving(joints: np.ndarray, side: str) -> bool:
    """Tell whether a hand held up swings at least 3 times by 6 cm, sideways or ahead of its elbow, within one lift.

    Held up: the wrist above the elbow, and at most 15 cm under the shoulder, for 0.6 s or more.
    """
    wrist = g.body_offset(joints, f"{side}_wrist", f"{side}_elbow")
    height = g.body_offset(joints, f"{side}_wrist", f"{side}_shoulder")[:, 1]
    for start, stop in runs((wrist[:, 1] > 0.0) & (height > -0.15)):
        if stop - start < 0.6 * FPS:
            continue
        if max(g.swings(wrist[start:stop, axis], 0.06) for axis in (0, 2)) >= 3:
            return True
    return False


def wave(joints: np.ndarray, side: str | None = None, seated: bool = False) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a wave of the hand.

    A raised hand (:func:`_waving`) swings to and fro and does not thrust (:func:`_punching`), the body standing, or
    with ``seated`` in any posture. With ``side``, that hand and not the other.
    """
    waving = {one: _waving(joints, one) and not _punching(joints, one, guarded=False) for one in g.SIDES}
    if not (seated or _in_place(joints)):
        return False
    return any(waving.values()) if side is None else waving[_sides(side)[0]] and not waving[_other(side)]


def jumps(joints: np.ndarray) -> int:
    """Count the jumps in ``joints`` (frames, 22, 3), metres.

    In a jump both feet are at least 6 cm up for 0.1 s, the pelvis rising by 16 cm from the lowest point of the half
    second before.
    """
    height = g.joint(joints, "pelvis")[:, 1]
    count = 0
    for start, stop in runs(g.lowest_foot(joints) > 0.06):
        before = height[max(0, start - FPS // 2) : start + 1].min()
        count += stop - start >= 2 and height[start:stop].max() - before >= 0.16
    return count


def jump(joints: np.ndarray, at_least: int = 1, travel_at_most: float = np.inf, travel_at_least: float = 0.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show ``at_least`` jumps that end between two distances from the
    start.

    They are counted by :func:`jumps`; ``travel_at_least`` and ``travel_at_most`` are metres.
    """
    return jumps(joints) >= at_least and travel_at_least <= g.net_travel(joints) <= travel_at_most


def _kicking(joints: np.ndarray, side: str) -> bool:
    """Tell whether one frame shows a kick of the leg of ``side``.

    It has the leg 75 % straight, its ankle not behind the body and the other foot under 25 cm, and either the ankle 35
    cm up and 45 cm out from the pelvis, having moved at 2.5 m/s against the pelvis in the quarter second before (a kick
    in the air), or 18 cm up, 50 cm out and at 6 m/s (a ball).
    """
    out = g.body_offset(joints, f"{side}_ankle", "pelvis")
    far = np.linalg.norm(out[:, [0, 2]], axis=1)
    height = g.joint(joints, f"{side}_ankle")[:, 1]
    speed = g.relative_speed(joints, f"{side}_ankle", "pelvis")
    high = (height > 0.35) & (far > 0.45) & g.recently(speed > 2.5, 5)
    ball = (height > 0.18) & (far > 0.50) & g.recently(speed > 6.0, 5)
    stance = (g.leg_reach(joints, side) > 0.75) & (g.joint(joints, f"{_other(side)}_ankle")[:, 1] < 0.25)
    return bool(((high | ball) & stance & (out[:, 2] > -0.1)).any())


def kick(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a kick (:func:`_kicking`).

    The body stands, or kicks after a few steps (travel under 1.5 m/s in the median). With ``side``, that foot and not
    the other.
    """
    kicking = {one: _kicking(joints, one) for one in g.SIDES}
    if not _upright(joints) or np.median(g.travel_speed(joints)) > 1.5:
        return False
    return any(kicking.values()) if side is None else kicking[_sides(side)[0]] and not kicking[_other(side)]


def _punching(joints: np.ndarray, side: str, guarded: bool = True) -> bool:
    """Tell whether the arm of ``side`` thrusts a fist forward.

    The arm is stretched to over 85 % of its length. Within the 0.4 s before, the fist was on guard: at under 70 % of
    that length, ahead of the shoulder and at most 10 cm over it (a throw starts higher or behind). Within 0.25 s the
    arm stretched at 1.6 m/s or more, and straight: that is 65 % of the wrist's speed (no swing). The wrist ends ahead
    of the body (within 55 degrees), between 30 cm under and 25 cm over the shoulder. Without ``guarded``, wherever the
    fist came from.
    """
    reach = g.reach(joints, side)
    out = g.body_offset(joints, f"{side}_wrist", f"{side}_shoulder")
    level = (out[:, 1] > -0.3) & (out[:, 1] < 0.25) & (out[:, 2] > 0.57 * np.linalg.norm(out, axis=1))
    ready = reach < 0.7
    if guarded:
        ready &= (out[:, 1] < 0.1) & (out[:, 2] > 0.0)
    stretch = velocity(reach * g.ARM_LENGTH)
    straight = stretch > 0.65 * g.relative_speed(joints, f"{side}_wrist", f"{side}_shoulder")
    thrust = g.recently((stretch > 1.6) & straight, 5)
    return bool(((reach > 0.85) & level & g.recently(ready, 8) & thrust).any())


def punch(joints: np.ndarray, side: str | None = None) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a punch (:func:`_punching`).

    The body stands or steps (travel under 1 m/s in the median). With ``side``, that fist and not the other.
    """
    punching = {one: _punching(joints, one) for one in g.SIDES}
    if not _upright(joints) or np.median(g.travel_speed(joints)) > 1.0:
        return False
    return any(punching.values()) if side is None else punching[_sides(side)[0]] and not punching[_other(side)]


def bow(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a bow.

    The trunk pitches forward by at least 25 degrees more than at the start, and comes back by 15, the pelvis above 80 %
    of its standing height, the feet in place, the hands not reaching the floor (40 cm).
    """
    pitch = g.trunk_pitch(joints)
    peak = int(pitch.argmax())
    low = pitch[: peak + 1].min()
    wrists = np.minimum(g.joint(joints, "left_wrist")[:, 1], g.joint(joints, "right_wrist")[:, 1])
    bent = pitch[peak] - low >= 25 and pitch[peak] - pitch[peak:].min() >= 15
    calm = bool(g.pelvis_height(joints).min() > 0.8 and wrists.min() > 0.4 and g.lowest_foot(joints).max() < 0.06)
    return bent and calm and g.net_travel(joints) < 0.5 and _in_place(joints)


def low(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show somebody who sits, squats or crouches.

    For 0.4 s the pelvis is under 72 % of its standing height with the trunk within 65 degrees of the vertical, feet on
    the floor; never lying (the neck stays above 40 cm).
    """
    down = (g.pelvis_height(joints) < 0.72) & (g.trunk_tilt(joints) < 65) & (g.lowest_foot(joints) < 0.12)
    return g.longest_run(down) >= 0.4 and bool(g.joint(joints, "neck")[:, 1].min() > 0.4)


def on_floor(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show somebody who lies or crawls.

    For 0.5 s the pelvis is under 65 % of its standing height and the trunk more than 55 degrees from the vertical, the
    neck under 75 cm.
    """
    down = (g.pelvis_height(joints) < 0.65) & (g.trunk_tilt(joints) > 55) & (g.joint(joints, "neck")[:, 1] < 0.75)
    return g.longest_run(down) >= 0.5


def _changes(joints: np.ndarray) -> float:
    """Return how often hands, feet and the whole body change direction, a second.

    These are swings of at least 10 cm of each wrist and ankle against the pelvis (sideways, up, ahead) and of 20
    degrees of the heading.
    """
    total = g.swings(g.heading(joints), 20.0)
    for name in ("left_wrist", "right_wrist", "left_ankle", "right_ankle"):
        offset = g.body_offset(joints, name, "pelvis")
        total += sum(g.swings(offset[:, axis], 0.10) for axis in range(3))
    return total * FPS / len(joints)


def dance(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a dance.

    For at least 3 s hands and feet keep moving, to and fro, and it is no walk, run or walking turn.

    The wrists move against the pelvis at 0.4 m/s or more in the mean and the ankles at 0.12; in half of the seconds the
    four of them at 0.25; they change direction (:func:`_changes`) 8.5 times a second; the pelvis stays above 60 % of
    its standing height in the median.
    """
    if len(joints) < 3 * FPS or np.median(g.pelvis_height(joints)) < 0.6:
        return False
    hands, feet = (
        np.mean([g.relative_speed(joints, f"{side}_{end}", "pelvis") for side in g.SIDES], axis=0)
        for end in ("wrist", "ankle")
    )
    seconds = [np.mean((hands + feet)[first : first + FPS]) / 2 for first in range(0, len(joints) - FPS + 1, FPS)]
    lively = hands.mean() >= 0.4 and feet.mean() >= 0.12 and np.mean(np.array(seconds) > 0.25) >= 0.5
    if not lively or _changes(joints) < 8.5:
        return False
    return not (walk(joints) or run(joints) or walk_backwards(joints) or any(turn(joints, side) for side in g.SIDES))


def stand_still(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show somebody who stands still.

    For at least 0.8 s, upright on its feet, the joints moving at under 0.2 m/s in the mean, the pelvis ending within 20
    cm of its start; no hand or foot leaves the middle of its own path by more than 25 cm in 90 % of the frames, or 40
    cm at all; the hands stay under the shoulders and under 1.5 m/s; the trunk sways by under 16 degrees.
    """
    calm = g.joint_speed(joints).mean() < 0.2 and g.travel_speed(joints).max() < 0.5
    straight = g.pelvis_height(joints).min() > 0.85 and g.trunk_tilt(joints).max() < 30
    ends = [g.joint(joints, f"{side}_{end}") for side in g.SIDES for end in ("wrist", "ankle")]
    strays = [np.linalg.norm(path - np.median(path, axis=0), axis=1) for path in ends]
    quiet = all(np.percentile(stray, 90) < 0.25 and stray.max() < 0.4 for stray in strays)
    hands = max(g.body_offset(joints, f"{side}_wrist", f"{side}_shoulder")[:, 1].max() for side in g.SIDES)
    fastest = max(g.relative_speed(joints, f"{side}_wrist", "pelvis").max() for side in g.SIDES)
    steady = np.ptp(g.trunk_pitch(joints)) < 16 and hands < 0.0 and fastest < 1.5
    return bool(len(joints) >= 0.8 * FPS and calm and straight and quiet and steady and g.net_travel(joints) < 0.2)


def either_hand_up(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show one hand held up, of either side (:func:`hand_up`)."""
    return any(hand_up(joints, side) for side in g.SIDES)


def march(joints: np.ndarray) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, show a march: a walk forward, or high knees on the spot."""
    return walk(joints) or VOCABULARY["high_knees"](joints)


def turns_round(joints: np.ndarray, degrees: float = 120.0) -> bool:
    """Tell whether the body of ``joints`` (frames, 22, 3), metres, comes to face ``degrees`` or more away from where it
    faced first."""
    heading = g.heading(joints)
    return bool(np.abs(heading - heading[0]).max() > np.radians(degrees))


def upright_arms(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, with what arms, trunk and head do, over legs that stand: (frames, 22,
    3).

    Every frame faces +Z with the pelvis at its standing height over the origin, as it is turned otherwise; the legs
    hang from the hips. So tests of gestures judge them whatever the legs do.
    """
    joints = g.require_motion(joints)
    forward, left = g.forward_axis(joints), g.left_axis(joints)
    offset = joints - joints[:, :1]
    across, ahead = (np.einsum("fjc,fc->fj", offset, axis) for axis in (left, forward))
    placed = np.stack([across, offset[..., 1] + STANDING_HEIGHT, ahead], axis=-1)
    for part in ("knee", "ankle", "foot"):
        for side in g.SIDES:
            place = JOINT_INDEX[f"{side}_{part}"]
            placed[:, place] = placed[:, PARENTS[place]] + REST_OFFSETS[place]
    return placed


TESTS: dict[str, Callable[..., bool]] = {
    "either_hand_up": either_hand_up,
    "march": march,
    "turns_round": turns_round,
    "walk": walk,
    "run": run,
    "walk_backwards": walk_backwards,
    "turn": turn,
    "raise_hand": raise_hand,
    "wave": wave,
    "jump": jump,
    "kick": kick,
    "punch": punch,
    "bow": bow,
    "low": low,
    "on_floor": on_floor,
    "dance": dance,
    "stand_still": stand_still,
    **VOCABULARY,
}


def passes(joints: np.ndarray, test: dict) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, pass ``test``, a table such as ``{"is": "kick", "side":
    "left"}``.

    Raises InputError for a test that does not exist, DataError for joints that cannot be measured.
    """
    parameters = {key: value for key, value in test.items() if key != "is"}
    if test.get("is") not in TESTS:
        raise InputError(f"There is no obedience test {test.get('is')!r}", f"Use one of {', '.join(TESTS)}")
    return bool(TESTS[test["is"]](g.require_motion(joints), **parameters))


def passes_in_order(joints: np.ndarray, tests: list[dict], shortest: float = 1.0) -> bool:
    """Tell whether ``joints`` (frames, 22, 3), metres, can be cut so that the parts pass ``tests`` in order.

    Each part lasts at least ``shortest`` seconds. Cuts are tried every 0.1 s.
    """
    if len(tests) == 1:
        return passes(joints, tests[0])
    least = int(shortest * FPS)
    cuts = range(least, len(joints) - (len(tests) - 1) * least + 1, 2)
    return any(passes(joints[:cut], tests[0]) and passes_in_order(joints[cut:], tests[1:], shortest) for cut in cuts)
