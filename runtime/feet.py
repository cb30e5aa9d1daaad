"""Take the sliding out of generated feet: travel that follows the standing foot, then legs that reach it.

A generator predicts the travel of the body and the swing of its legs apart, and where the two disagree the
feet slide. The body's own travel is corrected first, and gently, so that a brisk walk stays brisk: a smooth
change of velocity that slows the standing feet (a least-squares problem with one unknown a frame). What is left
over is taken up by the legs, bent by the law of cosines in the plane they bend in.

Joints are (frames, 22, 3), metres, Y up, 20 frames a second, floor at y = 0, on the canonical body.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from coamd_blender.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX
from runtime.data.describe import runs_of

SIDES = ("left", "right")
_HIPS, _KNEES, _ANKLES, _TOES = (
    np.array([JOINT_INDEX[f"{side}_{name}"] for side in SIDES]) for name in ("hip", "knee", "ankle", "foot")
)
_THIGH, _SHIN = BONE_LENGTHS[_KNEES[0]], BONE_LENGTHS[_ANKLES[0]]

LOW_TOE = 0.06  # m: a toe higher than this does not stand
SLOWEST, FASTEST = 0.7, 1.5  # m/s: a standing toe slides by less, whatever the body does
SHARE_OF_TRAVEL = 0.85  # of the body's speed, between the two above: faster toes are swinging
ON_FEET = 0.55  # m: a pelvis lower than this is carried by more than feet
LEAST_FRAMES = 3
SMOOTHNESS, STIFFNESS = 6.0, 2.0  # of the travel's correction, against a standing foot's weight of one
HELD = 1e4  # against the same: what must not move
FADE = 5  # frames over which a leg goes back to its own motion
STRAIGHT = 0.005  # m: a knee that bends by less has no plane of its own, and bends forwards
REACH = 0.998  # of a leg's length: it is never stretched straighter than this, nor than it was


def standing(joints: np.ndarray) -> np.ndarray:
    """Return when each foot stands: (frames, 2) bool, left and right.

    A foot stands while its toe is low and slower than a share of the body's own travel, for 0.15 s or more;
    never on a body that sits, crawls or lies.
    """
    toes = joints[:, _TOES]
    slide = np.linalg.norm(_velocity(toes)[..., [0, 2]], axis=-1)
    travel = np.linalg.norm(_smooth(_velocity(joints[:, 0]))[:, [0, 2]], axis=-1)
    limit = np.clip(SHARE_OF_TRAVEL * travel, SLOWEST, FASTEST)
    down = (toes[..., 1] < LOW_TOE) & (slide < limit[:, None]) & (joints[:, :1, 1] > ON_FEET)
    for side in range(2):
        for start, stop in runs_of(down[:, side]):
            if stop - start < LEAST_FRAMES:
                down[start:stop, side] = False
    return down


def planted(joints: np.ndarray, kept: np.ndarray | None = None) -> np.ndarray:
    """Return ``joints`` with standing feet that stay where they stand, toes above the floor, bones of the same length.

    The heights of the body and everything above the hips, seen from the pelvis, are untouched. Frames ``kept``
    (frames,) bool stay as they are, and what lies between two of them still leads from one to the other.
    """
    result = np.array(joints, dtype=np.float64)
    if len(result) < LEAST_FRAMES + 1:
        return result.astype(joints.dtype)
    kept = np.zeros(len(result), bool) if kept is None else kept
    down = standing(result)
    result[:, :, [0, 2]] += travel_correction(result, down, kept)[:, None]
    moved = leg_correction(result, down, kept)
    for side in range(2):
        _reach(result, side, moved[:, side])
    return result.astype(joints.dtype)


def travel_correction(joints: np.ndarray, down: np.ndarray, kept: np.ndarray) -> np.ndarray:
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
    matrix += SMOOTHNESS * change.T @ change
    for first, last in pairwise(np.flatnonzero(kept)):
        matrix[first:last, first:last] += HELD
    velocity = np.linalg.solve(matrix, -(weight[..., None] * steps).sum(1))
    moved = np.concatenate([np.zeros((1, 2)), np.cumsum(velocity, axis=0)])
    return moved - moved[np.argmax(kept)]


def leg_correction(joints: np.ndarray, down: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return how far to move each foot: (frames, 2, 3). A standing toe goes to its mean place over its stand, or to
    where it is in ``kept`` frames, a toe under the floor up to it; between stands the correction fades."""
    moved = np.zeros((len(joints), 2, 3))
    for side in range(2):
        toe = joints[:, _TOES[side]]
        known = np.zeros(len(joints), dtype=bool)
        for start, stop in runs_of(down[:, side]):
            stays = kept[start:stop] if kept[start:stop].any() else slice(None)
            moved[start:stop, side] = (toe[start:stop][stays].mean(axis=0) - toe[start:stop]) * [1, 0, 1]
            known[start:stop] = True
        moved[kept, side], known[kept] = 0.0, True
        _fade_between(moved[:, side], known)
        moved[:, side, 1] = np.where(kept, 0.0, _smooth(np.maximum(0.0, -toe[:, 1]), 1))
    return moved


def _fade_between(moved: np.ndarray, known: np.ndarray) -> None:
    """Fill ``moved`` (frames, 3) where it is not ``known``: away from each known end it eases to zero."""
    for start, stop in runs_of(~known):
        before = moved[start - 1] if start > 0 else np.zeros(3)
        after = moved[stop] if stop < len(known) else np.zeros(3)
        length = max(1, min(FADE, (stop - start + 1) // 2))
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
    line = wanted - hip
    distance = np.linalg.norm(line, axis=1, keepdims=True)
    was = np.maximum(np.linalg.norm(ankle - hip, axis=1, keepdims=True), 1e-9)
    most = np.maximum(REACH * (_THIGH + _SHIN), was)
    span = np.clip(distance, abs(_THIGH - _SHIN) + 1e-3, most)
    axis = line / np.maximum(distance, 1e-9)
    forward = _unit(np.cross(axis, joints[:, _HIPS[0]] - joints[:, _HIPS[1]]))
    bend = _unit(_across(_across(knee - hip, (ankle - hip) / was) + STRAIGHT * forward, axis))
    along = (_THIGH**2 - _SHIN**2 + span**2) / (2 * span)
    out = np.sqrt(np.maximum(_THIGH**2 - along**2, 0.0))
    placed = hip + axis * span
    joints[:, _TOES[side]] += placed - ankle
    joints[:, _KNEES[side]] = hip + axis * along + bend * out
    joints[:, _ANKLES[side]] = placed


def _across(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of ``vectors`` (frames, 3) across unit vectors ``axis`` (frames, 3)."""
    return vectors - (vectors * axis).sum(1, keepdims=True) * axis


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _velocity(points: np.ndarray) -> np.ndarray:
    return np.gradient(points, axis=0) * FPS


def _smooth(values: np.ndarray, reach: int = 2) -> np.ndarray:
    """Moving average over ``2 * reach + 1`` frames along the first axis, ends repeated."""
    padded = np.concatenate([values[:1].repeat(reach, 0), values, values[-1:].repeat(reach, 0)])
    window = 2 * reach + 1
    return np.stack([padded[offset : offset + len(values)] for offset in range(window)]).mean(axis=0)
