"""Motions with known answers, built joint by joint from the rest pose: what the tests of the tests are fed."""

import numpy as np

from coamd_blender.motion.skeleton import FPS, JOINT_INDEX, STANDING_HEIGHT, rest_joints

UPPER_BODY = [
    index
    for name, index in JOINT_INDEX.items()
    if not any(part in name for part in ("hip", "knee", "ankle", "foot")) and name != "pelvis"
]


def seconds(count):
    """Times (frames,) of ``count`` seconds."""
    return np.arange(int(count * FPS)) / FPS


def standing(count):
    """Stands for ``count`` seconds, arms hanging: (frames, 22, 3)."""
    pose = rest_joints()
    for side in ("left", "right"):
        shoulder = pose[JOINT_INDEX[f"{side}_shoulder"]]
        pose[JOINT_INDEX[f"{side}_elbow"]] = shoulder + np.array([0.0, -0.26, 0.0])
        pose[JOINT_INDEX[f"{side}_wrist"]] = shoulder + np.array([0.0, -0.50, 0.08])
    return np.repeat(pose[None], int(count * FPS), axis=0)


def with_hand(motion, side, offsets):
    """Put a wrist at ``offsets`` (frames, 3) from its shoulder, the elbow half-way and 10 cm below."""
    motion = motion.copy()
    shoulder = motion[:, JOINT_INDEX[f"{side}_shoulder"]]
    motion[:, JOINT_INDEX[f"{side}_wrist"]] = shoulder + offsets
    motion[:, JOINT_INDEX[f"{side}_elbow"]] = shoulder + np.asarray(offsets) / 2 - [0.0, 0.1, 0.0]
    return motion


def with_foot(motion, side, offsets):
    """Put an ankle at ``offsets`` (frames, 3) from its hip, the knee half-way, the toe 13 cm ahead."""
    motion = motion.copy()
    hip = motion[:, JOINT_INDEX[f"{side}_hip"]]
    motion[:, JOINT_INDEX[f"{side}_ankle"]] = hip + offsets
    motion[:, JOINT_INDEX[f"{side}_knee"]] = hip + np.asarray(offsets) / 2
    motion[:, JOINT_INDEX[f"{side}_foot"]] = hip + offsets + [0.0, -0.064, 0.13]
    return motion


def stepping(count, cadence=1.0, stride=0.3, lift=0.05):
    """Legs swinging to and fro under a standing body: ``cadence`` double steps a second, ``stride`` m either way."""
    time = seconds(count)
    motion = standing(count)
    down = -(STANDING_HEIGHT - 0.071 - 0.064)
    for side, phase in (("left", 0.0), ("right", np.pi)):
        angle = 2 * np.pi * cadence * time + phase
        height = down + lift * np.maximum(0.0, np.cos(angle))
        motion = with_foot(motion, side, np.stack([0 * time, height, stride * np.sin(angle)], axis=1))
    return motion


def moved(motion, offsets):
    """Shift whole poses by ``offsets`` (frames, 3)."""
    return motion + np.asarray(offsets)[:, None]


def turned(motion, degrees):
    """Turn each pose about the vertical through the origin by ``degrees`` (frames,); positive is to the left."""
    angle = np.radians(degrees)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(motion, -1, 0)
    return np.stack([x * cos + z * sin, y, -x * sin + z * cos], axis=-1)


def travelling(motion, speed, degrees_a_second=0.0):
    """Carry a stepping body along the way it faces at ``speed`` m/s (negative: backwards) while it turns."""
    time = np.arange(len(motion)) / FPS
    heading = np.radians(degrees_a_second) * time
    velocity = speed * np.stack([np.sin(heading), 0 * time, np.cos(heading)], axis=1)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(velocity[:-1], axis=0) / FPS])
    return moved(turned(motion, np.degrees(heading)), path)


def tilted(motion, degrees):
    """Pitch everything above the pelvis forward by ``degrees`` (frames,)."""
    motion = motion.copy()
    pelvis = motion[:, :1]
    offset = motion[:, UPPER_BODY] - pelvis
    angle = np.radians(degrees)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    turned_offset = offset.copy()
    turned_offset[..., 1] = offset[..., 1] * cos - offset[..., 2] * sin
    turned_offset[..., 2] = offset[..., 1] * sin + offset[..., 2] * cos
    motion[:, UPPER_BODY] = pelvis + turned_offset
    return motion


