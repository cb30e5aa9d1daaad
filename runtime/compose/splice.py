"""Cutting, joining, bending and layering motion in joint space.

Everything takes and returns joints (frames, 22, 3), metres, Y up, 20 frames per second. A *local pose* is a
frame seen from the ground point under the pelvis with the facing turned to +Z; heights are kept. Bones
are brought back to the canonical lengths after every mix, so an interpolated pose is never shrunk.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.skeleton import (
    BODY_PARTS,
    FRAME_MULTIPLE,
    JOINT_INDEX,
    JOINT_NAMES,
    PARENTS,
    with_bone_lengths,
)
from runtime.captions import describe
from runtime.captions.local_pose import from_local, rotate, to_local

_UPPER = [JOINT_INDEX[name] for name in BODY_PARTS["upper_body"]]
_ARMS = {side: [JOINT_INDEX[name] for name in BODY_PARTS[f"{side}_arm"]] for side in describe.SIDES}
_FEET = {0: (describe.ANKLES[0], describe.TOES[0]), 1: (describe.ANKLES[1], describe.TOES[1])}


def canonical(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, that start over the origin facing +Z: float32, heights kept."""
    yaw = float(describe.heading(joints[:1])[0])
    ground = joints[0, 0] * [1, 0, 1]
    return rotate(joints - ground, -yaw).astype(np.float32)


def trim(joints: np.ndarray, most: int = 196) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, cut to a whole number of tokens, at most ``most`` frames."""
    return joints[: min(len(joints), most) // FRAME_MULTIPLE * FRAME_MULTIPLE]


def fade(frames: int, length: int) -> np.ndarray:
    """Return the share (frames,) that falls smoothly from 1 to 0 over ``length`` frames (quintic smoothstep)."""
    t = np.clip(np.arange(frames) / max(length, 1), 0, 1)
    return 1 - t**3 * (t * (6 * t - 15) + 10)


def _last_step(values: np.ndarray) -> np.ndarray:
    return values[-1] - values[-2] if len(values) > 1 else np.zeros_like(values[-1])


def _first_step(values: np.ndarray) -> np.ndarray:
    return values[1] - values[0] if len(values) > 1 else np.zeros_like(values[0])


def join(first: np.ndarray, second: np.ndarray, blend: int = 8) -> np.ndarray:
    """Play ``second`` (n, 22, 3) after ``first`` (m, 22, 3), metres: (m + n, 22, 3).

    The second is moved to where the first ends and turned to its heading.

    The differences of pose, pose velocity, course and turning rate at the seam fade out over ``blend`` frames of
    ``second`` (inertialisation, after D. Bollo, "Inertialization", GDC 2018, with a smoothstep for the quintic).
    """
    pose_a, ground_a, yaw_a = to_local(first[-2:])
    pose_b, ground_b, yaw_b = to_local(second)
    weight = fade(len(second), blend)
    ahead = pose_a[-1] + _last_step(pose_a) - pose_b[0]
    drift = _last_step(pose_a) - _first_step(pose_b)
    time = np.arange(len(second))[:, None, None]
    pose = pose_b + (ahead + drift * np.minimum(time, blend / 2)) * weight[:, None, None]
    carry = np.concatenate([[0], np.cumsum(weight)[:-1]])
    turn_rate = float(_last_step(yaw_a) - _first_step(yaw_b))
    yaw = yaw_b - yaw_b[0] + yaw_a[-1] + float(_last_step(yaw_a)) + turn_rate * carry * 0.5
    turned = rotate(ground_b - ground_b[0], np.full(len(second), yaw_a[-1] - yaw_b[0]))
    step = _last_step(ground_a)
    excess = step - _first_step(turned)
    ground = ground_a[-1] + step + turned + excess * carry[:, None] * 0.5
    joined = np.concatenate([first, from_local(pose, ground, yaw)])
    return _restored(joined, len(first), len(first) + blend)


def _restored(joints: np.ndarray, start: int, end: int) -> np.ndarray:
    joints = np.array(joints, dtype=np.float64)
    joints[start:end] = with_bone_lengths(joints[start:end])
    return joints


def seam_cost(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compare ``first`` (m, 22, 3) and ``second`` (n, 22, 3), metres, frame by frame as a seam: (m, n), metres.

    Mean joint distance of the local poses, feet counted three times, plus a tenth of a second of the velocity
    differences; pelvis heights more than 10 cm apart hardly ever match.
    """
    features = []
    for joints in (first, second):
        pose, ground, _ = to_local(joints)
        pose = np.concatenate([pose, np.repeat(pose[:, [7, 8, 10, 11]], 2, axis=1)], axis=1)
        speed = np.linalg.norm(describe.velocity(ground), axis=1)
        features.append((pose, describe.velocity(pose), speed))
    (pose_a, velocity_a, speed_a), (pose_b, velocity_b, speed_b) = features
    gap = np.linalg.norm(pose_a[:, None] - pose_b[None], axis=-1).mean(-1)
    rush = np.linalg.norm(velocity_a[:, None] - velocity_b[None], axis=-1).mean(-1)
    fall = np.abs(pose_a[:, 0, 1][:, None] - pose_b[:, 0, 1][None])
    sink = 3.0 * np.maximum(0.0, fall - 0.1)
    return gap + 0.1 * rush + 0.05 * np.abs(speed_a[:, None] - speed_b[None]) + sink


