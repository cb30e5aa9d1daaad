"""The track of blocks through the operators, with stand-ins for the networks."""

from dataclasses import replace

import numpy as np
import pytest
from test_addon_edit import asked, keys, pose, same

bpy = pytest.importorskip("bpy")

from coamd_blender.blocks.arrange import Block  # noqa: E402

THREE = (("a person walks", 48), ("a person waves", 36), ("a person sits down", 60))


def modules():
    """The modules of the registered add-on."""
    from coamd_blender.blocks import record, tracks

    return record, tracks


def filled(armature, blocks=THREE, frame=101):
    """A track of ``blocks`` from ``frame`` on, added as the panel does; seeds 10, 20, ..."""
    bpy.context.scene.frame_set(frame)
    for number, (prompt, frames) in enumerate(blocks):
        assert bpy.ops.coamd.block_add(prompt=prompt, frames=frames) == {"FINISHED"}
        armature.coamd_track.blocks[number].seed = 10 * (number + 1)
    return armature.coamd_track


def made(armature, blocks=THREE):
    """The same, made, in a file without another Action for it."""
    armature.animation_data.action = None
    track = filled(armature, blocks)
    assert bpy.ops.coamd.generate_track() == {"FINISHED"}
    return track


def outside(table, first, last):
    """Each curve's keys but for those from frame ``first`` to ``last``, as bytes."""
    found = {}
    for curve, values in table.items():
        kept = (values["co"][:, 0] < first) | (values["co"][:, 0] > last)
        found[curve] = [values[name][kept].tobytes() for name in ("co", "handle_left", "handle_right", "interpolation")]
    return found


def test_a_track_is_made_as_a_whole_where_there_is_nothing(walker):
    armature, _ = walker
    record, tracks = modules()
    track = made(armature)
    (request,) = asked()
    assert request["task"] == "storyboard"
    scenes = request["fields"]["scenes"]
    assert [(scene["prompt"], scene["seed"]) for scene in scenes] == [
        ("a person walks", 10), ("a person waves", 20), ("a person sits down", 30)
    ]  # fmt: skip
    assert [scene["seconds"] for scene in scenes[:2]] == [2.0, 1.5] and 2.5 <= scenes[2]["seconds"] <= 2.7
    action = armature.animation_data.action
    assert tuple(action.frame_range) == (101, 244), "to the frame"
    assert record.made_of(action) == tuple(tracks.read(armature)) and tracks.states(armature) == [tracks.MADE] * 3
    (take,) = bpy.context.scene.coamd.takes
    assert take.action == action and take.name == "a person walks / a person waves / a person sits down"
    assert action["coamd_prompt"] == take.name
    with pytest.raises(RuntimeError, match="Every block is made"):
        bpy.ops.coamd.generate_track()
    assert track.index == 2


def test_the_whole_is_one_undo_step_and_the_users_action_stays(walker):
    armature, action = walker
    filled(armature, frame=1)
    bpy.ops.ed.undo_push(message="a track")
    bpy.ops.coamd.generate_track()
    assert armature.animation_data.action != action and bpy.data.actions["Walk"].use_fake_user
    bpy.ops.ed.undo()
    _, tracks = modules()
    armature = bpy.data.objects["Rig"]
    assert [found.name for found in bpy.data.actions] == ["Walk"] and armature.animation_data.action.name == "Walk"
    assert tracks.states(armature) == [tracks.NEW] * 3


def test_loop_and_in_place_are_asked_for(walker):
    armature, _ = walker
    armature.animation_data.action = None
    track = filled(armature)
    track.loop, track.in_place = "keep", True
    bpy.ops.coamd.generate_track()
    fields = asked()[-1]["fields"]
    assert (fields["loop"], fields["in_place"]) == ("keep", True)
    assert [scene["seconds"] for scene in fields["scenes"]] == [2.0, 1.5, 2.5]


def test_one_block_is_drawn_as_generate_does(walker):
    armature, _ = walker
    _, tracks = modules()
    made(armature, (("a person waves", 61),))
    (request,) = asked()
    assert request["task"] == "generate" and request["fields"]["prompts"] == ["a person waves"]
    assert request["fields"]["seeds"] == [10]
    assert tuple(armature.animation_data.action.frame_range) == (101, 161)
    assert tracks.states(armature) == [tracks.MADE]


