"""The mapping editor: an armature's own mapping picked, swapped, saved, shared; what is wrong is said, not mended."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import evaluated_heads, metarig, mixamo, walking  # noqa: E402
from test_addon_panels import drawn  # noqa: E402

from coamd_blender.anim import targets, write_action  # noqa: E402
from coamd_blender.errors import CoamdError  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402
from coamd_blender.rig_mapping import panel as rig_mapping_panel  # noqa: E402
from coamd_blender.rig_mapping import workflow as rig_mapping_workflow  # noqa: E402

UNNAMED = [f"Bone.{number:03d}" for number in range(22)]


@pytest.fixture
def own(rig):
    """The fixture's armature with a mapping of its own, as found; returns the armature."""
    bpy.ops.coamd.edit_mapping()
    return rig


def bones_of(armature):
    return {entry.name: entry.bone for entry in armature.coamd_rig.joints}


def refused(call, word):
    """An operator that is refused says so in one line; nothing changes."""
    armature = targets.find(bpy.context)
    before = bones_of(armature)
    with pytest.raises(RuntimeError, match=word) as caught:
        call()
    assert bones_of(armature) == before
    assert len(str(caught.value).strip().splitlines()) == 1


def test_the_list_names_every_joint_once():
    listed = [side + part for _, side, parts in rig_mapping_panel.GROUPS for part in parts]
    assert sorted(listed) == sorted(skeleton.JOINT_NAMES)
    assert (
        rig_mapping_workflow.label_of("left_hip") == "Left thigh" and rig_mapping_workflow.label_of("spine3") == "Chest"
    )


def test_editing_begins_with_what_was_found_and_can_be_undone_to_it(rig):
    shown = drawn("COAMD_PT_mapping", width=600)
    assert "Found by Name and Shape" in shown and "22 of 22 joints" in shown and "coamd.edit_mapping" in shown
    bpy.ops.coamd.edit_mapping()
    assert bones_of(rig) == {joint: joint for joint in skeleton.JOINT_NAMES}
    assert targets.coverage(rig).preset == "Own mapping" and targets.coverage(rig).mapped == 22
    shown = drawn("COAMD_PT_mapping", width=600)
    assert "coamd.pick_bone" in shown and "Forearm" in shown and "22 of 22 joints" in shown
    bpy.ops.coamd.forget_mapping()
    assert not rig.coamd_rig.joints and targets.coverage(rig).preset.startswith("SMPL")


def test_the_active_bone_is_picked_and_never_taken_from_another_joint(own):
    own.data.bones.active = own.data.bones["head"]
    refused(lambda: bpy.ops.coamd.pick_bone(joint="neck"), "given to Head already")
    own.coamd_rig.joints["head"].bone = ""
    assert bpy.ops.coamd.pick_bone(joint="neck") == {"FINISHED"}
    assert bones_of(own)["neck"] == "head" and bones_of(own)["head"] == ""
    assert targets.coverage(own).missing == ("head",)
    refused(lambda: bpy.ops.coamd.pick_bone(joint="tail"), "No joint is called")
    own.data.bones.active = None
    refused(lambda: bpy.ops.coamd.pick_bone(joint="neck"), "No bone is active")


def test_sides_are_swapped(own):
    bpy.ops.coamd.swap_sides()
    bones = bones_of(own)
    assert bones["left_knee"] == "right_knee" and bones["right_wrist"] == "left_wrist" and bones["neck"] == "neck"
    bpy.ops.coamd.swap_sides()
    assert bones_of(own) == {joint: joint for joint in skeleton.JOINT_NAMES}


def test_what_is_wrong_is_listed_and_generation_is_refused_for_it(own):
    own.coamd_rig.joints["left_knee"].bone = "right_knee"
    own.coamd_rig.joints["left_hip"].bone = ""
    own.coamd_rig.joints["head"].bone = "Antenna"
    lines = rig_mapping_workflow.problems(own)
    assert any("right_knee is given to Left shin and Right shin" in line for line in lines)
    assert any("no bone Antenna (Head)" in line for line in lines) and "Left thigh needs a bone" in lines
    shown = drawn("COAMD_PT_mapping", width=900)
    assert all(line in shown for line in lines)
    bpy.context.scene.coamd.prompt = "a walk"
    refused(bpy.ops.coamd.generate, "right_knee")
    assert own.animation_data.action.name == "Before" and len(bpy.data.actions) == 1
    own.coamd_rig.joints["left_knee"].bone, own.coamd_rig.joints["left_hip"].bone = "left_knee", "left_hip"
    refused(bpy.ops.coamd.generate, "Antenna")
    bpy.ops.coamd.clear_mapping()
    assert not any(bones_of(own).values())
    refused(bpy.ops.coamd.generate, "pelvis")


def test_bones_renamed_after_mapping_are_one_clear_line(own):
    own.data.bones["left_elbow"].name = "Elbow"
    bpy.context.scene.coamd.prompt = "a walk"
    refused(bpy.ops.coamd.generate, "no bone 'left_elbow'")


