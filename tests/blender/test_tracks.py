"""Tracks of prompt blocks in a .blend: saved, undone, renamed, appended, and compared with what an Action records."""

import dataclasses
import json
import math

import pytest

bpy = pytest.importorskip("bpy")

import hostile  # noqa: E402
from test_addon_panels import drawn  # noqa: E402

from coamd_blender.blocks import arrange  # noqa: E402
from coamd_blender.blocks.arrange import Block  # noqa: E402
from coamd_blender.errors import InputError  # noqa: E402
from coamd_blender.wire import limits  # noqa: E402

ROW = [Block(3, 5, 40, "a man walks", 7), Block(4, 41, 80, "he sits down", 8), Block(6, 101, 130, "", 2**31 - 1)]


def modules():
    """The modules of the registered add-on."""
    from coamd_blender.blocks import record, tracks

    return record, tracks


def hero():
    return bpy.data.objects["Hero"]


def test_what_is_written_is_read_and_places_itself(rig):
    _, tracks = modules()
    assert tracks.read(rig) == []
    tracks.write(rig, ROW, chosen=1)
    assert tracks.read(rig) == ROW and rig.coamd_track.index == 1
    assert [(block.start, block.end) for block in rig.coamd_track.blocks] == [(5, 40), (41, 80), (101, 130)]
    rig.coamd_track.blocks[0].frames += 10
    assert [(block.start, block.end) for block in rig.coamd_track.blocks] == [(5, 50), (51, 90), (111, 140)]
    tracks.write(rig, ROW[2:])
    assert tracks.read(rig) == ROW[2:] and rig.coamd_track.index == 0
    tracks.write(rig, [])
    assert tracks.read(rig) == []


def test_a_track_survives_saving_renaming_and_undo(rig, tmp_path):
    _, tracks = modules()
    tracks.write(rig, ROW)
    bpy.ops.ed.undo_push(message="a track")
    rig.name, rig.data.name = "Heroine", "Bones"
    tracks.write(rig, ROW[:1])
    bpy.ops.ed.undo_push(message="a shorter one")
    assert tracks.read(bpy.data.objects["Heroine"]) == ROW[:1]
    bpy.ops.ed.undo()
    assert tracks.read(hero()) == ROW
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "hero.blend"))
    assert tracks.read(hero()) == ROW


def test_an_appended_armature_brings_its_track_and_what_its_keys_were_made_of(rig, tmp_path):
    record, tracks = modules()
    tracks.write(rig, ROW)
    record.note(rig.animation_data.action, ROW[:2])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "hero.blend")) as (_, into):
        into.objects = ["Hero"]
    assert tracks.read(hero()) == ROW
    assert tracks.states(hero()) == [tracks.MADE, tracks.MADE, tracks.NEW]
    bpy.data.objects.remove(hero())
    assert "Hero" not in bpy.data.objects


def test_a_block_is_made_as_long_as_it_asks_for_what_the_action_records(rig):
    record, tracks = modules()
    tracks.write(rig, ROW)
    assert tracks.states(rig) == [tracks.NEW] * 3
    action = rig.animation_data.action
    record.note(action, ROW)
    assert tracks.states(rig) == [tracks.MADE] * 3 and tracks.settled(rig) is not None
    blocks = rig.coamd_track.blocks
    blocks[1].prompt = "he  sits down "
    assert tracks.states(rig) == [tracks.MADE] * 3, "spaces say nothing"
    blocks[1].prompt = "he lies down"
    assert tracks.states(rig) == [tracks.MADE, tracks.CHANGED, tracks.MADE] and tracks.settled(rig) is None
    blocks[1].prompt, blocks[0].frames = ROW[1].prompt, 37
    assert tracks.states(rig) == [tracks.CHANGED] * 3
    rig.animation_data.action = action.copy()
    blocks[0].frames = ROW[0].frames
    assert tracks.states(rig) == [tracks.MADE] * 3, "a copy has the record too"
    rig.animation_data.action = None
    assert tracks.states(rig) == [tracks.NEW] * 3
    assert tracks.new_key(rig) == 7


def noted(**values):
    """A record of one block, as JSON, of which some values are others."""
    return json.dumps([{"key": 1, "start": 1, "end": 9, "prompt": "walks", "seed": 0} | values])


UNREADABLE = [
    *("", "{", "[1]", '[{"key": 1}]', "[[]]", '{"key": 1}', 7),
    "[" * 100_000,
    noted(start=10),
    noted(end=2**31),
    noted(key=-(10**4000)),
    noted(seed=True),
    noted(prompt="\ud800"),
    "[" + ",".join([noted()[1:-1]] * 1001) + "]",
    " " * (1 << 24) + noted(),
]


@pytest.mark.parametrize("text", UNREADABLE, ids=map(str, range(len(UNREADABLE))))
def test_a_record_that_cannot_be_read_records_nothing(rig, text):
    record, _ = modules()
    action = rig.animation_data.action
    action[record.NAME] = text
    assert record.made_of(action) == ()