def test_a_sentence_changed_makes_that_block_alone_anew(walker):
    armature, _ = walker
    record, tracks = modules()
    track = made(armature)
    first = armature.animation_data.action
    before = keys(first, armature)
    track.blocks[1].prompt = "a person bows"
    assert tracks.states(armature) == [tracks.MADE, tracks.CHANGED, tracks.MADE]
    assert bpy.ops.coamd.generate_track() == {"FINISHED"}
    request = asked()[-1]
    fields = request["fields"]
    assert request["task"] == "edit" and (fields["prompt"], fields["seed"]) == ("a person bows", 20)
    assert fields["ranges"] == [[48, 84, "between"]] and request["arrays"]["joints"][0] == 144
    action = armature.animation_data.action
    after = keys(action, armature)
    assert action != first and same(keys(first, armature), before), "the take before is as it was"
    assert outside(after, 149, 184) == outside(before, 149, 184)
    moved = [curve for curve in before if not np.array_equal(before[curve]["co"], after[curve]["co"])]
    assert moved, "nothing was made"
    assert record.made_of(action) == tuple(tracks.read(armature)) and tracks.states(armature) == [tracks.MADE] * 3
    takes = bpy.context.scene.coamd.takes
    assert [take.action for take in takes] == [first, action] and takes[1].name == "a person bows"
    bpy.ops.coamd.show_take(index=0)
    assert track.blocks[1].prompt == "a person waves", "the track goes with what plays"


def test_a_dragged_edge_makes_both_of_its_blocks_anew_and_nothing_else(walker):
    from coamd_blender.blocks import arrange

    armature, _ = walker
    _, tracks = modules()
    made(armature)
    before = keys(armature.animation_data.action, armature)
    tracks.write(armature, arrange.edge_dragged(tracks.read(armature), 1, arrange.END, 197, 12))
    assert tracks.states(armature) == [tracks.MADE, tracks.CHANGED, tracks.CHANGED]
    bpy.ops.coamd.generate_track()
    assert [request["fields"]["ranges"][0][2] for request in asked()[1:]] == ["continue", "continue"]
    after = keys(armature.animation_data.action, armature)
    assert outside(after, 149, 244) == outside(before, 149, 244)


def test_a_track_that_ends_earlier_loses_the_keys_behind_its_end(walker):
    armature, _ = walker
    track = made(armature)
    track.blocks[2].frames = 40
    bpy.ops.coamd.generate_track()
    assert tuple(armature.animation_data.action.frame_range) == (101, 224)
    assert tuple(bpy.context.scene.coamd.takes[0].action.frame_range) == (101, 244)


def test_blocks_go_on_from_the_users_own_action(walker):
    armature, action = walker
    before, was = keys(action, armature), pose(armature)
    filled(armature, frame=61)
    bpy.ops.coamd.generate_track()
    assert [request["task"] for request in asked()] == ["edit"] * 3
    assert [request["fields"]["ranges"][0][2] for request in asked()] == ["continue"] * 3
    copy = armature.animation_data.action
    assert copy != action and same(keys(action, armature), before) and action.use_fake_user
    assert outside(keys(copy, armature), 61, 999) == outside(before, 61, 999)
    assert copy.frame_range[1] == 204 and np.abs(pose(armature) - was).max() < 1e-6


@pytest.mark.parametrize(("how", "wanted"), [("NEW_SEED", [1]), ("SAME_SEED", [1]), ("ONWARD", [1, 2])])
def test_regenerating_draws_seeds_as_it_says(walker, how, wanted):
    armature, _ = walker
    _, tracks = modules()
    track = made(armature)
    track.index = 1
    seeds = [block.seed for block in track.blocks]
    assert bpy.ops.coamd.regenerate_block(how=how) == {"FINISHED"}
    now = [block.seed for block in track.blocks]
    rolled = [number for number in range(3) if now[number] != seeds[number]]
    assert rolled == ([] if how == "SAME_SEED" else wanted)
    assert [request["fields"]["seed"] for request in asked()[1:]] == [now[number] for number in wanted]
    assert tracks.states(armature) == [tracks.MADE] * 3


