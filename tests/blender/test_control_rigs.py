"""Rigs that constraints move: Rigify's generated rig by its FK or IK controls, and limbs led by IK targets."""

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

from coamd_blender import retarget  # noqa: E402
from coamd_blender.anim import armature, snapshot, targets, write_action  # noqa: E402
from coamd_blender.errors import InputError, RigError  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402
from coamd_blender.retarget import controls  # noqa: E402
from coamd_blender.retarget.mapping import named_presets  # noqa: E402

J = skeleton.JOINT_INDEX
FRAMES = list(range(1, 41, 4))


@pytest.fixture(scope="module")
def expected():
    """World heads of the metarig's bones for the walk: the generated rig's skeleton is the same one."""
    new_scene()
    plain = metarig()
    mapping = retarget.detect([bone.name for bone in plain.data.bones])
    write_action.apply_motion(plain, walking(), start_frame=1)
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
    action = write_action.apply_motion(generated, walking(), start_frame=1)
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
    write_action.apply_motion(generated, walking(), start_frame=1)
    names = list(bones)
    found = deform_heads(generated, bones)
    limbs = [names.index(joint) for joint in ("left_knee", "left_ankle", "right_elbow", "right_wrist")]
    assert np.abs(found[:, limbs] - heads[:, limbs]).max() < 1e-3
    head = [[*posed_turn(generated, "DEF-spine.006", frame)] for frame in FRAMES]
    torso["neck_follow"], torso["head_follow"] = 0.5, 0.0
    generated.update_tag()
    write_action.apply_motion(generated, walking(), start_frame=1)
    again = [[*posed_turn(generated, "DEF-spine.006", frame)] for frame in FRAMES]
    assert np.abs(np.array(head) - np.array(again)).max() < 1e-3


def posed_turn(rig, bone, frame):
    bpy.context.scene.frame_set(frame)
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(posed.pose.bones[bone].matrix.to_3x3()).ravel()


@pytest.mark.parametrize("travel", ["root", "object"])
def test_travel_of_a_generated_rig_goes_on_its_root_or_its_object(generated, expected, travel):
    bones, heads = expected
    action = write_action.apply_motion(generated, walking(), start_frame=1, travel=travel)
    found, names = deform_heads(generated, bones), list(bones)
    body = [names.index(joint) for joint in names if joint != "head"]
    assert np.abs(found[:, body] - heads[:, body]).max() < 1e-3
    path = {"root": 'pose.bones["root"].location', "object": "location"}[travel]
    assert sum(curve.data_path == path for curve in curves_of(action)) == 3


def test_the_switch_to_fk_is_the_actions_own_and_can_be_left_out(generated):
    switches = {
        f'pose.bones["{limb}.{side}"]["IK_FK"]' for limb in ("thigh_parent", "upper_arm_parent") for side in "LR"
    }
    action = write_action.apply_motion(generated, walking(10), start_frame=1)
    assert switches <= {curve.data_path for curve in curves_of(action)}
    limb = generated.pose.bones["thigh_parent.L"]
    bpy.context.scene.frame_set(5)
    assert limb["IK_FK"] == 1.0, "the limb is not on FK while the Action plays"
    action = write_action.apply_motion(generated, walking(10), start_frame=1, switch=False)
    assert not switches & {curve.data_path for curve in curves_of(action)}
    limb["IK_FK"] = 0.0
    bpy.context.scene.frame_set(6)
    assert limb["IK_FK"] == 0.0, "the rig's own setting is not left alone"
    replaced = write_action.apply_motion(generated, walking(10), start_frame=30, output="replace")
    switch = next(curve for curve in curves_of(replaced) if curve.data_path in switches)
    assert switch.evaluate(35) == 1.0


@pytest.mark.parametrize("travel", ["hips", "root", "object"])
def test_the_deforming_bones_follow_the_ik_controls_as_well(generated, expected, travel):
    bones, heads = expected
    foot = generated.pose.bones["foot_heel_ik.L"]
    foot.rotation_euler.x, generated.pose.bones["foot_ik.R"].location.z = 0.3, 0.2
    action = write_action.apply_motion(generated, walking(), start_frame=1, limbs="ik", travel=travel)
    found, names = deform_heads(generated, bones), list(bones)
    off = dict(zip(names, np.linalg.norm(found - heads, axis=-1).max(axis=0), strict=True))
    assert max(off[joint] for joint in off) < 0.01, off
    keyed = {curve.data_path for curve in curves_of(action)}
    assert {f'pose.bones["{bone}"].location' for bone in ("foot_ik.L", "hand_ik.R", "thigh_ik_target.R")} <= keyed
    assert 'pose.bones["toe_ik.L"].rotation_quaternion' in keyed
    assert not any(f'"{bone}.L"' in path for bone in ("thigh_fk", "foot_fk", "hand_fk", "toe_fk") for path in keyed)
    switches = {curve.data_path: curve.evaluate(20) for curve in curves_of(action) if "_parent" in curve.data_path}
    assert switches['pose.bones["thigh_parent.L"]["IK_FK"]'] == 0.0
    assert switches['pose.bones["upper_arm_parent.R"]["pole_vector"]'] == 1.0
    plain = write_action.apply_motion(generated, walking(10), start_frame=1, limbs="ik", switch=False)
    assert not any("_parent" in curve.data_path for curve in curves_of(plain))


