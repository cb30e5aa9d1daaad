"""Recognise, search, apply and index through the operators, with the runtime's own library and a fake recogniser."""

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from library_fakes import motion, write_motion  # noqa: E402
from rigs import evaluated_heads, mixamo  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402

RUNTIME = Path(__file__).with_name("fake_library_runtime.py")
# Environments with another bpy have no torch: the runtime is the checkout's own then.
OWN = [path for name in ("bin/python", "Scripts/python.exe") if (path := RUNTIME.parents[2] / ".venv" / name).is_file()]
PYTHON = sys.executable if find_spec("torch") else next(iter(map(str, OWN)), None)
pytestmark = pytest.mark.skipif(PYTHON is None, reason="there is no Python with torch")


@pytest.fixture
def library(addon, tmp_path):
    """The add-on with a fake recogniser, and settings that name an empty library; yields the settings."""
    addon.command = f'"{PYTHON}" "{RUNTIME}"'
    settings = bpy.context.scene.coamd_understanding
    settings.library = str(tmp_path / "library")
    return settings


@pytest.fixture
def indexed(library, tmp_path):
    """Six swings in the library."""
    for seed in range(6):
        write_motion(tmp_path / "clips" / f"swing {seed}.npz", seed)
    bpy.ops.coamd.index_folder(directory=str(tmp_path / "clips"), licence="CC0", source="tests")
    return library


def found():
    return bpy.context.window_manager.coamd


def notice():
    from coamd_blender.core import session

    return session.current().notice


def arms_up(frames=60):
    joints = np.repeat(skeleton.rest_joints()[None], frames, axis=0)
    for side in ("left", "right"):
        for joint in ("elbow", "wrist"):
            index, parent = (
                skeleton.JOINT_INDEX[f"{side}_{joint}"],
                skeleton.PARENTS[skeleton.JOINT_INDEX[f"{side}_{joint}"]],
            )
            joints[:, index] = joints[:, parent] + (0, skeleton.BONE_LENGTHS[index], 0)
    return joints


def walking_off(frames=60):
    joints = np.repeat(skeleton.rest_joints()[None], frames, axis=0)
    joints[..., 2] += np.linspace(0, 2, frames)[:, None]
    return joints


def rig_with(joints, name="Hero"):
    rig_object = mixamo()
    rig_object.name = name
    write_action.apply_motion(rig_object, joints, start_frame=11, contact="off")
    return rig_object


def test_recognising_the_active_action(library):
    bpy.context.scene.render.fps = 20
    rig_with(np.concatenate([arms_up(40), walking_off(40)]))
    assert bpy.ops.coamd.recognize() == {"FINISHED"}
    (result,) = found().recognised
    assert result.guesses[0].label == "walk" and result.guesses[0].score == pytest.approx(0.7)
    assert [(s.label, s.start, s.stop) for s in result.stretches] == [("raise arms", 11, 50), ("walk", 51, 90)]
    assert result.problem == "" and int(result.action_uid) == bpy.data.actions[0].session_uid
    assert bpy.ops.coamd.set_markers() == {"FINISHED"} and bpy.ops.coamd.set_markers() == {"FINISHED"}
    markers = [(marker.name, marker.frame) for marker in bpy.context.scene.timeline_markers]
    assert markers == [("raise arms", 11), ("walk", 51)]
    bpy.ops.coamd.name_actions()
    assert bpy.data.actions[0].name == "Walk"
    bpy.ops.coamd.tag_assets()
    assert [tag.name for tag in bpy.data.actions[0].asset_data.tags] == ["walk"]


def test_recognising_a_range_and_own_words(library):
    bpy.context.scene.render.fps = 20
    rig_with(np.concatenate([arms_up(40), walking_off(40)]))
    library.use_range, library.first, library.last = True, 11, 45
    bpy.ops.coamd.recognize()
    assert found().recognised[0].guesses[0].label == "raise arms"
    library.use_words, library.words = True, " kick ,  walk,kick,"
    bpy.ops.coamd.recognize()
    assert {guess.label for guess in found().recognised[0].guesses} == {"unknown", "kick", "walk"}
    before = bpy.data.actions[0].name
    bpy.ops.coamd.name_actions()
    assert bpy.data.actions[0].name == before, "unknown is no name"
    library.words = " , "
    with pytest.raises(RuntimeError, match="no words"):
        bpy.ops.coamd.recognize()


