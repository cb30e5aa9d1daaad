"""Two motions laid beside one another, against every way that there is."""

import numpy as np
import pytest

from runtime.generate.alignment import alignment, distances, laid_beside


def every_way(rows, columns):
    if (rows, columns) == (0, 0):
        return [[(0, 0)]]
    steps = [(rows - 1, columns - 1), (rows - 1, columns), (rows, columns - 1)]
    return [[*way, (rows, columns)] for step in steps if min(step) >= 0 for way in every_way(*step)]


def test_the_way_is_the_cheapest_of_all():
    cost = np.random.default_rng(0).random((4, 5))
    cheapest = min(sum(cost[place] for place in way) for way in every_way(3, 4))
    way = alignment(cost)
    assert sum(cost[place] for place in way) == pytest.approx(cheapest)
    assert way[0] == (0, 0) and way[-1] == (3, 4)


def test_distances_are_those_of_the_rows():
    one, other = np.random.default_rng(1).random((3, 4)), np.random.default_rng(2).random((5, 4))
    wanted = [[np.linalg.norm(mine - theirs) for theirs in other] for mine in one]
    assert np.allclose(distances(one, other), wanted)


def test_a_motion_at_half_the_speed_is_laid_beside_itself():
    one = np.array([[0.0, 0.0], [3.0, 1.0], [5.0, 7.0], [9.0, 9.0]])
    laid, apart = laid_beside(one, np.repeat(one, 2, axis=0))
    assert np.allclose(laid, one) and apart == 0.0
    beside = one + np.array([0.0, 1.0])
    laid, apart = laid_beside(one, beside)
    assert np.allclose(laid, beside) and apart == pytest.approx(1.0)
