"""The retargeting oracle: known rotations through rolled, posed, scaled and turned rigs, checked by independent FK."""

import sys

import numpy as np
import pytest
import synthetic
from bodies import a_pose_offsets, angles_between, make_rig, pose, posed_heads, swaying_rotations
from scipy.spatial.transform import Rotation

from coamd_blender.errors import InputError, RigError
from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, detect, solve
from coamd_blender.retarget.rig import simple_rig

J = skeleton.JOINT_INDEX
PLAIN = Options(place="world", contact="off", floor=False)
SEGMENTS = [(parent, joint) for joint, parent in enumerate(skeleton.PARENTS) if parent >= 0]
TILT = Rotation.from_euler("xyz", (25, -70, 140), degrees=True)
RIGS = {
    "t_pose": make_rig(),
    "rolled": make_rig(rolls=True),
    "a_pose": make_rig(a_pose_offsets(50), rolls=True),
    "scaled": make_rig(rolls=True, scale=0.01),
    "turned": make_rig(a_pose_offsets(35), rolls=True, turn=TILT, scale=2.5),
    "z_up": make_rig(rolls=True, turn=Rotation.from_euler("x", 90, degrees=True), shift=(3, 0, -2)),
}


def motion(frames=60, seed=0):
    travel = np.linspace((0, 0, 0), (0.4, 0.1, 2.0), frames)
    return pose(swaying_rotations(frames, seed=seed), travel=travel)


@pytest.mark.parametrize("name", RIGS)
def test_heads_within_a_millimetre_where_proportions_agree(name):
    rig, joints = RIGS[name], motion()
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN))
    assert np.abs(heads - joints).max() < 1e-3


@pytest.mark.parametrize("turn", [None, TILT], ids=["straight", "turned"])
@pytest.mark.parametrize("lowered", [0, 45], ids=["t_pose", "a_pose"])
def test_directions_within_a_degree_where_proportions_differ(lowered, turn):
    factors = np.random.default_rng(3).uniform(0.6, 1.6, size=22)
    factors = 0.5 * (factors + factors[list(skeleton.MIRROR)])
    rig = make_rig(a_pose_offsets(lowered, skeleton.REST_OFFSETS * factors[:, None]), rolls=True, turn=turn, scale=0.3)
    joints = motion(seed=4)
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN))
    for start, end in SEGMENTS:
        apart = angles_between(heads[:, end] - heads[:, start], joints[:, end] - joints[:, start])
        assert apart.max() < 1.0, (skeleton.JOINT_NAMES[end], apart.max())


def test_a_rig_with_a_spine_of_its_own_still_points_its_limbs_exactly():
    offsets = a_pose_offsets(40)
    offsets[J["spine1"]], offsets[J["spine2"]] = (0, 0.15, 0.06), (0, 0.12, -0.04)
    offsets[J["left_collar"]], offsets[J["right_collar"]] = (0.03, 0.16, 0.05), (-0.03, 0.16, 0.05)
    rig, joints = make_rig(offsets, rolls=True), motion(seed=5)
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN))
    for limb in ("knee", "ankle", "elbow", "wrist"):
        for side in ("left", "right"):
            end = J[f"{side}_{limb}"]
            start = skeleton.PARENTS[end]
            apart = angles_between(heads[:, end] - heads[:, start], joints[:, end] - joints[:, start])
            assert apart.max() < 1.0, (side, limb, apart.max())


def test_an_unmapped_bone_between_mapped_ones_is_carried_along():
    rig = RIGS["rolled"]
    shoulder, elbow = J["left_shoulder"], J["left_elbow"]
    middle = rig.rest[shoulder].copy()
    middle[:3, 3] = 0.5 * (rig.rest[shoulder, :3, 3] + rig.rest[elbow, :3, 3])
    order = [*range(elbow), 22, *range(elbow, 22)]
    names = [*skeleton.JOINT_NAMES, "upper_twist"]
    parents = [*skeleton.PARENTS, shoulder]
    parents[elbow] = 22
    moved = {old: new for new, old in enumerate(order)} | {-1: -1}
    longer = simple_rig(
        [names[old] for old in order],
        [moved[parents[old]] for old in order],
        np.concatenate([rig.rest, middle[None]])[order],
    )
    joints = motion(seed=6)
    heads = posed_heads(longer, solve(longer, detect(longer.names), joints, PLAIN))
    for joint, name in enumerate(skeleton.JOINT_NAMES):
        assert np.abs(heads[:, longer.names.index(name)] - joints[:, joint]).max() < 1e-3