def test_recognising_all_that_is_selected_goes_on_past_what_cannot_be_read(library):
    bpy.context.scene.render.fps = 20
    one, two = rig_with(arms_up(), "One"), rig_with(walking_off(), "Two")
    data = two.animation_data
    strip = data.nla_tracks.new().strips.new("Late", 101, data.action)
    data.action = None
    strip.select, strip.scale = True, 2.0
    box = bpy.data.objects.new("Tail", bpy.data.armatures.new("Tail"))
    bpy.context.collection.objects.link(box)
    bpy.context.view_layer.objects.active = box
    bpy.ops.object.mode_set(mode="EDIT")
    bone = box.data.edit_bones.new("Bone")
    bone.tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    box.pose.bones["Bone"].keyframe_insert("location", frame=1)
    for rig_object in (one, two, box):
        rig_object.select_set(True)
    assert bpy.ops.coamd.recognize(which="SELECTED") == {"FINISHED"}
    rows = {row.name: row for row in found().recognised}
    assert "joints" in rows[box.animation_data.action.name].problem
    assert rows[one.animation_data.action.name].guesses[0].label == "raise arms"
    assert rows["Late"].guesses[0].label == "walk"
    stretches = rows["Late"].stretches
    assert stretches[0].start == pytest.approx(101) and stretches[1].start == pytest.approx(101 + 2 * 30)


def test_all_that_is_selected_is_sorted_by_how_it_differs(library):
    bpy.context.scene.render.fps = 20
    made = {"One": arms_up(), "Two": walking_off(), "Three": arms_up(), "Four": walking_off(), "Five": arms_up(40)}
    actions = {}
    for name, joints in made.items():
        rig_object = rig_with(joints, name)
        actions[name] = rig_object.animation_data.action.name
    for name in made:
        bpy.data.objects[name].select_set(True)
    library.use_words, library.words, library.compare = True, "raise arms, walk", True
    assert bpy.ops.coamd.recognize(which="SELECTED") == {"FINISHED"}
    rows = {row.name: row for row in found().recognised}
    told = {name: rows[action].guesses[0].label for name, action in actions.items()}
    assert told == {"One": "raise arms", "Two": "walk", "Three": "raise arms", "Four": "walk", "Five": "raise arms"}
    assert not any(row.problem or row.stretches for row in rows.values())
    scores = [guess.score for guess in rows[actions["One"]].guesses]
    assert scores == sorted(scores, reverse=True) and sum(scores) == pytest.approx(1, abs=1e-5)
    bpy.data.objects["One"].select_set(False)
    with pytest.raises(RuntimeError, match="4 Actions are too few to be compared"):
        bpy.ops.coamd.recognize(which="SELECTED")
    assert len(found().recognised) == 5, "a refusal leaves what was found"
    library.compare = False
    assert bpy.ops.coamd.recognize(which="SELECTED") == {"FINISHED"} and len(found().recognised) == 4


def test_what_cannot_be_read_is_left_out_of_the_sorting_and_too_few_are_told(library):
    bpy.context.scene.render.fps = 20
    for name in ("One", "Two", "Three", "Four"):
        rig_with(arms_up(), name).select_set(True)
    box = bpy.data.objects.new("Tail", bpy.data.armatures.new("Tail"))
    bpy.context.collection.objects.link(box)
    bpy.context.view_layer.objects.active = box
    bpy.ops.object.mode_set(mode="EDIT")
    box.data.edit_bones.new("Bone").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    box.pose.bones["Bone"].keyframe_insert("location", frame=1)
    for name in ("One", "Two", "Three", "Four", "Tail"):
        bpy.data.objects[name].select_set(True)
    library.use_words, library.words, library.compare = True, "raise arms, walk", True
    with pytest.raises(RuntimeError, match="Only 4 of 5 Actions can be read"):
        bpy.ops.coamd.recognize(which="SELECTED")
    (row,) = found().recognised
    assert "joints" in row.problem, "what nothing was found for is gone"
    assert not bpy.ops.coamd.name_actions.poll()


