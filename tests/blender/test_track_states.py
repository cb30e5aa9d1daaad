"""What becomes of a track, in each of its states, whatever is done to the file or the armature; and of keys that were
set by hand, on every path through takes. docs/track.md has the table."""

import pytest
from test_addon_edit import keys, same, settle
from test_addon_panels import drawn
from test_addon_track import filled, made, modules

bpy = pytest.importorskip("bpy")

TWO = (("a person walks", 24), ("a person waves", 24))
STATES = ("empty", "not made", "made", "changed", "being made", "take chosen", "edit waits", "live")


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
    if request.param == "take chosen":
        armature.coamd_track.index = 1
        assert bpy.ops.coamd.regenerate_block() == {"FINISHED"}
        assert bpy.ops.coamd.show_take(index=0) == {"FINISHED"}
    if request.param in ("edit waits", "live"):
        ranges = bpy.context.scene.coamd_edit
        ranges.source_of_range, ranges.first, ranges.last, ranges.prompt = "FRAMES", 110, 130, "a person bows"
        assert bpy.ops.coamd.edit_range() == {"FINISHED"}
    if request.param == "live":
        assert bpy.ops.coamd.live_edit() == {"FINISHED"}
    yield armature, request.param
    from coamd_blender.edit import live

    live.stop()


def told(armature):
    """What the track holds, and what of it is made."""
    _, tracks = modules()
    return tracks.read(armature), tracks.states(armature)


def around():
    """What is beside the track: the take that is chosen, the edit that waits with what it is of, and live or not."""
    from coamd_blender.edit import live, pending

    scene, waits = bpy.context.scene, pending.pending(bpy.context)
    take = scene.coamd.takes[scene.coamd.take_index].name if scene.coamd.takes else ""
    named = () if waits is None else (waits.armature.name, waits.source.name, waits.preview.name)
    return take, scene.coamd.take_index, named, live.on()


def test_a_track_is_renamed_saved_opened_and_appended_with_its_armature(tracked, tmp_path):
    from coamd_blender.core import session

    armature, state = tracked
    before, names = told(armature), {action.name for action in bpy.data.actions if action.users}
    beside = around()
    armature.name = armature.data.name = "Somebody"
    assert told(armature) == before
    beside = (*beside[:2], (beside[2] and ("Somebody", *beside[2][1:])), beside[3])
    assert around() == beside
    paths = [str(tmp_path / name) for name in ("auto.blend", "own.blend")]
    bpy.ops.wm.save_as_mainfile(filepath=paths[0], copy=True)  # as Blender saves by itself: the file stays as it is
    assert told(armature) == before and around() == beside
    if state == "being made":
        settle(lambda: not session.current().asking)
        assert session.current().error is None and told(armature) == (before[0], ["MADE"] * 2)
    bpy.ops.wm.save_as_mainfile(filepath=paths[1])
    after, later = told(armature), around()
    assert later == beside or state == "being made"
    playing = armature.animation_data.action.name if armature.animation_data.action else ""
    for path, wanted, then in zip(paths, (before, after), (beside, later), strict=True):
        bpy.ops.wm.open_mainfile(filepath=path)
        assert told(bpy.data.objects["Somebody"]) == wanted
        assert {action.name for action in bpy.data.actions} >= names
        assert around() == (*then[:3], False), "live in-between is off in a file that is opened; its edit waits on"
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(paths[1]) as (_, into):
        into.objects = ["Somebody"]
    assert told(into.objects[0]) == after
    action = into.objects[0].animation_data.action
    assert (action.name if action else "") == playing and around() == ("", 0, (), False)


def test_an_edit_that_waits_is_accepted_or_rejected_in_a_file_that_was_opened(walker, tmp_path):
    armature, _ = walker
    made(armature, TWO)
    ranges = bpy.context.scene.coamd_edit
    ranges.source_of_range, ranges.first, ranges.last, ranges.prompt = "FRAMES", 110, 130, "a person bows"
    bpy.ops.coamd.edit_range()
    path, was = str(tmp_path / "waits.blend"), keys(ranges.source, armature)
    new = keys(ranges.preview, armature)
    assert not same(was, new)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    for end, wanted in (("edit_reject", was), ("edit_accept", new)):
        bpy.ops.wm.open_mainfile(filepath=path)
        assert getattr(bpy.ops.coamd, end)() == {"FINISHED"}
        armature = bpy.data.objects["Rig"]
        assert same(keys(armature.animation_data.action, armature), wanted)


def test_undo_takes_a_block_back_and_deleting_the_armature_leaves_nothing_half_made(tracked):
    from coamd_blender.core import session
    from coamd_blender.edit import live

    armature, state = tracked
    current, before, beside = session.current(), told(armature), around()
    bpy.ops.ed.undo_push(message="as it is")
    bpy.ops.coamd.block_add(prompt="more", frames=24)
    bpy.ops.ed.undo_push(message="one more")
    bpy.ops.ed.undo()
    armature = bpy.data.objects["Rig"]
    assert told(armature) == before and around() == beside
    names = {action.name for action in bpy.data.actions}
    bpy.data.objects.remove(armature)
    settle(lambda: not current.asking)
    assert ("deleted meanwhile" in str(current.error)) == (state == "being made")
    assert {action.name for action in bpy.data.actions} == names
    assert around()[2] == (), "no edit waits for nobody"
    assert live.tick() is None and not live.on()
    assert "No armature" in drawn("COAMD_PT_track") and drawn("COAMD_PT_edit")


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
