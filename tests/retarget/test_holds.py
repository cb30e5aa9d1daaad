"""A hand or a foot that is to be at a place: the limb bends for it, and only it."""

import numpy as np
import pytest
import synthetic
from bodies import J, make_rig
from scipy.spatial.transform import Rotation

from coamd_blender.errors import InputError
from coamd_blender.retarget import Options, detect, forward_kinematics, holds, make_mapping, solve, splice

STRETCH = splice.Stretch(10, 50, 20.0, True, True)
ROWS = slice(10, 50)


@pytest.fixture(scope="module")
def animated():
    """A walk on a rolled rig, taken over by itself: (rig, mapping, posed, spliced)."""
    turn = Rotation.from_euler("xyz", (20, -60, 130), degrees=True)
    rig = make_rig(rolls=True, turn=turn, scale=2.0)
    mapping, joints = detect(rig.names), synthetic.walk(60)
    solution = solve(rig, mapping, joints, Options(place="world", contact="off", floor=False))
    poses = forward_kinematics(rig, *solution.expand(rig))
    matrices = {name: poses[:, number] for number, name in enumerate(rig.names)}
    posed = splice.Posed(matrices, np.tile(rig.world, (60, 1, 1)), {})
    return rig, mapping, posed, splice.splice(rig, mapping, solution, posed, solution.bones, STRETCH)


def figure(animated, spliced):
    """Matrices (rows, B, 4, 4) in the world of what is keyed."""
    rig, mapping, posed, _ = animated
    quaternions, locations = (values[ROWS].copy() for values in splice.own_bases(rig, mapping, posed))
    for name, made in spliced.quaternions.items():
        quaternions[:, rig.index[name]] = made
    locations[:, rig.index[spliced.location_bone]] = spliced.location
    return rig.world @ forward_kinematics(rig, quaternions, locations)


def held(animated, joint="left_wrist", first=25, shift=(0.0, 0.1, 0.05), count=5):
    """(before, after, points): figures, and where the joint was to be."""
    rig, mapping, posed, spliced = animated
    before = figure(animated, spliced)
    rows = slice(first - 10, first - 10 + count)
    points = before[rows, J[joint], :3, 3] + shift
    hold = holds.Hold(joint, first, points, "left hand", 101)
    return before, figure(animated, holds.held(rig, mapping, posed, spliced, STRETCH, hold)), points


@pytest.mark.parametrize("joint", ["left_wrist", "right_ankle"])
def test_the_limb_reaches_the_place_in_every_row_and_keeps_its_hand_as_it_looked(animated, joint):
    before, after, points = held(animated, joint)
    np.testing.assert_allclose(after[15:20, J[joint], :3, 3], points, atol=1e-6)
    np.testing.assert_allclose(after[:, J[joint], :3, :3], before[:, J[joint], :3, :3], atol=1e-6)
    upper, lower, _ = holds.CHAINS[joint]
    others = [
        number for name, number in J.items() if name not in (*holds.CHAINS[joint], joint.replace("ankle", "foot"))
    ]
    np.testing.assert_allclose(after[:, others], before[:, others], atol=1e-6)
    for start, end in ((upper, lower), (lower, joint)):
        length = [np.linalg.norm(one[:, J[end], :3, 3] - one[:, J[start], :3, 3], axis=1) for one in (before, after)]
        np.testing.assert_allclose(length[1], length[0], atol=1e-6)


def test_the_correction_fades_within_four_tenths_of_a_second_and_is_gone_beyond(animated):
    before, after, _ = held(animated)
    moved = np.linalg.norm(after[:, J["left_wrist"], :3, 3] - before[:, J["left_wrist"], :3, 3], axis=1)
    size = np.linalg.norm((0.0, 0.1, 0.05))
    np.testing.assert_allclose(moved[15:20], size, atol=1e-6)
    assert moved[:7].max() < 1e-6 and moved[28:].max() < 1e-6
    assert (np.diff(moved[7:16]) > 0).all() and (np.diff(moved[19:28]) < 0).all()
    assert moved[11] == pytest.approx(size * (1 - holds.smoothstep(4 / 9)), abs=1e-6)


def test_near_the_end_of_the_stretch_it_fades_in_the_rows_there_are(animated):
    before, after, _ = held(animated, first=46, count=2)
    moved = np.linalg.norm(after[:, J["left_wrist"], :3, 3] - before[:, J["left_wrist"], :3, 3], axis=1)
    assert moved[36] > 0.1 and 0.02 < moved[39] < 0.06


def test_a_place_out_of_reach_is_refused_with_its_frame_and_what_is_missing(animated):
    with pytest.raises(InputError, match=r"left hand is \d+ cm short of its target at frame 126") as caught:
        held(animated, shift=(0.0, 9.0, 0.0))
    assert caught.value.hint


def test_a_limb_without_a_bone_is_refused(animated):
    _, mapping, _, _ = animated
    less = make_mapping("less", {joint: bone for joint, bone in mapping.bones.items() if joint != "left_elbow"})
    hold = holds.Hold("left_wrist", 20, np.zeros((1, 3)), "left hand", 1)
    with pytest.raises(InputError, match="left elbow"):
        holds.bones_of(less, hold)
    assert holds.bones_of(mapping, hold) == ("left_shoulder", "left_elbow", "left_wrist") and hold.last == 21