def test_what_a_strangers_file_holds_beyond_all_bounds_is_read_as_a_track(rig):
    """Written past the properties' bounds, as a .blend can hold it: gaps add up, negative lengths, no index."""
    _, tracks = modules()
    blocks = rig.coamd_track.blocks
    for _ in range(3):
        entry = blocks.add()
        entry.gap = entry.frames = 2**31 - 1
    assert [(entry.start, entry.end) for entry in blocks][1:] == [(2**31 - 1, 2**31 - 1)] * 2
    row = tracks.read(rig)
    assert row[2].end - row[0].start == 2 * (2**31 - 1) + 3 * (2**31 - 1) - 1
    tracks.write(rig, [dataclasses.replace(block, key=2**40, start=block.start + 2**40) for block in row[1:]])
    raw = hostile.raw(rig)["coamd_track"]
    raw["blocks"][0]["gap"], raw["blocks"][0]["frames"] = -(2**31), -5
    for index, chosen in ((-30, None), (-1, None), (1, 1), (2, None)):
        raw["index"] = index
        assert tracks.chosen_place(rig) == chosen
        assert "Generate" in drawn("COAMD_PT_track")
        bpy.ops.coamd.block_add(frames=30)
        bpy.ops.coamd.block_remove()
    assert tracks.read(rig)[0].frames == arrange.FEWEST


def test_more_blocks_than_a_track_can_have_are_neither_read_nor_written(rig):
    _, tracks = modules()
    for _ in range(limits.MOST_BLOCKS + 2):
        rig.coamd_track.blocks.add()
    row = tracks.read(rig)
    assert len(row) == len(tracks.states(rig)) == limits.MOST_BLOCKS
    rig.coamd_track.index = limits.MOST_BLOCKS
    assert tracks.chosen_place(rig) is None
    with pytest.raises(InputError, match="1001 blocks is too long"):
        tracks.write(rig, [*row, row[0]])
    with pytest.raises(RuntimeError, match="1001 blocks is too long"):
        bpy.ops.coamd.block_add()


def test_what_no_property_takes_does_not_keep_a_former_storyboard_from_becoming_a_track(rig):
    _, tracks = modules()
    scene = bpy.context.scene
    for prompt in ("walks", "waves"):
        scene.coamd_edit.scenes.add().prompt = prompt
    raw = hostile.raw(scene)["coamd_edit"]["scenes"]
    raw[0]["seconds"], raw[1]["seconds"] = math.nan, math.inf
    tracks.take_over_all()
    assert [block.prompt for block in tracks.read(rig)] == ["walks", "waves"]


def test_a_track_follows_the_action_that_is_played_unless_something_is_yet_to_be_made(rig):
    record, tracks = modules()
    first, second = rig.animation_data.action, rig.animation_data.action.copy()
    record.note(first, ROW)
    record.note(second, ROW[:1])
    tracks.follow(rig, tracks.settled(rig))
    assert tracks.read(rig) == ROW
    settled, rig.animation_data.action = tracks.settled(rig), second
    tracks.follow(rig, settled)
    assert tracks.read(rig) == ROW[:1]
    rig.coamd_track.blocks[0].prompt = "a man runs"
    settled, rig.animation_data.action = tracks.settled(rig), first
    tracks.follow(rig, settled)
    assert rig.coamd_track.blocks[0].prompt == "a man runs" and len(rig.coamd_track.blocks) == 1


def test_a_storyboard_of_a_former_file_becomes_the_track_of_its_armature(rig, tmp_path):
    _, tracks = modules()
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start = 24, 11
    settings = scene.coamd_edit
    for prompt, seconds in (("walk", 2.0), ("sit", 1.5)):
        part = settings.scenes.add()
        part.prompt, part.seconds = prompt, seconds
    settings.seed, settings.loop, settings.in_place = 20, "keep", True
    other = bpy.data.objects.new("Other", bpy.data.armatures.new("Other"))
    bpy.context.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    take = scene.coamd.takes.add()
    take.name, take.armature, take.action = "walk / sit", rig, rig.animation_data.action
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "former.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "former.blend"))
    assert tracks.read(hero()) == [Block(1, 1, 48, "walk", 20), Block(2, 49, 84, "sit", 21)]
    track = hero().coamd_track
    assert (track.loop, track.in_place) == ("keep", True)
    assert not bpy.context.scene.coamd_edit.scenes and not bpy.data.objects["Other"].coamd_track.blocks


def test_a_storyboard_that_could_be_anybodys_stays_in_the_file(rig, tmp_path):
    _, tracks = modules()
    bpy.context.scene.coamd_edit.scenes.add().prompt = "walk"
    bpy.context.collection.objects.link(bpy.data.objects.new("Other", bpy.data.armatures.new("Other")))
    bpy.context.view_layer.objects.active = None
    tracks.take_over_all()
    assert len(bpy.context.scene.coamd_edit.scenes) == 1 and not rig.coamd_track.blocks
    bpy.context.view_layer.objects.active = rig
    tracks.take_over_all()
    assert tracks.read(rig)[0].prompt == "walk" and not bpy.context.scene.coamd_edit.scenes
