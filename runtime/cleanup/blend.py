"""Blend what was generated into the animation around it: the body it is on, offsets that fade, poses that are hit.

Pure numpy and scipy, float64; joints (frames, 22, 3), Y up, in metres or in the unit of the clip they come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from coamd_blender.motion.kinematics import bone_lengths
from coamd_blender.motion.signals import ease_between, settle_quintic, smoothstep
from coamd_blender.motion.skeleton import (
    ANKLES,
    BONE_LENGTHS,
    HIPS,
    JOINT_COUNT,
    JOINT_INDEX,
    JOINT_NAMES,
    KNEES,
    PARENTS,
    TOES,
    with_bone_lengths,
)

_BONES = np.arange(1, JOINT_COUNT)
_LEGS = [*KNEES, *ANKLES]  # whose bones are thighs and shins
# How readily a joint follows one that is pulled: feet hold on to the floor, the pelvis lags, arms give way.
_MOBILITY = np.ones(JOINT_COUNT)
_MOBILITY[[*ANKLES, *TOES]] = 0.02
_MOBILITY[[JOINT_INDEX["pelvis"], *HIPS, JOINT_INDEX["spine1"]]] = 0.2
_GROUND = np.array([1.0, 0.0, 1.0])
ACCELERATION = 26.0  # m/s^2, mean over joints: 1 % of the frames of recordings have more, whatever the split
BLEND_SECONDS, JOLT_SECONDS = 0.5, 0.1
SPREADS = (0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3)  # s, of the Gaussian that softens a blend
SWAY_SECONDS = 1.0  # slower than this a pelvis travels, faster it sways


# --- bodies ---------------------------------------------------------------------------------------------------------


def with_lengths(joints: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Rebuild ``joints`` (frames, 22, 3) with bone ``lengths`` (frames, 22) in the same unit: the same shape.

    The pelvis and the directions of the bones are kept.
    """
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
        """Measure the body of a clip's ``joints`` (frames, 22, 3) whose floor lies at height ``floor``, in the clip's
        unit.

        The canonical origin comes under its pelvis at frame ``around``.
        """
        legs = float(np.median(bone_lengths(joints)[:, _LEGS].sum(axis=1)))
        scale = float(BONE_LENGTHS[_LEGS].sum()) / legs if legs > 1e-6 else 1.0
        return cls(np.array([joints[around, 0, 0], floor, joints[around, 0, 2]]), scale)

    def point(self, points: np.ndarray) -> np.ndarray:
        """Return ``points`` (..., 3) of the clip's world in the canonical one, metres, the same shape."""
        return (points - self.centre) * self.scale

    def to_canonical(self, joints: np.ndarray) -> np.ndarray:
        """Return ``joints`` (frames, 22, 3) of the clip on the canonical body near the origin, metres."""
        return with_bone_lengths(self.point(np.asarray(joints, np.float64)))

    def from_canonical(self, joints: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return canonical ``joints`` (frames, 22, 3), metres, back in the clip's world and unit, the same shape.

        Their bones take ``lengths`` (frames, 22), in the clip's unit.
        """
        return with_lengths(joints / self.scale + self.centre, lengths)


def holding(made: np.ndarray, kept: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return ``kept`` (..., 22, 3) with the bones of ``made`` (..., 22, 3) on what they hang from.

    Joints ``held`` (22,) bool are those of ``kept``.
    """
    result = kept.copy()
    for joint in np.flatnonzero(~held):
        parent = PARENTS[joint]
        result[..., joint, :] = result[..., parent, :] + made[..., joint, :] - made[..., parent, :]
    return result


# --- time -----------------------------------------------------------------------------------------------------------


def in_place(joints: np.ndarray, fps: float) -> np.ndarray:
    """Take the root trajectory out of ``joints`` (frames, joints, 3), any unit: the same shape.

    The pelvis stays where it was, but for its sway.
    """
    smooth = _smoothed(joints[:, 0].astype(np.float64) * _GROUND, SWAY_SECONDS * fps / 2)
    return (joints - (smooth - smooth[0])[:, None]).astype(joints.dtype)


def _smoothed(values: np.ndarray, spread: float) -> np.ndarray:
    """Return ``values`` (frames, ...) under a Gaussian of ``spread`` frames; straight motion is kept, ends as well."""
    reach = min(int(3 * spread) + 1, len(values) - 1)
    # Both ends are continued point-symmetrically, which no mode of scipy's does.
    padding = [(reach, reach)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, padding, "reflect", reflect_type="odd")
    return gaussian_filter1d(padded, spread, axis=0, radius=reach)[reach : reach + len(values)]


def acceleration(joints: np.ndarray, fps: float) -> np.ndarray:
    """Return the size of the second difference of ``joints`` (frames, joints, 3), metres, mean over joints.

    (frames - 2,) m/s^2, for each frame but the first and the last.
    """
    return np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).mean(axis=1) * fps**2


