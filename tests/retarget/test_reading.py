"""From poses back to joints: a motion solved for a rig and posed by forward kinematics is the motion again."""

from dataclasses import replace

import numpy as np
import pytest
import synthetic
from bodies import J, a_pose_offsets, make_rig
from scipy.spatial.transform import Rotation

from coamd_blender.motion.rotations import EULER_ORDERS, matrix_from_quaternion
from coamd_blender.retarget import Options, detect, detect_rig, forward_kinematics, make_mapping, solve
from coamd_blender.retarget.body import read_rest
from coamd_blender.retarget.channels import matrix_from_euler, object_matrices, quaternions_of
from coamd_blender.retarget.reading import canonicalise, joints_of_poses

PLAIN = Options(place="world", contact="off", floor=False)
TILT = Rotation.from_euler("xyz", (25, -70, 140), degrees=True)
RIGS = {
    "plain": make_rig(),
    "rolled A-pose, scaled": make_rig(a_pose_offsets(50), rolls=True, scale=0.01),
    "turned": make_rig(a_pose_offsets(35), rolls=True, turn=TILT, scale=2.5),
}


def read_back(rig, mapping, joints):
    """Solve, pose and read: (placed joints, heads)."""
    poses = forward_kinematics(rig, *solve(rig, mapping, joints, PLAIN).expand(rig))
    named = {name: poses[:, number] for number, name in enumerate(rig.names)}
    return joints_of_poses(rig, mapping, read_rest(rig, mapping), named, rig.world)


@pytest.mark.parametrize("clip", synthetic.CLIPS)
@pytest.mark.parametrize("name", RIGS)
def test_what_was_put_on_a_rig_is_read_back(name, clip):
    rig, joints = RIGS[name], synthetic.CLIPS[clip](40)
    placed, heads = read_back(rig, detect(rig.names), joints)
    assert np.linalg.norm(placed - joints, axis=-1).mean() < 2e-3
    assert np.abs(heads - joints).max() < 5e-3, "these rigs have the canonical proportions"


@pytest.mark.parametrize("seed", range(8))
def test_rigs_of_any_proportions_give_the_motion_back(seed):
    rig, mapping = synthetic.random_rig(seed, fillers=seed % 3)
    joints = synthetic.walk(40)
    placed, _ = read_back(rig, mapping, joints)
    assert np.linalg.norm(placed - joints, axis=-1).mean() < 1e-2


def test_joints_without_a_bone_are_derived_from_those_above():
    rig, joints = make_rig(), synthetic.walk(40)
    whole = detect_rig(rig)
    absent = ("spine2", "left_collar", "right_wrist", "left_foot", "head")
    mapping = make_mapping("part", {joint: bone for joint, bone in whole.bones.items() if joint not in absent})
    placed, heads = read_back(rig, mapping, joints)
    assert np.isfinite(placed).all() and np.isfinite(heads).all()
    assert np.linalg.norm(placed - joints, axis=-1).mean() < 2e-2


def test_canonical_joints_start_at_the_origin_and_go_back():
    rig = make_rig(turn=Rotation.from_euler("y", 130, degrees=True), shift=(3, 1, -2))
    mapping = detect(rig.names)
    body = read_rest(rig, mapping)
    placed = synthetic.walk(40) @ Rotation.from_euler("y", 70, degrees=True).as_matrix().T + (5, 1, 6)
    joints, placement = canonicalise(placed, body, rig)
    across = joints[0, 1] - joints[0, 2] + joints[0, 16] - joints[0, 17]
    assert np.abs(joints[0, 0, [0, 2]]).max() < 1e-9 and abs(across[2]) < 0.1 * across[0]
    assert abs(joints[..., 1].min(axis=1).min()) < 0.02
    assert np.abs(placement.place(joints) - placed).max() < 1e-9


