"""Hands, forearms and elbows out of the torso of bodies stouter than the motion's."""

import numpy as np
import pytest
import synthetic
import tube
from bodies import J, make_rig, posed_heads
from scipy.spatial.transform import Rotation

from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, detect, quality, solve
from coamd_blender.retarget.body import read_rest

SIDES = ("left", "right")
STOUT = skeleton.REST_OFFSETS.copy()
for _side in SIDES:
    for _joint, _factor in (("hip", 2.6), ("collar", 1.3), ("shoulder", 1.3)):
        STOUT[J[f"{_side}_{_joint}"], 0] *= _factor


def with_wrists(places, elbows=(1.0, -0.4, -0.3)):
    """The body at rest with its wrists at ``places`` (F, 2, 3), its left elbow towards ``elbows``: aside and down."""
    joints = np.tile(skeleton.rest_joints(), (len(places), 1, 1))
    for number, side in enumerate(SIDES):
        shoulder, elbow, wrist = (J[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        upper, lower = skeleton.BONE_LENGTHS[elbow], skeleton.BONE_LENGTHS[wrist]
        reach = places[:, number] - joints[:, shoulder]
        length = np.linalg.norm(reach, axis=-1, keepdims=True)
        along = reach / length
        out = np.array(elbows) * (1.0 if side == "left" else -1.0, 1.0, 1.0)
        out = out - along * (along @ out)[:, None]
        out /= np.linalg.norm(out, axis=-1, keepdims=True)
        cosine = (upper**2 + length**2 - lower**2) / (2 * upper * length)
        joints[:, elbow] = joints[:, shoulder] + upper * (cosine * along + np.sqrt(1 - cosine**2) * out)
        joints[:, wrist] = places[:, number]
    return joints


def folding(frames=60, before=0.14):
    """Hands that come from the sides, stay in front of the belly, ``before`` metres off its middle, and go back."""
    share = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, frames))[:, None, None]
    aside = np.array([[0.4, 1.1, 0.2], [-0.4, 1.1, 0.2]])
    folded = np.array([[0.06, 1.12, before], [-0.06, 1.12, before]])
    return with_wrists((1 - share) * aside + share * folded)


def levels(rig, heads, wrist):
    """How deep a point is in the torso of a body that stands upright: 1 on its surface, less inside."""
    rest = dict(zip(skeleton.JOINT_NAMES, rig.heads, strict=True))
    hips, shoulders = (abs(rest[f"left_{joint}"][0] - rest[f"right_{joint}"][0]) for joint in ("hip", "shoulder"))
    base = 0.5 * (heads[:, J["left_hip"]] + heads[:, J["right_hip"]])
    top = heads[:, J["neck"]]
    share = (wrist[:, 1] - base[:, 1]) / (top[:, 1] - base[:, 1])
    assert (share > 0).all() and (share < 1).all()
    width = 0.5 * ((1 - share) * 1.9 * hips + share * 0.8 * shoulders)
    middle = base + share[:, None] * (top - base)
    return np.hypot((wrist[:, 0] - middle[:, 0]) / width, (wrist[:, 2] - middle[:, 2]) / (0.65 * width))


def run(rig, joints, **options):
    solution = solve(rig, detect(rig.names), joints, Options(place="world", contact="off", **options))
    return solution, posed_heads(rig, solution)


def test_hands_inside_a_stout_body_come_out_and_smoothly():
    rig, joints = make_rig(STOUT, rolls=True), folding()
    before, after = run(rig, joints)[1], run(rig, joints, clear_hands=True)[1]
    for side in SIDES:
        wrist, elbow, shoulder = (J[f"{side}_{joint}"] for joint in ("wrist", "elbow", "shoulder"))
        assert levels(make_rig(), joints, joints[:, wrist]).min() > 1.2
        assert levels(rig, before, before[:, wrist]).min() < 0.9
        assert levels(rig, after, after[:, wrist]).min() > 0.97
        for start, end in ((shoulder, elbow), (elbow, wrist)):
            lengths = np.linalg.norm(after[:, end] - after[:, start], axis=-1)
            assert np.allclose(lengths, skeleton.BONE_LENGTHS[end], atol=1e-6)
        steps = [np.linalg.norm(np.diff(heads[:, wrist], 2, axis=0), axis=-1).max() for heads in (before, after)]
        assert steps[1] < steps[0] + 0.006, steps
    others = [joint for joint in range(22) if not skeleton.JOINT_NAMES[joint].endswith(("elbow", "wrist"))]
    assert np.allclose(before[:, others], after[:, others], atol=1e-12)


