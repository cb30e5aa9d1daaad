"""Poses people stand in, poses they do not, and which of many frames comes nearest."""

import re

import numpy as np
import pytest

from coamd_blender.motion.skeleton import JOINT_NAMES, rest_joints
from coamd_blender.retarget.stance import standing_frames, uprightness, why_not_a_stance
from runtime.evaluate.exports import pose

UP = np.array([0.0, 1.0, 0.0])


def named(joints):
    return {name: joints[..., number, :] for number, name in enumerate(JOINT_NAMES)}


def turned(places, axis, degrees):
    angle = np.radians(degrees)
    first, second = {"x": (1, 2), "z": (0, 1)}[axis]
    turn = np.eye(3)
    turn[[first, second], [first, second]] = np.cos(angle)
    turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
    return {name: place @ turn.T for name, place in places.items()}


@pytest.mark.parametrize(("axis", "degrees"), [("x", 0), ("x", 90), ("z", 90), ("x", 180), ("z", 37)])
def test_a_t_pose_is_a_stance_however_its_file_is_turned(axis, degrees):
    assert why_not_a_stance(turned(named(rest_joints()), axis, degrees)) is None


def moved(joint, vector):
    places = named(rest_joints())
    places[joint] = places[joint] + np.array(vector)
    return places


@pytest.mark.parametrize(
    ("places", "why"),
    [
        (moved("left_ankle", (0, 0.9, 0)), "shin does not go down"),
        (moved("left_knee", (0.3, 0.2, 0.5)), "thigh does not go down|side by side"),
        (moved("left_foot", (0, 0, -0.4)), "foot points backwards"),
        (moved("right_elbow", (0, 0.5, 0.3)), "do not mirror"),
        (moved("left_hip", (-0.1565, 0, 0)), "one point"),
        ({name: np.array([float(number), 0, 0]) for number, name in enumerate(JOINT_NAMES)}, "trunk|thigh|shin"),
        ({name: np.zeros(3) for name in JOINT_NAMES}, "no length"),
    ],
)
def test_what_nobody_stands_in_is_told_why(places, why):
    found = why_not_a_stance(places)
    assert found is not None and re.search(why, found), found


def test_a_stride_is_not_a_stance_and_a_frame_of_standing_is_found():
    joints, _ = pose("squat", np.linspace(0, 3, 61))
    score = uprightness(named(joints), UP)
    assert score[0] > 0.95 and score[30] < 0.5
    assert set(standing_frames(named(joints), UP)) <= {0, 1, 2, 58, 59, 60}
    joints, _ = pose("walk", np.linspace(0, 3, 61))
    assert "side by side" in why_not_a_stance({name: place[0] for name, place in named(joints).items()})
