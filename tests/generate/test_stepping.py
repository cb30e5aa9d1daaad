"""Arrow keys from take to take."""

import pytest

from coamd_blender.generate.stepping import above, beside

GROUPS = [[5, 4], [0], [1, 2, 3]]


@pytest.mark.parametrize(
    ("current", "step", "to"), [(5, 1, 4), (4, 1, 5), (0, -1, 0), (2, 1, 3), (3, 1, 1), (1, -1, 3), (9, 1, 5)]
)
def test_sideways_stays_among_what_was_made_at_once_and_goes_round(current, step, to):
    assert beside(GROUPS, current, step) == to


@pytest.mark.parametrize(("current", "step", "to"), [(4, 1, 0), (3, 1, 5), (2, -1, 0), (5, -1, 1)])
def test_up_and_down_go_to_the_best_of_the_next_press(current, step, to):
    assert above(GROUPS, current, step) == to
