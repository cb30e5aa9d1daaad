"""A range of an Action replaced in a copy: what is outside, what is inside, and where they meet; Blender evaluates."""

import numpy as np
import pytest
import rigs

bpy = pytest.importorskip("bpy")

from coamd_blender.anim import actions, range_edit, range_keys, write_action  # noqa: E402
from coamd_blender.anim.range_keys import ATTRIBUTES, Range  # noqa: E402
from coamd_blender.anim.read_action import read_action  # noqa: E402
from coamd_blender.errors import InputError, RigError  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402

ALL = frozenset(skeleton.JOINT_NAMES)
FIRST, LAST = 20, 41


def walker(fps=24, modes="QUATERNION", frames=60):
    """A rig with fingers that walks from frame 1 on, one key a frame; returns it and its Action."""
    scene = rigs.new_scene(fps)
    armature = rigs.mixamo(rolled=True)
    for number, bone in enumerate(armature.pose.bones):
        bone.rotation_mode = modes if isinstance(modes, str) else modes[number % len(modes)]
    action = write_action.apply_motion(armature, rigs.walking(frames), source_fps=fps, start_frame=1, scene=scene)
    return armature, action


def livened(armature, action):
    """Bezier curves with automatic handles, a twisted hand, moving fingers: what an animator's Action has."""
    slot = actions.slot_for(action, armature)
    for frame in (1, 25, 60):
        finger = armature.pose.bones["mixamorig:LeftHandIndex1"]
        finger.rotation_mode = "XYZ"
        finger.rotation_euler = (0.1 * frame, 0.2, -0.01 * frame)
        finger.keyframe_insert("rotation_euler", frame=frame)
    for curve in actions.curves_of(action, slot):
        for point in curve.keyframe_points:
            point.interpolation = "BEZIER"
            point.handle_left_type = point.handle_right_type = "AUTO_CLAMPED"
        curve.update()


def table(action, armature):
    """(path, index) to the keys of every curve."""
    curves = actions.curves_of(action, actions.slot_for(action, armature))
    return {(curve.data_path, curve.array_index): range_keys.read_keys(curve) for curve in curves}


def poses(armature, frames, bones=None):
    """Matrices (F, B, 4, 4) of the bones as Blender evaluates them."""
    result = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame), subframe=float(frame) % 1)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        result.append([np.array(posed[name].matrix) for name in bones or posed.keys()])
    return np.array(result)


def waved(joints, rows, amount=0.25):
    """``joints`` with arms and body swinging another way over ``rows``, nothing at their ends."""
    made = joints.copy()
    bump = amount * np.sin(np.linspace(0, np.pi, rows.stop - rows.start)) ** 2
    made[rows, :, 0] += bump[:, None]
    for side, sign in (("left", 1), ("right", -1)):
        for joint, share in (("elbow", 0.6), ("wrist", 1.0)):
            made[rows, skeleton.JOINT_INDEX[f"{side}_{joint}"], 2] += sign * share * bump
    return made


def swerved(joints, rows):
    """``joints`` carried aside and turned over ``rows``, the body as it was in itself."""
    made = joints.astype(float)
    bump = np.zeros(len(joints))
    bump[rows] = np.sin(np.linspace(0, np.pi, rows.stop - rows.start)) ** 2
    cos, sin = np.cos(0.5 * bump)[:, None], np.sin(0.5 * bump)[:, None]
    pelvis = made[:, :1].copy()
    x, z = (made - pelvis)[..., 0], (made - pelvis)[..., 2]
    made[..., 0], made[..., 2] = x * cos + z * sin, z * cos - x * sin
    made[..., [0, 2]] += pelvis[..., [0, 2]]
    made[..., 0] += 0.3 * bump[:, None]
    return made


def edited(armature, action, first=FIRST, last=LAST, joints=ALL, change=waved, poses_kept=()):
    """Make the preview of an edit of frames ``first`` to ``last``; returns it, the outcome and the site."""
    slot = actions.slot_for(action, armature)
    start, end = range_edit.extent(action, slot)
    area = Range(first, last, start, end)
    reach = (min(start, first), max(end, last))
    reading = read_action(armature, action, frames=reach, fps=None)
    site = range_edit.survey(
        armature, action, reading, range_edit.outlined(reading, "soft"), (area,), joints, poses_kept
    )
    rows = slice(round(first - reach[0]), round(last + 1 - reach[0]))
    channels, torn = range_edit.plan(site, change(reading.joints, rows))
    preview, outcome = action.copy(), range_edit.EditOutcome(torn=torn, released=len(site.influences))
    handle = None if slot is None else slot.handle
    done = list(range_edit.write_steps(lambda: (armature, preview), handle, channels, outcome))
    assert len(done) >= 2 * len(channels)
    actions.play(armature, preview, range_edit.slot_of(preview, handle))
    return preview, outcome, site


