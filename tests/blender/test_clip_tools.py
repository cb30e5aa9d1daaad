"""The clip tools through their operators."""

import numpy as np
import pytest
from test_addon_edit import heads, keys, pose, same
from test_addon_panels import drawn

bpy = pytest.importorskip("bpy")

HIPS = "mixamorig:Hips"


def waiting():
    return bpy.context.scene.coamd_edit.preview


def test_a_tool_makes_a_preview_and_one_undo_step(walker):
    armature, action = walker
    before, was = keys(action, armature), heads(armature, "mixamorig:LeftHand", range(1, 61))
    right = heads(armature, "mixamorig:RightHand", range(1, 61))
    assert bpy.ops.coamd.mirror_motion() == {"FINISHED"}
    assert armature.animation_data.action == waiting() != action and same(keys(action, armature), before)
    now = heads(armature, "mixamorig:LeftHand", range(1, 61))
    middle = heads(armature, HIPS, [1])[0]
    assert np.abs(now[:, 2] - right[:, 2]).max() < 0.02 and np.abs(now[:, 1] - right[:, 1]).max() < 0.02
    assert np.abs((now[:, 0] - middle[0]) + (right[:, 0] - middle[0])).max() < 0.03
    assert np.abs(now - was).max() > 0.05
    shown = drawn("COAMD_PT_edit", width=1000)
    assert "1 to 60, mirror" in shown and "Try Again" not in shown
    with pytest.raises(RuntimeError, match="waits to be accepted"):
        bpy.ops.coamd.smooth_motion()
    bpy.ops.ed.undo()
    assert [block.name for block in bpy.data.actions] == ["Walk"]
    assert bpy.context.scene.coamd_edit.preview is None


def test_before_and_after_can_be_compared_and_nothing_is_decided(walker):
    armature, action = walker
    assert not bpy.types.COAMD_PT_take_edited.poll(bpy.context)
    bpy.ops.coamd.smooth_motion()
    assert bpy.types.COAMD_PT_take_edited.poll(bpy.context) and "coamd.edit_accept" in drawn("COAMD_PT_take_edited")
    preview = waiting()
    bpy.ops.coamd.edit_compare()
    assert armature.animation_data.action == action and waiting() == preview
    bpy.ops.coamd.edit_compare()
    assert armature.animation_data.action == preview
    bpy.ops.coamd.edit_compare()
    bpy.ops.coamd.edit_accept()
    assert armature.animation_data.action == preview and preview.name == "Walk"


def test_put_in_place_moves_nothing_in_the_world_and_leaves_the_hips_still(walker):
    armature, _ = walker
    was = heads(armature, "mixamorig:LeftHand", range(1, 61))
    assert bpy.ops.coamd.motion_in_place() == {"FINISHED"}
    assert np.abs(heads(armature, "mixamorig:LeftHand", range(1, 61)) - was).max() < 0.01
    bones = pose(armature)[:, list(armature.pose.bones.keys()).index(HIPS), :3, 3]
    assert np.ptp(bones[:, [0, 1]], axis=0).max() < 0.1 < np.ptp(was[:, 1])
    bpy.ops.coamd.edit_reject()
    bpy.context.scene.coamd_clips.keep_root = False
    bpy.ops.coamd.motion_in_place()
    assert np.ptp(heads(armature, HIPS, range(1, 61))[:, 1]) < 0.1


def test_retimed_poses_are_the_same_at_other_frames_and_trim_keeps_the_range(walker):
    armature, _ = walker
    was = pose(armature)
    bpy.context.scene.coamd_clips.factor = 2.0
    assert bpy.ops.coamd.retime_motion() == {"FINISHED"}
    assert tuple(waiting().frame_range) == (1, 119)
    assert np.abs(pose(armature, range(1, 120, 2)) - was).max() < 1e-5
    bpy.ops.coamd.edit_reject()
    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 20, 41
    bpy.ops.coamd.trim_motion()
    assert tuple(waiting().frame_range) == (20, 41)
    assert np.abs(pose(armature, range(20, 42)) - was[19:41]).max() < 1e-6


