"""A character that looks at a target: the head's direction as Blender poses it, and keys outside as they were."""

import numpy as np
import pytest
from mathutils import Vector

bpy = pytest.importorskip("bpy")

import rigs  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402


def off(armature, bone, target, frame):
    """Degrees between where the face looks, ahead of the head bone's rest, and where the target is."""
    bpy.context.scene.frame_set(frame)
    head = armature.pose.bones[bone]
    turn = head.matrix.to_3x3().normalized() @ head.bone.matrix_local.to_3x3().inverted()
    ahead = armature.matrix_world.to_3x3() @ turn @ Vector((0, -1, 0))
    eyes = armature.matrix_world @ (head.matrix.translation + turn @ Vector((0, -0.09, 0.08)))
    return np.degrees(ahead.angle(target.matrix_world.translation - eyes))


@pytest.fixture
def scene(addon):
    """A rolled Mixamo rig that walks for 60 frames, and a ball that moves before it."""
    armature = rigs.mixamo(rolled=True)
    write_action.apply_motion(armature, rigs.walking(60), source_fps=24, start_frame=1, name="Walk")
    ball = bpy.data.objects.new("Ball", None)
    bpy.context.collection.objects.link(ball)
    for frame, place in ((1, (-2.0, -4.0, 2.0)), (60, (2.0, -6.0, 0.5))):
        ball.location = place
        ball.keyframe_insert("location", frame=frame)
    bpy.context.scene.coamd_clips.target = ball
    bpy.context.view_layer.objects.active = armature
    return armature, ball


def test_the_head_looks_at_a_target_that_moves_and_what_is_outside_the_range_stays(scene):
    armature, ball = scene
    context, head = bpy.context, "mixamorig:Head"
    context.scene.use_preview_range = True
    context.scene.frame_preview_start, context.scene.frame_preview_end = 10, 50
    before = [off(armature, head, ball, frame) for frame in (5, 30, 55)]
    assert bpy.ops.coamd.look_at() == {"FINISHED"}
    assert "keys outside untouched, verified" in context.scene.coamd_edit.notes
    after = [off(armature, head, ball, frame) for frame in (5, 30, 55)]
    assert before[1] > 4 and after[1] < 1.5
    assert (after[0], after[2]) == (before[0], before[2])
    steps = np.abs(np.diff([off(armature, head, ball, frame) for frame in range(1, 61)]))
    assert steps.max() < 12, "no jump at the ends of the range"
    bpy.ops.coamd.edit_reject()
    assert armature.animation_data.action.name == "Walk"


def test_two_characters_look_each_other_in_the_face(scene):
    armature, _ = scene
    other = rigs.mixamo()
    other.name, other.location = "Bob", (1.5, -5.0, 0.0)
    bpy.context.view_layer.objects.active = armature
    bpy.context.scene.coamd_clips.target = other
    bpy.context.view_layer.update()
    assert bpy.ops.coamd.look_at() == {"FINISHED"}
    place = bpy.data.objects.new("Face", None)
    bpy.context.collection.objects.link(place)
    place.location = other.matrix_world @ other.pose.bones["mixamorig:Head"].head
    bpy.context.view_layer.update()
    assert max(off(armature, "mixamorig:Head", place, frame) for frame in (1, 30, 60)) < 2


def test_what_is_missing_is_said(scene):
    armature, _ = scene
    clips = bpy.context.scene.coamd_clips
    for change, words in (
        ({"look_with": "EYES"}, "No bones of eyes"),
        ({"target": armature}, "cannot look at itself"),
        ({"target": None}, "No target is chosen"),
    ):
        for name, value in change.items():
            setattr(clips, name, value)
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.coamd.look_at()