def assert_outside_untouched(before, after, first=FIRST, last=LAST, frozen=False):
    """Every key there was outside the range is there, bit by bit; with ``frozen``, handle types may be free now."""
    for curve, keys in before.items():
        times = keys["co"][:, 0]
        kept = (times < first) | (times > last)
        now = after[curve]
        rows = np.searchsorted(now["co"][:, 0], times[kept])
        for name in ATTRIBUTES:
            if name.endswith("handle_type") or (frozen and name.endswith("_type")):
                continue
            assert keys[name][kept].tobytes() == now[name][rows].tobytes(), (curve, name)


@pytest.mark.parametrize("fps", [24, 30])
@pytest.mark.parametrize("modes", ["QUATERNION", ("XYZ", "ZYX", "AXIS_ANGLE", "QUATERNION")])
def test_outside_nothing_moves_and_inside_the_motion_is_new(fps, modes):
    armature, action = walker(fps, modes)
    livened(armature, action)
    before, frames = table(action, armature), range(1, 61)
    was = poses(armature, frames)
    preview, outcome, site = edited(armature, action)
    assert np.array_equal(was, was) and table(action, armature).keys() == before.keys()
    for curve, keys in table(action, armature).items():
        assert all(np.array_equal(keys[name], before[curve][name]) for name in ATTRIBUTES), "the source was touched"
    now = poses(armature, frames)
    outside = [row for row, frame in enumerate(frames) if not FIRST <= frame <= LAST]
    assert np.abs(now - was)[outside].max() < 1e-6
    assert np.abs(now - was)[FIRST + 8].max() > 0.05
    assert_outside_untouched(before, table(preview, armature), frozen=True)
    assert outcome.frozen > 0 and not outcome.torn
    assert not any("handles" in note for note in outcome.notes), "nothing to be done about: curves stay as they were"
    finger = 'pose.bones["mixamorig:LeftHandIndex1"].rotation_euler'
    for index in range(3):
        new, old = table(preview, armature)[finger, index], before[finger, index]
        assert all(np.array_equal(new[name], old[name]) for name in ATTRIBUTES)
    assert "mixamorig:LeftHandIndex1" not in site.taken


def turn_speed(matrices):
    """Angle (F - 1, B) between the orientations of successive frames, radians."""
    relative = matrices[:-1, :, :3, :3].swapaxes(-1, -2) @ matrices[1:, :, :3, :3]
    return np.arccos(np.clip((np.trace(relative, axis1=-2, axis2=-1) - 1) / 2, -1, 1))


@pytest.mark.parametrize("modes", ["QUATERNION", "XYZ"])
def test_bones_meet_their_pose_and_speed_at_both_ends_though_their_twist_is_their_own(modes):
    armature, action = walker(30, modes)
    bones = [bone.name for bone in armature.pose.bones if "Hand" in bone.name or "Arm" in bone.name]
    bones = [name for name in bones if not any(finger in name for finger in rigs.FINGERS)]
    channel = "rotation_quaternion" if modes == "QUATERNION" else "rotation_euler"
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):  # hands turned, as no joint can say
        if "Hand" in curve.data_path and curve.data_path.endswith(channel) and "Index" not in curve.data_path:
            values = [point.co.y for point in curve.keyframe_points]
            for point, value in zip(curve.keyframe_points, values, strict=True):
                point.co.y = value + 0.5 * np.sin(0.15 * point.co.x + curve.array_index)
            curve.update()
    was = turn_speed(poses(armature, range(1, 61), bones))
    edited(armature, action)
    now = turn_speed(poses(armature, range(1, 61), bones))
    usual = np.percentile(np.abs(np.diff(was, axis=0)), 95, axis=0)
    for edge in (FIRST - 2, LAST - 1):  # step into the first and out of the last new frame
        assert (np.abs(np.diff(now, axis=0))[edge - 1 : edge + 1] < 1.5 * usual + 0.02).all()


def test_an_unchanged_motion_comes_back_as_it_was():
    armature, action = walker()
    was = poses(armature, range(1, 61))
    edited(armature, action, change=lambda joints, rows: joints)
    assert np.abs(poses(armature, range(1, 61)) - was).max() < 2e-3


