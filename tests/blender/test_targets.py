"""What panels and steps remember of armatures and data-blocks, so that neither bones nor Actions make them slow."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Euler  # noqa: E402
from rigs import mixamo  # noqa: E402

from coamd_blender.anim import armature as reader  # noqa: E402
from coamd_blender.anim import changes, targets  # noqa: E402


class Counting:
    """A collection of data-blocks that counts how many of them are looked at."""

    bl_rna = SimpleNamespace(identifier="BlendDataCounted")

    def __init__(self, blocks):
        self.blocks, self.visits = blocks, 0

    def __iter__(self):
        for block in self.blocks:
            self.visits += 1
            yield block


@pytest.fixture
def looks(addon, monkeypatch):
    """What looked at the bones of an armature: a list that grows by one entry a look."""
    noted, function = [], targets.parents_of

    def noting(bones):
        noted.append(len(bones))
        return function(bones)

    monkeypatch.setattr(targets, "parents_of", noting)
    return noted


def test_a_redraw_looks_at_no_bones_until_an_armature_changes(looks):
    armature = mixamo()
    first = targets.shown_coverage(armature)
    looks.clear()
    for _ in range(3):
        assert targets.shown_coverage(armature) == first
    assert looks == []
    armature.data.bones["mixamorig:LeftUpLeg"].name = "thigh of the left"
    bpy.context.view_layer.update()
    assert targets.shown_coverage(armature).mapping.bones["left_hip"] == "thigh of the left"
    assert targets.shown_coverage(armature).preset != first.preset and len(looks) == 1


def test_a_redraw_sees_another_armature_a_mapping_of_its_own_and_constraints_at_once(looks):
    one, other = mixamo(), mixamo("other:")
    assert targets.shown_coverage(one).mapping.bones["head"] == "mixamorig:Head"
    assert targets.shown_coverage(other).mapping.bones["head"] == "other:Head"
    other.pose.bones["other:LeftArm"].constraints.new("DAMPED_TRACK").target = one
    assert "LeftArm follows constraints" in " ".join(targets.shown_coverage(other).notes)
    for joint, bone in targets.shown_coverage(other).mapping.bones.items():
        entry = other.coamd_rig.joints.add()
        entry.name, entry.bone = joint, bone
    other.coamd_rig.label = "Mine"
    assert targets.shown_coverage(other).preset == "Mine"


def test_what_is_asked_for_a_motion_is_read_from_the_bones_as_they_are(looks):
    armature = mixamo()
    targets.shown_coverage(armature)
    armature.data.bones["mixamorig:Head"].name = "skull"  # and Blender has had no time to say so
    assert "mixamorig:Head" not in targets.coverage(armature).mapping.bones.values()


def test_a_data_block_is_found_again_without_a_look_at_the_others(addon):
    blocks = Counting([SimpleNamespace(session_uid=number) for number in range(10_000)])
    assert targets.by_uid(blocks, 9_999) is blocks.blocks[-1] and blocks.visits == 10_000
    assert all(targets.by_uid(blocks, 9_999) is blocks.blocks[-1] for _ in range(100)) and blocks.visits == 10_000
    assert targets.by_uid(blocks, 3) is blocks.blocks[3] and blocks.visits == 10_004


def test_a_data_block_that_was_removed_is_not_found(addon):
    kept, gone = (bpy.data.actions.new(name) for name in ("Kept", "Gone"))
    uid = gone.session_uid
    assert targets.by_uid(bpy.data.actions, uid) == gone
    bpy.data.actions.remove(gone)
    assert targets.by_uid(bpy.data.actions, uid) is None
    assert targets.by_uid(bpy.data.actions, kept.session_uid) == kept


def test_after_an_undo_a_data_block_is_looked_for_anew(addon):
    action = bpy.data.actions.new("Found")
    action.use_fake_user = True
    uid = action.session_uid
    bpy.ops.ed.undo_push(message="made")
    bpy.data.scenes[0].frame_current = 30
    bpy.ops.ed.undo_push(message="moved")
    before = targets.by_uid(bpy.data.actions, uid)
    assert before.name == "Found"
    count = changes.data()
    bpy.ops.ed.undo()
    assert changes.data() == count + 1
    assert targets.by_uid(bpy.data.actions, uid).name == "Found"


def test_nothing_is_remembered_where_nobody_counts():
    assert changes.data() is None and changes.armatures() is None
    blocks = Counting([SimpleNamespace(session_uid=number) for number in range(10)])
    assert targets.by_uid(blocks, 9) and targets.by_uid(blocks, 9) and blocks.visits == 20


def test_a_rig_is_read_as_its_bones_say_one_by_one():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    rig_object, rng = mixamo(rolled=True), np.random.default_rng(3)
    modes = ("QUATERNION", "XYZ", "ZYX", "AXIS_ANGLE")
    for number, bone in enumerate(rig_object.data.bones):
        bone.use_inherit_rotation, bone.use_local_location = (rng.random(2) < 0.5).tolist()
        rig_object.pose.bones[bone.name].rotation_mode = modes[number % 4]
    bpy.ops.object.mode_set(mode="EDIT")
    rig_object.data.edit_bones["mixamorig:Spine1"].use_connect = True
    bpy.ops.object.mode_set(mode="OBJECT")
    rig, bones = reader.read_rig(rig_object), rig_object.data.bones
    assert sorted(rig.names) == sorted(bones.keys()) and rig.connected.sum() == 1
    for number, name in enumerate(rig.names):
        bone, parent = bones[name], rig.parents[number]
        assert (bone.parent.name if bone.parent else None) == (rig.names[parent] if parent >= 0 else None)
        assert parent < number and np.array_equal(rig.rest[number], np.array(bone.matrix_local))
        assert rig.lengths[number] == bone.length
        assert rig.rotation_modes[number] == rig_object.pose.bones[name].rotation_mode
        flags = rig.connected[number], rig.inherit_rotation[number], rig.local_location[number]
        assert flags == (bone.use_connect, bone.use_inherit_rotation, bone.use_local_location)


def test_the_path_of_a_bone_is_the_one_blender_gives(addon):
    armature = mixamo()
    armature.data.bones["mixamorig:Head"].name = 'a "quoted" \\ bone'
    paths = reader.read_armature(armature).paths
    assert paths == {bone.name: bone.path_from_id() for bone in armature.pose.bones}


@pytest.mark.parametrize("degrees", [(90, 0, 0), (0, 0, 0), (-90, 0, 90)])
def test_a_rig_without_names_is_understood_however_armature_and_object_are_turned(addon, degrees):
    """The bones are turned one way and the object the other, as an importer of files with Y up leaves them."""
    armature = mixamo()
    turn = Euler(np.radians(degrees)).to_matrix().to_4x4()
    wanted = targets.coverage(armature).mapping.bones
    bones = armature.data.bones
    new = {name: f"Bone.{number:03d}" for number, name in enumerate(bones.keys())}
    for name, plain in new.items():
        bones[name].name = plain
    armature.data.transform(turn.inverted())
    armature.matrix_world = turn
    bpy.context.view_layer.update()
    found = targets.coverage(armature)
    assert found.error is None and found.preset == "Guessed by shape"
    assert found.mapping.bones == {joint: new[wanted[joint]] for joint in found.mapping.bones}
    assert found.mapped >= 20
