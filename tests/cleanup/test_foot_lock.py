"""Standing feet that stay: bodies whose legs and travel disagree by a known amount."""

import numpy as np
import pytest
import synthetic_motions as made

from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, PARENTS, with_bone_lengths
from runtime.captions.describe import runs_of
from runtime.cleanup.blend import sample_at
from runtime.cleanup.foot_lock import carrying, leg_correction, planted, standing
from runtime.evaluate.physical import foot_skate_ratio

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


def waddling(seconds: float, pace: float) -> np.ndarray:
    """A body at 4 m/s whose feet take turns on the floor: one slides at ``pace`` times that, while the other overtakes
    the body."""
    count = round(seconds * FPS)
    body = with_bone_lengths(made.travelling(made.standing(seconds), 4.0))
    swings = np.arange(count) // 4 % 2  # four frames each
    steps = np.where(swings[:, None] == [0, 1], 2.0 - pace, pace) * 4.0 / FPS
    moved = np.concatenate([np.zeros((1, 2)), np.cumsum(steps[1:], axis=0)]) - 4.0 / FPS * np.arange(count)[:, None]
    return with_feet_moved(body, moved)


def with_feet_moved(body: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """``body`` with its knees, ankles and toes ``moved`` (frames, 2) ahead; the bones keep no lengths."""
    result = body.copy()
    for side, name in enumerate(("left", "right")):
        for joint, share in (("knee", 0.5), ("ankle", 1.0), ("foot", 1.0)):
            result[:, JOINT_INDEX[f"{name}_{joint}"], 2] += share * moved[:, side]
    return result


def test_a_body_that_slides_on_both_feet_is_carried_by_the_slower_one_in_turn():
    motion = waddling(2, pace=0.4)  # 1.6 m/s and 6.4 m/s: neither foot stands or glides
    down = standing(motion)
    assert not down.any()
    carried = carrying(motion, down)
    assert not carried.all(axis=1).any() and carried.any(axis=1).mean() > 0.8
    slower = np.linalg.norm(np.diff(motion[:, TOES], axis=0), axis=-1).argmin(axis=1)
    both = carried[1:] & carried[:-1]
    assert (both.argmax(axis=1) == slower)[both.any(axis=1)].mean() > 0.9
    assert foot_skate_ratio(motion) > 0.9
    assert foot_skate_ratio(planted(motion, steps=True)) < 0.5 * foot_skate_ratio(planted(motion))


def test_nobody_is_carried_through_the_air_or_beside_a_foot_that_stands():
    jump = with_bone_lengths(made.jumping(3, times=1, rise=0.4))
    flight = jump[:, TOES, 1].min(axis=1) > 0.08
    assert flight.any() and not carrying(jump, standing(jump))[flight].any()
    walk = walking(1.3)
    down = standing(walk)
    assert not (carrying(walk, down) & down.any(axis=1, keepdims=True)).any()


def test_a_step_leaves_the_floor_the_higher_the_longer_and_kept_frames_stay():
    heights = []
    for length in (0.03, 0.2, 0.6):
        body = with_bone_lengths(made.standing(2))
        moved = np.zeros((len(body), 2))
        moved[:, 0] = length * np.clip((np.arange(len(body)) - 18) / 4, 0, 1)  # the left foot shuffles ahead
        kept = np.zeros(len(body), bool)
        kept[:5] = kept[-5:] = True
        motion = with_feet_moved(body, moved)
        still = planted(motion, kept, travels=False, steps=True)
        np.testing.assert_allclose(still[kept], motion[kept], atol=3e-3)
        heights.append(float((still - motion)[:, TOES[0], 1].max()))
        assert np.abs(still - motion)[:, TOES[1], 1].max() < 0.005, "the other one stands"
    assert heights[0] < 0.005 and 0.02 < heights[1] < heights[2] < 0.1


def asked(motion: np.ndarray, down: np.ndarray, kept: np.ndarray, steps: bool) -> np.ndarray:
    """How far each toe is to be moved up: (frames, 2)."""
    return leg_correction(motion, down, kept, FPS, steps)[..., 1]


@pytest.mark.parametrize("speed", [0.6, 0.95, 1.3, 1.8])
@pytest.mark.parametrize("place", [0, 3, 6, 9])
def test_no_toe_pops_up_where_kept_frames_end(speed, place):
    motion, kept = walking(speed)[:80], np.zeros(80, bool)
    kept[: 20 + place] = kept[60 + place :] = kept[40] = True
    edges = np.flatnonzero(kept[1:] != kept[:-1])
    jumps, heights = {}, {}
    for steps in (False, True):
        still = planted(motion, kept, travels=False, steps=steps)
        np.testing.assert_allclose(still[kept], motion[kept], atol=2e-3)
        lift = (still - motion)[:, TOES, 1]
        jumps[steps] = np.abs(np.diff(lift, axis=0))[edges].max()
        heights[steps] = still[~kept][:, TOES, 1].max(axis=0)
    assert jumps[True] < jumps[False] + 0.005, "half a centimetre in the first frame"
    assert (heights[True] > 0.03).any(), "and the swing is there"


def test_a_standing_toe_is_not_lifted_for_the_step_beside_it():
    motion, kept = waddling(2, pace=0.4), np.zeros(40, bool)
    down = carrying(motion, standing(motion))
    lift = asked(motion, down, kept, steps=True)
    assert np.abs(lift[down]).max() < 1e-9
    swings = [lift[start:stop, side] for side in range(2) for start, stop in runs_of(~down[:, side])]
    between = [swing for swing in swings[1:-1] if len(swing) > 2]
    assert len(between) > 4 and np.median([swing.max() for swing in between]) > 0.03
