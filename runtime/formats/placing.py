"""Where a canonical motion stands: glitches mended, floor at y = 0, facing +Z, pelvis over the origin.

Axes: Y up, metres, joints (frames, 22, 3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from coamd_blender.errors import DataError
from coamd_blender.motion.kinematics import forward_balanced, speed
from coamd_blender.motion.signals import runs, without_short_runs
from coamd_blender.motion.skeleton import JOINT_INDEX, TOES

# How far each joint lies inside the body, metres: what touches the floor is its height less this. Toes lie on it.
BODY_RADII = {
    "left_foot": 0.0, "right_foot": 0.0, "left_ankle": 0.06, "right_ankle": 0.06, "left_knee": 0.05,
    "right_knee": 0.05, "left_wrist": 0.03, "right_wrist": 0.03, "left_elbow": 0.04, "right_elbow": 0.04,
    "left_shoulder": 0.08, "right_shoulder": 0.08, "pelvis": 0.10, "spine3": 0.11, "head": 0.09,
}  # fmt: skip
_FLOOR_JOINTS = np.array([JOINT_INDEX[name] for name in BODY_RADII])
_FLOOR_RADII = np.array(list(BODY_RADII.values()))
_FEET_FIRST = 4  # feet and ankles lead the table above
# A joint this far from the median of its neighbours in time has jumped, metres (anchor; others relative to it).
ANCHOR_JUMP = 0.06
LIMB_JUMP = 0.20
# and what a fast joint may turn in a frame, metres a second
LIMB_TURN = 12.0
# Faster than this no person moves: the anchor, and other joints relative to it, metres a second.
ANCHOR_SPEED = 13.0
LIMB_SPEED = 30.0
# nor does anyone gain this much speed from one frame to the next, metres a second
ANCHOR_GAIN = 5.0
# What is mended by interpolation: jumps away and back within this many frames, or within this time.
LONGEST_REPAIR = 3
LONGEST_REPAIR_SECONDS = 0.125
_AIRBORNE = re.compile(r"jump|(?<!ch)air|dodge|fly", re.IGNORECASE)


# --- glitches -----------------------------------------------------------------------------------------------------


def _running_median(values: np.ndarray, window: int) -> np.ndarray:
    half = window // 2
    padded = np.pad(values, [(half, half)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, window, axis=0), axis=-1)


def bad_frames(positions: np.ndarray, anchor: np.ndarray, fps: float) -> np.ndarray:
    """Frames (frames,) bool that jump away and back: ``positions`` (frames, J, 3) in metres, ``anchor`` (frames, 3).

    A frame is bad when the anchor, or a joint relative to it, lies off the median of 7 frames around it by more
    than a body can move, or is not finite.
    """
    finite = np.isfinite(positions).all(axis=(1, 2)) & np.isfinite(anchor).all(axis=1)
    if len(positions) < 4:
        return ~finite
    relative = np.nan_to_num(positions - anchor[:, None])
    anchor = np.nan_to_num(anchor)
    jump = np.linalg.norm(anchor - _running_median(anchor, 7), axis=-1) > ANCHOR_JUMP + 2.0 / fps
    limb = np.linalg.norm(relative - _running_median(relative, 7), axis=-1).max(axis=1) > LIMB_JUMP + LIMB_TURN / fps
    return jump | limb | ~finite


def _jumps(positions: np.ndarray, fps: float) -> np.ndarray:
    """Mark steps (frames - 1,) bool faster than a body can move: ``positions`` (frames, J, 3), metres."""
    centre = positions.mean(axis=1)
    relative = positions - centre[:, None]
    speed = np.linalg.norm(np.diff(centre, axis=0), axis=-1) * fps
    fast = (speed > ANCHOR_SPEED) | (speed - _running_median(speed, 7) > ANCHOR_GAIN)
    return fast | ((np.linalg.norm(np.diff(relative, axis=0), axis=-1) * fps).max(axis=1, initial=0.0) > LIMB_SPEED)


def _interpolate(positions: np.ndarray, start: int, stop: int) -> None:
    """Replace the frames [start, stop) of ``positions`` by a straight line between their neighbours, in place."""
    weight = (np.arange(1, stop - start + 1) / (stop - start + 1))[:, None, None]
    positions[start:stop] = positions[start - 1] * (1 - weight) + positions[stop] * weight


def _bridge(positions: np.ndarray, start: int, stop: int) -> None:
    """Replace the frames [start, stop), which a file has lost, by a curve that goes on as two frames on either side do
    (cubic Hermite), in place."""
    first, second = positions[start - 1], positions[stop]
    gap = stop - start + 1
    before, after = (first - positions[start - 2]) * gap, (positions[stop + 1] - second) * gap
    share = (np.arange(1, gap) / gap)[:, None, None]
    square, cube = share**2, share**3
    positions[start:stop] = (2 * cube - 3 * square + 1) * first + (3 * square - 2 * cube) * second
    positions[start:stop] += (cube - 2 * square + share) * before + (cube - square) * after


def repair(positions: np.ndarray, anchor: np.ndarray, fps: float) -> tuple[list[np.ndarray], int, int]:
    """Mend short jumps by interpolation and cut the motion where a longer one remains.

    ``positions`` (frames, J, 3) metres, ``anchor`` (frames, 3). Returns the pieces, each (count, J, 3), how many frames
    were mended and how many cuts were made (see :func:`mend`).
    """
    mended, spans, repaired = mend(positions, anchor, fps)
    return [mended[start:stop] for start, stop in spans], repaired, max(0, len(spans) - 1)


def mend(positions: np.ndarray, anchor: np.ndarray, fps: float) -> tuple[np.ndarray, list[tuple[int, int]], int]:
    """Mend short jumps of a motion and find the pieces between longer ones.

    ``positions`` (frames, J, 3) metres, ``anchor`` (frames, 3). A jump is mended, by interpolation, when the body is
    back within 3 frames or 1/8 s; frames that a file has lost are bridged by a curve. Returns the mended positions, the
    same shape, the pieces [start, stop) and how many frames were mended.
    """
    frames = len(positions)
    longest = max(LONGEST_REPAIR, round(LONGEST_REPAIR_SECONDS * fps))
    mended, bad = positions.copy(), bad_frames(positions, anchor, fps)
    finite = np.isfinite(positions).all(axis=(1, 2))
    if not bad.all():
        mended[~np.isfinite(mended)] = 0.0
        steps = np.flatnonzero(_jumps(mended, fps))
        for first, second in pairwise(steps):
            if second - first <= longest:
                bad[first + 1 : second + 1] = True
    keep, repaired = np.ones(frames, bool), 0
    for start, stop in runs(bad):
        if stop - start <= longest and start > 0 and stop < frames:
            around = slice(start - 2, start), slice(stop, stop + 2)
            lost = not finite[start:stop].any() and start > 1 and stop < frames - 1
            whole = lost and not any(bad[part].any() for part in around)
            (_bridge if whole else _interpolate)(mended, start, stop)
            repaired += stop - start
        else:
            keep[start:stop] = False
    steps = _jumps(mended, fps)
    spans = []
    for start, stop in runs(keep):
        cuts = [start, *(np.flatnonzero(steps[start : stop - 1]) + start + 1).tolist(), stop]
        spans += list(pairwise(cuts))
    return mended, spans, repaired


# --- left and right -----------------------------------------------------------------------------------------------


def knee_bend(joints: np.ndarray) -> float | None:
    """Return the mean direction in which bent knees of ``joints`` (frames, 22, 3) point: +1 forwards, -1 backwards.

    None when no knee is bent by 25 degrees. Forwards is the hip axis (right to left) cross the leg (ankle to hip), so a
    mirrored skeleton gives a negative figure.
    """
    directions = []
    for side in ("left", "right"):
        hip, knee, ankle = (joints[:, JOINT_INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        leg = hip - ankle
        leg = leg / np.maximum(np.linalg.norm(leg, axis=-1, keepdims=True), 1e-6)
        offset = knee - ankle
        offset = offset - np.sum(offset * leg, axis=-1, keepdims=True) * leg
        size = np.linalg.norm(offset, axis=-1)
        axis = joints[:, JOINT_INDEX["left_hip"]] - joints[:, JOINT_INDEX["right_hip"]]
        forward = np.cross(axis, leg)
        forward /= np.maximum(np.linalg.norm(forward, axis=-1, keepdims=True), 1e-6)
        bent = size > 0.09
        directions.append((np.sum(offset * forward, axis=-1) / np.maximum(size, 1e-6))[bent])
    values = np.concatenate(directions)
    return float(values.mean()) if len(values) >= 5 else None


def check_handedness(joints: np.ndarray, name: str) -> None:
    """Raise DataError when the knees of ``joints`` (frames, 22, 3), any unit, bend backwards: left and right are
    swapped.
    """
    bend = knee_bend(joints)
    if bend is not None and bend < -0.2:
        raise DataError(
            f"{name}: its knees bend backwards ({bend:.2f}), so it is left-handed or its sides are swapped",
            "Exchange left and right in the names of its joints, or mirror it where it was made",
        )


# --- floor and facing ---------------------------------------------------------------------------------------------


def lowest_point(joints: np.ndarray) -> np.ndarray:
    """Return the height (frames,), metres, of the lowest part of the body in ``joints`` (frames, 22, 3), metres.

    Feet, knees, hands, pelvis, back and head, less their radii.
    """
    return (joints[:, _FLOOR_JOINTS, 1] - _FLOOR_RADII).min(axis=1)


def _support(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the lowest height (frames,), whether that part rests (under 0.4 m/s, 3 frames), whether it is a foot."""
    heights = joints[:, _FLOOR_JOINTS, 1] - _FLOOR_RADII
    which = heights.argmin(axis=1)
    pace = speed(joints[:, _FLOOR_JOINTS])[range(len(joints)), which]
    return heights.min(axis=1), without_short_runs(pace < 0.4, 3), which < _FEET_FIRST


