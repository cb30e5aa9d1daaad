"""Actions as joints: Blender's evaluated pose and the motion that was baked are the oracles."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import RIG_FOLDER, evaluated_heads, imported, metarig, mixamo, new_scene, walking  # noqa: E402

from coamd_blender.anim import (  # noqa: E402
    actions,
    stage,
    write_action,
)
from coamd_blender.anim import read_action as reader  # noqa: E402
from coamd_blender.anim.read_action import CURVES, EVALUATED, read_action, read_steps, sample_frames  # noqa: E402
from coamd_blender.anim.steps import Call  # noqa: E402
from coamd_blender.character import figure  # noqa: E402
from coamd_blender.errors import InputError, RigError  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402
from coamd_blender.retarget.reading import needed_bones  # noqa: E402

J = skeleton.JOINT_INDEX
FILES = ["quaternius_male", "quaternius_female", "kenney_zombie"]
ON_DISK = pytest.mark.skipif(not RIG_FOLDER.is_dir(), reason="set COAMD_RIGS to a folder with the rig files")
MAKERS = {
    "mixamo": lambda: mixamo(rolled=True, lowered=0.8),
    "own": lambda: figure.create_character(bpy.context),
    "metarig": metarig,
}


def motion(frames=60):
    """A walk on the canonical body, over the origin at frame 0."""
    joints = skeleton.with_bone_lengths(walking(frames))
    return joints - np.array([joints[0, 0, 0], 0, joints[0, 0, 2]])


def bones_of(reading):
    return [reading.mapping.bones[joint] for joint in reading.mapping.bones]


def against_blender(rig_object, reading, frames):
    """The largest distance, metres, of the heads that were read from those Blender evaluates at these frames."""
    rows = [int(np.flatnonzero(np.abs(reading.frames - frame) < 1e-6)[0]) for frame in frames]
    columns = [J[joint] for joint in reading.mapping.bones]
    seen = evaluated_heads(rig_object, bones_of(reading), frames)
    return np.linalg.norm(reading.heads[rows][:, columns] - seen, axis=-1).max()


def back_and_forth(rig_object, joints):
    write_action.apply_motion(rig_object, joints, start_frame=1, contact="off")
    reading = read_action(rig_object)
    return np.linalg.norm(reading.joints - joints, axis=-1).mean(), reading


@pytest.mark.parametrize("kind", MAKERS)
def test_a_motion_put_on_a_rig_is_read_back(kind):
    new_scene()
    error, reading = back_and_forth(MAKERS[kind](), motion())
    print(f"joints -> {kind} -> joints: {1e3 * error:.2f} mm")
    assert error < 1e-3 and reading.way == CURVES and reading.reason == ""
    assert reading.joints.dtype == np.float32 and reading.fps == 20


@ON_DISK
@pytest.mark.parametrize("name", FILES)
def test_a_motion_put_on_an_imported_rig_is_read_back(name):
    new_scene()
    error, _ = back_and_forth(imported(name), motion())
    print(f"joints -> {name} -> joints: {1e3 * error:.2f} mm")
    assert error < 1e-2


@pytest.mark.parametrize("kind", MAKERS)
def test_baking_what_was_read_gives_the_pose_again(kind):
    new_scene(fps=24)
    rig_object = MAKERS[kind]()
    rig_object.location, rig_object.rotation_euler = (3, -2, 0.5), (0, 0, 2.0)
    write_action.apply_motion(rig_object, motion(), start_frame=5)
    reading = read_action(rig_object, fps=None)
    before = evaluated_heads(rig_object, bones_of(reading), [5, 30, 60])
    placed = reading.placement.place(reading.joints)
    write_action.apply_motion(rig_object, placed, source_fps=24, start_frame=5, place="world", contact="off")
    assert np.abs(evaluated_heads(rig_object, bones_of(reading), [5, 30, 60]) - before).max() < 2e-3


def test_canonical_joints_start_over_the_origin_facing_forward_on_the_floor():
    new_scene()
    rig_object = metarig()
    rig_object.location, rig_object.rotation_euler = (3, -2, 0.5), (0, 0, 2.0)
    joints = motion()
    write_action.apply_motion(rig_object, joints, start_frame=1, contact="off")
    reading = read_action(rig_object)
    assert np.abs(reading.joints - joints).max() < 1e-2
    assert reading.placement.origin[1] == pytest.approx(0.5 / reading.placement.scale, abs=0.02)


def test_rotation_modes_bone_flags_bezier_keys_and_the_object_are_honoured():
    new_scene()
    rig_object = mixamo(rolled=True)
    modes = ("QUATERNION", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE")
    for number, bone in enumerate(rig_object.pose.bones):
        bone.rotation_mode = modes[number % len(modes)]
    for name in ("Neck", "LeftArm", "RightLeg"):
        rig_object.data.bones[f"mixamorig:{name}"].use_inherit_rotation = False
        rig_object.data.bones[f"mixamorig:{name}"].use_local_location = False
    write_action.apply_motion(rig_object, motion(), start_frame=1)
    for curve in actions.curves_of(rig_object.animation_data.action):
        for key in list(curve.keyframe_points)[1::2]:
            key.interpolation = "BEZIER"
    arm = rig_object.pose.bones["mixamorig:LeftArm"]
    for frame, place in ((1, (0, 0, 0)), (40, (0.1, 0.2, -0.1))):
        arm.location = place
        arm.keyframe_insert("location", frame=frame)
    rig_object.pose.bones["mixamorig:RightForeArm"].location = (0.05, 0, 0)  # without a key
    rig_object.rotation_mode = "YZX"
    for frame, turn in ((1, (0.1, 0.2, 0.3)), (50, (0.4, -0.2, 2.0))):
        rig_object.location, rig_object.rotation_euler, rig_object.scale = (frame, 1, 0.2), turn, (0.7,) * 3
        for channel in ("location", "rotation_euler", "scale"):
            rig_object.keyframe_insert(channel, frame=frame)
    reading = read_action(rig_object, fps=None)
    assert reading.way == CURVES and reading.heads.shape == (60, 22, 3)
    assert against_blender(rig_object, reading, [1, 13, 27, 44, 60]) < 1e-4


def test_both_ways_agree_within_a_millimetre():
    new_scene(fps=30)
    rig_object = metarig()
    write_action.apply_motion(rig_object, motion(), start_frame=3)
    fast = read_action(rig_object)
    tail = rig_object.pose.bones["spine"].constraints.new("LIMIT_LOCATION")
    slow = read_action(rig_object)
    assert (fast.way, slow.way) == (CURVES, EVALUATED) and tail.name in slow.reason
    assert np.linalg.norm(fast.heads - slow.heads, axis=-1).max() < 1e-3
    assert np.linalg.norm(fast.joints - slow.joints, axis=-1).max() < 1e-3


def with_ik(rig_object):
    goal = bpy.data.objects.new("Goal", None)
    bpy.context.collection.objects.link(goal)
    goal.location = (0.4, -0.6, 1.4)
    ik = rig_object.pose.bones["mixamorig:LeftForeArm"].constraints.new("IK")
    ik.target, ik.chain_count = goal, 2


def with_driver(rig_object):
    curve = rig_object.pose.bones["mixamorig:LeftArm"].driver_add("rotation_quaternion", 1)
    curve.driver.expression = "0.02 * frame"


def with_scale(rig_object):
    bone = rig_object.pose.bones["mixamorig:Spine"]
    bone.scale = (1.3, 1.3, 1.3)
    bone.keyframe_insert("scale", frame=1)


def with_moving_parent(rig_object):
    parent = bpy.data.objects.new("Lift", None)
    bpy.context.collection.objects.link(parent)
    parent.keyframe_insert("location", frame=1)
    parent.location.z = 2
    parent.keyframe_insert("location", frame=40)
    rig_object.parent = parent


def with_strip(rig_object):
    data = rig_object.animation_data
    strip = data.nla_tracks.new().strips.new("strip", 10, data.action)
    strip.scale = 0.5
    data.action = None


@pytest.mark.parametrize("change", [with_ik, with_driver, with_scale, with_moving_parent, with_strip])
def test_what_curves_do_not_say_is_evaluated(change):
    new_scene()
    rig_object = mixamo()
    write_action.apply_motion(rig_object, motion(40), start_frame=1)
    change(rig_object)
    reading = read_action(rig_object, frames=(10, 28), fps=None)
    assert reading.way == EVALUATED and reading.reason and reading.notes[0].endswith(reading.reason)
    assert against_blender(rig_object, reading, [10, 15, 28]) < 1e-4


@pytest.mark.parametrize("change", [None, with_ik, with_strip])
def test_the_scene_stays_as_it_was(change):
    new_scene()
    rig_object = mixamo()
    write_action.apply_motion(rig_object, motion(40), start_frame=1)
    other = write_action.apply_motion(rig_object, motion(30), start_frame=1)
    if change:
        change(rig_object)
    bpy.context.scene.frame_set(17, subframe=0.25)
    bone = rig_object.pose.bones["mixamorig:LeftArm"]
    bone.rotation_quaternion = (0.6, 0.8, 0, 0)  # posed by hand, not keyed
    blocks = {
        kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in ("scenes", "objects", "actions")
    }

    def state():
        data = rig_object.animation_data
        scene = bpy.context.scene
        return (
            *(scene.name, scene.frame_current, scene.frame_subframe, tuple(bone.rotation_quaternion)),
            *(data.action, data.use_nla, getattr(data, "action_slot", None), rig_object.select_get()),
            bpy.context.view_layer.objects.active,
        )

    before = state()
    read_action(rig_object)
    read_action(rig_object, other)
    bpy.context.view_layer.update()
    assert state() == before
    assert blocks == {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in blocks}


def test_an_action_that_does_not_play_is_read_alone():
    new_scene()
    rig_object = mixamo()
    joints = motion(30)
    first = write_action.apply_motion(rig_object, joints, start_frame=1, contact="off")
    write_action.apply_motion(rig_object, skeleton.mirror(motion(50))[::-1].copy(), start_frame=1, contact="off")
    arm = rig_object.pose.bones["mixamorig:LeftArm"]
    arm.constraints.new("LIMIT_LOCATION")
    reading = read_action(rig_object, first)
    assert reading.way == EVALUATED and np.abs(reading.joints - joints).max() < 1e-3
    arm.constraints.remove(arm.constraints[0])
    reading = read_action(rig_object, first)
    assert reading.way == CURVES and np.abs(reading.joints - joints).max() < 1e-3


def test_joints_the_rig_lacks_are_derived_and_said():
    new_scene()
    rig_object = mixamo("")
    joints = motion()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig_object.data.edit_bones
    for name in ("Spine1", "LeftHand", "LeftToeBase"):
        for child in bones[name].children_recursive if name != "Spine1" else ():
            bones.remove(child)
        bones.remove(bones[name])
    bpy.ops.object.mode_set(mode="OBJECT")
    error, reading = back_and_forth(rig_object, joints)
    assert set(reading.derived) == {"spine2", "left_wrist", "left_foot"}
    assert "left wrist" in reading.notes[0] and error < 1e-2


@pytest.mark.parametrize(("fps", "rate"), [(60, 20), (24, 20), (24, None), (30, 60)])
def test_any_frame_rate(fps, rate):
    new_scene(fps=fps)
    rig_object = mixamo()
    write_action.apply_motion(rig_object, motion(), start_frame=7)
    first, last = rig_object.animation_data.action.frame_range
    reading = read_action(rig_object, fps=rate)
    assert reading.fps == (rate or fps)
    assert reading.frames[0] == first and last - fps / reading.fps < reading.frames[-1] <= last
    assert np.allclose(np.diff(reading.frames), fps / reading.fps)


def counted(monkeypatch, owner, name, noted):
    """Let ``owner``'s function ``name`` note its arguments in the list ``noted``."""
    function = getattr(owner, name)

    def noting(*arguments, **options):
        noted.append(arguments)
        return function(*arguments, **options)

    monkeypatch.setattr(owner, name, noting)


