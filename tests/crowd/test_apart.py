"""Characters that keep apart, by distances measured here, frame by frame."""

from itertools import combinations

import numpy as np
import pytest

from coamd_blender.crowd.apart import arrange, turned


def way(start, heading, speed=0.06, frames=80, late=0):
    """A straight way (frames, 2: x, z) from ``start``, ``heading`` in degrees from x to z, after ``late`` frames."""
    along = np.array((np.cos(np.radians(heading)), np.sin(np.radians(heading))))
    return np.array(start, float) + np.maximum(np.arange(frames) - late, 0)[:, None] * speed * along


def nearest(casts, choices):
    """The least distance between any two at one moment, who is done first standing where it ended."""
    ways = [turned(tracks[one.draw], one.angle) for tracks, one in zip(casts, choices, strict=True)]
    frames = max(map(len, ways))
    found = [min(np.hypot(*(a[min(t, len(a) - 1)] - b[min(t, len(b) - 1)])) for t in range(frames))
             for a, b in combinations(ways, 2)]  # fmt: skip
    return min(found)


def test_those_who_do_not_meet_do_what_was_best():
    casts = [[way((0, 0), 90), way((0, 0), 0)], [way((3, 0), 90), way((3, 0), 180)]]
    assert [(one.draw, one.angle) for one in arrange(casts, 1.0)] == [(0, 0.0), (0, 0.0)]


def test_another_draw_is_taken_before_a_motion_is_turned():
    casts = [[way((0, 0), 0)], [way((4, 0), 180), way((4, 0), 90)]]
    choices = arrange(casts, 0.9)
    assert (choices[1].draw, choices[1].angle) == (1, 0.0)
    assert nearest(casts, choices) >= 0.9


@pytest.mark.parametrize("seed", range(6))
def test_a_crowd_that_walks_through_itself_keeps_its_distance(seed):
    rng = np.random.default_rng(seed)
    starts = [(2.0 * x, 2.0 * z) for x in range(4) for z in range(3)]
    casts = [[way(start, rng.uniform(0, 360), rng.uniform(0.01, 0.03)) for _ in range(2)] for start in starts]
    before = nearest(casts, [arrange([tracks], 0.0)[0] for tracks in casts])
    choices = arrange(casts, 0.9)
    found = nearest(casts, choices)
    assert found == pytest.approx(min(one.clearance for one in choices))
    assert found >= 0.9 > before or before >= 0.9


def test_who_stands_near_at_the_start_comes_no_nearer():
    casts = [[way((0, 0), 0)], [way((0.5, 0), 180)]]
    assert nearest(casts, arrange(casts, 2.0)) >= 0.5 - 1e-6


def test_motions_of_other_lengths_wait_where_they_end():
    casts = [[way((0, 0), 0, frames=20)], [way((3, 0), 180, frames=120, late=40)]]
    assert nearest(casts, arrange(casts, 0.9)) >= 0.9


def test_where_nothing_helps_the_furthest_is_taken_and_told():
    still = np.zeros((50, 2))
    circle = np.array([1.0, 0.0]) * np.linspace(1, 0, 50)[:, None]
    (_, choice) = arrange([[still], [np.concatenate([circle, circle[::-1]])]], 0.9, turns=[0.0])
    assert choice.draw == 0 and choice.clearance == pytest.approx(0.0)


def test_a_turn_keeps_start_and_length():
    track = way((2, 1), 30)
    found = turned(track, 1.1)
    np.testing.assert_allclose(found[0], track[0])
    np.testing.assert_allclose(np.linalg.norm(np.diff(found, axis=0), axis=1), 0.06)
    np.testing.assert_allclose(turned(np.array([(0.0, 0.0), (1.0, 0.0)]), np.pi / 2)[1], (0, 1), atol=1e-12)
