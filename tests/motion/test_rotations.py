"""Rotations against scipy's."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from coamd_blender.motion import rotations as rot

RANDOM = Rotation.random(200, random_state=0)
WXYZ = RANDOM.as_quat()[:, [3, 0, 1, 2]]
HALF_TURNS = Rotation.from_rotvec(np.pi * np.eye(3))


def same_rotation(a, b):
    return np.allclose(np.abs((a * b).sum(axis=-1)), 1, atol=1e-9)


def test_quaternions_and_matrices_agree_with_scipy():
    assert np.allclose(rot.matrix_from_quaternion(WXYZ), RANDOM.as_matrix())
    assert same_rotation(rot.quaternion_from_matrix(RANDOM.as_matrix()), WXYZ)
    assert np.allclose(
        rot.matrix_from_quaternion(rot.quaternion_from_matrix(HALF_TURNS.as_matrix())), HALF_TURNS.as_matrix()
    )


def test_product_and_inverse():
    product = rot.multiply(WXYZ[:100], WXYZ[100:])
    assert np.allclose(rot.matrix_from_quaternion(product), (RANDOM[:100] * RANDOM[100:]).as_matrix())
    assert np.allclose(rot.multiply(WXYZ, rot.conjugate(WXYZ)), rot.IDENTITY)


def test_swing_is_the_smallest_rotation():
    a, b = rot.unit(np.random.default_rng(1).normal(size=(2, 100, 3)))
    turn = rot.swing(a, b)
    assert np.allclose(rot.rotate(turn, a), b)
    assert np.allclose(Rotation.from_matrix(turn).magnitude(), np.arccos((a * b).sum(axis=-1)))
    assert np.allclose(rot.rotate(rot.swing(a, -a), a), -a)
    assert np.allclose(np.linalg.det(rot.swing(a, -a)), 1)


def test_swing_twist_splits_and_joins():
    axis = rot.unit(np.array([1.0, 2.0, -0.5]))
    swing, twist = rot.swing_twist(WXYZ, axis)
    assert np.allclose(rot.multiply(swing, twist), WXYZ)
    assert np.allclose(np.cross(twist[:, 1:], axis), 0)
    assert np.allclose(swing[:, 1:] @ axis, 0, atol=1e-9)
    half = rot.swing_twist(np.array([0.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    assert np.allclose(half[1], rot.IDENTITY)


def test_slerp_agrees_with_scipy():
    for pair in range(20):
        expected = Slerp([0, 1], RANDOM[2 * pair : 2 * pair + 2])([0.3])
        mine = rot.slerp(WXYZ[2 * pair], WXYZ[2 * pair + 1], 0.3)
        assert same_rotation(mine, expected.as_quat()[0, [3, 0, 1, 2]])
    assert np.allclose(rot.slerp(WXYZ[0], -WXYZ[0], 0.5), WXYZ[0])


def test_signs_become_continuous():
    turn = Rotation.from_rotvec(np.linspace(0, 6 * np.pi, 80)[:, None] * (0, 0, 1)).as_quat()[:, [3, 0, 1, 2]]
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=80)
    smooth = rot.continuous((turn * signs[:, None])[:, None])[:, 0]
    assert same_rotation(smooth, turn) and smooth[0, 0] >= 0
    assert ((smooth[1:] * smooth[:-1]).sum(axis=-1) > 0.9).all()


@pytest.mark.parametrize("order", rot.EULER_ORDERS)
def test_euler_angles_agree_with_scipy_and_do_not_jump(order):
    path = Slerp(range(6), RANDOM[:6])(np.linspace(0, 5, 400))
    angles = rot.euler_from_matrix(path.as_matrix(), order)
    stored = angles[:, ["XYZ".index(letter) for letter in order]]
    assert np.allclose(Rotation.from_euler(order.lower(), stored).as_matrix(), path.as_matrix(), atol=1e-7)
    plain = path.as_euler(order.lower())
    assert np.abs(np.diff(stored, axis=0)).max() <= np.abs(np.diff(plain, axis=0)).max() + 1e-9
    spin = Rotation.from_rotvec(np.linspace(0, 4 * np.pi, 50)[:, None] * (0, 0, 1))
    assert np.allclose(rot.euler_from_matrix(spin.as_matrix(), order)[-1], (0, 0, 4 * np.pi))


@pytest.mark.parametrize("order", rot.EULER_ORDERS)
@pytest.mark.parametrize("quarter", [np.pi / 2, -np.pi / 2])
def test_euler_angles_at_gimbal_lock(order, quarter):
    turn = Rotation.from_euler(order.lower(), [0.3, quarter, 0.4])
    angles = rot.euler_from_matrix(turn.as_matrix()[None], order)
    stored = angles[:, ["XYZ".index(letter) for letter in order]]
    assert np.allclose(Rotation.from_euler(order.lower(), stored).as_matrix(), turn.as_matrix(), atol=1e-6)


def test_axis_and_angle():
    path = Slerp(range(6), RANDOM[:6])(np.linspace(0, 5, 400))
    quaternions = rot.continuous(path.as_quat()[:, [3, 0, 1, 2]])
    values = rot.axis_angle_from_quaternion(quaternions)
    assert np.allclose(Rotation.from_rotvec(values[:, :1] * values[:, 1:]).as_matrix(), path.as_matrix())
    still = rot.axis_angle_from_quaternion(np.tile(rot.IDENTITY, (3, 1)))
    assert np.allclose(still, (0, 0, 1, 0))


def test_axis_and_angle_keep_side_through_rest():
    angles = np.linspace(0.5, -0.5, 11)
    quaternions = rot.continuous(Rotation.from_rotvec(angles[:, None] * (1, 0, 0)).as_quat()[:, [3, 0, 1, 2]])
    values = rot.axis_angle_from_quaternion(quaternions)
    moving = np.abs(angles) > 1e-6
    assert np.allclose(values[moving, 0], angles[moving]) and np.allclose(values[moving, 1], 1)


@pytest.mark.parametrize("order", rot.EULER_ORDERS)
def test_the_second_frame_already_goes_on_from_the_first(order):
    spin = Rotation.from_rotvec(np.radians([[0, 0, 179], [0, 0, 181]]))
    angles = rot.euler_from_matrix(spin.as_matrix(), order)
    assert np.abs(np.diff(np.degrees(angles), axis=0)).max() < 2.001, "whichever of its two triples the first has"
