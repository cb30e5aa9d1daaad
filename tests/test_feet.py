"""Standing feet that stay: bodies whose legs and travel disagree by a known amount."""

import numpy as np
import pytest
import synthetic_motions as made

from coamd_blender.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, PARENTS, with_bone_lengths
from runtime.evaluate.physical import foot_skate_ratio
from runtime.feet import planted, standing
from runtime.seams import sample_at

TOES = [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]


def walking(speed: float, count: float = 4.0) -> np.ndarray:
    """Legs that swing for 0.95 m/s in the middle of a stand, carried at ``speed``; the canonical bones."""
    return with_bone_lengths(made.travelling(made.stepping(count, cadence=0.8, stride=0.19, lift=0.1), speed))


def slide(joints: np.ndarray, down: np.ndarray) -> float:
    """Mean speed of standing toes over the floor, m/s."""
    speed = np.linalg.norm(np.diff(joints[:, TOES][..., [0, 2]], axis=0), axis=-1) * FPS
    both = down[1:] & down[:-1]
    return float(speed[both].mean())


@pytest.mark.parametrize("speed", [0.6, 0.95, 1.3])
def test_feet_stop_sliding_when_travel_and_legs_disagree(speed):
    motion = walking(speed)
    down = standing(motion)
    assert 0.2 < down.mean() < 0.9
    assert slide(planted(motion), down) < 0.25 * slide(motion, down)


@pytest.mark.parametrize("speed", [0.7, 1.2])
def test_the_body_keeps_its_pace(speed):
    assert planted(walking(speed))[-1, 0, 2] == pytest.approx(walking(speed)[-1, 0, 2], rel=0.15)


def test_bones_keep_their_lengths_and_knees_bend_forwards():
    still = planted(walking(1.3))
    children = np.arange(1, 22)
    lengths = np.linalg.norm(still[:, children] - still[:, np.array(PARENTS)[children]], axis=2)
    np.testing.assert_allclose(lengths, np.broadcast_to(BONE_LENGTHS[1:], lengths.shape), atol=2e-3)
    for side in ("left", "right"):
        hip, knee, ankle = (still[:, JOINT_INDEX[f"{side}_{name}"]] for name in ("hip", "knee", "ankle"))
        middle = (hip + ankle) / 2
        assert (knee - middle)[:, 2].min() > -0.03


def test_a_body_that_stands_is_left_alone():
    motion = with_bone_lengths(made.standing(3))
    np.testing.assert_allclose(planted(motion), motion, atol=5e-3)


def test_a_toe_under_the_floor_is_lifted_to_it():
    motion = with_bone_lengths(made.standing(2)) - [0.0, 0.04, 0.0]
    assert motion[:, TOES, 1].min() < -0.035
    assert planted(motion)[:, TOES, 1].min() > -0.005


def test_jumps_and_lying_bodies_have_no_standing_feet():
    jump = with_bone_lengths(made.jumping(3, times=1, rise=0.4))
    highest = jump[:, 0, 1].argmax()
    assert not standing(jump)[highest].any()
    assert not standing(with_bone_lengths(made.lying(3))).any()


def test_what_is_above_the_hips_keeps_its_shape():
    motion = walking(1.3)
    above = [index for index in range(22) if index not in (1, 2, 4, 5, 7, 8, 10, 11)]
    moved = planted(motion)
    np.testing.assert_allclose(moved[:, above] - moved[:, :1], motion[:, above] - motion[:, :1], atol=1e-6)


def test_a_single_frame_passes_through():
    pose = with_bone_lengths(made.standing(1))[:1]
    np.testing.assert_array_equal(planted(pose), pose)


def test_kept_frames_stay_and_what_lies_between_still_leads_from_one_to_the_other():
    motion, kept = walking(1.3), np.zeros(80, bool)
    kept[:20] = kept[60:] = True
    motion = motion[:80]
    still = planted(motion, kept)
    np.testing.assert_allclose(still[kept], motion[kept], atol=2e-3)
    inside = slice(19, 61)
    down = standing(motion)[inside]
    assert slide(still[inside], down) < 0.5 * slide(motion[inside], down)


def test_feet_carried_along_without_a_swing_take_steps_in_turn():
    glide = with_bone_lengths(made.travelling(made.standing(4), 1.0))
    assert foot_skate_ratio(glide) > 0.9
    stepping = planted(glide)
    assert foot_skate_ratio(stepping) < 0.35
    lifted = stepping[:, TOES, 1] > 0.03
    assert lifted.any(axis=0).all() and lifted.all(axis=1).mean() < 0.1
    assert np.abs(stepping[-1, 0] - glide[-1, 0])[2] < 0.5


def test_feet_stand_at_other_frame_rates():
    motion = sample_at(walking(1.3), np.arange(0, 79, 0.5))
    down = standing(motion, 40)
    assert np.abs(down.mean() - standing(walking(1.3)).mean()) < 0.1
    assert slide(planted(motion, fps=40), down) < 0.3 * slide(motion, down)


def test_legs_alone_reach_where_the_body_may_not_move():
    still = planted(walking(1.3), travels=False)
    above = [index for index in range(22) if index not in (1, 2, 4, 5, 7, 8, 10, 11)]
    np.testing.assert_allclose(still[:, above], walking(1.3)[:, above], atol=1e-6)
