"""Writing keys: rotation modes, slots, frame rates, what was there before, and refusals that change nothing."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import armature_from, evaluated_heads, mixamo, new_scene, walking  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.character import figure  # noqa: E402
from coamd_blender.errors import CoamdError, InputError, RigError  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402

MODES = ("QUATERNION", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE")


def curves_of(action):
    """All F-curves of an Action, in slots or not."""
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [curve for bag in action.layers[0].strips[0].channelbags for curve in bag.fcurves]


@pytest.fixture
def rig_object():
    new_scene(fps=20)
    return mixamo(rolled=True)


def test_every_rotation_mode_gives_the_same_pose(rig_object):
    joints = walking(20)
    bones = [bone.name for bone in rig_object.data.bones]
    write_action.apply_motion(rig_object, joints, start_frame=1)
    expected = evaluated_heads(rig_object, bones, range(1, 21, 3))
    for number, pose_bone in enumerate(rig_object.pose.bones):
        pose_bone.rotation_mode = MODES[number % len(MODES)]
    action = write_action.apply_motion(rig_object, joints, start_frame=1)
    assert np.abs(evaluated_heads(rig_object, bones, range(1, 21, 3)) - expected).max() < 1e-4
    assert [bone.rotation_mode for bone in rig_object.pose.bones][:8] == list(MODES)
    channels = {curve.data_path.rpartition(".")[2] for curve in curves_of(action)}
    assert channels == {"location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle"}


def test_the_action_is_new_assigned_with_its_slot_and_its_keys_are_generated(rig_object):
    action = write_action.apply_motion(rig_object, walking(20), start_frame=7, name="A walk")
    data = rig_object.animation_data
    assert data.action == action and action.name == "A walk"
    if hasattr(action, "slots"):
        assert data.action_slot is not None and len(action.slots) == 1
    assert tuple(action.frame_range) == (7, 26)
    curves = curves_of(action)
    assert len(curves) == 22 * 4 + 3
    for curve in curves:
        assert len(curve.keyframe_points) == 20 and curve.group.name in curve.data_path
        assert {key.type for key in curve.keyframe_points} == {"GENERATED"}
        assert {key.interpolation for key in curve.keyframe_points} == {"LINEAR"}


def test_the_action_before_stays_as_it_was(rig_object):
    bone = rig_object.pose.bones["mixamorig:Hips"]
    bone.keyframe_insert("location", frame=3)
    before = rig_object.animation_data.action
    keys = [(curve.data_path, [tuple(key.co) for key in curve.keyframe_points]) for curve in curves_of(before)]
    action = write_action.apply_motion(rig_object, walking(10))
    again = write_action.apply_motion(rig_object, walking(10))
    assert action != before and again != action and again.name != action.name
    assert before.use_fake_user and action.use_fake_user
    assert keys == [(curve.data_path, [tuple(key.co) for key in curve.keyframe_points]) for curve in curves_of(before)]


def test_a_pose_left_by_another_action_does_not_leak_in():
    new_scene()
    rig_object = figure.create_character(bpy.context)
    joints = walking(10)
    write_action.apply_motion(rig_object, joints, start_frame=1)
    bones = [bone.name for bone in rig_object.data.bones]
    expected = evaluated_heads(rig_object, bones, [1, 5])
    for pose_bone in rig_object.pose.bones:
        pose_bone.location, pose_bone.scale = (0.3, 0.1, 0.2), (1.2, 1.0, 0.8)
    write_action.apply_motion(rig_object, joints, start_frame=1)
    assert np.abs(evaluated_heads(rig_object, bones, [1, 5]) - expected).max() < 1e-5


@pytest.mark.parametrize(("fps", "base", "keys"), [(24, 1.0, 25), (30, 1.0, 31), (60, 1.001, 60), (12, 1.0, 13)])
def test_keys_are_at_the_scenes_frame_rate_and_begin_at_the_current_frame(rig_object, fps, base, keys):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, base
    scene.frame_set(42)
    action = write_action.apply_motion(rig_object, walking(21))
    assert tuple(action.frame_range) == (42, 42 + keys - 1)


def test_the_motion_ends_where_it_should_at_another_frame_rate(rig_object):
    joints = walking(21)
    bpy.context.scene.render.fps = 60
    write_action.apply_motion(rig_object, joints, start_frame=1, place="world", contact="off")
    heads = evaluated_heads(rig_object, ["mixamorig:Hips", "mixamorig:LeftFoot"], [1, 31, 61])
    assert np.abs(heads - joints[[0, 10, 20]][:, [0, skeleton.JOINT_INDEX["left_ankle"]]]).max() < 1e-3


def test_a_connected_pelvis_moves_by_the_bone_above():
    new_scene()
    names = {bone.name: bone for bone in mixamo("").data.bones}
    bones = {"root": (None, (0, 0, 0), tuple(names["Hips"].head_local), 0.7)}
    for name, bone in names.items():
        bones[name] = (bone.parent.name if bone.parent else "root", bone.head_local[:], bone.tail_local[:], 0.3)
    rig_object = armature_from(bones, "Connected")
    bpy.ops.object.mode_set(mode="EDIT")
    rig_object.data.edit_bones["Hips"].use_connect = True
    bpy.ops.object.mode_set(mode="OBJECT")
    joints = walking(20)
    action = write_action.apply_motion(rig_object, joints, start_frame=1, place="world", contact="off")
    moved = [curve.data_path for curve in curves_of(action) if curve.data_path.endswith("location")]
    assert moved and all("root" in path for path in moved)
    assert np.abs(evaluated_heads(rig_object, ["Hips", "LeftArm"], [1, 20]) - joints[[0, 19]][:, [0, 16]]).max() < 1e-3


@pytest.mark.parametrize("flag", ["use_inherit_rotation", "use_local_location"])
def test_bone_flags_are_honoured(rig_object, flag):
    joints = walking(20)
    for name in ("Hips", "Neck", "LeftArm", "RightLeg"):
        setattr(rig_object.data.bones[f"mixamorig:{name}"], flag, False)
    write_action.apply_motion(rig_object, joints, start_frame=1, place="world", contact="off")
    heads = evaluated_heads(rig_object, ["mixamorig:LeftHand", "mixamorig:RightFoot", "mixamorig:Head"], [1, 20])
    wanted = [skeleton.JOINT_INDEX[name] for name in ("left_wrist", "right_ankle", "head")]
    assert np.abs(heads - joints[[0, 19]][:, wanted]).max() < 1e-3


def snapshot(rig_object):
    data = rig_object.animation_data
    pose = [tuple(value for row in bone.matrix_basis for value in row) for bone in rig_object.pose.bones]
    return (data.action if data else None, len(bpy.data.actions), pose, bpy.context.scene.frame_current)


def bad_joints(kind):
    joints = walking(5)
    if kind == "shape":
        return joints[:, :20]
    joints[2, 3, 1] = {"nan": np.nan, "infinite": np.inf}[kind]
    return joints


@pytest.mark.parametrize("kind", ["shape", "nan", "infinite"])
def test_bad_motion_changes_nothing(rig_object, kind):
    rig_object.pose.bones[0].location = (1, 2, 3)
    before = snapshot(rig_object)
    with pytest.raises(InputError) as caught:
        write_action.apply_motion(rig_object, bad_joints(kind))
    assert snapshot(rig_object) == before and "\n" not in str(caught.value) and caught.value.hint


@pytest.mark.parametrize("options", [{"source_fps": 0}, {"contact": "glue"}, {"place": "moon"}])
def test_bad_options_change_nothing(rig_object, options):
    before = snapshot(rig_object)
    with pytest.raises(InputError):
        write_action.apply_motion(rig_object, walking(5), **options)
    assert snapshot(rig_object) == before


def refuse(rig_object, word):
    with pytest.raises(CoamdError, match=word) as caught:
        write_action.apply_motion(rig_object, walking(5))
    assert isinstance(caught.value, RigError) and "\n" not in str(caught.value) and caught.value.hint
    assert not bpy.data.actions


def test_rigs_that_cannot_be_animated_are_refused_in_one_line():
    new_scene()
    refuse(None, "No armature")
    mesh = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    refuse(mesh, "No armature")
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.collection.objects.link(empty)
    refuse(empty, "no bones")
    tail = armature_from({"Bone": (None, (0, 0, 0), (0, 0, 1), 0), "Tip": ("Bone", (0, 0, 1), (0, 0, 2), 0)})
    refuse(tail, "0 of 22")
    rig_object = mixamo()
    rig_object.scale = (-1, 1, 1)
    refuse(rig_object, "negative scale")
    rig_object.scale = (1, 1, 1)
    bpy.ops.object.mode_set(mode="EDIT")
    refuse(rig_object, "Edit Mode")
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_limb_of_no_length_is_named_and_nothing_changes(rig_object):
    """Two joints at one point: Blender itself takes bones of no length away, but not two heads in one place."""
    bpy.ops.object.mode_set(mode="EDIT")
    thigh, shin = (rig_object.data.edit_bones[f"mixamorig:{name}"] for name in ("LeftUpLeg", "LeftLeg"))
    shin.head = thigh.head
    bpy.ops.object.mode_set(mode="OBJECT")
    before = snapshot(rig_object)
    refuse(rig_object, "'mixamorig:LeftUpLeg' has no length")
    assert snapshot(rig_object) == before


def test_a_linked_armature_is_refused(tmp_path):
    new_scene()
    name = mixamo().name
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    new_scene()
    with bpy.data.libraries.load(library, link=True) as (_, target):
        target.objects = [name]
    linked = target.objects[0]
    bpy.context.collection.objects.link(linked)
    refuse(linked, "linked")


def test_a_strip_being_tweaked_is_refused(rig_object):
    write_action.apply_motion(rig_object, walking(5))
    data = rig_object.animation_data
    track = data.nla_tracks.new()
    track.strips.new("strip", 1, data.action)
    data.action = None
    track.strips[0].select = True
    track.select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    count = len(bpy.data.actions)
    with pytest.raises(RigError, match="NLA"):
        write_action.apply_motion(rig_object, walking(5))
    assert len(bpy.data.actions) == count
