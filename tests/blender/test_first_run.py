"""The first run, step by step: what is offered next, and that its buttons lead to a motion."""

import pytest

bpy = pytest.importorskip("bpy")

from test_addon_panels import drawn, preferences_drawn  # noqa: E402


def following(settings):
    """The operator of the next step, and the names of those that are done."""
    from coamd_blender.setup import first_run

    steps = first_run.steps(settings)
    return next((step.operator for step in steps if not step.done), None), [step.name for step in steps if step.done]


@pytest.fixture
def online():
    """Online access off, and as it was afterwards."""
    system = bpy.context.preferences.system
    before = system.use_online_access
    system.use_online_access = False
    yield system
    system.use_online_access = before


def test_each_step_follows_upon_the_one_before(addon, online, monkeypatch, tmp_path):
    from coamd_blender.setup import preferences

    custom = addon.command
    monkeypatch.setattr(preferences, "environment_folder", lambda: tmp_path / "nothing")
    addon.source = "INSTALLED"
    assert following(addon) == ("coamd.allow_online", [])
    if bpy.ops.coamd.allow_online.poll():
        bpy.ops.coamd.allow_online()
        assert following(addon)[0] == "coamd.install"
    addon.source, addon.command = "COMMAND", custom  # as an installed runtime would be
    assert following(addon) == ("coamd.test", ["Allow Online Access", "Install Runtime"])
    assert bpy.ops.coamd.test() == {"FINISHED"}
    assert following(addon)[0] == "coamd.first_motion"
    assert bpy.types.COAMD_PT_start.poll(bpy.context)
    assert bpy.ops.coamd.first_motion() == {"FINISHED"}
    assert following(addon)[0] is None and not bpy.types.COAMD_PT_start.poll(bpy.context)


def test_the_first_motion_adds_a_character_where_none_is_meant_and_takes_the_one_that_is(addon):
    bpy.ops.coamd.first_motion()
    armature = bpy.context.view_layer.objects.active
    assert armature.type == "ARMATURE" and armature.animation_data.action is not None
    count = len(bpy.data.objects)
    bpy.context.scene.coamd.begin, bpy.context.scene.coamd.prompt = "FRESH", "a person jumps"
    bpy.ops.coamd.first_motion()
    assert len(bpy.data.objects) == count and armature.animation_data.action["coamd_prompt"] == "a person jumps"


def test_a_test_that_fails_is_not_taken_for_passed(addon, tmp_path):
    addon.command = str(tmp_path / "no-such-program")
    with pytest.raises(RuntimeError):
        bpy.ops.coamd.test()
    assert not addon.tested


def test_a_character_that_steps_aside_stands_beside_what_is_there_and_otherwise_at_the_cursor(addon):
    def added(**how):
        bpy.ops.coamd.add_character(**how)
        place = tuple(bpy.context.object.location)
        for found in [bpy.context.object, *bpy.context.object.children]:
            bpy.data.objects.remove(found)
        return place

    bpy.context.scene.cursor.location = (10.0, 0.0, 0.0)
    bpy.ops.mesh.primitive_plane_add(size=8, location=(10.0, 0.0, 0.0))
    assert added(aside=True) == (10.0, 0.0, 0.0)
    bpy.ops.mesh.primitive_cube_add(size=2, location=(10.0, 0.0, 0.0))
    assert added() == (10.0, 0.0, 0.0)
    x, y, z = added(aside=True)
    assert 11.3 < x < 12.0 and (y, z) == (0.0, 0.0)


def test_characters_that_step_aside_are_selected_together(addon):
    for _ in range(3):
        bpy.ops.coamd.add_character(aside=True)
    cast = [found for found in bpy.context.selected_objects if found.type == "ARMATURE"]
    places = sorted(found.location.x for found in cast)
    assert len(cast) == 3 and places[1] - places[0] > 0.5 and places[2] - places[1] > 0.5


def test_a_user_folder_that_cannot_be_made_is_told_and_is_never_the_working_folder(addon, rig, tmp_path, monkeypatch):
    """Asked to make it, Blender gives an empty path: what is installed, or removed, would lie where it was started."""
    from coamd_blender.errors import InputError
    from coamd_blender.rig_mapping import workflow as mappings
    from coamd_blender.setup import preferences, second_blender
    from coamd_blender.teach import styles, work

    blocked = tmp_path / "a file"
    blocked.write_text("in the place of the folder")
    monkeypatch.setattr(bpy.utils, "user_resource", lambda kind, path="": str(blocked / path))
    monkeypatch.chdir(tmp_path)
    addon.source = "INSTALLED"
    assert preferences.user_folder() == blocked / "coamd"
    for panel in ("COAMD_PT_main", "COAMD_PT_teach", "COAMD_PT_styles", "COAMD_PT_mapping"):
        drawn(panel)
    assert preferences_drawn(addon) and work.states() == styles.found() == mappings.saved() == []
    for make in (styles.folder, lambda: second_blender.scratch_folder("reading")):
        with pytest.raises(InputError, match="cannot be made: Not a directory - Let Blender write"):
            make()
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]
