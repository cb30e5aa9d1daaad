"""A solved motion that takes over a stretch: closed forms for offsets, rotations and channels."""

import numpy as np
import pytest

from coamd_blender.motion import rotations as rot
from coamd_blender.retarget import splice
from coamd_blender.retarget.channels import quaternions_of

RNG = np.random.default_rng(3)


def spin(count, axis, speed, start=0.0):
    """Quaternions (count, 4) about ``axis``, ``speed`` radians a frame."""
    angles = start + speed * np.arange(count)
    return rot.quaternion_from_vector(np.array(axis)[None] * angles[:, None])


def test_rotation_vectors_and_quaternions_are_inverse():
    vectors = RNG.normal(size=(50, 3)) * 0.9
    assert np.abs(rot.vector_from_quaternion(rot.quaternion_from_vector(vectors)) - vectors).max() < 1e-12
    assert np.abs(rot.vector_from_quaternion(np.array([[1.0, 0, 0, 0]]))).max() == 0


def offsets(made, actual, poses=(), before=True, after=True, start=10, stop=30):
    stretch = splice.Stretch(start, stop, 20.0, before, after, poses)
    return splice._offsets(made, actual, stretch, splice._way_between)


def test_a_constant_offset_is_kept_throughout():
    made = RNG.normal(size=(40, 3)).cumsum(axis=0)
    assert np.abs(offsets(made, made + np.arange(3)) - np.arange(3)).max() < 1e-12


def test_offsets_meet_both_ends_in_value_and_speed_and_poses_exactly():
    rows = np.arange(40)[:, None]
    made, actual = np.zeros((40, 3)), np.concatenate([0.1 * rows, 3 - 0.2 * rows, 0 * rows], axis=1)
    found = offsets(made, actual, poses=(18, 24))
    whole = np.concatenate([actual[:10], found, actual[30:]])
    assert np.abs(whole[[18, 24]] - actual[[18, 24]]).max() < 1e-12
    steps = np.diff(whole, axis=0)
    # a cubic ease and a quintic fade over 8 rows change speed by no more than this at their start
    assert np.abs(steps[9] - steps[8]).max() < 0.07 and np.abs(steps[29] - steps[30]).max() < 0.07


def test_without_ends_there_is_no_offset_and_with_one_it_is_level():
    made = RNG.normal(size=(40, 3))
    assert not offsets(made, made + 1, before=False, after=False).any()
    assert np.abs(offsets(made, made + 1, after=False) - 1).max() < 1e-12


def test_turns_beyond_half_a_turn_go_the_same_way_at_both_ends():
    made = np.tile(rot.IDENTITY, (40, 1))
    actual = np.concatenate([spin(20, (0, 0, 1), 0, 3.0), spin(20, (0, 0, 1), 0, 3.4)])
    found = splice._offsets(made, actual, splice.Stretch(10, 30, 20.0, True, True), splice._turn_between)
    assert ((found[:, 2] >= 3.0 - 1e-9) & (found[:, 2] <= 3.4 + 1e-9)).all(), "it went round the other way"


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "XYZ", "ZYX", "YXZ"])
def test_channels_say_the_rotations_and_go_on_from_those_before(mode):
    turns = rot.multiply(spin(30, (0, 1, 0), 0.05), spin(30, (1, 0, 0), 0.03, 0.2))
    plain, _ = splice.channels(turns, mode, None, None)
    if mode == "QUATERNION":
        before = -plain[0]
    elif mode == "AXIS_ANGLE":
        before = np.concatenate([-plain[0, :1] - 4 * np.pi, -plain[0, 1:]])
    else:
        before = plain[0] + 2 * np.pi * np.array([1, -2, 3])
    values, torn = splice.channels(turns, mode, before, None)
    assert np.abs(values[0] - before).max() < 1e-6 and not torn
    same = np.abs((quaternions_of(values, mode) * turns).sum(axis=1))
    assert np.abs(same - 1).max() < 1e-9
    assert np.abs(np.diff(values, axis=0)).max() < 0.3


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
def test_channels_that_cannot_lead_to_those_after_are_torn(mode):
    turns = spin(30, (1, 0, 0), 2 * np.pi / 29)  # a whole turn: back where it was, by other numbers
    values, torn = splice.channels(turns, mode, splice.channels(turns, mode, None, None)[0][0], None)
    _, torn = splice.channels(turns, mode, values[0], values[0])
    assert torn
    _, torn = splice.channels(turns, mode, values[0], values[-1])
    assert not torn
    led, torn = splice.channels(turns, mode, None, values[0])
    assert not torn and np.abs(led[-1] - values[0]).max() < 1e-6


def test_an_abrupt_start_is_eased_in_and_a_natural_one_left_alone():
    rows = np.arange(60)[:, None]
    actual = 0.1 * np.sin(0.3 * rows) * [1.0, 0.5, 0.0]
    stretch = splice.Stretch(20, 40, 20.0, True, True)
    same = splice._blended(actual.copy(), actual, stretch, splice._way_between, np.add)
    assert np.abs(same - actual[20:40]).max() < 1e-12
    made = actual.copy()
    made[20:40] += np.minimum(rows[20:40] - 19, 40 - rows[20:40]) * [0.0, 0.0, 0.2]  # starts and ends at full speed
    found = splice._blended(made, actual, stretch, splice._way_between, np.add)
    whole = np.concatenate([actual[:20], found, actual[40:]])
    change = np.linalg.norm(np.diff(whole, n=2, axis=0), axis=1)
    usual = np.percentile(np.linalg.norm(np.diff(actual, n=2, axis=0), axis=1), 95)
    assert change[[18, 19, 38, 39]].max() < 1.05 * usual
    assert np.abs(found - made[20:40])[9:11].max() < 1e-12, "the middle is as it was made"
