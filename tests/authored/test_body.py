"""Limbs and trunk: inverses, lengths and sides."""

import numpy as np
from scipy.spatial.transform import Rotation

from coamd_blender.motion.skeleton import rest_joints
from coamd_blender.motion.trunk import place_trunk, trunk_frames
from runtime.authored.body import (
    FOREARM,
    UPPER_ARM,
    centre_of_mass,
    from_out,
    lower_direction,
    to_out,
    two_bone,
)

RNG = np.random.default_rng(5)


def test_two_bones_reach_their_target_with_the_middle_joint_on_the_side_asked_for():
    target = RNG.normal(size=(200, 3))
    target *= (RNG.uniform(0.2, 0.5, 200) / np.linalg.norm(target, axis=1))[:, None]
    pole = RNG.normal(size=(200, 3))
    rotation, bend = two_bone(target, pole, UPPER_ARM, FOREARM)
    middle = rotation[..., 0] * UPPER_ARM
    end = middle + lower_direction(rotation, bend) * FOREARM
    np.testing.assert_allclose(end, target, atol=1e-9)
    axis = target / np.linalg.norm(target, axis=1, keepdims=True)
    off = middle - (middle * axis).sum(1, keepdims=True) * axis
    assert ((off * pole).sum(1) > 0).all()
    np.testing.assert_allclose(np.linalg.det(rotation), 1, atol=1e-9)


def test_a_target_out_of_reach_is_reached_for():
    rotation, bend = two_bone(np.array([[0.0, 0.0, 2.0]]), np.array([[0.0, -1.0, 0.0]]), UPPER_ARM, FOREARM)
    end = rotation[..., 0] * UPPER_ARM + lower_direction(rotation, bend) * FOREARM
    assert end[0, 2] > 0.999 * (UPPER_ARM + FOREARM) - 1e-3 and abs(end[0, 0]) < 1e-9


def test_trunk_frames_are_the_inverse_of_placing_the_trunk():
    frames = Rotation.random(30, random_state=3).as_matrix()
    lean = Rotation.from_euler("YXZ", RNG.uniform(-40, 40, (30, 3)), degrees=True).as_matrix()
    chest = frames @ lean
    nod = Rotation.from_euler("x", RNG.uniform(-30, 30, (30, 1)), degrees=True).as_matrix()
    joints = np.zeros((30, 22, 3))
    place_trunk(joints, frames, chest, chest @ nod)
    pelvis, upper, head = trunk_frames(joints)
    np.testing.assert_allclose(pelvis, frames, atol=1e-7)
    np.testing.assert_allclose(upper, chest, atol=1e-7)
    np.testing.assert_allclose(head, chest @ nod, atol=1e-7)


def test_upright_frames_place_the_trunk_of_the_rest_pose():
    joints = rest_joints()[None].copy()
    upright = np.eye(3)[None]
    wanted = joints.copy()
    place_trunk(joints, upright, upright, upright)
    np.testing.assert_allclose(joints, wanted, atol=1e-12)


def test_out_coordinates_point_away_from_the_middle_on_both_sides():
    frame = np.eye(3)[None]
    assert to_out(frame, np.array([[1.0, 0.0, 0.0]]), 0)[0, 0] == 1
    assert to_out(frame, np.array([[-1.0, 0.0, 0.0]]), 1)[0, 0] == 1
    vectors = RNG.normal(size=(1, 3))
    np.testing.assert_allclose(from_out(frame, to_out(frame, vectors, 1), 1), vectors)


def test_the_centre_of_mass_of_a_standing_body_is_in_the_pelvis():
    centre = centre_of_mass(rest_joints()[None])[0]
    pelvis = rest_joints()[0]
    assert abs(centre[0]) < 1e-9 and -0.05 < centre[1] - pelvis[1] < 0.12 and abs(centre[2] - pelvis[2]) < 0.05
