"""Rigs on which joints lie at one point, as skeletons of many makes have them: they are animated, and read back."""

import numpy as np
import pytest
from bodies import J, a_pose_offsets, angles_between, make_rig, posed_heads
from synthetic import walk

from coamd_blender.errors import RigError
from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, detect, forward_kinematics, solve
from coamd_blender.retarget.body import read_rest
from coamd_blender.retarget.reading import joints_of_poses
from coamd_blender.retarget.rig import simple_rig

PLAIN = Options(place="world", contact="off", floor=False)
LIMBS = [(f"{side}_{start}", f"{side}_{end}") for side in ("left", "right") for start, end in
         (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))]  # fmt: skip
AT_ONE_POINT = {
    "pelvis and spine": ["spine1"],
    "the whole spine": ["spine1", "spine2"],
    "chest and neck": ["neck"],
    "neck and head": ["head"],
    "collars and shoulders": ["left_shoulder", "right_shoulder"],
    "chest and collars": ["left_collar", "right_collar"],
    "feet and toes": ["left_foot", "right_foot"],
    "as CMU's files have them": ["spine1", "neck", "left_collar", "right_collar"],
}


def rig_with(joints, lowered):
    """A rig on which ``joints`` lie where the joint above each lies; bones point where they do without."""
    plain = make_rig(a_pose_offsets(lowered))
    offsets = a_pose_offsets(lowered).copy()
    for joint in joints:
        offsets[J[joint]] = 0.0
    rest = plain.rest.copy()
    for joint in range(1, 22):
        rest[joint, :3, 3] = rest[skeleton.PARENTS[joint], :3, 3] + offsets[joint]
    return simple_rig(plain.names, plain.parents, rest)


@pytest.mark.parametrize("lowered", [0, 40])
@pytest.mark.parametrize("kind", AT_ONE_POINT)
def test_joints_at_one_point_in_trunk_and_feet_carry_a_motion(kind, lowered):
    rig, joints = rig_with(AT_ONE_POINT[kind], lowered), walk(30)
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN))
    for start, end in LIMBS:
        found, wanted = (places[:, J[end]] - places[:, J[start]] for places in (heads, joints))
        assert angles_between(found, wanted).max() < 1.0, (start, end)
    across = heads[:, J["left_hip"]] - heads[:, J["right_hip"]]
    assert angles_between(across, joints[:, J["left_hip"]] - joints[:, J["right_hip"]]).max() < 0.1


@pytest.mark.parametrize("kind", AT_ONE_POINT)
def test_and_are_read_back(kind):
    rig, joints = rig_with(AT_ONE_POINT[kind], 20), walk(30)
    mapping = detect(rig.names)
    poses = forward_kinematics(rig, *solve(rig, mapping, joints, PLAIN).expand(rig))
    named = {name: poses[:, number] for number, name in enumerate(rig.names)}
    placed, _ = joints_of_poses(rig, mapping, read_rest(rig, mapping), named, rig.world)
    assert np.linalg.norm(placed - joints, axis=-1).mean() < 6e-3


@pytest.mark.parametrize("joint", ["left_knee", "right_ankle", "left_elbow", "right_wrist"])
def test_an_arm_or_a_leg_without_length_is_refused_and_both_bones_are_named(joint):
    with pytest.raises(RigError, match=rf"has no length: '{joint}' starts where it does"):
        read_rest(rig_with([joint], 0), detect(skeleton.JOINT_NAMES))
