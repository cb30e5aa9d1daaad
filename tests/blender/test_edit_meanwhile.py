"""What happens in Blender while an edit is on its way, and what goes wrong in it: one line, and nothing is lost."""

from pathlib import Path

import numpy as np
import pytest
from test_addon_edit import ask, asked, settle, with_ik

bpy = pytest.importorskip("bpy")


def other_action(armature):
    """The armature plays another Action, which nothing else uses."""
    armature.animation_data.action = bpy.data.actions.new("Mine")


def edit_mode(armature):
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")


def rest_position(armature):
    armature.data.pose_position = "REST"


@pytest.mark.parametrize(
    ("meddle", "words"),
    [
        (other_action, "no longer plays"),
        (edit_mode, "is in Edit Mode"),
        (rest_position, "changed while it was being read"),
    ],
)
def test_what_would_falsify_the_reading_between_two_steps_ends_it(walker, monkeypatch, meddle, words):
    from coamd_blender.anim import read_action
    from coamd_blender.core import session
    from coamd_blender.edit import workflow as edit_workflow

    monkeypatch.setattr(read_action, "EVALUATE_SECONDS", 0.0)
    (armature, action), current = walker, session.current()
    with_ik(armature)
    whole = read_action.read_action(armature, action, fps=None).joints.sum(dtype=np.float64)
    settings = ask()
    session.current().start(edit_workflow.edit_range(bpy.context))
    assert current.pump() and current.stepping
    meddle(armature)
    playing = armature.animation_data.action
    settle(lambda: not current.asking)
    assert words in str(current.error) and settings.preview is None and armature.animation_data.action == playing
    if Path(armature["asked"]).exists():  # another Action played meanwhile: the one asked about was read all the same
        assert meddle is other_action
        assert asked()[-1]["sums"]["joints"] == pytest.approx(whole, abs=1e-3)


def rename_bone(armature):
    armature.data.bones["mixamorig:LeftArm"].name = "Renamed"


def remove_slot(armature):
    action = armature.animation_data.action
    action.slots.remove(action.slots[0])


def tweak_strip(armature):
    data = armature.animation_data
    other = bpy.data.actions.new("Other")
    track = data.nla_tracks.new()
    data.action = None
    track.strips.new("strip", 1, other).select = True
    track.select = True
    data.use_tweak_mode = True


@pytest.mark.parametrize(
    ("meddle", "words"),
    [(rename_bone, "was renamed or removed"), (remove_slot, "slot"), (tweak_strip, "NLA strip is being edited")],
)
def test_what_cannot_be_written_any_more_is_one_line_and_the_panel_is_free(walker, meddle, words):
    from coamd_blender.core import session
    from coamd_blender.edit import workflow as edit_workflow

    (armature, action), current = walker, session.current()
    if meddle is remove_slot and not hasattr(action, "slots"):
        return  # no slots before Blender 4.4
    settings = ask(prompt="slow")
    session.current().start(edit_workflow.edit_range(bpy.context))
    settle(lambda: current.doing(session.REQUEST).job is not None)
    meddle(armature)
    settle(lambda: not current.asking)
    assert words in str(current.error) and settings.preview is None and not current.running
    assert "Walk (edit)" not in bpy.data.actions


def test_a_fault_is_told_in_the_panel_and_leaves_it_free(walker, monkeypatch):
    from coamd_blender.anim import range_edit
    from coamd_blender.core import session
    from coamd_blender.edit import workflow as edit_workflow

    def broken(*_):
        raise KeyError("a fault")

    monkeypatch.setattr(range_edit, "write_steps", broken)
    current = session.current()
    ask()
    session.current().start(edit_workflow.edit_range(bpy.context))
    with pytest.raises(KeyError):
        settle(lambda: not current.asking)
    assert "KeyError" in str(current.error) and not current.asking and "Walk (edit)" not in bpy.data.actions


def test_trying_again_with_settings_that_cannot_be_meant_keeps_the_edit_that_waits(walker):
    armature, action = walker
    settings = ask()
    assert bpy.ops.coamd.edit_range(wait=True) == {"FINISHED"}
    preview, first = settings.preview, settings.first
    settings.first = settings.last + 1
    with pytest.raises(RuntimeError):
        bpy.ops.coamd.edit_range(wait=True, again=True)
    assert settings.preview == preview == armature.animation_data.action
    settings.first = first
    assert bpy.ops.coamd.edit_range(wait=True, again=True) == {"FINISHED"}
    assert settings.source == action and armature.animation_data.action == settings.preview
