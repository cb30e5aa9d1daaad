"""Foot lock on a rig: a foot that stands stays where it stands, and is let go and caught without a jolt.

While a foot stands its toe is held at its mean place; before and after, the correction fades over a few frames. The
leg follows by ``limbs.two_bone`` (``legs.lock_rig_feet``).

This is done to every motion that is retargeted, for the rig's own legs and floor. Sliding that the generator makes is
taken out before, from bare joints: runtime/cleanup/joint_foot_lock.py.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..motion.signals import runs, settle_cubic

MODES = ("off", "soft", "strict")
BLEND_SECONDS = 0.25


def lock_offsets(places: np.ndarray, contacts: np.ndarray, blend: int) -> np.ndarray:
    """Return what to add to ``places`` so that they rest at their mean in every contact.

    places: (frames, 3), any unit, that of the result (frames, 3). contacts: (frames,) bool. Between two contacts the
    correction fades out over ``blend`` frames after the first and in before the second, by cubic Hermite curves that
    leave a contact as fast as the correction was changing in it, so that the foot is let go and caught without a jolt;
    where the gap is shorter than both, it goes straight from one to the other.
    """
    offsets = np.zeros_like(places)
    held = runs(contacts)
    for start, stop in held:
        offsets[start:stop] = places[start:stop].mean(axis=0) - places[start:stop]
    nothing = np.zeros(3)
    for (_, first), (last, _) in pairwise([(0, 0), *held, (len(places), 0)]):  # the gaps around and between contacts
        frames = np.arange(first, last)
        reach = min(blend, len(frames) + 1)
        after, leaving = (offsets[first - 1], _slope(offsets, first - 1, -1)) if first else (nothing, nothing)
        ahead = last < len(places)
        before, arriving = (offsets[last], _slope(offsets, last, 1)) if ahead else (nothing, nothing)
        fade_out = settle_cubic((frames - first + 1) / reach, after, leaving * reach)
        fade_in = settle_cubic((last - frames) / reach, before, arriving * reach)
        offsets[first:last] = fade_out + fade_in
    return offsets


def _slope(offsets: np.ndarray, frame: int, inward: int) -> np.ndarray:
    """Return the change a frame of ``offsets`` on leaving a contact at ``frame``; ``inward`` is the way into it."""
    return offsets[frame] - offsets[frame + inward]
