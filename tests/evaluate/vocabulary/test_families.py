"""Each test of the vocabulary says yes to a motion built to show its action, and no to near misses, to the other side,
to another count and way, and to somebody who stands or walks."""

import actors
import actors_moving
import actors_rare
import numpy as np
import pytest
import synthetic_motions as s
from puppet import puppet
from puppet_walk import walk

from coamd_blender.motion.skeleton import mirror
from runtime.evaluate.obedience_tests import passes
from runtime.evaluate.vocabulary import TESTS

SHOWN = actors.SHOWN | actors_moving.SHOWN | actors_rare.SHOWN
MISSES = actors.MISSES | actors_moving.MISSES | actors_rare.MISSES
OPPOSITE = {"left": "right", "right": "left", "forward": "backward", "backward": "forward", "up": "down", "down": "up"}
OPPOSITE_SIDES = ("left", "right")
OPPOSITE |= {"front": "back", "back": "front"}


def test_every_test_is_shown_and_missed():
    assert set(SHOWN) == set(MISSES) == set(TESTS)


@pytest.mark.parametrize("name", TESTS)
def test_the_action_passes_its_own_test(name):
    named, motion = SHOWN[name]
    assert passes(motion, {"is": name})
    assert passes(motion, {"is": name} | named)


@pytest.mark.parametrize("name", [name for name in TESTS if "side" in SHOWN[name][0]])
def test_the_wrong_side_fails_and_the_mirror_image_shows_it(name):
    named, motion = SHOWN[name]
    other = named | {"side": OPPOSITE[named["side"]]}
    assert not passes(motion, {"is": name} | other)
    assert passes(mirror(motion), {"is": name} | other) and not passes(mirror(motion), {"is": name} | named)


@pytest.mark.parametrize("name", [name for name in TESTS if {"way", "face"} & set(SHOWN[name][0])])
def test_the_wrong_way_fails(name):
    named, motion = SHOWN[name]
    key = "way" if "way" in named else "face"
    assert not passes(motion, {"is": name} | named | {key: OPPOSITE[named[key]]})


@pytest.mark.parametrize("name", [name for name in TESTS if "times" in SHOWN[name][0]])
def test_the_wrong_count_fails(name):
    named, motion = SHOWN[name]
    for count in (named["times"] - 1, named["times"] + 1):
        assert not passes(motion, {"is": name} | named | {"times": count})


@pytest.mark.parametrize("name", TESTS)
def test_near_misses_fail(name):
    passed = [number for number, motion in enumerate(MISSES[name]) if passes(motion, {"is": name})]
    assert passed == []


@pytest.mark.parametrize("name", TESTS)
def test_standing_and_walking_show_none_of_it(name):
    for motion in (puppet(4), s.standing(4), walk(4)):
        assert not passes(motion, {"is": name})


def elsewhere(motion, degrees):
    return s.turned(motion, np.full(len(motion), degrees)) + np.array([1.3, 0.0, -2.7])


@pytest.mark.parametrize("name", TESTS)
def test_the_place_and_the_facing_do_not_matter(name):
    named, motion = SHOWN[name]
    for degrees in (50.0, 130.0, 180.0, 265.0):
        assert passes(elsewhere(motion, degrees), {"is": name} | named)
        assert not any(passes(elsewhere(miss, degrees), {"is": name}) for miss in MISSES[name])


@pytest.mark.parametrize("name", TESTS)
def test_the_mirror_image_is_judged_alike(name):
    for motion in (SHOWN[name][1], *MISSES[name]):
        for side in (None, *OPPOSITE_SIDES) if "side" in SHOWN[name][0] else (None,):
            named, mirrored = ({}, {}) if side is None else ({"side": side}, {"side": OPPOSITE[side]})
            assert passes(motion, {"is": name} | named) == passes(mirror(motion), {"is": name} | mirrored)
