"""Fewer keys: what comes back is within the tolerance, by scipy's own cubic Hermite splines and rotations."""

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation

from coamd_blender.anim import reduction
from coamd_blender.motion import rotations as rot

FRAMES = np.arange(120)


def swaying(seed=0, frames=120):
    """Rotations of a bone that turns about drifting axes by up to a radian or so."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, 12, frames)[:, None]
    return Rotation.from_rotvec(
        np.sin(phase * rng.uniform(0.5, 1.5, 3) + rng.uniform(0, 6, 3)) * rng.uniform(0.2, 1, 3)
    )


def channels(turns, mode):
    """The channels of a rotation mode, by scipy: lower-case letters of scipy turn about fixed axes, as Blender's do."""
    if mode == "QUATERNION":
        return rot.continuous(turns.as_quat()[:, [3, 0, 1, 2]])
    if mode == "AXIS_ANGLE":
        vectors = turns.as_rotvec()
        angle = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.concatenate([angle, vectors / angle], axis=1)
    angles = np.unwrap(turns.as_euler(mode.lower()), axis=0)
    return angles[:, [mode.index(letter) for letter in "XYZ"]]


def rotations(values, mode):
    """The inverse of :func:`channels`."""
    if mode == "QUATERNION":
        return Rotation.from_quat(values[:, [1, 2, 3, 0]])
    if mode == "AXIS_ANGLE":
        return Rotation.from_rotvec(
            values[:, :1] * values[:, 1:] / np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
        )
    return Rotation.from_euler(mode.lower(), values[:, ["XYZ".index(letter) for letter in mode]])


@pytest.mark.parametrize("tolerance", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "ZXY", "YZX", "AXIS_ANGLE"])
def test_rotations_come_back_within_the_tolerance(mode, tolerance):
    for seed in range(4):
        turns = swaying(seed)
        values = channels(turns, mode)
        keys = reduction.reduce_keys(values, reduction.angle_between(mode), tolerance)
        spline = CubicHermiteSpline(keys, values[keys], reduction.slopes_of(values)[keys])
        apart = np.degrees((rotations(spline(FRAMES), mode) * turns.inv()).magnitude())
        assert apart.max() <= tolerance + 1e-6
        assert keys[0] == 0 and keys[-1] == 119 and len(keys) < 60


def test_a_tighter_tolerance_takes_more_keys():
    values = channels(swaying(1), "QUATERNION")
    counts = [len(reduction.reduce_keys(values, reduction.angle_between("QUATERNION"), t)) for t in (0.02, 0.2, 2.0)]
    assert counts[0] > counts[1] > counts[2] > 2


def test_a_cubic_needs_two_keys_and_a_corner_is_kept():
    time = np.linspace(0, 1, 61)[:, None]
    line = np.concatenate([time, 2 * time, 0 * time], axis=1)
    assert reduction.reduce_keys(line, reduction.distance_between, 1e-6).tolist() == [0, 60]
    bent = line.copy()
    bent[30:, 2] = np.arange(31) / 30
    assert 30 in reduction.reduce_keys(bent, reduction.distance_between, 0.01)


def test_short_motions_keep_their_frames():
    for frames in (1, 2):
        values = np.arange(3.0 * frames).reshape(frames, 3)
        assert reduction.reduce_keys(values, reduction.distance_between, 1.0).tolist() == list(range(frames))
