"""What joins a remade stretch to the animation around it: the body it is on, sampling in time, offsets that fade, and
poses that are hit exactly. Pure numpy, float64; joints (frames, 22, 3), Y up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from coamd_blender.motion.skeleton import (
    BODY_PARTS,
    BONE_LENGTHS,
    JOINT_COUNT,
    JOINT_INDEX,
    JOINT_NAMES,
    PARENTS,
    with_bone_lengths,
)

_BONES = np.arange(1, JOINT_COUNT)
_PARENTS = np.array(PARENTS[1:])
_LEGS = [JOINT_INDEX[name] for name in ("left_knee", "left_ankle", "right_knee", "right_ankle")]
# How readily a joint follows one that is pulled: feet hold on to the floor, the pelvis lags, arms give way.
_MOBILITY = np.ones(JOINT_COUNT)
_MOBILITY[[JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("ankle", "foot")]] = 0.02
_MOBILITY[[JOINT_INDEX[name] for name in ("pelvis", "left_hip", "right_hip", "spine1")]] = 0.2
_GROUND = np.array([1.0, 0.0, 1.0])
ACCELERATION = 26.0  # m/s^2, mean over joints: 1 % of the frames of recordings have more, whatever the split
JOIN_SECONDS, JOLT_SECONDS = 0.5, 0.1
SPREADS = (0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3)  # s, of the Gaussian that softens a join
SWAY_SECONDS = 1.0  # slower than this a pelvis travels, faster it sways


# --- bodies ---------------------------------------------------------------------------------------------------------


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    """Length (frames, 22) of the bone that ends at each joint; 0 for the pelvis."""
    lengths = np.zeros(joints.shape[:-1])
    lengths[..., 1:] = np.linalg.norm(joints[..., 1:, :] - joints[..., _PARENTS, :], axis=-1)
    return lengths


def with_lengths(joints: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Rebuild joints (frames, 22, 3) with bone lengths (frames, 22) from the pelvis outwards, directions kept."""
    return with_bone_lengths(joints, np.moveaxis(lengths, -1, 0)[..., None])


