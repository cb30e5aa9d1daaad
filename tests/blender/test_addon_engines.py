"""Batch and Export in the sidebar: clips onto characters with a table, and files of an engine from a second Blender."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import rigs  # noqa: E402

from coamd_blender import core  # noqa: E402
from coamd_blender.anim.steps import Call  # noqa: E402
from coamd_blender.core.workflow import Answer  # noqa: E402
from coamd_blender.engines import workflow  # noqa: E402
from coamd_blender.engines.workflow import TABLE  # noqa: E402
from coamd_blender.motion import locomotion  # noqa: E402
from coamd_blender.wire.requests import TaskRequest  # noqa: E402


def said():
    error, notice = core.session.current().said_in(core.messages.ENGINES, bpy.context)
    return str(error or ""), notice


def refused(operator):
    with pytest.raises(RuntimeError):
        operator(wait=True)
    error = said()[0]
    assert " - " in error
    return error


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a", "b"):
        np.savez(folder / f"{name}.npz", joints=rigs.walking(12).astype(np.float32), fps=20)
    (folder / "torn.npz").write_bytes(b"torn")
    return folder


def test_every_clip_goes_onto_every_selected_character_and_a_table_tells_of_each(addon, clips):
    settings, first = bpy.context.scene.coamd_engines, rigs.mixamo("")
    second = rigs.mixamo("")
    assert "No clips are chosen" in refused(bpy.ops.coamd.retarget_clips)
    settings.clips = str(clips.parent / "none")
    assert "There is no file" in refused(bpy.ops.coamd.retarget_clips)
    empty = clips.parent / "empty"
    empty.mkdir()
    settings.clips = str(empty)
    assert "holds no clip" in refused(bpy.ops.coamd.retarget_clips)
    settings.clips = str(clips)
    for each in (first, second):
        each.select_set(True)
    assert bpy.ops.coamd.retarget_clips(wait=True) == {"FINISHED"}
    error, notice = said()
    assert not error and notice.startswith("Retargeted 4 of 6; 2 failed")
    table = bpy.data.texts[TABLE].as_string().splitlines()
    assert len([line for line in table if "done" in line]) == 4
    assert len([line for line in table if "failed" in line and "is not a clip" in line]) == 2
    assert len(bpy.data.actions) == 4 and all(action.use_fake_user for action in bpy.data.actions)
    assert {each.animation_data.action.name.split(".")[0] for each in (first, second)} == {"b"}


def test_a_locomotion_set_is_asked_for_piece_by_piece_and_becomes_actions_by_name(addon):
    """Without a runtime: what is asked is answered by bodies that stand or are carried along."""
    rig = rigs.mixamo("")
    rig.select_set(True)
    flow, answer, asked = workflow.locomotion_set(bpy.context), None, []
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as end:
            told = end.value
            break
        answer = None
        if isinstance(step, TaskRequest):
            step.check()
            asked.append(step.task)
            answer = Answer({"fps": 20}, {"joints": _answered(step)})
        elif isinstance(step, Call):
            answer = step.run()
    assert asked.count("generate") == len(locomotion.GAITS) + 1 and "edit" in asked
    assert told.startswith(f"Made {len(locomotion.NAMES)} Actions")
    assert {action.name for action in bpy.data.actions} == set(locomotion.NAMES)
    assert all(action.use_fake_user for action in bpy.data.actions)
    table = bpy.data.texts[TABLE].as_string()
    assert "strafe_left" in table and "note" in table  # bodies that stand do not strafe, and that is told


def _answered(request):
    if request.task == "edit":
        return request.joints
    frames = round(request.seconds * 20)
    return np.stack([rigs.walking(frames) for _ in request.seeds]).astype(np.float32)


def test_the_export_is_made_in_a_second_blender_and_changes_nothing_here(addon, clips, tmp_path):
    settings, rig = bpy.context.scene.coamd_engines, rigs.mixamo("")
    rig.name = "The Hero"
    settings.folder = str(tmp_path / "made")
    assert "plays no Action" in refused(bpy.ops.coamd.export_engine)
    settings.clips = str(clips / "a.npz")
    rig.select_set(True)
    bpy.ops.coamd.retarget_clips(wait=True)
    settings.engine, settings.one_file = "unreal", True
    assert "one clip a file" in refused(bpy.ops.coamd.export_engine)
    settings.engine, settings.one_file = "godot", False
    before = [(each.name, each.type) for each in bpy.data.objects], [each.name for each in bpy.data.actions]
    assert bpy.ops.coamd.export_engine(wait=True) == {"FINISHED"}, said()
    assert ([(each.name, each.type) for each in bpy.data.objects], [each.name for each in bpy.data.actions]) == before
    assert said()[1].startswith(f"Exported to {tmp_path / 'made'}")
    (told,) = json.loads((tmp_path / "made" / "The_Hero.clips.json").read_text())["clips"]
    assert (tmp_path / "made" / told["file"]).read_bytes()[:4] == b"glTF"
    settings.folder = ""
    assert "No folder is chosen" in refused(bpy.ops.coamd.export_engine)
