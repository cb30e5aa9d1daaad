"""Armatures whose rest pose nobody stands in: read, and animated, by a frame of their Action in which they stand."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import angles_between, evaluated_heads, new_scene, walking  # noqa: E402

from coamd_blender.anim import by_motion, targets, write_action  # noqa: E402
from coamd_blender.anim.read_action import read_action  # noqa: E402
from coamd_blender.errors import RigError  # noqa: E402
from coamd_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, PARENTS  # noqa: E402
from coamd_blender.rig_mapping import workflow  # noqa: E402
from runtime.evaluate.export_names import joint_names  # noqa: E402
from runtime.evaluate.exports import Export, known_joints, write_bvh_export  # noqa: E402

LIMBS = ("left_knee", "right_ankle", "left_elbow", "right_wrist", "right_knee", "left_ankle", "left_wrist", "neck")


def imported(tmp_path, kind, zero, scheme="mixamo bare"):
    """A file of a known motion, imported by Blender; every bone rests along one axis where ``zero`` is "bone"."""
    path = tmp_path / "made.bvh"
    write_bvh_export(path, Export(kind, joint_names(scheme), zero=zero, fps=20, unit=1.0))
    new_scene(20)
    bpy.ops.import_anim.bvh(filepath=str(path))
    return bpy.context.object


def apart(joints, known):
    """Degrees (F, bones) between the bones of LIMBS."""
    ends = [JOINT_INDEX[name] for name in LIMBS]
    starts = [PARENTS[end] for end in ends]
    return angles_between(joints[:, ends] - joints[:, starts], known[:, ends] - known[:, starts])


@pytest.mark.parametrize("zero", ["t", "bone"])
@pytest.mark.parametrize("kind", ["walk", "bow", "squat"])
def test_the_action_is_read_on_the_floor_as_it_was_made(addon, tmp_path, kind, zero):
    armature, known = imported(tmp_path, kind, zero), known_joints(kind)
    reading = read_action(armature)
    count = min(len(reading.joints), len(known))
    assert apart(reading.joints[:count], known[:count]).max() < 12
    assert abs(np.percentile(reading.joints[..., 1].min(axis=1), 10)) < 0.05
    told = [note for note in reading.notes if "not a stance" in note]
    assert bool(told) == (zero == "bone") == (reading.reference is not None)


@pytest.mark.parametrize("scheme", ["mixamo bare", "smpl", "unreal"])
def test_a_motion_put_on_such_a_rig_points_where_it_should(addon, tmp_path, scheme):
    armature = imported(tmp_path, "walk", "bone", scheme)
    options = targets.rig_options(armature)
    write_action.apply_motion(armature, walking(20), start_frame=1, contact="off", **options)
    bones = options["mapping"].bones
    heads = evaluated_heads(armature, [bones[name] for name in bones], [1, 8, 20])
    found = np.full((3, 22, 3), np.nan)
    found[:, [JOINT_INDEX[name] for name in bones]] = heads
    across = found[0, JOINT_INDEX["left_hip"]] - found[0, JOINT_INDEX["right_hip"]]
    turn = np.arctan2(-across[2], across[0])
    about = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    wanted = walking(20)[[0, 7, 19]]
    assert np.nanmax(apart(found @ about.T, wanted)) < 12


def test_a_rig_in_which_nobody_stands_is_refused_and_the_remedy_works(addon, tmp_path):
    armature = imported(tmp_path, "walk", "bone")
    armature.animation_data_clear()
    with pytest.raises(RigError, match="is not a stance") as caught:
        targets.rig_options(armature)
    assert "Use Current Pose as Rest" in str(caught.value)
    again = imported(tmp_path, "wave", "bone")
    bpy.context.scene.frame_set(1)
    assert bpy.ops.coamd.capture_rest() == {"FINISHED"}
    again.animation_data_clear()
    assert targets.rig_options(again)["reference"]


def test_a_nameless_rig_in_which_nobody_stands_is_known_by_its_motion(addon, tmp_path):
    armature = imported(tmp_path, "walk", "bone", "nothing")
    assert targets.coverage(armature).error is not None
    found = by_motion.find(armature)
    assert found.error is None and found.mapping.preset == "Guessed by its motion"
    names = dict(zip(JOINT_NAMES, joint_names("nothing"), strict=True))
    assert {joint: names[joint] for joint in found.mapping.bones} == found.mapping.bones
    options = targets.rig_options(armature)
    write_action.apply_motion(armature, walking(20), start_frame=1, contact="off", **options)
    joints = ("left_hip", "left_knee", "left_ankle", "right_shoulder", "right_elbow", "right_wrist")
    heads = evaluated_heads(armature, [names[joint] for joint in joints], [1, 8, 20])
    wanted = walking(20)[[0, 7, 19]][:, [JOINT_INDEX[joint] for joint in joints]]
    for start, end in ((0, 1), (1, 2), (3, 4), (4, 5)):
        made, asked = heads[:, end] - heads[:, start], wanted[:, end] - wanted[:, start]
        turned = [angles_between(bone[1:], np.repeat(bone[:1], 2, axis=0)) for bone in (made, asked)]
        assert np.abs(turned[0] - turned[1]).max() < 6
    armature.animation_data_clear()
    workflow.forget(armature)
    assert by_motion.find(armature).error is not None
