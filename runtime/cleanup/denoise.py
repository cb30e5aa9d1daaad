"""Take the tremor out of generated motion where it is slow, and leave fast motion as it is.

Neighbouring latents are drawn with small errors of their own, which show as a tremor of hands at rest. A filter
strong enough for that would take the snap out of a punch, so its strength follows the speed of each joint: the
idea of the 1 Euro filter (Casiez, Roussel and Vogel, CHI 2012), here without delay, since the whole clip is known.

Joints are (frames, 22, 3), metres, Y up, 20 frames a second.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from coamd_blender.motion.skeleton import FPS, with_bone_lengths

SLOW, FAST = 1.0, 3.0  # m/s: filtered wholly below, not at all above
NEAR = 2  # frames to either side in which a fast joint is left alone


def remove_tremor(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, with slow ones smoothed over three frames (1, 2, 1).

    The result has their shape and dtype and the bones of the canonical body. Fewer than three frames stay as they are.
    """
    if len(joints) < 3:
        return np.array(joints)
    positions = np.asarray(joints, dtype=np.float64)
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1) * FPS  # (frames - 1, 22)
    # The fastest step of each joint near each frame, (frames, 22): from the two before it to the two after it.
    fastest = maximum_filter1d(np.pad(speed, ((0, 1), (0, 0)), mode="edge"), 2 * NEAR, axis=0, mode="nearest")
    # How much of the filter each joint gets, (frames, 22, 1), without jumps of its own.
    share = _binomial(np.clip((FAST - fastest) / (FAST - SLOW), 0.0, 1.0))[..., None]
    calm = positions + share * (_binomial(positions) - positions)
    return with_bone_lengths(calm).astype(joints.dtype)


def _binomial(values: np.ndarray) -> np.ndarray:
    """Return the mean over three frames by weights 1, 2, 1 of ``values`` (frames, ...); the two ends stay."""
    result = values.copy()
    result[1:-1] = (values[:-2] + 2 * values[1:-1] + values[2:]) / 4
    return result
