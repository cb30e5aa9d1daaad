"""Synthetic people with known motion: joints (frames, 22, 3), metres, Y up, facing +Z, 20 frames per second."""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.skeleton import JOINT_INDEX, rest_joints

FPS = 20
_BELOW_SHOULDER = {"elbow": 0.26, "wrist": 0.528}


def standing(frames: int) -> np.ndarray:
    """Somebody standing with hanging arms, without moving at all."""
    body = rest_joints()
    for side in ("left", "right"):
        shoulder = body[JOINT_INDEX[f"{side}_shoulder"]].copy()
        for joint, drop in _BELOW_SHOULDER.items():
            body[JOINT_INDEX[f"{side}_{joint}"]] = shoulder - [0, drop, 0]
    return np.repeat(body[None], frames, axis=0)


def turned(joints: np.ndarray, degrees: np.ndarray | float) -> np.ndarray:
    """Turn every frame about the vertical through the origin, positive to the left (+Z towards +X)."""
    angle = np.broadcast_to(np.radians(degrees), len(joints))[:, None]
    x, z = joints[..., 0], joints[..., 2]
    return np.stack(
        [np.cos(angle) * x + np.sin(angle) * z, joints[..., 1], np.cos(angle) * z - np.sin(angle) * x], axis=-1
    )


def walking(frames: int, speed: float, steps_per_second: float = 2.0) -> np.ndarray:
    """Somebody going straight ahead (backwards when ``speed`` is negative), ankles swinging fore and aft."""
    joints = standing(frames)
    time = np.arange(frames) / FPS
    phase = np.pi * steps_per_second * time
    for side, sign in (("left", 1), ("right", -1)):
        for joint, reach in (("knee", 0.15), ("ankle", 0.3), ("foot", 0.3)):
            joints[:, JOINT_INDEX[f"{side}_{joint}"], 2] += sign * reach * np.sin(phase)
            lift = 0.08 * np.clip(sign * np.cos(phase), 0, None)
            joints[:, JOINT_INDEX[f"{side}_{joint}"], 1] += lift
    joints[..., 2] += (speed * time)[:, None]
    return joints


def jumping(jumps: int, distance: float = 0.0, height: float = 0.4) -> np.ndarray:
    """``jumps`` ballistic jumps of half a second, a second apart, each ``distance`` metres forward."""
    joints = standing(20 + 30 * jumps)
    for number in range(jumps):
        start = 20 + 30 * number
        share = np.linspace(0, 1, 11)
        joints[start : start + 11, :, 1] += (4 * height * share * (1 - share))[:, None]
        joints[start : start + 11, :, 2] += (distance * share)[:, None]
        joints[start + 11 :, :, 2] += distance
    return joints


def kicking(side: str, kicks: int = 1) -> np.ndarray:
    """Front kicks: the ankle shoots 0.7 m ahead and 0.6 m up within 0.2 s and comes back."""
    joints = standing(20 + 25 * kicks)
    swing = np.sin(np.linspace(0, np.pi, 9))
    for number in range(kicks):
        start = 15 + 25 * number
        for joint, share in (("knee", 0.5), ("ankle", 1.0), ("foot", 1.05)):
            joints[start : start + 9, JOINT_INDEX[f"{side}_{joint}"], 2] += 0.7 * share * swing
            joints[start : start + 9, JOINT_INDEX[f"{side}_{joint}"], 1] += 0.6 * share * swing
    return joints


def punching(side: str, punches: int = 1) -> np.ndarray:
    """Straight punches at shoulder height from a bent arm, out within 0.15 s."""
    joints = standing(20 + 20 * punches)
    shoulder = joints[:, JOINT_INDEX[f"{side}_shoulder"]]
    out = np.zeros(len(joints))
    for number in range(punches):
        start = 12 + 20 * number
        out[start : start + 8] = [0.3, 0.7, 1, 1, 1, 0.7, 0.4, 0.1]
    reach = 0.2 + 0.32 * out
    joints[:, JOINT_INDEX[f"{side}_elbow"]] = shoulder + np.stack([0 * out, -0.1 + 0.1 * out, reach / 2], axis=-1)
    joints[:, JOINT_INDEX[f"{side}_wrist"]] = shoulder + np.stack([0 * out, 0 * out, reach], axis=-1)
    return joints


def waving(side: str, frames: int = 60, hertz: float = 1.5, drop: float = 0.0) -> np.ndarray:
    """The upper arm out sideways, its elbow ``drop`` metres lower, the forearm up and swinging from side to side."""
    joints = standing(frames)
    sign = 1 if side == "left" else -1
    shoulder = joints[:, JOINT_INDEX[f"{side}_shoulder"]]
    swing = 0.6 * np.sin(2 * np.pi * hertz * np.arange(frames) / FPS)
    elbow = shoulder + np.array([sign * 0.26, -drop, 0.0])
    joints[:, JOINT_INDEX[f"{side}_elbow"]] = elbow
    joints[:, JOINT_INDEX[f"{side}_wrist"]] = elbow + 0.268 * np.stack(
        [np.sin(swing), np.cos(swing), 0 * swing], axis=-1
    )
    return joints


def bowing(degrees: float, frames: int = 60) -> np.ndarray:
    """The trunk tilts rigidly about the pelvis by ``degrees`` and comes back; the legs stay."""
    joints = standing(frames)
    tilt = np.radians(degrees) * np.sin(np.linspace(0, np.pi, frames)) ** 2
    upper = [i for name, i in JOINT_INDEX.items() if not any(p in name for p in ("hip", "knee", "ankle", "foot"))]
    offset = joints[:, upper] - joints[:, :1]
    cos, sin = np.cos(tilt)[:, None], np.sin(tilt)[:, None]
    y, z = offset[..., 1] * cos - offset[..., 2] * sin, offset[..., 1] * sin + offset[..., 2] * cos
    joints[:, upper] = joints[:, :1] + np.stack([offset[..., 0], y, z], axis=-1)
    return joints


def seated(frames: int) -> np.ndarray:
    """Somebody on a chair: pelvis at 0.5 m, thighs level, shins upright."""
    joints = standing(frames)
    joints[..., 1] -= joints[0, 0, 1] - 0.5
    for side in ("left", "right"):
        hip = joints[:, JOINT_INDEX[f"{side}_hip"]]
        knee = hip + np.array([0, 0.02, 0.39])
        joints[:, JOINT_INDEX[f"{side}_knee"]] = knee
        joints[:, JOINT_INDEX[f"{side}_ankle"]] = knee - [0, 0.39, 0]
        joints[:, JOINT_INDEX[f"{side}_foot"]] = knee + np.array([0, -0.43, 0.13])
    return joints


def lying(frames: int) -> np.ndarray:
    """Somebody flat on the back, 10 cm over the floor, head towards -Z."""
    joints = standing(frames)
    offset = joints - joints[:, :1]
    return np.stack([offset[..., 0], 0.1 + offset[..., 2], -offset[..., 1]], axis=-1)
