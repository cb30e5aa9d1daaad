"""Long spines, twist bones, captured poses, travel, limits of joints: what rigs have beyond 22 plain bones."""

import numpy as np
import pytest
import synthetic
from bodies import J, a_pose_offsets, angles_between, make_rig, pose, posed_heads, swaying_rotations
from scipy.spatial.transform import Rotation

from coamd_blender.errors import InputError, RigError
from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, detect, forward_kinematics, make_mapping, solve
from coamd_blender.retarget.body import read_rest
from coamd_blender.retarget.limbs import limit_hinge, toe_turn
from coamd_blender.retarget.rig import simple_rig

PLAIN = Options(place="world", contact="off", floor=False)
IDENTITY = (1.0, 0.0, 0.0, 0.0)


def motion(frames=40, seed=0):
    return pose(swaying_rotations(frames, seed=seed), travel=np.linspace((0, 0, 0), (0.3, 0, 1.5), frames))


def insert(rig, name, parent, head, child=None):
    """``rig`` with one more bone under ``parent``; ``child``, if given, hangs from it. The turn is the parent's."""
    upper = rig.names.index(parent)
    names, parents = list(rig.names), list(rig.parents)
    place = rig.names.index(child) if child else len(names)
    row = rig.rest[upper].copy()
    row[:3, 3] = head
    parents = [above + (above >= place) for above in parents]
    names.insert(place, name)
    parents.insert(place, upper)
    if child:
        parents[place + 1] = place
    return simple_rig(names, parents, np.insert(rig.rest, place, row, axis=0), world=rig.world)


def turns_of(rig, solution):
    """Turns (F, B, 3, 3) of all bones away from rest, armature space."""
    matrices = forward_kinematics(rig, *solution.expand(rig))
    return matrices[..., :3, :3] @ np.swapaxes(rig.rest[:, :3, :3], 1, 2)


def angle(turns):
    return np.degrees(Rotation.from_matrix(turns).magnitude())


def test_a_bone_between_two_of_the_spine_takes_part_of_the_bend():
    """spine2 is not mapped: it turns halfway between its neighbours, and the chest still lies where it should."""
    rig = make_rig(rolls=True)
    bones = {joint: joint for joint in skeleton.JOINT_NAMES if joint != "spine2"}
    vectors = np.zeros((20, 22, 3))
    vectors[:, J["spine3"], 2] = np.linspace(0, 0.9, 20)
    solution = solve(rig, make_mapping("mine", bones), pose(vectors), PLAIN)
    assert "spine2" in solution.bones
    turns = turns_of(rig, solution)
    low, middle, high = (turns[:, J[joint]] for joint in ("spine1", "spine2", "spine3"))
    whole = angle(np.swapaxes(low, 1, 2) @ high)[-1]
    assert whole > 25
    for one, other in ((low, middle), (middle, high)):
        assert angle(np.swapaxes(one, 1, 2) @ other)[-1] == pytest.approx(whole / 2, abs=0.2 * whole)


def test_twist_bones_share_the_twist_of_the_upper_arm():
    """An arm turned about itself by 60 degrees: a twist bone in its middle by 30, one in line at its end by all."""
    plain = make_rig(rolls=True)
    shoulder, elbow = plain.heads[J["left_shoulder"]], plain.heads[J["left_elbow"]]
    vectors = np.zeros((30, 22, 3))
    vectors[:, J["left_shoulder"], 0] = np.linspace(0, np.radians(60), 30)
    vectors[:, J["left_elbow"]] = (0, -np.pi / 2, 0)
    joints = pose(vectors)
    leaf = insert(plain, "left_upperarm_twist", "left_shoulder", 0.5 * (shoulder + elbow))
    line = insert(plain, "left_helper", "left_shoulder", 0.5 * (shoulder + elbow), child="left_elbow")
    for rig, bone, shares in ((leaf, "left_upperarm_twist", (1, 0.5)), (line, "left_helper", (0, 1))):
        turns = turns_of(rig, solve(rig, detect(rig.names), joints, PLAIN))
        change = np.swapaxes(turns[0], 1, 2) @ np.moveaxis(turns, 0, 1)[:, -1]
        for name, share in zip(("left_shoulder", bone), shares, strict=True):
            assert angle(change)[rig.names.index(name)] == pytest.approx(60 * share, abs=6), (bone, name)


