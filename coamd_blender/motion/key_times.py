"""How many frames a second a motion has whose file tells only the times of its keys.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SLOWEST_KEYS, FASTEST_KEYS = 14.9, 250.5  # a second: of fewer, motion between keys would be lost; more are a mistake
_EVEN = 1e-3  # of the step between keys, besides what 32-bit times are off by
_WHOLE = 0.002  # a rate as near to a whole number as this share is taken for it, unless the keys say otherwise


def even_rate(times: Sequence[np.ndarray]) -> float | None:
    """Return the keys a second of channels that all have theirs at the moments of one even beat.

    times: (keys,) seconds each. None where they have not, for fewer than three keys, and for a rate outside 15 to 250.
    """
    longest = max(times, key=len, default=np.zeros(0))
    if len(longest) < 3:
        return None
    span = float(longest[-1] - longest[0])
    step = span / (len(longest) - 1)
    if not step > 0 or not SLOWEST_KEYS <= 1 / step <= FASTEST_KEYS:
        return None
    near = _EVEN * step + 1e-6 * float(np.abs(longest[[0, -1]]).max())
    for some in {id(found): found for found in times}.values():
        beats = (some - longest[0]) / step
        if len(some) and np.abs(beats - np.round(beats)).max() * step > near:
            return None
    whole = round(1 / step)
    fits = abs(1 / step - whole) < _WHOLE * whole and abs(span * whole - (len(longest) - 1)) * step < near
    return float(whole) if fits else 1 / step
