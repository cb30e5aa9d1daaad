"""Rigs that constraints move: Rigify's generated rig by its FK controls, and limbs led by IK targets."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import (  # noqa: E402
    JOINTS,
    angles_between,
    armature_from,
    evaluated_heads,
    metarig,
    mixamo,
    new_scene,
    walking,
)
from test_bake import curves_of  # noqa: E402

from coamd_blender import armature, bake, retarget, skeleton  # noqa: E402
from coamd_blender.retarget import controls  # noqa: E402

J = skeleton.JOINT_INDEX
FRAMES = list(range(1, 41, 4))


@pytest.fixture(scope="module")
def expected():
    """World heads of the metarig's bones for the walk: the generated rig's skeleton is the same one."""
    new_scene()
    plain = metarig()
    mapping = retarget.detect([bone.name for bone in plain.data.bones])
    bake.apply_motion(plain, walking(), start_frame=1)
    return mapping.bones, evaluated_heads(plain, list(mapping.bones.values()), FRAMES)


@pytest.fixture
def generated():
    new_scene()
    rig = metarig("generated")
    assert len(rig.data.bones) > 500
    return rig


def deform_heads(rig, bones):
    return evaluated_heads(rig, [f"DEF-{bone}" for bone in bones.values()], FRAMES)


def test_the_deforming_bones_of_a_generated_rig_follow_its_fk_controls(generated, expected):
    bones, heads = expected
    action = bake.apply_motion(generated, walking(), start_frame=1)
    found = deform_heads(generated, bones)
    # The metarig bends its neck in two bones, the control rig in one.
    apart = dict(zip(bones, np.abs(found - heads).max(axis=(0, 2)), strict=True))
    assert max(off for joint, off in apart.items() if joint != "head") < 1e-3 and apart["head"] < 0.01, apart
    keyed = {curve.group.name for curve in curves_of(action)}
    assert {"torso", "thigh_fk.L", "forearm_fk.R", "head"} <= keyed
    assert not any(name.startswith(("DEF-", "ORG-", "MCH-")) for name in keyed)


@pytest.mark.parametrize("follow", [0.0, 0.3, 1.0])
def test_whatever_neck_head_and_limbs_are_set_to_follow(generated, expected, follow):
    bones, heads = expected
    torso = generated.pose.bones["torso"]
    torso["neck_follow"], torso["head_follow"] = follow, 1.0 - follow
    for name in ("thigh_parent.L", "upper_arm_parent.R"):
        generated.pose.bones[name]["FK_limb_follow"] = follow
    generated.update_tag()
    bake.apply_motion(generated, walking(), start_frame=1)
    names = list(bones)
    found = deform_heads(generated, bones)
    limbs = [names.index(joint) for joint in ("left_knee", "left_ankle", "right_elbow", "right_wrist")]
    assert np.abs(found[:, limbs] - heads[:, limbs]).max() < 1e-3
    head = [[*posed_turn(generated, "DEF-spine.006", frame)] for frame in FRAMES]
    torso["neck_follow"], torso["head_follow"] = 0.5, 0.0
    generated.update_tag()
    bake.apply_motion(generated, walking(), start_frame=1)
    again = [[*posed_turn(generated, "DEF-spine.006", frame)] for frame in FRAMES]
    assert np.abs(np.array(head) - np.array(again)).max() < 1e-3


def posed_turn(rig, bone, frame):
    bpy.context.scene.frame_set(frame)
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(posed.pose.bones[bone].matrix.to_3x3()).ravel()


@pytest.mark.parametrize("travel", ["root", "object"])
def test_travel_of_a_generated_rig_goes_on_its_root_or_its_object(generated, expected, travel):
    bones, heads = expected
    action = bake.apply_motion(generated, walking(), start_frame=1, travel=travel)
    found, names = deform_heads(generated, bones), list(bones)
    body = [names.index(joint) for joint in names if joint != "head"]
    assert np.abs(found[:, body] - heads[:, body]).max() < 1e-3
    path = {"root": 'pose.bones["root"].location', "object": "location"}[travel]
    assert sum(curve.data_path == path for curve in curves_of(action)) == 3


def test_the_switch_to_fk_is_the_actions_own_and_can_be_left_out(generated):
    switches = {
        f'pose.bones["{limb}.{side}"]["IK_FK"]' for limb in ("thigh_parent", "upper_arm_parent") for side in "LR"
    }
    action = bake.apply_motion(generated, walking(10), start_frame=1)
    assert switches <= {curve.data_path for curve in curves_of(action)}
    assert generated.pose.bones["thigh_parent.L"]["IK_FK"] == 0.0 or bpy.context.scene.frame_current == 1
    action = bake.apply_motion(generated, walking(10), start_frame=1, switch=False)
    assert not switches & {curve.data_path for curve in curves_of(action)}
    replaced = bake.apply_motion(generated, walking(10), start_frame=30, output="replace")
    switch = next(curve for curve in curves_of(replaced) if curve.data_path in switches)
    assert switch.evaluate(35) == 1.0


def test_the_parts_of_a_generated_rig_are_found_by_name(generated):
    names = [bone.name for bone in generated.data.bones]
    table = controls.find_table(names)
    mapping = controls.skeleton_mapping(table, names)
    assert mapping.preset == "Rigify control rig" and mapping.missing == ()
    assert mapping.bones["left_knee"] == "ORG-shin.L"
    assert controls.find_table([name for name in names if name != "torso"]) is None


def legs_on_ik(foot_under_target, pole):
    """A Mixamo-named rig whose legs are led by IK bones; the foot copies the target's turn, or is the target itself."""
    new_scene()
    plain = mixamo("").data.bones
    bones = {"root": (None, (0, 0, 0), (0, 0.3, 0), 0.2)}
    for bone in plain:
        parent = bone.parent.name if bone.parent else "root"
        free = foot_under_target and bone.name in ("LeftFoot", "RightFoot")
        bones[bone.name] = ("root" if free else parent, bone.head_local[:], bone.tail_local[:], 0.0)
    for side in ("Left", "Right"):
        knee, ankle = (np.array(JOINTS[f"{side.lower()}_{joint}"]) for joint in ("knee", "ankle"))
        bones[f"{side}Leg"] = (f"{side}UpLeg", tuple(knee), tuple(ankle), 0.0)
        bones[f"{side}FootIK"] = ("root", tuple(ankle), tuple(plain[f"{side}Foot"].tail_local), 0.0)
        bones[f"{side}Pole"] = ("root", tuple(knee - (0, 0.5, 0)), tuple(knee - (0, 0.6, 0)), 0.0)
    rig = armature_from(bones, "Led")
    for side in ("Left", "Right"):
        target = f"{side}Foot" if foot_under_target else f"{side}FootIK"
        found = rig.pose.bones[f"{side}Leg"].constraints.new("IK")
        found.target, found.subtarget, found.chain_count = rig, target, 2
        if pole:
            found.pole_target, found.pole_subtarget = rig, f"{side}Pole"
            found.pole_angle = pole_angle(rig, side)
        if not foot_under_target:
            copy = rig.pose.bones[f"{side}Foot"].constraints.new("COPY_ROTATION")
            copy.target, copy.subtarget = rig, target
    return rig