def test_a_character_starts_where_it_stands_and_faces_its_way():
    """Turned a quarter to +X, off to one side and half as large: the walk starts there, goes +X, half as far."""
    quarter = Rotation.from_euler("y", 90, degrees=True)
    rig = make_rig(rolls=True)
    world = np.eye(4)
    world[:3, :3], world[:3, 3] = 0.5 * quarter.as_matrix(), (5, 1, 3)
    small = simple_rig(rig.names, rig.parents, rig.rest, world=world)
    still = np.tile(skeleton.rest_joints(), (20, 1, 1))
    walk = still + np.linspace((0, 0, 0), (0, 0, 2.0), 20)[:, None]
    heads = posed_heads(small, solve(small, detect(small.names), walk, Options(contact="off")))
    expected = quarter.apply(0.5 * walk.reshape(-1, 3)).reshape(walk.shape) + np.array((5, 1, 3))
    assert np.abs(heads - expected).max() < 1e-3
    staying = solve(small, detect(small.names), walk, Options(contact="off", in_place=True))
    assert np.abs(posed_heads(small, staying) - heads[:1]).max() < 1e-6


def test_feet_stand_at_the_rigs_own_ankle_height():
    """Higher ankles and steeper feet: a standing body keeps its rest heights, soles flat."""
    offsets = skeleton.REST_OFFSETS.copy()
    for side in ("left", "right"):
        offsets[J[f"{side}_foot"], 1] *= 1.5
    rig = make_rig(offsets)
    rest = np.array(rig.heads)
    lift = rest[J["left_foot"], 1]
    raised = rig.rest.copy()
    raised[:, 1, 3] -= lift
    rig = simple_rig(rig.names, rig.parents, raised)
    still = np.tile(skeleton.rest_joints(), (5, 1, 1))
    heads = posed_heads(rig, solve(rig, detect(rig.names), still, Options(contact="off")))
    for joint in ("left_ankle", "left_foot", "right_foot", "left_hip"):
        assert abs(heads[0, J[joint], 1] - raised[J[joint], 1, 3]) < 2e-3, joint


def test_quaternions_are_unit_and_do_not_jump():
    rig = RIGS["turned"]
    vectors = swaying_rotations(200)
    vectors[:, 0] = np.array((0, 1, 0)) * np.linspace(0, 6 * np.pi, 200)[:, None]
    quaternions = solve(rig, detect(rig.names), pose(vectors), PLAIN).quaternions
    assert np.allclose(np.linalg.norm(quaternions, axis=-1), 1)
    assert ((quaternions[1:] * quaternions[:-1]).sum(axis=-1) > 0.9).all()


@pytest.mark.parametrize(
    "joints",
    [np.zeros((5, 21, 3)), np.zeros((0, 22, 3)), np.full((4, 22, 3), np.nan), np.zeros((4, 22, 3)), np.array("x")],
    ids=["shape", "empty", "nan", "zero", "text"],
)
def test_unusable_joints_are_one_clear_line(joints):
    rig = RIGS["t_pose"]
    with pytest.raises(InputError) as caught:
        solve(rig, detect(rig.names), joints)
    assert "\n" not in str(caught.value) and caught.value.hint


def test_unusable_rigs_are_one_clear_line():
    rig = RIGS["t_pose"]
    mapping, joints = detect(rig.names), motion(3)
    stub = rig.rest.copy()
    stub[J["left_knee"]] = stub[J["left_hip"]]
    for rest, world in ((stub, None), (rig.rest, np.diag([-1.0, 1, 1, 1])), (rig.rest, np.diag([0.0, 0, 0, 1]))):
        with pytest.raises(RigError) as caught:
            solve(simple_rig(rig.names, rig.parents, rest, world=world), mapping, joints)
        assert "\n" not in str(caught.value) and caught.value.hint
    world = np.eye(4)
    world[:3, :3] = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    lying = simple_rig(rig.names, rig.parents, rig.rest, world=world)
    with pytest.raises(RigError, match="side"):
        solve(lying, mapping, joints)


def test_unknown_options_are_refused():
    for options in ({"place": "here"}, {"contact": "hard"}):
        with pytest.raises(InputError):
            Options(**options)


def calls_of(work) -> int:
    """How many functions ``work`` calls, Python's and C's: the steps it takes, whatever the machine."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_steps_hardly_grow_with_the_frames_and_only_in_proportion_with_the_bones():
    """All frames are solved at once; what goes frame by frame, the hysteresis of contacts, takes a step of each."""
    rig, joints = RIGS["rolled"], motion(400)
    mapping = detect(rig.names)
    short, long = (calls_of(lambda frames=frames: solve(rig, mapping, joints[:frames])) for frames in (100, 400))
    assert long - short < 3 * 300
    steps = []
    for bones in (65, 130, 260):
        rig, mapping = synthetic.random_rig(7, fillers=bones - len(synthetic.random_rig(7)[0].names))
        steps.append(calls_of(lambda rig=rig, mapping=mapping: solve(rig, mapping, joints[:10])))
    assert steps[2] - steps[1] <= 2.5 * (steps[1] - steps[0])