def finished(steps):
    """Run a generator to its end, a thread's part here; return the steps it told and its value."""
    told, made = [], None
    while True:
        try:
            yielded = steps.send(made)
        except StopIteration as end:
            return told, end.value
        called = isinstance(yielded, Call)
        told.append(yielded.step if called else yielded)
        made = yielded.run() if called else None


def test_every_channel_is_sampled_once_and_all_bones_are_posed_at_once(monkeypatch):
    new_scene()
    rig_object = mixamo()
    assert len(rig_object.data.bones) == 65
    write_action.apply_motion(rig_object, motion(200), start_frame=1)
    sampled, posed = [], []
    counted(monkeypatch, reader._Curves, "sample", sampled)
    counted(monkeypatch, reader, "forward_kinematics", posed)
    reading = read_action(rig_object)
    assert reading.way == CURVES and len(reading.joints) == 200 and len(posed) == 1
    channels = [(bone.name, channel) for _, bone, _, channel, times in sampled if len(times) == 200]
    needed = {reading.rig.names[bone] for bone in needed_bones(reading.rig, reading.mapping)}
    assert len(sampled) == len(channels) == len(set(channels)) == 2 * len(needed)


def test_reading_in_steps_gives_the_same_and_no_step_takes_more_than_a_piece(monkeypatch):
    new_scene()
    rig_object = mixamo()
    write_action.apply_motion(rig_object, motion(600), start_frame=1)
    whole, posed, turned = read_action(rig_object), [], []
    counted(monkeypatch, reader, "_pose", posed)
    counted(monkeypatch, reader, "joints_of_poses", turned)
    told, reading = finished(read_steps(rig_object, mapping=whole.mapping))
    assert np.array_equal(reading.joints, whole.joints)
    assert [len(times) for *_, times in posed] == [reader.PIECE] * 15
    assert [len(worlds) for *_, worlds in turned] == [reader.POSES, 200]
    assert [step.done for step in told] == [*range(0, 600, reader.PIECE), 600]
    steps = read_steps(rig_object)
    next(steps)
    bpy.data.actions.remove(rig_object.animation_data.action)
    with pytest.raises(InputError, match="changed"):
        next(steps)


