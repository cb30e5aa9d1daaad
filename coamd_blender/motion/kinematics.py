"""What a body does: how fast it moves, how long its bones are, which way it faces, how a limb bends to a goal.

Joints are (frames, 22, 3), metres, Y up; a heading is an angle about +Y in radians, 0 facing +Z, growing to the left
(``skeleton`` has the conventions). A leaf: standard library and numpy only.

Two directions a body faces
---------------------------
Both take the line across the hips and the line across the shoulders, right to left, and turn their sum a quarter. They
part where the shoulders twist against the hips (in 342 recorded walks by 5 degrees at most in the median walk, by 21
in one of ten), and so both stay:

* :func:`forward_by_width` adds the lines as long as they are. Shoulders are twice as wide as hips and count twice:
  the way a spectator would say somebody looks. Captions, measures of generated motion and the edit window use it, and
  in tensors the network's own reference frame (``runtime.model.representation``), which smooths it over time besides.
* :func:`forward_balanced` gives both lines one length, so that a body facing +Z at frame 0 does so whatever the
  proportions of the character, and falls back on the trunk for a body that lies. Motion is placed by it: prepared
  recordings (``runtime.formats.placing``) and what is read from a rig (``retarget.reading``).
"""

from __future__ import annotations

import numpy as np

from .rotations import unit
from .skeleton import ANKLES, FPS, HIPS, JOINT_INDEX, KNEES, PARENTS, SHOULDERS

_PARENTS = np.array(PARENTS[1:])
_GROUND = np.array([1.0, 0.0, 1.0])

# --- speed ------------------------------------------------------------------------------------------------------------


def velocity(positions: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return the rate of change of ``positions`` (frames, ...), same shape, units a second.

    Central differences, one-sided at the ends; zero for a single frame.
    """
    if len(positions) < 2:
        return np.zeros_like(positions)
    return np.gradient(positions, axis=0) * fps


def speed(positions: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return the length of :func:`velocity`: (frames, ...), units a second, for ``positions`` (frames, ..., 3)."""
    return np.linalg.norm(velocity(positions, fps), axis=-1)


# --- bones ------------------------------------------------------------------------------------------------------------


def bones(joints: np.ndarray) -> np.ndarray:
    """Return joint minus parent, (..., 21, 3), of all ``joints`` (..., 22, 3) but the pelvis; metres."""
    return joints[..., 1:, :] - joints[..., _PARENTS, :]


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    """Return the length of the bone that ends at each joint, 0 for the pelvis.

    (..., 22) metres, for ``joints`` (..., 22, 3).
    """
    lengths = np.zeros(joints.shape[:-1])
    lengths[..., 1:] = np.linalg.norm(bones(joints), axis=-1)
    return lengths


def leg_length(joints: np.ndarray) -> float:
    """Return the length of thigh plus shin, metres, of ``joints`` (frames, 22, 3).

    The mean of both legs, the median over frames.
    """
    thigh = np.linalg.norm(joints[:, KNEES] - joints[:, HIPS], axis=-1)  # (frames, 2)
    shin = np.linalg.norm(joints[:, ANKLES] - joints[:, KNEES], axis=-1)
    return float(np.median((thigh + shin).mean(axis=1)))


# --- the way a body faces ---------------------------------------------------------------------------------------------


def forward_by_width(joints: np.ndarray) -> np.ndarray:
    """Return the level unit direction a body faces, shoulders counting for more than hips.

    (..., 3) for ``joints`` (..., 22, 3), metres; zero for a body whose lines stand upright. See the module for the
    other direction and who uses which.
    """
    across = _across_by_width(joints)
    forward = np.stack([-across[..., 2], np.zeros(across.shape[:-1]), across[..., 0]], axis=-1)
    return forward / np.maximum(np.linalg.norm(forward, axis=-1, keepdims=True), 1e-9)


def heading_by_width(joints: np.ndarray) -> np.ndarray:
    """Return the heading of :func:`forward_by_width`: (frames,) radians, no jumps, for ``joints`` (frames, 22, 3)."""
    across = _across_by_width(joints)
    return np.unwrap(np.arctan2(-across[:, 2], across[:, 0]))


def _across_by_width(joints: np.ndarray) -> np.ndarray:
    hips = joints[..., HIPS[0], :] - joints[..., HIPS[1], :]
    return hips + joints[..., SHOULDERS[0], :] - joints[..., SHOULDERS[1], :]


def forward_balanced(joints: np.ndarray) -> np.ndarray:
    """Return the level unit direction a body faces, hips and shoulders counting alike.

    (..., 3) for ``joints`` (..., 22, 3), metres. Where their lines stand upright, as of a body on its side, the
    direction from head to pelvis takes their place, and +Z where that stands upright too. See the module for the other
    direction and who uses which.
    """
    hips, shoulders = (unit(joints[..., left, :] - joints[..., right, :]) for left, right in (HIPS, SHOULDERS))
    across = hips + shoulders
    forward = np.stack([-across[..., 2], np.zeros(across.shape[:-1]), across[..., 0]], axis=-1)
    trunk = (joints[..., 0, :] - joints[..., JOINT_INDEX["head"], :]) * _GROUND
    forward = np.where(np.linalg.norm(forward, axis=-1, keepdims=True) > 0.5, forward, trunk)
    seen = np.linalg.norm(forward, axis=-1, keepdims=True) > 1e-6
    return np.where(seen, unit(forward), np.array([0.0, 0.0, 1.0]))


def level_axes(heading: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the level unit vectors forward and left, (..., 3) each, of ``heading`` (...), radians."""
    zero = np.zeros_like(heading)
    forward = np.stack([np.sin(heading), zero, np.cos(heading)], axis=-1)
    left = np.stack([np.cos(heading), zero, -np.sin(heading)], axis=-1)
    return forward, left


# --- limbs ------------------------------------------------------------------------------------------------------------


def bend_limb(
    root: np.ndarray, along: np.ndarray, reach: np.ndarray, pole: np.ndarray, upper: np.ndarray, lower: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return knee and ankle, or elbow and wrist, of a limb of two bones that reaches a goal: (frames, 3) each.

    root: (frames, 3) hip or shoulder. along: (frames, 3) unit, the way from there to the goal. reach: (frames, 1) how
    far off it is, at least the difference of both bones and at most their sum. pole: (frames, 3) unit, across
    ``along``, the side to which the middle goes. upper, lower: (frames, 1) lengths of the bones. Law of cosines.

    How far a limb may stretch, and where its pole is, is for the caller to say: ``retarget.limbs.two_bone`` serves
    rigs, whose limbs have a hinge of their own; ``runtime.cleanup.joint_foot_lock`` serves bare joints.
    """
    # The angle between the upper bone and the line to the goal.
    cosine = (upper**2 + reach**2 - lower**2) / (2 * upper * reach)
    sine = np.sqrt(np.clip(1 - cosine**2, 0, 1))
    return root + upper * (along * cosine + pole * sine), root + along * reach