def test_a_mapping_is_saved_listed_loaded_and_shared(own, tmp_path, monkeypatch):
    monkeypatch.setattr(rig_mapping_workflow, "folder", lambda: tmp_path)
    own.coamd_rig.joints["head"].bone = ""
    path = tmp_path / "Hero.json"
    bpy.ops.coamd.save_mapping(filepath=str(path))
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (
        content["label"] == "Hero" and content["bones"]["left_knee"] == "left_knee" and "head" not in content["bones"]
    )
    bpy.ops.coamd.forget_mapping()
    assert "Hero" in drawn("COAMD_MT_mappings") and "Mixamo" in drawn("COAMD_MT_mappings")
    bpy.ops.coamd.load_mapping(filepath=str(path))
    assert own.coamd_rig.label == "Hero" and bones_of(own)["head"] == "" and targets.coverage(own).mapped == 21
    content["bones"]["head"] = "Antenna"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert rig_mapping_workflow.load(own, path) == ["Antenna"] and bones_of(own)["head"] == ""
    content["bones"]["pelvis"] = "Elsewhere"
    path.write_text(json.dumps(content), encoding="utf-8")
    refused(lambda: bpy.ops.coamd.load_mapping(filepath=str(path)), "not in Hips")
    path.write_text("{", encoding="utf-8")
    refused(lambda: bpy.ops.coamd.load_mapping(filepath=str(path)), "not JSON")
    refused(lambda: bpy.ops.coamd.load_mapping(filepath=str(tmp_path / "none.json")), "cannot be read")


def test_a_built_in_mapping_is_used_where_it_fits(addon):
    armature = metarig()
    bpy.ops.coamd.use_mapping(preset="Rigify metarig")
    assert armature.coamd_rig.label == "Rigify metarig" and bones_of(armature)["left_knee"] == "shin.L"
    refused(lambda: bpy.ops.coamd.use_mapping(preset="Mixamo"), "fits this armature")
    refused(lambda: bpy.ops.coamd.use_mapping(preset="Nothing"), "no mapping")


def test_an_own_mapping_carries_a_motion_on_a_rig_whose_names_mislead(addon):
    """Names of the right side on the left: the motion is right when the mapping says so."""
    armature = mixamo("")
    joints = walking(20)
    expected = {}
    for side in ("Left", "Right"):
        write_action.apply_motion(armature, joints, start_frame=1, **targets.rig_options(armature))
        expected[side] = evaluated_heads(armature, [f"{side}Hand", f"{side}Foot"], [1, 10, 20])
    for bone in armature.data.bones:
        if bone.name.startswith("Left"):
            bone.name = bone.name.replace("Left", "Both")
    for bone in armature.data.bones:
        if bone.name.startswith("Right"):
            bone.name = bone.name.replace("Right", "Left")
    for bone in armature.data.bones:
        if bone.name.startswith("Both"):
            bone.name = bone.name.replace("Both", "Right")
    bpy.ops.coamd.swap_sides()
    write_action.apply_motion(armature, joints, start_frame=1, **targets.rig_options(armature))
    found = evaluated_heads(armature, ["RightHand", "RightFoot"], [1, 10, 20])
    assert np.abs(found - expected["Left"]).max() < 1e-4


def test_a_rig_that_rests_in_a_crouch_is_read_in_the_pose_the_user_captures(addon):
    """The plain rig's pose is the oracle: a rig that rests bent, captured in the plain rest pose, moves as it does."""
    joints, names = walking(20), ["Hips", "LeftHand", "RightHand", "LeftFoot", "RightFoot", "Head"]
    plain = mixamo("")
    write_action.apply_motion(plain, joints, start_frame=1, place="world", contact="off")
    expected = evaluated_heads(plain, names, [1, 8, 20])
    bent = mixamo("")
    turns = {"LeftArm": (0.8, 0.3, 0.5, 0.1), "RightForeArm": (0.7, -0.5, 0.1, 0.4), "LeftUpLeg": (0.8, 0.4, 0.0, 0.2)}
    for name, turn in turns.items():
        bent.pose.bones[name].rotation_quaternion = np.array(turn) / np.linalg.norm(turn)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.armature_apply()
    for name in turns:
        w, x, y, z = np.array(turns[name]) / np.linalg.norm(turns[name])
        bent.pose.bones[name].rotation_quaternion = (w, -x, -y, -z)
    bpy.context.view_layer.update()
    bpy.ops.coamd.capture_rest()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert sorted(entry.name for entry in bent.coamd_rig.rest) == sorted(turns)
    assert "3 bones turned" in drawn("COAMD_PT_mapping", width=600)
    write_action.apply_motion(bent, joints, start_frame=1, place="world", contact="off", **targets.rig_options(bent))
    assert np.abs(evaluated_heads(bent, names, [1, 8, 20]) - expected).max() < 2e-3
    bpy.ops.coamd.forget_rest()
    assert not bent.coamd_rig.rest
    for bone in bent.pose.bones:
        bone.matrix_basis.identity()
    bpy.context.view_layer.update()
    refused(bpy.ops.coamd.capture_rest, "rest pose")


