"""The command that carries a clip onto a character: its BVH, read by Blender's own importer, moves as the keys do."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Euler, Matrix  # noqa: E402
from rigs import RIG_FOLDER, evaluated_heads, metarig, mixamo, new_scene, walking  # noqa: E402
from test_bake import curves_of  # noqa: E402

import coamd_blender  # noqa: E402
from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402
from coamd_blender.tools import retarget_clip  # noqa: E402

BONES = ["Hips", "LeftHand", "RightToeBase", "Head"]


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "walk.npz"
    np.savez(path, joints=walking(20).astype(np.float32), fps=20)
    return path


@pytest.fixture
def character(tmp_path):
    new_scene()
    mixamo("")
    path = tmp_path / "character.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def test_the_bvh_moves_as_the_keys_do(clip, character, tmp_path, capsys):
    out = tmp_path / "out" / "walk.bvh"
    assert retarget_clip.main([str(clip), str(character), str(out), "--contact", "strict"]) == 0
    assert "20 frames on 65 bones" in capsys.readouterr().out
    new_scene()
    rig = mixamo("")
    write_action.apply_motion(rig, walking(20).astype(np.float32), start_frame=1, contact="strict")
    expected = evaluated_heads(rig, BONES, [1, 8, 20])
    new_scene()
    bpy.ops.import_anim.bvh(filepath=str(out), frame_start=1)  # which takes Y for up and -Z for ahead
    found = evaluated_heads(bpy.context.object, BONES, [1, 8, 20])
    assert np.abs(found - expected).max() < 1e-3
    assert "Frame Time: 0.05" in out.read_text()


@pytest.mark.parametrize("turned", [False, True], ids=["Z up", "as imported with Y up"])
@pytest.mark.parametrize("travel", ["hips", "object"])
def test_the_bvh_of_any_rig_stands_along_y_and_goes_where_the_object_does(clip, tmp_path, turned, travel):
    """Read by the reader of the command line, too: it knows names and axes by itself."""
    pytest.importorskip("scipy")
    from runtime.formats.read import read_motion

    new_scene()
    rig = mixamo("")
    if turned:
        turn = Euler((np.pi / 2, 0, 0)).to_matrix().to_4x4()
        rig.data.transform(turn.inverted() @ Matrix.Scale(100, 4))
        rig.matrix_world = turn @ Matrix.Scale(0.01, 4)
    path, out = tmp_path / "rig.blend", tmp_path / "walk.bvh"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    assert retarget_clip.main([str(clip), str(path), str(out), "--travel", travel]) == 0
    told = []
    joints = read_motion(out, tell=told.append)
    assert "Y up; in metres" in told[0] and "doubt" not in told[0], told
    wanted = read_motion(clip)
    assert np.linalg.norm(joints - wanted, axis=-1).mean() < 0.01


def test_a_blend_at_another_rate_with_few_keys(clip, character, tmp_path):
    out = tmp_path / "walk.blend"
    arguments = [str(clip), str(character), str(out), "--fps", "30", "--tolerance", "1", "--travel", "object"]
    assert retarget_clip.main(arguments) == 0
    bpy.ops.wm.open_mainfile(filepath=str(out))
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == 30 and scene.frame_end == 29
    rig = next(found for found in scene.objects if found.type == "ARMATURE")
    places = skeleton.to_y_up(np.array([[at(scene, rig, 1)], [at(scene, rig, 29)]]))
    assert places[1, 0, 2] - places[0, 0, 2] > 0.5


def test_an_armatures_own_mapping_is_heeded(clip, addon, tmp_path):
    rig = mixamo("")
    bpy.ops.coamd.edit_mapping()
    rig.coamd_rig.joints["head"].bone = ""
    path, out = tmp_path / "own.blend", tmp_path / "walk.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    coamd_blender.unregister()
    assert retarget_clip.main([str(clip), str(path), str(out)]) == 0
    coamd_blender.register()
    bpy.ops.wm.open_mainfile(filepath=str(out))
    rig = next(found for found in bpy.context.scene.objects if found.type == "ARMATURE")
    keyed = {curve.group.name for curve in curves_of(rig.animation_data.action)}
    assert "Neck" in keyed and "Head" not in keyed


def at(scene, rig, frame):
    scene.frame_set(frame)
    return tuple(rig.matrix_world.translation)


@pytest.mark.skipif(not RIG_FOLDER.is_dir(), reason="set COAMD_RIGS to a folder with the rig files")
def test_a_character_from_gltf(clip, tmp_path, capsys):
    out = tmp_path / "zombie.bvh"
    assert retarget_clip.main([str(clip), str(RIG_FOLDER / "kenney_zombie.glb"), str(out)]) == 0
    assert out.read_text().startswith("HIERARCHY")


def test_what_cannot_be_carried_is_one_clear_line(clip, character, tmp_path, capsys):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 no zip")
    empty = tmp_path / "empty.blend"
    new_scene()
    bpy.ops.wm.save_as_mainfile(filepath=str(empty))
    two = tmp_path / "two.blend"
    metarig(), mixamo()
    bpy.ops.wm.save_as_mainfile(filepath=str(two))
    out = tmp_path / "out.bvh"
    cases = (
        ((broken, character, out), "is not a clip"),
        ((tmp_path / "none.npz", character, out), "is not a clip"),
        ((clip, tmp_path / "none.blend", out), "There is no file"),
        ((clip, clip, out), "is not a character"),
        ((clip, empty, out), "has no armature"),
        ((clip, two, out), "has the armatures"),
        ((clip, character, tmp_path / "out.dae"), "cannot be written"),
    )
    for paths, word in cases:
        assert retarget_clip.main([str(path) for path in paths]) == 2
        said = capsys.readouterr().err.strip().splitlines()
        assert word in said[-1] and " - " in said[-1], said
    assert not out.exists()
    assert retarget_clip.main([str(clip), str(two), str(out), "--armature", "Rig"]) == 0


def test_a_folder_of_clips_goes_on_where_it_was_broken_off_and_tells_what_failed(character, tmp_path, capsys):
    clips, out = tmp_path / "clips", tmp_path / "made"
    clips.mkdir()
    for name in ("a", "b", "c"):
        np.savez(clips / f"{name}.npz", joints=walking(10).astype(np.float32), fps=20)
    (clips / "b.npz").write_bytes(b"torn")
    command = [str(clips), str(character), "--out", str(out)]
    assert retarget_clip.main(command) == 1
    said = capsys.readouterr().out
    assert "1 of 3: a done 10 frames on 65 bones" in said and "b  failed" in said and "is not a clip" in said
    assert said.strip().endswith("2 done, 0 there already, 1 failed")
    assert sorted(path.name for path in out.iterdir()) == ["a.bvh", "c.bvh"]
    before = (out / "a.bvh").stat().st_mtime_ns
    np.savez(clips / "b.npz", joints=walking(10).astype(np.float32), fps=20)
    assert retarget_clip.main(command) == 0
    assert capsys.readouterr().out.strip().endswith("1 done, 2 there already, 0 failed")
    assert (out / "a.bvh").stat().st_mtime_ns == before
    empty = tmp_path / "none"
    empty.mkdir()
    assert retarget_clip.main([str(empty), str(character), str(out)]) == 2
    assert "holds no clip" in capsys.readouterr().err


def test_a_folder_of_clips_for_an_engine_and_what_is_wrong_with_one_costs_that_one(character, tmp_path, capsys):
    clips, out = tmp_path / "clips", tmp_path / "made"
    clips.mkdir()
    for name in ("walk", "go"):
        np.savez(clips / f"{name}.npz", joints=walking(11).astype(np.float32), fps=20)
    (clips / "torn.npz").write_bytes(b"torn")
    assert retarget_clip.main([str(clips), str(character), "--out", str(out), "--engine", "godot"]) == 1
    said = capsys.readouterr().out
    assert "torn  failed" in said and said.strip().endswith("2 done, 0 there already, 1 failed")
    told = json.loads((out / "character.clips.json").read_text())
    assert told["engine"] == "godot" and told["root"] == "root"
    assert [(out / clip["file"]).is_file() and clip["fps"] == 30 for clip in told["clips"]] == [True, True]
    # What was broken off goes on: the list is written with each clip, and what it tells of is left.
    (out / "go-loop.glb").unlink(missing_ok=True)
    (out / "go.glb").unlink(missing_ok=True)
    kept = (out / next(clip["file"] for clip in told["clips"] if clip["clip"] == "walk")).stat().st_mtime_ns
    assert retarget_clip.main([str(clips), str(character), "--out", str(out), "--engine", "godot"]) == 1
    assert capsys.readouterr().out.strip().endswith("1 done, 1 there already, 1 failed")
    again = json.loads((out / "character.clips.json").read_text())["clips"]
    assert sorted(clip["clip"] for clip in again) == ["go", "walk"]
    assert all((out / clip["file"]).is_file() for clip in again)
    assert (out / again[0]["file"]).stat().st_mtime_ns == kept
    cases = (
        ([str(clips), str(character), str(tmp_path / "a.glb"), "--engine", "godot"], "is not a folder"),
        ([str(clips), str(character), str(out), "--engine", "roblox", "--one-file"], "one clip a file"),
        ([str(clips), str(tmp_path / "none.blend"), str(out), "--engine", "unity"], "There is no file"),
    )
    for arguments, word in cases:
        assert retarget_clip.main(arguments) == 2
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert word in said and " - " in said


def test_clips_of_other_kinds_are_read_by_the_runtime(character, tmp_path, capsys):
    pytest.importorskip("scipy")
    from runtime.formats.writing import write

    clips, out = tmp_path / "clips", tmp_path / "made"
    clips.mkdir()
    joints = skeleton.with_bone_lengths(walking(21)).astype(np.float32)
    np.savez(clips / "walk.npz", joints=joints, fps=20)
    write(clips / "walk.bvh", joints)
    (clips / "torn.bvh").write_text("torn")
    assert retarget_clip.main([str(clips), str(character), "--out", str(out), "--contact", "off"]) == 1
    said = capsys.readouterr().out
    assert "torn" in said and said.strip().endswith("2 done, 0 there already, 1 failed")
    rows = [(out / name).read_text().splitlines()[-1].split() for name in ("walk.bvh", "walk_bvh.bvh")]
    places = np.array([row[:3] for row in rows], float)
    assert np.abs(places[0] - places[1]).max() < 0.02, "the hips end in another place"


def test_one_clip_onto_a_folder_of_characters(clip, character, tmp_path, capsys):
    rigs, out = tmp_path / "rigs", tmp_path / "made"
    rigs.mkdir()
    (rigs / "one.blend").write_bytes(character.read_bytes())
    (rigs / "notes.txt").write_text("nothing")
    (rigs / "two.blend").write_bytes(b"torn")
    command = [str(clip), str(rigs), "--out", str(out), "--format", ".glb"]
    assert retarget_clip.main(command) == 1
    said = capsys.readouterr().out
    assert "two walk  failed" in said and said.strip().endswith("1 done, 0 there already, 1 failed")
    assert [path.name for path in out.iterdir()] == ["one.glb"]
    (rigs / "two.blend").unlink(), (rigs / "one.blend").unlink()
    assert retarget_clip.main(command) == 2
    assert "holds no character" in capsys.readouterr().err
