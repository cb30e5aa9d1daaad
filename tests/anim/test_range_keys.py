"""Keys of a range replaced, as numbers: what stays, what is added so that curves keep their shape."""

import numpy as np
import pytest
from scipy.interpolate import BPoly
from scipy.optimize import brentq

from coamd_blender.anim.range_keys import (
    CONSTANT,
    GENERATED,
    LINEAR,
    Range,
    SourceCurve,
    fresh_keys,
    moved_handles,
    no_keys,
    replaced,
    split_bezier,
)

BEZIER = 2
AREA = Range(20, 29, 1, 60)


def curve(times, shape=LINEAR, linear=False):
    """A curve whose value at any frame is its square: no interpolation of ours could give that."""
    keys = fresh_keys(np.array(times, float), np.array(times, float) ** 2, shape)
    keys["handle_right"][:, 1] += 1.0
    keys["type"][:] = 0
    return SourceCurve(keys, linear, lambda frame: frame**2)


def made(area=AREA):
    frames = np.arange(area.first, area.last + 1)
    return fresh_keys(frames, -np.ones(len(frames)))


def added(source, area=AREA):
    """Frames of the keys that are neither old nor of the range."""
    keys, old = replaced(source, area, made(area))
    times = keys["co"][:, 0]
    extra = ~old & ((times < area.first) | (times > area.last))
    assert (keys["co"][extra, 1] == times[extra] ** 2).all() or not len(source.keys["co"])
    return times[extra].tolist()


def test_old_keys_stay_to_the_byte_and_the_range_is_all_new():
    source = curve(np.arange(1, 61))
    keys, old = replaced(source, AREA, made())
    times = keys["co"][:, 0]
    assert times.tolist() == list(range(1, 61))
    assert old.tolist() == [not 20 <= time <= 29 for time in times]
    outside = np.array(old)
    for name, values in keys.items():
        assert values[outside].tobytes() == source.keys[name][outside].tobytes()
    assert (keys["co"][~outside, 1] == -1).all() and (keys["type"][~outside] == GENERATED).all()


def test_keys_between_frames_stay_where_they_are_outside_and_go_inside():
    keys, old = replaced(curve([1, 19.5, 20.5, 28.5, 29.5, 60]), AREA, made())
    assert keys["co"][old, 0].tolist() == [1, 19.5, 29.5, 60]


@pytest.mark.parametrize(
    "shape, frames",
    [
        (CONSTANT, [30]),
        (LINEAR, [19, 30]),
        (BEZIER, [*range(11, 20), *range(30, 40)]),
    ],
)
def test_a_curve_that_runs_through_the_edges_is_held_there_only_as_it_must(shape, frames):
    assert added(curve([1, 10, 40, 60], shape)) == frames


def test_a_step_goes_on_as_a_step_behind_the_range():
    keys, _ = replaced(curve([1, 10, 40, 60], CONSTANT), AREA, made())
    assert keys["interpolation"][keys["co"][:, 0] == 30].item() == CONSTANT


@pytest.mark.parametrize("linear", [False, True])
def test_curves_that_begin_or_end_in_or_before_the_range_are_held(linear):
    both = [18, 19] if linear else [19]
    assert added(curve([22, 24], LINEAR, linear)) == [*both, *([30, 31] if linear else [30])]
    assert added(curve([1, 5], LINEAR, linear)) == [19, *([30, 31] if linear else [30])]
    assert added(curve([50, 60], LINEAR, linear)) == [*both, 30]


@pytest.mark.parametrize("linear, shape", [(False, CONSTANT), (True, LINEAR)])
def test_before_its_first_key_a_curve_goes_on_as_it_was_extrapolated(linear, shape):
    source = curve([50, 60], BEZIER, linear)
    assert added(source) == [*([18, 19] if linear else [19]), 30]
    keys, _ = replaced(source, AREA, made())
    assert keys["interpolation"][keys["co"][:, 0] == 30].item() == shape


def test_a_level_end_needs_one_key_and_a_slanted_one_needs_all():
    source = curve([1, 12], BEZIER)
    assert added(source) == [*range(13, 20), 30]
    source.keys["handle_right"][-1, 1] = source.keys["co"][-1, 1]
    assert added(source) == [19, 30]


def test_a_channel_without_a_curve_is_held_on_both_sides():
    keys, old = replaced(SourceCurve(no_keys(), False, lambda frame: 0.5), AREA, made())
    assert keys["co"][:, 0].tolist() == list(range(19, 31)) and not old.any()
    assert keys["co"][[0, -1], 1].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("first, last, frames", [(1, 9, [10]), (50, 60, [49]), (1, 60, []), (-5, 70, [])])
def test_nothing_is_held_where_the_action_has_nothing(first, last, frames):
    assert added(SourceCurve(no_keys(), False, lambda frame: 0.5), Range(first, last, 1, 60)) == frames


def test_handles_that_differ_by_a_bit_have_moved():
    keys = curve([1, 2, 3]).keys
    other = {name: values.copy() for name, values in keys.items()}
    assert not moved_handles(keys, other).any()
    other["handle_left"][1, 1] = np.nextafter(other["handle_left"][1, 1], np.float32(9))
    assert moved_handles(keys, other).tolist() == [False, True, False]


# --- a cubic cut in two -----------------------------------------------------------------------------------------------

CORNERS = [(10.0, 1.0), (18.0, 5.0), (25.0, -3.0), (40.0, 2.0)]


def bezier(corners):
    """The cubic of four corners as scipy has it: a function of 0 to 1."""
    return BPoly(np.array(corners, float)[:, None, :], [0, 1])


@pytest.mark.parametrize("x", [10.5, 20.0, 33.25, 39.9])
def test_a_cubic_cut_in_two_is_the_same_curve(x):
    whole, between = bezier(CORNERS), split_bezier(CORNERS, x)
    assert len(between) == 5 and between[2][0] == pytest.approx(x, abs=1e-9)
    cut = brentq(lambda u: whole(u)[0] - x, 0, 1)
    first, second = bezier([CORNERS[0], *between[:3]]), bezier([*between[2:], CORNERS[3]])
    for share in np.linspace(0, 1, 7):
        np.testing.assert_allclose(first(share), whole(cut * share), atol=1e-6)
        np.testing.assert_allclose(second(share), whole(cut + (1 - cut) * share), atol=1e-6)


def test_handles_that_reach_past_each_other_are_shortened_alike_until_they_meet():
    """Together 30 long where the ends are 10 apart: a third of each is left."""
    ends = np.array([(5.0, 2.0), (15.0, 8.0)])
    for right, left in (((20.0, 9.0), (-10.0, -9.0)), ((-20.0, 9.0), (10.0, -9.0))):
        long = [ends[0], ends[0] + right, ends[1] + left, ends[1]]
        shortened = [ends[0], ends[0] + np.array(right) / 3, ends[1] + np.array(left) / 3, ends[1]]
        np.testing.assert_allclose(split_bezier(long, 9.0), split_bezier(shortened, 9.0), atol=1e-9)
