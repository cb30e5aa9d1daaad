"""The canonical body, sampling in time, glitches and placing."""

import numpy as np
import pytest

from coamd_blender.errors import DataError
from coamd_blender.motion.kinematics import forward_balanced
from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_NAMES, PARENTS, mirror, rest_joints
from runtime.formats.canonical import canonicalise, joint_maps, match_map, resample
from runtime.formats.clip import SourceClip
from runtime.formats.placing import floor_height, floor_profile, knee_bend, place, repair, uneven_floor
from tests.formats.bodies import bones, squatting, standing, turned


def clip_of(joints, fps=FPS, name="test"):
    return SourceClip(JOINT_NAMES, PARENTS, np.asarray(joints, float), fps, name)


@pytest.mark.parametrize("fps", [24, 30, 60, 120])
def test_resampling_keeps_slow_motion(fps):
    time = np.arange(4 * fps) / fps
    slow = resample(np.sin(2 * np.pi * 2 * time)[:, None, None], fps)[:, 0, 0]
    wanted = np.sin(2 * np.pi * 2 * np.arange(len(slow)) / FPS)
    assert abs(len(slow) - 4 * FPS) <= 1
    assert np.abs(slow - wanted)[4:-4].max() < 0.02


def test_resampling_does_not_alias():
    # 18 Hz sampled at 20 fps would come back as 2 Hz; a low-pass filter leaves next to nothing of it
    time = np.arange(480) / 120
    fast = resample(np.sin(2 * np.pi * 18 * time)[:, None, None], 120)[:, 0, 0]
    assert np.abs(fast)[8:-8].max() < 0.02
    assert np.abs(np.sin(2 * np.pi * 18 * time)[::6]).max() > 0.9


def test_resampling_keeps_straight_lines_to_their_ends():
    line = np.linspace(0, 3, 121)[:, None, None]
    assert np.allclose(resample(line, 120)[:, 0, 0], np.linspace(0, 3, 21), atol=5e-3)


def test_canonical_body_is_a_fixed_point():
    squat = turned(squatting(40), 30) + np.array([3.0, 0.4, -2.0])
    (joints,) = canonicalise(clip_of(squat), joint_maps()["canonical"])
    assert np.abs(joints - squat).max() < 0.003
    assert np.allclose(bones(joints), BONE_LENGTHS[1:], atol=1e-6)


def test_body_of_another_size_becomes_canonical():
    squat = squatting(40)
    (joints,) = canonicalise(clip_of(squat * 2.54), joint_maps()["canonical"])
    assert np.abs(joints - squat).max() < 0.003


def test_mirrored_skeleton_is_refused():
    squat = squatting(40)
    assert knee_bend(squat) > 0.8
    flipped = squat * [-1, 1, 1]
    with pytest.raises(DataError, match="knees bend backwards"):
        canonicalise(clip_of(flipped, name="flipped"), joint_maps()["canonical"])
    canonicalise(clip_of(mirror(squat)), joint_maps()["canonical"])


def test_map_is_chosen_by_names_and_gaps_are_named():
    assert match_map(clip_of(standing(2))).name in ("canonical", "cmu_npz", "0ad_npz")
    names = tuple(name.replace("left_", "l_") for name in JOINT_NAMES)
    with pytest.raises(DataError, match="left_"):
        match_map(SourceClip(names, PARENTS, standing(2), 20, "renamed"))


def test_every_map_names_each_side_once():
    for joint_map in joint_maps().values():
        for left, right in joint_map.limbs.values():
            assert left != right
        assert len(joint_map.joints) >= 14


def test_short_jumps_are_mended_and_long_ones_cut():
    joints = standing(240)
    joints[:, :, 2] += np.linspace(0, 2, 240)[:, None]
    spoiled = joints.copy()
    spoiled[100:102] += [0.0, 3.0, 0.0]
    spoiled[150, 20] = np.nan
    pieces, repaired, cuts = repair(spoiled, spoiled[:, 0], 120)
    assert (repaired, cuts, len(pieces)) == (3, 0, 1)
    assert np.abs(pieces[0] - joints).max() < 1e-6
    spoiled = joints.copy()
    spoiled[120:] += [0.0, 0.0, 2.0]
    pieces, _, cuts = repair(spoiled, spoiled[:, 0], 120)
    assert cuts == 1 and [len(piece) for piece in pieces] == [120, 120]


def test_placed_at_the_origin_facing_forward():
    placed = place(turned(squatting(30), 130) + np.array([4.0, 0.7, -1.0]))
    assert np.allclose(placed[0, 0, [0, 2]], 0, atol=1e-9)
    assert np.allclose(forward_balanced(placed[0]), [0, 0, 1], atol=1e-6)
    assert abs(placed[:, [10, 11], 1].min()) < 1e-6


def lying(frames):
    """The body on its back, head towards -Z."""
    joints = standing(frames)
    return np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], axis=-1)


def test_floor_of_a_lying_body_is_under_its_back():
    joints = lying(20) + np.array([0, 1.5, 0])
    floor = floor_height(joints)
    trunk = joints[0, [0, 9], 1].min()
    assert 0.05 < trunk - floor < 0.2


def test_a_jump_does_not_move_the_floor():
    joints = standing(60)
    flight = np.zeros(60)
    flight[20:30] = 0.4 * np.sin(np.linspace(0, np.pi, 10))
    joints[..., 1] += flight[:, None] + 0.25
    assert abs(floor_height(joints) - 0.25) < 0.005
    assert np.ptp(floor_profile(joints)) == 0


def test_floor_turns_from_standing_to_lying():
    up, down = standing(40), lying(40) + np.array([0, 0.3, 0])
    down[..., 1] += 0.15 - floor_height(down)
    placed = place(np.concatenate([up, down]))
    assert abs(floor_height(placed[:30])) < 0.02 and abs(floor_height(placed[50:])) < 0.02


def test_steps_are_flagged():
    joints = standing(60)
    joints[30:, :, 1] += 0.3
    assert uneven_floor(place(joints)) and not uneven_floor(place(standing(60)))


def test_rest_pose_heights():
    assert 1.45 < rest_joints()[15, 1] < 1.65
