"""Retargeting through Blender itself: its evaluated pose is the oracle."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import (  # noqa: E402
    RIG_FOLDER,
    angles_between,
    evaluated_heads,
    imported,
    metarig,
    mixamo,
    new_scene,
    walking,
)
from test_bake import curves_of  # noqa: E402

from coamd_blender import retarget  # noqa: E402
from coamd_blender.anim import armature, write_action  # noqa: E402
from coamd_blender.anim import plan as planning  # noqa: E402
from coamd_blender.character import figure  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402

J = skeleton.JOINT_INDEX
LIMBS = [f"{side}_{joint}" for side in ("left", "right") for joint in ("knee", "ankle", "elbow", "wrist")]
FILES = ["quaternius_male", "quaternius_female", "kenney_zombie"]
ON_DISK = pytest.mark.skipif(not RIG_FOLDER.is_dir(), reason="set COAMD_RIGS to a folder with the rig files")


def mapped(rig_object):
    rig = armature.read_rig(rig_object)
    return retarget.detect(rig.names, rig.parents).bones


def limb_errors(rig_object, joints, frames):
    """The largest angle of each limb between Blender's pose and the motion, degrees."""
    bones = mapped(rig_object)
    names = [joint for joint in skeleton.JOINT_NAMES if joint in bones]
    heads = evaluated_heads(rig_object, [bones[joint] for joint in names], [1 + frame for frame in frames])
    errors = {}
    for end in LIMBS:
        start = skeleton.JOINT_NAMES[skeleton.PARENTS[J[end]]]
        mine = heads[:, names.index(end)] - heads[:, names.index(start)]
        errors[end] = angles_between(mine, joints[frames][:, J[end]] - joints[frames][:, J[start]]).max()
    return errors


@pytest.mark.parametrize("rolled", [False, True])
@pytest.mark.parametrize("lowered", [0.0, 0.8], ids=["t_pose", "a_pose"])
@pytest.mark.parametrize("moved", [False, True], ids=["plain", "moved"])
def test_heads_within_a_millimetre_on_a_rig_of_the_same_proportions(rolled, lowered, moved):
    new_scene()
    rig_object = mixamo(rolled=rolled, lowered=lowered)
    assert len(rig_object.data.bones) == 65
    if moved:
        rig_object.rotation_euler, rig_object.location = (0.4, -0.3, 2.0), (1, 2, 3)
        rig_object.data.transform(rig_object.rotation_euler.to_matrix().to_4x4() @ rig_object.matrix_basis.inverted())
        rig_object.scale = (0.01,) * 3
        rig_object.data.transform(__import__("mathutils").Matrix.Scale(100, 4))
    joints = walking()
    write_action.apply_motion(rig_object, joints, start_frame=1, place="world", contact="off")
    frames = list(range(0, 40, 3))
    bones = mapped(rig_object)
    heads = evaluated_heads(rig_object, [bones[joint] for joint in skeleton.JOINT_NAMES], [1 + f for f in frames])
    assert np.abs(heads - joints[frames]).max() < 1e-3


def test_our_character_follows_to_the_millimetre():
    new_scene()
    rig_object = figure.create_character(bpy.context)
    joints = walking()
    write_action.apply_motion(rig_object, joints, start_frame=1, contact="off")
    bones = mapped(rig_object)
    heads = evaluated_heads(rig_object, [bones[joint] for joint in skeleton.JOINT_NAMES], range(1, 41, 4))
    assert np.abs(heads - joints[::4]).max() < 1e-3


def test_limbs_of_the_metarig_point_where_the_motions_do():
    new_scene()
    rig_object = metarig()
    assert retarget.detect([bone.name for bone in rig_object.data.bones]).preset == "Rigify metarig"
    joints = walking()
    write_action.apply_motion(rig_object, joints, start_frame=1, contact="off")
    errors = limb_errors(rig_object, joints, list(range(0, 40, 5)))
    assert max(errors.values()) < 1.0, errors


@ON_DISK
@pytest.mark.parametrize("name", FILES)
def test_limbs_of_imported_characters_point_where_the_motions_do(name):
    new_scene()
    rig_object = imported(name)
    joints = walking()
    write_action.apply_motion(rig_object, joints, start_frame=1, contact="off")
    errors = limb_errors(rig_object, joints, list(range(0, 40, 5)))
    assert max(errors.values()) < 1.0, errors


@pytest.mark.parametrize("make", [figure.create_character, lambda _context: metarig()], ids=["own", "metarig"])
def test_feet_stay_over_the_floor_and_the_walk_goes_forward(make):
    new_scene()
    rig_object = make(bpy.context)
    joints = walking()
    write_action.apply_motion(rig_object, joints, start_frame=1)
    bones = mapped(rig_object)
    heads = evaluated_heads(rig_object, [bones[f"{side}_foot"] for side in ("left", "right")], range(1, 41))
    rest = min(rig_object.data.bones[bones[f"{side}_foot"]].head_local.z for side in ("left", "right"))
    assert heads[..., 1].min() > rest - 0.03
    pelvis = evaluated_heads(rig_object, [bones["pelvis"]], [1, 40])[:, 0]
    assert pelvis[1, 2] - pelvis[0, 2] > 1.0 and abs(pelvis[1, 0] - pelvis[0, 0]) < 0.2


def test_a_full_window_is_solved_once_and_every_curve_is_written_once(monkeypatch):
    new_scene()
    rig_object = mixamo()
    solved, written, solve, write = [], [], planning.solve, write_action._write_curve
    monkeypatch.setattr(planning, "solve", lambda *given: solved.append(given) or solve(*given))
    monkeypatch.setattr(write_action, "_write_curve", lambda *given: written.append(given) or write(*given))
    action = write_action.apply_motion(rig_object, walking(196), start_frame=1)
    assert len(solved) == 1 and len(written) == len(curves_of(action)) == 22 * 4 + 3
    assert {len(curve.keyframe_points) for curve in curves_of(action)} == {196}


def test_so_many_keys_are_written_at_a_time_and_the_armature_is_left_alone_meanwhile():
    new_scene()
    rig_object = mixamo()
    before = write_action.apply_motion(rig_object, walking(8), start_frame=1)
    plan = planning.plan_motion(write_action.read_target(rig_object, start_frame=1), walking(20))
    action, done, pieces = write_action.new_action(rig_object, plan), 0, []
    while done < len(plan.curves):
        written = write_action.write_some(action, plan, done, 4 * len(plan.curves[0].frames))
        pieces.append(written - done)
        done = written
        assert rig_object.animation_data.action == before
    assert sum(pieces) == len(plan.curves) and set(pieces[:-1]) == {4}
