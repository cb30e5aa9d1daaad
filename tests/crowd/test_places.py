"""Where a crowd stands."""

import numpy as np
import pytest

from coamd_blender.crowd.places import scatter


@pytest.mark.parametrize("count", [1, 8, 100])
@pytest.mark.parametrize("seed", [0, 5])
def test_nobody_stands_nearer_than_the_spacing_nor_on_the_first(count, seed):
    places, headings = scatter(count, 1.5, seed)
    every = np.concatenate([np.zeros((1, 2)), places])
    apart = np.linalg.norm(every[:, None] - every, axis=-1)[np.triu_indices(count + 1, 1)]
    assert places.shape == (count, 2) and apart.min() >= 1.5
    assert np.abs(places).max() < 1.5 * 2 * np.sqrt(count + 1) + 1.5, "a crowd, not a scattering"
    assert headings.shape == (count,) and np.abs(headings).max() <= np.pi


def test_the_same_seed_gives_the_same_and_another_does_not():
    one, same, other = scatter(9, 1.0, 4), scatter(9, 1.0, 4), scatter(9, 1.0, 5)
    np.testing.assert_array_equal(one[0], same[0])
    assert not np.array_equal(one[0], other[0])


def test_all_look_the_same_way_where_they_are_to():
    assert np.abs(scatter(20, 1.0, 1, turn=0.0)[1]).max() == 0.0
