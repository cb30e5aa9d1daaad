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
    self = SimpleNamespace(start=bpy.context.scene.coamd.take_index, ghosts=False, report=lambda *told: None)
    for name in ("_step", "_show", "_end", "_tidy"):
        setattr(self, name, getattr(cls, name).__get__(self))
    monkeypatch.setattr(browsing, "_tell", lambda context, comparing: None)
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
    assert played == [2, 3, 1, 2, 0, 0], "to the sides within the sentence, round from its last draw to its first"
    assert len(settings.takes) == 4 and all(take.action for take in settings.takes)
    assert press(comparing, "A") == {"PASS_THROUGH"}
    assert press(comparing, "RET") == {"FINISHED"}


def test_ghosts_shown_by_a_key_are_those_of_the_sentence_and_end_with_the_comparison(comparing):
    from coamd_blender.generate import ghosts

    takes = bpy.context.scene.coamd.takes
    press(comparing, "G")
    assert len(ghosts._ghosts.lines) == 3
    press(comparing, "DOWN_ARROW")
    assert set(ghosts._ghosts.lines) == {takes[0].action.session_uid}
    press(comparing, "RET")
    assert not ghosts.shown()
    comparing.ghosts = False  # another comparison
    bpy.ops.coamd.show_ghosts()
    press(comparing, "UP_ARROW", "ESC")
    assert ghosts.shown(), "the user's own button shows them on"


def test_no_ghost_is_of_a_take_that_is_deleted(three):
    from coamd_blender.generate import ghosts

    settings = bpy.context.scene.coamd
    bpy.ops.coamd.show_ghosts()
    gone = settings.takes[settings.take_index].action.session_uid
    bpy.ops.coamd.remove_takes(which="CHOSEN")
    assert ghosts.shown() and gone not in ghosts._ghosts.there(bpy.context.scene)
    assert len(ghosts._ghosts.there(bpy.context.scene)) == 2
    bpy.ops.coamd.show_take(index=2)
    bpy.ops.coamd.remove_takes(which="OTHERS")
    assert not ghosts.shown()


def test_only_other_draws_of_the_same_press_are_deleted_and_undo_brings_them_back(three):
    settings = bpy.context.scene.coamd
    settings.prompt, settings.variants, settings.seed = "a person walks", 2, 40
    bpy.ops.coamd.generate()
    bpy.ops.coamd.show_take(index=2)
    bpy.ops.ed.undo_push(message="before")
    seeds = [take.seed for take in settings.takes]
    bpy.ops.coamd.remove_takes(which="OTHERS")
    assert [take.seed for take in settings.takes] == [seeds[0], seeds[2], 40, 41]
    assert settings.take_index == 1 and three.animation_data.action == settings.takes[1].action
    bpy.ops.ed.undo_push(message="deleted")
    bpy.ops.coamd.show_take(index=2)
    bpy.ops.coamd.remove_takes(which="CHOSEN")
    assert settings.take_index == 1
    with pytest.raises(RuntimeError, match="no other draws"):  # the next press's is not one, though alike
        bpy.ops.coamd.remove_takes(which="OTHERS")
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    takes = bpy.context.scene.coamd.takes
    assert [take.seed for take in takes] == seeds and all(take.action for take in takes)


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