def test_the_way_out_is_the_shortest():
    """Hands before the belly go forward: a stout body is twice as wide as it is deep."""
    rig, joints = make_rig(STOUT), folding()
    before, after = run(rig, joints)[1], run(rig, joints, clear_hands=True)[1]
    pushed = (after - before)[30, J["left_wrist"]]
    assert pushed[2] > 0.02 and abs(pushed[0]) < 0.5 * pushed[2] and abs(pushed[1]) < 0.5 * pushed[2]


@pytest.mark.parametrize("make", [make_rig, lambda **how: make_rig(STOUT, **how)], ids=["same", "stout"])
def test_what_does_not_go_in_is_left_to_the_bit(make):
    rig = make(rolls=True)
    joints = folding(before=0.13) if make is make_rig else folding(before=0.3)
    plain, cleared = (run(rig, joints, clear_hands=clear)[0] for clear in (False, True))
    assert np.array_equal(plain.quaternions, cleared.quaternions) and np.array_equal(plain.location, cleared.location)


def test_frames_away_from_a_push_are_left_to_the_bit():
    still = folding(40)[:1]
    joints = np.concatenate([np.repeat(still, 40, axis=0), folding(40), np.repeat(still, 40, axis=0)])
    rig = make_rig(STOUT)
    plain, cleared = (run(rig, joints, clear_hands=clear)[0] for clear in (False, True))
    assert np.array_equal(plain.quaternions[:30], cleared.quaternions[:30])
    assert np.array_equal(plain.quaternions[90:], cleared.quaternions[90:])
    assert not np.array_equal(plain.quaternions, cleared.quaternions)


def test_hands_that_the_motion_puts_inside_come_no_deeper_and_one_frame_will_do():
    joints = folding(before=0.02)
    rig = make_rig(STOUT)
    after = run(rig, joints, clear_hands=True)[1]
    wrist = J["left_wrist"]
    mine, motions = levels(rig, after, after[:, wrist]), levels(make_rig(), joints, joints[:, wrist])
    assert motions.min() < 0.8 and (mine > np.minimum(motions, 1) - 0.05).all()
    single = run(rig, joints[30:31], clear_hands=True)[1]
    assert levels(rig, single, single[:, wrist])[0] > np.minimum(motions[30], 1) - 0.05


THICKNESS = 0.13 * skeleton.BONE_LENGTHS[J["left_wrist"]]


def hanging(frames=60):
    """Hands that come down from the sides to hang before the thighs, elbows back at the flanks, and go out again."""
    share = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, frames))[:, None, None]
    aside = np.array([[0.5, 1.15, 0.1], [-0.5, 1.15, 0.1]])
    down = np.array([[0.2, 1.03, 0.2], [-0.2, 1.03, 0.2]])
    return with_wrists((1 - share) * aside + share * down, elbows=(0.15, -0.3, -1.0))


def excesses(rig_offsets, joints, **options):
    """By how much arms of a rig are nearer than they should be, without and with clear_hands, by brute force."""
    rig = make_rig(rig_offsets, rolls=True)
    motions = tube.depths(joints, tube.widths(joints))
    found = []
    for clear in (False, True):
        heads = run(rig, joints, clear_hands=clear, **options)[1]
        found.append(tube.excess(tube.depths(heads, tube.widths(heads)), motions, THICKNESS))
    return found


