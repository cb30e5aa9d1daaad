"""Limbs that reach: the two-bone leg against its geometry."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from coamd_blender.retarget.limbs import longest_reach, two_bone

HIP, KNEE, ANKLE = np.array([[0, 1.0, 0]]), np.array([[0, 0.55, 0.05]]), np.array([[0, 0.12, 0]])
HINGE = np.array([[1.0, 0, 0]])


def bent_leg():
    """A leg that is clearly bent, its knee 0.2 m in front of the line to the ankle."""
    return np.array([[0, 1.0, 0]]), np.array([[0, 0.6, 0.2]]), np.array([[0, 0.2, 0]])


def test_two_bones_reach_their_goal_or_as_far_as_they_can():
    goal = np.array([[0.1, 0.2, 0.15]])
    knee, ankle = two_bone(HIP, KNEE, ANKLE, goal, HINGE)
    assert np.allclose(ankle, goal)
    assert np.allclose(np.linalg.norm(knee - HIP), np.linalg.norm(KNEE - HIP))
    assert np.allclose(np.linalg.norm(ankle - knee), np.linalg.norm(ANKLE - KNEE))
    far = two_bone(HIP, KNEE, ANKLE, np.array([[0, -3.0, 0]]), HINGE)
    leg = np.linalg.norm(KNEE - HIP) + np.linalg.norm(ANKLE - KNEE)
    assert 0.99 * leg < np.linalg.norm(far[1] - HIP) <= leg


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 0, 1), (0, 1, 0), (0.6, 0.0, 0.8)])
@pytest.mark.parametrize("degrees", [20, -75])
def test_the_bend_plane_swings_along_with_the_limb(axis, degrees):
    """A goal as far off as the ankle is, in another direction: the whole leg turns there, its knee as well."""
    hip, knee, ankle = bent_leg()
    leg = (ankle - hip)[0]
    goal = hip + Rotation.from_rotvec(np.radians(degrees) * np.array(axis)).apply(leg)
    across = np.cross(leg, goal[0] - hip[0])  # the smallest turn from one to the other is about this
    sine = np.linalg.norm(across) / (leg @ leg)
    angle = np.arctan2(sine, leg @ (goal - hip)[0] / (leg @ leg))
    smallest = Rotation.from_rotvec(angle * across / np.maximum(np.linalg.norm(across), 1e-9))
    new_knee, new_ankle = two_bone(hip, knee, ankle, goal, np.array([[0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(new_ankle, goal, atol=1e-9)
    np.testing.assert_allclose(new_knee - hip, smallest.apply(knee - hip), atol=1e-6)


def test_a_straight_leg_bends_its_knee_forward():
    hip, knee, ankle = np.array([[0, 1.0, 0]]), np.array([[0, 0.5, 0]]), np.array([[0, 0.0, 0]])
    new_knee, _ = two_bone(hip, knee, ankle, np.array([[0, 0.1, 0]]), HINGE)
    assert new_knee[0, 2] > 0.1


def test_a_bent_leg_bends_in_its_own_plane_whatever_the_hinge_says():
    hip, knee, ankle = bent_leg()
    for hinge in ((1.0, 0, 0), (0, 0, 1.0)):
        new_knee, _ = two_bone(hip, knee, ankle, np.array([[0, 0.4, 0]]), np.array([hinge]))
        assert new_knee[0, 2] > 0.2 and abs(new_knee[0, 0]) < 1e-9


def test_a_limb_is_not_stretched_straighter_than_it_was_nor_than_a_thousandth_short_of_straight():
    assert longest_reach(1.0, np.array([0.5, 0.9995, 1.0])) == pytest.approx([0.999, 0.9995, 0.9999])
