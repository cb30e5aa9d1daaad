"""A hand held at a bone of another armature while a range is made anew."""

import numpy as np
import pytest
from test_addon_edit import ask, heads, held_at, refused

bpy = pytest.importorskip("bpy")


def test_a_hand_is_held_at_a_bone_of_another_armature(walker):
    armature, _ = walker
    empty = held_at("mixamorig:RightHand", armature, (29, 32))
    other = bpy.data.objects.new("Other", bpy.data.armatures.new("Other"))
    bpy.context.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    bpy.ops.object.mode_set(mode="EDIT")
    bone = other.data.edit_bones.new("Grip")
    bone.head, bone.tail = (0.1, 0.2, 0.3), (0.1, 0.2, 0.5)
    bpy.ops.object.mode_set(mode="OBJECT")
    other.location = [value - more for value, more in zip(empty.location, (0.1, 0.2, 0.3), strict=True)]
    grip = other.pose.bones["Grip"]
    for frame, place in ((29, 0.0), (32, 0.05)):
        grip.location.x = place
        grip.keyframe_insert("location", frame=frame)
    bpy.context.view_layer.objects.active = armature
    hold = {"hold_target": other, "hold_joint": "right_wrist", "hold_first": 29, "hold_last": 32}
    refused("Other has no bone 'Hook' - Choose one under Bone", hold_bone="Hook", **hold)
    ask(hold_bone="Grip", **hold)
    bpy.ops.coamd.edit_range()
    hands = heads(armature, "mixamorig:RightHand", range(29, 33))
    grips = heads(other, "Grip", range(29, 33))
    assert np.linalg.norm(grips[-1] - grips[0]) > 0.04
    assert np.linalg.norm(hands - grips, axis=1).max() < 0.01