@pytest.mark.parametrize(("make", "part"), [(hanging, "forearm"), (hanging, "upper arm"), (folding, "hand")])
def test_no_part_of_an_arm_is_nearer_than_the_motions(make, part):
    before, after = excesses(STOUT, make())
    assert before[part].max() > 0.03
    assert max(each.max() for each in after.values()) < 0.008


def test_forearms_come_out_though_no_hand_is_in():
    before, after = excesses(STOUT, hanging())
    hand, fore = before["hand"].max(axis=(1, 2)), before["forearm"].max(axis=(1, 2))
    only = (hand == 0) & (fore > 0.02)
    assert only.sum() > 5 and after["forearm"][only].max() < 0.008


def test_arms_at_the_flanks_keep_lengths_hinges_and_calm():
    """Elbows bend about their own hinge, never backwards; the third difference of arms grows by less than a tenth."""
    rig, joints = make_rig(STOUT, rolls=True), np.concatenate([hanging(), folding()])
    solutions = [run(rig, joints, clear_hands=clear) for clear in (False, True)]
    mapping = detect(rig.names)
    body = read_rest(rig, mapping)
    for solution, heads in solutions:
        posed = quality.posed(rig, mapping, body, solution)
        for side in SIDES:
            shoulder, elbow, wrist = (heads[:, J[f"{side}_{joint}"]] for joint in ("shoulder", "elbow", "wrist"))
            axis = np.cross(elbow - shoulder, wrist - elbow)
            bend = np.linalg.norm(axis, axis=-1)
            assert ((axis * posed.hinges[f"{side}_shoulder"]).sum(axis=-1) > 0.98 * bend - 1e-3).all()
    arms = [J[f"{side}_{joint}"] for side in SIDES for joint in ("elbow", "wrist")]
    jerks = [np.linalg.norm(np.diff(heads[:, arms], 3, axis=0), axis=-1).mean() for _, heads in solutions]
    assert jerks[1] < 1.1 * jerks[0], jerks


def test_hands_laid_on_the_belly_lie_on_a_stout_one():
    """Not in it, nor held off it: a straight forearm cannot follow a rounder belly, which is worth two centimetres."""
    joints = folding(before=0.065)
    motions = tube.depths(joints, tube.widths(joints))
    heads = run(make_rig(STOUT), joints, clear_hands=True)[1]
    mine = tube.depths(heads, tube.widths(heads))
    laid = slice(27, 33)
    near = [-each["hand"][laid].max(axis=2) for each in (motions, mine)]
    assert np.abs(near[0]).max() < 0.01
    assert (near[1] - near[0]).min() > -0.006 and (near[1] - near[0]).max() < 0.025


@pytest.mark.parametrize("name", synthetic.CLIPS)
def test_a_body_of_the_motions_proportions_is_left_to_the_bit(name):
    joints = synthetic.CLIPS[name]()
    plain, cleared = (run(make_rig(rolls=True), joints, clear_hands=clear)[0] for clear in (False, True))
    assert np.array_equal(plain.quaternions, cleared.quaternions)


def test_turns_of_the_whole_body_change_nothing():
    """A body that spins while its hands come in is pushed as one that stands."""
    joints = folding()
    spin = Rotation.from_rotvec(np.outer(np.linspace(0, 2 * np.pi, len(joints)), (0, 1, 0)))
    spun = np.stack([turn.apply(body) for turn, body in zip(spin, joints, strict=True)])
    still, turned = (run(make_rig(STOUT), each, clear_hands=True)[1] for each in (joints, spun))
    back = np.stack([turn.apply(body) for turn, body in zip(spin.inv(), turned, strict=True)])
    middle = 0.5 * (still[:, [J["left_hip"]]] + still[:, [J["right_hip"]]])
    other = 0.5 * (back[:, [J["left_hip"]]] + back[:, [J["right_hip"]]])
    assert np.abs((still - middle) - (back - other)).max() < 1e-6
