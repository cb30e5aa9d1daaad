"""A stranger's .blend, opened with the add-on enabled: nothing runs, nothing outside is read, panels stay short."""

import hashlib
import sys
import time
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hostile  # noqa: E402
from test_addon_panels import drawn  # noqa: E402

MOST_DRAWN = 100_000  # letters, of all labels of a panel
FAKE_LIBRARY = Path(__file__).with_name("fake_library_runtime.py")
PRESSED = (
    "generate",
    "edit_range",
    "generate_track",
    "regenerate_block",
    "in_between",
    "block_add",
    "blocks_of_action",
    "search",
    "recognize",
    "teach",
    "mark_clip",
    "set_markers",
    "play_motion",
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is opened is watched with inotify")


@pytest.fixture
def opened(addon, tmp_path):
    """The hostile file, opened; yields (the folder outside, what is opened in it)."""
    pytest.importorskip("runtime.library.clips")  # the attacker's library is made with it
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("style.safetensors", "clip.bvh", "clip.gltf", "theirs.txt"):
        (outside / name).write_text("theirs")
    hostile.make_library(outside / "library")
    hostile.make_blend(tmp_path / "hostile.blend", outside)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    watches = [hostile.Watch(outside), hostile.Watch(outside / "library")]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "hostile.blend"))
    assert bpy.context.scene.coamd.takes[0].action.name == "By hand"
    yield outside, watches


def keys():
    """A hash of the keys made by hand."""
    from coamd_blender.anim import actions

    told = [(curve.data_path, [tuple(key.co) for key in curve.keyframe_points]) for curve in curves(actions)]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def curves(actions):
    return list(actions.curves_of(bpy.data.actions["By hand"]))


def settle(current):
    """Pump until all work has ended; what goes wrong is told and not raised."""
    end = time.monotonic() + 120
    while current.running and time.monotonic() < end:
        current.tick()
        time.sleep(0.005)
    assert not current.running


def test_opening_and_drawing_run_nothing_and_read_nothing_outside(opened):
    from coamd_blender.core import session

    outside, watches = opened
    before = keys()
    bpy.context.scene.frame_set(12)
    panels = sorted(name for name in dir(bpy.types) if name.startswith("COAMD_PT_"))
    assert len(panels) > 10
    for name in panels:
        panel = getattr(bpy.types, name)
        if not hasattr(panel, "poll") or panel.poll(bpy.context):
            said = drawn(name)
            assert max(map(len, said.split(" | "))) <= hostile.LONG + 100 and said.count(" | ") < 3000, name
    settle(session.current())
    assert [watch.opened() for watch in watches] == [set(), set()]
    assert {path.name for path in outside.iterdir()} == {
        "style.safetensors", "clip.bvh", "clip.gltf", "theirs.txt", "library",
    }  # fmt: skip
    assert keys() == before


def test_what_is_pressed_ends_in_a_line_and_no_file_of_strangers_is_read(opened, addon):
    from coamd_blender.core import session

    outside, watches = opened
    before = keys()
    addon.command = f'"{sys.executable}" "{FAKE_LIBRARY}"'
    for name in PRESSED:
        try:
            getattr(bpy.ops.coamd, name)()
        except RuntimeError as error:  # what an operator reports, or that it cannot be pressed
            assert "Traceback" not in str(error), error
        settle(session.current())
        assert len(str(session.current().error)) < 2100
    assert watches[0].opened() == set()
    assert watches[1].opened() <= {"facts.sqlite", "facts.sqlite-wal", "facts.sqlite-shm", "facts.sqlite-journal"}
    assert (outside / "theirs.txt").read_text() == "theirs"
    assert not (outside / "ran").exists() and not (outside / "driven").exists()
    assert keys() == before


def test_a_style_outside_the_folder_of_styles_is_refused_by_its_path_alone(opened):
    from coamd_blender.errors import InputError
    from coamd_blender.generate import styles

    settings = bpy.context.scene.coamd
    with pytest.raises(InputError, match="folder of styles"):
        styles.chosen(settings)
    settings.styles.clear()
    assert styles.chosen(settings) == ()


def test_reading_it_for_a_library_runs_nothing(opened, tmp_path):
    from coamd_blender.library.reader_process import ReaderProcess

    outside, watches = opened
    with ReaderProcess([str(tmp_path / "hostile.blend")]) as reader:
        while reader.next_file() is None:
            time.sleep(0.05)
    assert [watch.opened() for watch in watches] == [set(), set()]
    assert not (outside / "ran").exists() and not (outside / "driven").exists()
