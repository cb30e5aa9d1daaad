"""Foot lock on bare joints: take the sliding out of generated feet.

A generator predicts the root trajectory of the body and the swing of its legs apart, and where the two disagree the
feet slide. The root trajectory is corrected first, and gently, so that a brisk walk stays brisk: a smooth change of
velocity that slows the standing feet (a least-squares problem with one unknown a frame). What is left over is taken up
by the legs, bent by the law of cosines in the plane they bend in.

Joints are (frames, 22, 3), metres, Y up, floor at y = 0, on a body about as large as the canonical one. Frames that are
``kept`` belong to somebody's animation and must not change.

This is done to what the generator makes, before anybody sees it. On a rig, whose legs are others, feet are locked anew:
coamd_blender/retarget/rig_foot_lock.py.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg import solve_banded

from coamd_blender.motion.contacts import (
    LOW_TOE,
    SLOWEST,
    body_speed,
    detect_sliding_contacts,
    least_frames,
    on_feet,
    toe_speed,
)
from coamd_blender.motion.kinematics import bend_limb
from coamd_blender.motion.rotations import unit
from coamd_blender.motion.signals import moving_average, runs, smoothstep, without_short_runs
from coamd_blender.motion.skeleton import ANKLES, FPS, HIPS, KNEES, TOES

SMOOTHNESS, STIFFNESS = 6.0, 2.0  # of the root's correction, against a standing foot's weight of one, at 20 fps
HELD = 1e4  # against the same: what must not move
GLIDES, GLIDE_SECONDS = 1.5, 0.4  # times the body's speed, s: a low toe that is slower for so long does not swing
BREAK_SECONDS = 0.15  # no swing is shorter: a contact so interrupted goes on
DRAG, SWING_SECONDS, LIFT = 0.7, 0.25, 0.09  # m, s, m: a foot dragged further takes steps, so long and so high
SWITCH = 0.15  # m: a body that slides on both feet changes from one to the other where that spares as much slide
STRIDE_LIFT, SCUFF = 0.3, 0.05  # of a step's length, m: so high is a step, and a shorter one stays on the floor
START_SECONDS = 0.2  # over which a step out of kept frames, or into them, gets to its height
FADE_SECONDS = 0.25  # over which a leg goes back to its own motion
STRAIGHT = 0.005  # m: a knee that bends by less has no plane of its own, and bends forwards
REACH = 0.998  # of a leg's length: it is never stretched straighter than this, nor than it was
_SMOOTH_SECONDS = 0.05  # reach of the averages that take kinks out of a lift


def lock_joint_feet(
    joints: np.ndarray, kept: np.ndarray | None = None, fps: float = FPS, move_root: bool = True, steps: bool = False
) -> np.ndarray:
    """Return ``joints`` with standing feet that stay where they stand, and toes above the floor.

    joints: (frames, 22, 3), metres; the result has their shape and dtype. Bones keep their lengths; the heights of the
    body and everything above the hips, seen from the pelvis, are untouched. Frames ``kept`` (frames,) bool stay as they
    are, and what lies between two of them still leads from one to the other. Without ``move_root`` the body stays where
    it is, and only the legs reach. With ``steps`` a body that slides on both feet is carried by one of them, and a foot
    leaves the floor on its way from one contact to the next.
    """
    result = np.array(joints, dtype=np.float64)
    if len(result) < least_frames(fps) + 1:
        return result.astype(joints.dtype)
    kept = np.zeros(len(result), bool) if kept is None else kept
    # The root follows the feet that stand.
    contacts = detect_sliding_contacts(result, fps)
    if move_root:
        result[:, :, [0, 2]] += root_correction(result, contacts, kept, fps)[:, None]
    # Then the legs reach, for these and for feet that stand only since otherwise none would.
    contacts = contacts | detect_gliding(result, contacts, fps)
    if steps:
        contacts = contacts | (detect_carrying(result, contacts, fps) & ~kept[:, None])
    moved = leg_correction(result, contacts, kept, fps, steps)
    for side in range(2):
        _reach(result, side, moved[:, side])
    return result.astype(joints.dtype)


# --- feet that should stand -------------------------------------------------------------------------------------------


def detect_gliding(joints: np.ndarray, contacts: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Detect when a foot that is not in contact is carried along low over the floor, as no swinging foot is.

    For 0.4 s or more, at no more than 1.5 times the body's speed; never on a body that sits, crawls or lies.
    joints: (frames, 22, 3), metres. contacts: (frames, 2) bool. Returns (frames, 2) bool.
    """
    limit = np.maximum(GLIDES * body_speed(joints, fps), SLOWEST)
    low = (joints[:, TOES, 1] < LOW_TOE) & (toe_speed(joints, fps) < limit[:, None])
    return without_short_runs(low & on_feet(joints)[:, None] & ~contacts, GLIDE_SECONDS * fps)