def test_one_word_is_refused_before_anything_is_lost(library):
    bpy.context.scene.render.fps = 20
    for name in ("One", "Two", "Three", "Four", "Five"):
        rig_with(arms_up(), name)
    for name in ("One", "Two", "Three", "Four", "Five"):
        bpy.data.objects[name].select_set(True)
    library.use_words, library.words, library.compare = True, "raise arms, walk, Walk", True
    assert bpy.ops.coamd.recognize(which="SELECTED") == {"FINISHED"}
    assert all(len(row.guesses) == 2 and "much alike" in row.notes for row in found().recognised)
    with pytest.raises(RuntimeError, match=r"compared as a whole.*Compare off"):
        bpy.ops.coamd.blocks_of_result()
    with pytest.raises(RuntimeError, match=r"compared as a whole.*Compare off"):
        bpy.ops.coamd.set_markers()
    library.words = "walk, WALK"
    with pytest.raises(RuntimeError, match=r"One word is nothing to choose among.*Compare off"):
        bpy.ops.coamd.recognize(which="SELECTED")
    assert len(found().recognised) == 5


def test_stopping_says_so_and_leaves_no_empty_rows(library):
    from coamd_blender.core import messages, session
    from coamd_blender.recognize import workflow

    bpy.context.scene.render.fps = 20
    for name in ("One", "Two"):
        rig_with(arms_up(), name)
    for name in ("One", "Two"):
        bpy.data.objects[name].select_set(True)
    current = session.current()
    current.start(workflow.recognize(bpy.context, "SELECTED"), session.REQUEST, messages.RECOGNIZE)
    assert len(found().recognised) == 2
    current.cancel()
    assert not found().recognised and current.said_in(messages.RECOGNIZE, bpy.context) == (None, "Cancelled")


def test_nothing_to_recognise_is_told_in_a_line(library):
    with pytest.raises(RuntimeError, match="No armature"):
        bpy.ops.coamd.recognize()
    mixamo()
    with pytest.raises(RuntimeError, match="no animation"):
        bpy.ops.coamd.recognize()
    assert not bpy.ops.coamd.apply_clip.poll()


def test_a_folder_is_indexed_and_searched_by_words_and_action(indexed, tmp_path):
    assert notice() == "Indexed clips: 6 added"
    bpy.ops.coamd.index_folder(directory=str(tmp_path / "clips"))
    assert notice() == "Indexed clips: 6 unchanged"
    indexed.text, indexed.top = "number 4", 3
    assert bpy.ops.coamd.search() == {"FINISHED"}
    hits = found().hits
    assert len(hits) == 3 and hits[0].name == "swing 4" and "swing 4" in hits[0].path
    assert (hits[0].licence, hits[0].source, hits[0].seconds) == ("CC0", "tests", 3.0)
    assert hits[0].score > hits[1].score >= hits[2].score and hits[0].thumbnail
    bpy.context.scene.render.fps = 20
    rig_with(motion(2))
    indexed.by = "ACTION"
    bpy.ops.coamd.search()
    assert "swing 2" in found().hits[0].path and found().hits[0].score > 0.99
    indexed.by, indexed.text = "BOTH", "number 2"
    bpy.ops.coamd.search()
    assert "swing 2" in found().hits[0].path
    indexed.by, indexed.text = "WORDS", " "
    with pytest.raises(RuntimeError, match="no words"):
        bpy.ops.coamd.search()


