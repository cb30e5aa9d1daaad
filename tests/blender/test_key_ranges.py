"""Keys of a range taken out of Blender's own F-curves: what Blender evaluates outside is what it was."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SPAN, OUTSIDE = (20, 29), np.concatenate([np.arange(-5, 19.1, 0.25), np.arange(30, 65, 0.25)])
TIMES, VALUES = (1, 8, 16, 24, 27, 33, 41, 60), (0.0, 2.0, -1.0, 3.0, 3.0, -2.0, 0.5, 1.0)


def curve(times=TIMES, values=VALUES, interpolation="BEZIER", handles="AUTO_CLAMPED"):
    """An F-curve with these keys, alone in its Action."""
    from coamd_blender.anim import actions

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    thing = bpy.data.objects.new("Thing", None)
    action = actions.new("Keys", thing)
    actions.play(thing, action, actions.slot_for(action, thing))
    found = actions.new_curve(actions.container(action), "location", 0, "Object Transforms")
    for time, value in zip(times, values, strict=True):
        key = found.keyframe_points.insert(time, value)
        key.interpolation, key.handle_left_type, key.handle_right_type = interpolation, handles, handles
    found.update()
    return found


def values_of(found, frames):
    return np.array([found.evaluate(frame) for frame in frames])


def times_of(found):
    return [key.co.x for key in found.keyframe_points]


@pytest.mark.parametrize("handles", ["AUTO", "AUTO_CLAMPED", "VECTOR", "ALIGNED", "FREE"])
@pytest.mark.parametrize("interpolation", ["BEZIER", "LINEAR", "CONSTANT"])
def test_room_is_made_and_the_curve_outside_stays(interpolation, handles):
    from coamd_blender.anim.range_keys import make_room

    found = curve(interpolation=interpolation, handles=handles)
    before = values_of(found, OUTSIDE)
    make_room(found, SPAN, [19, 30])
    assert times_of(found) == [1, 8, 16, 19, 30, 33, 41, 60]
    found.update()
    np.testing.assert_allclose(values_of(found, OUTSIDE), before, atol=2e-5)
    assert {key.interpolation for key in found.keyframe_points} == {interpolation}


def test_keys_within_less_than_half_a_frame_of_the_range_belong_to_it():
    from coamd_blender.anim.range_keys import make_room

    found = curve((1, 19.5, 19.6, 24, 29.4, 29.5, 40), range(7))
    make_room(found, SPAN, [])
    assert times_of(found) == pytest.approx([1, 19.5, 29.5, 40])


def test_a_key_that_is_there_is_not_made_again_and_keeps_its_handles():
    from coamd_blender.anim.range_keys import make_room

    found = curve((1, 19, 24, 30, 60), (0, 4, -2, 1, 3))
    before = [(*key.handle_left, key.handle_left_type) for key in found.keyframe_points]
    make_room(found, SPAN, [19, 30])
    assert times_of(found) == [1, 19, 30, 60]
    after = [(*key.handle_left, key.handle_left_type) for key in found.keyframe_points]
    assert after == [before[0], before[1], before[3], before[4]]


@pytest.mark.parametrize("times, beside, wanted", [((40, 50), 19, [19, 40, 50]), ((1, 10), 30, [1, 10, 30])])
def test_before_its_first_and_behind_its_last_key_a_curve_is_held_at_what_it_was(times, beside, wanted):
    from coamd_blender.anim.range_keys import make_room

    found = curve(times, (2.0, -1.0))
    value = found.evaluate(beside)
    make_room(found, SPAN, [beside])
    assert times_of(found) == wanted and found.evaluate(beside) == value


@pytest.mark.parametrize("span, beside", [((1, 60), []), ((1, 59), [60]), ((2, 60), [1]), ((10, 20), [9, 21])])
def test_keys_hold_a_curve_only_where_its_action_goes_on(span, beside):
    from coamd_blender.anim.range_keys import frames_beside

    assert frames_beside(curve().id_data, span) == beside


def test_keys_are_written_to_the_byte_and_automatic_handles_that_would_move_are_frozen():
    from coamd_blender.anim.range_keys import FREE, GENERATED, fresh_keys, read_keys, write_keys

    found = curve()
    was = read_keys(found)
    made = fresh_keys(np.arange(20, 30), np.full(10, 9.0))
    old = np.array([*[True] * 3, *[False] * 10, *[True] * 3])
    outside = np.array([True] * 3 + [False] * 2 + [True] * 3)
    table = {}
    for name, values in was.items():
        kept = values[outside]
        table[name] = np.concatenate([kept[:3], made[name], kept[3:]])
    frozen = write_keys(found, {name: values.copy() for name, values in table.items()}, old)
    now = read_keys(found)
    for name in ("co", "handle_left", "handle_right", "interpolation", "easing", "type"):
        assert now[name][old].tobytes() == table[name][old].tobytes(), name
    assert (now["co"][~old, 1] == 9).all() and (now["type"][~old] == GENERATED).all()
    free = (now["handle_left_type"][:, 0] == FREE) & (now["handle_right_type"][:, 0] == FREE)
    assert frozen == free.sum() == 2 and free[[2, 13]].all(), "the neighbours of the range, and no other"


def test_a_curve_is_found_again_after_each_step_of_writing_it():
    from coamd_blender.anim.range_keys import fresh_keys, read_keys, write_keys, write_steps

    found, asked, old = curve(), [], np.array([*[True] * 3, *[False] * 10, *[True] * 3])
    made, was = fresh_keys(np.arange(20, 30), np.full(10, 9.0)), read_keys(found)
    table = {name: np.concatenate([values[:3], made[name], values[-3:]]) for name, values in was.items()}
    write_keys(found, {name: values.copy() for name, values in table.items()}, old)
    at_once, again = read_keys(found), curve()
    told = list(write_steps(lambda: asked.append(True) or again, table, old))
    assert told == [len(old)] * (len(asked) - 1) and len(told) > 1
    stepped = read_keys(again)
    assert all(at_once[name].tobytes() == stepped[name].tobytes() for name in stepped)


@pytest.mark.parametrize("count", [3, 30])
def test_a_curve_gets_exactly_the_keys_it_is_given(count):
    from coamd_blender.anim.range_keys import fresh_keys, read_keys, write_keys

    found, wanted = curve(), fresh_keys(np.arange(count) * 2.0, np.arange(count) ** 2.0)
    assert write_keys(found, wanted, np.zeros(count, bool)) == 0
    np.testing.assert_array_equal(read_keys(found)["co"], wanted["co"])


def test_a_cubic_is_cut_where_the_key_before_makes_it_one():
    """Straight up to the third key, a cubic from there on: what counts is the key before the cut."""
    from coamd_blender.anim.range_keys import make_room

    found = curve()
    for number, key in enumerate(found.keyframe_points):
        key.interpolation = "BEZIER" if number in (2, 5) else "LINEAR"
    found.update()
    before = values_of(found, OUTSIDE)
    make_room(found, SPAN, [19, 30])
    found.update()
    np.testing.assert_allclose(values_of(found, OUTSIDE), before, atol=2e-5)
