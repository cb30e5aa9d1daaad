"""Measures of a motion: where it goes, which way it faces, how its trunk and limbs stand and move.

Every function takes ``joints`` (frames, 22, 3) in metres, Y up, 20 frames a second, on the canonical body
of ``coamd_blender.skeleton`` with the floor at y = 0, and returns arrays with one value a frame unless it
says otherwise. Nothing here decides anything: that is ``obedience_tests.py``.

Angles come from the axes of skeleton.py: facing +Z with the left hand at +X, a turn to the left raises the
heading. Speeds are central differences over 0.1 s.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_COUNT, JOINT_INDEX, REST_OFFSETS, STANDING_HEIGHT

ARM_LENGTH = float(BONE_LENGTHS[JOINT_INDEX["left_elbow"]] + BONE_LENGTHS[JOINT_INDEX["left_wrist"]])
LEG_LENGTH = float(BONE_LENGTHS[JOINT_INDEX["left_knee"]] + BONE_LENGTHS[JOINT_INDEX["left_ankle"]])
ANKLE_HEIGHT = float(-REST_OFFSETS[JOINT_INDEX["left_foot"], 1])  # of the ankle over the toe, in a stand
SIDES = ("left", "right")


def require_motion(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` as float64; raise DataError unless it is a finite (frames >= 4, 22, 3) array."""
    joints = np.asarray(joints, dtype=np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or len(joints) < 4:
        raise DataError(
            f"a motion of shape {joints.shape} cannot be measured", "give joints of shape (frames, 22, 3), 4 or more"
        )
    if not np.isfinite(joints).all():
        raise DataError("the motion holds values that are not finite", "leave the clip out, or repair it")
    return joints


def joint(joints: np.ndarray, name: str) -> np.ndarray:
    """Positions of one joint by name: (frames, 3), metres."""
    return joints[:, JOINT_INDEX[name]]


def rate(values: np.ndarray) -> np.ndarray:
    """Derivative along the first axis, units a second: central difference over 0.1 s, one-sided at the ends."""
    return np.gradient(values, axis=0) * FPS


def forward_axis(joints: np.ndarray) -> np.ndarray:
    """Horizontal unit vector (frames, 3) the body faces: across the hips and shoulders, turned a quarter."""
    across = joint(joints, "left_hip") - joint(joints, "right_hip")
    across = across + joint(joints, "left_shoulder") - joint(joints, "right_shoulder")
    forward = np.stack([-across[:, 2], np.zeros(len(across)), across[:, 0]], axis=1)
    return forward / np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)


def left_axis(joints: np.ndarray) -> np.ndarray:
    """Horizontal unit vector (frames, 3) to the body's left."""
    forward = forward_axis(joints)
    return np.stack([forward[:, 2], np.zeros(len(forward)), -forward[:, 0]], axis=1)


def heading(joints: np.ndarray) -> np.ndarray:
    """Direction faced, degrees (frames,), continuous through full turns; growing is a turn to the left."""
    forward = forward_axis(joints)
    return np.degrees(np.unwrap(np.arctan2(forward[:, 0], forward[:, 2])))


def heading_change(joints: np.ndarray) -> float:
    """Net change of heading from the first fifth of a second to the last, degrees; positive is to the left."""
    angles = heading(joints)
    return float(angles[-4:].mean() - angles[:4].mean())


def travel_velocity(joints: np.ndarray, window: int = 10) -> np.ndarray:
    """Horizontal pelvis velocity (frames, 2), x and z in m/s, averaged over ``window`` frames (sway removed)."""
    path = joint(joints, "pelvis")[:, [0, 2]]
    window = min(window, len(path) - 1)
    steady = (path[window:] - path[:-window]) * (FPS / window)  # (frames - window, 2)
    before = window // 2
    return np.concatenate([steady[:1].repeat(before, 0), steady, steady[-1:].repeat(window - before, 0)])


def travel_speed(joints: np.ndarray) -> np.ndarray:
    """Horizontal speed of the pelvis, m/s (frames,), averaged over half a second."""
    return np.linalg.norm(travel_velocity(joints), axis=1)


def forward_share(joints: np.ndarray) -> np.ndarray:
    """Cosine between travel and facing (frames,): 1 walks forwards, -1 backwards, 0 sideways or stands."""
    velocity = travel_velocity(joints)
    speed = np.linalg.norm(velocity, axis=1)
    along = (velocity * forward_axis(joints)[:, [0, 2]]).sum(1)
    return np.where(speed > 0.1, along / np.maximum(speed, 1e-9), 0.0)


