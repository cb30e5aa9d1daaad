"""Twist of limbs: from the bend plane where there is one, carried over where there is none."""

import numpy as np
import pytest
from bodies import J, angles_between, make_rig, pose
from scipy.spatial.transform import Rotation

from coamd_blender.retarget import Options, detect, forward_kinematics, solve
from coamd_blender.retarget.twist import carry, clear_frames


def bone_axes(rig, joints, bone):
    """Orientation (F, 3, 3) of one bone, armature space, relative to its rest."""
    solution = solve(rig, detect(rig.names), joints, Options(place="world", contact="off", floor=False))
    pose_matrices = forward_kinematics(rig, *solution.expand(rig))
    return pose_matrices[:, J[bone], :3, :3] @ rig.rest[J[bone], :3, :3].T


def test_a_bent_elbow_shows_the_upper_arms_twist():
    """An arm raised to the side, bent by 90 degrees and turned about itself: the bone turns as far."""
    frames, angles = 30, np.linspace(-1.2, 1.2, 30)
    vectors = np.zeros((frames, 22, 3))
    vectors[:, J["left_shoulder"], 0] = angles
    vectors[:, J["left_elbow"]] = (0, -np.pi / 2, 0)
    turns = bone_axes(make_rig(rolls=True), pose(vectors), "left_shoulder")
    expected = Rotation.from_rotvec(angles[:, None] * (1.0, 0.0, 0.0)).as_matrix()
    apart = Rotation.from_matrix(turns @ np.swapaxes(expected, 1, 2)).magnitude()
    # The canonical upper arm is a few degrees off the X axis.
    assert np.degrees(apart).max() < 8


@pytest.mark.parametrize(("joint", "above"), [("left_elbow", "left_shoulder"), ("right_knee", "right_hip")])
def test_noise_near_straight_does_not_twist(joint, above):
    rng = np.random.default_rng(0)
    vectors = np.zeros((80, 22, 3))
    vectors[:, J[joint]] = rng.normal(size=(80, 3)) * 0.05
    turns = bone_axes(make_rig(rolls=True), pose(vectors), above)
    steps = Rotation.from_matrix(turns[1:] @ np.swapaxes(turns[:-1], 1, 2)).magnitude()
    assert np.degrees(steps).max() < 2


def test_twist_runs_smoothly_from_bent_through_straight_to_bent():
    bend = np.abs(np.linspace(-1.5, 1.5, 61))
    vectors = np.zeros((61, 22, 3))
    vectors[:, J["left_shoulder"], 0] = np.linspace(-0.8, 0.8, 61)
    vectors[:, J["left_elbow"], 1] = -bend
    turns = bone_axes(make_rig(rolls=True), pose(vectors), "left_shoulder")
    steps = Rotation.from_matrix(turns[1:] @ np.swapaxes(turns[:-1], 1, 2)).magnitude()
    assert np.degrees(steps).max() < 4


def test_knees_bend_about_the_rigs_own_axis():
    """A squat: the thigh turns about the hip axis alone, from which it leans by 5 degrees at rest."""
    bend = np.linspace(0, 1.6, 40)
    vectors = np.zeros((40, 22, 3))
    vectors[:, J["left_hip"], 0], vectors[:, J["left_knee"], 0] = -bend / 2, bend
    rig, joints = make_rig(rolls=True), pose(vectors)
    turns = bone_axes(rig, joints, "left_hip")
    assert angles_between(turns[:, :, 0], np.array([1.0, 0, 0])).max() < 8
    shin = bone_axes(rig, joints, "left_knee")
    assert angles_between(shin[:, :, 0], turns[:, :, 0]).max() < 15


def test_clear_frames_have_hysteresis():
    bend = np.radians([5, 20, 30, 20, 14, 10, 20, 5])
    assert clear_frames(bend).tolist() == [False, False, True, True, True, False, False, False]


def test_carry_unwraps_interpolates_and_limits():
    angle = np.array([2.5, 0.0, 9.0, 2.9, -3.1])
    known = np.array([True, False, False, True, True])
    carried = carry(angle, known, limit=np.pi + 0.1)
    assert carried[0] == pytest.approx(2.5) and carried[4] == pytest.approx(2 * np.pi - 3.1)
    assert np.allclose(np.diff(carried[:4]), np.diff(carried[:4])[0])
    assert np.allclose(carry(angle, known, limit=1.0)[[0, 3]], 1.0)
    assert np.allclose(carry(angle, np.zeros(5, bool), limit=1.0), 0)


def test_one_wrong_step_near_straight_does_not_turn_what_comes_after_it():
    """The bend plane of a nearly straight limb jumps for a frame: adding up its steps would be half a turn over."""
    angle = np.array([0.4, 0.4, -0.3, -1.3, 3.2, 1.4, 1.2, 0.8, 0.5])
    carried = carry(angle, np.ones(9, bool), limit=2.3)
    assert np.allclose(carried[[0, 1, 2, 3, 5, 6, 7, 8]], angle[[0, 1, 2, 3, 5, 6, 7, 8]])
    assert np.abs(carried).max() <= 2.3
    hovering = np.array([3.1, -3.1, 3.1, -3.1])
    assert np.abs(np.diff(carry(hovering, np.ones(4, bool), limit=2.3))).max() == 0
