"""Live in-between: a pose moved inside an edit that waits is kept, what is around it is made anew, the rest stays."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from coamd_blender.anim import actions  # noqa: E402

ARM = "mixamorig:LeftArm"


def keys(action, armature, inside):
    """Curve to the bytes of its keys, and of their handles, inside or outside frames 20 to 40."""
    found = {}
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        points = [point for point in curve.keyframe_points if (20 <= point.co.x <= 40) == inside]
        rows = [(*point.co, *point.handle_left, *point.handle_right) for point in points]
        found[curve.data_path, curve.array_index] = np.array(rows, np.float32).tobytes()
    return found


def pose(armature, frame):
    """The pose of the arm at a frame."""
    bpy.context.scene.frame_set(frame)
    return np.array(armature.pose.bones[ARM].rotation_quaternion)


def look(seconds=3.0, until=lambda: False):
    """Let the timer look, and the session work, for so long or until something is so."""
    from coamd_blender.core import session
    from coamd_blender.edit import live

    end = time.monotonic() + 60
    looks = 0
    while not until() and looks < seconds / 0.05 and time.monotonic() < end:
        live.tick()
        while session.current().pump():
            time.sleep(0.005)
        looks += 1
        time.sleep(0.05)


@pytest.fixture
def waiting(walker):
    """An edit of frames 20 to 40 that waits, with live in-between on."""
    armature, _ = walker
    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 20, 40
    settings.random_seed, settings.seed, settings.prompt = False, 5, "a person waves"
    bpy.ops.coamd.edit_range()
    assert bpy.ops.coamd.live_edit() == {"FINISHED"}
    yield armature, settings.preview
    from coamd_blender.edit import live

    live.stop()


def test_a_moved_pose_is_kept_and_what_is_around_it_is_made_anew(waiting):
    from coamd_blender.edit import live

    armature, preview = waiting
    outside, count = keys(preview, armature, inside=False), len(bpy.data.actions)
    before = [pose(armature, frame) for frame in (24, 30, 36)]
    wanted = before[1] + (0.0, 0.0, 0.4, 0.0)
    armature.pose.bones[ARM].rotation_quaternion = wanted / np.linalg.norm(wanted)
    bpy.context.scene.frame_set(30)  # a pose without a key is gone once the frame is set
    armature.pose.bones[ARM].rotation_quaternion = wanted / np.linalg.norm(wanted)
    look(until=lambda: live.poses(preview))
    assert live.poses(preview) == (30,)
    found = [pose(armature, frame) for frame in (24, 30, 36)]
    np.testing.assert_allclose(np.abs(found[1] @ wanted / np.linalg.norm(wanted)), 1.0, atol=1e-5)
    assert min(np.abs(found[0] - before[0]).max(), np.abs(found[2] - before[2]).max()) > 1e-4
    ends = [np.abs(pose(armature, frame + 1) - pose(armature, frame)).max() for frame in (18, 19, 20, 39, 40, 41)]
    assert max(ends) < 0.1, "nothing jumps where the range begins and ends"
    assert keys(preview, armature, inside=False) == outside
    assert len(bpy.data.actions) == count and armature.animation_data.action == preview
    asked = json.loads(Path(armature["asked"]).read_text(encoding="utf-8").splitlines()[-1])
    assert asked["arrays"]["target_points"] == [22, 3], "the whole pose is a target"
    assert asked["fields"]["quality"] == "fast", "a gesture waits for it"


def gesture(armature, frame, by):
    """Turn the arm at a frame, and begin to make anew what is around it."""
    from coamd_blender.edit import live

    bpy.context.scene.frame_set(frame)
    armature.pose.bones[ARM].rotation_quaternion[1] += by
    live.remake(bpy.context, live._moved(live._live, bpy.context, bpy.context.scene.coamd_edit))


def test_what_is_half_written_is_never_shown(waiting, monkeypatch):
    from coamd_blender.core import session
    from coamd_blender.edit import live

    armature, preview = waiting
    monkeypatch.setattr(live, "WRITE_KEYS", 1)  # a step a curve
    gesture(armature, 30, 0.3)
    bpy.context.scene.frame_set(24)  # where the pose is no key
    shown, written = [], []
    while session.current().pump():
        bpy.context.view_layer.update()  # as a redraw does
        shown.append(np.concatenate([bone.matrix for bone in armature.pose.bones]).tobytes())
        written.append(tuple(keys(preview, armature, inside=True).values()))
        time.sleep(0.002)
    assert live.poses(preview) == (30,)
    assert len(set(written)) > 10, "it takes many steps"
    changes = [number for number in range(1, len(shown)) if shown[number] != shown[number - 1]]
    assert len(changes) == 1, "one picture follows the other"
    assert written[changes[0]] == written[-1], "when all is written"


def test_an_undo_in_the_middle_of_writing_leaves_no_half(waiting, monkeypatch):
    from coamd_blender.core import session
    from coamd_blender.edit import live

    armature, preview = waiting
    gesture(armature, 30, 0.3)
    channels = []
    whole = live._written
    monkeypatch.setattr(live, "_written", lambda *given: channels.append(given) or whole(*given))
    monkeypatch.setattr(live, "WRITE_KEYS", 1)
    before = keys(preview, armature, inside=True)
    while not channels or keys(preview, armature, inside=True) == before:
        session.current().pump()
        time.sleep(0.002)
    for path, index in list(before)[:20]:  # as they were, as an undo makes them
        curve = actions.find_curve(preview, actions.slot_for(preview, armature), path, index)
        for point, row in zip(
            curve.keyframe_points[19:40], np.frombuffer(before[path, index], np.float32).reshape(-1, 6), strict=True
        ):
            point.co.y = row[1]
    live._after_undo()
    while session.current().pump():
        time.sleep(0.002)
    made = {(one.path, one.index): one.made["co"][:, 1] for one in channels[0][3]}
    found = keys(preview, armature, inside=True)
    for channel, values in made.items():
        np.testing.assert_array_equal(np.frombuffer(found[channel], np.float32).reshape(-1, 6)[:, 1], values)


def test_a_second_pose_keeps_the_first(waiting):
    from coamd_blender.edit import live

    armature, preview = waiting
    wanted = {}
    for frame, by in ((26, 0.3), (34, -0.3)):
        bpy.context.scene.frame_set(frame)
        bone = armature.pose.bones[ARM]
        bone.rotation_quaternion[1] += by
        wanted[frame] = np.array(bone.rotation_quaternion.normalized())
        look(until=lambda frame=frame: frame in live.poses(preview))
    assert live.poses(preview) == (26, 34)
    for frame, turn in wanted.items():
        assert abs(pose(armature, frame) @ turn) > 1 - 1e-5


def undone():
    """Undo once, and what live in-between then undoes; return the edit that waits."""
    from coamd_blender.edit import live

    bpy.ops.ed.undo()
    if bpy.app.timers.is_registered(live._undo_once_more):
        bpy.app.timers.unregister(live._undo_once_more)
        live._undo_once_more()
    return bpy.context.scene.coamd_edit.preview


def test_each_undo_takes_back_one_gesture_with_what_was_made_of_it(waiting):
    from coamd_blender.edit import live

    armature, preview = waiting
    before = [keys(preview, armature, inside=True)]
    for frame, by in ((26, 0.3), (34, -0.3)):
        bpy.context.scene.frame_set(frame)
        armature.pose.bones[ARM].rotation_quaternion[1] += by
        bpy.ops.ed.undo_push(message="Rotate")  # as Blender does at the end of a gesture
        look(until=lambda frame=frame: frame in live.poses(preview))
        before.append(keys(preview, armature, inside=True))
    assert len(set(map(str, before))) == 3 and live.poses(preview) == (26, 34)
    for number, frames in ((1, (26,)), (0, ())):
        preview = undone()
        armature = bpy.data.objects["Rig"]
        assert live.on() and live.poses(preview) == frames
        assert keys(preview, armature, inside=True) == before[number]
    look(0.4)
    assert live.poses(preview) == (), "what came back is no gesture"
    bpy.context.scene.frame_set(30)
    armature.pose.bones[ARM].rotation_quaternion[1] += 0.3
    look(until=lambda: live.poses(preview))
    assert live.poses(preview) == (30,), "it goes on"


def test_looking_at_frames_and_other_bones_makes_nothing(waiting):
    from coamd_blender.edit import live

    armature, preview = waiting
    for frame in (22, 30, 39, 10):
        bpy.context.scene.frame_set(frame)
        look(0.4)
    bpy.context.scene.frame_set(10)
    armature.pose.bones[ARM].rotation_quaternion[1] += 0.3
    look(0.4)
    assert live.poses(preview) == ()


def test_it_ends_with_the_edit_and_accepting_keeps_what_was_made(waiting):
    from coamd_blender.edit import live

    armature, _ = waiting
    bpy.ops.coamd.edit_accept()
    assert live.tick() is None and not live.on()
    assert armature.animation_data.action.name == "Walk"
    assert not bpy.ops.coamd.live_edit.poll()


def test_a_clip_tools_result_is_not_made_anew(walker):
    bpy.ops.coamd.smooth_motion()
    with pytest.raises(RuntimeError, match="was made by a clip tool"):
        bpy.ops.coamd.live_edit()
