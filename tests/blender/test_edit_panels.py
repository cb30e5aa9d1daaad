"""The panels of editing and of the track, drawn onto the layout that checks every call."""

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
    assert {"hold_bone", "hold_joint", "hold_first", "hold_last"} <= set(drawn("COAMD_PT_edit").split(" | "))
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
    settings.notes = "4 keys beside the range keep curves in shape"
    text = drawn("COAMD_PT_edit")
    for wanted in ("coamd.edit_accept", "coamd.edit_reject", "coamd.edit_push", "Try Again", "4 keys", "keep_source"):
        assert wanted in text
    assert "source_of_range" not in text


def test_the_track_shows_its_blocks_and_what_is_left_to_make(rig):
    from coamd_blender.blocks import record, tracks

    scene = bpy.context.scene
    assert "No blocks yet" in drawn("COAMD_PT_track")
    scene.frame_set(1)
    for prompt in ("a person walks", "a person sits down and bows", "a person waves"):
        bpy.ops.coamd.block_add(prompt=prompt, frames=48)
    for name in ("COAMD_PT_track", "COAMD_PT_track_dopesheet"):
        text = drawn(name)
        assert "A new Action" in text and "3 blocks, frames 1 to 144" in text and "Frames 97 to 144, 2.0 s" in text
        assert "coamd.generate_track" in text and "Generate Track" in text and "COAMD_MT_block" in text
    record.note(rig.animation_data.action, tracks.read(rig))
    rig.coamd_track.blocks[0].prompt = "a person runs"
    assert f"{rig.animation_data.action.name}, in a copy" in drawn("COAMD_PT_track")
    assert "Generate 1 Block |" in drawn("COAMD_PT_track") and "Generate Track" not in drawn("COAMD_PT_track")
    rig.coamd_track.blocks[1].prompt, rig.coamd_track.index = "a person lies down", 1
    text = drawn("COAMD_PT_track")
    assert "Generate 2 Blocks" in text and "2.0 s are short for this" in " ".join(text.split(" | "))
    for wanted in ("Regenerate", "Reuse Seed", "In-Between", "From Here On", "Split at Playhead", "Duplicate"):
        assert wanted in drawn("COAMD_MT_block")


def test_what_is_wrong_with_the_runtime_is_said_here_too(rig, addon, tmp_path):
    addon.source, addon.python = "PYTHON", str(tmp_path / "nowhere")
    for name in ("COAMD_PT_edit", "COAMD_PT_track"):
        text = drawn(name)
        assert (
            "coamd.open_preferences" in text and "coamd.edit_range" not in text and "coamd.generate_track" not in text
        )