def soften_blends(
    joints: np.ndarray, blends: Iterable[int], fps: float, limit: float = ACCELERATION, seconds: float = BLEND_SECONDS
) -> np.ndarray:
    """Smooth ``joints`` (frames, 22, 3), metres, about the frames ``blends`` at which motions meet.

    No more than it takes, until none of them accelerates by more than ``limit``, m/s^2: each blend that does is
    smoothed on its own, ``seconds`` to both sides and fading out over as much again, by the narrowest Gaussian that is
    enough. Bones keep their lengths; the result has the same shape and dtype.
    """
    result = joints.astype(np.float64)
    reach = max(1, round(seconds * fps))
    for blend in blends:
        first, last = max(0, blend - 3 * reach), min(len(joints), blend + 3 * reach + 1)
        piece = result[first:last].copy()  # (frames near the blend, 22, 3)
        lengths, off = bone_lengths(piece), np.abs(np.arange(first, last) - blend)
        share = smoothstep(2 - off / reach)[:, None, None]
        near = off[1:-1] <= 2 * reach  # of the frames that have an acceleration
        for spread in SPREADS:
            if acceleration(result[first:last], fps)[near].max() <= limit:
                break
            result[first:last] = with_lengths(piece + share * (_smoothed(piece, spread * fps) - piece), lengths)
    return result.astype(joints.dtype)


def without_jolts(joints: np.ndarray, fps: float, limit: float = ACCELERATION) -> np.ndarray:
    """Soften whatever frame of ``joints`` (frames, 22, 3), metres, accelerates most, until none is above ``limit``.

    The limit is in m/s^2; the result has the same shape.
    """
    for _ in range(len(joints)):
        change = acceleration(joints, fps)
        if change.max() <= limit:
            break
        joints = soften_blends(joints, [int(change.argmax()) + 1], fps, limit, JOLT_SECONDS)
    return joints


# --- fading ---------------------------------------------------------------------------------------------------------


def fade(offset: np.ndarray, speed: np.ndarray, frames: int, length: int) -> np.ndarray:
    """Return offsets (frames, ...) for the frames after one that is ``offset`` (...) off and drifts by ``speed`` (...).

    ``speed`` is a change a frame. After ``length`` frames the offsets are at rest at zero (``settle_quintic``).
    """
    return settle_quintic(np.arange(1, frames + 1) / length, offset, speed * length)


# --- poses that are hit ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """Where joints must be at a frame: ``joints`` are indices, ``points`` (joints, 3) their places, metres."""

    frame: int
    joints: tuple[int, ...]
    points: np.ndarray

    @property
    def name(self) -> str:
        """What a message calls the target."""
        return JOINT_NAMES[self.joints[0]] if len(self.joints) == 1 else f"the pose at frame {self.frame}"


def pulled(joints: np.ndarray, lengths: np.ndarray, targets: list[Target], held: np.ndarray, rounds: int) -> np.ndarray:
    """Return the poses ``joints`` (targets, 22, 3), any unit, with each target's joints in their places: the same
    shape.

    Bones keep their ``lengths`` (targets, 22) as in position-based dynamics (Mueller et al. 2007): every bone in turn
    is put right by moving both its ends, each as far as it is mobile. ``held`` (22,) joints do not move. More
    ``rounds`` come nearer.
    """
    result = joints.copy()
    # What is asked for is where it must be, and no longer mobile.
    weight = np.repeat(np.where(held, 0.0, _MOBILITY)[None], len(joints), axis=0)
    for row, target in enumerate(targets):
        result[row, list(target.joints)] = target.points
        weight[row, list(target.joints)] = 0.0
    # From the ends of the limbs inwards, so that a pull gets to the pelvis in one round.
    mobile = [(joint, PARENTS[joint]) for joint in _BONES[::-1] if weight[:, (joint, PARENTS[joint])].any()]
    for _ in range(rounds):
        for joint, parent in mobile:
            both = weight[:, joint] + weight[:, parent]
            bone = result[:, joint] - result[:, parent]  # (targets, 3)
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
    """Bend a motion ``joints`` (frames, 22, 3), any unit, so that it goes through every target: the same shape.

    Its bones keep their ``lengths`` (frames, 22); joints ``held`` (22,) bool stay. The targets' frames count from its
    first. Each pose is solved by :func:`pulled`. What it moves the body over the ground is spread from target to
    target, the rest over ``reach`` frames on both sides. ``ends`` says whether the motion is blended before its first
    and after its last frame into something that stays.
    """
    targets = sorted(targets, key=lambda target: target.frame)
    at = np.array([target.frame for target in targets])
    change = pulled(joints[at], lengths[at], targets, held, rounds) - joints[at]  # (targets, 22, 3)
    ground = change[:, :1] * _GROUND
    moved = joints + _spread(len(joints), at, ground, len(joints) + 1, ends)
    moved = moved + _spread(len(joints), at, change - ground, reach, ends)
    return holding(with_lengths(moved, lengths), joints, held) if held.any() else with_lengths(moved, lengths)


def _spread(frames: int, at: np.ndarray, change: np.ndarray, reach: int, ends: tuple[bool, bool]) -> np.ndarray:
    """Return ``change`` (targets, ...) at frames ``at``, eased to zero ``reach`` frames from each and at ``ends``."""
    knots: dict[int, np.ndarray] = {}
    zero = np.zeros_like(change[0])
    # Zero on either side of a target, unless the next is near enough to go straight to it.
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
    return ease_between(np.arange(frames), order, np.stack([knots[frame] for frame in order]))
