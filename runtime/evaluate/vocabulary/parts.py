"""What the tests of the vocabulary share: which side, which count, and a few postures.

Joints are (frames, 22, 3) in metres, Y up, 20 frames a second, floor at y = 0; a mask is one bool a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.kinematics import forward_balanced
from runtime.evaluate import geometry as g

WAYS = ("forward", "backward", "left", "right", "up", "down")


def at_start(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, turned and moved over the floor so that the body starts at the origin.

    At the first frame the pelvis is over the origin and the body faces +Z (lying, as ``kinematics.forward_balanced``
    says); to a micrometre, so that what the turn rounds decides nothing. Heights stay.
    """
    forward = forward_balanced(joints[0])
    left = np.array([forward[2], 0.0, -forward[0]])
    offset = joints - joints[0, 0] * [1, 0, 1]
    return np.round(np.stack([offset @ left, offset[..., 1], offset @ forward], axis=-1), 6)


def from_start(test: Callable[..., bool]) -> Callable[..., bool]:
    """Make ``test(joints, ...)`` see every motion as :func:`at_start` puts it."""

    @wraps(test)
    def placed(joints: np.ndarray, **parameters) -> bool:
        return test(at_start(joints), **parameters)

    return placed


def other(side: str) -> str:
    """Return the other side."""
    return "right" if side == "left" else "left"


def checked(value: str | None, choices: tuple[str, ...]) -> str | None:
    """Return ``value`` if it is None or one of ``choices``, else raise InputError."""
    if value is not None and value not in choices:
        raise InputError(f"A test was given the side {value!r}", f"Use {', '.join(choices)}, or leave it out")
    return value


def on_side(shows: Callable[[str], bool], side: str | None, both: bool = False) -> bool:
    """Tell whether ``shows(side)`` is true of the named side and not of the other.

    For None it must be true of either one; with ``both`` the side may also be "both", and then it must be true of the
    two.
    """
    checked(side, (*g.SIDES, "both") if both else g.SIDES)
    seen = {one: bool(shows(one)) for one in g.SIDES}
    if side is None:
        return any(seen.values())
    return all(seen.values()) if side == "both" else seen[side] and not seen[other(side)]


def counted(count: int, times: int | None, at_least: int = 1) -> bool:
    """Tell whether ``count`` is the named number of ``times``, or for None at least ``at_least``."""
    return count >= at_least if times is None else count == times


def standing(joints: np.ndarray) -> np.ndarray:
    """Tell in which frames of ``joints`` (frames, 22, 3), metres, the body stands, (frames,) bool: pelvis over 85 % of
    its standing height, trunk within 30 degrees of the vertical.
    """
    return (g.pelvis_height(joints) > 0.85) & (g.trunk_tilt(joints) < 30)


def upright(joints: np.ndarray) -> bool:
    """Tell whether the body of ``joints`` (frames, 22, 3), metres, is up in the median: pelvis over 80 % of its
    standing height, trunk within 35 degrees of the vertical.
    """
    return bool(np.median(g.pelvis_height(joints)) > 0.8 and np.median(g.trunk_tilt(joints)) < 35)


def stays(joints: np.ndarray, within: float = 0.7) -> bool:
    """Tell whether the pelvis of ``joints`` (frames, 22, 3), metres, keeps within ``within`` metres of the middle of
    its path over the floor, in 95 % of the frames.
    """
    return bool(np.percentile(g.stray(joints, "pelvis"), 95) < within)


def level_prone(joints: np.ndarray, tilt: float = 55.0) -> np.ndarray:
    """Tell in which frames of ``joints`` (frames, 22, 3), metres, the trunk is more than ``tilt`` degrees from the
    vertical with its front down: (frames,) bool.
    """
    lying = (g.trunk_tilt(joints) > tilt) & (g.trunk_tilt(joints) < 180 - tilt)
    return lying & (g.chest_rise(joints) < -0.5)


def hands_down(joints: np.ndarray, under: float) -> np.ndarray:
    """Tell in which frames of ``joints`` (frames, 22, 3), metres, both wrists are lower than ``under`` metres:
    (frames,) bool.
    """
    return np.maximum(g.height(joints, "left_wrist"), g.height(joints, "right_wrist")) < under


def toes_down(joints: np.ndarray, under: float) -> np.ndarray:
    """Tell in which frames of ``joints`` (frames, 22, 3), metres, both toes are lower than ``under`` metres: (frames,)
    bool.
    """
    return np.maximum(g.height(joints, "left_foot"), g.height(joints, "right_foot")) < under


def calm(joints: np.ndarray, name: str, origin: str, below: float) -> np.ndarray:
    """Tell in which frames of ``joints`` (frames, 22, 3), metres, joint ``name`` moves against ``origin`` at less than
    ``below`` m/s, in the mean of a quarter second: (frames,) bool.
    """
    speed = g.relative_speed(joints, name, origin)
    return np.convolve(np.pad(speed, 2, mode="edge"), np.ones(5) / 5, mode="valid") < below


def episodes(mask: np.ndarray, between: np.ndarray) -> int:
    """Count the stretches of ``mask`` told apart by at least one frame of ``between``, both (frames,) bool."""
    count, armed = 0, True
    for one, off in zip(mask, between, strict=True):
        if one and armed:
            count, armed = count + 1, False
        armed = armed or bool(off)
    return count
