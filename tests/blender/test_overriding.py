"""What else moves or holds a bone that gets keys is named, of every kind, for the panel and the command line."""

import pytest

bpy = pytest.importorskip("bpy")

from coamd_blender.anim import targets  # noqa: E402

KINDS = ("COPY_LOCATION", "COPY_ROTATION", "COPY_TRANSFORMS", "TRANSFORM", "CHILD_OF", "DAMPED_TRACK", "TRACK_TO",
         "LOCKED_TRACK", "STRETCH_TO", "FOLLOW_PATH", "ARMATURE", "PIVOT", "ACTION", "IK", "SPLINE_IK")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bone", ["pelvis", "left_shoulder", "root of all", "left_finger"])
def test_every_kind_of_constraint_that_moves_a_keyed_bone_is_named(rig, kind, bone):
    """On a mapped bone, on one above them all, and, where it reaches up, on one beneath."""
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    for name, parent in (("root of all", None), ("left_finger", "left_wrist")):
        new = bones.new(name)
        new.head, new.tail = (0, 0, 0), (0, 0.3, 0)
        new.parent = bones[parent] if parent else None
    bones["pelvis"].parent = bones["root of all"]
    bpy.ops.object.mode_set(mode="OBJECT")
    assert not any("constraint" in note for note in targets.coverage(rig).notes)
    constraint = rig.pose.bones[bone].constraints.new(kind)
    constraint.name = "by hand"
    told = [note for note in targets.coverage(rig).notes if f"{bone} follows constraints (by hand)" in note]
    assert bool(told) == (bone != "left_finger" or kind in ("IK", "SPLINE_IK"))
    constraint.influence = 0.0
    assert not any("by hand" in note for note in targets.coverage(rig).notes)


def test_all_bones_that_follow_and_the_object_are_named(rig):
    followers = ["left_knee", "right_knee", "left_elbow", "right_elbow", "head"]
    for bone in followers:
        rig.pose.bones[bone].constraints.new("COPY_LOCATION")
    rig.constraints.new("COPY_LOCATION").name = "to the cart"
    notes = targets.coverage(rig).notes
    assert any("object follows constraints (to the cart)" in note for note in notes)
    line = next(note for note in notes if "Copy Location" in note)
    assert all(bone in line for bone in followers)


@pytest.mark.parametrize("channel", ["location", "rotation_quaternion", "rotation_euler"])
@pytest.mark.parametrize("bone", ["pelvis", "left_knee"])
def test_drivers_of_bones_that_show_the_motion_are_named(rig, bone, channel):
    rig.pose.bones[bone].driver_add(channel, 0)
    told = [note for note in targets.coverage(rig).notes if f"A driver moves {bone}.{channel}" in note]
    assert bool(told) == (channel != "rotation_euler"), "bones here are turned by quaternions"