def test_ik_that_a_rig_does_not_have_is_refused_and_nothing_changes(generated):
    with pytest.raises(InputError, match="fk, ik"):
        write_action.apply_motion(generated, walking(10), limbs="both")
    generated.pose.bones["MCH-shin_ik.L"].constraints["IK.001"].pole_subtarget = ""
    with pytest.raises(RigError, match=r"no IK control 'thigh_ik_target\.L' - Choose FK"):
        write_action.apply_motion(generated, walking(10), limbs="ik")
    assert generated.animation_data.action is None


def auto_rig_pro():
    """A rig with the names of Auto-Rig Pro's FK controls and its IK ones beside them, plainly parented."""
    new_scene()
    plain, table = mixamo("").data.bones, mapping_preset("Auto-Rig Pro FK controls")
    joints = retarget.detect([bone.name for bone in plain]).bones
    spine = dict(zip(("spine1", "spine2", "spine3"), table["spine"], strict=False))
    name_of = {joints[joint]: name for joint, name in spine.items()}
    name_of |= {joints[joint]: table[joint][0] for joint in ("pelvis", "neck", "head")}
    name_of |= {joints[joint]: names[0] for joint, names in table["limbs"].items()}
    bones = {
        name_of[bone.name]: (bone.parent and name_of[bone.parent.name], bone.head_local[:], bone.tail_local[:], 0.0)
        for bone in plain
        if bone.name in name_of
    }
    for side, letter in (("left", "l"), ("right", "r")):
        for part, joint in (("foot", "ankle"), ("hand", "wrist")):
            place = np.array(JOINTS[f"{side}_{joint}"])
            bones[f"c_{part}_ik.{letter}"] = (None, tuple(place), tuple(place - (0, 0.1, 0)), 0.0)
    rig = armature_from(bones, "ARP")
    for name in table["switches"]:
        rig.pose.bones[name]["ik_fk_switch"] = 0.0
    return rig


def mapping_preset(label):
    return next(preset for preset in named_presets() if preset["label"] == label)


def test_auto_rig_pros_limbs_are_turned_to_fk_by_their_own_switches():
    rig = auto_rig_pro()
    switches = {f'pose.bones["c_{part}_ik.{side}"]["ik_fk_switch"]' for part in ("foot", "hand") for side in "lr"}
    action = write_action.apply_motion(rig, walking(10), start_frame=1)
    values = {curve.data_path: curve.evaluate(5) for curve in curves_of(action)}
    assert {path for path, value in values.items() if "switch" in path and value == 1.0} == switches
    assert 'pose.bones["c_arm_fk.l"].rotation_quaternion' in values
    del rig.pose.bones["c_hand_ik.l"]["ik_fk_switch"]
    action = write_action.apply_motion(rig, walking(10), start_frame=1)
    assert sum("switch" in curve.data_path for curve in curves_of(action)) == 3
    action = write_action.apply_motion(rig, walking(10), start_frame=1, switch=False)
    assert not any("switch" in curve.data_path for curve in curves_of(action))


def test_what_becomes_of_limbs_that_are_elsewhere_is_said():
    arp = auto_rig_pro()
    found = targets.Coverage(
        "Auto-Rig Pro FK controls", mapping=retarget.detect([bone.name for bone in arp.data.bones])
    )
    note = targets.switch_note(arp, found, limbs="fk", switch=True)
    assert note == "FK controls are keyed, and the Action turns 4 limbs from IK to FK"
    assert targets.switch_note(arp, found, limbs="ik", switch=True) == "IK controls are keyed"
    arp.pose.bones["c_foot_ik.l"]["ik_fk_switch"] = 1.0
    note = targets.switch_note(arp, found, limbs="fk", switch=False)
    assert note == "3 limbs are on IK and will not follow the keyed FK controls"
    assert targets.switch_note(arp, targets.Coverage(), limbs="fk", switch=True) is None


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
    read = armature.read_armature(rig)
    limbs = snapshot.ik_limbs(read, retarget.detect_rig(read.rig))
    assert [limb.joint for limb in limbs] == ["left_knee", "right_knee"]
    action = write_action.apply_motion(rig, joints, start_frame=1, contact="off", place="world")
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
