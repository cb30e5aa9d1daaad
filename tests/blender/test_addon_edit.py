"""Editing through the operators, with stand-ins for the networks."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")


def asked():
    """What the runtime was asked, in order."""
    return [json.loads(line) for line in Path(bpy.data.objects["Rig"]["asked"]).read_text().splitlines()]


def ask(**changes):
    """Fill in the panel: frames 20 to 41, unless told otherwise."""
    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 20, 41
    settings.random_seed, settings.seed = False, 7
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings


def keys(action, armature):
    from coamd_blender.anim import actions, range_keys

    curves = actions.curves_of(action, actions.slot_for(action, armature))
    return {(curve.data_path, curve.array_index): range_keys.read_keys(curve) for curve in curves}


def same(one, other):
    return one.keys() == other.keys() and all(
        np.array_equal(one[curve][name], other[curve][name]) for curve in one for name in one[curve]
    )


def pose(armature, frames=range(1, 61)):
    result = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        result.append([np.array(bone.matrix) for bone in posed])
    return np.array(result)


OUTSIDE = [frame - 1 for frame in range(1, 61) if not 20 <= frame <= 41]


def test_an_edit_is_a_preview_until_it_is_accepted(walker):
    armature, action = walker
    before, was = keys(action, armature), pose(armature)
    ask(prompt="  swing   the arms ")
    assert bpy.ops.coamd.edit_range() == {"FINISHED"}
    settings = bpy.context.scene.coamd_edit
    assert settings.source == action and armature.animation_data.action == settings.preview != action
    assert same(keys(action, armature), before), "the source was touched"
    now = pose(armature)
    assert np.abs(now - was)[OUTSIDE].max() < 1e-6 and np.abs(now - was)[30].max() > 0.05
    (request,) = asked()
    fields = request["fields"]
    assert (fields["prompt"], fields["ranges"], fields["fps"]) == ("swing the arms", [[19, 41, "between"]], 24.0)
    assert (fields["seed"], fields["joints"], fields["cfg"]) == (7, None, None)
    assert request["arrays"] == {"joints": [60, 22, 3]}
    assert bpy.ops.coamd.edit_range.poll() and bpy.ops.coamd.edit_accept.poll()
    assert bpy.ops.coamd.edit_accept() == {"FINISHED"}
    assert not any(getattr(bpy.ops.coamd, f"edit_{what}").poll() for what in ("accept", "reject", "push"))
    edited = armature.animation_data.action
    assert edited.name == "Walk" and settings.preview is None and settings.source is None
    assert np.array_equal(pose(armature), now)
    from coamd_blender import core

    told = core.session.current().said_in(core.messages.EDIT, bpy.context)
    assert told == (None, "The former motion is kept as Walk (before)")
    original = bpy.data.actions["Walk (before)"]
    assert original.use_fake_user and same(keys(original, armature), before)


def test_reject_leaves_no_trace(walker):
    armature, action = walker
    before, was = keys(action, armature), pose(armature)
    ask()
    bpy.ops.coamd.edit_range()
    assert bpy.ops.coamd.edit_reject() == {"FINISHED"}
    assert armature.animation_data.action == action and [found.name for found in bpy.data.actions] == ["Walk"]
    assert same(keys(action, armature), before) and np.array_equal(pose(armature), was)
    assert not bpy.ops.coamd.edit_reject.poll() and not bpy.ops.coamd.edit_accept.poll()


def test_an_edit_is_one_undo_step_and_its_acceptance_another(walker):
    from coamd_blender import core

    ask(keep_source=False)
    bpy.ops.coamd.edit_range()
    bpy.ops.coamd.edit_accept()
    bpy.ops.ed.undo_push(message="accepted")  # as Blender does after an operator called from its interface
    assert [action.name for action in bpy.data.actions] == ["Walk"] and not core.session.current().notice
    bpy.ops.ed.undo()
    settings = bpy.context.scene.coamd_edit
    armature = bpy.data.objects["Rig"]
    assert settings.preview is not None and armature.animation_data.action == settings.preview
    bpy.ops.ed.undo()
    assert [action.name for action in bpy.data.actions] == ["Walk"]
    assert bpy.context.scene.coamd_edit.preview is None
    assert bpy.data.objects["Rig"].animation_data.action.name == "Walk"


def test_try_again_starts_from_the_source(walker):
    armature, action = walker
    ask()
    bpy.ops.coamd.edit_range()
    first = pose(armature, [30])
    with pytest.raises(RuntimeError, match="waits to be accepted"):
        bpy.ops.coamd.edit_range()
    assert bpy.ops.coamd.edit_range(again=True) == {"FINISHED"}
    assert np.abs(pose(armature, [30]) - first).max() < 1e-6, "the second was made from the first"
    assert bpy.context.scene.coamd_edit.source == action and len(bpy.data.actions) == 2
    assert bpy.context.scene.coamd_edit.preview.name == "Walk (edit)"


@pytest.mark.parametrize("how", ["fail", "cancel", "die"])
def test_trying_again_keeps_the_edit_that_waits_and_the_users_key_on_it_until_the_new_one_is_there(walker, how):
    from coamd_blender.core import session
    from coamd_blender.edit import workflow as edit_workflow

    armature, action = walker
    settings = ask()
    bpy.ops.coamd.edit_range()
    first = settings.preview
    armature.pose.bones["mixamorig:LeftArm"].rotation_quaternion = (0.5, 0.5, 0.5, 0.5)
    armature.pose.bones["mixamorig:LeftArm"].keyframe_insert("rotation_quaternion", frame=31)
    was = pose(armature, [31])
    settings.prompt = "fail" if how == "fail" else "slow"
    current = session.current()
    current.start(edit_workflow.edit_range(bpy.context, again=True))
    settle(lambda: current.doing(session.REQUEST) is None or current.doing(session.REQUEST).job is not None)
    assert armature.animation_data.action == action and settings.preview == first, "the source is read meanwhile"
    if how == "cancel":
        current.cancel()
    elif how == "die":
        settle(lambda: current._runner.client._process._popen is not None)
        current._runner.client._process.kill()
    settle(lambda: not current.asking)
    assert (current.error is None) == (how == "cancel")
    assert armature.animation_data.action == settings.preview == first and settings.source == action
    assert np.abs(pose(armature, [31]) - was).max() < 1e-6


def test_push_puts_both_on_the_nla(walker):
    armature, _ = walker
    was = pose(armature)
    ask()
    bpy.ops.coamd.edit_range()
    now = pose(armature)
    assert bpy.ops.coamd.edit_push() == {"FINISHED"}
    data = armature.animation_data
    assert data.action is None and len(data.nla_tracks) == 2
    assert np.abs(pose(armature) - now).max() < 1e-5
    data.nla_tracks[1].mute = True
    assert np.abs(pose(armature) - was).max() < 1e-5


@pytest.mark.parametrize(
    "mode, frames, ranges, outside",
    [
        ("vary", (20, 41), [[19, 41, "vary"]], OUTSIDE),
        ("continue", (50, 80), [[49, 80, "continue"]], range(49)),
        ("continue", (61, 80), [[60, 80, "continue"]], range(60)),
        ("lead_in", (-10, 15), [[0, 26, "lead_in"]], range(15, 60)),
        ("outpaint", (20, 41), [[0, 19, "lead_in"], [41, 60, "continue"]], range(19, 41)),
    ],
)
def test_modes_send_their_ranges_and_touch_nothing_else(walker, mode, frames, ranges, outside):
    armature, _ = walker
    was = pose(armature)
    ask(mode=mode, first=frames[0], last=frames[1], keep=30.0)
    bpy.ops.coamd.edit_range()
    (request,) = asked()
    assert request["fields"]["ranges"] == ranges and request["fields"]["keep"] == pytest.approx(0.3)
    now = pose(armature)
    assert np.abs(now - was)[list(outside)].max() < 1e-6
    last = bpy.context.scene.coamd_edit.preview.frame_range[1]
    assert last == max(60, frames[1])


def test_the_range_comes_from_preview_range_markers_or_selected_keys(walker):
    from coamd_blender.anim import actions

    armature, action = walker
    scene = bpy.context.scene
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 10, 22
    for frame, on in ((12, True), (18, False), (33, True)):
        scene.timeline_markers.new("m", frame=frame).select = on
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        for point in curve.keyframe_points:
            point.select_control_point = 25 <= point.co.x <= 45
    for source, wanted in (("PREVIEW", [9, 22]), ("MARKERS", [11, 33]), ("KEYS", [24, 45])):
        ask(source_of_range=source)
        bpy.ops.coamd.edit_range()
        bpy.ops.coamd.edit_reject()
        assert asked()[-1]["fields"]["ranges"][0][:2] == wanted, source


def test_a_body_part_is_all_that_changes(walker):
    armature, action = walker
    before = keys(action, armature)
    ask(part="left_arm")
    bpy.ops.coamd.edit_range()
    assert asked()[-1]["fields"]["joints"] == "left_shoulder,left_elbow,left_wrist"
    after = keys(bpy.context.scene.coamd_edit.preview, armature)
    changed = {curve[0].split('"')[1] for curve in before if not same({0: before[curve]}, {0: after[curve]})}
    assert changed == {"mixamorig:LeftArm", "mixamorig:LeftForeArm", "mixamorig:LeftHand"}


def test_chosen_joints_need_those_that_hang_on_them(walker):
    settings = ask(part="custom")
    settings.joints[0] = True
    with pytest.raises(RuntimeError, match="No joint is free to move"):
        bpy.ops.coamd.edit_range()
    settings.joints[18] = settings.joints[20] = True
    bpy.ops.coamd.edit_range()
    assert asked()[-1]["fields"]["joints"] == "pelvis,left_elbow,left_wrist"


def test_poses_at_markers_are_kept(walker):
    armature, _ = walker
    was = pose(armature)
    bpy.context.scene.timeline_markers.new("pose", frame=30)
    ask(keep_poses=True)
    bpy.ops.coamd.edit_range()
    assert asked()[-1]["arrays"]["target_points"] == [22, 3]
    now = pose(armature)
    assert np.abs(now - was)[29].max() < 1e-5 < 0.01 < np.abs(now - was)[33].max()


@pytest.mark.parametrize("kind", ["BEZIER", "POLY", "NURBS"])
def test_a_path_reaches_the_runtime_in_the_clips_own_coordinates(walker, kind):
    from coamd_blender.anim import ground_path
    from coamd_blender.anim.read_action import read_action

    armature, action = walker
    data = bpy.data.curves.new("Path", "CURVE")
    data.dimensions, data.bevel_depth = "3D", 0.1
    spline = data.splines.new(kind)
    points = spline.bezier_points if kind == "BEZIER" else spline.points
    points.add(2)
    for number, point in enumerate(points):
        place = (0.0, -float(number), 0.0)
        point.co = place if kind == "BEZIER" else (*place, 1.0)
        if kind == "BEZIER":
            point.handle_left_type = point.handle_right_type = "VECTOR"
    if kind == "NURBS":
        spline.use_endpoint_u = True
    path = bpy.data.objects.new("Path", data)
    path.location = (0.0, 0.0, 5.0)
    bpy.context.collection.objects.link(path)
    bpy.context.view_layer.update()
    reading = read_action(armature, action, fps=None)
    line = ground_path.on_the_ground(ground_path.path_points(path), reading.placement)
    ends = reading.placement.place(np.array([[[x, 0.0, z] for x, z in line[[0, -1]]]]))[0] * reading.placement.scale
    assert np.abs(ends[:, [0, 2]] - [[0, 0], [0, 2]]).max() < 1e-4, "Y up: -Y of Blender is +Z"
    assert len(bpy.data.curves) == 1 and len(bpy.data.meshes) == 0
    ask(path=path)
    bpy.ops.coamd.edit_range()
    assert asked()[-1]["arrays"]["path"] == [len(line), 2]
    bpy.ops.coamd.edit_reject()
    ask(path=armature)
    with pytest.raises(RuntimeError, match=f"{armature.name} is not a curve - Choose a curve"):
        bpy.ops.coamd.edit_range()


@pytest.mark.parametrize(
    "changes",
    [{"mode": "vary"}, {"part": "arms"}, {"mode": "outpaint"}, {"mode": "outpaint", "keep_poses": True}],
)
def test_what_the_panel_does_not_offer_stays_out_of_the_request(walker, changes):
    armature, _ = walker
    ask(path=armature, **changes)  # an armature is not a path, and there are no markers
    assert bpy.ops.coamd.edit_range() == {"FINISHED"}
    assert asked()[-1]["arrays"] == {"joints": [60, 22, 3]}


def held_at(joint_bone, armature, frames=(26, 35), off=(0.04, -0.05, 0.03)):
    """An empty near where the bone's head is in the middle of ``frames``; returns it."""
    bpy.context.scene.frame_set(sum(frames) // 2)
    empty = bpy.data.objects.new("Rail", None)
    bpy.context.collection.objects.link(empty)
    head = armature.matrix_world @ armature.pose.bones[joint_bone].head
    empty.location = [value + more for value, more in zip(head, off, strict=True)]
    bpy.context.view_layer.update()
    return empty


def heads(armature, bone, frames):
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append(np.array(posed.matrix_world @ posed.pose.bones[bone].head))
    return np.array(found)


@pytest.mark.parametrize("joint, bone", [("right_wrist", "mixamorig:RightHand"), ("left_ankle", "mixamorig:LeftFoot")])
def test_a_hand_or_a_foot_is_held_at_an_object(walker, joint, bone):
    armature, _ = walker
    was = pose(armature)
    frames = (29, 32)
    empty = held_at(bone, armature, frames)
    before = heads(armature, bone, range(29, 33))
    ask(hold_target=empty, hold_joint=joint, hold_first=frames[0], hold_last=frames[1])
    assert bpy.ops.coamd.edit_range() == {"FINISHED"}
    assert asked()[-1]["arrays"]["target_points"] == [4, 3]
    now, place = heads(armature, bone, range(29, 33)), np.array(empty.location)
    assert np.linalg.norm(before - place, axis=1).max() > 0.05
    assert np.linalg.norm(now - place, axis=1).max() < 0.01
    assert np.abs(pose(armature) - was)[OUTSIDE].max() < 1e-6
    step = np.linalg.norm(np.diff(heads(armature, bone, range(19, 43)), axis=0), axis=1)
    assert step.max() < 0.25, "it leaps to the object, or away"


def test_a_hold_follows_an_object_that_moves_and_leaves_the_frame_as_it_was(walker):
    armature, _ = walker
    empty = held_at("mixamorig:RightHand", armature, (29, 32))
    for frame, shift in ((29, 0.0), (32, 0.05)):
        empty.location.x += shift
        empty.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(7)
    ask(hold_target=empty, hold_joint="right_wrist", hold_first=29, hold_last=32)
    bpy.ops.coamd.edit_range()
    assert bpy.context.scene.frame_current == 7
    for frame in range(29, 33):
        (hand,) = heads(armature, "mixamorig:RightHand", [frame])
        assert np.linalg.norm(hand - np.array(empty.matrix_world.translation)) < 0.01


def refused(words, **changes):
    """The operator says so in one line, and nothing has changed."""
    armature = bpy.data.objects["Rig"]
    action = armature.animation_data.action
    before, blocks = keys(action, armature), [block.name for block in bpy.data.actions]
    ask(**changes)
    with pytest.raises(RuntimeError, match=words) as caught:
        bpy.ops.coamd.edit_range()
    assert len(str(caught.value).strip().splitlines()) == 1
    assert [block.name for block in bpy.data.actions] == blocks
    assert armature.animation_data.action == action and same(keys(action, armature), before)
    assert bpy.context.scene.coamd_edit.preview is None


@pytest.mark.parametrize(
    "words, changes",
    [
        ("The range 41 to 20 is empty", {"first": 41, "last": 20}),
        ("outside the Action's frames 1 to 60", {"first": 50, "last": 90}),
        ("outside the Action's frames 1 to 60", {"first": -40, "last": -5}),
        ("outside the Action's frames 1 to 60", {"mode": "continue", "first": 90, "last": 120}),
        ("outside the Action's frames 1 to 60", {"mode": "continue", "first": 1, "last": 20}),
        ("outside the Action's frames 1 to 60", {"mode": "lead_in", "first": 20, "last": 70}),
        ("outside the Action's frames 1 to 60", {"mode": "outpaint", "first": 70, "last": 80}),
        ("is all of the Action", {"mode": "outpaint", "first": 1, "last": 60}),
        ("is too long", {"mode": "continue", "first": 20, "last": 100000}),
        ("There is no preview range", {"source_of_range": "PREVIEW"}),
        ("Select two timeline markers", {"source_of_range": "MARKERS"}),
        ("no markers inside the range", {"keep_poses": True}),
        ("This prompt cannot be made", {"prompt": "fail"}),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_line_and_changes_nothing(walker, words, changes):
    refused(words, **changes)


def test_what_cannot_be_held_is_said(walker):
    armature, _ = walker
    empty = held_at("mixamorig:RightHand", armature)
    hold = {"hold_target": empty, "hold_joint": "right_wrist", "hold_first": 29, "hold_last": 32}
    refused("Hold from 24 to 37 at most", **{**hold, "hold_first": 20})
    refused("to hold are none", **{**hold, "hold_last": 20})
    refused("held but not made anew", **hold, part="left_arm")
    empty.location.z += 5
    bpy.context.view_layer.update()
    refused("right hand is .* cm short of its target at frame 29", **hold, part="whole")


def test_locked_driven_and_missing_things_are_said(walker):
    armature, _ = walker
    bone = armature.pose.bones["mixamorig:LeftLeg"]
    bone.lock_rotation[0] = True
    refused("rotation of bone 'mixamorig:LeftLeg' is locked")
    bone.lock_rotation[0] = False
    bone.driver_add("rotation_quaternion", 1)
    refused("'mixamorig:LeftLeg' is driven")
    bone.driver_remove("rotation_quaternion", 1)
    armature.animation_data.action = None
    ask()
    with pytest.raises(RuntimeError, match="plays no Action"):
        bpy.ops.coamd.edit_range()


def test_a_linked_action_is_refused(walker, tmp_path):
    armature, action = walker
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {action}, fake_user=True)
    with bpy.data.libraries.load(path, link=True) as (source, wanted):
        wanted.actions = source.actions
    from coamd_blender.anim import actions

    linked = wanted.actions[0]
    actions.play(armature, linked, linked.slots[0] if hasattr(linked, "slots") else None)
    refused("is linked from another file")


def settle(until, seconds=300.0):
    from coamd_blender.core import session

    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, session.current().status
        session.current().pump()
        time.sleep(0.005)


def test_stopping_in_mid_job_and_deleting_things_meanwhile(walker):
    from coamd_blender.core import session
    from coamd_blender.edit import workflow as edit_workflow

    armature, action = walker
    before, current = keys(action, armature), session.current()
    ask(prompt="slow")
    session.current().start(edit_workflow.edit_range(bpy.context))
    settle(lambda: current.status.fraction > 0.02)
    assert not bpy.ops.coamd.edit_range.poll() and bpy.ops.coamd.stop.poll()
    bpy.ops.coamd.stop()
    settle(lambda: not current.pump())
    assert [block.name for block in bpy.data.actions] == ["Walk"] and same(keys(action, armature), before)
    ask(prompt="")
    session.current().start(edit_workflow.edit_range(bpy.context))
    bpy.data.actions.remove(action)
    settle(lambda: not current.asking)
    assert "deleted while it was being edited" in str(current.error) and not bpy.data.actions


def with_ik(armature):
    """Half an IK constraint on a forearm: Blender must evaluate what the armature plays."""
    solved = armature.pose.bones["mixamorig:LeftForeArm"].constraints.new("IK")
    solved.chain_count, solved.influence = 2, 0.5


def test_an_evaluated_action_is_read_in_steps_and_stop_leaves_nothing_behind(walker, monkeypatch):
    from coamd_blender.anim import read_action
    from coamd_blender.core import session
    from coamd_blender.edit import workflow as edit_workflow

    monkeypatch.setattr(read_action, "EVALUATE_SECONDS", 0.0)  # one sample a step, on the fastest machine too
    armature, action = walker
    with_ik(armature)
    bpy.context.scene.frame_set(17)
    reading = read_action.read_action(armature, action, fps=None)
    assert reading.way == "evaluated" and len(reading.joints) == 60

    def left():
        return [[block.name for block in blocks] for blocks in (bpy.data.actions, bpy.data.objects, bpy.data.scenes)]

    before, blocks, current = keys(action, armature), left(), session.current()
    settings = ask(random_seed=True)
    session.current().start(edit_workflow.edit_range(bpy.context))
    assert current.pump() and current.pump() and current.stepping
    assert current.status.text.startswith("Reading the Action ") and current.status.text.endswith("/60")
    assert 0 < current.status.fraction < 1 and left() == blocks and bpy.context.scene.frame_current == 17
    assert not bpy.ops.coamd.edit_range.poll() and bpy.ops.coamd.stop.poll()
    bpy.ops.coamd.stop()
    settle(lambda: not current.asking)
    assert left() == blocks and same(keys(action, armature), before) and settings.seed == 7
    assert settings.preview is None and current.error is None and not Path(armature["asked"]).exists()
    session.current().start(edit_workflow.edit_range(bpy.context))
    current.pump()
    action.name = "Other"
    settle(lambda: not current.asking)
    assert current.error is None and settings.preview is not None and settings.source == action
    assert asked()[-1]["arrays"]["joints"] == [60, 22, 3]
    assert asked()[-1]["sums"]["joints"] == pytest.approx(reading.joints.sum(dtype=np.float64), abs=1e-3)
    bpy.ops.coamd.edit_reject()
    session.current().start(edit_workflow.edit_range(bpy.context))
    current.pump()
    bpy.data.actions.remove(action)
    settle(lambda: not current.asking)
    assert "changed while it was being read" in str(current.error) and not bpy.data.actions
