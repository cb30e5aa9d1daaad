"""Takes with pictures, stepped through by arrow keys, others as ghosts."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture
def three(rig):
    """A rig with three draws of one sentence, and one of another before."""
    settings = bpy.context.scene.coamd
    settings.begin, settings.seconds, settings.random_seed = "FRESH", 2.0, False
    for settings.prompt, settings.variants in (("a person waves", 1), ("a person walks", 3)):
        bpy.ops.coamd.generate()
    return rig


def press(operator, *keys):
    """What the modal operator answers to these keys, the last of them."""
    from coamd_blender.generate import browsing

    for key in keys:
        event = SimpleNamespace(type=key, value="PRESS")
        answer = browsing.COAMD_OT_compare_takes.modal(operator, bpy.context, event)
    return answer


@pytest.fixture
def comparing(three, monkeypatch):
    """An operator at work, without a window: the texts it tells go nowhere."""
    from coamd_blender.generate import browsing

    cls = browsing.COAMD_OT_compare_takes
    self = SimpleNamespace(start=bpy.context.scene.coamd.take_index, report=lambda *told: None)
    for name in ("_step", "_show"):
        setattr(self, name, getattr(cls, name).__get__(self))
    self._end = lambda context, back: {"CANCELLED" if back else "FINISHED"}
    return self


def picture_of(action):
    """The pixels of an Action's picture, as bytes."""
    from coamd_blender.generate import pictures

    assert tuple(action.preview.image_size) == (pictures.SIDE, pictures.SIDE)
    pixels = np.empty(pictures.SIDE**2 * 4, np.float32)
    action.preview.image_pixels_float.foreach_get(pixels)
    assert pixels.reshape(-1, 4)[:, :3].std() > 0.05, "a figure on a ground"
    return pixels.tobytes()


def test_every_take_gets_a_picture_that_its_action_keeps(three):
    images = [picture_of(take.action) for take in bpy.context.scene.coamd.takes]
    assert len(set(images[1:])) == 3, "each draw its own"


def test_arrow_keys_play_one_take_after_the_other_and_nothing_is_lost(comparing):
    settings = bpy.context.scene.coamd
    played = []
    for key in ("RIGHT_ARROW", "RIGHT_ARROW", "RIGHT_ARROW", "RIGHT_ARROW", "DOWN_ARROW", "LEFT_ARROW"):
        assert press(comparing, key) == {"RUNNING_MODAL"}
        played.append(settings.take_index)
        assert settings.takes[settings.take_index].armature.animation_data.action == settings.takes[played[-1]].action
    assert played == [2, 3, 0, 1, 0, 3]
    assert len(settings.takes) == 4 and all(take.action for take in settings.takes)
    assert press(comparing, "A") == {"PASS_THROUGH"}
    assert press(comparing, "RET") == {"FINISHED"}


def test_ghosts_are_the_other_takes_where_they_are_at_the_frame(three):
    from coamd_blender.generate import ghosts

    settings = bpy.context.scene.coamd
    assert not ghosts.shown()
    bpy.ops.coamd.show_ghosts()
    group = [take.action.session_uid for take in settings.takes if take.prompt == "a person walks"]
    assert set(ghosts._ghosts.lines) == set(group) and len(group) == 3
    bpy.ops.coamd.show_take(index=2)
    bpy.context.scene.frame_set(20)
    first, lines, _ = ghosts._ghosts.lines[settings.takes[2].action.session_uid]
    bpy.context.view_layer.update()
    pelvis = np.array(three.matrix_world @ three.pose.bones["pelvis"].head)
    np.testing.assert_allclose(lines[20 - first][0], pelvis, atol=1e-3)
    bpy.ops.coamd.show_ghosts()
    assert not ghosts.shown()


def test_another_file_has_no_ghosts(three):
    from coamd_blender.generate import ghosts

    bpy.ops.coamd.show_ghosts()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not ghosts.shown()


def test_one_take_alone_is_not_compared(rig):
    assert not bpy.ops.coamd.compare_takes.poll()


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a person waves", "CoAMD a person waves"),
        ("a person walks forward and waves with the right hand", "CoAMD a person walks forward and waves with the"),
        ("a person walks, then sits down, then stands up", "CoAMD a person walks, then sits down, then stands"),
        ("", "CoAMD"),
        ("a" * 60, "CoAMD " + "a" * 44),
    ],
)
def test_an_action_is_named_in_whole_words(prompt, name):
    from coamd_blender.generate import takes

    assert takes.title(prompt) == name and len(f"{name}.001".encode()) < 63