def test_a_captured_pose_takes_the_place_of_the_rest_pose():
    """A rig whose hands rest on its hips, captured in a T: it follows to the millimetre, as one that rests in a T."""
    bent = {
        "left_shoulder": Rotation.from_euler("zy", (-60, 50), degrees=True),
        "right_shoulder": Rotation.from_euler("zy", (60, -50), degrees=True),
        "left_elbow": Rotation.from_euler("y", 120, degrees=True),
        "right_hip": Rotation.from_euler("z", 40, degrees=True),
        "spine2": Rotation.from_euler("x", 30, degrees=True),
    }
    straight = make_rig(rolls=True)
    basis = np.tile(np.array(IDENTITY), (1, 22, 1))
    for bone, turn in bent.items():
        basis[0, J[bone]] = turn.as_quat()[[3, 0, 1, 2]]
    rig = simple_rig(straight.names, straight.parents, forward_kinematics(straight, basis)[0])
    captured = {bone: turn.inv().as_quat()[[3, 0, 1, 2]] for bone, turn in bent.items()}
    joints = motion(seed=3)
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN, reference=captured))
    assert np.abs(heads - joints).max() < 1e-3
    without = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN))
    assert np.abs(without - joints).max() > 0.02


def test_captured_bones_that_no_joint_maps_are_held():
    rig = insert(make_rig(rolls=True), "prop", "left_wrist", np.array((1.0, 1.0, 0.0)))
    turn = Rotation.from_euler("x", 40, degrees=True).as_quat()[[3, 0, 1, 2]]
    solution = solve(rig, detect(rig.names), motion(5), PLAIN, reference={"prop": turn})
    assert np.allclose(solution.quaternions[:, solution.bones.index("prop")], turn)
    for wrong in ({"tail": turn}, {"prop": (0, 0, 0, 0)}, {"prop": (1, 0, 0)}):
        with pytest.raises(RigError) as caught:
            solve(rig, detect(rig.names), motion(5), PLAIN, reference=wrong)
        assert caught.value.hint and "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", [0, 4, 9])
def test_travel_may_be_on_the_hips_the_root_or_the_object(seed):
    rig, mapping = synthetic.random_rig(seed)
    joints = motion(seed=1)
    found = {travel: solve(rig, mapping, joints, Options(travel=travel)) for travel in ("hips", "root", "object")}
    heads = {travel: posed_heads(rig, solution) for travel, solution in found.items() if travel != "root"}
    matrices = forward_kinematics(rig, *found["root"].expand(rig))
    heads["root"] = matrices[..., :3, 3] @ rig.world[:3, :3].T + rig.world[:3, 3]
    heads["object"] = heads["object"] + found["object"].object_trajectory[:, None]
    bodies = [rig.index[bone] for bone in mapping.bones.values()]
    size = np.abs(np.diff(heads["hips"][:, bodies], axis=0)).max()
    for travel in ("root", "object"):
        assert np.abs(heads[travel][:, bodies] - heads["hips"][:, bodies]).max() < 1e-6 * max(1, size)
    assert found["root"].root_bone == "root" and np.allclose(found["object"].object_trajectory[:, 1], 0)
    assert np.allclose(found["hips"].object_trajectory or 0, 0) and found["hips"].root_bone is None
    pelvis = heads["root"][:, rig.index["pelvis"]] - heads["root"][:, rig.index["root"]]
    assert np.abs(pelvis[:, [0, 2]] - pelvis[0, [0, 2]]).max() < 1e-6 * max(1, size)


def test_travel_needs_a_root_bone_to_be_on_one():
    rig = make_rig()
    with pytest.raises(RigError, match="root"):
        solve(rig, detect(rig.names), motion(5), Options(travel="root"))
    with pytest.raises(InputError):
        Options(travel="feet")


def test_hips_that_do_not_carry_the_spine_are_moved_by_the_bone_that_does():
    """Upper and lower body side by side under one centre: the centre travels, limbs still point right."""
    plain = make_rig(rolls=True)
    names = ["centre", *plain.names]
    parents = [-1, *(above + 1 for above in plain.parents)]
    parents[1] = 0
    parents[1 + J["spine1"]] = 0
    rig = simple_rig(names, parents, np.concatenate([plain.rest[:1], plain.rest]))
    joints = motion(seed=2)
    solution = solve(rig, detect(rig.names), joints, PLAIN)
    assert solution.location_bone == "centre"
    heads = posed_heads(rig, solution)[:, 1:]
    for end in ("left_knee", "right_ankle", "left_elbow", "right_wrist"):
        start = skeleton.PARENTS[J[end]]
        apart = angles_between(heads[:, J[end]] - heads[:, start], joints[:, J[end]] - joints[:, start])
        assert apart.max() < 1.0
    assert np.linalg.norm(heads[:, J["spine1"]] - joints[:, J["spine1"]], axis=-1).max() < 0.2


def test_a_hinge_lets_nothing_through_but_its_own_bend():
    bends = np.radians(np.linspace(-60, 175, 48))
    upper, axis = np.tile((0.0, -1.0, 0.0), (48, 1)), np.tile((1.0, 0.0, 0.0), (48, 1))
    lower = np.stack([0 * bends, -np.cos(bends), -np.sin(bends)], axis=-1)
    straightened, limited = limit_hinge(upper, lower, axis)
    assert np.allclose(straightened[bends < 3], limited[bends < 3])
    found = np.degrees(np.arctan2(-limited[:, 2], -limited[:, 1]))
    given = np.degrees(bends)
    assert (
        found.min() >= 0
        and found[given < -1].max() < 1
        and np.abs(found - given)[(given > 5) & (given < 170)].max() < 0.1
    )
    assert np.allclose(np.linalg.norm(limited, axis=-1), 1) and found.max() <= 172.01
    _, aside = limit_hinge(upper, np.tile((0.3, -np.sqrt(1 - 0.09), 0.0), (48, 1)), axis)
    assert np.allclose(aside[:, 0], 0.3)


