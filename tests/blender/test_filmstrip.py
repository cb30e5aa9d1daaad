"""The contact sheet: a picture of figures, and a scene left as it was."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import metarig, new_scene, walking  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.character import figure, filmstrip  # noqa: E402
from coamd_blender.errors import InputError, RigError  # noqa: E402

BLOCKS = ("scenes", "objects", "meshes", "materials", "curves", "lights", "cameras", "worlds", "fonts")


def pixels(path):
    image = bpy.data.images.load(str(path))
    values = np.array(image.pixels[:]).reshape(image.size[1], image.size[0], 4)[::-1, :, :3]
    bpy.data.images.remove(image)
    return values


@pytest.mark.parametrize("make", [figure.create_character, lambda _context: metarig()], ids=["figure", "sticks"])
def test_each_cell_shows_a_figure_and_the_scene_is_left_alone(tmp_path, make):
    scene = new_scene()
    rig_object = make(bpy.context)
    write_action.apply_motion(rig_object, walking(20), start_frame=1)
    scene.frame_set(4)
    before = {kind: set(getattr(bpy.data, kind)) for kind in BLOCKS}
    path = filmstrip.render_filmstrip(
        rig_object, [1, 7, 13, 19], tmp_path / "deep" / "sheet.png", columns=4, size=(320, 120), samples=1
    )
    assert path.is_file() and scene.frame_current == 4 and bpy.context.scene == scene
    assert {kind: set(getattr(bpy.data, kind)) - before[kind] for kind in BLOCKS if kind != "fonts"} == {
        kind: set() for kind in BLOCKS if kind != "fonts"
    }
    assert not [tag for tag in (b"File", b"Date", b"Time", b"Scene") if b"tEXt" + tag in path.read_bytes()]
    picture = pixels(path)
    assert picture.shape == (120, 320, 3)
    background = np.median(picture.reshape(-1, 3), axis=0)
    drawn = np.abs(picture - background).max(axis=-1) > 0.15
    for cell in range(4):
        assert drawn[:90, 80 * cell : 80 * (cell + 1)].mean() > 0.01, cell


def test_nothing_to_draw_is_refused(tmp_path):
    new_scene()
    rig_object = figure.create_character(bpy.context)
    with pytest.raises(InputError):
        filmstrip.render_filmstrip(rig_object, [], tmp_path / "none.png")
    with pytest.raises(RigError):
        filmstrip.render_filmstrip(None, [1], tmp_path / "none.png")
