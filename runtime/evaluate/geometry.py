"""Measures of a motion: where it goes, which way it faces, how its trunk and limbs stand and move.

Every function takes ``joints`` (frames, 22, 3) in metres, Y up, 20 frames a second, on the canonical body
of ``coamd_blender.motion.skeleton`` with the floor at y = 0, and returns arrays with one value a frame unless it
says otherwise. Nothing here decides anything: that is ``obedience_tests.py``.

Angles come from the axes of skeleton.py: facing +Z with the left hand at +X, a turn to the left raises the
heading. Speeds are central differences over 0.1 s.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.kinematics import forward_by_width as forward_axis
from coamd_blender.motion.kinematics import heading_by_width, speed
from coamd_blender.motion.signals import runs
from coamd_blender.motion.skeleton import (
    BONE_LENGTHS,
    FPS,
    JOINT_COUNT,
    JOINT_INDEX,
    REST_OFFSETS,
    SIDES,
    STANDING_HEIGHT,
)

ARM_LENGTH = float(BONE_LENGTHS[JOINT_INDEX["left_elbow"]] + BONE_LENGTHS[JOINT_INDEX["left_wrist"]])
LEG_LENGTH = float(BONE_LENGTHS[JOINT_INDEX["left_knee"]] + BONE_LENGTHS[JOINT_INDEX["left_ankle"]])
ANKLE_HEIGHT = float(-REST_OFFSETS[JOINT_INDEX["left_foot"], 1])  # of the ankle over the toe, in a stand


def require_motion(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, as float64.

    Raises DataError unless it has that shape, four frames or more, and finite values.
    """
    joints = np.asarray(joints, dtype=np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or len(joints) < 4:
        raise DataError(
            f"A motion of shape {joints.shape} cannot be measured", "Give joints of shape (frames, 22, 3), 4 or more"
        )
    if not np.isfinite(joints).all():
        raise DataError("The motion holds values that are not finite", "Leave the clip out, or repair it")
    return joints


def joint(joints: np.ndarray, name: str) -> np.ndarray:
    """Return the positions (frames, 3), metres, of one joint of ``joints`` (frames, 22, 3), metres, by name."""
    return joints[:, JOINT_INDEX[name]]


def left_axis(joints: np.ndarray) -> np.ndarray:
    """Return the horizontal unit vector (frames, 3) to the left of the body of ``joints`` (frames, 22, 3), metres."""
    forward = forward_axis(joints)
    return np.stack([forward[:, 2], np.zeros(len(forward)), -forward[:, 0]], axis=1)


def heading(joints: np.ndarray) -> np.ndarray:
    """Return the direction that the body of ``joints`` (frames, 22, 3), metres, faces: degrees (frames,).

    It is continuous through full turns; growing is a turn to the left.
    """
    return np.degrees(heading_by_width(joints))


def heading_change(joints: np.ndarray) -> float:
    """Return the net change of heading in ``joints`` (frames, 22, 3), metres: degrees, positive to the left.

    It is taken from the first fifth of a second to the last.
    """
    angles = heading(joints)
    return float(angles[-4:].mean() - angles[:4].mean())


def travel_velocity(joints: np.ndarray, window: int = 10) -> np.ndarray:
    """Return the horizontal pelvis velocity (frames, 2), x and z in m/s, of ``joints`` (frames, 22, 3), metres.

    It is averaged over ``window`` frames, which removes sway.
    """
    path = joint(joints, "pelvis")[:, [0, 2]]
    window = min(window, len(path) - 1)
    steady = (path[window:] - path[:-window]) * (FPS / window)  # (frames - window, 2)
    before = window // 2
    return np.concatenate([steady[:1].repeat(before, 0), steady, steady[-1:].repeat(window - before, 0)])


def travel_speed(joints: np.ndarray) -> np.ndarray:
    """Return the horizontal speed of the pelvis of ``joints`` (frames, 22, 3), metres: m/s (frames,), averaged over
    half a second.
    """
    return np.linalg.norm(travel_velocity(joints), axis=1)


def forward_share(joints: np.ndarray) -> np.ndarray:
    """Return the cosine between travel and facing in ``joints`` (frames, 22, 3), metres: (frames,).

    1 walks forwards, -1 backwards, 0 sideways or stands.
    """
    velocity = travel_velocity(joints)
    pace = np.linalg.norm(velocity, axis=1)
    along = (velocity * forward_axis(joints)[:, [0, 2]]).sum(1)
    return np.where(pace > 0.1, along / np.maximum(pace, 1e-9), 0.0)


def path_length(joints: np.ndarray) -> float:
    """Return the distance that the pelvis of ``joints`` (frames, 22, 3), metres, travels over the floor, metres, sway
    removed.
    """
    return float(travel_speed(joints).sum() / FPS)


def net_travel(joints: np.ndarray) -> float:
    """Return the straight distance over the floor between the first and the last pelvis position of ``joints`` (frames,
    22, 3), metres.
    """
    pelvis = joint(joints, "pelvis")[:, [0, 2]]
    return float(np.linalg.norm(pelvis[-1] - pelvis[0]))


def pelvis_height(joints: np.ndarray) -> np.ndarray:
    """Return the height of the pelvis of ``joints`` (frames, 22, 3), metres, as a fraction of that in a straight stand:
    (frames,).
    """
    return joint(joints, "pelvis")[:, 1] / STANDING_HEIGHT


def trunk_tilt(joints: np.ndarray) -> np.ndarray:
    """Return the angle of pelvis-to-neck from the vertical in ``joints`` (frames, 22, 3), metres: degrees (frames,).

    0 is upright, 90 level.
    """
    trunk = joint(joints, "neck") - joint(joints, "pelvis")
    return np.degrees(np.arccos(np.clip(trunk[:, 1] / np.maximum(np.linalg.norm(trunk, axis=1), 1e-9), -1, 1)))


def trunk_pitch(joints: np.ndarray) -> np.ndarray:
    """Return the forward lean of pelvis-to-neck in ``joints`` (frames, 22, 3), metres: degrees (frames,), positive to
    the front.
    """
    trunk = joint(joints, "neck") - joint(joints, "pelvis")
    ahead = (trunk * forward_axis(joints)).sum(1)
    return np.degrees(np.arctan2(ahead, trunk[:, 1]))


def lowest_foot(joints: np.ndarray) -> np.ndarray:
    """Return the height of the lowest of both ankles and toes of ``joints`` (frames, 22, 3), metres: metres (frames,).

    Each is measured from its height in a stand.
    """
    heights = [joint(joints, f"{side}_foot")[:, 1] for side in SIDES]
    heights += [joint(joints, f"{side}_ankle")[:, 1] - ANKLE_HEIGHT for side in SIDES]
    return np.min(heights, axis=0)


def reach(joints: np.ndarray, side: str) -> np.ndarray:
    """Return how far the arm of ``side`` is stretched in ``joints`` (frames, 22, 3), metres: a share (frames,).

    It is the distance from shoulder to wrist over the arm's length.
    """
    arm = joint(joints, f"{side}_wrist") - joint(joints, f"{side}_shoulder")
    return np.linalg.norm(arm, axis=1) / ARM_LENGTH


def leg_reach(joints: np.ndarray, side: str) -> np.ndarray:
    """Return how straight the leg of ``side`` is in ``joints`` (frames, 22, 3), metres: a share (frames,).

    It is the distance from hip to ankle over the leg's length.
    """
    leg = joint(joints, f"{side}_ankle") - joint(joints, f"{side}_hip")
    return np.linalg.norm(leg, axis=1) / LEG_LENGTH


def body_offset(joints: np.ndarray, name: str, origin: str) -> np.ndarray:
    """Return one joint of ``joints`` (frames, 22, 3), metres, seen from another in the body's axes: (frames, 3).

    These are metres to the left, up and ahead.
    """
    offset = joint(joints, name) - joint(joints, origin)
    left = (offset * left_axis(joints)).sum(1)
    ahead = (offset * forward_axis(joints)).sum(1)
    return np.stack([left, offset[:, 1], ahead], axis=1)


def relative_speed(joints: np.ndarray, name: str, origin: str) -> np.ndarray:
    """Return the speed of one joint of ``joints`` (frames, 22, 3), metres, seen from another: m/s (frames,), in the
    world's axes.
    """
    return speed(joint(joints, name) - joint(joints, origin))


def joint_speed(joints: np.ndarray) -> np.ndarray:
    """Return the mean speed of all joints of ``joints`` (frames, 22, 3), metres, in the world: m/s (frames,)."""
    return speed(joints).mean(1)


def longest_run(mask: np.ndarray) -> float:
    """Return the seconds of the longest interval in which ``mask`` (frames,) is true."""
    return max((stop - start for start, stop in runs(mask)), default=0) / FPS


def extremes(values: np.ndarray, least: float) -> list[int]:
    """Return the frame numbers of the turning points of ``values`` (frames,).

    They are the corners of a zigzag of movements of at least ``least``, in units of ``values``. Smaller movements to
    and fro are ignored. The first is where the first movement starts, the last is where the last one has come so far;
    empty when there is none.
    """
    found: list[int] = []
    direction = low = high = 0
    for frame in range(len(values)):
        low = frame if values[frame] < values[low] else low
        high = frame if values[frame] > values[high] else high
        if direction <= 0 and values[frame] - values[low] >= least:
            found.append(low)
            direction, low, high = 1, frame, frame
        elif direction >= 0 and values[high] - values[frame] >= least:
            found.append(high)
            direction, low, high = -1, frame, frame
    return [*found, high if direction > 0 else low] if found else []


def swings(values: np.ndarray, least: float) -> int:
    """Count the movements to and fro in ``values`` (frames,) of at least ``least``, in their units.

    A zigzag count: a swing ends where the signal has come back by ``least`` from its extreme, and smaller ones are
    ignored. A single movement one way counts 1, there and back 2.
    """
    return max(0, len(extremes(values, least)) - 1)


def peaks(values: np.ndarray, least: float) -> list[int]:
    """Return the frame numbers up to which ``values`` (frames,) has risen by ``least`` and from which it falls by as
    much.
    """
    turns = extremes(values, least)
    return [turns[at] for at in range(1, len(turns) - 1) if values[turns[at]] > values[turns[at - 1]]]


def dips(values: np.ndarray, least: float) -> list[int]:
    """Return the frame numbers up to which ``values`` (frames,) has fallen by ``least`` and from which it rises by as
    much.
    """
    return peaks(-np.asarray(values), least)


def held(mask: np.ndarray, seconds: float) -> bool:
    """Tell whether ``mask`` (frames,) is true for ``seconds`` without a break."""
    return longest_run(mask) >= seconds


def near(mask: np.ndarray, frames: int) -> np.ndarray:
    """Tell in which frames ``mask`` (frames,) is true at most ``frames`` before or after: bool, the same shape."""
    return np.convolve(mask, np.ones(2 * frames + 1))[frames : frames + len(mask)] > 0.5


def recently(mask: np.ndarray, frames: int) -> np.ndarray:
    """Tell in which frames ``mask`` (frames,) is true now or in the ``frames`` before: bool, the same shape."""
    return np.convolve(mask, np.ones(frames + 1))[: len(mask)] > 0.5


def turns_round(first: np.ndarray, second: np.ndarray) -> float:
    """Return how many turns the points (``first``, ``second``) make about the origin, both (frames,), in one unit of
    length.

    Turns from the first axis to the second are positive.
    """
    angles = np.unwrap(np.arctan2(second, first))
    return float(angles[-1] - angles[0]) / (2 * np.pi) if len(angles) else 0.0


# --- joints that bend, and the way the trunk lies -----------------------------------------------------------------


def bend(joints: np.ndarray, above: str, name: str, below: str) -> np.ndarray:
    """Return the angle at joint ``name`` of ``joints`` (frames, 22, 3), metres, between its neighbours: degrees
    (frames,).

    180 is straight.
    """
    one, other = joint(joints, above) - joint(joints, name), joint(joints, below) - joint(joints, name)
    lengths = np.maximum(np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1), 1e-9)
    return np.degrees(np.arccos(np.clip((one * other).sum(1) / lengths, -1, 1)))


