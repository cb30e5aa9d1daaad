"""Feet on the floor: find when a foot stands, hold it there, and bend the leg to reach.

A foot stands while its toe is low and slow, with hysteresis: it must be lower and slower to begin than to go
on. While it stands the toe is held at its mean place; before and after, the correction fades over a few
frames. The leg follows by the law of cosines, keeping its bend plane, with its reach clamped.
"""

from __future__ import annotations

import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton

MODES = ("off", "soft", "strict")
BLEND_SECONDS = 0.25
# Toe height over the floor (m, canonical body) and speed (m/s): to begin to stand, and to go on standing.
ENTER_HEIGHT, LEAVE_HEIGHT = 0.05, 0.08
ENTER_SPEED, LEAVE_SPEED = 0.20, 0.40
# Two frames of 20 fps: anything shorter is a touch, not a stand.
LEAST_SECONDS = 0.1
# A leg bends at least this much of its length short of straight when it is made to reach.
REACH = 0.999
# One that was straighter stays so, but for what a knee needs so as not to be rounded off (limbs.SOFT) afterwards.
STRAIGHT = 0.9999
_TOES = (skeleton.JOINT_INDEX["left_foot"], skeleton.JOINT_INDEX["right_foot"])
_FEET = (*_TOES, skeleton.JOINT_INDEX["left_ankle"], skeleton.JOINT_INDEX["right_ankle"])


def floor_height(joints: np.ndarray) -> float:
    """Return the height of the floor under ``joints`` (F, 22, 3), metres, Y up; 0 when it is where it should be.

    The 10th percentile over frames of the lowest joint. A body sunk into the floor is always lifted; a body
    that hovers is lowered only when it hovers on its feet by less than 8 cm, since a lying or leaping body
    has no foot on the floor. Less than 1 cm is left alone.
    """
    lowest = joints[..., 1].min(axis=1)
    height = float(np.percentile(lowest, 10))
    on_feet = np.isin(joints[..., 1].argmin(axis=1), _FEET).mean() > 0.5
    return height if height < -0.01 or (on_feet and 0.01 < height < 0.08) else 0.0


def detect_contacts(joints: np.ndarray, fps: float, floor: float = 0.0) -> np.ndarray:
    """Return when each foot stands: (F, 2) bool, left and right, for ``joints`` (F, 22, 3) in metres, Y up.

    Heights and speeds are compared at the canonical body's size: the joints are scaled by leg length first.
    """
    scale = leg_length(skeleton.rest_joints()[None]) / leg_length(joints)
    toes = joints[:, _TOES] * scale
    height = toes[..., 1] - floor * scale
    speed = np.linalg.norm(np.gradient(toes, axis=0), axis=-1) * fps if len(toes) > 1 else np.zeros_like(height)
    begin = (height < ENTER_HEIGHT) & (speed < ENTER_SPEED)
    go_on = (height < LEAVE_HEIGHT) & (speed < LEAVE_SPEED)
    standing = np.zeros_like(begin)
    state = np.zeros(2, dtype=bool)
    for frame in range(len(begin)):
        state = np.where(state, go_on[frame], begin[frame])
        standing[frame] = state
    least = max(2, round(LEAST_SECONDS * fps))
    for side in range(2):
        for start, stop in intervals(standing[:, side]):
            if stop - start < least:
                standing[start:stop, side] = False
    return standing


def leg_length(joints: np.ndarray) -> float:
    """Return the median over frames of thigh plus shin, both legs averaged: metres for ``joints`` (F, 22, 3)."""
    thigh = np.linalg.norm(joints[:, [4, 5]] - joints[:, [1, 2]], axis=-1)
    shin = np.linalg.norm(joints[:, [7, 8]] - joints[:, [4, 5]], axis=-1)
    return float(np.median((thigh + shin).mean(axis=1)))


