"""Tremor goes, fast motion stays: measured on synthetic bodies with known noise and known speed."""

import numpy as np
import synthetic_motions as made

from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, PARENTS, with_bone_lengths
from runtime.cleanup.denoise import remove_tremor
from runtime.evaluate.physical import jerk

WRIST = JOINT_INDEX["right_wrist"]


def trembling(motion, size=0.004):
    """``motion`` with noise of ``size`` metres on every joint, bones as long as before."""
    noise = np.random.default_rng(3).normal(0.0, size, motion.shape)
    return with_bone_lengths(motion + noise)


def test_a_standing_body_stops_trembling():
    still = with_bone_lengths(made.standing(4))
    shaken = trembling(still)
    calm = remove_tremor(shaken)
    assert jerk(calm) < 0.35 * jerk(shaken)
    assert np.linalg.norm(calm - still, axis=-1).mean() < np.linalg.norm(shaken - still, axis=-1).mean()


def test_a_punch_keeps_its_speed():
    motion = with_bone_lengths(made.punching(9, "right"))[::6]
    before, after = (
        np.linalg.norm(np.diff(joints[:, WRIST], axis=0), axis=-1).max() * FPS
        for joints in (motion, remove_tremor(motion))
    )
    assert before > 2.0 and after > 0.97 * before


def test_uniform_travel_and_bone_lengths_are_kept():
    motion = with_bone_lengths(made.standing(3)) + np.arange(60)[:, None, None] * [0.0, 0.0, 0.02]
    calm = remove_tremor(motion)
    np.testing.assert_allclose(calm, motion, atol=1e-9)
    shaken = remove_tremor(trembling(motion))
    children = np.arange(1, 22)
    lengths = np.linalg.norm(shaken[:, children] - shaken[:, np.array(PARENTS)[children]], axis=2)
    np.testing.assert_allclose(lengths, np.broadcast_to(BONE_LENGTHS[1:], lengths.shape), atol=1e-9)


def test_two_frames_pass_through():
    pair = with_bone_lengths(made.standing(1))[:2].astype(np.float32)
    np.testing.assert_array_equal(remove_tremor(pair), pair)
