"""Take the shiver out of generated motion where it is slow, and leave fast motion as it is.

Neighbouring tokens are drawn with small errors of their own, which show as a tremor of hands at rest. A filter
strong enough for that would take the snap out of a punch, so its strength follows the speed of each joint: the
idea of the 1 Euro filter (Casiez, Roussel and Vogel, CHI 2012), here without delay, since the whole clip is known.

Joints are (frames, 22, 3), metres, Y up, 20 frames a second.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.motion.skeleton import FPS, with_bone_lengths

SLOW, FAST = 1.0, 3.0  # m/s: filtered wholly below, not at all above
NEAR = 2  # frames to either side in which a fast joint is left alone


def calmed(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` with slow joints smoothed over three frames (1, 2, 1), on the canonical body's bones."""
    if len(joints) < 3:
        return np.array(joints)
    positions = np.asarray(joints, dtype=np.float64)
    smooth = _binomial(positions)
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1) * FPS  # (frames - 1, 22)
    padded = np.pad(speed, ((NEAR, NEAR), (0, 0)), mode="edge")
    fastest = np.max([padded[shift : shift + len(positions)] for shift in range(2 * NEAR)], axis=0)
    share = _binomial(np.clip((FAST - fastest) / (FAST - SLOW), 0.0, 1.0))[..., None]
    return with_bone_lengths(positions + share * (smooth - positions)).astype(joints.dtype)


def _binomial(values: np.ndarray) -> np.ndarray:
    """Weights 1, 2, 1 over three frames; the ends are continued point-symmetrically, so straight motion is kept."""
    before, after = 2 * values[:1] - values[1:2], 2 * values[-1:] - values[-2:-1]
    padded = np.concatenate([before, values, after])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
