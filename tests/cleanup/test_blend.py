"""Blends against closed forms: bodies of other sizes, root trajectories taken out, jolts softened, poses hit."""

import numpy as np
import pytest
import synthetic_motions as made

from coamd_blender.motion.kinematics import bone_lengths
from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, joints_named, with_bone_lengths
from runtime.cleanup.blend import (
    ACCELERATION,
    Body,
    Target,
    acceleration,
    fade,
    holding,
    in_place,
    pulled,
    soften_blends,
    through,
    with_lengths,
    without_jolts,
)

WRIST, HEAD = JOINT_INDEX["left_wrist"], JOINT_INDEX["head"]
FREE = np.zeros(22, bool)


def walking(seconds: float = 3) -> np.ndarray:
    return with_bone_lengths(made.travelling(made.stepping(seconds, cadence=0.8, stride=0.19, lift=0.1), 1.0))


def test_a_clip_of_any_size_comes_onto_the_canonical_body_and_back():
    motion = walking()
    clip = 2.5 * motion + [3.0, 1.0, -2.0]
    body = Body.of(clip, floor=1.0, around=10)
    assert body.scale == pytest.approx(0.4)
    canonical = body.to_canonical(clip)
    np.testing.assert_allclose(canonical, motion - motion[10, 0] * [1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(body.from_canonical(canonical, bone_lengths(clip)), clip, atol=1e-9)
    np.testing.assert_allclose(body.point(clip[10, 0] * [1, 0, 1] + [0, 1.0, 0]), 0, atol=1e-9)


def test_a_longer_arm_is_shortened_on_the_canonical_body_and_lengthened_again():
    motion = walking()
    lengths = np.tile(BONE_LENGTHS, (len(motion), 1))
    lengths[:, WRIST] *= 1.4
    clip = with_lengths(motion, lengths)
    body = Body.of(clip, 0.0, 0)
    canonical = body.to_canonical(clip)
    np.testing.assert_allclose(bone_lengths(canonical), np.tile(BONE_LENGTHS, (len(motion), 1)), atol=1e-9)
    np.testing.assert_allclose(body.from_canonical(canonical, lengths), clip, atol=1e-9)


def test_held_joints_stay_and_the_others_keep_the_bones_they_were_given():
    made_pose, kept, held = walking()[5], walking()[40], FREE.copy()
    held[joints_named("pelvis,torso")] = True
    result = holding(made_pose, kept, held)
    np.testing.assert_array_equal(result[held], kept[held])
    for joint, parent in ((WRIST, JOINT_INDEX["left_elbow"]), (JOINT_INDEX["left_hip"], 0)):
        np.testing.assert_allclose(result[joint] - result[parent], made_pose[joint] - made_pose[parent])


def test_a_motion_in_place_keeps_its_sway_and_heights_and_loses_its_way():
    frames = np.arange(81)
    motion = np.repeat(with_bone_lengths(made.standing(1))[:1], 81, axis=0)
    sway = 0.03 * np.sin(2 * np.pi * frames / 10)  # twice a second
    moved = motion + np.stack([sway, 0.02 * sway, 1.3 * frames / FPS], axis=-1)[:, None]
    still = in_place(moved, FPS)
    np.testing.assert_allclose(still, motion + np.stack([sway, 0.02 * sway, 0 * sway], axis=-1)[:, None], atol=2e-3)
    np.testing.assert_array_equal(still[..., 1], moved[..., 1])
    assert in_place(moved.astype(np.float32), FPS).dtype == np.float32


def test_acceleration_is_that_of_a_thrown_body():
    thrown = with_bone_lengths(made.standing(2)) - 0.5 * 9.81 * (np.arange(40)[:, None, None] / FPS) ** 2 * [0, 1, 0]
    np.testing.assert_allclose(acceleration(thrown, FPS), 9.81, atol=1e-6)
    assert acceleration(thrown, FPS).shape == (38,)


def jolted(size: float) -> np.ndarray:
    """A walk that jumps ``size`` metres to the side at frame 30."""
    motion = walking(4)
    motion[30:] += [size, 0, 0]
    return motion


@pytest.mark.parametrize("size", [0.2, 0.5])
def test_a_blend_is_softened_until_it_is_no_more_abrupt_than_the_limit_and_no_further(size):
    motion = jolted(size)
    assert acceleration(motion, FPS).max() > 2 * ACCELERATION
    soft = soften_blends(motion, [30], FPS)
    change = acceleration(soft, FPS)
    assert change.max() <= ACCELERATION
    np.testing.assert_allclose(bone_lengths(soft), bone_lengths(motion), atol=1e-9)
    np.testing.assert_array_equal(soft[:10], motion[:10])
    np.testing.assert_array_equal(soft[51:], motion[51:])
    assert change.max() > 0.5 * ACCELERATION, "no more than it takes"
    np.testing.assert_array_equal(soften_blends(motion, [70], FPS), motion)
    assert soften_blends(motion.astype(np.float32), [30], FPS).dtype == np.float32


def test_jolts_are_found_wherever_they_are():
    motion = walking(4)
    for frame in (15, 60):
        motion[frame:] += [0.15, 0, 0]
    assert (acceleration(motion, FPS) > ACCELERATION).sum() >= 2
    calm = without_jolts(motion, FPS)
    assert acceleration(calm, FPS).max() <= ACCELERATION
    np.testing.assert_array_equal(without_jolts(walking(4), FPS), walking(4))


def test_a_fade_goes_on_as_the_offset_was_changing_and_ends_at_rest():
    found = fade(np.array([0.3]), np.array([0.02]), 12, 10)
    whole = np.concatenate([[0.28, 0.3], found[:, 0]])
    assert np.abs(np.diff(whole, n=2)[0]) < 0.012 and not found[9:].any()
    assert found[0] == pytest.approx(0.3 + 0.02, abs=0.012)


def test_a_pulled_pose_has_its_joint_in_place_and_its_bones_as_long():
    poses = walking()[[5, 30]]
    wanted = poses[:, WRIST] + [[0.0, 0.2, 0.1], [0.1, 0.1, 0.0]]
    targets = [Target(number, (WRIST,), point[None]) for number, point in enumerate(wanted)]
    lengths = bone_lengths(poses)
    found = pulled(poses, lengths, targets, FREE, rounds=60)
    np.testing.assert_array_equal(found[:, WRIST], wanted)
    np.testing.assert_allclose(bone_lengths(found), lengths, atol=1e-5)
    moved = np.linalg.norm(found - poses, axis=-1)
    assert moved[:, JOINT_INDEX["left_elbow"]].min() > 0.05 and moved[:, JOINT_INDEX["right_wrist"]].max() < 0.01


def test_feet_hold_on_to_the_floor_where_the_body_is_pulled():
    poses = walking()[[20]]
    knee, toe = JOINT_INDEX["left_knee"], JOINT_INDEX["left_foot"]
    target = Target(0, (knee,), poses[:, knee] + [0.0, 0.0, 0.2])
    moved = np.linalg.norm(pulled(poses, bone_lengths(poses), [target], FREE, rounds=200) - poses, axis=-1)[0]
    assert moved[knee] > 0.19 and moved[[0, toe]].max() < 0.01


def test_a_held_joint_is_not_pulled():
    poses, held = walking()[[5]], FREE.copy()
    held[joints_named("pelvis,torso,legs")] = True
    target = Target(0, (WRIST,), poses[:1, WRIST] + [0, 0.1, 0.1])
    found = pulled(poses, bone_lengths(poses), [target], held, rounds=40)
    np.testing.assert_array_equal(found[:, held], poses[:, held])


def test_a_motion_goes_through_its_targets_and_is_its_own_away_from_them_and_at_its_ends():
    motion = walking(4)
    lengths = bone_lengths(motion)
    targets = [Target(frame, (WRIST,), motion[frame, [WRIST]] + [0.0, 0.1, 0.15]) for frame in (50, 25)]
    found = through(motion, lengths, targets, FREE, reach=8, rounds=60, ends=(True, True))
    for target in targets:
        assert np.linalg.norm(found[target.frame, WRIST] - target.points[0]) < 5e-3
    np.testing.assert_allclose(bone_lengths(found), lengths, atol=1e-9)
    arm = np.linalg.norm((found - motion)[:, WRIST] - (found - motion)[:, 0], axis=-1)
    assert arm[:16].max() < 1e-9 and arm[34:41].max() < 1e-9 and arm[59:].max() < 1e-9


def test_what_moves_the_body_over_the_ground_is_spread_from_target_to_target_and_to_the_ends_that_stay():
    motion = walking(4)
    lengths, aside = bone_lengths(motion), np.array([0.2, 0.0, 0.0])
    targets = [Target(frame, (0,), motion[frame, :1] + aside) for frame in (25, 50)]

    def moved(ends):
        return (through(motion, lengths, targets, FREE, 8, 60, ends) - motion)[:, 0]

    for before, after in ((True, True), (False, False), (True, False)):
        body = moved((before, after))
        np.testing.assert_allclose(body[25:51], np.tile(aside, (26, 1)), atol=1e-9)
        np.testing.assert_allclose(body[0], 0 * aside if before else aside, atol=2e-3)
        np.testing.assert_allclose(body[-1], 0 * aside if after else aside, atol=2e-3)
        assert (np.diff(body[:26, 0]) >= -1e-12).all() and (np.diff(body[50:, 0]) <= 1e-12).all()


def test_a_target_is_called_by_its_joint_or_its_frame():
    assert Target(7, (HEAD,), np.zeros((1, 3))).name == "head"
    assert Target(7, (HEAD, WRIST), np.zeros((2, 3))).name == "the pose at frame 7"
