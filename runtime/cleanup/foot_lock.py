"""Take the sliding out of generated feet: travel that follows the standing foot, then legs that reach it.

A generator predicts the travel of the body and the swing of its legs apart, and where the two disagree the
feet slide. The body's own travel is corrected first, and gently, so that a brisk walk stays brisk: a smooth
change of velocity that slows the standing feet (a least-squares problem with one unknown a frame). What is left
over is taken up by the legs, bent by the law of cosines in the plane they bend in.

Joints are (frames, 22, 3), metres, Y up, floor at y = 0, on a body about as large as the canonical one.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from coamd_blender.motion.skeleton import FPS, JOINT_INDEX

SIDES = ("left", "right")
_HIPS, _KNEES, _ANKLES, _TOES = (
    np.array([JOINT_INDEX[f"{side}_{name}"] for side in SIDES]) for name in ("hip", "knee", "ankle", "foot")
)

LOW_TOE = 0.06  # m: a toe higher than this does not stand
SLOWEST, FASTEST = 0.7, 1.5  # m/s: a standing toe slides by less, whatever the body does
SHARE_OF_TRAVEL = 0.85  # of the body's speed, between the two above: faster toes are swinging
ON_FEET = 0.55  # m: a pelvis lower than this is carried by more than feet
LEAST_SECONDS = 0.15
SMOOTHNESS, STIFFNESS = 6.0, 2.0  # of the travel's correction, against a standing foot's weight of one, at 20 fps
HELD = 1e4  # against the same: what must not move
GLIDES, GLIDE_SECONDS = 1.5, 0.4  # times the body's speed, m/s: a low toe that is no faster for so long does not swing
BREAK_SECONDS = 0.15  # no swing is shorter: a stand so interrupted goes on
DRAG, SWING_SECONDS, LIFT = 0.7, 0.25, 0.09  # m, s, m: a foot dragged further takes steps, so long and so high
SWITCH = 0.15  # m: a body that slides on both feet changes from one to the other where that spares as much slide
STRIDE_LIFT, SCUFF = 0.3, 0.05  # of a step's length, m: so high is a step, and a shorter one stays on the floor
START_SECONDS = 0.2  # over which a step out of kept frames, or into them, gets to its height
FADE_SECONDS = 0.25  # over which a leg goes back to its own motion
STRAIGHT = 0.005  # m: a knee that bends by less has no plane of its own, and bends forwards
REACH = 0.998  # of a leg's length: it is never stretched straighter than this, nor than it was


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return the stretches [start, stop) where ``mask`` (frames,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def standing(joints: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return when each foot stands: (frames, 2) bool, left and right.

    A foot stands while its toe is low and slower than a share of the body's own travel, for 0.15 s or more;
    never on a body that sits, crawls or lies.
    """
    toes = joints[:, _TOES]
    slide = np.linalg.norm(_velocity(toes, fps)[..., [0, 2]], axis=-1)
    travel = np.linalg.norm(_smooth(_velocity(joints[:, 0], fps), round(0.1 * fps))[:, [0, 2]], axis=-1)
    limit = np.clip(SHARE_OF_TRAVEL * travel, SLOWEST, FASTEST)
    down = (toes[..., 1] < LOW_TOE) & (slide < limit[:, None]) & (joints[:, :1, 1] > ON_FEET)
    for side in range(2):
        for start, stop in _runs(down[:, side]):
            if stop - start < _least(fps):
                down[start:stop, side] = False
    return down


