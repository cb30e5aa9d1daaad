"""All takes of a request are written, or none: whatever happens while the keys of the second of three are written."""

import hashlib

import pytest
from test_addon_generate import ask, begin, settle

bpy = pytest.importorskip("bpy")


@pytest.fixture
def writing(rig, monkeypatch):
    """Three takes under way, the second half written: (session, hash of the keys there were)."""
    from coamd_blender.anim import stepwise
    from coamd_blender.core import session

    monkeypatch.setattr(stepwise, "WRITE_KEYS", 1)
    for place in (1.0, 2.0, 3.0):
        rig.location.x = place
        bpy.ops.ed.undo_push(message=f"at {place}")
    ask(variants=3)
    current = session.current()
    begin()
    settle(current, lambda: len(bpy.data.actions) == 3)
    pump(current, 9)
    assert current.writing
    return current, keys(bpy.data.actions["Before"])


def pump(current, times):
    for _ in range(times):
        current.pump()


def keys(action):
    """A hash of every key of an Action, and how many there are."""
    from coamd_blender.anim import actions

    digest, count = hashlib.sha256(), 0
    for curve in actions.curves_of(action):
        for point in curve.keyframe_points:
            digest.update(repr((curve.data_path, curve.array_index, tuple(point.co), point.interpolation)).encode())
            count += 1
    return digest.hexdigest(), count


def close_session():
    from coamd_blender.core import session

    session.close()


def stop_and_start_the_addon():
    import coamd_blender

    coamd_blender.unregister()
    coamd_blender.register()


def undo():
    bpy.ops.ed.undo()


def redo():
    bpy.ops.ed.redo()


EVENTS = {
    "the add-on is disabled": [stop_and_start_the_addon],
    "the runtime is installed": [close_session],
    "undo": [undo],
    "undo twice": [undo, undo],
    "undo and redo": [undo, redo],
    "undo twice and redo twice": [undo, undo, redo, redo],
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_ends_the_writing_half_way_leaves_no_take_at_all(writing, event):
    from coamd_blender.core import session

    _, before = writing
    for act in EVENTS[event]:
        act()
        bpy.context.view_layer.update()
    session.current().pump()
    assert [action.name for action in bpy.data.actions] == ["Before"]
    assert keys(bpy.data.actions["Before"]) == before
    assert bpy.data.objects["Hero"].animation_data.action.name == "Before"
    assert not bpy.context.scene.coamd.takes and not session.current().running


def test_an_undo_is_told_with_what_to_do_and_the_next_request_works(writing):
    current, _ = writing
    undo()
    settle(current, lambda: not current.running)
    assert str(current.error).endswith("Press Generate again")
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    assert len(bpy.context.scene.coamd.takes) == 3


def test_nothing_in_the_file_refers_to_an_action_before_all_are_written(writing):
    current, _ = writing
    while not bpy.context.scene.coamd.takes:
        assert current.running
        new = [action for action in bpy.data.actions if action.name != "Before"]
        assert all(action.users == 0 for action in new)
        current.pump()
    assert [take.action.users > 0 for take in bpy.context.scene.coamd.takes] == [True] * 3
    settle(current, lambda: not current.running)  # pictures of the takes are still drawn


def test_a_file_saved_meanwhile_has_no_half_written_action(writing, tmp_path):
    path = str(tmp_path / "meanwhile.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    with bpy.data.libraries.load(path) as (there, _):
        assert there.actions == ["Before"]


def test_an_undo_step_made_meanwhile_brings_no_half_written_action_back(writing):
    from coamd_blender.anim import unfinished

    current, before = writing
    bpy.ops.ed.undo_push(message="meanwhile")  # the user moves something: the step holds what is half written
    settle(current, lambda: not current.running)
    whole = {action.name: keys(action)[1] for action in bpy.data.actions}
    assert len(whole) == 4 and not any(unfinished.MARK in action for action in bpy.data.actions)
    undo()
    assert [action.name for action in bpy.data.actions] == ["Before"]
    assert keys(bpy.data.actions["Before"]) == before
    redo()
    assert {action.name: keys(action)[1] for action in bpy.data.actions} == whole
    assert bpy.data.objects["Hero"].animation_data.action == bpy.context.scene.coamd.takes[0].action


def test_writing_does_not_go_on_in_an_earlier_state_of_its_own_action(writing):
    """An undo to a step made meanwhile brings back the Action as it was then, under the same number."""
    current, before = writing
    bpy.ops.ed.undo_push(message="meanwhile")
    pump(current, 5)
    bpy.ops.ed.undo_push(message="later")
    undo()
    settle(current, lambda: not current.running)
    assert current.error is not None
    assert [action.name for action in bpy.data.actions] == ["Before"]
    assert keys(bpy.data.actions["Before"]) == before


@pytest.mark.usefixtures("writing")
def test_a_recovered_file_loses_what_was_half_written(tmp_path):
    half = next(action for action in bpy.data.actions if action.name != "Before")
    half.use_fake_user = True  # as a recovered session holds it
    path = str(tmp_path / "recovered.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert [action.name for action in bpy.data.actions] == ["Before"]
