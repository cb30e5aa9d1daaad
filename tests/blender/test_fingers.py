"""Hand shapes keyed on rigs in Blender: where finger tips come to, and that no other key changes by a bit."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import rigs  # noqa: E402

from coamd_blender.anim import actions, write_action  # noqa: E402


def keys(action, armature):
    """(path, index) to the bytes of all keys of each curve."""
    found = {}
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        points = curve.keyframe_points
        values = np.zeros((3, 2 * len(points)), np.float32)
        for row, name in enumerate(("co", "handle_left", "handle_right")):
            points.foreach_get(name, values[row])
        found[curve.data_path, curve.array_index] = values.tobytes()
    return found


def tip(armature, bone, frame):
    """The tail of a bone seen from the hand's own bone, metres."""
    bpy.context.scene.frame_set(frame)
    hand = next(above for above in armature.pose.bones[bone].parent_recursive if "hand" in above.name.lower()[-8:])
    return np.array(hand.matrix.inverted() @ armature.pose.bones[bone].tail)


@pytest.fixture
def walker(addon):
    """A Mixamo rig with rolled bones that walks from frame 1 to 40."""
    armature = rigs.mixamo(rolled=True)
    write_action.apply_motion(armature, rigs.walking(40), source_fps=24, start_frame=1, name="Walk")
    return armature


def test_a_shape_is_keyed_over_time_and_all_other_keys_stay_to_the_bit(walker):
    scene, action = bpy.context.scene, walker.animation_data.action
    before = keys(action, walker)
    settings = scene.coamd_fingers
    settings.easing = 5
    for frame, shape in ((1, "flat"), (20, "fist")):
        scene.frame_set(frame)
        assert bpy.ops.coamd.finger_shape(shape=shape) == {"FINISHED"}
    after = keys(walker.animation_data.action, walker)
    assert {channel: after[channel] for channel in before} == before
    new = {actions.bone_of(path) for path, _ in set(after) - set(before)}
    assert len(new) == 30 and all(any(finger in name for finger in rigs.FINGERS) for name in new)
    bone = "mixamorig:LeftHandMiddle3"
    flat, waiting, closed, later = (tip(walker, bone, frame) for frame in (1, 15, 20, 40))
    hand = walker.pose.bones["mixamorig:LeftHand"].length
    np.testing.assert_allclose(waiting, flat, atol=1e-5)
    np.testing.assert_allclose(later, closed, atol=1e-5)
    assert flat[1] > hand + 0.08 and 0 < closed[1] < hand


def test_one_hand_can_have_another_shape(walker):
    scene = bpy.context.scene
    scene.frame_set(10)
    scene.coamd_fingers.hands = "RIGHT"
    bpy.ops.coamd.finger_shape(shape="fist")
    paths = {actions.bone_of(path) for path, _ in keys(walker.animation_data.action, walker)}
    assert "mixamorig:RightHandIndex1" in paths and "mixamorig:LeftHandIndex1" not in paths


def test_a_new_motion_has_relaxed_fingers_unless_they_are_to_be_left(addon):
    armature = rigs.mixamo()
    bpy.context.scene.coamd.prompt, bpy.context.scene.coamd.variants = "a person walks", 1
    bpy.ops.coamd.generate()
    bone = armature.pose.bones["mixamorig:LeftHandIndex2"]
    bpy.context.scene.frame_set(5)
    assert bone.rotation_quaternion.angle == pytest.approx(np.radians(26), abs=1e-3)
    bpy.context.scene.coamd.begin, bpy.context.scene.coamd.carry.fingers = "FRESH", "leave"
    bpy.ops.coamd.generate()
    paths = {actions.bone_of(path) for path, _ in keys(armature.animation_data.action, armature)}
    assert "mixamorig:LeftHandIndex2" not in paths


def test_a_shape_changes_no_key_of_the_body(addon):
    armature, found = rigs.mixamo(rolled=True), {}
    for shape in (None, "fist"):
        action = write_action.apply_motion(armature, rigs.walking(30), start_frame=1, fingers=shape)
        found[shape] = keys(action, armature)
    assert len(found["fist"]) == len(found[None]) + 30 * 4
    assert {channel: found["fist"][channel] for channel in found[None]} == found[None]


@pytest.mark.parametrize("kind", ["metarig", "generated"])
def test_rigifys_hands_close(addon, kind):
    armature = rigs.metarig(kind)
    for bone in armature.pose.bones:
        bone.rotation_mode = "XYZ" if bone.name.startswith("f_") else bone.rotation_mode
    assert bpy.ops.coamd.finger_shape(shape="fist") == {"FINISHED"}
    prefix = "DEF-" if kind == "generated" else ""
    pose = armature.pose.bones
    bpy.context.scene.frame_set(5)
    for side in "LR":
        knuckle, end = pose[f"{prefix}f_middle.01.{side}"], pose[f"{prefix}f_middle.03.{side}"]
        wrist, length = (
            pose[f"{prefix}hand.{side}"],
            sum(pose[f"{prefix}f_middle.0{number}.{side}"].length for number in (1, 2, 3)),
        )
        assert (end.tail - knuckle.head).length < 0.6 * length
        assert (end.tail - wrist.head).length < (knuckle.head - wrist.head).length


def test_a_rig_without_fingers_is_told_so(rig):
    with pytest.raises(RuntimeError, match=r"No finger bones were found beneath the hands of Hero - Check the wrists"):
        bpy.ops.coamd.finger_shape(shape="fist")


def test_the_shapes_of_the_panel_are_those_there_are():
    from coamd_blender.fingers.properties import SHAPES as shown
    from coamd_blender.retarget.finger_shapes import SHAPES

    assert [item[:3] for item in shown] == [(name, one.label, one.description) for name, one in SHAPES.items()]