def _level(heights: np.ndarray) -> float:
    """Return the median of the lower half where heights spread: steps and jumps onto things do not raise the floor."""
    low = float(np.percentile(heights, 10))
    return float(np.median(heights[heights < low + 0.06]))


def resting_height(joints: np.ndarray) -> float | None:
    """Find the height at which a motion of any posture rests, metres; None where no part of it ever stands still.

    joints: (frames, 22, 3), metres. The level of the lowest point (lowest_point) over frames in which that part stands
    still.
    """
    if len(joints) < 4:
        return None
    lowest, rests, _ = _support(joints)
    return None if rests.sum() < max(3, 0.05 * len(joints)) else _level(lowest[rests])


def floor_height(joints: np.ndarray) -> float:
    """Find the height of the floor under a motion of any posture, metres: what the body rests on.

    joints: (frames, 22, 3), metres, at any height (motion.contacts.floor_offset serves motion that was made to stand on
    y = 0). Where it never rests (resting_height), the 5th percentile of the lowest point.
    """
    if len(joints) < 4:
        return float(lowest_point(joints).min())
    height = resting_height(joints)
    return float(np.percentile(lowest_point(joints), 5)) if height is None else height


def _smooth_between(frames: int, at: np.ndarray, values: np.ndarray, spread: float) -> np.ndarray:
    """Return ``values`` known at frames ``at`` at all of them, (frames,), under a Gaussian of ``spread`` frames."""
    curve = np.interp(np.arange(frames), at, values)
    return gaussian_filter1d(curve, spread, radius=int(3 * spread), mode="nearest")