def test_a_clip_is_applied_and_undone(indexed):
    bpy.context.scene.render.fps = 20
    rig_object = rig_with(arms_up())
    before = rig_object.animation_data.action.name
    indexed.text, indexed.top = "number 4", 2
    bpy.ops.coamd.search()
    bpy.context.scene.frame_set(31)
    bpy.ops.ed.undo_push(message="before")
    bpy.context.scene.coamd.contact = "off"
    assert bpy.ops.coamd.apply_clip() == {"FINISHED"}
    action = rig_object.animation_data.action
    assert action.name == "Swing 4" and tuple(action.frame_range) == (31, 90)
    seen = evaluated_heads(rig_object, ["mixamorig:LeftHand", "mixamorig:Hips"], [31, 60, 90])
    wanted = motion(4)[[0, 29, 59]][:, [20, 0]]
    assert np.abs((seen[:, 0] - seen[:, 1]) - (wanted[:, 0] - wanted[:, 1])).max() < 2e-3
    bpy.ops.ed.undo()
    assert bpy.data.objects["Hero"].animation_data.action.name == before
    assert "Swing 4" not in bpy.data.actions


def test_a_clip_is_placed_as_a_strip(indexed):
    bpy.context.scene.render.fps = 20
    rig_object = rig_with(arms_up())
    before = rig_object.animation_data.action
    indexed.text, indexed.place_as = "number 4", "STRIP"
    bpy.ops.coamd.search()
    bpy.context.scene.frame_set(201)
    bpy.ops.coamd.apply_clip(index=0)
    data = rig_object.animation_data
    assert data.action is None
    strips = {strip.action.name: strip for track in data.nla_tracks for strip in track.strips}
    assert set(strips) == {before.name, "Swing 4"}
    assert (strips["Swing 4"].frame_start, strips["Swing 4"].frame_end) == (201, 260)
    assert strips[before.name].frame_start == 11
    hands = evaluated_heads(rig_object, ["mixamorig:LeftHand", "mixamorig:Head"], [20, 230])[..., 1]
    assert hands[0, 0] > hands[0, 1] and hands[1, 0] < hands[1, 1], "the arms are up first, then they swing"


def test_a_list_of_catalogues_that_is_a_link_or_none_is_left_as_it_is(tmp_path):
    from coamd_blender.errors import InputError
    from coamd_blender.library import workflow

    mine, path = tmp_path / "mine.txt", tmp_path / "project" / workflow.CATALOG_FILE
    mine.write_text("mine")
    path.parent.mkdir()
    path.symlink_to(mine)
    with pytest.raises(InputError, match="is a link"):
        workflow.add_catalog(path.parent)
    path.unlink()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a list of catalogues"):
        workflow.add_catalog(path.parent)
    assert mine.read_text() == "mine" and path.read_bytes() == b"\xff\xfe"
    path.unlink()
    for _ in range(2):
        workflow.add_catalog(path.parent)
    assert path.read_text().count(workflow.CATALOG_ID) == 1 and [found.name for found in path.parent.iterdir()] == [
        path.name
    ]


def test_a_clip_is_marked_as_an_asset_in_a_catalogue(indexed, tmp_path):
    rig_object = rig_with(arms_up())
    before = rig_object.animation_data.action
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    rig_object = bpy.data.objects["Hero"]
    indexed = bpy.context.scene.coamd_understanding
    indexed.text = "number 4"
    bpy.ops.coamd.search()
    bpy.ops.coamd.mark_clip()
    assert rig_object.animation_data.action == before
    asset = bpy.data.actions["Swing 4"].asset_data
    assert [tag.name for tag in asset.tags] == ["swing 4"] and (asset.license, asset.description) == ("CC0", "tests")
    catalogues = (tmp_path / "blender_assets.cats.txt").read_text()
    assert f"{asset.catalog_id}:CoAMD:CoAMD" in catalogues and "VERSION 1" in catalogues
    bpy.ops.coamd.mark_clip()
    assert (tmp_path / "blender_assets.cats.txt").read_text() == catalogues


