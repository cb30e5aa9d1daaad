"""Contacts of made-up bodies whose feet stand, slide, swing or hover by construction."""

import numpy as np
import pytest
import synthetic_motions as made

from coamd_blender.motion import contacts, skeleton
from coamd_blender.motion.skeleton import ANKLES, JOINT_INDEX, TOES, with_bone_lengths


def still(frames: int) -> np.ndarray:
    return np.tile(skeleton.rest_joints(), (frames, 1, 1))


def raised(joints: np.ndarray, side: int, frames: slice, height: float) -> np.ndarray:
    """``joints`` with one foot ``height`` metres higher in some frames."""
    joints[frames, [[ANKLES[side]], [TOES[side]]], 1] += height
    return joints


def test_a_foot_in_the_air_or_in_motion_does_not_stand():
    joints = still(30)
    assert contacts.detect_contacts(joints, 20).all()
    assert not contacts.detect_contacts(joints + np.array((0, 0.3, 0)), 20).any()
    running = joints + np.linspace((0, 0, 0), (0, 0, 4.0), 30)[:, None]
    assert not contacts.detect_contacts(running, 20).any()
    assert contacts.detect_contacts(joints + np.array((0, 0.3, 0)), 20, floor=0.3).all()
    swung = contacts.detect_contacts(raised(still(60), 0, slice(20, 30), 0.3), 20)
    assert swung[:18, 0].all() and not swung[20:30, 0].any() and swung[33:, 0].all() and swung[:, 1].all()


def test_a_height_between_the_limits_keeps_a_contact_and_begins_none():
    """6.5 cm for a second: less than it takes to end a contact, more than it takes to begin one."""
    times, joints = np.arange(60), still(60)
    feet = [ANKLES[0], TOES[0]]
    joints[:, feet, 1] += np.interp(times, [10, 18, 40, 48], [0.0, 0.065, 0.065, 0.0])[:, None]
    assert contacts.detect_contacts(joints, 20).all(), "it stood before"
    joints[:15, feet, 1] += 0.3
    found = contacts.detect_contacts(joints, 20)[:, 0]
    assert not found[:40].any() and found[45:].all(), "it came from the air"


def test_a_speed_between_the_limits_keeps_a_contact_and_begins_none():
    """0.3 m/s for a second, with nothing but the speed to tell by."""
    speed = np.where((np.arange(60) >= 20) & (np.arange(60) < 40), 0.3, 0.0)
    joints = still(60) + np.cumsum(speed)[:, None, None] / 20 * [0.0, 0.0, 1.0]
    assert contacts.detect_contacts(joints, 20).all(), "it stood before"
    joints[:20] += [0.0, 0.3, 0.0]
    found = contacts.detect_contacts(joints, 20)
    assert not found[:39].any() and found[43:].all(), "it came from the air"


def test_a_touch_of_one_frame_is_no_contact():
    joints = raised(still(30), 1, slice(0, 30), 0.3)
    joints[15] = still(1)
    slow = contacts.detect_contacts(joints, 0.1)  # one frame in ten seconds: nothing is fast
    assert not slow[:, 1].any() and slow[:, 0].all()


def test_limits_are_those_of_the_canonical_body_whatever_the_size():
    joints = raised(still(40), 0, slice(10, 20), 0.3)
    for size in (0.01, 3.0):
        same = contacts.detect_contacts(size * joints + [0.0, 5.0, 0.0], 20, floor=5.0)
        assert (same == contacts.detect_contacts(joints, 20)).all()


def test_where_feet_slide_a_foot_may_be_as_fast_as_a_share_of_the_body():
    glide = with_bone_lengths(made.travelling(made.standing(3), 1.0))
    assert not contacts.detect_sliding_contacts(glide).any(), "as fast as the body: it swings"
    slow = with_bone_lengths(made.travelling(made.standing(3), 0.65))
    assert contacts.detect_sliding_contacts(slow).all() and not contacts.detect_contacts(slow).any()
    feet = [*skeleton.KNEES, *ANKLES, *TOES]
    for pace, stands in ((0.8, True), (0.9, False)):
        joints = glide.copy()
        joints[:, feet] -= (1 - pace) * np.arange(len(glide))[:, None, None] / 20 * [0.0, 0.0, 1.0]
        assert contacts.detect_sliding_contacts(joints).all() == stands
        assert contacts.detect_sliding_contacts(joints).any() == stands
    fast = with_bone_lengths(made.travelling(made.standing(2), 4.0))
    fast[:, feet] -= 0.5 * (fast - fast[:1])[:, feet]
    assert not contacts.detect_sliding_contacts(fast).any(), "half of the body's speed, but 2 m/s"


def test_feet_that_are_high_or_under_a_body_that_sits_or_lies_do_not_stand():
    joints = still(20)
    assert contacts.detect_sliding_contacts(joints).all()
    assert not contacts.detect_sliding_contacts(joints + np.array((0, 0.07, 0))).any()
    seated = joints.copy()
    seated[:, 0, 1] = 0.5
    assert not contacts.detect_sliding_contacts(seated).any()
    assert not contacts.detect_sliding_contacts(with_bone_lengths(made.lying(3))).any()


@pytest.mark.parametrize("fps, least", [(20, 3), (40, 6), (5, 2)])
def test_sliding_contacts_last_fifteen_hundredths_of_a_second(fps, least):
    for frames in (least - 1, least):
        joints = still(40)
        joints[:, [[ANKLES[0]], [TOES[0]]], 1] += 0.3
        joints[10 : 10 + frames] = still(frames)
        assert contacts.detect_sliding_contacts(joints, fps)[:, 0].sum() == (frames if frames >= least else 0)


def test_speeds_over_the_floor_leave_heights_and_sway_out():
    walk = still(40) + np.arange(40)[:, None, None] / 20 * [0.6, 0.0, 0.8]
    walk[..., 1] += np.random.default_rng(0).normal(size=(40, 1))
    np.testing.assert_allclose(contacts.toe_speed(walk), 1.0)
    np.testing.assert_allclose(contacts.body_speed(walk), 1.0)
    shaken = walk.copy()
    shaken[::2, 0, 0] += 0.01
    assert np.abs(contacts.body_speed(shaken)[3:-3] - 1).max() < 0.03


def test_floor_lifts_the_sunk_lowers_the_hovering_and_leaves_the_leaping():
    joints = still(20)
    assert contacts.floor_offset(joints) == 0
    assert contacts.floor_offset(joints - np.array((0, 0.05, 0))) == pytest.approx(-0.05)
    assert contacts.floor_offset(joints + np.array((0, 0.04, 0))) == pytest.approx(0.04)
    assert contacts.floor_offset(joints + np.array((0, 0.4, 0))) == 0
    assert contacts.floor_offset(joints + np.array((0, 0.009, 0))) == 0
    leaping = joints.copy()
    leaping[:17] += np.array((0, 0.5, 0))
    assert contacts.floor_offset(leaping - np.array((0, 0.03, 0))) == pytest.approx(-0.03)
    lying = joints[..., [0, 2, 1]].copy()
    lying[..., 1] -= lying[..., 1].min() - 0.05
    lying[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"], *ANKLES], 1] += 0.2
    assert contacts.floor_offset(lying) == 0, "5 cm over the floor, but not on its feet"
