"""A body posed by where its pelvis, hands and feet are, for motions with known answers.

Every value is a constant or keys [(seconds, value), ...], eased between. Distances in metres, angles in degrees; hands
are told from their own shoulder and feet from a point of the floor, both as (out to their own side, up, ahead) of the
body's heading.
"""

import numpy as np

from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, rest_joints

REST = rest_joints()
HANG = (0.06, -0.50, 0.05)
STAND = 0.93
FOOT = (0.11, 0.065, -0.03)  # of an ankle that stands under its hip
HEAD_END = [index for name, index in JOINT_INDEX.items() if name.startswith(("spine", "neck", "head"))]
HEAD_END += [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("collar", "shoulder")]


def keyed(value, count):
    """A value over time: (frames, size) for vectors, (frames,) for numbers."""
    frames = round(count * FPS)
    keys = value if isinstance(value, list) else [(0.0, value)]
    values = np.array([one for _, one in keys], dtype=float)
    if len(keys) == 1:
        return np.broadcast_to(values[0], (frames, *values.shape[1:])).copy()
    times, at = np.array([time for time, _ in keys]), np.arange(frames) / FPS
    after = np.clip(np.searchsorted(times, at, side="right"), 1, len(times) - 1)
    part = np.clip((at - times[after - 1]) / np.maximum(times[after] - times[after - 1], 1e-9), 0, 1)
    part = (part * part * (3 - 2 * part)).reshape(-1, *([1] * (values.ndim - 1)))
    return (1 - part) * values[after - 1] + part * values[after]


def turn(degrees, axis):
    """Rotations (frames, 3, 3) about an axis: x tips forward, y turns left, z leans to the left."""
    angle = np.radians(degrees)
    cos, sin, zero, one = np.cos(angle), np.sin(angle), 0 * angle, 0 * angle + 1
    rows = {
        "x": [[one, zero, zero], [zero, cos, -sin], [zero, sin, cos]],
        "y": [[cos, zero, sin], [zero, one, zero], [-sin, zero, cos]],
        "z": [[cos, sin, zero], [-sin, cos, zero], [zero, zero, one]],
    }[axis]
    return np.moveaxis(np.array(rows), -1, 0)


def two_bones(root, target, upper, lower, pole):
    """The middle joint (frames, 3) between ``root`` and ``target``, bent towards ``pole``, and the end it reaches."""
    way = target - root
    length = np.linalg.norm(way, axis=1, keepdims=True)
    way = way / np.maximum(length, 1e-6)
    length = np.clip(length, abs(upper - lower) + 1e-3, upper + lower - 1e-4)
    pole = pole - (pole * way).sum(1, keepdims=True) * way
    pole = pole / np.maximum(np.linalg.norm(pole, axis=1, keepdims=True), 1e-6)
    along = (upper**2 - lower**2 + length**2) / (2 * length)
    return root + along * way + np.sqrt(np.maximum(upper**2 - along**2, 0)) * pole, root + length * way


def place(joints, side, parts, goal, pole):
    """Put the end of a limb of three ``parts`` at ``goal``, or as near as it reaches; return where."""
    root, middle, end = (JOINT_INDEX[f"{side}_{part}"] for part in parts)
    lengths = BONE_LENGTHS[middle], BONE_LENGTHS[end]
    joints[:, middle], joints[:, end] = two_bones(joints[:, root], goal, *lengths, pole)
    return joints[:, end]


def puppet(
    count,
    pelvis=(0.0, STAND, 0.0),
    heading=0.0,
    pitch=0.0,
    lean=0.0,
    roll=0.0,
    hands=HANG,
    left_hand=None,
    right_hand=None,
    feet=FOOT,
    left_foot=None,
    right_foot=None,
    elbows=(0.3, -1.0, -0.3),
    knees=(0.0, 0.0, 1.0),
    shrug=0.0,
    carried=False,
):
    """Pose the body for ``count`` seconds: (frames, 22, 3).

    ``pelvis`` is (to the left, up, ahead) in the world; the trunk turns by ``heading``, tips forward by ``pitch``,
    leans left by ``lean`` and rolls about itself by ``roll``. ``elbows`` and ``knees`` say where these bend to, as
    hands are told (the knees' third part is the trunk's front). With ``carried`` feet are told from under the pelvis.
    """
    pelvis, heading = keyed(pelvis, count), keyed(heading, count)
    yaw = turn(heading, "y")
    trunk = yaw @ turn(keyed(pitch, count), "x") @ turn(keyed(lean, count), "z") @ turn(keyed(roll, count), "y")
    joints = pelvis[:, None] + (REST - REST[0]) @ np.swapaxes(trunk, 1, 2)
    lift = keyed(shrug, count)[:, None, None] * trunk[:, None, :, 1]
    shoulders = [JOINT_INDEX[f"{side}_shoulder"] for side in ("left", "right")]
    joints[:, shoulders] += lift
    floor = pelvis * [1, 0, 1] if carried else np.zeros_like(pelvis)
    for side, sign, hand, foot in (("left", 1, left_hand, left_foot), ("right", -1, right_hand, right_foot)):
        mirror = np.array([sign, 1, 1])
        reach = np.einsum("fij,fj->fi", yaw, keyed(hands if hand is None else hand, count) * mirror)
        pole = np.einsum("fij,fj->fi", yaw, keyed(elbows, count) * mirror)
        place(joints, side, ("shoulder", "elbow", "wrist"), joints[:, JOINT_INDEX[f"{side}_shoulder"]] + reach, pole)
        step = np.einsum("fij,fj->fi", yaw, keyed(feet if foot is None else foot, count) * mirror)
        bent = keyed(knees, count)
        pole = trunk[:, :, 2] * bent[:, 2:] + trunk[:, :, 0] * bent[:, :1] * sign + [0, 1, 0] * bent[:, 1:2]
        ankle = place(joints, side, ("hip", "knee", "ankle"), floor + step, pole)
        joints[:, JOINT_INDEX[f"{side}_foot"]] = ankle + 0.13 * yaw[:, :, 2] - [0, 0.06, 0]
    return joints


def cycle(times, low, high, period=1.0, start=0.5, rest=None):
    """Keys that go from ``low`` to ``high`` and back ``times`` times, each ``period`` seconds long."""
    keys = [(0.0, low if rest is None else rest), (start, low)]
    for number in range(times):
        keys += [(start + (number + 0.5) * period, high), (start + (number + 1) * period, low)]
    return keys


def circle(turns, radius, centre, plane, period=0.8, start=0.3):
    """Keys of a point that goes round ``centre``: in the "side" plane forward at the top, in the "front" plane inwards
    at the top, in the "top" plane inwards ahead; negative ``turns`` the other way."""
    steps = int(abs(turns) * 12)
    angle = np.linspace(0, 2 * np.pi * turns, steps + 1)
    zero = 0 * angle
    one, other = np.cos(angle), np.sin(angle)
    offset = {"side": (zero, one, other), "front": (-other, one, zero), "top": (-other, zero, one)}[plane]
    points = np.asarray(centre) + radius * np.stack(offset, axis=1)
    return [(start + index * period / 12, tuple(point)) for index, point in enumerate(points)]