@pytest.mark.parametrize("shape", ["BEZIER", "LINEAR", "CONSTANT", "BOUNCE"])
def test_sparse_curves_keep_their_shape_outside(shape):
    armature, action = walker(frames=60)
    for curve in list(actions.curves_of(action, actions.slot_for(action, armature))):
        for point in reversed(list(curve.keyframe_points)):
            if round(point.co.x) not in (1, 10, 33, 52, 60):
                curve.keyframe_points.remove(point, fast=True)
        for point in curve.keyframe_points:
            point.interpolation = shape
        curve.update()
    before, was = table(action, armature), poses(armature, range(1, 61))
    preview, outcome, _ = edited(armature, action)
    now = poses(armature, range(1, 61))
    outside = [frame - 1 for frame in range(1, 61) if not FIRST <= frame <= LAST]
    assert np.abs(now - was)[outside].max() < 1e-6
    assert_outside_untouched(before, table(preview, armature), frozen=True)
    curves = len(before)
    most = {"BEZIER": 19, "BOUNCE": 19, "LINEAR": 2, "CONSTANT": 1}[shape]
    assert 0 < outcome.added <= most * curves


def test_channels_without_curves_and_curves_that_end_early_hold_outside():
    armature, action = walker()
    slot = actions.slot_for(action, armature)
    arm, leg = "mixamorig:LeftArm", "mixamorig:RightLeg"
    for curve in list(actions.curves_of(action, slot)):
        if f'"{leg}"' in curve.data_path:  # ends inside the range
            for point in reversed(list(curve.keyframe_points)):
                if point.co.x > 30:
                    curve.keyframe_points.remove(point, fast=True)
    container = actions.container(action)
    for curve in [curve for curve in actions.curves_of(action, slot) if f'"{arm}"' in curve.data_path]:
        container.fcurves.remove(curve)
    armature.pose.bones[arm].rotation_quaternion = (0.9, 0.1, 0.3, 0.2)
    was = poses(armature, range(1, 61))
    edited(armature, action)
    now = poses(armature, range(1, 61))
    outside = [frame - 1 for frame in range(1, 61) if not FIRST <= frame <= LAST]
    assert np.abs(now - was)[outside].max() < 1e-6 and np.abs(now - was)[30].max() > 0.05


@pytest.mark.parametrize("first, last", [(1, 20), (45, 60), (-10, 20), (45, 80), (1, 60)])
def test_ranges_at_and_beyond_the_ends_of_the_action(first, last):
    armature, action = walker()
    before, was = table(action, armature), poses(armature, range(1, 61))
    preview, _, _ = edited(armature, action, first, last)
    now = poses(armature, range(1, 61))
    outside = [frame - 1 for frame in range(1, 61) if not first <= frame <= last]
    assert not outside or np.abs(now - was)[outside].max() < 1e-6
    assert_outside_untouched(before, table(preview, armature), first, last, frozen=True)
    assert tuple(preview.frame_range) == (min(first, 1), max(last, 60))


def test_only_the_bones_of_a_body_part_are_keyed():
    armature, action = walker()
    before = table(action, armature)
    arms = frozenset(skeleton.BODY_PARTS["arms"])
    preview, _, site = edited(armature, action, joints=arms)
    assert all("Arm" in name or "Hand" in name for name in site.taken) and len(site.taken) == 6
    for curve, keys in table(preview, armature).items():
        same = all(np.array_equal(keys[name], before[curve][name]) for name in ATTRIBUTES)
        assert same != any(f'"{name}"' in curve[0] for name in site.taken), curve


def test_a_moving_root_and_object_stay_and_the_body_goes_where_the_joints_say():
    scene = rigs.new_scene(24)
    armature = rigs.mixamo()
    bpy.ops.object.mode_set(mode="EDIT")
    root = armature.data.edit_bones.new("root")
    root.head, root.tail = (0, 0, 0), (0, 0.3, 0)
    armature.data.edit_bones["mixamorig:Hips"].parent = root
    bpy.ops.object.mode_set(mode="OBJECT")
    action = write_action.apply_motion(armature, rigs.walking(60), source_fps=24, start_frame=1, scene=scene)
    for frame in range(1, 61):
        armature.pose.bones["root"].rotation_mode = "XYZ"
        armature.pose.bones["root"].rotation_euler = (0, 0.02 * frame, 0)
        armature.pose.bones["root"].keyframe_insert("rotation_euler", frame=frame)
        armature.location = (0.05 * frame, 0, 0)
        armature.keyframe_insert("location", frame=frame)
    reading = read_action(armature, action, fps=None)
    edited(armature, action, change=swerved)
    again = read_action(armature, None, fps=None)
    wanted = swerved(reading.joints, slice(FIRST - 1, LAST))
    assert np.abs(wanted - reading.joints).max() > 0.2
    upper = [0, *(skeleton.JOINT_INDEX[name] for name in skeleton.BODY_PARTS["upper_body"])]
    placed = again.placement.place(again.joints), reading.placement.place(wanted)
    assert np.abs(placed[0] - placed[1])[:, upper].max() < 0.02


