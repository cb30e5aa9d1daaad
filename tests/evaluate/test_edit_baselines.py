"""What edits are held against, on bodies whose way and turns are known."""

import numpy as np
import pytest
import synthetic_motions as made

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import BONE_LENGTHS, PARENTS, with_bone_lengths
from runtime.evaluate import edits
from runtime.evaluate.baselines import copied, interpolated


def turned(motion, degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return motion @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])


WALK = with_bone_lengths(made.travelling(made.stepping(3, 0.9, 0.3), 1.0))


@pytest.mark.parametrize("turning", [False, True])
def test_interpolation_leads_from_one_side_to_the_other_and_keeps_the_rest(turning):
    filled = interpolated(WALK, [(20, 40)], turning)
    assert np.array_equal(filled[:20], WALK[:20]) and np.array_equal(filled[40:], WALK[40:])
    step = np.linalg.norm(np.diff(filled[19:41, 0], axis=0), axis=-1)
    assert np.ptp(step) < 1e-6
    lengths = np.linalg.norm(filled[:, 1:] - filled[:, list(PARENTS[1:])], axis=-1)
    assert (np.abs(lengths - BONE_LENGTHS[1:]).max() < 1e-6) == turning


def test_a_range_with_one_side_stays_in_that_pose():
    assert np.array_equal(interpolated(WALK, [(30, 60)], True)[30:], np.repeat(WALK[29:30], 30, axis=0))
    assert np.abs(interpolated(WALK, [(0, 20)], False)[:20] - WALK[20]).max() < 1e-12
    with pytest.raises(DataError, match="All 60 frames"):
        interpolated(WALK, [(0, 60)], False)


def test_a_copied_clip_goes_on_from_where_the_motion_is():
    other = turned(WALK, 130) + np.array([4.0, 0.0, -2.0])
    for ranges in ([(20, 40)], [(0, 20), (40, 60)], [(30, 60)]):
        assert np.abs(copied(WALK, ranges, other) - WALK).max() < 1e-6
    assert copied(WALK, [(30, 60)], other[:25]).shape == WALK.shape


def test_distance_from_a_curve_counts_across_it():
    shapes = edits.curves(6.0)
    for curve in shapes.values():
        assert np.linalg.norm(np.diff(curve, axis=0), axis=1).sum() == pytest.approx(6.0, rel=1e-3)
    assert np.linalg.norm(shapes["circle"][-1]) < 0.05
    straight = edits.from_pose(shapes["straight"], WALK[0])
    assert straight[-1] == pytest.approx(WALK[0, 0, [0, 2]] + [0.0, 6.0], abs=1e-6)
    assert edits.off_path(WALK + np.array([0.07, 0.0, 0.0]), straight) == pytest.approx(0.07, abs=0.01)
