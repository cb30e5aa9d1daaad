"""Curves over time against closed forms, scipy, and what they promise at their ends."""

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.ndimage import uniform_filter1d

from coamd_blender.motion import signals

RNG = np.random.default_rng(5)


def test_runs_are_counted_to_both_ends_and_joined_over_small_gaps():
    mask = np.array([1, 1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert signals.runs(mask) == [(0, 2), (3, 4), (7, 8)]
    assert signals.runs(mask, gap=1) == [(0, 4), (7, 8)]
    assert signals.runs(mask, gap=3) == [(0, 8)]
    assert signals.runs(np.zeros(3, bool)) == [] == signals.runs(np.zeros(0, bool))
    assert all(type(edge) is int for run in signals.runs(mask) for edge in run)


def test_short_runs_go_in_each_column_by_itself_and_the_mask_given_stays():
    mask = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], dtype=bool)
    before = mask.copy()
    assert signals.without_short_runs(mask, 2).T.tolist() == [[1, 1, 0, 0], [0, 1, 1, 1]]
    assert signals.without_short_runs(mask, 2.5).T.tolist() == [[0, 0, 0, 0], [0, 1, 1, 1]]
    assert signals.without_short_runs(mask[:, 0], 1).tolist() == mask[:, 0].tolist()
    assert (mask == before).all()


@pytest.mark.parametrize("reach", [0, 1, 4])
def test_a_moving_average_is_scipys_with_repeated_ends(reach):
    values = RNG.normal(size=(20, 3, 2))
    wanted = uniform_filter1d(values, 2 * reach + 1, axis=0, mode="nearest")
    np.testing.assert_allclose(signals.moving_average(values, reach), wanted, atol=1e-12)


def test_a_bell_keeps_straight_lines_inside_and_spreads_one_frame_without_kinks():
    line = np.linspace(0, 5, 40)[:, None] * [1.0, -2.0]
    np.testing.assert_allclose(signals.bell_average(line, 6)[6:-6], line[6:-6], atol=1e-12)
    peak = np.zeros((41, 1))
    peak[20] = 1
    spread = signals.bell_average(peak, 6)[:, 0]
    assert spread.sum() == pytest.approx(1) and (spread[14:27] > 0).all() and not spread[:14].any()
    box = signals.moving_average(peak, 6)[:, 0]
    assert np.abs(np.diff(spread, 2)).max() < 0.6 * np.abs(np.diff(box, 2)).max()


def test_an_upper_envelope_is_nowhere_below_and_no_higher_than_the_highest_nearby():
    values = np.abs(RNG.normal(size=60))
    found = signals.upper_envelope(values, 4)
    assert (found >= values - 1e-12).all()
    near = [values[max(0, frame - 8) : frame + 9].max() for frame in range(60)]
    assert (found <= np.array(near) + 1e-12).all()
    np.testing.assert_allclose(signals.upper_envelope(np.full(9, 3.0), 4), 3.0)


def test_steps_go_from_0_to_1_level_at_both_ends_and_the_smoother_one_without_curvature():
    share = np.linspace(-0.5, 1.5, 2001)
    for step in (signals.smoothstep, signals.smootherstep):
        values = step(share)
        assert values[share <= 0].max() == 0 and values[share >= 1].min() == 1
        assert step(np.array(0.5)) == pytest.approx(0.5) and (np.diff(values) >= 0).all()
        assert np.abs(np.gradient(values, share)).max() < 2
        assert abs(np.gradient(values, share)[500]) < 2e-3, "level at 0"
    bend = {step: np.gradient(np.gradient(step(share), share), share)[502] for step in (signals.smoothstep,)}
    assert bend[signals.smoothstep] > 5.5
    assert np.gradient(np.gradient(signals.smootherstep(share), share), share)[502] < 0.3


def test_easing_hits_its_knots_exactly_and_is_level_at_them_and_outside():
    knots, values = np.array([3, 10, 12]), RNG.normal(size=(3, 2))
    found = signals.ease_between(np.arange(20), knots, values)
    np.testing.assert_array_equal(found[knots], values)
    np.testing.assert_array_equal(found[:3], np.repeat(values[:1], 3, axis=0))
    np.testing.assert_array_equal(found[13:], np.repeat(values[2:], 7, axis=0))
    fine = signals.ease_between(np.linspace(0, 15, 1501), knots, values)
    assert np.abs(np.diff(fine, axis=0)[[300, 1000, 1200]]).max() < 1e-3
    np.testing.assert_allclose(fine[650], (values[0] + values[1]) / 2)
    alone = signals.ease_between(np.arange(4), np.array([2]), values[:1])
    np.testing.assert_array_equal(alone, np.repeat(values[:1], 4, axis=0))


@pytest.mark.parametrize("settle", [signals.settle_cubic, signals.settle_quintic])
def test_offsets_settle_from_their_value_and_drift_to_rest(settle):
    offset, drift = np.array([0.3, -1.0]), np.array([2.0, 0.5])
    share = np.linspace(0, 1.5, 1501)
    found = settle(share, offset, drift)
    np.testing.assert_allclose(found[0], offset)
    np.testing.assert_allclose((found[1] - found[0]) * 1000, drift, atol=0.05)
    assert not found[share >= 1].any() and np.abs(found[999]).max() < 1e-5
    curvature = np.abs(found[0] - 2 * found[1] + found[2]) * 1e6
    assert (curvature.max() < 0.2) == (settle is signals.settle_quintic)


def test_a_cubic_settles_as_the_hermite_spline_of_scipy():
    wanted = CubicHermiteSpline([0, 1], [0.7, 0.0], [-1.5, 0.0])(np.linspace(0, 1, 11))
    np.testing.assert_allclose(signals.settle_cubic(np.linspace(0, 1, 11), np.array(0.7), np.array(-1.5)), wanted)


def test_catmull_rom_is_the_hermite_spline_with_central_slopes():
    values, at = RNG.normal(size=(12, 3)), np.linspace(0, 11, 97)
    wanted = CubicHermiteSpline(np.arange(12), values, np.gradient(values, axis=0))(at)
    np.testing.assert_allclose(signals.catmull_rom(values, at), wanted, atol=1e-12)


def test_catmull_rom_is_exact_at_whole_frames_and_stays_at_the_ends():
    values = RNG.normal(size=(6, 2, 2))
    np.testing.assert_allclose(signals.catmull_rom(values, np.arange(6) - 1e-12), values, atol=1e-9)
    np.testing.assert_allclose(signals.catmull_rom(values, np.array([-3.0, 9.5])), values[[0, -1]], atol=1e-12)
    np.testing.assert_array_equal(signals.catmull_rom(values[:1], np.array([0.0, 0.7])), values[[0, 0]])


def test_resampling_keeps_the_frames_that_coincide():
    values = RNG.normal(size=(21, 22, 3))
    np.testing.assert_allclose(signals.resample(values, 20, 60)[::3], values, atol=1e-12)
    assert len(signals.resample(values, 20, 24)) == 25
    np.testing.assert_allclose(signals.resample(values, 20, 10), values[::2], atol=1e-12)
    assert signals.resample(values[:1], 20, 24).shape == (1, 22, 3)


def test_a_straight_line_stays_straight_between_frames():
    line = np.linspace(0, 1, 11)[:, None, None] * np.ones((1, 22, 3))
    np.testing.assert_allclose(signals.resample(line, 10, 25)[:, 0, 0], np.arange(26) / 25)