def test_a_generated_rig_says_what_becomes_of_its_limbs_on_ik(addon):
    armature = metarig("generated")
    carry = bpy.context.scene.coamd.carry
    assert "Rigify control rig" in drawn("COAMD_PT_main", width=900)
    assert "turns 4 limbs from IK to FK" in drawn("COAMD_PT_carry", width=900)
    carry.switch = False
    assert "4 limbs are on IK" in drawn("COAMD_PT_carry", width=900)
    for name in ("thigh_parent.L", "thigh_parent.R", "upper_arm_parent.L", "upper_arm_parent.R"):
        armature.pose.bones[name]["IK_FK"] = 1.0
    assert "FK controls are keyed" in drawn("COAMD_PT_carry", width=900)
    refused(bpy.ops.coamd.edit_mapping, "found as a whole")
    own = mixamo()
    assert "switch" not in drawn("COAMD_PT_carry", width=900)
    follow = own.pose.bones["mixamorig:Head"].constraints.new("COPY_ROTATION")
    follow.target, follow.subtarget = own, "mixamorig:Neck"
    assert "mixamorig:Head follows constraints" in drawn("COAMD_PT_main", width=900)
    follow.mute = True
    assert "follows constraints" not in drawn("COAMD_PT_main", width=900)


def test_two_armatures_that_may_be_meant_are_named(addon):
    first, second = mixamo(), mixamo()
    figure = bpy.data.objects.new("Figure", bpy.data.meshes.new("Figure"))
    bpy.context.collection.objects.link(figure)
    for armature in (first, second):
        figure.modifiers.new("Armature", "ARMATURE").object = armature
    bpy.context.view_layer.objects.active = figure
    for chosen in bpy.context.view_layer.objects:
        chosen.select_set(False)
    assert targets.find(bpy.context) is None and not bpy.types.COAMD_PT_mapping.poll(bpy.context)
    with pytest.raises(CoamdError, match=f"{first.name} or {second.name}"):
        targets.require(bpy.context)
    assert "may be for" in drawn("COAMD_PT_main", width=600)
    figure.modifiers.clear()
    assert targets.find(bpy.context) is None
    second.select_set(True)
    assert targets.find(bpy.context) == second
    first.select_set(True)
    with pytest.raises(CoamdError, match="Select the armature"):
        targets.require(bpy.context)


def test_a_linked_armature_is_left_alone_and_an_overridden_one_is_mapped(addon, tmp_path):
    library = str(tmp_path / "library.blend")
    name = mixamo().name
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    for found in list(bpy.data.objects):
        bpy.data.objects.remove(found)
    with bpy.data.libraries.load(library, link=True) as (_, target):
        target.objects = [name]
    linked = target.objects[0]
    bpy.context.collection.objects.link(linked)
    bpy.context.view_layer.objects.active = linked
    assert not bpy.ops.coamd.edit_mapping.poll()
    local = linked.override_create(remap_local_usages=True)
    bpy.context.view_layer.objects.active = local
    assert bpy.ops.coamd.edit_mapping() == {"FINISHED"} and len(local.coamd_rig.joints) == 22
    action = write_action.apply_motion(local, walking(5), start_frame=1, **targets.rig_options(local))
    assert local.animation_data.action == action


def test_the_choices_of_the_panel_reach_the_keys(rig):
    settings = bpy.context.scene.coamd
    settings.prompt, settings.seconds, settings.random_seed, settings.variants = "a walk", 2.0, False, 1
    settings.carry.travel, settings.carry.reduce, settings.carry.tolerance = "object", True, 1.0
    before = rig.animation_data.action
    bpy.ops.coamd.generate()
    object_action = rig.animation_data.action
    assert object_action != before
    from test_bake import curves_of

    paths = {curve.data_path for curve in curves_of(object_action)}
    assert "location" in paths
    assert {key.interpolation for curve in curves_of(object_action) for key in curve.keyframe_points} == {"BEZIER"}
    settings.carry.travel = "root"
    refused(bpy.ops.coamd.generate, "no root bone")
    assert rig.animation_data.action == object_action
    settings.carry.travel, settings.carry.output, settings.variants = "hips", "strip", 2
    bpy.ops.coamd.generate()
    data, takes = rig.animation_data, settings.takes
    assert data.action is None and [track.mute for track in data.nla_tracks] == [False, False, True]
    bpy.ops.coamd.show_take(index=2)
    assert [track.mute for track in data.nla_tracks] == [False, False, False]
    bpy.ops.coamd.remove_takes(which="CHOSEN")
    assert len(takes) == 2 and [track.strips[0].action for track in data.nla_tracks] == [object_action, takes[1].action]
