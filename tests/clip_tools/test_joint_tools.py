"""The motion of a body made into another one, on a body that walks a circle, swaying."""

import numpy as np
import pytest

from coamd_blender.clip_tools import joint_tools
from coamd_blender.motion import skeleton
from coamd_blender.motion.kinematics import bone_lengths

FPS, RADIUS = 20, 2.0


def circling(frames=80, speed=1.0):
    """A rigid body on a circle to the left, that bobs and noddles with its arms: (frames, 22, 3)."""
    seconds = np.arange(frames) / FPS
    angles = speed * seconds / RADIUS
    joints = np.repeat(skeleton.rest_joints()[None], frames, axis=0)
    for side, sign in (("left", 1), ("right", -1)):
        elbow, wrist = (skeleton.JOINT_INDEX[f"{side}_{part}"] for part in ("elbow", "wrist"))
        shoulder = joints[:, skeleton.JOINT_INDEX[f"{side}_shoulder"]]
        swing = 0.5 * np.sin(2 * np.pi * seconds + (sign > 0))
        down = np.stack([np.zeros(frames), -np.cos(swing), np.sin(swing)], axis=1)
        joints[:, elbow] = shoulder + down * skeleton.BONE_LENGTHS[elbow]
        joints[:, wrist] = joints[:, elbow] + down * skeleton.BONE_LENGTHS[wrist]
    cosine, sine, zero = np.cos(angles), np.sin(angles), np.zeros(frames)
    turns = np.stack([cosine, zero, sine, zero, zero + 1, zero, -sine, zero, cosine], axis=1).reshape(-1, 3, 3)
    centre = np.array([RADIUS, 0.0, 0.0])
    return np.einsum("fij,fkj->fki", turns, joints - centre) + centre


def test_a_mirrored_circle_goes_the_other_way_and_twice_is_the_same():
    joints = circling()
    other = joint_tools.mirrored(joints)
    assert np.allclose(other[:, 0, 0], -joints[:, 0, 0]) and np.allclose(other[:, 0, 2], joints[:, 0, 2])
    left, right = skeleton.JOINT_INDEX["left_wrist"], skeleton.JOINT_INDEX["right_wrist"]
    assert np.allclose(other[:, left, 1], joints[:, right, 1])
    assert np.allclose(joint_tools.mirrored(other), joints)


def test_smoothing_takes_noise_out_and_keeps_ends_and_bones():
    clean = circling()
    noisy = skeleton.with_bone_lengths(clean + np.random.default_rng(0).normal(scale=0.01, size=clean.shape))
    soft = joint_tools.smoothed(noisy, 3)
    inner = slice(8, -8)
    assert np.abs(soft - clean)[inner].mean() < 0.6 * np.abs(noisy - clean)[inner].mean()
    assert np.allclose(soft[[0, -1]], noisy[[0, -1]]) and np.allclose(bone_lengths(soft), bone_lengths(noisy))


def test_a_loop_ends_in_its_first_pose_carried_on_and_at_its_first_speed():
    joints = circling(73)
    closed = joint_tools.looped(joints, 16)
    gone = (joints[-1, 0] - joints[0, 0]) * [1, 0, 1]
    assert np.allclose(closed[-1], joints[0] + gone, atol=1e-9)
    assert np.array_equal(closed[:50], joint_tools.looped(joints, 16)[:50]) and np.allclose(closed[:56], joints[:56])
    ends = closed[-1] - closed[-2], joints[1] - joints[0]
    assert np.abs(ends[0] - ends[1]).max() < 0.02 < np.abs(joints[-1] - joints[-2] - ends[1]).max()


def test_a_blend_goes_on_where_the_first_is_and_lasts_both_less_the_overlap():
    first, second = circling(60), circling(50)
    both = joint_tools.blended(first, second, 10)
    assert len(both) == 100 and np.allclose(both[:50], first[:50])
    steps = np.linalg.norm(np.diff(both[:, 0], axis=0), axis=1)
    assert np.allclose(steps, 1.0 / FPS, atol=0.003)
    around = np.linalg.norm((both[:, 0] - [RADIUS, 0, 0]) * [1, 0, 1], axis=1)
    assert np.allclose(around, RADIUS, atol=0.02), "the second circle goes on along the first"


@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_in_place_the_body_stays_and_faces_one_way_and_the_root_brings_it_back(speed):
    joints = circling(speed=speed)
    places, turns = joint_tools.root_motion(joints, FPS)
    still = joint_tools.in_place(joints, places, turns)
    assert np.abs(still[:, 0] - still[0, 0]).max() < 0.03
    assert np.abs(joint_tools.heading(still) - joint_tools.heading(still)[0]).max() < 0.03
    assert (
        np.allclose(places[0], 0) and turns[0] == 0 and turns[-1] == pytest.approx(speed * 79 / 20 / RADIUS, abs=0.02)
    )
    angle = turns[40]
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    start = joints[0, 0] * [1, 0, 1]
    assert np.allclose((still[40] - start) @ turn.T + start + places[40], joints[40])
