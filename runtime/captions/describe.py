"""Measurements of a stretch of motion: what a caption may truthfully say about it.

Everything here takes ``joints``: float (frames, 22, 3), metres, Y up, left = +X when facing +Z, 20 frames per
second (``coamd_blender.motion.skeleton``). Angles are radians about +Y, positive to the left. Lengths of time are
seconds. Nothing here knows of captions, labels or files; the thresholds are chosen for the canonical body
(pelvis at 0.95 m standing) and are the named constants below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coamd_blender.motion.kinematics import heading_by_width as heading
from coamd_blender.motion.kinematics import level_axes as facing_axes
from coamd_blender.motion.kinematics import velocity
from coamd_blender.motion.signals import moving_average
from coamd_blender.motion.signals import runs as runs_of
from coamd_blender.motion.skeleton import (
    ANKLES,
    ELBOWS,
    FPS,
    HIPS,
    JOINT_INDEX,
    KNEES,
    SHOULDERS,
    SIDES,
    TOES,
    WRISTS,
    rest_joints,
)

PELVIS, NECK, HEAD = (JOINT_INDEX[name] for name in ("pelvis", "neck", "head"))

STAND_SPEED = 0.25  # m/s: slower than this over a window is standing
WALK_SLOW, WALK_FAST = 0.75, 1.35  # m/s
RUN_SLOW, RUN_FAST = 2.3, 3.5  # m/s
RUN_SPEED = 2.2  # m/s: faster than this is a run whatever the feet do
JUMP_CLEARANCE = 0.09  # m: lower toe above its resting height
KICK_HEIGHT, KICK_SPEED, KICK_REACH = 0.42, 2.2, 0.38  # m, m/s, m
LOW_STANCE = 0.765  # m: who stands on two feet with the pelvis below this bends the knees
PUNCH_REACH, PUNCH_SPEED = 0.42, 1.6  # m from shoulder to wrist, m/s of its growth
STILL_SPEED = 0.35  # m/s: no joint faster (95th percentile)


_REST_TRUNK = rest_joints()[NECK] - rest_joints()[PELVIS]
_REST_PITCH = float(np.arctan2(_REST_TRUNK[2], _REST_TRUNK[1]))  # the neck is a little behind the pelvis


@dataclass(frozen=True)
class Travel:
    """Where the pelvis goes: metres along and to the left of the facing, path length, mean speed (m/s)."""

    forward: float
    left: float
    path: float
    speed: float


@dataclass(frozen=True)
class Event:
    """One thing that happens: frames [start, end), its peak, a side or direction, and a size in metres."""

    start: int
    peak: int
    end: int
    side: str
    direction: str
    size: float


def smooth(signal: np.ndarray, width: int = 5) -> np.ndarray:
    """Return the running mean of ``signal`` (frames, ...) over ``width`` frames (odd): the same shape and units.

    It runs along the first axis, the ends repeated.
    """
    return moving_average(signal, width // 2)


def travel(joints: np.ndarray) -> Travel:
    """Return the displacement of the pelvis of ``joints`` (frames, 22, 3), metres, in the body's own axes.

    Steps are summed along and to the left of the smoothed facing, frame by frame.
    """
    root = smooth(joints[:, PELVIS])
    step = np.diff(root, axis=0)
    step[:, 1] = 0
    forward, left = facing_axes(smooth(heading(joints), 9)[:-1])
    path = float(np.linalg.norm(step, axis=1).sum())
    seconds = max(len(step), 1) / FPS
    return Travel(float((step * forward).sum()), float((step * left).sum()), path, path / seconds)


def net_turn(joints: np.ndarray) -> float:
    """Return the turn between the first and last frames of ``joints`` (frames, 22, 3), metres: radians, left positive.

    Whole turns are counted.
    """
    yaw = smooth(heading(joints), 9)
    return float(yaw[-1] - yaw[0])


def turn_class(angle: float) -> str:
    """Name a net turn (radians): none, slight, quarter, half or full, by its size alone."""
    size = abs(np.degrees(angle))
    for name, limit in (("none", 20), ("slight", 55), ("quarter", 125), ("half", 235)):
        if size < limit:
            return name
    return "full"


def walks_circle(joints: np.ndarray) -> bool:
    """Tell whether the pelvis of ``joints`` (frames, 22, 3), metres, walks around a circle.

    Its path turns by over 270 degrees at a radius over 0.4 m.
    """
    root = smooth(joints[:, PELVIS, ::2], 9)
    step = np.diff(root, axis=0)
    moving = np.linalg.norm(step, axis=1) > 0.3 / FPS
    if moving.mean() < 0.8:
        return False
    course = np.unwrap(np.arctan2(step[:, 0], step[:, 1]))
    swept = abs(course[-1] - course[0])
    length = np.linalg.norm(step, axis=1).sum()
    return bool(swept > np.radians(270) and length / swept > 0.4)


def clearance(joints: np.ndarray) -> np.ndarray:
    """Return the height (frames,), metres, of the lower toe of ``joints`` (frames, 22, 3) over its resting height.

    That is its 5th percentile.
    """
    low = np.min(joints[:, TOES, 1], axis=1)
    return low - np.percentile(low, 5)


def flight_fraction(joints: np.ndarray) -> float:
    """Return the share of the frames of ``joints`` (frames, 22, 3), metres, in which both feet are off the ground.

    Toes are then over 3 cm and ankles over 5 cm, over the window's 5th percentile of each, so that a floor off by some
    centimetres does no harm.
    """
    toes = joints[:, TOES, 1] - np.percentile(joints[:, TOES, 1], 5)
    ankles = joints[:, ANKLES, 1] - np.percentile(joints[:, ANKLES, 1], 5)
    return float(((toes.min(1) > 0.03) & (ankles.min(1) > 0.05)).mean())


def gait(joints: np.ndarray) -> str:
    """Name the gait of ``joints`` (frames, 22, 3), metres: stand, walk or run.

    It follows from the mean ground speed and the flight between steps.
    """
    speed = travel(joints).speed
    if speed < STAND_SPEED:
        return "stand"
    if speed > RUN_SPEED or (speed > 1.5 and flight_fraction(joints) > 0.12):
        return "run"
    return "walk"


def speed_class(speed: float, kind: str) -> str:
    """Name a ground speed (m/s) of a ``kind`` walk or run: slow, normal or fast."""
    slow, fast = (RUN_SLOW, RUN_FAST) if kind == "run" else (WALK_SLOW, WALK_FAST)
    return "slow" if speed < slow else "fast" if speed > fast else "normal"


def _alternations(signal: np.ndarray, amplitude: float) -> list[int]:
    """Return the frames at which ``signal`` swings past +-amplitude to the other side (hysteresis)."""
    state, frames = 0, []
    for frame, value in enumerate(signal):
        sign = 1 if value > amplitude else -1 if value < -amplitude else 0
        if sign and sign != state:
            if state:
                frames.append(frame)
            state = sign
    return frames


def steps(joints: np.ndarray) -> list[int]:
    """Return the frame numbers of steps in ``joints`` (frames, 22, 3), metres.

    One foot gets ahead of the other along the facing by 6 cm, or above it by 6 cm, as in walking on the spot; whichever
    of the two happens more often counts.
    """
    forward, _ = facing_axes(smooth(heading(joints), 9))
    gap = ((joints[:, ANKLES[0]] - joints[:, ANKLES[1]]) * forward).sum(-1)
    lift = joints[:, ANKLES[0], 1] - joints[:, ANKLES[1], 1]
    by_gap, by_lift = _alternations(smooth(gap, 3), 0.06), _alternations(smooth(lift, 3), 0.06)
    return by_gap if len(by_gap) >= len(by_lift) else by_lift


def _planar_direction(step: np.ndarray, yaw: float, least: float) -> str:
    forward, left = facing_axes(np.array(yaw))
    ahead, side = float(step @ forward), float(step @ left)
    if np.hypot(ahead, side) < least:
        return "up"
    if abs(ahead) >= abs(side):
        return "forward" if ahead > 0 else "backward"
    return "left" if side > 0 else "right"


def jumps(joints: np.ndarray, least: float = JUMP_CLEARANCE) -> list[Event]:
    """Return the jumps in ``joints`` (frames, 22, 3), metres: both feet ``least`` metres up for 3 frames.

    The pelvis rises by 4 cm and falls. ``direction`` is up, forward, backward, left or right of the facing at take-off
    (up: under 25 cm of travel between take-off and landing), ``size`` the distance in metres.
    """
    if len(joints) < 6:
        return []
    lift, yaw, height = clearance(joints), smooth(heading(joints), 5), joints[:, PELVIS, 1]
    found = []
    for start, end in runs_of(lift > least):
        if end - start < 3 or start < 2 or end > len(joints) - 1:
            continue
        peak = start + int(np.argmax(height[start:end]))
        before, after = height[max(start - 3, 0)], height[min(end + 2, len(height) - 1)]
        if height[peak] < max(before, after) + 0.02 or height[peak] < min(before, after) + 0.04:
            continue
        step = joints[end - 1, PELVIS] - joints[start, PELVIS]
        direction = _planar_direction(step * [1, 0, 1], yaw[start], 0.25)
        found.append(Event(start, peak, end, "", direction, float(np.hypot(step[0], step[2]))))
    return found


def kicks(joints: np.ndarray) -> list[Event]:
    """Return the kicks in ``joints`` (frames, 22, 3), metres: one foot up, out and fast, while the other stays low.

    The ankle is over KICK_HEIGHT, over KICK_REACH from the pelvis' plumb line, and faster than KICK_SPEED on its way
    out. ``side`` names the leg, ``direction`` where the foot goes (forward, backward, left, right), ``size`` the height
    of the ankle at its peak, metres.
    """
    yaw, floor = smooth(heading(joints), 5), np.percentile(joints[:, ANKLES, 1], 3)
    found = []
    for side, ankle in enumerate(ANKLES):
        offset = joints[:, ankle] - joints[:, PELVIS]
        reach = np.hypot(offset[:, 0], offset[:, 2])
        relative_speed = np.linalg.norm(velocity(offset), axis=1)
        other = joints[:, ANKLES[1 - side], 1] - floor
        high = (joints[:, ankle, 1] - floor > KICK_HEIGHT - 0.09) & (reach > KICK_REACH) & (other < 0.25)
        for start, end in runs_of(high, 3):
            first = max(start - 5, 0)
            if relative_speed[first:end].max() < KICK_SPEED or joints[start:end, PELVIS, 1].min() < 0.6:
                continue
            peak = start + int(np.argmax(reach[start:end] + joints[start:end, ankle, 1]))
            direction = _planar_direction(offset[peak] * [1, 0, 1], yaw[peak], 0.0)
            found.append(Event(start, peak, end, SIDES[side], direction, float(joints[peak, ankle, 1])))
    return sorted(found, key=lambda event: event.peak)


def punches(joints: np.ndarray) -> list[Event]:
    """Return the punches in ``joints`` (frames, 22, 3), metres: a wrist shot out forwards from its shoulder.

    The distance shoulder to wrist passes PUNCH_REACH with a rate over PUNCH_SPEED; the wrist ends within 35 cm of
    shoulder height and in front. ``side`` names the hand, ``size`` the peak rate in m/s.
    """
    forward, _ = facing_axes(smooth(heading(joints), 5))
    found = []
    for side in range(2):
        arm = joints[:, WRISTS[side]] - joints[:, SHOULDERS[side]]
        reach = np.linalg.norm(arm, axis=1)
        rate = velocity(reach)
        ahead = (arm * forward).sum(-1)
        ready = (reach > PUNCH_REACH) & (np.abs(arm[:, 1]) < 0.35) & (ahead > 0.3)
        for start, end in runs_of(ready, 2):
            first = max(start - 5, 0)
            top = rate[first : start + 2].max()
            if top > PUNCH_SPEED and reach[first : start + 1].min() < PUNCH_REACH - 0.04:
                peak = start + int(np.argmax(reach[start:end]))
                found.append(Event(first, peak, end, SIDES[side], "forward", float(top)))
    return sorted(found, key=lambda event: event.peak)


def low_stance(joints: np.ndarray) -> bool:
    """Tell whether the pelvis of ``joints`` (frames, 22, 3) is below LOW_STANCE, metres, most of the time.

    The stances of fighters are so.
    """
    return bool(np.median(joints[:, PELVIS, 1]) < LOW_STANCE)


def raised(joints: np.ndarray, side: int, above: float = 0.0) -> np.ndarray:
    """Return (frames,) bool: the wrist of ``side`` is ``above`` metres over its shoulder in ``joints`` (frames, 22, 3).

    Side 0 is the left, 1 the right.
    """
    return joints[:, WRISTS[side], 1] > joints[:, SHOULDERS[side], 1] + above


def waves(joints: np.ndarray) -> list[Event]:
    """Return the waves in ``joints`` (frames, 22, 3), metres: a raised hand that swings to and fro.

    The hand is above its elbow and mostly over the shoulder. The swing is the wrist's sideways or fore-and-aft motion
    about the elbow in the body's frame, by at least 3 cm to either side of its running mean. ``size`` is the number of
    half swings, at least three.
    """
    forward, left = facing_axes(smooth(heading(joints), 9))
    found = []
    for side in range(2):
        lower = joints[:, WRISTS[side]] - joints[:, ELBOWS[side]]
        up = (lower[:, 1] > 0.05) & raised(joints, side, -0.12)
        over = joints[:, WRISTS[side], 1] - joints[:, SHOULDERS[side], 1]
        for start, end in runs_of(smooth(up.astype(float), 3) > 0.5, 4):
            if end - start < 10 or np.median(over[start:end]) < 0.02:
                continue
            best = max((_swings((lower[start:end] * axis[start:end]).sum(-1)) for axis in (left, forward)), default=0)
            if best >= 3:
                found.append(Event(start, (start + end) // 2, end, SIDES[side], "", float(best)))
    return sorted(found, key=lambda event: event.start)


def _swings(signal: np.ndarray) -> int:
    return len(_alternations(signal - smooth(signal, 15), 0.03))


def trunk_pitch(joints: np.ndarray) -> np.ndarray:
    """Return the forward lean (frames,), radians, of the line pelvis to neck of ``joints`` (frames, 22, 3).

    Backwards is negative; the rest pose leans by 0.
    """
    forward, _ = facing_axes(smooth(heading(joints), 5))
    trunk = joints[:, NECK] - joints[:, PELVIS]
    ahead = (trunk * forward).sum(-1)
    return np.arctan2(ahead, trunk[:, 1]) - _REST_PITCH


def bows(joints: np.ndarray) -> list[Event]:
    """Return the bows in ``joints`` (frames, 22, 3), metres: the trunk leans past 30 degrees and comes back.

    It leans by under 20 degrees before and after, and the legs stay long. ``size`` is the deepest lean in degrees. A
    bend that crouches (pelvis below 0.75 m) or reaches for the ground (a wrist below 0.3 m) is not a bow.
    """
    pitch = np.degrees(smooth(trunk_pitch(joints), 3))
    found = []
    for start, end in runs_of(pitch > 20, 2):
        deepest = pitch[start:end].max()
        low_pelvis = joints[start:end, PELVIS, 1].min() < 0.75
        low_hand = joints[start:end, WRISTS, 1].min() < 0.3
        if start == 0 or end == len(pitch) or deepest < 30 or low_pelvis or low_hand:
            continue
        found.append(Event(start, start + int(np.argmax(pitch[start:end])), end, "", "", float(deepest)))
    return found


def postures(joints: np.ndarray) -> np.ndarray:
    """Name the posture in every frame of ``joints`` (frames, 22, 3), metres: (frames,) of words.

    They are stand, crouch, sit, kneel, fours and lie.

    Pelvis height over 0.78 m is standing. Lower: trunk flatter than 55 degrees is lying when the pelvis is under 0.35
    m, on all fours when a hand and a knee are near the floor; a knee under 0.18 m kneels; thighs level or feet well
    ahead of the pelvis sits; what is left crouches.
    """
    pelvis, trunk = joints[:, PELVIS], joints[:, NECK] - joints[:, PELVIS]
    lean = np.degrees(np.arccos(np.clip(trunk[:, 1] / np.linalg.norm(trunk, axis=1), -1, 1)))
    forward, _ = facing_axes(heading(joints))
    feet_ahead = ((joints[:, ANKLES].mean(1) - pelvis) * forward).sum(-1)
    hands, knees = joints[:, WRISTS, 1].min(1), joints[:, KNEES, 1].min(1)
    names = np.full(len(joints), "crouch", dtype=object)
    names[feet_ahead > 0.2] = "sit"
    names[(knees < 0.18) & (joints[:, ANKLES, 1].max(1) < 0.25) & (feet_ahead < 0.1)] = "kneel"
    names[(lean > 50) & (hands < 0.25) & (knees < 0.35)] = "fours"
    names[(lean > 55) & (pelvis[:, 1] < 0.35) & (joints[:, HEAD, 1] < 0.5)] = "lie"
    names[pelvis[:, 1] > 0.78] = "stand"
    return names


def posture(joints: np.ndarray) -> str:
    """Return the commonest posture of ``joints`` (frames, 22, 3), metres (see :func:`postures`)."""
    names, counts = np.unique(postures(joints).astype(str), return_counts=True)
    return str(names[np.argmax(counts)])


def motion_speed(joints: np.ndarray) -> float:
    """Return the 95th percentile over frames of the speed of the fastest of ``joints`` (frames, 22, 3), m/s."""
    if len(joints) < 2:
        return 0.0
    speed = np.linalg.norm(velocity(smooth(joints, 3)), axis=-1)
    return float(np.percentile(speed.max(axis=1), 95))


def twist(joints: np.ndarray) -> float:
    """Return the mean angle between hip line and shoulder line of ``joints`` (frames, 22, 3) from above, radians."""
    lines = [joints[:, pair[0]] - joints[:, pair[1]] for pair in (HIPS, SHOULDERS)]
    yaws = [np.arctan2(-line[:, 2], line[:, 0]) for line in lines]
    return float(np.abs(np.angle(np.exp(1j * (yaws[0] - yaws[1])))).mean())


def t_pose(joints: np.ndarray) -> np.ndarray:
    """Return (frames,) bool: in ``joints`` (frames, 22, 3), metres, both arms are straight out to the sides.

    They are at shoulder height, as in calibration poses.
    """
    held = np.ones(len(joints), dtype=bool)
    for side in range(2):
        arm = joints[:, WRISTS[side]] - joints[:, SHOULDERS[side]]
        held &= (np.linalg.norm(arm, axis=1) > 0.48) & (np.abs(arm[:, 1]) < 0.12)
    span = np.linalg.norm(joints[:, WRISTS[0]] - joints[:, WRISTS[1]], axis=1)
    return held & (span > 1.25)


def top_speed(joints: np.ndarray) -> float:
    """Return the speed of the fastest of ``joints`` (frames, 22, 3) at its fastest, m/s: no healthy gait passes 16."""
    return float(np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() * FPS) if len(joints) > 1 else 0.0


def is_still(joints: np.ndarray) -> bool:
    """Tell whether nothing moves to speak of in ``joints`` (frames, 22, 3), metres.

    No joint is over STILL_SPEED, the pelvis stays within 15 cm and does not turn by 20 degrees.
    """
    root = joints[:, PELVIS]
    return bool(
        motion_speed(joints) < STILL_SPEED
        and np.ptp(root, axis=0).max() < 0.15
        and abs(net_turn(joints)) < np.radians(20)
    )
