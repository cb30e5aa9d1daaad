"""Storyboards through the operators, with stand-ins for the networks."""

import pytest
from test_addon_edit import ask, asked

bpy = pytest.importorskip("bpy")


def test_a_storyboard_becomes_an_action_and_a_take(walker):
    armature, _ = walker
    settings = ask()
    with pytest.raises(RuntimeError, match="holds no scene"):
        bpy.ops.coamd.storyboard()
    for _ in range(3):
        bpy.ops.coamd.scene_add()
    for scene, (prompt, seconds) in zip(settings.scenes, (("walk", 2), ("sit", 1.5), ("", 3)), strict=True):
        scene.prompt, scene.seconds = prompt, seconds
    with pytest.raises(RuntimeError, match="Scene 3 has no prompt"):
        bpy.ops.coamd.storyboard()
    settings.scene_index = 2
    bpy.ops.coamd.scene_remove()
    bpy.ops.coamd.scene_move(direction="UP")
    settings.loop = "keep"
    bpy.context.scene.frame_set(101)
    assert bpy.ops.coamd.storyboard() == {"FINISHED"}
    fields = asked()[-1]["fields"]
    assert fields["scenes"] == [{"prompt": "sit", "seconds": 1.5}, {"prompt": "walk", "seconds": 2.0}]
    assert (fields["loop"], fields["in_place"], fields["seed"]) == ("keep", False, 7)
    action = armature.animation_data.action
    assert tuple(action.frame_range) == pytest.approx((101, 101 + 69 * 1.2), abs=1)
    (take,) = bpy.context.scene.coamd.takes
    assert take.action == action and take.name == "sit / walk"
    bpy.ops.ed.undo()
    assert [block.name for block in bpy.data.actions] == ["Walk"]