def best_seam(tail: np.ndarray, head: np.ndarray) -> tuple[int, int, float]:
    """Return the frame of ``tail`` (m, 22, 3) to stop at, that of ``head`` (n, 22, 3) to start from, and the cost.

    Places and cost are metres, as in :func:`seam_cost`.
    """
    cost = seam_cost(tail, head)
    stop, start = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return int(stop), int(start), float(cost[stop, start])


def hold_after(joints: np.ndarray, idle: np.ndarray, frames: int, relax: bool = True) -> np.ndarray:
    """Go on after ``joints`` (m, 22, 3), metres, by standing as ``idle`` (n, 22, 3) does: (m + frames, 22, 3).

    The stance is the one that they end in.

    The legs keep their stance and take only the idle's sway; with ``relax`` the upper body eases over into the idle's
    own posture within 1.2 s, else it too only sways.
    """
    picked = np.resize(np.concatenate([np.arange(len(idle)), np.arange(len(idle))[::-1]]), frames + 1)
    pose_i, ground_i, yaw_i = to_local(idle[picked])
    pose_a, ground_a, yaw_a = to_local(joints[-2:])
    weight = fade(frames, 8)
    momentum = np.concatenate([[0], np.cumsum(weight)])[1:, None, None] * 0.5
    sway = pose_i[1:] - pose_i[0]
    sway[:, [7, 8, 10, 11]] *= 0.1
    pose = pose_a[-1] + sway + _last_step(pose_a) * momentum
    if relax:
        ease = 1 - fade(frames, 24)[:, None, None]
        height = pose_a[-1, 0, 1] - pose_i[0, 0, 1]
        target = pose_i[1:, _UPPER] + [0, height, 0]
        pose[:, _UPPER] = pose[:, _UPPER] * (1 - ease) + target * ease
    ground = ground_a[-1] + rotate(ground_i[1:] - ground_i[0], np.full(frames, yaw_a[-1] - yaw_i[0])) * 0.5
    ground = ground + _last_step(ground_a) * momentum[:, 0]
    yaw = yaw_a[-1] + float(_last_step(yaw_a)) * momentum[:, 0, 0] + np.zeros(frames)
    held = with_bone_lengths(from_local(pose, ground, yaw))
    return np.concatenate([joints, held])


def hold_before(joints: np.ndarray, idle: np.ndarray, frames: int, relax: bool = True) -> np.ndarray:
    """Stand as ``idle`` (n, 22, 3) does before ``joints`` (m, 22, 3), metres: (m + frames, 22, 3).

    This is :func:`hold_after` backwards in time.
    """
    return hold_after(joints[::-1], idle, frames, relax)[::-1]


def time_scaled(joints: np.ndarray, factor: float) -> np.ndarray:
    """Play ``joints`` (m, 22, 3), metres, at ``factor`` times the speed: (n, 22, 3).

    Frames are interpolated linearly, bones restored.
    """
    frames = max(2, round(len(joints) / factor))
    at = np.linspace(0, len(joints) - 1, frames)
    low = np.minimum(at.astype(int), len(joints) - 2)
    part = (at - low)[:, None, None]
    return with_bone_lengths(joints[low] * (1 - part) + joints[low + 1] * part)