def test_a_failure_leaves_seeds_keys_and_takes_alone(walker):
    armature, _ = walker
    _, tracks = modules()
    track = made(armature)
    action, row = armature.animation_data.action, tracks.read(armature)
    track.blocks[1].prompt = "fail"
    for call in (bpy.ops.coamd.generate_track, lambda: bpy.ops.coamd.regenerate_block(how="ONWARD")):
        track.index = 1
        with pytest.raises(RuntimeError, match="cannot be made"):
            call()
    assert tracks.read(armature) == [row[0], replace(row[1], prompt="fail"), row[2]]
    assert armature.animation_data.action == action and len(bpy.context.scene.coamd.takes) == 1
    assert [found.name for found in bpy.data.actions if found.name.startswith("CoAMD")] == [action.name]


def test_a_passage_is_made_anew_and_the_blocks_stay_made(walker):
    armature, _ = walker
    _, tracks = modules()
    track = made(armature)
    before = keys(armature.animation_data.action, armature)
    track.index = 0
    assert bpy.ops.coamd.in_between() == {"FINISHED"}
    fields = asked()[-1]["fields"]
    assert fields["prompt"] == "" and fields["ranges"] == [[34, 60, "between"]]
    after = keys(armature.animation_data.action, armature)
    assert outside(after, 135, 160) == outside(before, 135, 160)
    assert tracks.states(armature) == [tracks.MADE] * 3


def test_generate_makes_a_block_and_what_goes_on_another(walker):
    armature, _ = walker
    record, tracks = modules()
    scene = bpy.context.scene
    settings = scene.coamd
    settings.variants, settings.random_seed, settings.seed = 2, False, 5
    settings.length_in, settings.frames = "FRAMES", 48
    armature.animation_data.action = None
    scene.frame_set(11)
    settings.prompt = "a person walks"
    bpy.ops.coamd.generate()
    assert tracks.read(armature) == [Block(1, 11, 58, "a person walks", 5)]
    scene.frame_set(46)
    settings.prompt = "a person sits down"
    bpy.ops.coamd.generate()
    assert tracks.read(armature) == [Block(1, 11, 46, "a person walks", 5), Block(2, 47, 94, "a person sits down", 5)]
    assert tracks.states(armature) == [tracks.MADE] * 2
    bpy.ops.coamd.show_take(index=3)
    assert tracks.read(armature)[1].seed == 6
    bpy.ops.coamd.show_take(index=0)
    assert [block.end for block in tracks.read(armature)] == [58]
    bpy.ops.coamd.block_add(prompt="a person bows", frames=36)
    bpy.ops.coamd.show_take(index=2)
    assert [block.prompt for block in tracks.read(armature)] == ["a person walks", "a person bows"], "nothing is lost"
    bpy.ops.coamd.blocks_of_action()
    assert [block.prompt for block in tracks.read(armature)] == ["a person walks", "a person sits down"]
    bpy.ops.coamd.remove_takes(which="CHOSEN")
    assert len(tracks.read(armature)) == 1 and record.made_of(armature.animation_data.action)


def test_the_list_can_be_changed_in_every_way(walker):
    armature, _ = walker
    _, tracks = modules()
    track = filled(armature)
    spans = lambda: [(block.key, block.start, block.end) for block in tracks.read(armature)]  # noqa: E731
    assert spans() == [(1, 101, 148), (2, 149, 184), (3, 185, 244)]
    bpy.context.scene.frame_set(120)
    assert bpy.ops.coamd.block_split() == {"FINISHED"}
    assert spans()[:2] == [(1, 101, 119), (4, 120, 148)] and track.index == 1
    bpy.context.scene.frame_set(103)
    with pytest.raises(RuntimeError, match="does not part"):
        bpy.ops.coamd.block_split()
    bpy.ops.coamd.block_move(direction="UP")
    assert spans()[:2] == [(4, 101, 129), (1, 130, 148)] and track.index == 0
    with pytest.raises(RuntimeError, match="no block on that side"):
        bpy.ops.coamd.block_move(direction="UP")
    bpy.ops.coamd.block_duplicate()
    assert spans()[:3] == [(4, 101, 129), (5, 130, 158), (1, 159, 177)]
    bpy.ops.coamd.block_remove()
    assert spans()[:2] == [(4, 101, 129), (1, 130, 148)], "none is made: the gap closes"
    for _ in range(4):
        bpy.ops.coamd.block_remove()
    assert not track.blocks and not bpy.ops.coamd.block_remove.poll()
    with pytest.raises(RuntimeError, match="holds no block"):
        bpy.ops.coamd.generate_track()
    bpy.ops.coamd.block_add()
    armature.animation_data.action = None
    with pytest.raises(RuntimeError, match="Block 1 has no sentence"):
        bpy.ops.coamd.generate_track()


