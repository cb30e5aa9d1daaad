"""A motion led through places: the root trajectory that is laid, and, with the bundled weights, where the body goes."""

import numpy as np
import pytest

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import JOINT_INDEX, rest_joints
from runtime.cleanup.blend import Target
from runtime.edit.regenerate import edit
from runtime.edit.task import Edit, Place
from runtime.edit.way import Knot, through_places
from runtime.generate.generator import Generator

TIMES = np.arange(0, 6.01, 0.2)
LEFT, RIGHT = ("left_hip", "left_shoulder"), ("right_hip", "right_shoulder")


def looks(joints, frame):
    """The heading of hips and shoulders together, radians from +Z towards +X."""
    left, right = (sum(joints[frame, JOINT_INDEX[name]] for name in side) for side in (LEFT, RIGHT))
    across = left - right
    return np.arctan2(-across[2], across[0])


def aside(angle, other):
    """By how much two angles differ, degrees."""
    return abs(np.degrees(np.angle(np.exp(1j * (angle - other)))))


KNOTS = [
    Knot(0.0, np.array([0.0, 0.0]), 0.0),
    Knot(2.0, np.array([0.5, 2.0])),
    Knot(4.0, np.array([2.0, 3.0]), np.pi / 2),
    Knot(6.0, np.array([2.0, 1.0]), 0.0),
]


def test_the_way_passes_each_place_at_its_time_looking_there():
    stations = through_places(KNOTS, TIMES, 0.0, stops=False)
    for knot in KNOTS:
        there = stations[np.abs(TIMES - knot.time).argmin()]
        assert np.linalg.norm(there[:2] - knot.point) < 1e-6
        if knot.heading is not None:
            assert aside(there[2], knot.heading) < 1e-6
    steps = np.diff(stations[:, :2], axis=0)
    along = np.arctan2(steps[:, 0], steps[:, 1])
    assert aside(stations[7, 2], along[7]) < 12 and np.abs(np.diff(stations[:, 2])).max() < 1.2


def test_it_is_gone_evenly_from_the_speed_it_comes_with_and_stops_where_it_is_to():
    knots = [KNOTS[0], Knot(4.0, np.array([0.0, 4.8]))]
    speed = np.diff(through_places(knots, TIMES, 0.0, stops=True)[:, 1]) / 0.2
    assert speed[0] < 0.6 and np.allclose(speed[3:16], 4.8 / 3.5, atol=0.02) and np.abs(speed[20:]).max() < 1e-6
    on = np.diff(through_places(knots, TIMES, 1.2, stops=False)[:, 1]) / 0.2
    assert np.allclose(on, 1.2, atol=1e-6), "beyond the last place at the same speed"


def test_it_slows_down_where_it_turns_back():
    knots = [KNOTS[0], Knot(3.0, np.array([0.0, 3.0])), Knot(6.0, np.array([0.1, 0.0]))]
    speed = np.linalg.norm(np.diff(through_places(knots, TIMES, 1.0, stops=False)[:, :2], axis=0), axis=1) / 0.2
    assert speed[14:16].max() < 0.4 and speed[3:12].min() > 0.95
    ahead = [KNOTS[0], Knot(3.0, np.array([0.0, 3.0])), Knot(6.0, np.array([0.1, 6.0]))]
    speed = np.linalg.norm(np.diff(through_places(ahead, TIMES, 1.0, stops=False)[:, :2], axis=0), axis=1) / 0.2
    assert speed.min() > 0.95


def test_two_places_that_are_one_are_stood_at():
    knots = [KNOTS[0], Knot(2.0, np.zeros(2)), Knot(4.0, np.zeros(2), 1.0)]
    stations = through_places(knots, TIMES, 0.0, stops=True)
    assert np.isfinite(stations).all() and np.abs(stations[:, :2]).max() < 1e-9 and abs(stations[-1, 2] - 1) < 1e-6


@pytest.fixture(scope="module")
def generator():
    return Generator.load(device="cpu")


@pytest.fixture(scope="module")
def walk(generator):
    return generator.generate(["a person walks forward"], 120, [3])[0]


FRESH = (Place(40, np.array([0.6, 1.6])), Place(80, np.array([0.0, 3.2])), Place(119, np.array([1.6, 4.0]), np.pi / 2))


@pytest.mark.parametrize("fps", [20.0, 24.0])
def test_a_motion_of_its_own_passes_places_and_looks_there(generator, walk, fps):
    made = edit(generator, walk, fps, Edit(0, 120, "a person walks forward", seed=1, places=FRESH))
    for place in FRESH:
        assert np.linalg.norm(made[round(place.frame), 0, [0, 2]] - place.point) < 0.01
    assert aside(looks(made, 119), np.pi / 2) < 8
    speed = np.linalg.norm(np.diff(made[:, 0][:, [0, 2]], axis=0), axis=1) * fps
    assert speed.max() < 1.6 * np.median(speed), "no leap to a place"


def test_what_goes_on_turns_to_a_place_behind_it_and_then_is_free(generator, walk):
    places = (Place(110, walk[59, 0, [0, 2]] + (1.0, -1.5), np.pi),)
    made = edit(generator, walk, 20.0, Edit(60, 120, "a person walks", "continue", seed=2, places=places))
    assert np.array_equal(made[:60], walk[:60])
    assert np.linalg.norm(made[110, 0, [0, 2]] - places[0].point) < 0.01 and aside(looks(made, 110), np.pi) < 10
    fastest = np.linalg.norm(np.diff(walk, axis=0), axis=-1).max(axis=0)
    steps = np.linalg.norm(np.diff(made[58:], axis=0), axis=-1).max(axis=0)
    assert (steps < 1.3 * fastest + 0.02).all(), "no joint leaps, where it begins or later"


def test_from_a_pose_through_another_with_a_hand_that_is_held(generator):
    pose = rest_joints().astype(np.float32)
    clip = np.repeat(pose[None], 101, axis=0)
    key = pose + np.float32([0.3, 0.0, 2.0])
    rail = key[JOINT_INDEX["left_wrist"]] + (0.1, -0.35, 0.9)
    held = [Target(frame, (JOINT_INDEX["left_wrist"],), rail[None].astype(float)) for frame in range(80, 95)]
    task = Edit(
        1,
        101,
        "a person walks forward",
        "continue",
        seed=4,
        targets=(Target(50, tuple(range(22)), key.astype(float)), *held),
        places=(Place(50, key[0, [0, 2]].astype(float), 0.0), Place(80, np.array([0.4, 2.6]))),
    )
    made = edit(generator, clip, 20.0, task)
    assert np.linalg.norm(made[50] - key, axis=-1).max() < 0.01
    assert np.linalg.norm(made[80:95, JOINT_INDEX["left_wrist"]] - rail, axis=-1).max() < 0.01
    steps = np.linalg.norm(np.diff(made[:, 0], axis=0), axis=1)
    assert steps.max() < 0.12, "the body walks there"


def test_a_place_where_the_range_begins_is_refused(generator, walk):
    with pytest.raises(InputError, match="where the range begins"):
        edit(generator, walk, 20.0, Edit(60, 120, "a", "continue", places=(Place(60, np.zeros(2)),)))