def test_a_loop_and_a_blend_go_on_from_what_is_there(walker):
    armature, action = walker
    bpy.ops.coamd.loop_motion()
    hands = heads(armature, "mixamorig:LeftHand", [1, 60]) - heads(armature, HIPS, [1, 60])
    assert np.abs(hands[0] - hands[1]).max() < 0.02
    bpy.ops.coamd.edit_reject()
    with pytest.raises(RuntimeError, match="No Action is chosen"):
        bpy.ops.coamd.blend_motions()
    bpy.context.scene.coamd_clips.other = action.copy()
    bpy.ops.coamd.blend_motions()
    assert tuple(waiting().frame_range) == (1, 60 + 60 - 12)
    steps = np.linalg.norm(np.diff(heads(armature, HIPS, range(40, 100)), axis=0), axis=1)
    assert steps.max() < 0.1


def test_a_range_that_is_short_for_its_sentence_is_widened(walker):
    from coamd_blender.edit import room

    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 20, 41
    settings.prompt = "a person bows"
    assert room.warning(bpy.context.scene, 20, 41) == "0.9 s are short for this: it may be left out. 2.0 s are enough"
    assert bpy.ops.coamd.widen_range() == {"FINISHED"}
    assert (settings.first, settings.last) == (7, 54) and settings.source_of_range == "FRAMES"
    settings.prompt = ""
    with pytest.raises(RuntimeError, match="long enough"):
        bpy.ops.coamd.widen_range()


@pytest.mark.parametrize(("frame", "marked"), [(33, (21, 45)), (3, (1, 25)), (90, (36, 60))])
def test_a_range_is_marked_around_the_playhead_inside_the_action(walker, frame, marked):
    scene, settings = bpy.context.scene, bpy.context.scene.coamd_edit
    scene.render.fps, settings.prompt = 10, "a person waves"
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 5, 58
    scene.frame_set(frame)
    before = drawn("COAMD_PT_edit").split(" | ")
    assert before[before.index("coamd.mark_range") - 2] == "5 to 58"
    assert bpy.ops.coamd.mark_range() == {"FINISHED"}
    assert (settings.first, settings.last) == marked and settings.source_of_range == "FRAMES"
    after = drawn("COAMD_PT_edit").split(" | ")
    assert before[before.index("coamd.mark_range") :] == after[after.index("coamd.mark_range") :], "nothing slides"


def test_what_is_short_for_its_sentence_is_said_below_the_button(walker):
    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 20, 41
    above = [drawn("COAMD_PT_edit").split("coamd.edit_range")[0] for settings.prompt in ("", "a person bows")]
    assert above[0] == above[1] and "coamd.widen_range" in drawn("COAMD_PT_edit").split("coamd.edit_range")[1]


def test_the_scene_goes_on_as_long_as_the_motion_unless_the_user_has_set_its_end(walker, addon):
    from coamd_blender.generate import playing

    (armature, action), scene = walker, bpy.context.scene
    key = (0, 287), (0, 300.4), (0, 310)
    curve = next(iter(playing.actions.curves_of(action, playing.actions.slot_for(action, armature))))
    ends = []
    for number, (value, frame) in enumerate(key[:2]):
        curve.keyframe_points.insert(frame, value)
        assert "coamd.extend_scene" in drawn("COAMD_PT_main")
        addon.afterwards = "LEAVE"
        playing.make_room(scene, armature)
        ends.append(scene.frame_end)
        addon.afterwards = ("FIT", "ASK")[number]
        playing.afterwards(bpy.context, armature)
        ends.append(scene.frame_end)
    assert ends == [250, 287, 287, 301] and "coamd.extend_scene" not in drawn("COAMD_PT_main")
    scene.frame_end = 200
    playing.make_room(scene, armature)
    for name in ("COAMD_PT_main", "COAMD_PT_track"):
        assert scene.frame_end == 200 and "The motion ends at 301, the scene at 200" in drawn(name, width=600)
    assert bpy.ops.coamd.extend_scene() == {"FINISHED"} and scene.frame_end == 301
    with pytest.raises(RuntimeError, match="within the scene"):
        bpy.ops.coamd.extend_scene()


def test_playing_fits_the_preview_range_to_the_action(walker):
    scene = bpy.context.scene
    scene.frame_set(33)
    assert bpy.ops.coamd.play_motion() == {"FINISHED"}
    assert scene.use_preview_range and (scene.frame_preview_start, scene.frame_preview_end) == (1, 60)
    assert scene.frame_current == 1
