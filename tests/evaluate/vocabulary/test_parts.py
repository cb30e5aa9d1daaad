"""What the tests of the vocabulary share: how a motion is placed before it is judged, sides and counts."""

import actors_moving
import numpy as np
import pytest
import synthetic_motions as s
from puppet_walk import walk

from coamd_blender.errors import InputError
from runtime.evaluate.vocabulary import parts


def elsewhere(motion, degrees):
    return s.turned(motion, np.full(len(motion), degrees)) + np.array([1.3, 0.0, -2.7])


def test_a_motion_starts_over_the_origin_and_faces_z():
    placed = parts.at_start(elsewhere(walk(2, speed=1.0), 130.0))
    np.testing.assert_allclose(placed[0, 0, [0, 2]], 0.0, atol=1e-6)
    assert placed[-1, 0, 2] == pytest.approx(1.95, abs=0.01) and abs(placed[-1, 0, 0]) < 1e-5
    assert placed[0, 1, 0] > 0.03  # the left hip is to the left


@pytest.mark.parametrize("motion", [walk(2), actors_moving.rolling(180), actors_moving.cartwheel("left")])
def test_placing_undoes_any_turn_and_keeps_heights_and_shape(motion):
    placed = parts.at_start(motion)
    np.testing.assert_allclose(placed[..., 1], motion[..., 1], atol=1e-6)
    assert np.linalg.norm(placed[-1, 15] - placed[0, 7]) == pytest.approx(np.linalg.norm(motion[-1, 15] - motion[0, 7]))
    for degrees in (40.0, 180.0, 275.0):
        np.testing.assert_allclose(parts.at_start(elsewhere(motion, degrees)), placed, atol=3e-6)


def test_a_test_that_looks_at_the_world_is_freed_of_it():
    @parts.from_start
    def north(joints, least=0.5):
        """Whether the way along +Z is long."""
        return bool(joints[-1, 0, 2] > least)

    motion = walk(2, speed=1.0)
    assert all(north(elsewhere(motion, degrees)) for degrees in (0.0, 90.0, 180.0))
    assert not north(motion, least=5.0) and not north(walk(2, way=(0, -1)))
    assert north.__name__ == "north" and "+Z" in north.__doc__


def test_a_named_side_must_show_it_and_the_other_not():
    assert parts.on_side(lambda side: side == "left", "left") and not parts.on_side(lambda side: True, "left")
    assert parts.on_side(lambda side: side == "left", None) and not parts.on_side(lambda side: False, None)
    assert parts.on_side(lambda side: True, "both", both=True)
    assert not parts.on_side(lambda side: side == "left", "both", both=True)
    with pytest.raises(InputError, match="the side 'both'"):
        parts.on_side(lambda side: True, "both")


def test_counts_are_the_named_number_or_enough():
    assert (
        parts.counted(3, 3) and not parts.counted(4, 3) and parts.counted(4, None, 3) and not parts.counted(2, None, 3)
    )


def test_episodes_are_told_apart_by_what_lies_between():
    mask, between = np.array([1, 0, 1, 0, 0, 1], bool), np.array([0, 0, 0, 0, 1, 0], bool)
    assert parts.episodes(mask, between) == 2
