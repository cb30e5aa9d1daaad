"""A new motion led by poses, places and a hold, with a stand-in for the networks."""

import math
from pathlib import Path

import numpy as np
import pytest
from test_addon_continue import ask
from test_addon_edit import asked, heads, held_at, keys, pose, same
from test_addon_panels import drawn

bpy = pytest.importorskip("bpy")

FIRST = 10


def guides(**changes):
    settings = bpy.context.scene.coamd.guides
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings


def marked(*frames):
    for frame in frames:
        bpy.context.scene.timeline_markers.new(f"M{frame}", frame=frame)


def place(name="Door", location=(1.0, -2.0, 0.0), turn=0.0, **changes):
    """An object in the list of places."""
    found = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(found)
    found.location, found.rotation_euler.z = location, turn
    bpy.context.view_layer.update()
    row = guides().places.add()
    row.object = found
    for key, value in changes.items():
        setattr(row, key, value)
    return row


def line():
    """A curve of two points."""
    curve = bpy.data.curves.new("Line", "CURVE")
    curve.splines.new("POLY").points.add(1)
    curve.splines[0].points[1].co = (0, -3, 0, 1)
    return curve


def still(armature):
    """The rig without an Action, as it rests."""
    armature.animation_data_clear()
    bpy.data.actions.remove(bpy.data.actions["Walk"])
    bpy.context.scene.frame_set(FIRST)
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    bpy.context.view_layer.update()


def standing(armature):
    """The rig without an Action, bent by hand, nothing keyed; returns its pose."""
    still(armature)
    for name, angle in (("LeftArm", 0.9), ("Spine1", 0.4), ("RightUpLeg", -0.5)):
        bone = armature.pose.bones[f"mixamorig:{name}"]
        bone.rotation_mode = "XYZ"
        bone.rotation_euler.x = angle
    armature.pose.bones["mixamorig:Hips"].location = (0.1, -0.05, 0.2)
    bpy.context.view_layer.update()
    bpy.ops.ed.undo_push(message="posed")
    return pose(armature, [FIRST])


def test_a_fresh_motion_begins_in_the_pose_that_is_seen_and_is_one_undo_step(walker):
    armature, _ = walker
    was = standing(armature)
    guides(start_in_pose=True)
    settings = ask(variants=2, frames=48)
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    made = armature.animation_data.action
    assert [take.action for take in settings.takes] == [made, *(one for one in bpy.data.actions if one != made)]
    assert len(bpy.data.actions) == 2, "what was read from is gone"
    for take in settings.takes:
        armature.animation_data.action = take.action
        assert tuple(take.action.frame_range) == (FIRST, FIRST + 47)
        assert np.abs(pose(armature, [FIRST]) - was).max() < 1e-5
        assert np.abs(pose(armature, [FIRST + 24]) - was).max() > 0.05
    first, second = (request["fields"] for request in asked())
    lead = math.ceil(0.15 * 24)  # four frames of the network's
    assert first["ranges"] == [[lead + 1, lead + 48, "continue"]] and (first["seed"], second["seed"]) == (7, 8)
    assert asked()[0]["arrays"] == {"joints": [lead + 48, 22, 3]}
    bpy.ops.ed.undo()
    assert not len(bpy.data.actions) and np.abs(pose(bpy.data.objects["Rig"], [FIRST]) - was).max() < 1e-6


def test_a_fresh_motion_goes_through_the_poses_at_markers(walker):
    armature, action = walker
    before, was = keys(action, armature), pose(armature)
    marked(20, 40, 59, 90)
    bpy.context.scene.frame_set(1)
    guides(start_in_pose=True, keep_poses=True)
    ask("he walks, then sits down", frames=50)
    bpy.ops.coamd.generate()
    made = armature.animation_data.action
    assert made != action and tuple(made.frame_range) == (1, 50) and same(keys(action, armature), before)
    now = pose(armature, range(1, 51))
    for frame in (1, 20, 40):
        assert np.abs(now[frame - 1] - was[frame - 1]).max() < 1e-5, frame
    assert np.abs(now[29] - was[29]).max() > 0.02
    (request,) = asked()
    assert request["fields"]["prompt"] == "he walks, then sits down", "as a whole"
    shapes = request["arrays"]
    assert shapes["target_points"] == [44, 3] and shapes["place_points"] == [2, 2]
    assert request["sums"]["place_frames"] == 19 + 39 and request["fields"]["ranges"] == [[1, 50, "continue"]]