def floor_profile(joints: np.ndarray, follow: bool = False) -> np.ndarray:
    """Find the floor under each frame, (frames,) metres: constant, except where a body of other build changes posture.

    joints: (frames, 22, 3), metres. Trunk, arms and legs of a source differ from the canonical body's, so that the same
    floor comes out at one height standing and at another lying. Where a motion rests both on its feet and, low down, on
    another part, the floor turns smoothly from one level to the other. ``follow`` makes it follow the lowest part in
    every frame (for stylised bodies on a plane floor that never leave it).
    """
    frames, base = len(joints), floor_height(joints)
    if frames < 8:
        return np.full(frames, base)
    lowest, rests, foot = _support(joints)
    if follow:
        return _smooth_between(frames, np.arange(frames), lowest, 1.5)
    feet, low = rests & foot, rests & ~foot & (joints[:, 0, 1] - lowest < 0.45)
    if feet.sum() < 5 or low.sum() < 5:
        return np.full(frames, base)
    standing, lying = _level(lowest[feet]), float(np.median(lowest[low]))
    if not 0.03 < abs(standing - lying) < 0.4:
        return np.full(frames, base)
    at = np.flatnonzero(feet | low)
    return _smooth_between(frames, at, np.where(feet[at], standing, lying), 5.0)


def shared_floor(motions: Sequence[np.ndarray]) -> float | None:
    """Return the floor, metres, that many motions (frames, 22, 3) of one file share; None for fewer than five."""
    return float(np.median([floor_height(joints) for joints in motions])) if len(motions) >= 5 else None


def clip_floor(joints: np.ndarray, name: str, stylised: bool, shared: float | None) -> float | np.ndarray:
    """Return the floor of joints (frames, 22, 3), metres: one height, or one a frame (frames,).

    A motion that floats clear of the floor its file ``shared`` (a fall, a flight) takes that one. A ``stylised`` body's
    floor follows its feet, unless the ``name`` says that it flies.
    """
    if shared is not None and floor_height(joints) - shared > 0.1:
        return shared
    return floor_profile(joints, follow=stylised and not _AIRBORNE.search(name))


def uneven_floor(joints: np.ndarray, apart: float = 0.12) -> bool:
    """Tell whether the feet of a placed motion stand still at heights more than ``apart`` metres from the floor.

    joints: (frames, 22, 3), metres. Stairs, stools, a floor that could not be found: judged on frames in which a foot
    is still and bears the body (no other part is lower), when those are a twentieth of the motion or more.
    """
    feet = joints[:, TOES]
    bearing = feet[..., 1] <= lowest_point(joints)[:, None] + 0.02
    still = (speed(feet) < 0.15) & bearing
    return bool((still & (np.abs(feet[..., 1]) > apart)).any(axis=1).mean() > 0.05)


def place(joints: np.ndarray, floor: float | np.ndarray | None = None) -> np.ndarray:
    """Put ``joints`` (frames, 22, 3), metres, on the floor, over the origin and facing +Z at frame 0: the same shape.

    ``floor`` is the height of the floor, metres, one or for each frame (frames,); floor_profile finds it when None.
    """
    heights = np.broadcast_to(floor_profile(joints) if floor is None else floor, (len(joints),))
    moved = joints - [joints[0, 0, 0], 0.0, joints[0, 0, 2]]
    moved[..., 1] -= heights[:, None]
    x, _, z = forward_balanced(moved[0])
    turn = np.array([[z, 0.0, -x], [0.0, 1.0, 0.0], [x, 0.0, z]])
    return moved @ turn.T