def test_a_block_is_added_at_the_end_and_inserted_where_that_is_asked_for(walker):
    armature, _ = walker
    _, tracks = modules()
    track = filled(armature)
    track.index = 0
    bpy.ops.coamd.block_add(prompt="last", frames=20)
    assert [block.key for block in tracks.read(armature)] == [1, 2, 3, 4] and track.index == 3
    assert tracks.read(armature)[3].start == tracks.read(armature)[2].end + 1
    track.index = 0
    bpy.ops.coamd.block_add(prompt="second", frames=20, insert=True)
    assert [block.key for block in tracks.read(armature)] == [1, 5, 2, 3, 4] and track.index == 1


def test_removing_a_made_block_leaves_its_keys_and_those_behind_it(walker):
    armature, _ = walker
    _, tracks = modules()
    track = made(armature)
    before = keys(armature.animation_data.action, armature)
    track.index = 1
    bpy.ops.coamd.block_remove()
    assert [(block.start, block.end) for block in tracks.read(armature)] == [(101, 148), (185, 244)]
    assert tracks.states(armature) == [tracks.MADE] * 2
    track.blocks[0].prompt = "a person runs"
    bpy.ops.coamd.generate_track()
    assert outside(keys(armature.animation_data.action, armature), 101, 148) == outside(before, 101, 148)


def test_what_was_recognised_becomes_blocks_and_one_word_makes_one_anew(walker):
    armature, action = walker
    _, tracks = modules()
    found = bpy.context.window_manager.coamd
    with pytest.raises(RuntimeError, match="Nothing is recognised"):
        bpy.ops.coamd.blocks_of_result()
    result = found.recognised.add()
    result.name, result.action_uid = "Walk", str(action.session_uid)
    parts = (("walk", 1, 20.2), ("walk", 21.4, 30), ("wave", 31.2, 44.4), ("unknown", 45.6, 60))
    for label, start, stop in parts:
        stretch = result.stretches.add()
        stretch.label, stretch.start, stretch.stop = label, start, stop
    before = keys(action, armature)
    assert bpy.ops.coamd.blocks_of_result() == {"FINISHED"}
    row = [Block(1, 1, 30, "walk"), Block(2, 31, 44, "wave"), Block(3, 45, 60, "")]
    assert tracks.read(armature) == row and tracks.states(armature) == [tracks.MADE] * 3
    assert same(keys(action, armature), before)
    armature.coamd_track.blocks[1].prompt = "kick"
    bpy.ops.coamd.generate_track()
    (request,) = asked()
    assert request["fields"]["prompt"] == "kick" and request["fields"]["ranges"] == [[30, 44, "between"]]
    assert same(keys(action, armature), before), "the recognised Action itself is as it was"
    assert outside(keys(armature.animation_data.action, armature), 31, 44) == outside(before, 31, 44)
    with pytest.raises(RuntimeError, match="does not play 'Walk'"):
        bpy.ops.coamd.blocks_of_result()
    found.recognised.clear()


def test_an_edit_that_waits_comes_first(walker):
    armature, _ = walker
    filled(armature, frame=61)
    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 20, 41
    bpy.ops.coamd.edit_range()
    with pytest.raises(RuntimeError, match="waits to be accepted"):
        bpy.ops.coamd.generate_track()


def _mixamo_by_angles():
    import rigs

    armature = rigs.mixamo(rolled=True)
    for number, bone in enumerate(armature.pose.bones):
        bone.rotation_mode = ("XYZ", "ZYX", "AXIS_ANGLE", "QUATERNION")[number % 4]
    return armature


def _character():
    bpy.ops.coamd.add_character()
    return bpy.context.view_layer.objects.active


def _kinds():
    import rigs

    return {"mixamo": rigs.mixamo, "metarig": rigs.metarig, "character": _character, "angles": _mixamo_by_angles}