def lowered(motion, metres):
    """Lower everything but the feet and ankles by ``metres`` (frames,): a squat."""
    feet = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]
    motion = motion.copy()
    rest = [index for index in range(22) if index not in feet]
    motion[:, rest, 1] -= np.asarray(metres)[:, None]
    return motion


def bump(time, centre, width):
    """A smooth rise from 0 to 1 and back (frames,), ``width`` seconds long about ``centre``."""
    return np.where(np.abs(time - centre) < width / 2, np.cos(np.pi * (time - centre) / width) ** 2, 0.0)


def waving(count, side="left", swing=0.15, rate=1.5):
    """Stands with one hand up, the hand swinging ``swing`` m either way ``rate`` times a second."""
    time = seconds(count)
    sideways = swing * np.sin(2 * np.pi * rate * time)
    return with_hand(standing(count), side, np.stack([sideways, 0.35 + 0 * time, 0.15 + 0 * time], axis=1))


def raising(count, side="left"):
    """Stands; one hand goes up in the first second and stays there."""
    time = seconds(count)
    up = np.clip(time, 0, 1)[:, None]
    return with_hand(standing(count), side, (1 - up) * [0.0, -0.5, 0.08] + up * [0.0, 0.45, 0.15])


def jumping(count, times=1, rise=0.35, ahead=0.0):
    """Stands, and ``times`` jumps 1.2 s apart lift the whole body by ``rise`` m, each taking it ``ahead`` m forward."""
    time = seconds(count)
    motion, path = standing(count), np.zeros((len(time), 3))
    for number in range(times):
        centre = 1.0 + 1.2 * number
        path[:, 1] += rise * bump(time, centre, 0.6)
        path[:, 2] += ahead * np.clip((time - centre + 0.3) / 0.6, 0, 1)
    return moved(motion, path)


def kicking(count, side="left", height=0.5):
    """Stands; in the middle one foot swings up to the front within 0.2 s and comes down."""
    time = seconds(count)
    down = -(STANDING_HEIGHT - 0.071 - 0.064)
    part = bump(time, count / 2, 0.5)[:, None]
    offset = (1 - part) * [0.0, down, 0.0] + part * np.array([0.0, down + height, 0.65])
    return with_foot(standing(count), side, offset)


def punching(count, side="left", level=-0.05):
    """Stands with a guarded fist that shoots out to the front once and comes back."""
    time = seconds(count)
    part = bump(time, count / 2, 0.5)[:, None]
    return with_hand(standing(count), side, (1 - part) * [0.0, -0.1, 0.15] + part * [0.0, level, 0.50])


def bowing(count, degrees=50.0, back=True):
    """Stands, leans the trunk forward by ``degrees``, and comes back unless told to stay down."""
    time = seconds(count)
    lean = bump(time, count / 2, count * 0.8)
    if not back:
        lean = np.where(time > count / 2, 1.0, lean)
    return tilted(standing(count), degrees * lean)


def squatting(count, depth=0.45):
    """Stands, goes down by ``depth`` m within a second and stays."""
    time = seconds(count)
    return lowered(standing(count), depth * np.clip(time, 0, 1))


def lying(count):
    """Lies on the back on the floor, from the first frame on: the rest pose turned over and laid down."""
    motion = standing(count)
    flat = motion.copy()
    flat[..., 1] = 0.1 - motion[..., 2] + motion[..., 2].max()
    flat[..., 2] = -motion[..., 1]
    return flat


def dancing(count):
    """Steps on the spot to a beat, both hands swinging wide, turning to and fro."""
    time = seconds(count)
    motion = stepping(count, cadence=1.0, stride=0.15, lift=0.1)
    for side, sign in (("left", 1), ("right", -1)):
        wide = np.stack(
            [
                sign * (0.3 + 0.2 * np.sin(2 * np.pi * time)),
                0.3 * np.sin(2 * np.pi * time + 1),
                0.25 * np.cos(2 * np.pi * time),
            ],
            axis=1,
        )
        motion = with_hand(motion, side, wide)
    return moved(
        turned(motion, 30 * np.sin(np.pi * time)), np.stack([0.2 * np.sin(np.pi * time), 0 * time, 0 * time], 1)
    )