def detect_carrying(joints: np.ndarray, contacts: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Choose the foot that carries a body which slides on both for 0.15 s or more, one foot at a time.

    Where a toe is low and neither foot is in contact, the body is not in the air, so one of the feet should stand: the
    one that slides least, changed where that spares more than SWITCH (the cheapest sequence, by dynamic programming).
    joints: (frames, 22, 3), metres. contacts: (frames, 2) bool. Returns (frames, 2) bool.
    """
    height = joints[:, TOES, 1]  # (frames, 2)
    cost = toe_speed(joints, fps) / fps + np.maximum(0.0, height - LOW_TOE)  # metres that standing would take away
    bare = ~contacts.any(1) & (height.min(1) < LOW_TOE) & on_feet(joints)
    found = np.zeros_like(contacts)
    for start, stop in runs(bare):
        # Forwards: the least cost of standing on either foot, and whether it was reached by a change.
        total, changed = cost[start].copy(), []
        for frame in range(start + 1, stop):
            changed.append(total[::-1] + SWITCH < total)
            total = np.minimum(total, total[::-1] + SWITCH) + cost[frame]
        # Backwards, from the cheaper end.
        side = int(total.argmin())
        for frame in range(stop - 1, start - 1, -1):
            found[frame, side] = True
            side = 1 - side if frame > start and changed[frame - start - 1][side] else side
    return without_short_runs(found & (height < LOW_TOE), least_frames(fps))


# --- the root ---------------------------------------------------------------------------------------------------------


def root_correction(joints: np.ndarray, contacts: np.ndarray, kept: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return how far to move the whole body over the floor in each frame so that standing feet slide least.

    joints: (frames, 22, 3), metres. contacts: (frames, 2) bool. kept: (frames,) bool. Returns (frames, 2), metres along
    x and z: zero at frame 0 and in frames ``kept``, unless they are all behind others: then those move.

    The velocity u of the correction, a step from frame to frame, minimises the slide of standing feet, sum (v + u)^2,
    plus SMOOTHNESS times the squares of its own changes, plus STIFFNESS times its squares, plus HELD times the square
    of its sum over each gap between kept frames, which is what a correction would shift the later one by.
    """
    slide = np.diff(joints[:, TOES][..., [0, 2]], axis=0)  # v: (frames - 1, 2 feet, 2)
    weight = (contacts[1:] & contacts[:-1]).astype(float)  # (frames - 1, 2 feet)
    gaps = list(pairwise(np.flatnonzero(kept).tolist()))
    wanted = -(weight[..., None] * slide).sum(1)  # (frames - 1, 2)
    velocity = _solve_tridiagonal(weight.sum(1) + STIFFNESS, SMOOTHNESS * (fps / FPS) ** 2, gaps, wanted)
    moved = np.concatenate([np.zeros((1, 2)), np.cumsum(velocity, axis=0)])  # (frames, 2)
    return moved - moved[np.argmax(kept)]


def _solve_tridiagonal(
    diagonal: np.ndarray, smoothness: float, gaps: list[tuple[int, int]], wanted: np.ndarray
) -> np.ndarray:
    """Solve (diag + smoothness D'D + HELD sum 1_g 1_g') u = wanted, (steps, 2), where D takes differences and 1_g is
    one on the steps [first, last) of gap g.

    The first two make a tridiagonal matrix T, and the gaps a change of low rank: by Woodbury's identity
    u = T^-1 (wanted - G (1 / HELD + G' T^-1 G)^-1 G' T^-1 wanted), with G the columns 1_g.
    """
    steps = len(diagonal)
    banded = np.full((3, steps), -smoothness)  # T: the diagonals above, through and below the middle
    banded[1] = diagonal
    banded[1, 1:] += smoothness
    banded[1, :-1] += smoothness
    # A gap of one step stays on the diagonal.
    banded[1, [first for first, last in gaps if last == first + 1]] += HELD
    wide = [(first, last) for first, last in gaps if last > first + 1]
    columns = np.zeros((steps, len(wide)))  # G
    for number, (first, last) in enumerate(wide):
        columns[first:last, number] = 1.0
    solved = solve_banded((1, 1), banded, np.concatenate([wanted, columns], axis=1))  # (steps, 2 + gaps)
    free, reply = solved[:, :2], solved[:, 2:]  # T^-1 wanted, T^-1 G
    if not wide:
        return free
    shared = np.eye(len(wide)) / HELD + columns.T @ reply
    return free - reply @ np.linalg.solve(shared, columns.T @ free)


# --- the legs ---------------------------------------------------------------------------------------------------------


def leg_correction(
    joints: np.ndarray, contacts: np.ndarray, kept: np.ndarray, fps: float = FPS, steps: bool = False
) -> np.ndarray:
    """Return how far to move each foot so that it stays where it stands: (frames, 2, 3), metres, left and right.

    joints: (frames, 22, 3), metres. contacts: (frames, 2) bool. kept: (frames,) bool. A standing toe goes to its mean
    place over its contact, or to where it is in the nearest ``kept`` frames, a toe under the floor up to it; between
    contacts the correction fades. A foot that is dragged further than a leg can follow takes steps instead; with
    ``steps`` it leaves the floor between contacts, the higher the longer its step, and is not lifted while it stands.
    """
    moved = np.zeros((len(joints), 2, 3))
    reach = round(FADE_SECONDS * fps)
    smooth = max(1, round(_SMOOTH_SECONDS * fps))
    for side in range(2):
        toe = joints[:, TOES[side]]  # (frames, 3)
        known, lift = np.zeros(len(joints), dtype=bool), np.zeros(len(joints))
        # Over the floor: each contact to one place, with steps in between where it is too long.
        for start, stop in _joined_runs(contacts[:, side], kept, round(BREAK_SECONDS * fps)):
            pieces = _pieces(toe[start:stop], fps, side)
            for first, last in pieces:
                first, last = _apart(start + first, start + last, kept, reach)
                if last > first:
                    moved[first:last, side] = (_place(toe[first:last], kept[first:last]) - toe[first:last]) * [1, 0, 1]
                    known[first:last] = True
            for (_, left), (right, _) in pairwise(pieces):
                lift[start + left : start + right] = LIFT * _bump(right - left)
        moved[kept, side], known[kept] = 0.0, True
        _fade_between(moved[:, side], known, reach)
        # In height: what a step takes over the toe's own, and out of the floor.
        if steps:
            lift = np.maximum(lift, _lifts(toe + moved[:, side], known))
        lift = np.maximum(0.0, lift - np.maximum(0.0, toe[:, 1]))
        if steps:
            lift = _eased(lift, known, kept, fps)
        rise = moving_average(np.maximum(0.0, -toe[:, 1]), smooth)
        moved[:, side, 1] = np.where(kept, 0.0, np.maximum(rise, lift))
    return moved


def _bump(frames: int) -> np.ndarray:
    """Return heights (frames,) that rise from the floor to 1 and come down to it again, at rest at both ends."""
    return np.sin(np.pi * np.arange(1, frames + 1) / (frames + 1)) ** 2


def _lifts(toe: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the heights (frames,) of a ``toe`` (frames, 3) on its way between frames in which it is ``known``."""
    lift = np.zeros(len(toe))
    for start, stop in runs(~known):
        if start == 0 or stop == len(toe):
            continue
        length = float(np.linalg.norm((toe[stop] - toe[start - 1])[[0, 2]]))
        if length > SCUFF:
            lift[start:stop] = min(LIFT, STRIDE_LIFT * length) * _bump(stop - start)
    return lift


def _eased(lift: np.ndarray, known: np.ndarray, kept: np.ndarray, fps: float) -> np.ndarray:
    """Return ``lift`` (frames,) without kinks: zero where the foot is ``known``, gentle next to frames ``kept``."""
    for _ in range(2):
        lift = np.where(known, 0.0, moving_average(lift, max(1, round(_SMOOTH_SECONDS * fps))))
    return lift * smoothstep(_distance(kept) / (START_SECONDS * fps))


def _distance(kept: np.ndarray) -> np.ndarray:
    """Return how many frames (frames,) each is from the nearest ``kept`` (frames,) one; all of them without any."""
    frames, known = np.arange(len(kept)), np.flatnonzero(kept)
    if not len(known):
        return np.full(len(kept), len(kept))
    after = np.searchsorted(known, frames)
    nearest = (known[np.clip(after - side, 0, len(known) - 1)] for side in (0, 1))
    return np.minimum(*(np.abs(frames - each) for each in nearest))


def _place(toe: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return where a standing toe (frames, 3) stands: on its mean, or where it is in the nearest ``kept`` frames."""
    if not kept.any():
        return toe.mean(axis=0)
    frames, known = np.arange(len(toe)), np.flatnonzero(kept)
    return np.stack([np.interp(frames, known, toe[known, axis]) for axis in range(3)], axis=1)


def _joined_runs(contacts: np.ndarray, kept: np.ndarray, least: int) -> list[tuple[int, int]]:
    """Return the runs in ``contacts`` (frames,), joined over gaps of under ``least`` frames that hold none ``kept``."""
    joined: list[tuple[int, int]] = []
    for start, stop in runs(contacts):
        if joined and start - joined[-1][1] < least and not kept[joined[-1][1] : start].any():
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def _pieces(toe: np.ndarray, fps: float, side: int) -> list[tuple[int, int]]:
    """Part a contact, ``toe`` (frames, 3), so that the toe is dragged by at most DRAG in each part, with time for a
    swing between two: the feet take turns. Parts are (first, one past the last)."""
    count, swing, least = len(toe), round(SWING_SECONDS * fps), least_frames(fps)
    drag = float(np.linalg.norm((toe[-1] - toe[0])[[0, 2]]))
    parts = 1
    while drag * (count - (parts - 1) * swing) / (parts * count) > DRAG:
        if count - parts * swing < (parts + 1) * least:
            break
        parts += 1
    if parts == 1:
        return [(0, count)]
    share = (np.arange(1, parts) if side == 0 else np.arange(1, parts + 1) - 0.5) / parts
    cuts = np.round(share * count).astype(int)
    starts = [0, *(cuts + swing - swing // 2)]
    stops = [*(cuts - swing // 2), count]
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True) if b > a]


def _apart(start: int, stop: int, kept: np.ndarray, reach: int) -> tuple[int, int]:
    """Shorten a contact without ``kept`` frames so that ``reach`` frames remain to the next one on either side."""
    if kept[start:stop].any():
        return start, stop
    before, after = np.flatnonzero(kept[:start]), np.flatnonzero(kept[stop:])
    if len(before):
        start = max(start, int(before[-1]) + 1 + reach)
    if len(after):
        stop = min(stop, stop + int(after[0]) - reach)
    return start, max(start, stop)


def _fade_between(moved: np.ndarray, known: np.ndarray, reach: int) -> None:
    """Fill ``moved`` (frames, 3) where it is not ``known``: away from each known end it eases to zero in ``reach``."""
    for start, stop in runs(~known):
        before = moved[start - 1] if start > 0 else np.zeros(3)
        after = moved[stop] if stop < len(known) else np.zeros(3)
        length = max(1, min(reach, (stop - start + 1) // 2))
        leaving = 1 - smoothstep(np.arange(1, stop - start + 1) / length)[:, None]
        moved[start:stop] = before * leaving + after * leaving[::-1]


def _reach(joints: np.ndarray, side: int, moved: np.ndarray) -> None:
    """Move one foot by ``moved`` (frames, 3) in place, as far as its leg reaches, and bend the knee for it.

    Bare joints have no hinge: the knee stays on the side it is on, and where the leg is straight it goes forwards. A
    leg may be as straight as it was, or nearly straight.
    """
    hip, knee, ankle = (joints[:, pair[side]].copy() for pair in (HIPS, KNEES, ANKLES))
    thigh, shin = (np.linalg.norm(bone, axis=1, keepdims=True) for bone in (knee - hip, ankle - knee))
    # How far the ankle may go, and which way: (frames, 1) and (frames, 3).
    line = ankle + moved - hip
    distance = np.linalg.norm(line, axis=1, keepdims=True)
    was = np.maximum(np.linalg.norm(ankle - hip, axis=1, keepdims=True), 1e-9)
    span = np.clip(distance, np.abs(thigh - shin) + 1e-3, np.maximum(REACH * (thigh + shin), was))
    along = line / np.maximum(distance, 1e-9)
    # The side on which the knee was, and a little forwards.
    forward = unit(np.cross(along, joints[:, HIPS[0]] - joints[:, HIPS[1]]))
    pole = unit(_across(_across(knee - hip, (ankle - hip) / was) + STRAIGHT * forward, along))
    joints[:, KNEES[side]], joints[:, ANKLES[side]] = bend_limb(hip, along, span, pole, thigh, shin)
    joints[:, TOES[side]] += joints[:, ANKLES[side]] - ankle


def _across(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Return the part of ``vectors`` (frames, 3) across unit vectors ``axis`` (frames, 3)."""
    return vectors - (vectors * axis).sum(1, keepdims=True) * axis
