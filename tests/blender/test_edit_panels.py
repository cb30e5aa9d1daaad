"""The panels of editing and storyboards, drawn onto the layout that checks every call."""

import pytest

bpy = pytest.importorskip("bpy")

from test_addon_panels import drawn  # noqa: E402

from coamd_blender.wire.edit_modes import DEFAULT_MODE, EDIT_MODES  # noqa: E402


def test_the_edit_panel_offers_what_its_settings_allow(rig):
    settings = bpy.context.scene.coamd_edit
    for name in ("COAMD_PT_edit", "COAMD_PT_edit_dopesheet"):
        text = drawn(name)
        assert "coamd.edit_range" in text and "source_of_range" in text and "path" in text
        assert "first" not in text.split(" | ") and "coamd.edit_accept" not in text
        assert "hold_target" in text and "hold_joint" not in text
    settings.hold_target = rig
    assert {"hold_joint", "hold_first", "hold_last"} <= set(drawn("COAMD_PT_edit").split(" | "))
    settings.source_of_range, settings.mode, settings.part = "FRAMES", "vary", "custom"
    said = drawn("COAMD_PT_edit").split(" | ")
    assert {"first", "last", "keep", "left wrist"} <= set(said) and "path" not in said


def test_the_panel_offers_the_modes_of_the_table_and_the_options_of_each(rig):
    settings = bpy.context.scene.coamd_edit
    kind = settings.bl_rna.properties["mode"]
    offered = [(item.identifier, item.name, item.description) for item in kind.enum_items]
    assert offered == [(name, mode.label, mode.description) for name, mode in EDIT_MODES.items()]
    assert kind.default == DEFAULT_MODE
    options = {"keep", "path", "keep_poses", "hold_target"}
    shown = {}
    for settings.mode in EDIT_MODES:
        shown[settings.mode] = options & set(drawn("COAMD_PT_edit").split(" | "))
    assert shown["between"] == shown["continue"] == shown["lead_in"] == options - {"keep"}
    assert shown["vary"] == options - {"path"} and shown["outpaint"] == set()


def test_an_edit_that_waits_shows_what_may_become_of_it(rig):
    settings = bpy.context.scene.coamd_edit
    settings.source = rig.animation_data.action
    settings.preview, settings.armature = settings.source.copy(), rig
    settings.notes = "Automatic handles of 4 keys beside the range were frozen"
    text = drawn("COAMD_PT_edit")
    for wanted in ("coamd.edit_accept", "coamd.edit_reject", "coamd.edit_push", "Try Again", "4 keys", "keep_source"):
        assert wanted in text
    assert "source_of_range" not in text


def test_the_storyboard_adds_up_its_scenes(rig):
    bpy.ops.coamd.scene_add()
    bpy.ops.coamd.scene_add()
    bpy.context.scene.coamd_edit.scenes[0].seconds = 2.5
    text = drawn("COAMD_PT_storyboard")
    assert "2 scenes, 5.5 s" in text and "coamd.storyboard" in text


def test_what_is_wrong_with_the_runtime_is_said_here_too(rig, addon, tmp_path):
    addon.source, addon.python = "PYTHON", str(tmp_path / "nowhere")
    for name in ("COAMD_PT_edit", "COAMD_PT_storyboard"):
        text = drawn(name)
        assert "coamd.open_preferences" in text and "coamd.edit_range" not in text and "coamd.storyboard" not in text