def stance(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the feet of ``joints`` (frames, 22, 3), metres, are and how much each bears.

    Feet (frames, 2, 3) are the mean of ankle and toe, metres; the shares (frames, 2) sum to 1.
    """
    feet = np.stack([joints[:, list(_FEET[side])].mean(1) for side in range(2)], axis=1)
    height = feet[..., 1] - np.percentile(feet[..., 1], 5)
    share = np.exp(-np.clip(height, 0, None) / 0.015)
    return feet, share / share.sum(1, keepdims=True)


def bend(joints: np.ndarray, angle: float, start: int = 0, end: int | None = None) -> np.ndarray:
    """Bend the path of the walk ``joints`` (frames, 22, 3), metres, by ``angle`` radians: the same shape.

    It bends between frames ``start`` and ``end``, to the left where the angle is positive.

    The body is turned little by little about the foot that bears it, so the foot swivels but does not slide.
    """
    end = len(joints) if end is None else end
    rate = np.zeros(len(joints))
    rate[start:end] = np.sin(np.linspace(0, np.pi, end - start)) ** 0.5
    rate *= angle / max(rate.sum(), 1e-9)
    feet, share = stance(joints)
    pivot = (feet * share[..., None]).sum(1) * [1, 0, 1]
    yaw = np.cumsum(rate)
    before = np.concatenate([[0], yaw[:-1]])
    step = rotate(pivot, before) - rotate(pivot, yaw)
    return rotate(joints, yaw) + np.cumsum(step, axis=0)[:, None]


def chest_frames(joints: np.ndarray) -> np.ndarray:
    """Return the rotations (frames, 3, 3) of the chest of ``joints`` (frames, 22, 3), metres.

    Their columns are its left, up and forward.
    """
    left = joints[:, describe.SHOULDERS[0]] - joints[:, describe.SHOULDERS[1]]
    up = joints[:, describe.NECK] - joints[:, JOINT_INDEX["spine1"]]
    left = left / np.linalg.norm(left, axis=1, keepdims=True)
    forward = np.cross(left, up)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    return np.stack([left, np.cross(forward, left), forward], axis=-1)


def layer_arms(base: np.ndarray, arms: np.ndarray, sides: tuple[str, ...], weight: np.ndarray) -> np.ndarray:
    """Give ``base`` the arms of ``arms``, both (frames, 22, 3), metres, on ``sides``: the same shape.

    ``weight`` (frames,) is their share.

    Bone directions are carried over from chest to chest, so the arms follow the leaning body.
    """
    turn = chest_frames(base) @ np.swapaxes(chest_frames(arms), 1, 2)
    result = np.array(base, dtype=np.float64)
    for side in sides:
        shoulder, elbow, wrist = _ARMS[side]
        for parent, child in ((shoulder, elbow), (elbow, wrist)):
            wanted = np.einsum("fij,fj->fi", turn, arms[:, child] - arms[:, parent])
            own = base[:, child] - base[:, parent]
            mixed = own * (1 - weight[:, None]) + wanted * weight[:, None]
            result[:, child] = result[:, parent] + mixed
    return with_bone_lengths(result)


def ping_pong(joints: np.ndarray, frames: int, start: int = 0) -> np.ndarray:
    """Play ``joints`` (n, 22, 3), metres, to and fro from frame ``start`` on: (frames, 22, 3).

    This is seamless for what swings anyway.
    """
    order = np.concatenate([np.arange(len(joints)), np.arange(len(joints) - 2, 0, -1)])
    return joints[np.resize(np.roll(order, -start), frames)]


# How much of a bow each joint of the trunk has done, counted from the pelvis.
_BENDING = (("spine1", 0.55), ("spine2", 0.75), ("spine3", 0.9), ("neck", 1.0), ("head", 1.1))


def lean_forward(joints: np.ndarray, angle: np.ndarray, hang: float) -> np.ndarray:
    """Bend the standing ``joints`` (frames, 22, 3), metres, forward by ``angle`` (frames,), radians: the same shape.

    They bend at hips and spine; the feet stay put.

    The hips go back as the trunk goes forward. ``hang`` is how far the arms stay hanging (1) instead of turning with
    the trunk (0).
    """
    pose, ground, yaw = to_local(joints)
    result = pose.copy()
    back = -0.13 * np.sin(angle)
    for name, share in (
        ("pelvis", 1.0),
        ("left_hip", 1.0),
        ("right_hip", 1.0),
        ("left_knee", 0.5),
        ("right_knee", 0.5),
    ):
        result[:, JOINT_INDEX[name], 2] += share * back
    turned = {JOINT_INDEX["pelvis"]: angle * 0.0}
    for index in _UPPER:
        name = JOINT_NAMES[index]
        share = dict(_BENDING).get(name, 1.0 - hang if "elbow" in name or "wrist" in name else 1.0)
        turned[index] = angle * share
    for index in sorted(turned):
        parent = PARENTS[index]
        if parent < 0:
            continue
        bone, tilt = pose[:, index] - pose[:, parent], turned[index]
        cos, sin = np.cos(tilt), np.sin(tilt)
        y, z = bone[:, 1] * cos - bone[:, 2] * sin, bone[:, 1] * sin + bone[:, 2] * cos
        result[:, index] = result[:, parent] + np.stack([bone[:, 0], y, z], axis=-1)
    return with_bone_lengths(from_local(result, ground, yaw))


def unsunk(joints: np.ndarray) -> np.ndarray:
    """Lift ``joints`` (frames, 22, 3), metres, by what sinks over 1 cm into the floor: the same shape.

    The lift is eased in and out over half a second.
    """
    depth = np.clip(-0.01 - joints[:, :, 1].min(axis=1), 0, None)
    if not depth.any():
        return joints
    reach = np.concatenate([depth[:1].repeat(5), depth, depth[-1:].repeat(5)])
    widest = np.lib.stride_tricks.sliding_window_view(reach, 11).max(axis=1)
    lift = describe.smooth(widest, 9)
    return joints + np.stack([0 * lift, lift, 0 * lift], axis=-1)[:, None]


def foot_slide(joints: np.ndarray) -> float:
    """Return how fast the bearing foot of ``joints`` (frames, 22, 3) slides over the ground: mean m/s."""
    feet, share = stance(joints)
    speed = np.linalg.norm(describe.velocity(feet) * [1, 0, 1], axis=-1)
    return float((speed * share).sum(1).mean())