@dataclass(frozen=True)
class Body:
    """How a clip's body maps to the canonical one: bone directions are kept, places scaled by the legs' length.

    ``centre`` (3,) is the point of the clip's floor that becomes the origin; ``scale`` canonical metres a unit.
    """

    centre: np.ndarray
    scale: float

    @classmethod
    def of(cls, joints: np.ndarray, floor: float, around: int) -> Body:
        """The body of a clip (frames, 22, 3) whose floor lies at height ``floor``, seen from under frame ``around``."""
        legs = float(np.median(bone_lengths(joints)[:, _LEGS].sum(axis=1)))
        scale = float(BONE_LENGTHS[_LEGS].sum()) / legs if legs > 1e-6 else 1.0
        return cls(np.array([joints[around, 0, 0], floor, joints[around, 0, 2]]), scale)

    def point(self, points: np.ndarray) -> np.ndarray:
        """Places (..., 3) of the clip's world in the canonical one."""
        return (points - self.centre) * self.scale

    def to_canonical(self, joints: np.ndarray) -> np.ndarray:
        """Joints on the canonical body, near the origin."""
        return with_bone_lengths(self.point(np.asarray(joints, np.float64)))

    def from_canonical(self, joints: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Joints (frames, 22, 3) back in the clip's world, with bone ``lengths`` (frames, 22)."""
        return with_lengths(joints / self.scale + self.centre, lengths)


def joints_named(names: str) -> list[int]:
    """Indices of the joints in ``names``: body parts and joints, separated by commas. KeyError for others."""
    found: list[int] = []
    for name in (part.strip() for part in names.split(",")):
        found += [JOINT_INDEX[joint] for joint in BODY_PARTS.get(name, (name,))]
    return sorted(set(found))


def holding(made: np.ndarray, kept: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Compose joints: ``kept`` where ``held`` (22,), elsewhere the bones of ``made`` on what they hang from."""
    result = kept.copy()
    for joint in np.flatnonzero(~held):
        parent = PARENTS[joint]
        result[..., joint, :] = result[..., parent, :] + made[..., joint, :] - made[..., parent, :]
    return result


# --- time -----------------------------------------------------------------------------------------------------------


def sample_at(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values (frames, ...) at fractional frames ``at`` (count,): cubic Hermite with central differences (Catmull-Rom).

    Local, exact at whole frames, continuous in velocity. Outside the frames the nearest one counts.
    """
    if len(values) == 1:
        return values[np.zeros(len(at), int)]
    at = np.clip(at, 0, len(values) - 1)
    first = np.minimum(np.floor(at + 1e-9).astype(int), len(values) - 2)
    t = (at - first).reshape(-1, *[1] * (values.ndim - 1))
    slope = np.gradient(values, axis=0)
    a, b, u, v = values[first], values[first + 1], slope[first], slope[first + 1]
    return a + t * (u + t * (3 * (b - a) - 2 * u - v + t * (2 * (a - b) + u + v)))


def in_place(joints: np.ndarray, fps: float) -> np.ndarray:
    """Take the travel out of joints (frames, joints, 3): the pelvis stays over where it was at frame 0, sway kept."""
    smooth = _smoothed(joints[:, 0].astype(np.float64) * _GROUND, SWAY_SECONDS * fps / 2)
    return (joints - (smooth - smooth[0])[:, None]).astype(joints.dtype)


def _smoothed(values: np.ndarray, spread: float) -> np.ndarray:
    """Values (frames, ...) under a Gaussian of ``spread`` frames; both ends are continued point-symmetrically."""
    reach = min(int(3 * spread) + 1, len(values) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    rows = np.pad(values.reshape(len(values), -1), [(reach, reach), (0, 0)], "reflect", reflect_type="odd")
    smooth = [np.convolve(row, kernel / kernel.sum(), "valid") for row in rows.T]
    return np.stack(smooth, axis=1).reshape(values.shape)


def acceleration(joints: np.ndarray, fps: float) -> np.ndarray:
    """Size of the second difference of joints (frames, joints, 3), mean over joints, m/s^2: (frames - 2,)."""
    return np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).mean(axis=1) * fps**2


def softened(
    joints: np.ndarray, joins: Iterable[int], fps: float, limit: float = ACCELERATION, seconds: float = JOIN_SECONDS
) -> np.ndarray:
    """Smooth joints (frames, 22, 3) about the frames ``joins`` until none of them accelerates by more than ``limit``.

    Each join that does is smoothed on its own, ``seconds`` to both sides and fading out over as much again, no
    stronger than it takes; bones keep their lengths.
    """
    result = joints.astype(np.float64)
    reach = max(1, round(seconds * fps))
    for join in joins:
        first, last = max(0, join - 3 * reach), min(len(joints), join + 3 * reach + 1)
        piece = result[first:last].copy()
        lengths, off = bone_lengths(piece), np.abs(np.arange(first, last) - join)
        share = np.clip(2 - off / reach, 0, 1)
        share = (share * share * (3 - 2 * share))[:, None, None]
        near = off[1:-1] <= 2 * reach
        for spread in SPREADS:
            if acceleration(result[first:last], fps)[near].max() <= limit:
                break
            result[first:last] = with_lengths(piece + share * (_smoothed(piece, spread * fps) - piece), lengths)
    return result.astype(joints.dtype)


def without_jolts(joints: np.ndarray, fps: float, limit: float = ACCELERATION) -> np.ndarray:
    """Soften whatever frame of joints (frames, 22, 3) accelerates most, until none does by more than ``limit``."""
    for _ in range(len(joints)):
        change = acceleration(joints, fps)
        if change.max() <= limit:
            break
        joints = softened(joints, [int(change.argmax()) + 1], fps, limit, JOLT_SECONDS)
    return joints


# --- fading ---------------------------------------------------------------------------------------------------------


def fade(offset: np.ndarray, speed: np.ndarray, frames: int, length: int) -> np.ndarray:
    """Offsets (frames, ...) for the frames after one that is ``offset`` (...) off and drifts by ``speed`` a frame:
    the quintic that starts so without curvature and ends at rest at zero after ``length`` frames."""
    t = np.minimum(np.arange(1, frames + 1) / length, 1.0).reshape(-1, *[1] * offset.ndim)
    place = 1 - t**3 * (10 - 15 * t + 6 * t * t)
    return offset * place + speed * length * (t - t**3 * (6 - 8 * t + 3 * t * t))


def eased(frames: int, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (frames, ...) known at frames ``at``, ascending: eased in between, level outside."""
    place = np.arange(frames)
    after = np.clip(np.searchsorted(at, place, side="right"), 1, max(1, len(at) - 1))
    if len(at) == 1:
        return np.repeat(values, frames, axis=0)
    low, high = at[after - 1], at[after]
    t = np.clip((place - low) / (high - low), 0, 1)
    t = (t * t * (3 - 2 * t)).reshape(-1, *[1] * (values.ndim - 1))
    return values[after - 1] * (1 - t) + values[after] * t


# --- poses that are hit ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """Where joints must be at a frame: ``joints`` are indices, ``points`` (joints, 3) their places."""

    frame: int
    joints: tuple[int, ...]
    points: np.ndarray

    @property
    def name(self) -> str:
        return JOINT_NAMES[self.joints[0]] if len(self.joints) == 1 else f"the pose at frame {self.frame}"


def pulled(joints: np.ndarray, lengths: np.ndarray, targets: list[Target], held: np.ndarray, rounds: int) -> np.ndarray:
    """Poses (targets, 22, 3): ``joints`` (targets, 22, 3) with each target's joints in their places.

    Bones keep their ``lengths`` (targets, 22) as in position-based dynamics (Mueller et al. 2007): every bone in turn
    is put right by moving both its ends, each as far as it is mobile. ``held`` (22,) joints do not move.
    """
    result = joints.copy()
    weight = np.repeat(np.where(held, 0.0, _MOBILITY)[None], len(joints), axis=0)
    for row, target in enumerate(targets):
        result[row, list(target.joints)] = target.points
        weight[row, list(target.joints)] = 0.0
    for _ in range(rounds):
        for joint in _BONES[::-1]:
            parent = PARENTS[joint]
            both = weight[:, joint] + weight[:, parent]
            bone = result[:, joint] - result[:, parent]
            size = np.linalg.norm(bone, axis=1)
            stretch = (size - lengths[:, joint]) / np.maximum(size * np.where(both > 0, both, 1.0), 1e-9)
            result[:, joint] -= (weight[:, joint] * stretch)[:, None] * bone
            result[:, parent] += (weight[:, parent] * stretch)[:, None] * bone
    return result


def through(
    joints: np.ndarray,
    lengths: np.ndarray,
    targets: list[Target],
    held: np.ndarray,
    reach: int,
    rounds: int,
    ends: tuple[bool, bool],
) -> np.ndarray:
    """Bend a motion (frames, 22, 3) so that it goes through every target; the targets' frames count from its first.

    Each pose is solved by :func:`pulled`. What it moves the body over the ground is spread from target to target,
    the rest over ``reach`` frames on both sides. ``ends`` says whether the motion is joined before its first and
    after its last frame to something that stays.
    """
    targets = sorted(targets, key=lambda target: target.frame)
    at = np.array([target.frame for target in targets])
    change = pulled(joints[at], lengths[at], targets, held, rounds) - joints[at]
    ground = change[:, :1] * _GROUND
    moved = joints + _spread(len(joints), at, ground, len(joints) + 1, ends)
    moved = moved + _spread(len(joints), at, change - ground, reach, ends)
    return holding(with_lengths(moved, lengths), joints, held) if held.any() else with_lengths(moved, lengths)


def _spread(frames: int, at: np.ndarray, change: np.ndarray, reach: int, ends: tuple[bool, bool]) -> np.ndarray:
    """Ease ``change`` (targets, ...), known at frames ``at``, to zero ``reach`` frames from each and at ``ends``."""
    knots: dict[int, np.ndarray] = {}
    zero = np.zeros_like(change[0])
    for number, frame in enumerate(at):
        left = at[number - 1] if number else -np.inf
        right = at[number + 1] if number + 1 < len(at) else np.inf
        if frame - left > 2 * reach and frame - reach > 0:
            knots[int(frame - reach)] = zero
        if right - frame > 2 * reach and frame + reach < frames - 1:
            knots[int(frame + reach)] = zero
    if ends[0]:
        knots[-1] = zero
    if ends[1]:
        knots[frames] = zero
    knots |= {int(frame): value for frame, value in zip(at, change, strict=True)}
    order = np.array(sorted(knots))
    return eased(frames + 2, order + 1, np.stack([knots[frame] for frame in order]))[1:-1]