def path_length(joints: np.ndarray) -> float:
    """Distance the pelvis travels over the floor, metres, sway removed."""
    return float(travel_speed(joints).sum() / FPS)


def net_travel(joints: np.ndarray) -> float:
    """Straight distance over the floor between the first and the last pelvis position, metres."""
    pelvis = joint(joints, "pelvis")[:, [0, 2]]
    return float(np.linalg.norm(pelvis[-1] - pelvis[0]))


def pelvis_height(joints: np.ndarray) -> np.ndarray:
    """Height of the pelvis as a fraction of its height in a straight stand (frames,)."""
    return joint(joints, "pelvis")[:, 1] / STANDING_HEIGHT


def trunk_tilt(joints: np.ndarray) -> np.ndarray:
    """Angle of pelvis-to-neck from the vertical, degrees (frames,): 0 upright, 90 level."""
    trunk = joint(joints, "neck") - joint(joints, "pelvis")
    return np.degrees(np.arccos(np.clip(trunk[:, 1] / np.maximum(np.linalg.norm(trunk, axis=1), 1e-9), -1, 1)))


def trunk_pitch(joints: np.ndarray) -> np.ndarray:
    """Forward lean of pelvis-to-neck, degrees (frames,): positive bends to the front."""
    trunk = joint(joints, "neck") - joint(joints, "pelvis")
    ahead = (trunk * forward_axis(joints)).sum(1)
    return np.degrees(np.arctan2(ahead, trunk[:, 1]))


def lowest_foot(joints: np.ndarray) -> np.ndarray:
    """Height of the lowest of both ankles and toes, metres (frames,), each over its height in a stand."""
    heights = [joint(joints, f"{side}_foot")[:, 1] for side in SIDES]
    heights += [joint(joints, f"{side}_ankle")[:, 1] - ANKLE_HEIGHT for side in SIDES]
    return np.min(heights, axis=0)


def reach(joints: np.ndarray, side: str) -> np.ndarray:
    """How far the arm is stretched (frames,): shoulder-to-wrist distance over the arm's length."""
    arm = joint(joints, f"{side}_wrist") - joint(joints, f"{side}_shoulder")
    return np.linalg.norm(arm, axis=1) / ARM_LENGTH


def leg_reach(joints: np.ndarray, side: str) -> np.ndarray:
    """How straight the leg is (frames,): hip-to-ankle distance over the leg's length."""
    leg = joint(joints, f"{side}_ankle") - joint(joints, f"{side}_hip")
    return np.linalg.norm(leg, axis=1) / LEG_LENGTH


def body_offset(joints: np.ndarray, name: str, origin: str) -> np.ndarray:
    """One joint seen from another in the body's axes: (frames, 3), metres to the left, up and ahead."""
    offset = joint(joints, name) - joint(joints, origin)
    left = (offset * left_axis(joints)).sum(1)
    ahead = (offset * forward_axis(joints)).sum(1)
    return np.stack([left, offset[:, 1], ahead], axis=1)


def relative_speed(joints: np.ndarray, name: str, origin: str) -> np.ndarray:
    """Speed of one joint seen from another, m/s (frames,), in the world's axes."""
    return np.linalg.norm(rate(joint(joints, name) - joint(joints, origin)), axis=1)


def joint_speed(joints: np.ndarray) -> np.ndarray:
    """Mean speed of all joints in the world, m/s (frames,)."""
    return np.linalg.norm(rate(joints), axis=2).mean(1)


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Half-open intervals [start, stop) in which ``mask`` (frames,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(mask, dtype=np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def longest_run(mask: np.ndarray) -> float:
    """Seconds of the longest interval in which ``mask`` (frames,) is true."""
    return max((stop - start for start, stop in runs(mask)), default=0) / FPS


def swings(values: np.ndarray, least: float) -> int:
    """Number of back-and-forth movements of at least ``least`` (units of ``values``), smaller ones ignored.

    A zigzag count: a swing ends where the signal has come back by ``least`` from its extreme. A single
    movement one way counts 1, there and back 2.
    """
    if len(values) == 0:
        return 0
    count, direction = 0, 0
    low = high = float(values[0])
    for value in map(float, values):
        low, high = min(low, value), max(high, value)
        if direction <= 0 and value - low >= least:
            count, direction, low, high = count + 1, 1, value, value
        elif direction >= 0 and high - value >= least:
            count, direction, low, high = count + 1, -1, value, value
    return count