def elbow(joints: np.ndarray, side: str) -> np.ndarray:
    """Return the angle of the elbow of ``side`` in ``joints`` (frames, 22, 3), metres: degrees (frames,); 180 is
    straight.
    """
    return bend(joints, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")


def knee(joints: np.ndarray, side: str) -> np.ndarray:
    """Return the angle of the knee of ``side`` in ``joints`` (frames, 22, 3), metres: degrees (frames,); 180 is
    straight.
    """
    return bend(joints, f"{side}_hip", f"{side}_knee", f"{side}_ankle")


def height(joints: np.ndarray, name: str) -> np.ndarray:
    """Return the height of one joint of ``joints`` (frames, 22, 3), metres, by name: metres (frames,)."""
    return joint(joints, name)[:, 1]


def between(joints: np.ndarray, name: str) -> np.ndarray:
    """Return the point between the left and the right joint ``name`` of ``joints`` (frames, 22, 3), metres: (frames,
    3).
    """
    return (joint(joints, f"left_{name}") + joint(joints, f"right_{name}")) / 2


def gap(joints: np.ndarray, one: str, other: str) -> np.ndarray:
    """Return the distance of two joints of ``joints`` (frames, 22, 3), metres, by name: metres (frames,)."""
    return np.linalg.norm(joint(joints, one) - joint(joints, other), axis=1)


def chest_rise(joints: np.ndarray) -> np.ndarray:
    """Return how far the front of the trunk of ``joints`` (frames, 22, 3), metres, faces up: a cosine (frames,).

    1 lies on the back, -1 on the belly, 0 is upright.
    """
    up = joint(joints, "neck") - joint(joints, "pelvis")
    across = joint(joints, "left_hip") - joint(joints, "right_hip")
    across = across + joint(joints, "left_shoulder") - joint(joints, "right_shoulder")
    front = np.cross(across, up)
    return front[:, 1] / np.maximum(np.linalg.norm(front, axis=1), 1e-9)


def side_lean(joints: np.ndarray) -> np.ndarray:
    """Return the sideways lean of pelvis-to-neck in ``joints`` (frames, 22, 3), metres: degrees (frames,), positive to
    the left.
    """
    trunk = joint(joints, "neck") - joint(joints, "pelvis")
    return np.degrees(np.arctan2((trunk * left_axis(joints)).sum(1), trunk[:, 1]))


def stray(joints: np.ndarray, name: str) -> np.ndarray:
    """Return the distance over the floor of one joint of ``joints`` (frames, 22, 3), metres, from the middle of its own
    path: metres (frames,).
    """
    path = joint(joints, name)[:, [0, 2]]
    return np.linalg.norm(path - np.median(path, axis=0), axis=1)


def planted(joints: np.ndarray, within: float = 0.3) -> bool:
    """Tell whether both feet of ``joints`` (frames, 22, 3), metres, stay in place.

    Each ankle keeps within ``within`` metres of the middle of its path over the floor and under 25 cm of height, in 95
    % of the frames.
    """
    return all(
        np.percentile(stray(joints, f"{side}_ankle"), 95) < within
        and np.percentile(height(joints, f"{side}_ankle"), 95) < 0.25
        for side in SIDES
    )