@pytest.mark.parametrize(("joint", "axis"), [("left_knee", (1, 0, 0)), ("right_elbow", (0, 1, 0))])
def test_a_limb_bent_backwards_is_straightened_and_its_end_stays(joint, axis):
    """Recorded knees and elbows stretch beyond straight: the middle gives way by half, the end hardly at all."""
    vectors = np.zeros((20, 22, 3))
    vectors[:, J[joint]] = -np.radians(np.linspace(2, 10, 20))[:, None] * axis
    joints, rig = pose(vectors), make_rig(rolls=True)
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, PLAIN))
    off = np.linalg.norm(heads - joints, axis=-1).max(axis=0)
    end = J[joint.replace("knee", "ankle").replace("elbow", "wrist")]
    assert off[end] < 0.005 and off[J[joint]] < 0.04, off


def test_toes_lie_flat_while_the_heel_is_up_and_follow_in_the_air():
    rig = make_rig()
    body = read_rest(rig, detect(rig.names))
    raised = np.tile(Rotation.from_euler("x", 40, degrees=True).as_matrix(), (2, 1, 1))
    ball = body.heads["left_foot"]
    turns = toe_turn(raised, ball + np.array([(0, 0, 0), (0, 0.3, 0)]), body, "left")
    assert angle(turns)[0] < 1 and np.allclose(turns[1], raised[1])
    heel_strike = np.tile(Rotation.from_euler("x", -30, degrees=True).as_matrix(), (1, 1, 1))
    assert np.allclose(toe_turn(heel_strike, ball[None], body, "left"), heel_strike)


@pytest.mark.parametrize("mode", ["soft", "strict"])
def test_feet_of_other_proportions_do_not_go_through_the_floor(mode):
    """Long steep feet under a walk on tiptoe would reach below the floor."""
    offsets = a_pose_offsets(30)
    for side in ("left", "right"):
        offsets[J[f"{side}_foot"]] *= 2.0
    rig = make_rig(offsets, rolls=True)
    joints = synthetic.walk(40)
    lowest = rig.heads[[J["left_foot"], J["right_foot"]], 1].min()
    free = posed_heads(rig, solve(rig, detect(rig.names), joints, Options(contact="off")))
    held = posed_heads(rig, solve(rig, detect(rig.names), joints, Options(contact=mode)))
    toes = [J["left_foot"], J["right_foot"]]
    assert free[:, toes, 1].min() < lowest - 0.008 and held[:, toes, 1].min() > lowest - 2e-3


def test_the_body_goes_along_with_the_foot_it_stands_on():
    """A foot that slides by 2 cm under a straight leg: no knee bends for it, the body is moved instead."""
    joints = np.tile(skeleton.rest_joints(), (30, 1, 1))
    joints = joints + np.linspace((0, 0, -0.01), (0, 0, 0.01), 30)[:, None]
    joints[:, [J["right_knee"], J["right_ankle"], J["right_foot"]], 1] += 0.1  # one foot in the air
    rig = make_rig(rolls=True)
    heads = posed_heads(rig, solve(rig, detect(rig.names), joints, Options(place="world", contact="strict")))
    assert np.ptp(heads[:, J["left_foot"]], axis=0).max() < 1e-3
    thigh = heads[:, J["left_knee"]] - heads[:, J["left_hip"]]
    assert angles_between(thigh, joints[:, J["left_knee"]] - joints[:, J["left_hip"]])[5:-5].max() < 1
    assert np.abs(heads[:, 0, 2] - joints[:, 0, 2]).max() < 0.02


def test_hips_sink_so_that_a_stretched_leg_reaches_its_stand():
    """A body that glides forward on straight legs: the toes stay, the hips come down, and nothing is stretched."""
    frames = 30
    joints = np.tile(skeleton.rest_joints(), (frames, 1, 1))
    joints = joints + np.linspace((0, 0, -0.1), (0, 0, 0.1), frames)[:, None]
    rig = make_rig(rolls=True)
    solution = solve(rig, detect(rig.names), joints, Options(place="world", contact="strict"))
    assert solution.contacts.all()
    heads = posed_heads(rig, solution)
    assert np.ptp(heads[:, J["left_foot"]], axis=0).max() < 1e-3
    assert heads[-1, 0, 1] < joints[0, 0, 1] - 0.005
    steps = np.diff(heads[:, 0, 1], n=2)
    assert np.abs(steps).max() < 0.003
