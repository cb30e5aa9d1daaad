"""Files come in by whichever importer reads them; one that none reads says why, not where."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import mixamo, new_scene, walking  # noqa: E402

from coamd_blender.anim import importing, write_action  # noqa: E402
from coamd_blender.anim.read_action import read_action  # noqa: E402
from coamd_blender.errors import DataError  # noqa: E402
from coamd_blender.library import foreign_reader  # noqa: E402

TRACEBACK = """Error: Python: Traceback (most recent call last):
  File "io_scene_fbx/__init__.py", line 236, in execute
    return import_fbx.load(self, context)
AttributeError: 'Lamp' object has no attribute 'shadow'

Location: /usr/blender/scripts/modules/bpy/ops.py:109"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TRACEBACK, "'Lamp' object has no attribute 'shadow'"),
        ("Error: Cannot read file: not a blend file\n", "Cannot read file: not a blend file"),
        ("Error: Version 6100 unsupported\nLocation: ops.py:109", "Version 6100 unsupported"),
        ("", "no reason given"),
    ],
)
def test_the_reason_is_the_error_not_where_it_was_raised(text, reason):
    assert importing.reason_of(text) == reason


def test_another_importer_reads_what_the_first_does_not(tmp_path, monkeypatch):
    def fails(filepath):
        bpy.data.objects.new("left behind", None)
        raise RuntimeError(TRACEBACK)

    def reads(filepath):
        assert "left behind" not in bpy.data.objects

    path = tmp_path / "walk.fbx"
    monkeypatch.setattr(importing, "_operators", lambda suffix, options: [fails, reads])
    importing.open_file(path)
    monkeypatch.setattr(importing, "_operators", lambda suffix, options: [fails, fails])
    with pytest.raises(DataError, match="cannot be read \\('Lamp' object has no attribute 'shadow'\\)"):
        importing.open_file(path)


@pytest.mark.parametrize("kind", ["SUN", "POINT", "SPOT", None])
def test_a_walk_beside_a_light_is_read(tmp_path, kind):
    new_scene()
    write_action.apply_motion(mixamo(), walking(30), start_frame=1)
    if kind:
        light = bpy.data.objects.new("Light", bpy.data.lights.new("Light", kind))
        bpy.context.collection.objects.link(light)
    path = tmp_path / "walk.fbx"
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, 30
    bpy.ops.export_scene.fbx(filepath=str(path), object_types={"ARMATURE", "LIGHT"}, add_leaf_bones=False)
    clips = foreign_reader.read_file(path)
    assert clips and all(abs(len(joints) - 30) <= 1 for _, joints in clips)


@pytest.mark.parametrize("lengths", [(40, 30), (20, 60)])
def test_two_who_share_an_action_have_their_own_lengths(lengths):
    """A slot each: the frames of one are not those of the other."""
    new_scene()
    first, second = mixamo(), mixamo()
    action = write_action.apply_motion(first, walking(lengths[0]), start_frame=1)
    if not hasattr(action, "slots"):
        pytest.skip("slots came with Blender 4.4")
    own = write_action.apply_motion(second, walking(lengths[1]), start_frame=11)
    slot = action.slots.new("OBJECT", second.name)
    second.animation_data.action, second.animation_data.action_slot = action, slot
    from coamd_blender.anim import actions

    for curve in actions.curves_of(own):
        copy = actions.ensure_curve(action, slot, curve.data_path, curve.array_index, "")
        points = np.array([point.co[:] for point in curve.keyframe_points])
        copy.keyframe_points.add(len(points))
        copy.keyframe_points.foreach_set("co", points.astype(np.float32).ravel())
        copy.update()
    for armature, length, start in zip((first, second), lengths, (1, 11), strict=True):
        reading = read_action(armature)
        assert len(reading.joints) == length and reading.frames[0] == start
