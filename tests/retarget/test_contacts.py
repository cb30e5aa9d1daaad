"""Feet: contacts on made-up walks, locks, and the two-bone leg."""

import numpy as np
import pytest
from bodies import J, make_rig, pose, posed_heads

from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, contacts, detect, solve


def sliding_body(frames=40, speed=0.1):
    """A body standing on bent knees that glides forward at ``speed`` m/s with both feet flat: pure foot skate."""
    vectors = np.zeros((frames, 22, 3))
    for side in ("left", "right"):
        vectors[:, J[f"{side}_hip"]] = (-0.5, 0, 0)
        vectors[:, J[f"{side}_knee"]] = (1.0, 0, 0)
        vectors[:, J[f"{side}_ankle"]] = (-0.5, 0, 0)
    glide = np.zeros((frames, 3))
    glide[:, 2] = np.arange(frames) / 20 * speed
    joints = pose(vectors, travel=glide)
    joints[..., 1] -= joints[..., 1].min()
    return joints


def test_a_foot_stands_while_low_and_slow_and_hysteresis_bridges_the_middle():
    joints = np.tile(skeleton.rest_joints(), (60, 1, 1))
    joints[20:30, [J["left_ankle"], J["left_foot"]], 1] += 0.3
    joints[40:42, [J["right_ankle"], J["right_foot"]], 1] += 0.065
    standing = contacts.detect_contacts(joints, 20)
    assert not standing[20:30, 0].any() and standing[:18, 0].all() and standing[33:, 0].all()
    assert standing[:, 1].sum() >= 56


def test_a_foot_in_the_air_or_in_motion_does_not_stand():
    joints = np.tile(skeleton.rest_joints(), (30, 1, 1))
    assert not contacts.detect_contacts(joints + np.array((0, 0.3, 0)), 20).any()
    running = joints + np.linspace((0, 0, 0), (0, 0, 4.0), 30)[:, None]
    assert not contacts.detect_contacts(running, 20).any()
    assert contacts.detect_contacts(joints + np.array((0, 0.3, 0)), 20, floor=0.3).all()


@pytest.mark.parametrize("mode", ["soft", "strict"])
def test_standing_feet_stop_sliding_and_off_leaves_them(mode):
    rig, joints = make_rig(rolls=True), sliding_body()
    heads = {
        contact: posed_heads(rig, solve(rig, detect(rig.names), joints, Options(place="world", contact=contact)))
        for contact in ("off", mode)
    }
    toe = heads[mode][:, J["left_foot"]]
    assert np.ptp(heads["off"][:, J["left_foot"], 2]) > 0.19
    assert np.ptp(toe, axis=0).max() < 2e-3
    knee = heads[mode][:, J["left_knee"]]
    assert (knee[:, 2] - heads[mode][:, J["left_hip"], 2]).min() > 0.05
    for start, end in (("left_hip", "left_knee"), ("left_knee", "left_ankle")):
        length = np.linalg.norm(heads[mode][:, J[end]] - heads[mode][:, J[start]], axis=-1)
        assert np.allclose(length, skeleton.BONE_LENGTHS[J[end]], atol=1e-4)


def test_lock_holds_the_mean_and_fades():
    places = np.cumsum(np.full((30, 3), 0.01), axis=0)
    standing = np.zeros(30, dtype=bool)
    standing[10:20] = True
    offsets = contacts.lock_offsets(places, standing, blend=5)
    held = (places + offsets)[10:20]
    assert np.allclose(held, places[10:20].mean(axis=0))
    assert np.allclose(offsets[:5], 0) and np.allclose(offsets[25:], 0)
    steps = np.linalg.norm(np.diff(offsets, axis=0), axis=1)
    assert steps.max() < 0.03


def test_lock_goes_straight_across_a_short_gap_and_the_ends():
    places = np.zeros((12, 3))
    places[:, 0] = np.linspace(0, 0.11, 12)
    standing = np.array([True] * 5 + [False] * 2 + [True] * 5)
    offsets = contacts.lock_offsets(places, standing, blend=5)
    assert np.allclose((places + offsets)[:5, 0], 0.02) and np.allclose((places + offsets)[7:, 0], 0.09)
    assert np.all(np.abs(np.diff(offsets[:, 0])) < 0.03)
    assert np.allclose(contacts.lock_offsets(places, np.zeros(12, bool), 5), 0)


def test_two_bones_reach_their_goal_or_as_far_as_they_can():
    hip, knee, ankle = np.array([[0, 1.0, 0]]), np.array([[0, 0.55, 0.05]]), np.array([[0, 0.12, 0]])
    hinge = np.array([[1.0, 0, 0]])
    goal = np.array([[0.1, 0.2, 0.15]])
    new_knee, new_ankle = contacts.two_bone(hip, knee, ankle, goal, hinge)
    assert np.allclose(new_ankle, goal)
    assert np.allclose(np.linalg.norm(new_knee - hip), np.linalg.norm(knee - hip))
    assert np.allclose(np.linalg.norm(new_ankle - new_knee), np.linalg.norm(ankle - knee))
    far = contacts.two_bone(hip, knee, ankle, np.array([[0, -3.0, 0]]), hinge)
    leg = np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)
    assert 0.99 * leg < np.linalg.norm(far[1] - hip) <= leg


def test_a_straight_leg_bends_its_knee_forward():
    hip, knee, ankle = np.array([[0, 1.0, 0]]), np.array([[0, 0.5, 0]]), np.array([[0, 0.0, 0]])
    new_knee, _ = contacts.two_bone(hip, knee, ankle, np.array([[0, 0.1, 0]]), np.array([[1.0, 0, 0]]))
    assert new_knee[0, 2] > 0.1


def test_floor_lifts_the_sunk_lowers_the_hovering_and_leaves_the_leaping():
    standing = np.tile(skeleton.rest_joints(), (20, 1, 1))
    assert contacts.floor_height(standing) == pytest.approx(0)
    assert contacts.floor_height(standing - np.array((0, 0.05, 0))) == pytest.approx(-0.05)
    assert contacts.floor_height(standing + np.array((0, 0.04, 0))) == pytest.approx(0.04)
    assert contacts.floor_height(standing + np.array((0, 0.4, 0))) == 0
    lying = standing[..., [0, 2, 1]] * (1, 1, 1) + (0, 0.05, 0)
    lying[..., 1] -= lying[..., 1].min() - 0.05
    lying[:, [J["left_foot"], J["right_foot"], J["left_ankle"], J["right_ankle"]], 1] += 0.2
    assert contacts.floor_height(lying) == 0