@pytest.mark.parametrize("kind", ["mixamo", "metarig", "character", "angles"])
def test_one_block_of_five_leaves_every_key_outside_it_to_the_byte(walker, kind):
    import rigs

    from coamd_blender.anim import actions, write_action

    record, tracks = modules()
    notes = walker[0]["asked"]
    bpy.data.objects.remove(walker[0])
    armature = _kinds()[kind]()
    bpy.context.view_layer.objects.active = armature
    action = write_action.apply_motion(armature, rigs.walking(60), source_fps=24, start_frame=1, name="Five")
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        curve.keyframe_points.foreach_set("interpolation", np.full(len(curve.keyframe_points), 2, np.int32))
        curve.update()
    row = [Block(key, 12 * key - 11, 12 * key, f"sentence {key}", key) for key in range(1, 6)]
    record.note(action, row)
    tracks.write(armature, row)
    before = keys(action, armature)
    armature.coamd_track.blocks[2].prompt = "swing the arms"
    assert bpy.ops.coamd.generate_track() == {"FINISHED"}
    after = keys(armature.animation_data.action, armature)
    assert set(before) <= set(after)
    kept = outside({curve: after[curve] for curve in before}, 25, 36)
    assert kept == outside(before, 25, 36)
    assert any(not np.array_equal(before[curve]["co"], after[curve]["co"]) for curve in before), notes


def test_retiming_takes_the_blocks_along_and_rejecting_it_back(walker):
    armature, _ = walker
    _, tracks = modules()
    made(armature)
    spans = lambda: [(block.start, block.end) for block in tracks.read(armature)]  # noqa: E731
    bpy.context.scene.coamd_clips.factor = 2.0
    bpy.ops.coamd.retime_motion()
    assert spans() == [(101, 196), (197, 268), (269, 388)] and tracks.states(armature) == [tracks.MADE] * 3
    bpy.ops.coamd.edit_compare()
    assert spans()[1:] == [(149, 184), (185, 244)]
    bpy.ops.coamd.edit_compare()
    bpy.ops.coamd.edit_reject()
    assert spans() == [(101, 148), (149, 184), (185, 244)] and tracks.states(armature) == [tracks.MADE] * 3


def test_trimming_cuts_the_blocks_with_their_keys_and_leaves_none_where_none_is_left(walker):
    armature, _ = walker
    _, tracks = modules()
    made(armature)
    settings = bpy.context.scene.coamd_edit
    settings.source_of_range, settings.first, settings.last = "FRAMES", 141, 185
    bpy.ops.coamd.trim_motion()
    assert tuple(settings.preview.frame_range) == (141, 185)
    assert tracks.read(armature) == [
        Block(1, 141, 148, "a person walks", 10),
        Block(2, 149, 184, "a person waves", 20),
    ], "one frame of the third is no block"
    assert tracks.states(armature) == [tracks.MADE] * 2
    bpy.ops.coamd.edit_reject()
    assert len(tracks.read(armature)) == 3 and tracks.states(armature) == [tracks.MADE] * 3
    armature.coamd_track.index = 2
    bpy.ops.coamd.block_remove()
    settings.first, settings.last = 190, 230
    bpy.ops.coamd.trim_motion()
    assert [block.start for block in tracks.read(armature)] == [101, 149], "a track of something else stays"


def test_blending_joins_the_blocks_of_both_actions_in_the_middle_of_the_overlap(walker):
    armature, walk = walker
    record, tracks = modules()
    made(armature)
    first = armature.animation_data.action
    record.note(walk, [Block(1, 1, 30, "a person limps", 1), Block(2, 31, 60, "a person stops", 2)])
    settings = bpy.context.scene.coamd_clips
    settings.other, settings.overlap = walk, 12
    bpy.ops.coamd.blend_motions()
    row = tracks.read(armature)
    assert tuple(armature.animation_data.action.frame_range) == (101, 292)
    assert [(block.start, block.end, block.prompt) for block in row] == [
        (101, 148, "a person walks"), (149, 184, "a person waves"), (185, 238, "a person sits down"),
        (239, 262, "a person limps"), (263, 292, "a person stops"),
    ]  # fmt: skip
    assert len({block.key for block in row}) == 5 and tracks.states(armature) == [tracks.MADE] * 5
    bpy.ops.coamd.edit_reject()
    assert armature.animation_data.action == first and len(tracks.read(armature)) == 3
