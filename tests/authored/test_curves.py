"""Moves in time and flights, against curves known in closed form."""

import numpy as np
from scipy.spatial.transform import Rotation

from runtime.authored.curves import Track, blend_rotations, hermite, number_curve
from runtime.authored.height import flight_seconds, height_curve
from runtime.authored.score import Flight, Numbers

TIMES = np.arange(0, 3, 0.05)


def test_a_move_from_rest_to_rest_is_the_minimum_jerk_curve():
    track = Track()
    track.add(1.0, 2.0, 1)
    curve = number_curve([0.0, 4.0], track, TIMES, settle=0.0)
    u = np.clip(TIMES - 1.0, 0, 1)
    np.testing.assert_allclose(curve, 4 * (10 * u**3 - 15 * u**4 + 6 * u**5), atol=1e-9)


def test_moves_in_one_direction_pass_through_and_a_turn_stops():
    onward, back = Track(), Track()
    for track in (onward, back):
        track.add(0.0, 1.0, 1)
        track.add(1.0, 2.0, 2)
    through = number_curve([0.0, 1.0, 2.0], onward, TIMES, settle=0.0)
    turn = number_curve([0.0, 1.0, 0.0], back, TIMES, settle=0.0)
    at = 20
    assert (through[at + 1] - through[at - 1]) / 0.1 > 0.8
    assert abs(turn[at + 1] - turn[at - 1]) < 1e-6
    assert through.max() < 2.001 and turn.max() < 1.001


def test_rotations_turn_the_short_way_at_an_even_axis():
    track = Track()
    track.add(0.0, 1.0, 1)
    at = track.segments(TIMES)
    ends = Rotation.from_euler("y", [[0.0], [90.0]], degrees=True).as_matrix()
    turned = Rotation.from_matrix(blend_rotations(ends[at.entries], at, 0.0)).as_rotvec(degrees=True)
    np.testing.assert_allclose(turned[:, [0, 2]], 0, atol=1e-6)
    np.testing.assert_allclose(turned[10, 1], 45, atol=1e-6)
    assert (np.diff(turned[:21, 1]) > -1e-9).all()


def test_a_hold_swings_out_only_where_asked():
    track = Track()
    track.add(0.0, 0.5, 1)
    at = track.segments(TIMES)
    points = np.array([0.0, 1.0])[at.entries][..., None]
    assert hermite(points, at, 0.0).max() <= 1.0 + 1e-12
    assert 1.005 < hermite(points, at, 1.0).max() < 1.12


def test_a_flight_is_a_parabola_that_starts_and_ends_where_it_is_told():
    drop = Numbers([0.0])
    drop.to(0.2, 0.2, 0.5)
    drop.to(-0.07, 0.5, 0.7)
    seconds = flight_seconds(0.2, 0.07, 0.05)
    drop.to(-0.05, 0.7, 0.7 + seconds)
    drop.to(0.1, 0.7 + seconds, 1.0 + seconds)
    fine = np.arange(0, 2, 0.001)
    height = -height_curve(drop, [Flight(0.7, 0.7 + seconds, 0.07, 0.05)], fine)
    inside = (fine > 0.701) & (fine < 0.699 + seconds)
    np.testing.assert_allclose(np.diff(height[inside], 2) / 1e-6, -9.81, rtol=1e-4)
    assert abs(height.max() - 0.27) < 1e-3
    assert np.abs(np.diff(height)).max() < 0.004  # no jump in place
    speed = np.diff(height) / 0.001
    assert np.abs(np.diff(speed)).max() < 0.25  # nor in speed
