"""Where a motion goes: hips, root bone or object; every frame or few keys; own Action, replaced range or NLA strip."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import armature_from, evaluated_heads, metarig, mixamo, new_scene, walking  # noqa: E402
from test_bake import curves_of  # noqa: E402

from coamd_blender.anim import nla, write_action  # noqa: E402
from coamd_blender.anim.plan import plan_motion  # noqa: E402
from coamd_blender.errors import InputError, RigError  # noqa: E402

FEET = ["LeftToeBase", "RightToeBase"]


def rooted(fps=20):
    """A Mixamo-named rig with a root bone on the floor above its hips."""
    new_scene(fps)
    plain = mixamo("").data.bones
    bones = {"root": (None, (0, 0, 0), (0, 0.3, 0), 0.4)}
    for bone in plain:
        parent = bone.parent.name if bone.parent else "root"
        bones[bone.name] = (parent, bone.head_local[:], bone.tail_local[:], 0.3)
    return armature_from(bones, "Rooted")


@pytest.mark.parametrize("turned", [False, True], ids=["plain", "parented and turned"])
@pytest.mark.parametrize("travel", ["root", "object"])
def test_travel_on_root_or_object_gives_the_same_pose_in_the_world(travel, turned):
    rig = rooted()
    if turned:
        above = bpy.data.objects.new("Above", None)
        bpy.context.collection.objects.link(above)
        above.location, above.rotation_euler, above.scale = (1, -2, 0.5), (0, 0, 1.1), (2, 2, 2)
        rig.parent = above
        rig.location, rig.rotation_euler, rig.scale = (0.3, 0.2, 0.1), (0, 0, -0.4), (0.5, 0.5, 0.5)
    bones = ["Hips", "Head", "LeftHand", *FEET]
    frames = range(1, 41, 6)
    write_action.apply_motion(rig, walking(), start_frame=1)
    expected = evaluated_heads(rig, bones, frames)
    bpy.context.scene.frame_set(1)
    action = write_action.apply_motion(rig, walking(), start_frame=1, travel=travel)
    assert np.abs(evaluated_heads(rig, bones, frames) - expected).max() < 1e-4
    path = {"root": 'pose.bones["root"].location', "object": "location"}[travel]
    carried = np.array([[key.co.y for key in c.keyframe_points] for c in curves_of(action) if c.data_path == path])
    assert carried.shape == (3, 40) and np.ptp(carried, axis=1).max() > 0.5
    hips = [c for c in curves_of(action) if c.data_path == 'pose.bones["Hips"].location']
    assert max(np.ptp([key.co.y for key in curve.keyframe_points]) for curve in hips) < 0.15


def test_in_place_leaves_the_travel_out_and_floor_and_metres_are_choices():
    rig = rooted()
    rig.scale = (2, 2, 2)
    joints = walking()
    far = joints[-1, 0, 2] - joints[0, 0, 2]

    def ways(**options):
        write_action.apply_motion(rig, joints, start_frame=1, contact="off", **options)
        hips = evaluated_heads(rig, ["Hips"], [1, 40])[:, 0]
        return hips[1, 2] - hips[0, 2], hips[0, 1]

    assert ways()[0] == pytest.approx(2 * far, rel=1e-3)
    assert ways(scale_travel=False)[0] == pytest.approx(far, rel=1e-3)
    assert abs(ways(in_place=True)[0]) < 1e-3
    joints = joints - (0, 0.2, 0)
    assert ways()[1] - ways(floor=False)[1] == pytest.approx(0.4, abs=0.02)


def test_a_rig_without_a_root_bone_says_so_before_anything_happens():
    new_scene()
    rig = mixamo()
    with pytest.raises(RigError, match="no root bone") as caught:
        write_action.apply_motion(rig, walking(5), travel="root")
    assert caught.value.hint and not bpy.data.actions and rig.animation_data is None


def basis_turns(rig, bones, frames):
    """Basis rotations (F, N, 3, 3) as Blender evaluates the curves."""
    found = np.zeros((len(frames), len(bones), 3, 3))
    for row, frame in enumerate(frames):
        bpy.context.scene.frame_set(frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found[row] = [posed.pose.bones[bone].matrix_basis.to_3x3().normalized() for bone in bones]
    return found


def turn_degrees(a, b):
    cosine = (np.trace(np.swapaxes(a, -1, -2) @ b, axis1=-2, axis2=-1) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("mode", ["QUATERNION", "ZXY", "AXIS_ANGLE"])
@pytest.mark.parametrize("tolerance", [0.5, 2.0])
def test_reduced_keys_stay_within_the_tolerance_as_blender_plays_them(tolerance, mode):
    new_scene()
    rig = metarig()
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    joints, frames = walking(60), range(1, 61)
    dense = write_action.apply_motion(rig, joints, start_frame=1)
    bones = sorted({curve.group.name for curve in curves_of(dense)})
    expected, places = basis_turns(rig, bones, frames), evaluated_heads(rig, ["spine"], frames)
    sparse = write_action.apply_motion(rig, joints, start_frame=1, tolerance=tolerance)
    off = turn_degrees(basis_turns(rig, bones, frames), expected)
    leg = sum(rig.data.bones[name].length for name in ("thigh.L", "shin.L"))
    assert 0.2 * tolerance < off.max() < tolerance + 0.02, off.max()
    moved = np.linalg.norm(evaluated_heads(rig, ["spine"], frames) - places, axis=-1)
    assert moved.max() <= np.radians(tolerance) * leg + 1e-4
    count = [sum(len(curve.keyframe_points) for curve in curves_of(action)) for action in (dense, sparse)]
    print(f"{mode}, {tolerance} degrees: {count[1]} of {count[0]} keys")
    assert count[1] < 0.4 * count[0]
    assert tuple(sparse.frame_range) == (1, 60)


@pytest.mark.parametrize("tolerance", [0, -1, float("nan")])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    new_scene()
    rig = mixamo()
    with pytest.raises(InputError, match="tolerance"):
        write_action.apply_motion(rig, walking(5), tolerance=tolerance)
    with pytest.raises(InputError, match="film"):
        write_action.apply_motion(rig, walking(5), output="film")
    assert not bpy.data.actions


def keys_of(action):
    return {
        (curve.data_path, curve.array_index): [
            (*key.co, *key.handle_left, *key.handle_right, key.interpolation, key.type) for key in curve.keyframe_points
        ]
        for curve in curves_of(action)
    }


def sparsely_keyed(rig):
    """Hand-made Bezier keys far apart on hips, an arm, a finger and the rig itself; returns the Action."""
    for frame, size in ((1, 0.1), (30, -0.2), (90, 0.3), (120, 0.0)):
        for name in ("Hips", "LeftArm", "RightHandIndex1"):
            bone = rig.pose.bones[name]
            bone.location, bone.rotation_quaternion = (size, 0, size), (1, size, -size, 0)
            bone.keyframe_insert("location", frame=frame)
            bone.keyframe_insert("rotation_quaternion", frame=frame)
        rig.pose.bones["root"].location.x = 3 * size
        rig.pose.bones["root"].keyframe_insert("location", frame=frame)
    return rig.animation_data.action


def evaluated(rig, frames):
    names = [bone.name for bone in rig.data.bones]
    return evaluated_heads(rig, names, frames)


@pytest.mark.parametrize("tolerance", [None, 1.0])
def test_a_replaced_range_is_the_motion_and_everything_else_stays(tolerance):
    rig = rooted()
    new = list(range(50, 70, 3))
    write_action.apply_motion(rig, walking(20), start_frame=50, tolerance=tolerance)
    wanted = evaluated_heads(rig, ["Hips", "LeftHand", *FEET], new)
    rig.animation_data_clear()
    before = sparsely_keyed(rig)
    outside = [1, 12, 30, 48, 49, 70, 71, 80, 90, 100, 120]
    poses, keys = evaluated(rig, outside), keys_of(before)
    action = write_action.apply_motion(rig, walking(20), start_frame=50, output="replace", tolerance=tolerance)
    assert action != before and keys_of(before) == keys and before.use_fake_user
    assert np.abs(evaluated(rig, outside) - poses).max() < 1e-3
    assert np.abs(evaluated_heads(rig, ["Hips", "LeftHand", *FEET], new) - wanted).max() < 1e-4
    for curve in curves_of(action):
        times = [key.co.x for key in curve.keyframe_points]
        assert times == sorted(times) and len(set(times)) == len(times)
    finger = [path for path in keys if "RightHandIndex1" in path[0]]
    assert finger and all(keys_of(action)[path] == keys[path] for path in finger)


def test_replacing_needs_no_action_and_drops_what_the_slot_holds_of_others():
    rig = rooted()
    action = write_action.apply_motion(rig, walking(20), start_frame=1, output="replace")
    assert rig.animation_data.action == action and tuple(action.frame_range) == (1, 20)
    if not hasattr(action, "slots"):
        return
    other = bpy.data.objects.new("Other", None)
    other.animation_data_create().action = action
    other.animation_data.action_slot = action.slots.new(id_type="OBJECT", name="Other")
    other.keyframe_insert("location", frame=5)
    again = write_action.apply_motion(rig, walking(20), start_frame=5, output="replace")
    assert len(again.slots) == 1 and rig.animation_data.action_slot == again.slots[0]
    assert other.animation_data.action == action and tuple(again.frame_range) == (1, 24)


def test_a_strip_lies_over_what_was_there_and_nothing_is_lost():
    rig = rooted()
    write_action.apply_motion(rig, walking(20), start_frame=50)
    wanted = evaluated_heads(rig, ["Hips", "LeftHand"], range(50, 70, 4))
    rig.animation_data_clear()
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    before = sparsely_keyed(rig)
    outside, new = [1, 12, 30, 49, 70, 100, 120], range(50, 70, 4)
    poses, keys = evaluated(rig, outside), keys_of(before)
    action = write_action.apply_motion(rig, walking(20), start_frame=50, output="strip")
    data = rig.animation_data
    assert data.action is None and [track.strips[0].action for track in data.nla_tracks] == [before, action]
    assert keys_of(before) == keys and before.use_fake_user
    for curve in curves_of(action):
        times = [key.co.x for key in curve.keyframe_points]
        assert len(set(times)) == len(times) and {times[0], times[-1]} == {50.0, 69.0}
    assert np.abs(evaluated(rig, outside) - poses).max() < 1e-4
    assert np.abs(evaluated_heads(rig, ["Hips", "LeftHand"], new) - wanted).max() < 1e-4
    above = write_action.apply_motion(rig, walking(20), start_frame=50)
    assert data.action == above and len(data.nla_tracks) == 2
    assert np.abs(evaluated_heads(rig, ["Hips", "LeftHand"], new) - wanted).max() < 1e-4


def test_strips_are_shown_hidden_and_removed():
    rig = rooted()
    data = rig.animation_data_create()
    first, second = (write_action.apply_motion(rig, walking(20), start_frame=1, output="strip") for _ in range(2))
    assert [track.name for track in data.nla_tracks] == [first.name, second.name]
    assert nla.show(data, first, [second])
    assert [track.mute for track in data.nla_tracks] == [False, True]
    assert not nla.show(data, bpy.data.actions.new("None"), [first])
    nla.remove(data, second)
    assert [track.strips[0].action for track in data.nla_tracks] == [first]


def test_a_bone_renamed_while_keys_are_written_is_named_and_the_pose_kept():
    rig = rooted()
    write_action.apply_motion(rig, walking(5), start_frame=1)
    before = rig.animation_data.action
    target = write_action.read_target(rig)
    plan = plan_motion(target, walking(5))
    action = write_action.new_action(rig, plan)
    write_action.write_some(action, plan, 0)
    rig.data.bones["LeftArm"].name = "Wing"
    for step in (lambda: write_action.hand_over(rig, action, plan), lambda: write_action.new_action(rig, plan)):
        with pytest.raises(RigError, match="LeftArm") as caught:
            step()
        assert caught.value.hint and "\n" not in str(caught.value)
    assert rig.animation_data.action == before
