"""Each physical metric against motions whose answer is known in closed form."""

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, JOINT_INDEX, mirror, rest_joints
from runtime.evaluate import physical


def still(frames=60):
    return np.repeat(rest_joints()[None], frames, axis=0)


def test_bones_of_the_canonical_body_are_exact_and_a_scaled_body_is_off_by_its_scale():
    assert physical.bone_length_error(still()) == pytest.approx(0.0, abs=1e-9)
    assert physical.bone_length_error(still() * 1.03) == pytest.approx(0.03, abs=1e-9)
    assert physical.bone_length_error(still() * 0.9) == pytest.approx(0.1, abs=1e-9)


def test_a_sliding_toe_skates_and_a_lifted_or_slow_one_does_not():
    time = s.seconds(3)[:, None, None]
    slide = still(60) + time * np.array([0.3, 0.0, 0.0])
    assert physical.foot_skate_ratio(slide) == 1.0
    assert physical.foot_skate_ratio(still(60) + time * np.array([0.15, 0.0, 0.0])) == 0.0
    assert physical.foot_skate_ratio(slide + np.array([0.0, 0.06, 0.0])) == 0.0
    assert physical.foot_skate_ratio(still()) == 0.0
    one_up = slide.copy()
    one_up[:, JOINT_INDEX["left_foot"], 1] += 0.2
    assert physical.foot_skate_ratio(one_up) == 0.5


def test_jerk_of_a_cubic_path():
    time = s.seconds(2)[:, None, None]
    assert physical.jerk(still(40) + 0.5 * time**3 * np.array([0.0, 0.0, 1.0])) == pytest.approx(3.0, rel=1e-6)
    assert physical.jerk(still(40) + time**2 * np.array([0.0, 1.0, 0.0])) == pytest.approx(0.0, abs=1e-6)


def test_floor_depth_counts_only_what_is_below():
    sunk = still(100)
    sunk[90:] -= [0.0, 0.07, 0.0]
    floating = still(100) + np.array([0.0, 0.2, 0.0])
    physics = physical.measure([sunk, floating])
    assert physics.penetration_mean == pytest.approx(7.0 * 10 / 200)
    assert physics.penetration_p95 == pytest.approx(np.percentile([0.0] * 190 + [7.0] * 10, 95))
    assert physics.motions == 2


def test_measure_refuses_nothing_and_nonsense():
    with pytest.raises(DataError, match="no motions"):
        physical.measure([])
    with pytest.raises(DataError, match="finite"):
        physical.measure([still() * np.nan])


def test_canonical_windows_forget_place_and_facing_but_not_height():
    walk = s.travelling(s.stepping(3, 0.9, 0.3), 1.0)
    elsewhere = s.turned(walk, np.full(len(walk), 77.0)) + np.array([3.0, 0.0, -1.0])
    ours, theirs = physical.canonical_windows(np.stack([walk, elsewhere]))
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    np.testing.assert_allclose(ours[..., 1], walk[..., 1])
    middle = ours[len(walk) // 2]
    np.testing.assert_allclose(middle[0, [0, 2]], 0.0, atol=1e-9)
    assert middle[1, 0] > middle[2, 0]  # the left hip is at +X: the body faces +Z


def test_distance_of_two_seeds():
    assert physical.motion_distance(still(), still()) == 0.0
    higher = still() + np.array([0.0, 0.25, 0.0])
    assert physical.motion_distance(still(), higher) == pytest.approx(0.25)
    assert physical.diversity([still(), higher, still()]) == pytest.approx(0.25 * 2 / 3)
    assert physical.diversity([still()]) == 0.0
    with pytest.raises(DataError, match="one length"):
        physical.motion_distance(still(40), still(44))


def test_a_copy_is_found_whatever_its_place_facing_time_and_side():
    rng = np.random.default_rng(0)
    walk, jump = s.travelling(s.stepping(6, 0.9, 0.3), 1.0), s.jumping(6, 3)
    training = physical.TrainingWindows([walk, jump])
    copy = s.turned(walk[8:88], np.full(80, -50.0)) + np.array([0.0, 0.0, 5.0])
    assert training.nearest(copy) < 1e-3
    assert training.nearest(mirror(copy)) < 1e-3
    noisy = copy + rng.normal(0, 0.02, copy.shape)
    assert 0.02 < training.nearest(noisy) < 0.05  # the mean length of a normal vector of 2 cm is 3.2 cm
    assert training.nearest(s.dancing(5)) > 0.10
    assert training.nearest(copy[: 2 * FPS - 1]) is None
    with pytest.raises(DataError, match="two seconds"):
        physical.TrainingWindows([walk[:20]])


def test_chunks_do_not_change_the_nearest_window():
    training = physical.TrainingWindows([s.travelling(s.stepping(6, 0.9, 0.3), 1.0), s.dancing(6)])
    query = s.kicking(3)
    assert training.nearest(query, chunk=7) == pytest.approx(training.nearest(query))
