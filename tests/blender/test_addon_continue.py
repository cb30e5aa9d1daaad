"""Generate goes on from what the character does, with a stand-in for the networks."""

import numpy as np
import pytest
from test_addon_edit import asked, heads, keys, pose
from test_takes_compared import picture_of

bpy = pytest.importorskip("bpy")


def ask(prompt="a person waves", **changes):
    """Fill in the panel: one draw of 24 frames."""
    settings = bpy.context.scene.coamd
    settings.prompt, settings.variants, settings.random_seed, settings.seed = prompt, 1, False, 7
    settings.length_in, settings.frames = "FRAMES", 24
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings


@pytest.mark.parametrize("frame, join", [(90, 60), (40, 40)])
def test_it_goes_on_from_the_current_frame_or_the_last_in_a_copy(walker, frame, join):
    armature, action = walker
    was, before = pose(armature, range(1, join + 1)), keys(action, armature)
    bpy.context.scene.frame_set(frame)
    settings = ask()
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    made = armature.animation_data.action
    assert made != action and tuple(made.frame_range) == (1, join + 24)
    assert action.use_fake_user and not made.use_fake_user
    after = keys(made, armature)
    assert set(after) == set(before)
    for curve, table in before.items():
        kept = table["co"][:, 0] <= join
        for name in ("co", "handle_left", "handle_right", "interpolation"):
            assert np.array_equal(table[name][kept], after[curve][name][: kept.sum()]), (curve, name)
    assert np.abs(pose(armature, range(1, join + 1)) - was).max() < 1e-6
    (request,) = asked()
    assert request["fields"]["ranges"] == [[join, join + 24, "continue"]]
    assert request["fields"]["prompt"] == "a person waves" and request["fields"]["seed"] == 7
    assert [take.action for take in settings.takes] == [made] and made["coamd_prompt"] == "a person waves"
    bpy.ops.ed.undo()
    assert [block.name for block in bpy.data.actions] == ["Walk"]


def test_what_counts_for_a_fresh_start_alone_is_said_in_its_place(walker):
    from test_addon_panels import drawn

    settings, reason = bpy.context.scene.coamd, "Loop, In Place: Fresh Start only"
    bpy.context.scene.frame_set(30)
    said = drawn("COAMD_PT_main").split(" | ")
    assert reason in said and "loop" not in said
    settings.begin = "FRESH"
    said = drawn("COAMD_PT_main").split(" | ")
    assert reason not in said and {"loop", "in_place"} <= set(said)


def test_place_and_speed_go_on_over_the_join(walker):
    armature, _ = walker
    bpy.context.scene.frame_set(40)
    ask(frames=20)
    bpy.ops.coamd.generate()
    places = heads(armature, "mixamorig:Hips", range(30, 60))
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert steps.min() > 0.005 and np.abs(np.diff(steps)).max() < 0.01, "the stand-in walks on as the recording does"


def test_several_actions_are_drawn_one_behind_the_other(walker):
    bpy.context.scene.frame_set(60)
    ask("he walks, then sits down", frames=96, variants=2)
    bpy.ops.coamd.generate()
    told = [(row["fields"]["prompt"], row["fields"]["ranges"], row["fields"]["seed"]) for row in asked()]
    first, second = [[60, 108, "continue"]], [[108, 156, "continue"]]
    assert told[:2] == [("he walks", first, 7), ("sits down", second, 8)]
    assert told[2:] == [("he walks", first, 8), ("sits down", second, 9)]


@pytest.mark.parametrize("change", [{"begin": "FRESH"}, {"frame": 1}])
def test_a_fresh_start_is_asked_for_or_at_the_first_frame(walker, change):
    from coamd_blender.generate import request

    change, (armature, _) = dict(change), walker
    bpy.context.scene.frame_set(change.pop("frame", 60))
    ask(**change)
    assert request.join_frame(bpy.context, armature) is None


def test_each_take_has_a_picture_of_its_own_and_one_that_is_changed_another(walker):
    from coamd_blender.core import session

    armature, _ = walker
    takes = ask(begin="CONTINUE", variants=1, frames=40).takes
    for _ in range(2):
        bpy.context.scene.frame_set(round(armature.animation_data.action.frame_range[1]))
        bpy.ops.coamd.generate()
    short, longer = (picture_of(take.action) for take in takes)
    assert short != longer, "a copy does not show what it was made from"
    bpy.ops.coamd.smooth_motion()
    bpy.ops.coamd.edit_accept()
    assert not takes[1].action.preview.image_size[0], "nothing, rather than what it was"
    bpy.ops.coamd.show_take(index=1)
    session.current().wait()
    assert picture_of(takes[1].action) != longer