def test_a_motion_that_goes_on_keeps_poses_and_holds_a_hand(walker):
    armature, _ = walker
    was = pose(armature)
    marked(50)
    rail = held_at("mixamorig:RightHand", armature, (34, 40), (0.03, -0.04, 0.05))
    guides(start_in_pose=True, keep_poses=True, hold_target=rail, hold_joint="right_wrist", hold_first=34, hold_last=40)
    bpy.context.scene.frame_set(20)
    ask(frames=40)
    bpy.ops.coamd.generate()
    assert tuple(armature.animation_data.action.frame_range) == (1, 60)
    now = pose(armature)
    assert np.abs(now[:20] - was[:20]).max() < 1e-6 and np.abs(now[49] - was[49]).max() < 1e-5
    hands = heads(armature, "mixamorig:RightHand", range(34, 41))
    assert np.linalg.norm(hands - np.array(rail.location), axis=1).max() < 0.01
    (request,) = asked()
    assert request["fields"]["ranges"] == [[20, 60, "continue"]]
    assert request["arrays"]["target_frames"] == [22 + 7] and request["arrays"]["place_frames"] == [1]


def test_a_fresh_motion_holds_a_hand_and_begins_where_the_character_stands(walker):
    armature, _ = walker
    still(armature)
    hand = heads(armature, "mixamorig:LeftHand", [FIRST])[0]
    rail = bpy.data.objects.new("Rail", None)
    bpy.context.collection.objects.link(rail)
    rail.location = np.array([-0.02, -0.03, 0.04]) + hand
    bpy.context.view_layer.update()
    guides(hold_target=rail, hold_joint="left_wrist", hold_first=FIRST, hold_last=FIRST + 5)
    ask(frames=30)
    bpy.ops.coamd.generate()
    hands = heads(armature, "mixamorig:LeftHand", range(FIRST, FIRST + 6))
    assert np.linalg.norm(hands - np.array(rail.location), axis=1).max() < 0.01
    (request,) = asked()
    assert request["fields"]["ranges"] == [[0, 30, "between"]]


def test_a_fresh_motion_passes_places_each_at_its_frame(walker):
    armature, _ = walker
    still(armature)
    place(location=(0.5, -1.5, 0.3))
    place("Table", (0.5, -3.0, 0.0), math.pi / 2, use_frame=True, frame=58, facing=True)
    ask(frames=72)
    bpy.ops.coamd.generate()
    generated, led = asked()
    assert (generated["task"], led["task"]) == ("generate", "edit") and led["fields"]["ranges"][0][2] == "between"
    hips = heads(armature, "mixamorig:Hips", [FIRST])[0]
    # From the origin to (0.5, 1.5) and (0.5, 3) on the ground, its own axes: x to the left, z ahead.
    share = np.hypot(0.5, 1.5) / (np.hypot(0.5, 1.5) + 1.5)
    frames = np.array([share * 48, 48]) / 24 * 20
    assert abs(led["sums"]["place_frames"] - frames.sum()) < 0.3
    assert abs(led["sums"]["place_points"] - (0.5 + 1.5 + 0.5 + 3.0 - 2 * (hips[0] - hips[1]))) < 0.1
    assert math.isnan(led["sums"]["place_headings"])


def test_a_place_looks_along_its_local_minus_y():
    from coamd_blender.guides import places
    from coamd_blender.retarget.reading import Placement

    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # the character looks along the world's +X
    placement = Placement(turn, np.array([2.0, 0, 1]), 0.5)
    found = [
        places.Place("A", 20, np.array([2.0, 0, 0.5]), np.array([1.0, 0, 0])),
        places.Place("B", None, np.array([2.0, 0, 1.5]), np.array([0, 0, -1.0])),
    ]
    way = places.way_through(found, placement, 10.0, np.zeros(2), 30.0)
    assert np.allclose(way.points, [[0, 2], [-2, 2]]) and way.frames.tolist() == [20, 30]
    assert np.allclose(way.headings, [0, np.pi / 2])