def intervals(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return the runs of True in ``flags`` (F,) as (start, stop) pairs, stop excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def lock_offsets(places: np.ndarray, standing: np.ndarray, blend: int) -> np.ndarray:
    """Return what to add to ``places`` (F, 3) so that they rest at their mean while ``standing`` (F,).

    Between two stands the correction fades out over ``blend`` frames after the first and in before the
    second, by cubic Hermite curves that leave a stand as fast as the correction was changing in it, so that
    the foot is let go and caught without a jolt; where the gap is shorter than both, it goes straight from one
    to the other.
    """
    offsets = np.zeros_like(places)
    runs = intervals(standing)
    for start, stop in runs:
        offsets[start:stop] = places[start:stop].mean(axis=0) - places[start:stop]
    nothing = np.zeros(3)
    for (_, gap_start), (gap_stop, _) in zip([(0, 0), *runs], [*runs, (len(places), 0)], strict=True):
        frames = np.arange(gap_start, gap_stop)
        reach = min(blend, len(frames) + 1)
        after, leaving = (
            (offsets[gap_start - 1], _slope(offsets, gap_start - 1, -1)) if gap_start else (nothing, nothing)
        )
        last = gap_stop == len(places)
        before, arriving = (nothing, nothing) if last else (offsets[gap_stop], _slope(offsets, gap_stop, 1))
        fade_out = _fade((frames - gap_start + 1) / reach, after, leaving * reach)
        fade_in = _fade((gap_stop - frames) / reach, before, arriving * reach)
        offsets[gap_start:gap_stop] = fade_out + fade_in
    return offsets


def _slope(offsets: np.ndarray, frame: int, inward: int) -> np.ndarray:
    """Return by how much ``offsets`` change a frame on leaving a stand at ``frame``; ``inward`` is the way into it."""
    return offsets[frame] - offsets[frame + inward]


def _fade(u: np.ndarray, value: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the cubic (N, 3) from ``value`` (3,) with ``slope`` (3,) at u = 0 to rest at u = 1."""
    u = np.clip(u, 0, 1)[:, None]
    return (1 - u) ** 2 * ((1 + 2 * u) * value + u * slope)


def smoothstep(value: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1, and a smooth rise between."""
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)


def bell(values: np.ndarray, half: int) -> np.ndarray:
    """Return ``values`` (F, n) averaged by a bell over ``half`` frames to either side; the ends are held."""
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(values, ((half, half), (0, 0)), mode="edge")
    columns = [np.convolve(column, window / window.sum(), mode="valid") for column in padded.T]
    return np.stack(columns, axis=-1)


def swell(values: np.ndarray, half: int) -> np.ndarray:
    """Return a smooth curve (F,) nowhere below ``values`` (F,): the maximum over 2 ``half`` + 1 frames, averaged."""
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(values, half, mode="edge"), 2 * half + 1).max(axis=1)
    return bell(highest[:, None], half)[:, 0]


def longest_reach(leg: np.ndarray | float, before: np.ndarray) -> np.ndarray:
    """Return how far a leg of length ``leg`` may reach that reached ``before``."""
    return np.maximum(leg * REACH, np.minimum(before, leg * STRAIGHT))


def two_bone(
    hip: np.ndarray, knee: np.ndarray, ankle: np.ndarray, goal: np.ndarray, hinge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return knee and ankle (F, 3) that bring the ankle to ``goal`` (F, 3), or as near as the leg reaches.

    hip, knee, ankle: (F, 3) before. hinge: (F, 3) the axis about which the knee bends, used where the leg is
    straight and has no bend plane of its own. The reach is clamped to REACH of the leg, or to what it was
    where the leg was straighter than that, up to STRAIGHT. Law of cosines in the leg's plane, which swings along.
    """
    upper, lower, before = (
        np.linalg.norm(part, axis=-1, keepdims=True) for part in (knee - hip, ankle - knee, ankle - hip)
    )
    along = rot.unit(goal - hip)
    reach = np.linalg.norm(goal - hip, axis=-1, keepdims=True)
    reach = np.clip(reach, np.abs(upper - lower) + 1e-6, longest_reach(upper + lower, before))
    swing = rot.swing(rot.unit(ankle - hip), along)
    thigh = rot.rotate(swing, rot.unit(knee - hip))
    bend = thigh - along * rot.dot(thigh, along)[..., None]
    spare = rot.unit(rot.cross(along, rot.rotate(swing, hinge)))
    bent = np.linalg.norm(bend, axis=-1, keepdims=True)
    weight = smoothstep((bent - 0.02) / 0.06)
    pole = rot.unit(weight * bend / np.maximum(bent, 1e-9) + (1 - weight) * spare)
    cosine = (upper**2 + reach**2 - lower**2) / (2 * upper * reach)
    sine = np.sqrt(np.clip(1 - cosine**2, 0, 1))
    return hip + upper * (along * cosine + pole * sine), hip + along * reach
