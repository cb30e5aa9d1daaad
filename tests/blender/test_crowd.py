"""Several characters in one go: each its motion, its sentence, its take; crowds of copies."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import rigs  # noqa: E402


def select(*chosen):
    """Select these alone, the first active."""
    for other in bpy.context.view_layer.objects:
        other.select_set(other in chosen)
    bpy.context.view_layer.objects.active = chosen[0]


def hips(armature, frame):
    """Where the hips are, x and y of the world."""
    bpy.context.scene.frame_set(frame)
    return np.array((armature.matrix_world @ armature.pose.bones["mixamorig:Hips"].head)[:2])


@pytest.fixture
def pair(addon):
    """Two Mixamo rigs that look at each other over 4 m, and a runtime in which everybody walks ahead."""
    bpy.context.scene.render.fps = 20
    found = []
    for name, x, turn in (("Ann", -2.0, np.pi / 2), ("Bob", 2.0, -np.pi / 2)):
        armature = rigs.mixamo()
        armature.name, armature.location.x, armature.rotation_euler.z = name, x, turn
        found.append(armature)
    settings = bpy.context.scene.coamd
    settings.prompt, settings.seconds, settings.variants = "a person walks", 4.0, 1
    settings.random_seed, settings.seed = False, 3
    select(*found)
    bpy.context.view_layer.update()
    return found


def test_each_selected_character_gets_a_motion_and_a_take_of_its_own(pair):
    assert bpy.ops.coamd.generate_all() == {"FINISHED"}
    ann, bob = pair
    assert ann.animation_data.action != bob.animation_data.action
    takes = bpy.context.scene.coamd.takes
    assert [(take.armature, take.seed) for take in takes] == [(ann, 3), (bob, 4)]
    assert all(take.action["coamd_prompt"] == "a person walks" for take in takes)


def test_the_panel_says_what_is_on_and_names_each_above_its_sentence(pair):
    from test_addon_panels import drawn

    settings = bpy.context.scene.coamd
    bpy.context.scene.coamd_crowd.sentences = "OWN"
    said = drawn("COAMD_PT_crowd").split(" | ")
    assert not any(text.endswith((" is on", " are on")) for text in said)
    for name in ("Ann", "Bob"):
        assert "prompt" in said[said.index(name) + 1 : said.index(name) + 3]
    settings.loop = True
    assert "Loop is on" in drawn("COAMD_PT_crowd")
    settings.in_place = True
    assert "Loop, In Place are on" in drawn("COAMD_PT_crowd")


def test_the_scene_ends_no_earlier_than_the_longest_of_them(pair):
    scene = bpy.context.scene
    scene.frame_set(201)
    bpy.ops.coamd.generate_all()
    assert scene.frame_end == 280


def test_they_walk_into_each_other_unless_they_are_kept_apart(pair):
    crowd, nearest = bpy.context.scene.coamd_crowd, {}
    for crowd.keep_apart in (False, True):
        bpy.ops.coamd.generate_all()
        nearest[crowd.keep_apart] = min(np.linalg.norm(hips(pair[0], t) - hips(pair[1], t)) for t in range(1, 80, 2))
        starts = [hips(armature, 1) for armature in pair]
        np.testing.assert_allclose(starts, [(-2, 0), (2, 0)], atol=0.1)
    assert nearest[False] < 0.5 and nearest[True] >= 0.88


def test_each_may_have_a_sentence_of_its_own_and_else_does_what_generate_says(pair):
    bpy.context.scene.coamd_crowd.sentences = "OWN"
    pair[1].coamd_member.prompt = "  a man waves "
    bpy.ops.coamd.generate_all()
    assert [take.prompt for take in bpy.context.scene.coamd.takes] == ["a person walks", "a man waves"]


def test_what_fails_for_one_is_done_for_none(pair):
    from coamd_blender.core import session

    bpy.context.scene.coamd.prompt = "a slow walk"
    current = session.current()
    from coamd_blender import crowd

    current.start(crowd.workflow.generate(bpy.context), session.GENERATION, "crowd")
    bpy.data.objects.remove(pair[1])
    while current.pump():
        pass
    assert "Bob was deleted" in str(current.error)
    assert pair[0].animation_data is None or pair[0].animation_data.action is None
    assert not bpy.data.actions


def test_one_character_and_one_that_is_not_understood_are_refused(pair):
    select(pair[0])
    with pytest.raises(RuntimeError, match="One character is selected - Select two or more"):
        bpy.ops.coamd.generate_all()
    empty = bpy.data.objects.new("Cage", bpy.data.armatures.new("Cage"))
    bpy.context.collection.objects.link(empty)
    select(pair[0], empty)
    with pytest.raises(RuntimeError, match="Cage: "):
        bpy.ops.coamd.generate_all()
    assert not bpy.data.actions


def test_a_crowd_is_copies_that_move_their_own_meshes_and_can_be_animated_at_once(addon):
    bpy.ops.coamd.add_character()
    hero = bpy.context.view_layer.objects.active
    hero.animation_data_create().action = bpy.data.actions.new("Hero's")
    hero.pose.bones["pelvis"].location.x = 5.0
    crowd = bpy.context.scene.coamd_crowd
    crowd.count, crowd.spacing, crowd.seed = 3, 1.5, 7
    assert bpy.ops.coamd.add_crowd() == {"FINISHED"}
    members = [found for found in bpy.context.scene.objects if found.type == "ARMATURE"]
    assert len(members) == 4 and all(member.select_get() for member in members)
    assert hero.animation_data.action is not None
    for copy in set(members) - {hero}:
        assert copy.pose.bones["pelvis"].location.length == 0, "it does not stand where the hero has walked to"
        assert copy.data == hero.data and (copy.animation_data is None or copy.animation_data.action is None)
        (figure,) = copy.children
        assert next(one for one in figure.modifiers if one.type == "ARMATURE").object == copy
        assert copy.location.xy.length >= 1.5 and copy.location.z == 0
    settings = bpy.context.scene.coamd
    settings.prompt, settings.variants, settings.seconds = "a person walks", 1, 2.0
    assert bpy.ops.coamd.generate_all() == {"FINISHED"}
    assert len({member.animation_data.action for member in members}) == 4