def test_files_that_only_blender_reads_are_indexed_by_a_second_blender(library, tmp_path):
    from coamd_blender.core import session
    from coamd_blender.library import index as library_index

    folder = tmp_path / "blends"
    folder.mkdir()
    bpy.context.scene.render.fps = 20
    rig_object = rig_with(motion(3))
    rig_object.animation_data.action.name = "Swing it"
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "three.blend"), copy=True)
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.export_scene.fbx(filepath=str(folder / "four.fbx"), bake_anim=True, add_leaf_bones=False)
    (folder / "torn.fbx").write_bytes(b"Kaydara FBX Binary  \x00\x1a\x00 and no more")
    (folder / os.fsdecode(b"\xff.fbx")).write_bytes(b"named by bytes that are not UTF-8")
    write_motion(folder / "five.npz", 5)
    current, shown = session.current(), {}
    current.start(library_index.index_folder(bpy.context, str(folder), "CC0"))
    while current.pump():
        shown[current.status.text] = current.status.fraction
        time.sleep(0.005)
    assert notice() == "Indexed blends: 3 added, 2 broken"
    for done in range(3):
        assert shown[f"Reading .fbx and .blend {done}/3"] == pytest.approx(done / 3)
    unnamed, torn = found().problems.split("\n")
    assert "not UTF-8 - Rename it" in unnamed and "torn.fbx" in torn
    library.by, library.top = "ACTION", 3
    bpy.ops.coamd.search()
    by_path = {hit.path.rpartition("/")[2]: hit for hit in found().hits}
    blend = by_path["three.blend#Swing it"]
    assert blend.score > 0.99 and blend.labels == "swing it" and blend.licence == "CC0"
    assert any(path.startswith("four.fbx") and hit.score > 0.9 for path, hit in by_path.items())
    bpy.ops.coamd.index_folder(directory=str(folder))
    assert notice() == "Indexed blends: 3 unchanged, 2 broken" and "torn.fbx" in found().problems


def test_bad_folders_are_one_line_and_stop_leaves_what_is_done(library, tmp_path):
    from coamd_blender.core import session
    from coamd_blender.library import index as library_index

    with pytest.raises(RuntimeError, match="no folder"):
        bpy.ops.coamd.index_folder(directory=str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuntimeError, match="holds no motion"):
        bpy.ops.coamd.index_folder(directory=str(tmp_path / "empty"))
    for seed in range(200):
        write_motion(tmp_path / "many" / f"{seed}.npz", seed, frames=20)
    current = session.current()
    current.start(library_index.index_folder(bpy.context, str(tmp_path / "many")))
    end = time.monotonic() + 30
    while current.status.fraction < 0.05:
        assert time.monotonic() < end and current.asking
        current.pump()
        time.sleep(0.005)
    assert not bpy.ops.coamd.search.poll()
    bpy.ops.coamd.stop()
    while current.pump():
        time.sleep(0.005)
    assert current.error is None and not current.asking
    bpy.ops.coamd.index_folder(directory=str(tmp_path / "many"))
    assert "unchanged" in notice()


def test_a_library_of_another_version_is_told_in_a_line(indexed, tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "library" / "facts.sqlite") as facts:
        facts.execute("PRAGMA user_version = 99")
    from coamd_blender.core import session

    session.close()
    indexed.text = "swing"
    with pytest.raises(RuntimeError, match="version"):
        bpy.ops.coamd.search()


def test_the_panels_draw(indexed):
    from test_addon_panels import drawn

    rig_with(arms_up())
    assert "coamd.recognize" in drawn("COAMD_PT_recognize")
    bpy.ops.coamd.recognize()
    assert "raise arms   70%" in drawn("COAMD_PT_recognize")
    indexed.text = "number 4"
    bpy.ops.coamd.search()
    said = drawn("COAMD_PT_library")
    assert "coamd.apply_clip" in said and "Fits" in said and "CC0" in said
    assert "coamd.index_folder" in drawn("COAMD_PT_index")


def test_several_actions_are_led_by_their_stretches_and_give_name_and_tags(library):
    from coamd_blender.recognize import workflow

    rig_with(walking_off())
    bpy.ops.coamd.recognize()
    (result,) = found().recognised
    result.guesses[0].label = "several actions"
    for number, label in enumerate(("walk", "raise arms", "walk", "unknown")):
        stretch = result.stretches[number] if number < len(result.stretches) else result.stretches.add()
        stretch.label = label
    assert workflow.several(result) and workflow.title(result) == "walk, raise arms"
    bpy.ops.coamd.name_actions()
    assert bpy.data.actions[0].name == "Walk, raise arms"
    bpy.ops.coamd.tag_assets()
    assert [tag.name for tag in bpy.data.actions[0].asset_data.tags] == ["walk", "raise arms"]
