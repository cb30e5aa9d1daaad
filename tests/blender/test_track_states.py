"""What becomes of a track, in each of its states, whatever is done to the file or the armature; and of keys that were
set by hand, on every path through takes. docs/track.md has the table."""

import pytest
from test_addon_edit import keys, same, settle
from test_addon_panels import drawn
from test_addon_track import filled, made, modules

bpy = pytest.importorskip("bpy")

TWO = (("a person walks", 24), ("a person waves", 24))
STATES = ("empty", "not made", "made", "changed", "being made")


def begun(armature):
    """A track that is being made: the runtime has been asked."""
    from coamd_blender.core import session
    from coamd_blender.track import workflow

    armature.animation_data.action = None
    filled(armature, (("a person walks slowly: slow", 24), TWO[1]))
    current = session.current()
    current.start(workflow.generate_track(bpy.context))
    settle(lambda: current.doing(session.REQUEST).job is not None)


@pytest.fixture(params=STATES)
def tracked(walker, request):
    """An armature whose track is in one of the states; yields it and the state."""
    armature, _ = walker
    if request.param == "not made":
        filled(armature, TWO, frame=61)
    elif request.param == "being made":
        begun(armature)
    elif request.param != "empty":
        made(armature, TWO)
    if request.param == "changed":
        armature.coamd_track.blocks[1].prompt = "a person bows"
    return armature, request.param


def told(armature):
    """What the track holds, and what of it is made."""
    _, tracks = modules()
    return tracks.read(armature), tracks.states(armature)


def test_a_track_is_renamed_saved_opened_and_appended_with_its_armature(tracked, tmp_path):
    from coamd_blender.core import session

    armature, state = tracked
    before, names = told(armature), {action.name for action in bpy.data.actions if action.users}
    armature.name = armature.data.name = "Somebody"
    assert told(armature) == before
    paths = [str(tmp_path / name) for name in ("auto.blend", "own.blend")]
    bpy.ops.wm.save_as_mainfile(filepath=paths[0], copy=True)  # as Blender saves by itself: the file stays as it is
    assert told(armature) == before
    if state == "being made":
        settle(lambda: not session.current().asking)
        assert session.current().error is None and told(armature) == (before[0], ["MADE"] * 2)
    bpy.ops.wm.save_as_mainfile(filepath=paths[1])
    after = told(armature)
    for path, wanted in zip(paths, (before, after), strict=True):
        bpy.ops.wm.open_mainfile(filepath=path)
        assert told(bpy.data.objects["Somebody"]) == wanted
        assert {action.name for action in bpy.data.actions} >= names
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(paths[1]) as (_, into):
        into.objects = ["Somebody"]
    assert told(into.objects[0]) == after


def test_undo_takes_a_block_back_and_deleting_the_armature_leaves_nothing_half_made(tracked):
    from coamd_blender.core import session

    armature, state = tracked
    current, before = session.current(), told(armature)
    bpy.ops.ed.undo_push(message="as it is")
    bpy.ops.coamd.block_add(prompt="more", frames=24)
    bpy.ops.ed.undo_push(message="one more")
    bpy.ops.ed.undo()
    armature = bpy.data.objects["Rig"]
    assert told(armature) == before
    names = {action.name for action in bpy.data.actions}
    bpy.data.objects.remove(armature)
    settle(lambda: not current.asking)
    assert ("deleted meanwhile" in str(current.error)) == (state == "being made")
    assert {action.name for action in bpy.data.actions} == names
    assert "No armature" in drawn("COAMD_PT_track")


def keyed(armature, number):
    """The armature plays a new Action with keys set by hand, which nothing else uses."""
    name = f"Mine {number}"
    armature.animation_data.action = bpy.data.actions.new(name)
    for frame in (1, 13, 30):
        bone = armature.pose.bones["mixamorig:LeftArm"]
        bone.rotation_quaternion = (1.0, 0.01 * frame, 0.1 * number, 0.0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    return name


def as_strips():
    """Generate as NLA strips, over what plays."""
    carry = bpy.context.scene.coamd.carry
    carry.output = "strip"
    bpy.ops.coamd.generate()
    carry.output = "action"


def edit(end):
    """Edit what plays, and end it so."""
    bpy.ops.coamd.edit_range()
    getattr(bpy.ops.coamd, end)()


def test_keys_set_by_hand_survive_every_path_through_takes(walker, tmp_path):
    armature, _ = walker
    settings, ranges = bpy.context.scene.coamd, bpy.context.scene.coamd_edit
    settings.variants, settings.prompt, settings.length_in, settings.frames = 2, "a person waves", "FRAMES", 24
    settings.begin = "FRESH"
    ranges.source_of_range, ranges.first, ranges.last = "FRAMES", 10, 21
    armature.animation_data.action = None
    bpy.ops.coamd.generate()
    bpy.ops.coamd.generate()
    filled(armature, TWO, frame=1)
    paths = (
        lambda: bpy.ops.coamd.show_take(index=0),
        lambda: bpy.ops.coamd.show_take(index=settings.take_index),
        lambda: bpy.ops.coamd.generate(),
        lambda: bpy.ops.coamd.generate_track(),
        lambda: edit("edit_accept"),
        lambda: bpy.ops.coamd.remove_takes(which="CHOSEN"),
        lambda: bpy.ops.coamd.remove_takes(which="OTHERS"),
        as_strips,
        lambda: edit("edit_push"),
        lambda: edit("edit_reject"),
    )
    written = {}
    for number, path in enumerate(paths):
        name = keyed(armature, number)
        written[name] = keys(bpy.data.actions[name], armature)
        assert path() in (None, {"FINISHED"})
    file = str(tmp_path / "hand.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.open_mainfile(filepath=file)
    armature = bpy.data.objects["Rig"]
    for name, table in written.items():
        kept = [name for name in (f"{name} (before)", name) if name in bpy.data.actions]
        assert kept and same(keys(bpy.data.actions[kept[0]], armature), table), name