@pytest.mark.parametrize("height", [-1.9, -0.9, 0.9, 3.0])
def test_a_motion_far_from_the_floor_of_its_rest_pose_stands_on_the_floor(height):
    """Skeletons that rest with their hips at the origin: a walk stays a whole leg over where the feet rest."""
    rig = make_rig()
    body = read_rest(rig, detect(rig.names))
    walk = synthetic.walk(40)
    joints, placement = canonicalise(walk + np.array([0, height, 0]), body, rig)
    assert abs(np.percentile(joints[..., 1].min(axis=1), 10)) < 0.02
    assert np.abs(placement.place(joints)[:, 0, 1] - walk[:, 0, 1] - height).max() < 1e-9


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_euler_angles_turn_about_the_letters_in_turn(order):
    angles = np.random.default_rng(0).uniform(-3, 3, (20, 3))
    letters = [angles[:, "XYZ".index(letter)] for letter in order]
    wanted = Rotation.from_euler(order.lower(), np.stack(letters, axis=-1)).as_matrix()
    assert np.abs(matrix_from_euler(angles, order) - wanted).max() < 1e-9
    assert np.abs(matrix_from_quaternion(quaternions_of(angles, order)) - wanted).max() < 1e-9


def test_quaternions_and_axes_of_any_length_count_as_blender_counts_them():
    assert quaternions_of(np.array([[2.0, 0, 0, 2]]), "QUATERNION")[0] == pytest.approx([0.5**0.5, 0, 0, 0.5**0.5])
    assert quaternions_of(np.zeros((1, 4)), "QUATERNION")[0].tolist() == [1, 0, 0, 0]
    turn = quaternions_of(np.array([[np.pi / 2, 0, 0, 7], [np.pi, 0, 0, 0]]), "AXIS_ANGLE")
    assert turn[0] == pytest.approx([0.5**0.5, 0, 0, 0.5**0.5]) and turn[1] == pytest.approx([0, 0, 1, 0], abs=1e-9)


def test_objects_scale_then_turn_then_move():
    quarter = np.array([[0.5**0.5, 0, 0, 0.5**0.5]])
    (matrix,) = object_matrices(np.array([[1.0, 2, 3]]), quarter, np.array([[2.0, 3, 4]]))
    assert matrix @ (1, 0, 0, 1) == pytest.approx([1, 4, 3, 1])


def test_a_spine_without_bones_bends_from_the_pelvis_to_the_chest_in_equal_parts():
    """The chest is bent by 60 degrees, and so the two joints between by 20 and by 40."""
    rig = make_rig()
    whole = detect_rig(rig)
    mapping = make_mapping(
        "part",
        {joint: bone for joint, bone in whole.bones.items() if joint[:5] != "spine"}
        | {"spine3": whole.bones["spine3"]},
    )
    named = {name: rig.rest[number][None].copy() for number, name in enumerate(rig.names)}
    body = read_rest(rig, mapping)
    still, _ = joints_of_poses(rig, mapping, body, named, rig.world)
    chest = named[mapping.bones["spine3"]]
    chest[0, :3, :3] = Rotation.from_euler("z", 60, degrees=True).as_matrix() @ chest[0, :3, :3]
    bent, _ = joints_of_poses(rig, mapping, body, named, rig.world)
    for joint, wanted in (("spine2", 20), ("spine3", 40)):
        parent = J[joint] - 3
        bones = [joints[0, J[joint]] - joints[0, parent] for joints in (still, bent)]
        cosine = bones[0] @ bones[1] / np.linalg.norm(bones[0]) / np.linalg.norm(bones[1])
        assert np.degrees(np.arccos(cosine)) == pytest.approx(wanted, abs=1), joint


@pytest.mark.parametrize("lift, far", [(-0.05, True), (0.05, False), (0.15, False), (0.3, True)])
def test_the_floor_of_a_rig_is_its_origin_unless_its_toes_are_far_from_there(lift, far):
    """``lift`` in lengths of the leg: just over the origin ankles are that much higher, else the floor comes along."""
    rig = make_rig()
    still, leg = read_rest(rig, detect_rig(rig)), read_rest(rig, detect_rig(rig)).leg
    rest = rig.rest.copy()
    rest[:, 1, 3] += lift * leg
    raised = read_rest(replace(rig, rest=rest), detect_rig(rig))
    extra = 0.0 if far else lift * leg
    assert raised.ankle_height == pytest.approx(still.ankle_height + extra, abs=1e-6)