def test_poses_are_kept_exactly():
    armature, action = walker()
    was = poses(armature, range(1, 61))
    edited(armature, action, poses_kept=(27, 33))
    now = poses(armature, range(1, 61))
    assert np.abs(now - was)[[26, 32]].max() < 1e-5
    assert np.abs(now - was)[29].max() > 0.02


def test_constraints_let_go_in_the_range_and_hold_outside():
    armature, action = walker()
    target = bpy.data.objects.new("Target", None)
    bpy.context.collection.objects.link(target)
    target.location = (0.4, -0.6, 1.2)
    constraint = armature.pose.bones["mixamorig:LeftForeArm"].constraints.new("IK")
    constraint.target, constraint.chain_count = target, 2
    was = poses(armature, range(1, 61))
    _, outcome, _ = edited(armature, action)
    now = poses(armature, range(1, 61))
    outside = [frame - 1 for frame in range(1, 61) if not FIRST <= frame <= LAST]
    assert np.abs(now - was)[outside].max() < 1e-6
    assert outcome.released == 1 and np.abs(now - was)[30].max() > 0.02
    arm = ["mixamorig:LeftArm", "mixamorig:LeftForeArm"]
    speed = turn_speed(poses(armature, range(FIRST - 3, FIRST + 3), arm))
    assert np.abs(np.diff(speed, axis=0)).max() < 0.1, "the arm leaps where its constraint lets go"


def refuse(armature, action, error, words):
    before = table(action, armature)
    with pytest.raises(error, match=words) as caught:
        edited(armature, action)
    assert len(str(caught.value).splitlines()) == 1 and caught.value.hint
    assert len(bpy.data.actions) == 1
    for curve, keys in table(action, armature).items():
        assert all(np.array_equal(keys[name], before[curve][name]) for name in ATTRIBUTES)


def test_bones_and_curves_that_cannot_be_keyed_are_named():
    armature, action = walker()
    bone = armature.pose.bones["mixamorig:LeftLeg"]
    bone.lock_rotation[1] = True
    refuse(armature, action, RigError, "rotation of bone 'mixamorig:LeftLeg' is locked")
    bone.lock_rotation[1] = False
    hips = armature.pose.bones["mixamorig:Hips"]
    hips.lock_location[2] = True
    refuse(armature, action, RigError, "location of bone 'mixamorig:Hips' is locked")
    hips.lock_location[2] = False
    driver = bone.driver_add("rotation_quaternion", 2)
    refuse(armature, action, RigError, "'mixamorig:LeftLeg' is driven")
    bone.driver_remove("rotation_quaternion", 2)
    assert driver is not None
    path = f"{bone.path_from_id()}.rotation_quaternion"
    curve = next(c for c in actions.curves_of(action, actions.slot_for(action, armature)) if c.data_path == path)
    curve.lock = True
    refuse(armature, action, RigError, "locked")
    curve.lock = False
    curve.mute = True
    refuse(armature, action, RigError, "muted")
    curve.mute = False
    curve.modifiers.new("NOISE")
    refuse(armature, action, RigError, "modifier")


def test_an_armature_without_an_action_and_an_empty_action_are_named():
    rigs.new_scene()
    armature = rigs.mixamo()
    with pytest.raises(InputError, match="plays no Action"):
        range_edit.require_action(armature)
    armature.animation_data_create().action = bpy.data.actions.new("Empty")
    with pytest.raises(InputError, match="no keys"):
        range_edit.require_action(armature)


def test_a_linked_action_is_named(tmp_path):
    armature, action = walker()
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {action}, fake_user=True)
    armature, _ = walker()
    with bpy.data.libraries.load(path, link=True) as (source, wanted):
        wanted.actions = source.actions
    actions.play(armature, wanted.actions[0])
    with pytest.raises(InputError, match="is linked from another file"):
        range_edit.require_action(armature)
