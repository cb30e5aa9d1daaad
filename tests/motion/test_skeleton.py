"""Joints by name: body parts, and what stays when some may move."""

import pytest

from coamd_blender.motion.skeleton import BODY_PARTS, JOINT_INDEX, immovable, joints_named

HEAD = JOINT_INDEX["head"]


def test_joints_are_named_by_parts_and_by_themselves():
    assert joints_named("head, left_arm") == sorted(JOINT_INDEX[name] for name in ("head", *BODY_PARTS["left_arm"]))
    assert joints_named("head,head") == [HEAD]
    with pytest.raises(KeyError, match="tail"):
        joints_named("head,tail")


def test_a_joint_stays_when_what_hangs_on_it_does():
    arm = joints_named("left_arm")
    assert [joint for joint in range(22) if not immovable(arm)[joint]] == arm
    assert immovable([JOINT_INDEX["left_shoulder"]]).all(), "the elbow would come along"
    assert not immovable(range(22)).any()
