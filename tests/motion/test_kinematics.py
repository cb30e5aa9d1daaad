"""Speed, bones, facing and limbs of bodies whose figures are known."""

import numpy as np
import pytest
import synthetic_motions as made
from scipy.spatial.transform import Rotation

from coamd_blender.motion import kinematics, skeleton

J = skeleton.JOINT_INDEX


def facing(degrees: float, frames: int = 3) -> np.ndarray:
    """The rest pose turned about +Y: its left hand, at +X, goes towards -Z, and so it turns to the left."""
    turn = Rotation.from_euler("y", degrees, degrees=True)
    return np.repeat((skeleton.rest_joints() @ turn.as_matrix().T)[None], frames, axis=0)


def twisted(degrees: float) -> np.ndarray:
    """A body whose shoulders are turned by ``degrees`` against its hips: (22, 3)."""
    body = skeleton.rest_joints()
    body[list(skeleton.SHOULDERS)] = facing(degrees)[0, list(skeleton.SHOULDERS)]
    return body


def test_velocity_is_a_second_for_each_frame_rate_and_zero_for_one_frame():
    path = (np.arange(10.0) ** 2)[:, None] * [1.0, 0.0, -2.0]
    np.testing.assert_allclose(kinematics.velocity(path, 10)[1:-1], 20 * np.arange(1, 9)[:, None] * [1, 0, -2])
    np.testing.assert_allclose(kinematics.velocity(path)[[0, -1]], 20 * np.array([[1, 0, -2], [17, 0, -34]]))
    np.testing.assert_allclose(kinematics.speed(path, 10)[4], 80 * 5**0.5)
    assert not kinematics.velocity(path[:1]).any() and kinematics.speed(path[:1]).shape == (1,)


def test_bones_and_their_lengths_are_those_of_the_canonical_body():
    joints = facing(50.0)
    np.testing.assert_allclose(kinematics.bones(skeleton.rest_joints()), skeleton.REST_OFFSETS[1:], atol=1e-12)
    np.testing.assert_allclose(kinematics.bone_lengths(joints)[1], skeleton.BONE_LENGTHS, atol=1e-12)


def test_a_leg_is_as_long_in_the_middle_frame_as_both_are_on_average():
    joints = facing(0.0)
    own = skeleton.BONE_LENGTHS[J["left_knee"]] + skeleton.BONE_LENGTHS[J["left_ankle"]]
    assert kinematics.leg_length(joints) == pytest.approx(own)
    joints[2] *= 5  # one wild frame
    joints[:2, J["left_ankle"]] += [0, -0.1, 0]
    longer = np.linalg.norm(joints[0, J["left_ankle"]] - joints[0, J["left_knee"]])
    wanted = own / 2 + (skeleton.BONE_LENGTHS[J["left_knee"]] + longer) / 2
    assert kinematics.leg_length(joints) == pytest.approx(wanted)


@pytest.mark.parametrize("degrees", [0, 30, -45, 170])
def test_both_directions_agree_on_a_straight_body_and_grow_to_the_left(degrees):
    wanted = [np.sin(np.radians(degrees)), 0.0, np.cos(np.radians(degrees))]
    for forward in (kinematics.forward_by_width, kinematics.forward_balanced):
        np.testing.assert_allclose(forward(facing(degrees)), [wanted] * 3, atol=1e-9)
        np.testing.assert_allclose(forward(facing(degrees)[0]), wanted, atol=1e-9)
    assert np.degrees(kinematics.heading_by_width(facing(degrees))) == pytest.approx([degrees] * 3, abs=1e-6)


def test_headings_count_whole_turns():
    turning = np.concatenate([facing(degrees, 1) for degrees in np.linspace(0, 720, 60)])
    assert np.degrees(np.ptp(kinematics.heading_by_width(turning))) == pytest.approx(720, abs=1e-6)


def test_shoulders_that_twist_count_as_wide_as_they_are_or_as_much_as_the_hips():
    body = twisted(60)
    hips, shoulders = (np.linalg.norm(body[left] - body[right]) for left, right in (skeleton.HIPS, skeleton.SHOULDERS))
    assert shoulders > 1.9 * hips

    def degrees(forward):
        return np.degrees(np.arctan2(forward[0], forward[2]))

    # The sum of two vectors 60 degrees apart, as long as the lines.
    by_width = np.degrees(np.arctan2(shoulders * np.sin(np.pi / 3), hips + shoulders * np.cos(np.pi / 3)))
    assert degrees(kinematics.forward_by_width(body)) == pytest.approx(by_width, abs=1e-6)
    assert degrees(kinematics.forward_balanced(body)) == pytest.approx(30, abs=1e-6)


def test_a_body_on_its_side_faces_from_head_to_pelvis_and_one_without_a_direction_ahead():
    lying = skeleton.rest_joints() @ Rotation.from_euler("z", 90, degrees=True).as_matrix().T  # its head towards -X
    np.testing.assert_allclose(kinematics.forward_balanced(lying), [1, 0, 0], atol=1e-2)
    assert kinematics.forward_balanced(np.zeros((4, 22, 3))).tolist() == [[0, 0, 1]] * 4


def test_level_axes_of_a_heading():
    forward, left = kinematics.level_axes(np.radians([0, 90]))
    np.testing.assert_allclose(forward, [[0, 0, 1], [1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(left, [[1, 0, 0], [0, 0, -1]], atol=1e-12)
    np.testing.assert_allclose(forward[1], kinematics.forward_by_width(facing(90)[0]), atol=1e-9)


def test_a_limb_bends_to_its_pole_and_keeps_its_bones():
    rng = np.random.default_rng(2)
    root, along, side = rng.normal(size=(3, 40, 3))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    pole = np.cross(along, side)
    pole /= np.linalg.norm(pole, axis=1, keepdims=True)
    upper, lower = rng.uniform(0.2, 0.5, size=(2, 40, 1))
    reach = np.abs(upper - lower) + rng.uniform(0.01, 0.99, size=(40, 1)) * (upper + lower - np.abs(upper - lower))
    middle, end = kinematics.bend_limb(root, along, reach, pole, upper, lower)
    np.testing.assert_allclose(end, root + along * reach)
    np.testing.assert_allclose(np.linalg.norm(middle - root, axis=1), upper[:, 0])
    np.testing.assert_allclose(np.linalg.norm(end - middle, axis=1), lower[:, 0])
    assert ((middle - root) * pole).sum(axis=1).min() > 0
    np.testing.assert_allclose(((middle - root) * np.cross(along, pole)).sum(axis=1), 0, atol=1e-12)


def test_a_limb_out_of_its_bones_reach_is_straight():
    one, ahead, up = np.ones((1, 1)), np.array([[0.0, 0, 1]]), np.array([[0.0, 1, 0]])
    middle, end = kinematics.bend_limb(np.zeros((1, 3)), ahead, 2.0 * one, up, one, one)
    np.testing.assert_allclose([middle[0], end[0]], [[0, 0, 1], [0, 0, 2]])


def test_a_walk_at_a_known_speed_has_that_speed():
    walk = made.travelling(made.standing(3), 1.3)
    np.testing.assert_allclose(kinematics.speed(walk[:, 0]), 1.3, atol=1e-6)
