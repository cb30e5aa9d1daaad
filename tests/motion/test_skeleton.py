"""The joint tree against itself: parents, mirror images, bone lengths, axes."""

import numpy as np
import pytest

from coamd_blender.motion import skeleton
from coamd_blender.motion.skeleton import BODY_PARTS, JOINT_INDEX, JOINT_NAMES, MIRROR, PARENTS, joints_named

RNG = np.random.default_rng(1)


def test_parents_come_before_children_and_every_joint_hangs_from_the_pelvis():
    assert PARENTS[0] == -1 and all(0 <= parent < joint for joint, parent in enumerate(PARENTS) if joint)
    assert len(JOINT_NAMES) == len(PARENTS) == skeleton.JOINT_COUNT == 22


def test_pairs_are_left_and_right():
    pairs = (skeleton.HIPS, skeleton.KNEES, skeleton.ANKLES, skeleton.TOES)
    pairs += (skeleton.SHOULDERS, skeleton.ELBOWS, skeleton.WRISTS)
    for left, right in pairs:
        assert JOINT_NAMES[left].startswith("left_") and MIRROR[left] == right
    assert [JOINT_NAMES[left] for left, _ in pairs[3:5]] == ["left_foot", "left_shoulder"]


def test_the_rest_pose_stands_on_its_toes_as_high_as_it_says_arms_out_facing_ahead():
    rest = skeleton.rest_joints()
    assert rest[:, 1].min() == pytest.approx(0) and rest[list(skeleton.TOES), 1] == pytest.approx([0, 0])
    assert (
        rest[0].tolist() == [0, skeleton.STANDING_HEIGHT, 0]
        and pytest.approx(0.95, abs=0.02) == skeleton.STANDING_HEIGHT
    )
    assert rest[JOINT_INDEX["left_wrist"], 0] > 0.7 and rest[JOINT_INDEX["left_foot"], 2] > 0.05
    np.testing.assert_allclose(np.linalg.norm(skeleton.REST_OFFSETS, axis=1), skeleton.BONE_LENGTHS)
    np.testing.assert_allclose(skeleton.mirror(rest), rest, atol=1e-12)


def test_a_mirror_image_swaps_sides_and_its_own_is_the_motion():
    joints = RNG.normal(size=(4, 22, 3))
    image = skeleton.mirror(joints)
    np.testing.assert_array_equal(
        image[:, JOINT_INDEX["left_wrist"]], joints[:, JOINT_INDEX["right_wrist"]] * [-1, 1, 1]
    )
    np.testing.assert_array_equal(skeleton.mirror(image), joints)


def test_bones_are_brought_to_their_lengths_and_keep_their_directions():
    joints = RNG.normal(size=(5, 22, 3))
    before = joints.copy()
    lengths = RNG.uniform(0.1, 0.5, 22)
    found = skeleton.with_bone_lengths(joints, lengths)
    for joint, parent in list(enumerate(PARENTS))[1:]:
        bone, old = found[:, joint] - found[:, parent], joints[:, joint] - joints[:, parent]
        np.testing.assert_allclose(bone, old / np.linalg.norm(old, axis=1, keepdims=True) * lengths[joint], atol=1e-12)
    np.testing.assert_array_equal(found[:, 0], joints[:, 0])
    np.testing.assert_array_equal(joints, before)


def test_a_bone_without_length_points_as_at_rest():
    joints = skeleton.rest_joints()[None].copy()
    joints[:, JOINT_INDEX["head"]] = joints[:, JOINT_INDEX["neck"]]
    np.testing.assert_allclose(skeleton.with_bone_lengths(joints), skeleton.rest_joints()[None], atol=1e-12)
    assert skeleton.with_bone_lengths(joints.astype(np.float32)).dtype == np.float32


def test_what_carries_something_that_stays_cannot_move():
    def names(made):
        return {
            JOINT_NAMES[joint] for joint in np.flatnonzero(~skeleton.immovable([JOINT_INDEX[name] for name in made]))
        }

    arm = set(BODY_PARTS["left_arm"])
    assert names(arm) == arm
    assert names(("left_shoulder", "left_elbow")) == set(), "the hand stays, and so they must"
    assert names(JOINT_NAMES) == set(JOINT_NAMES)
    assert names(("pelvis", *BODY_PARTS["legs"])) == set(BODY_PARTS["legs"]), "the pelvis carries the trunk"


def test_joints_are_named_by_parts_and_by_themselves():
    assert joints_named("head, left_arm") == sorted(JOINT_INDEX[name] for name in ("head", *BODY_PARTS["left_arm"]))
    assert joints_named("head,head") == [JOINT_INDEX["head"]]
    with pytest.raises(KeyError, match="tail"):
        joints_named("head,tail")


def test_parts_cover_the_body_once():
    parts = [
        joint for part in ("left_arm", "right_arm", "left_leg", "right_leg", "torso") for joint in BODY_PARTS[part]
    ]
    assert sorted([*parts, "pelvis"]) == sorted(JOINT_NAMES)
    assert sorted(BODY_PARTS["upper_body"] + BODY_PARTS["lower_body"]) == sorted(JOINT_NAMES)


def test_blender_has_up_as_z_and_faces_minus_y():
    assert skeleton.to_z_up(np.array([[1.0, 2.0, 3.0]])).tolist() == [[1, -3, 2]]
    points = RNG.normal(size=(3, 22, 3))
    np.testing.assert_array_equal(skeleton.to_y_up(skeleton.to_z_up(points)), points)