def test_a_place_and_a_pose_that_follow_too_fast_are_named():
    from coamd_blender.errors import InputError
    from coamd_blender.guides import places

    way = places.Way(np.array([40.0, 20.0, 0.0]), np.array([[0, 2.0], [0, 1.0], [9, 9]]), np.full(3, np.nan))
    names = ["Door", "The pose at frame 20", "The first"]
    places.check_pace(names[:2], places.Way(way.frames[:2], way.points[:2], way.headings[:2]), 0, np.zeros(2), 24)
    with pytest.raises(
        InputError, match=r"The pose at frame 20 is 12\.0 m from the place before, and there are 0\.8 s"
    ):
        places.check_pace(names, way, 0, np.zeros(2), 24)


def test_places_without_a_frame_come_by_their_share_of_the_way():
    from coamd_blender.guides.places import spread

    assert spread([0, None, None], np.array([1.0, 3.0]), 40).tolist() == [10, 40]
    assert spread([0, None, 30, None, None], np.array([1.0, 2.0, 1.0, 1.0]), 50).tolist() == [10, 30, 40, 50]
    assert spread([0, None, None], np.zeros(2), 40).tolist() == [20, 40]


REFUSED = {
    "There are no markers from frame 61 to 84": lambda armature: guides(keep_poses=True),
    "The marker at 70 is outside the keys of Rig, 1 to 60": lambda armature: (marked(70), guides(keep_poses=True)),
    "Place 1 has no object": lambda armature: guides().places.add(),
    "Door is to be passed at frame 85, the motion goes from 60 to 84": lambda armature: place(use_frame=True, frame=85),
    "Gate is to be passed at frame 70, the place above it at 75": lambda armature: (
        place(use_frame=True, frame=75),
        place("Gate", use_frame=True, frame=70),
    ),
    "Door is 40.0 m from the place before": lambda armature: place(
        location=np.array([0, -40, 0]) + heads(armature, "mixamorig:Hips", [60])[0]
    ),
    "Door cannot be held from 61 to 70 in the range 61 to 84": lambda armature: (
        place(),
        guides(hold_target=bpy.data.objects["Door"], hold_first=61, hold_last=70),
    ),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_cannot_be_is_said_and_nothing_is_made(walker, says):
    armature, action = walker
    before = keys(action, armature)
    REFUSED[says](armature)
    bpy.context.scene.frame_set(60)
    ask()
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.coamd.generate()
    if "m from" not in says:  # that is found out from the motion
        assert says in drawn("COAMD_PT_guides", width=2000)
    assert list(bpy.data.actions) == [action] and same(keys(action, armature), before)
    assert not len(bpy.context.scene.coamd.takes)


FRESH = {
    "Poses and holds make a new Action": lambda: setattr(bpy.context.scene.coamd.carry, "output", "strip"),
    "cannot be looped": lambda: setattr(bpy.context.scene.coamd, "loop", True),
    "The motion begins at frame 5, and the pose that you see is at 1": lambda: (
        setattr(bpy.context.scene.coamd, "length_in", "RANGE"),
        setattr(bpy.context.scene, "frame_start", 5),
    ),
    "A path and places both say where to go": lambda: (
        place(),
        setattr(bpy.context.scene.coamd, "path", bpy.data.objects.new("Line", line())),
    ),
    "The pose that you see at frame 1 is not keyed: mixamorig:Neck was moved": lambda: (
        marked(20),
        guides(keep_poses=True),
        setattr(bpy.context.object.pose.bones["mixamorig:Neck"], "rotation_quaternion", (0.8, 0.6, 0, 0)),
    ),
    "A pose and the hold are both at frame 20": lambda: (
        marked(20),
        guides(keep_poses=True, hold_target=bpy.context.object, hold_first=12, hold_last=21),
    ),
    "A place and a pose are both at frame 20": lambda: (
        marked(20),
        guides(keep_poses=True),
        place(use_frame=True, frame=20),
    ),
}


@pytest.mark.parametrize("says", FRESH)
def test_what_a_fresh_start_in_a_pose_cannot_be_is_said(walker, says):
    bpy.context.scene.frame_set(1)
    guides(start_in_pose=True)
    ask(begin="FRESH")
    FRESH[says]()
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.coamd.generate()
    assert len(bpy.data.actions) == 1


def test_given_up_while_it_is_drawn_nothing_is_left_behind(walker):
    armature, _ = walker
    standing(armature)
    guides(start_in_pose=True)
    ask("this will fail")
    with pytest.raises(RuntimeError, match="cannot be made"):
        bpy.ops.coamd.generate()
    assert not len(bpy.data.actions) and armature.animation_data is None


def test_the_panel_tells_in_a_line_what_leads_the_motion(walker):
    marked(20, 30)
    place()
    guides(start_in_pose=True, keep_poses=True, hold_target=bpy.data.objects["Door"], hold_first=34, hold_last=40)
    bpy.context.scene.frame_set(1)
    ask(frames=50)
    said = drawn("COAMD_PT_guides", width=2000).split(" | ")
    assert "Begins in this pose, 2 poses at markers, 1 place, left hand at Door" in said
    assert "start_in_pose" in said and "hold_joint" in said
    bpy.context.scene.frame_set(20)
    said = drawn("COAMD_PT_guides", width=2000).split(" | ")
    assert "1 pose at a marker, 1 place, left hand at Door" in said and "start_in_pose" not in said
    guides().places.clear()
    assert "Door is far away: add a place beside it" in drawn("COAMD_PT_guides", width=2000)


def test_places_are_added_moved_and_taken_out(walker):
    armature, _ = walker
    bpy.context.scene.cursor.location = (1, 2, 0)
    armature.select_set(True)
    assert bpy.ops.coamd.place_add() == {"FINISHED"}
    (row,) = guides().places
    assert row.object.type == "EMPTY" and tuple(row.object.location) == (1, 2, 0)
    assert bpy.context.view_layer.objects.active == armature
    place("Gate").object.select_set(True)
    guides().places.remove(1)
    bpy.ops.coamd.place_add()
    assert [each.object.name for each in guides().places] == ["Place", "Gate"]
    bpy.ops.coamd.place_move(index=0, direction="DOWN")
    assert bpy.ops.coamd.place_move(index=0, direction="UP") == {"CANCELLED"}
    bpy.ops.coamd.place_remove(index=0)
    assert [each.object.name for each in guides().places] == ["Place"] and "Gate" in bpy.data.objects


def test_several_characters_are_made_without_them_and_told_so(walker):
    armature, _ = walker
    bpy.ops.coamd.add_character(aside=True)
    place()
    for one in bpy.data.objects:
        one.select_set(one.type == "ARMATURE")
    bpy.context.view_layer.objects.active = armature
    assert "Poses, Places and Holds: left out" in drawn("COAMD_PT_crowd")
    ask()
    bpy.ops.coamd.generate_all()
    assert {request["task"] for request in asked()} == {"generate"}


@pytest.mark.parametrize("end, becomes", [(250, 287), (200, 200)])
def test_an_accepted_edit_that_reaches_beyond_the_scene_moves_its_end_unless_that_was_set(walker, end, becomes):
    scene, settings = bpy.context.scene, bpy.context.scene.coamd_edit
    scene.frame_end = end
    settings.source_of_range, settings.first, settings.last, settings.mode = "FRAMES", 61, 287, "continue"
    settings.prompt = "a person walks"
    bpy.ops.coamd.edit_range()
    assert scene.frame_end == end
    bpy.ops.coamd.edit_accept()
    assert scene.frame_end == becomes
    said = "The motion ends at 287, the scene at 200" in drawn("COAMD_PT_edit", width=2000)
    assert said == (becomes == 200)


def test_the_example_of_the_page_runs(walker):
    armature, _ = walker
    bpy.context.scene.frame_set(1)
    for name, location in (("Door", (0.5, -1.5, 0)), ("Table", (1.0, -2.5, 0))):
        found = bpy.data.objects.new(name, None)
        bpy.context.collection.objects.link(found)
        found.location = location
    rail = bpy.data.objects.new("Rail", None)
    bpy.context.collection.objects.link(rail)
    rail.location = heads(armature, "mixamorig:LeftHand", [1])[0]
    bpy.context.scene.frame_set(1)
    page = (Path(__file__).resolve().parents[2] / "docs" / "generating.md").read_text(encoding="utf-8")
    part = page.split("## Poses, places and holds\n")[1].split("\n## ")[0]
    code = "\n".join(line[4:] for line in part.splitlines() if line.startswith("    "))
    settings = bpy.context.scene.coamd
    settings.variants = 1
    exec(compile(code, "docs/generating.md", "exec"), {"bpy": bpy})
    guides = settings.guides
    assert guides.start_in_pose and [place.use_frame for place in guides.places] == [False, True]
    assert np.linalg.norm(heads(armature, "mixamorig:LeftHand", [85, 110]) - rail.location, axis=1).max() < 0.01
    (request,) = asked()
    assert request["arrays"]["place_points"] == [2, 2] and request["arrays"]["target_points"] == [26, 3]