def pole_angle(rig, side):
    """The angle at which the leg, at rest, keeps its knee where it is: the thigh's X axis to the pole's direction."""
    thigh, pole = rig.data.bones[f"{side}UpLeg"], rig.data.bones[f"{side}Pole"].head_local
    normal = (rig.data.bones[f"{side}Leg"].tail_local - thigh.head_local).cross(pole - thigh.head_local)
    along = (thigh.tail_local - thigh.head_local).normalized()
    ahead = normal.cross(along).normalized()
    return float(-np.arctan2(thigh.x_axis.cross(ahead).dot(along), thigh.x_axis.dot(ahead)))


@pytest.mark.parametrize("pole", [False, True], ids=["no pole", "pole"])
@pytest.mark.parametrize("foot_under_target", [False, True], ids=["foot copies", "foot is the target"])
def test_legs_led_by_ik_go_where_the_motion_has_them(foot_under_target, pole):
    rig = legs_on_ik(foot_under_target, pole)
    joints = walking()
    read = armature.read_rig(rig)
    limbs = armature.read_ik(rig, read, retarget.detect_rig(read))
    assert [limb.joint for limb in limbs] == ["left_knee", "right_knee"]
    action = bake.apply_motion(rig, joints, start_frame=1, contact="off", place="world")
    keyed = {curve.data_path for curve in curves_of(action)}
    target = "LeftFoot" if foot_under_target else "LeftFootIK"
    assert f'pose.bones["{target}"].location' in keyed
    assert ('pose.bones["LeftPole"].location' in keyed) == pole
    names = {"LeftLeg": "left_knee", "LeftFoot": "left_ankle", "RightLeg": "right_knee", "RightFoot": "right_ankle"}
    names |= {"LeftToeBase": "left_foot", "RightToeBase": "right_foot"}
    heads = evaluated_heads(rig, list(names), FRAMES)
    wanted = joints[[frame - 1 for frame in FRAMES]][:, [J[joint] for joint in names.values()]]
    off = np.linalg.norm(heads - wanted, axis=-1).max(axis=0)
    assert off.max() < 0.01, dict(zip(names, off.round(4), strict=True))
    thighs = heads[:, 0] - evaluated_heads(rig, ["LeftUpLeg"], FRAMES)[:, 0]
    source = joints[[frame - 1 for frame in FRAMES]]
    assert angles_between(thighs, source[:, J["left_knee"]] - source[:, J["left_hip"]]).max() < 1.0