def gliding(joints: np.ndarray, down: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return when each foot that is not ``down`` (frames, 2) is carried along low over the floor for 0.4 s or more, at
    no more than 1.5 times the body's speed, as no swinging foot is: (frames, 2) bool; never on a body that sits,
    crawls or lies."""
    toes = joints[:, _TOES]
    slide = np.linalg.norm(_velocity(toes, fps)[..., [0, 2]], axis=-1)
    travel = np.linalg.norm(_smooth(_velocity(joints[:, 0], fps), round(0.1 * fps))[:, [0, 2]], axis=-1)
    limit = np.maximum(GLIDES * travel, SLOWEST)
    low = (toes[..., 1] < LOW_TOE) & (slide < limit[:, None]) & (joints[:, :1, 1] > ON_FEET) & ~down
    for side in range(2):
        for start, stop in _runs(low[:, side]):
            if stop - start < GLIDE_SECONDS * fps:
                low[start:stop, side] = False
    return low


def carrying(joints: np.ndarray, down: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return which foot carries a body that slides on both for 0.15 s or more: (frames, 2) bool, one foot at a time.

    Where a toe is low and neither foot is ``down`` (frames, 2), the body is not in the air, so one of the feet should
    stand: the one that slides least, changed where that spares more than SWITCH (the cheapest sequence, by dynamic
    programming).
    """
    toes = joints[:, _TOES]
    cost = np.linalg.norm(_velocity(toes, fps)[..., [0, 2]], axis=-1) / fps + np.maximum(0.0, toes[..., 1] - LOW_TOE)
    bare = ~down.any(1) & (toes[..., 1].min(1) < LOW_TOE) & (joints[:, 0, 1] > ON_FEET)
    found = np.zeros_like(down)
    for start, stop in _runs(bare):
        total, came = cost[start].copy(), []
        for frame in range(start + 1, stop):
            came.append(total[::-1] + SWITCH < total)
            total = np.minimum(total, total[::-1] + SWITCH) + cost[frame]
        side = int(total.argmin())
        for frame in range(stop - 1, start - 1, -1):
            found[frame, side] = True
            side = 1 - side if frame > start and came[frame - start - 1][side] else side
    found &= toes[..., 1] < LOW_TOE
    for side in range(2):
        for start, stop in _runs(found[:, side]):
            if stop - start < _least(fps):
                found[start:stop, side] = False
    return found


def planted(
    joints: np.ndarray, kept: np.ndarray | None = None, fps: float = FPS, travels: bool = True, steps: bool = False
) -> np.ndarray:
    """Return ``joints`` with standing feet that stay where they stand, toes above the floor, bones of the same length.

    The heights of the body and everything above the hips, seen from the pelvis, are untouched. Frames ``kept``
    (frames,) bool stay as they are, and what lies between two of them still leads from one to the other. Without
    ``travels`` the body stays where it is, and only the legs reach. With ``steps`` a body that slides on both feet is
    carried by one of them, and a foot leaves the floor on its way from one stand to the next.
    """
    result = np.array(joints, dtype=np.float64)
    if len(result) < _least(fps) + 1:
        return result.astype(joints.dtype)
    kept = np.zeros(len(result), bool) if kept is None else kept
    down = standing(result, fps)
    if travels:
        result[:, :, [0, 2]] += travel_correction(result, down, kept, fps)[:, None]
    down = down | gliding(result, down, fps)
    if steps:
        down = down | (carrying(result, down, fps) & ~kept[:, None])
    moved = leg_correction(result, down, kept, fps, steps)
    for side in range(2):
        _reach(result, side, moved[:, side])
    return result.astype(joints.dtype)


def travel_correction(joints: np.ndarray, down: np.ndarray, kept: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return how far to move the whole body over the floor in each frame: (frames, 2), x and z, zero at frame 0 and
    in frames ``kept``, unless they are all behind others: then those move.

    Its velocity u minimises the slide of standing feet, sum (v + u)^2, plus SMOOTHNESS times the squares of its
    own changes, plus STIFFNESS times its squares: a tridiagonal system, but for the sums over what lies between
    kept frames, which are held at zero.
    """
    steps = np.diff(joints[:, _TOES][..., [0, 2]], axis=0)  # (frames - 1, 2 feet, 2)
    weight = (down[1:] & down[:-1]).astype(float)
    count = len(steps)
    matrix = np.diag(weight.sum(1) + STIFFNESS)
    change = np.diff(np.eye(count), axis=0)
    matrix += SMOOTHNESS * (fps / FPS) ** 2 * change.T @ change
    for first, last in pairwise(np.flatnonzero(kept)):
        matrix[first:last, first:last] += HELD
    velocity = np.linalg.solve(matrix, -(weight[..., None] * steps).sum(1))
    moved = np.concatenate([np.zeros((1, 2)), np.cumsum(velocity, axis=0)])
    return moved - moved[np.argmax(kept)]


def leg_correction(
    joints: np.ndarray, down: np.ndarray, kept: np.ndarray, fps: float = FPS, steps: bool = False
) -> np.ndarray:
    """Return how far to move each foot: (frames, 2, 3). A standing toe goes to its mean place over its stand, or to
    where it is in the nearest ``kept`` frames, a toe under the floor up to it; between stands the correction fades.
    A foot that is dragged further than a leg can follow takes steps instead; with ``steps`` it leaves the floor
    between stands, the higher the longer its step, and is not lifted while it stands."""
    moved = np.zeros((len(joints), 2, 3))
    reach = round(FADE_SECONDS * fps)
    for side in range(2):
        toe = joints[:, _TOES[side]]
        known, lift = np.zeros(len(joints), dtype=bool), np.zeros(len(joints))
        for start, stop in _joined_runs(down[:, side], kept, round(BREAK_SECONDS * fps)):
            pieces = _steps(toe[start:stop], fps, side)
            for first, last in pieces:
                first, last = _apart(start + first, start + last, kept, reach)
                if last > first:
                    moved[first:last, side] = (_place(toe[first:last], kept[first:last]) - toe[first:last]) * [1, 0, 1]
                    known[first:last] = True
            for (_, left), (right, _) in pairwise(pieces):
                bump = np.sin(np.pi * np.arange(1, right - left + 1) / (right - left + 1)) ** 2
                lift[start + left : start + right] = LIFT * bump
        moved[kept, side], known[kept] = 0.0, True
        _fade_between(moved[:, side], known, reach)
        if steps:
            lift = np.maximum(lift, _lifts(toe + moved[:, side], known))
        lift = np.maximum(0.0, lift - np.maximum(0.0, toe[:, 1]))
        if steps:
            lift = _eased(lift, known, kept, fps)
        rise = _smooth(np.maximum(0.0, -toe[:, 1]), max(1, round(0.05 * fps)))
        moved[:, side, 1] = np.where(kept, 0.0, np.maximum(rise, lift))
    return moved


def _lifts(toe: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Heights (frames,) that a ``toe`` (frames, 3) passes through on its way between the frames where it is
    ``known`` (frames,) to stand or to be."""
    lift = np.zeros(len(toe))
    for start, stop in _runs(~known):
        if start == 0 or stop == len(toe):
            continue
        length = float(np.linalg.norm((toe[stop] - toe[start - 1])[[0, 2]]))
        if length > SCUFF:
            bump = np.sin(np.pi * np.arange(1, stop - start + 1) / (stop - start + 1)) ** 2
            lift[start:stop] = min(LIFT, STRIDE_LIFT * length) * bump
    return lift


def _eased(lift: np.ndarray, known: np.ndarray, kept: np.ndarray, fps: float) -> np.ndarray:
    """``lift`` (frames,) without kinks: zero where the foot is ``known`` (frames,) to stand or to be, gentle next to
    frames ``kept`` (frames,), which have no part in it."""
    for _ in range(2):
        lift = np.where(known, 0.0, _smooth(lift, max(1, round(0.05 * fps))))
    away = np.abs(np.arange(len(lift))[:, None] - np.flatnonzero(kept)).min(axis=1, initial=len(lift))
    return lift * (1 - _ease(away / (START_SECONDS * fps)))


def _place(toe: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Where a standing toe (frames, 3) stands: on its mean, or where it is in the nearest ``kept`` (frames,) frames."""
    if not kept.any():
        return toe.mean(axis=0)
    frames, known = np.arange(len(toe)), np.flatnonzero(kept)
    return np.stack([np.interp(frames, known, toe[known, axis]) for axis in range(3)], axis=1)


def _joined_runs(down: np.ndarray, kept: np.ndarray, least: int) -> list[tuple[int, int]]:
    """Runs of True in ``down`` (frames,), those joined that are less than ``least`` frames apart, none ``kept``."""
    runs: list[tuple[int, int]] = []
    for start, stop in _runs(down):
        if runs and start - runs[-1][1] < least and not kept[runs[-1][1] : start].any():
            runs[-1] = (runs[-1][0], stop)
        else:
            runs.append((start, stop))
    return runs


def _steps(toe: np.ndarray, fps: float, side: int) -> list[tuple[int, int]]:
    """Part a stand, ``toe`` (frames, 3), so that the toe is dragged by at most DRAG in each part, with time for a swing
    between two: the feet take turns. Parts are (first, one past the last)."""
    count, swing, least = len(toe), round(SWING_SECONDS * fps), _least(fps)
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
    """Shorten a stand that holds no ``kept`` frame so that ``reach`` frames remain to the next one on either side."""
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
    for start, stop in _runs(~known):
        before = moved[start - 1] if start > 0 else np.zeros(3)
        after = moved[stop] if stop < len(known) else np.zeros(3)
        length = max(1, min(reach, (stop - start + 1) // 2))
        place = np.arange(1, stop - start + 1)
        moved[start:stop] = before * _ease(place / length)[:, None] + after * _ease(place[::-1] / length)[:, None]


def _ease(share: np.ndarray) -> np.ndarray:
    """1 at 0, 0 from 1 on, flat at both ends."""
    t = np.clip(share, 0, 1)
    return 1 - t * t * (3 - 2 * t)


def _reach(joints: np.ndarray, side: int, moved: np.ndarray) -> None:
    """Move one foot by ``moved`` (frames, 3) in place, as far as its leg reaches, and bend the knee for it."""
    hip, knee, ankle = (joints[:, chain[side]].copy() for chain in (_HIPS, _KNEES, _ANKLES))
    wanted = ankle + moved
    thigh, shin = (np.linalg.norm(bone, axis=1, keepdims=True) for bone in (knee - hip, ankle - knee))
    line = wanted - hip
    distance = np.linalg.norm(line, axis=1, keepdims=True)
    was = np.maximum(np.linalg.norm(ankle - hip, axis=1, keepdims=True), 1e-9)
    most = np.maximum(REACH * (thigh + shin), was)
    span = np.clip(distance, np.abs(thigh - shin) + 1e-3, most)
    axis = line / np.maximum(distance, 1e-9)
    forward = _unit(np.cross(axis, joints[:, _HIPS[0]] - joints[:, _HIPS[1]]))
    bend = _unit(_across(_across(knee - hip, (ankle - hip) / was) + STRAIGHT * forward, axis))
    along = (thigh**2 - shin**2 + span**2) / (2 * span)
    out = np.sqrt(np.maximum(thigh**2 - along**2, 0.0))
    placed = hip + axis * span
    joints[:, _TOES[side]] += placed - ankle
    joints[:, _KNEES[side]] = hip + axis * along + bend * out
    joints[:, _ANKLES[side]] = placed


def _across(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of ``vectors`` (frames, 3) across unit vectors ``axis`` (frames, 3)."""
    return vectors - (vectors * axis).sum(1, keepdims=True) * axis


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _velocity(points: np.ndarray, fps: float) -> np.ndarray:
    return np.gradient(points, axis=0) * fps


def _least(fps: float) -> int:
    """Frames that a foot stands at least."""
    return max(2, round(LEAST_SECONDS * fps))


def _smooth(values: np.ndarray, reach: int) -> np.ndarray:
    """Moving average over ``2 * reach + 1`` frames along the first axis, ends repeated."""
    padded = np.concatenate([values[:1].repeat(reach, 0), values, values[-1:].repeat(reach, 0)])
    window = 2 * reach + 1
    return np.stack([padded[offset : offset + len(values)] for offset in range(window)]).mean(axis=0)