def test_of_the_curves_of_an_action_only_those_of_the_bones_that_count_are_kept():
    new_scene()
    rig_object = mixamo()
    action = write_action.apply_motion(rig_object, motion(10), start_frame=1)
    for bone in rig_object.pose.bones:
        bone.keyframe_insert("rotation_quaternion", frame=1)
    rig_object.keyframe_insert("location", frame=1)
    curves = reader._Curves(rig_object, action, ["mixamorig:Hips", "mixamorig:Head"])
    assert {
        bone: {name: sorted(found) for name, found in channels.items()} for bone, channels in curves.bones.items()
    } == {
        "mixamorig:Hips": {"rotation_quaternion": [0, 1, 2, 3], "location": [0, 1, 2]},
        "mixamorig:Head": {"rotation_quaternion": [0, 1, 2, 3]},
    }
    assert list(curves.object) == ["location"]


def test_what_blender_evaluates_is_read_in_steps_that_leave_nothing_behind(monkeypatch):
    new_scene()
    rig_object = mixamo()
    first = write_action.apply_motion(rig_object, motion(200), start_frame=1)
    write_action.apply_motion(rig_object, motion(20), start_frame=1)  # plays; the first one is read by a copy
    with_ik(rig_object)
    bpy.context.scene.frame_set(17)
    whole, blocks = read_action(rig_object, first), (len(bpy.data.scenes), len(bpy.data.objects))
    assert whole.way == EVALUATED and len(whole.joints) == 200
    clock = itertools.count(step=0.3 * reader.EVALUATE_SECONDS)  # four samples are over the time
    monkeypatch.setattr(stage, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    steps, told = read_steps(rig_object, first), []
    while not told or told[-1] < 200:
        step = next(steps)
        told.append(step.step.done if isinstance(step, Call) else step.done)
        assert (len(bpy.data.scenes), len(bpy.data.objects)) == blocks and bpy.context.scene.frame_current == 17
    assert told == list(range(0, 201, 4))
    _, reading = finished(read_steps(rig_object, first))
    assert np.array_equal(reading.joints, whole.joints)
    steps = read_steps(rig_object, first)
    next(steps)
    steps.close()
    assert (len(bpy.data.scenes), len(bpy.data.objects)) == blocks
    steps = read_steps(rig_object, first)
    next(steps)
    bpy.data.actions.remove(first)
    with pytest.raises(InputError, match="changed"):
        next(steps)


def test_what_cannot_be_read_is_one_line():
    new_scene()
    rig_object = mixamo()
    with pytest.raises(InputError, match="no animation"):
        read_action(rig_object)
    write_action.apply_motion(rig_object, motion(10), start_frame=1)
    with pytest.raises(InputError, match="not a range"):
        read_action(rig_object, frames=(9, 3))
    with pytest.raises(RigError, match="No armature"):
        read_action(None)
    rig_object.data.pose_position = "REST"
    with pytest.raises(RigError, match="rest position"):
        read_action(rig_object)


def test_samples_start_at_the_first_frame_and_end_within_the_range():
    assert sample_frames((1, 11), 24, 24).tolist() == list(range(1, 12))
    assert np.allclose(sample_frames((1, 3), 30, 20), [1, 2.5])
    assert sample_frames((5, 5), 24).tolist() == [5]
    with pytest.raises(InputError, match="too many"):
        sample_frames((0, 1e9), 24)
