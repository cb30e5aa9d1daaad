"""Game loops: motions that run in place, and how to give their travel back.

Axes: Y up, metres, joints (frames, 22, 3), facing +Z at frame 0.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.skeleton import FPS, JOINT_INDEX

# What can bear the body, and the height of each joint when it lies on the floor, metres.
_FLAT_HEIGHTS = {
    "left_ankle": 0.064, "right_ankle": 0.064, "left_foot": 0.0, "right_foot": 0.0,
    "left_knee": 0.05, "right_knee": 0.05, "left_wrist": 0.03, "right_wrist": 0.03,
}  # fmt: skip
_BEARING = np.array([JOINT_INDEX[name] for name in _FLAT_HEIGHTS])
_FLAT = np.array(list(_FLAT_HEIGHTS.values()))
SLIDING = 0.22  # metres a second


def _contact_velocity(joints: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal velocity (frames - 1, 2) of what touches the floor, and whether it bears the body (frames - 1,)."""
    feet = joints[:, _BEARING]
    height = np.maximum(0.0, feet[..., 1] - _FLAT)
    height = (height[1:] + height[:-1]) / 2  # (frames - 1, points)
    weight = np.exp(-((height / 0.025) ** 2)) + 1e-9
    # the lower foot bears the body: points clearly above the lowest one hardly count
    weight *= np.exp(-(((height - height.min(axis=1, keepdims=True)) / 0.02) ** 2))
    velocity = np.diff(feet, axis=0)[..., [0, 2]] * fps
    total = weight.sum(axis=1)
    lowest = height.min(axis=1)
    sure = (total > 0.3) | (lowest <= np.quantile(lowest, 0.2) + 0.02)
    return np.einsum("fp,fpc->fc", weight, velocity) / total[:, None], sure


def stance_travel(joints: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return the travel of the root (frames, 2: x, z), metres, that keeps the standing foot where it stands.

    ``joints`` (frames, 22, 3), metres. Where a foot bears the body, the root moves against that foot's velocity; where
    none does (the flight of a run) the velocity is interpolated. Starts at (0, 0).
    """
    frames = len(joints)
    if frames < 2:
        return np.zeros((frames, 2))
    slip, sure = _contact_velocity(joints, fps)
    at = np.arange(frames - 1)
    velocity = np.stack([np.interp(at, at[sure], -slip[sure, axis]) for axis in (0, 1)], axis=1)
    padded = np.pad(velocity, [(1, 1), (0, 0)], mode="edge")
    velocity = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return np.concatenate([np.zeros((1, 2)), np.cumsum(velocity, axis=0) / fps])


def slides_in_place(joints: np.ndarray, fps: float = FPS) -> bool:
    """Tell whether a motion walks or runs without getting anywhere.

    ``joints`` (frames, 22, 3), metres. True when the standing feet slide at 0.22 m/s or more on average, always much
    the same way, while the pelvis stays within 0.35 m of where it started.
    """
    if len(joints) < 4:
        return False
    slip, sure = _contact_velocity(joints, fps)
    mean = slip[sure].mean(axis=0)
    wander = np.linalg.norm(joints[:, 0, [0, 2]] - joints[0, 0, [0, 2]], axis=-1).max()
    return bool(np.linalg.norm(mean) > SLIDING and wander < 0.35)


def with_travel(joints: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, with their travel given back."""
    travel = stance_travel(joints, fps)
    moved = joints.copy()
    moved[..., 0] += travel[:, None, 0]
    moved[..., 2] += travel[:, None, 1]
    return moved


def cycle_length(positions: np.ndarray) -> int | None:
    """Return the frames in one cycle of a loop of ``positions`` (frames, J, 3), metres; None when it is not a loop.

    The first frame must follow on the last: as its repetition (cycle = frames - 1), or one to three steps on at the
    speed of both ends (cycle = frames + steps - 1; the missing steps are for repeat_loop to fill). A motion that
    moves under 3 cm in all is not a loop.
    """
    if len(positions) < 6 or np.linalg.norm(positions - positions[0], axis=-1).mean(axis=1).max() < 0.03:
        return None
    gap = positions[0] - positions[-1]
    step = (positions[-1] - positions[-2] + positions[1] - positions[0]) / 2
    size, pace = (float(np.linalg.norm(values, axis=-1).mean()) for values in (gap, step))
    if size < max(0.004, 0.35 * pace):
        return len(positions) - 1
    steps = round(float(np.sum(gap * step)) / max(float(np.sum(step**2)), 1e-12))
    if 1 <= steps <= 3 and np.linalg.norm(gap - steps * step, axis=-1).mean() < 0.6 * steps * pace:
        return len(positions) + steps - 1
    return len(positions) if size < 0.02 else None


def repeat_loop(positions: np.ndarray, cycle: int, frames: int) -> np.ndarray:
    """Repeat a cycle of ``positions`` (frames, J, 3), metres, whole times until it has at least ``frames`` frames.

    The first frame follows once more at the end: (N * C + 1, J, 3) of N rounds, C = ``cycle``. Steps the cycle has more
    than the clip are interpolated between its last frame and its first.
    """
    missing = max(0, cycle - len(positions))
    weight = (np.arange(1, missing + 1) / (missing + 1))[:, None, None]
    bridge = positions[-1] * (1 - weight) + positions[0] * weight
    once = np.concatenate([positions[:cycle], bridge])
    times = -(-max(frames, cycle) // cycle)
    return np.concatenate([np.tile(once, (times, 1, 1)), positions[:1]])
