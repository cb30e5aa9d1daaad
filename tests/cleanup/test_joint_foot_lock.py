"""Standing feet that stay: bodies whose legs and root trajectory disagree by a known amount."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import synthetic_motions as made

from coamd_blender.motion.contacts import detect_sliding_contacts
from coamd_blender.motion.signals import catmull_rom, runs
from coamd_blender.motion.skeleton import BONE_LENGTHS, FPS, JOINT_INDEX, PARENTS, with_bone_lengths
from runtime.cleanup.joint_foot_lock import (
    HELD,
    SMOOTHNESS,
    STIFFNESS,
    detect_carrying,
    detect_gliding,
    leg_correction,
    lock_joint_feet,
    root_correction,
)
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
    down = detect_sliding_contacts(motion)
    assert 0.2 < down.mean() < 0.9
    assert slide(lock_joint_feet(motion), down) < 0.25 * slide(motion, down)


@pytest.mark.parametrize("speed", [0.7, 1.2])
def test_the_body_keeps_its_pace(speed):
    assert lock_joint_feet(walking(speed))[-1, 0, 2] == pytest.approx(walking(speed)[-1, 0, 2], rel=0.15)


def test_bones_keep_their_lengths_and_knees_bend_forwards():
    still = lock_joint_feet(walking(1.3))
    children = np.arange(1, 22)
    lengths = np.linalg.norm(still[:, children] - still[:, np.array(PARENTS)[children]], axis=2)
    np.testing.assert_allclose(lengths, np.broadcast_to(BONE_LENGTHS[1:], lengths.shape), atol=2e-3)
    for side in ("left", "right"):
        hip, knee, ankle = (still[:, JOINT_INDEX[f"{side}_{name}"]] for name in ("hip", "knee", "ankle"))
        middle = (hip + ankle) / 2
        assert (knee - middle)[:, 2].min() > -0.03


def test_a_body_that_stands_is_left_alone():
    motion = with_bone_lengths(made.standing(3))
    np.testing.assert_allclose(lock_joint_feet(motion), motion, atol=5e-3)


def test_a_toe_under_the_floor_is_lifted_to_it():
    motion = with_bone_lengths(made.standing(2)) - [0.0, 0.04, 0.0]
    assert motion[:, TOES, 1].min() < -0.035
    assert lock_joint_feet(motion)[:, TOES, 1].min() > -0.005


def test_jumps_and_lying_bodies_have_no_standing_feet():
    jump = with_bone_lengths(made.jumping(3, times=1, rise=0.4))
    highest = jump[:, 0, 1].argmax()
    assert not detect_sliding_contacts(jump)[highest].any()
    assert not detect_sliding_contacts(with_bone_lengths(made.lying(3))).any()


def test_what_is_above_the_hips_keeps_its_shape():
    motion = walking(1.3)
    above = [index for index in range(22) if index not in (1, 2, 4, 5, 7, 8, 10, 11)]
    moved = lock_joint_feet(motion)
    np.testing.assert_allclose(moved[:, above] - moved[:, :1], motion[:, above] - motion[:, :1], atol=1e-6)


def test_a_single_frame_passes_through():
    pose = with_bone_lengths(made.standing(1))[:1]
    np.testing.assert_array_equal(lock_joint_feet(pose), pose)


def test_kept_frames_stay_and_what_lies_between_still_leads_from_one_to_the_other():
    motion, kept = walking(1.3), np.zeros(80, bool)
    kept[:20] = kept[60:] = True
    motion = motion[:80]
    still = lock_joint_feet(motion, kept)
    np.testing.assert_allclose(still[kept], motion[kept], atol=2e-3)
    inside = slice(19, 61)
    down = detect_sliding_contacts(motion)[inside]
    assert slide(still[inside], down) < 0.5 * slide(motion[inside], down)


def test_feet_carried_along_without_a_swing_take_steps_in_turn():
    glide = with_bone_lengths(made.travelling(made.standing(4), 1.0))
    assert foot_skate_ratio(glide) > 0.9
    stepping = lock_joint_feet(glide)
    assert foot_skate_ratio(stepping) < 0.35
    lifted = stepping[:, TOES, 1] > 0.03
    assert lifted.any(axis=0).all() and lifted.all(axis=1).mean() < 0.1
    assert np.abs(stepping[-1, 0] - glide[-1, 0])[2] < 0.5


def test_feet_stand_at_other_frame_rates():
    motion = catmull_rom(walking(1.3), np.arange(0, 79, 0.5))
    down = detect_sliding_contacts(motion, 40)
    assert np.abs(down.mean() - detect_sliding_contacts(walking(1.3)).mean()) < 0.1
    assert slide(lock_joint_feet(motion, fps=40), down) < 0.3 * slide(motion, down)


def test_legs_alone_reach_where_the_body_may_not_move():
    still = lock_joint_feet(walking(1.3), move_root=False)
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
    down = detect_sliding_contacts(motion)
    assert not down.any()
    carried = detect_carrying(motion, down)
    assert not carried.all(axis=1).any() and carried.any(axis=1).mean() > 0.8
    slower = np.linalg.norm(np.diff(motion[:, TOES], axis=0), axis=-1).argmin(axis=1)
    both = carried[1:] & carried[:-1]
    assert (both.argmax(axis=1) == slower)[both.any(axis=1)].mean() > 0.9
    assert foot_skate_ratio(motion) > 0.9
    assert foot_skate_ratio(lock_joint_feet(motion, steps=True)) < 0.5 * foot_skate_ratio(lock_joint_feet(motion))


def test_nobody_is_carried_through_the_air_or_beside_a_foot_that_stands():
    jump = with_bone_lengths(made.jumping(3, times=1, rise=0.4))
    flight = jump[:, TOES, 1].min(axis=1) > 0.08
    assert flight.any() and not detect_carrying(jump, detect_sliding_contacts(jump))[flight].any()
    walk = walking(1.3)
    down = detect_sliding_contacts(walk)
    assert not (detect_carrying(walk, down) & down.any(axis=1, keepdims=True)).any()


def test_a_step_leaves_the_floor_the_higher_the_longer_and_kept_frames_stay():
    heights = []
    for length in (0.03, 0.2, 0.6):
        body = with_bone_lengths(made.standing(2))
        moved = np.zeros((len(body), 2))
        moved[:, 0] = length * np.clip((np.arange(len(body)) - 18) / 4, 0, 1)  # the left foot shuffles ahead
        kept = np.zeros(len(body), bool)
        kept[:5] = kept[-5:] = True
        motion = with_feet_moved(body, moved)
        still = lock_joint_feet(motion, kept, move_root=False, steps=True)
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
        still = lock_joint_feet(motion, kept, move_root=False, steps=steps)
        np.testing.assert_allclose(still[kept], motion[kept], atol=2e-3)
        lift = (still - motion)[:, TOES, 1]
        jumps[steps] = np.abs(np.diff(lift, axis=0))[edges].max()
        heights[steps] = still[~kept][:, TOES, 1].max(axis=0)
    assert jumps[True] < jumps[False] + 0.005, "half a centimetre in the first frame"
    assert (heights[True] > 0.03).any(), "and the swing is there"


def test_a_standing_toe_is_not_lifted_for_the_step_beside_it():
    motion, kept = waddling(2, pace=0.4), np.zeros(40, bool)
    down = detect_carrying(motion, detect_sliding_contacts(motion))
    lift = asked(motion, down, kept, steps=True)
    assert np.abs(lift[down]).max() < 1e-9
    swings = [lift[start:stop, side] for side in range(2) for start, stop in runs(~down[:, side])]
    between = [swing for swing in swings[1:-1] if len(swing) > 2]
    assert len(between) > 4 and np.median([swing.max() for swing in between]) > 0.03


# --- the root -------------------------------------------------------------------------------------------------------


def gliding(frames: int, speed: float = 1.0) -> np.ndarray:
    """A body that stands upright and slides ahead at ``speed``, m/s: 5 cm a frame at 1 m/s."""
    return with_bone_lengths(made.standing(frames / FPS)) + np.arange(frames)[:, None, None] * [0, 0, speed / FPS]


@pytest.mark.parametrize("feet, share", [(0, 0.0), (1, 1 / 3), (2, 1 / 2)])
def test_the_root_gives_way_by_a_third_to_one_standing_foot_and_by_half_to_two(feet, share):
    """Against the stiffness of two a foot weighs one: a brisk walk stays brisk."""
    contacts = np.zeros((30, 2), bool)
    contacts[:, :feet] = True
    moved = root_correction(gliding(30), contacts, np.zeros(30, bool))
    np.testing.assert_allclose(moved[:, 1], -share * np.arange(30) / FPS, atol=1e-9)
    np.testing.assert_allclose(moved[:, 0], 0, atol=1e-9)


@pytest.mark.parametrize("fps", [20, 40])
def test_the_root_goes_back_to_its_own_speed_as_fast_as_the_smoothness_lets_it(fps):
    """Where no foot stands the correction dies out by x, the root below 1 of x + 1/x = 2 + stiffness / smoothness."""
    contacts = np.zeros((300, 2), bool)
    contacts[:100] = True
    speed = np.diff(root_correction(gliding(300), contacts, np.zeros(300, bool), fps)[:, 1])[105:115]
    twice = 2 + 2.0 / (6.0 * (fps / 20) ** 2)
    np.testing.assert_allclose(speed[1:] / speed[:-1], (twice - np.sqrt(twice**2 - 4)) / 2, rtol=1e-6)


def test_the_root_ends_each_gap_between_kept_frames_where_it_was():
    kept = np.zeros(80, bool)
    kept[:20] = kept[35] = kept[60:] = True
    motion = gliding(80)
    contacts = np.ones((80, 2), bool)
    free = root_correction(motion, contacts, np.zeros(80, bool))
    moved = root_correction(motion, contacts, kept)
    assert np.abs(free[kept]).max() > 1 and np.abs(moved[kept]).max() < 2e-3
    behind = np.zeros(80, bool)
    behind[50:] = True
    only = root_correction(motion, contacts, behind)
    assert np.abs(only[behind]).max() < 0.01 and np.abs(only[0]).max() > 0.5, "the start moves instead"


@pytest.mark.parametrize("frames", [2, 3, 40])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_root_solves_the_least_squares_problem_it_states(frames, share):
    """Each term of the problem is a row of a dense one, solved by numpy."""
    rng = np.random.default_rng(frames)
    motion = np.cumsum(rng.normal(size=(frames, 22, 3)) * 0.02, axis=0)
    contacts, kept, fps = rng.random((frames, 2)) < 0.6, rng.random(frames) < share, 30
    rows, wanted = [], []
    steps = np.diff(motion[:, TOES][..., [0, 2]], axis=0)
    unknown = np.eye(frames - 1)
    for frame, side in np.argwhere(contacts[1:] & contacts[:-1]):
        rows.append(unknown[frame])
        wanted.append(-steps[frame, side])
    rows += [*(STIFFNESS**0.5 * unknown), *(SMOOTHNESS**0.5 * (fps / FPS) * np.diff(unknown, axis=0))]
    known = np.flatnonzero(kept)
    rows += [HELD**0.5 * unknown[first:last].sum(axis=0) for first, last in pairwise(known)]
    wanted += [np.zeros(2)] * (len(rows) - len(wanted))
    speed = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    place = np.concatenate([np.zeros((1, 2)), np.cumsum(speed, axis=0)])
    place -= place[known[0]] if len(known) else 0
    np.testing.assert_allclose(root_correction(motion, contacts, kept, fps), place, atol=1e-9)


def test_four_minutes_take_no_square_of_memory():
    motion = gliding(4800)
    kept = np.ones(4800, bool)
    kept[2000:2200] = False
    contacts = np.ones((4800, 2), bool)
    tracemalloc.start()
    root_correction(motion, contacts, kept)
    leg_correction(motion, contacts, kept, FPS, steps=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * motion.nbytes / 22, "a matrix of frames by frames is 1,600 times as large as one joint"


# --- which foot -------------------------------------------------------------------------------------------------------


def racing(frames: int, slower: float, faster: float) -> np.ndarray:
    """Both feet slide; the left one is the slower for ``frames`` frames, then the right one for as long."""
    body = with_bone_lengths(made.standing(2 * frames / FPS))
    first = np.arange(2 * frames) < frames
    speeds = np.where(first[:, None] == [True, False], slower, faster)  # (frames, 2) m/s
    return with_feet_moved(body, np.cumsum(speeds, axis=0) / FPS)


@pytest.mark.parametrize("frames, changes", [(5, 0), (20, 1)])
def test_a_body_changes_its_foot_only_where_that_spares_more_than_15_centimetres(frames, changes):
    """0.4 m/s for 5 frames is 10 cm less slide, for 20 frames 40 cm."""
    motion = racing(frames, 2.0, 2.4)
    carried = detect_carrying(motion, np.zeros((2 * frames, 2), bool))
    assert (carried.sum(axis=1) == 1).all()
    assert np.abs(np.diff(carried[:, 0].astype(int))).sum() == changes
    if changes:
        assert carried[: frames - 1, 0].all() and carried[frames + 1 :, 1].all()


def test_a_foot_glides_when_it_is_low_and_no_faster_than_half_as_much_again_as_the_body_for_long_enough():
    body = gliding(40, 2.0)
    none = np.zeros((40, 2), bool)
    assert detect_gliding(body, none).all()
    ahead = np.arange(40)[:, None] / FPS * [1.2, 0.8]  # 3.2 and 2.8 m/s, where the limit is 3
    assert detect_gliding(with_feet_moved(body, ahead), none).tolist() == [[False, True]] * 40
    assert not detect_gliding(body + np.array((0, 0.07, 0)), none).any()
    assert not detect_gliding(body, ~none).any(), "a foot in contact stands, it does not glide"
    for frames in (7, 8):  # of 20 a second: 0.35 and 0.4 s
        brief = body + np.where(np.arange(40) < frames, 0.0, 0.3)[:, None, None] * [0, 1, 0]
        assert detect_gliding(brief, none).any() == (frames == 8)


@pytest.mark.parametrize("height", [0.02, 0.05])
def test_a_toe_that_is_up_already_is_lifted_by_that_much_less(height):
    body, all_down, none = gliding(80), np.ones((80, 2), bool), np.zeros(80, bool)
    flat = asked(body, all_down, none, steps=False) + body[:, TOES, 1]
    raised = body + np.array((0.0, height, 0.0))
    found = asked(raised, all_down, none, steps=False) + raised[:, TOES, 1]
    assert flat.max() > 0.08
    np.testing.assert_allclose(found, np.maximum(flat, raised[:, TOES, 1]), atol=1e-9)
