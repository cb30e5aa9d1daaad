"""Every authored action, drawn: what holds for a human body and for the words told of it.

The measures are taken from joints alone, by formulas of this file.
"""

import numpy as np
import pytest
from scipy.signal import find_peaks

import runtime.authored as authored
from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_INDEX, MAX_FRAMES, PARENTS
from runtime.authored.spec import actions
from runtime.grammar.inflection import NOT_A_SIDE

NAMES = authored.names()
DRAWS = 2
FPS = 20
BODY = {
    "left_ankle": 0.055, "right_ankle": 0.055, "left_knee": 0.03, "right_knee": 0.03, "left_wrist": 0.01,
    "right_wrist": 0.01, "pelvis": 0.06, "spine3": 0.06, "head": 0.06, "left_foot": 0.0, "right_foot": 0.0,
}  # fmt: skip
_DRAWN: dict[tuple[str, int], authored.Authored] = {}


def drawn(name, seed):
    if (name, seed) not in _DRAWN:
        _DRAWN[name, seed] = authored.draw(np.random.default_rng(seed), name)
    return _DRAWN[name, seed]


def place(joints, name):
    return joints[:, JOINT_INDEX[name]].astype(float)


def bend(joints, side, upper, middle, lower):
    """Degrees by which the limb upper - middle - lower is bent, 0 straight."""
    first = place(joints, f"{side}_{middle}") - place(joints, f"{side}_{upper}")
    second = place(joints, f"{side}_{lower}") - place(joints, f"{side}_{middle}")
    cosine = (first * second).sum(-1) / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_every_draw_is_a_body_on_the_floor(name):
    for seed in range(DRAWS):
        motion = drawn(name, seed)
        joints = motion.joints
        assert joints.dtype == np.float32 and joints.shape[1:] == (22, 3)
        assert 20 <= len(joints) <= MAX_FRAMES and len(joints) % 4 == 0
        assert np.isfinite(joints).all()
        bones = np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS[1:])], axis=-1)
        np.testing.assert_allclose(bones, np.broadcast_to(BONE_LENGTHS[1:], bones.shape), atol=1e-5)
        for part, radius in BODY.items():
            assert place(joints, part)[:, 1].min() > radius - 0.02, (name, seed, part)
        # it stands at the origin and faces +Z
        np.testing.assert_allclose(joints[0, 0, [0, 2]], 0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_joints_stay_in_their_ranges(name):
    for seed in range(DRAWS):
        joints = drawn(name, seed).joints
        for side in ("left", "right"):
            knee, elbow = bend(joints, side, "hip", "knee", "ankle"), bend(joints, side, "shoulder", "elbow", "wrist")
            assert knee.max() < 162 and elbow.max() < 158, (name, seed)
            hips = place(joints, "left_hip") - place(joints, "right_hip")
            thigh = place(joints, f"{side}_knee") - place(joints, f"{side}_hip")
            shank = place(joints, f"{side}_ankle") - place(joints, f"{side}_knee")
            # a knee folds the shank backwards: thigh x shank points along the axis from right to left hip
            hinge = np.cross(thigh, shank)
            folded = (hinge * hips).sum(-1) / np.linalg.norm(hinge, axis=-1) / np.linalg.norm(hips, axis=-1)
            assert (folded[knee > 25] > -0.35).all(), (name, seed, side)


@pytest.mark.parametrize("name", NAMES)
def test_planted_feet_stay_where_they_are(name):
    for seed in range(DRAWS):
        joints = drawn(name, seed).joints
        for side in ("left", "right"):
            toe, ankle = place(joints, f"{side}_foot"), place(joints, f"{side}_ankle")
            flat = (toe[:, 1] < 0.012) & (ankle[:, 1] < 0.072) & (place(joints, "pelvis")[:, 1] > 0.45)
            flat = flat[1:] & flat[:-1]
            slide = np.linalg.norm(np.diff(toe[:, [0, 2]], axis=0), axis=-1)[flat] * FPS
            if len(slide) > 5:
                assert np.percentile(slide, 97) < 0.25, (name, seed, side)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_faster_than_people_do(name):
    for seed in range(DRAWS):
        speed = np.linalg.norm(np.diff(drawn(name, seed).joints, axis=0), axis=-1) * FPS
        assert speed.max() < 14.0, (name, seed)
        assert np.percentile(speed, 95) < 6.0, (name, seed)


@pytest.mark.parametrize("name", NAMES)
def test_phrases_are_many_and_captions_are_whole(name):
    assert len({phrase.lower() for phrase in actions()[name].phrases}) >= 15
    for seed in range(DRAWS):
        said = drawn(name, seed).captions
        assert len(said) >= 3 and len(set(said)) == len(said)
        for text in said:
            assert not set("{}*$") & set(text), text
            assert "  " not in text and text == text.strip(), text


def test_the_same_seed_draws_the_same_and_another_seed_another():
    for name in NAMES[:6]:
        first, again = (authored.draw(np.random.default_rng(11), name) for _ in range(2))
        other = authored.draw(np.random.default_rng(12), name)
        np.testing.assert_array_equal(first.joints, again.joints)
        assert first.captions == again.captions
        assert first.joints.shape != other.joints.shape or np.abs(first.joints - other.joints).max() > 0.02


# Actions whose named side is that of the limb that does it.
BY_HAND = (
    "wave", "point_forward", "point_side", "point_up", "beckon", "stop_hand", "salute", "facepalm", "scratch_head",
    "wipe_brow", "blow_kiss", "check_watch", "phone_to_ear", "drink", "fist_pump", "bow_hand_on_chest",
    "pick_up_one", "open_door", "close_door", "throw_overarm", "throw_underarm", "pour", "stir", "hammer", "saw",
    "write_on_board", "knock", "brush_teeth", "comb_hair", "put_on_hat", "turn_crank", "wipe_table", "wipe_window",
    "paint_wall", "shake_bottle", "dribble_ball", "light_switch", "reach_shelf", "jab", "cross_punch", "hook_punch",
    "uppercut", "block_high", "tennis_forehand", "tennis_serve", "bowling", "javelin", "sword_slash",
)  # fmt: skip
BY_FOOT = (
    "knee_raise", "leg_raise_side", "leg_swing_front", "lunges", "side_lunge", "quad_stretch", "front_kick",
    "side_kick", "roundhouse_kick", "knee_strike", "soccer_kick", "kneel_one", "stand_on_one_leg", "tree_pose",
    "cross_leg_chair",
)  # fmt: skip


@pytest.mark.parametrize(("name", "part"), [*((n, "wrist") for n in BY_HAND), *((n, "ankle") for n in BY_FOOT)])
def test_the_named_side_is_the_side_that_moves(name, part):
    for seed in range(3):
        motion = drawn(name, seed)
        way = {
            side: np.linalg.norm(np.diff(place(motion.joints, f"{side}_{part}"), axis=0), axis=-1).sum()
            for side in ("left", "right")
        }
        assert max(way, key=way.get) == motion.side, (name, seed, way)
        other = {"left": "right", "right": "left"}[motion.side]
        for text in motion.captions:
            words = NOT_A_SIDE.sub("", text.lower())
            if name not in ("stand_on_one_leg", "tree_pose"):  # these may name the leg that bears alone
                assert motion.side in words or other not in words or "left and right" in words, text


def _pelvis(joints):
    return -place(joints, "pelvis")[:, 1]


def _feet_apart(joints):
    return np.linalg.norm(place(joints, "left_foot") - place(joints, "right_foot"), axis=-1)


def _hands_up(joints):
    return np.minimum(place(joints, "left_wrist")[:, 1], place(joints, "right_wrist")[:, 1])


def _hands_close(joints):
    """Nearness of the hands, those farther than 20 cm all alike."""
    apart = np.linalg.norm(place(joints, "left_wrist") - place(joints, "right_wrist"), axis=-1)
    return -np.minimum(apart, 0.2)


def _hands_at_the_toes(joints):
    return -np.minimum(_hands_up(joints), 0.6)


def _hands_close_up_high(joints):
    apart = np.linalg.norm(place(joints, "left_wrist") - place(joints, "right_wrist"), axis=-1)
    return np.where(_hands_up(joints) > place(joints, "head")[:, 1], -np.minimum(apart, 0.55), -0.55)


def _knees_up(joints):
    return np.maximum(place(joints, "left_knee")[:, 1], place(joints, "right_knee")[:, 1])


def _side_wrist(joints):
    spread = [np.ptp(place(joints, f"{side}_wrist")[:, 1]) for side in ("left", "right")]
    side = ("left", "right")[int(np.argmax(spread))]
    out = np.abs(place(joints, f"{side}_wrist")[:, 0] - place(joints, f"{side}_shoulder")[:, 0])
    return np.where(place(joints, f"{side}_wrist")[:, 1] > place(joints, f"{side}_shoulder")[:, 1] + 0.1, out, 0.0)


def _highest_foot(joints):
    return np.maximum(place(joints, "left_ankle")[:, 1], place(joints, "right_ankle")[:, 1])


def _busy_wrist(joints):
    """Height over its elbow of the wrist that moves more."""
    way = [np.abs(np.diff(place(joints, f"{side}_wrist")[:, 1])).sum() for side in ("left", "right")]
    side = ("left", "right")[int(np.argmax(way))]
    return place(joints, f"{side}_wrist")[:, 1]


# How to see one repeat in the joints: a number over time and how far its peaks stand out, metres.
COUNTED = {
    "squats": (_pelvis, 0.15), "jumping_jacks": (_feet_apart, 0.2), "toe_touches": (_hands_at_the_toes, 0.15),
    "clap": (_hands_close, 0.05), "clap_overhead": (_hands_close, 0.06), "overhead_press": (_hands_up, 0.25),
    "biceps_curls": (_hands_up, 0.2), "high_knees": (_knees_up, 0.12), "lunges_alternating": (_feet_apart, 0.3),
    "calf_raises": (lambda j: place(j, "pelvis")[:, 1], 0.04), "wave": (_side_wrist, 0.1),
    "sit_and_stand": (_pelvis, 0.2), "chop_wood": (_hands_up, 0.6), "front_kick": (_highest_foot, 0.4),
    "duck": (_pelvis, 0.2), "shake_bottle": (_busy_wrist, 0.05), "paint_wall": (_busy_wrist, 0.3),
    "squat_jumps": (lambda j: place(j, "left_foot")[:, 1], 0.1),
    "wave_both": (_hands_close_up_high, 0.1), "jump_in_place": (lambda j: place(j, "left_foot")[:, 1], 0.04),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_the_count_is_what_the_joints_show(name):
    measure, prominence = COUNTED[name]
    for seed in range(3):
        motion = drawn(name, seed)
        start, stop = motion.core
        curve = measure(motion.joints)[max(start - 4, 0) : stop + 4]
        curve = np.pad(curve, 1, constant_values=curve.min())
        peaks, _ = find_peaks(curve, prominence=prominence, distance=3)
        assert len(peaks) == motion.count, (name, seed, len(peaks))


@pytest.mark.parametrize("name", ["walk_forward", "walk_backward", "sneak", "march", "carry_walk"])
def test_a_gait_takes_the_steps_it_tells_of_and_one_to_close_the_feet(name):
    for seed in range(2):
        motion = drawn(name, seed)
        swings = 0
        for side in ("left", "right"):
            speed = np.linalg.norm(np.diff(place(motion.joints, f"{side}_foot")[:, [0, 2]], axis=0), axis=-1) * FPS
            peaks, _ = find_peaks(np.pad(speed, 1), height=0.45, prominence=0.4, distance=4)
            swings += len(peaks)
        assert swings == motion.count + 1, (name, seed)


@pytest.mark.parametrize(
    ("name", "sign"), [("walk_forward", 1), ("walk_backward", -1), ("jump_forward", 1), ("crawl", 1)]
)
def test_a_way_leads_where_it_is_told(name, sign):
    joints = drawn(name, 0).joints
    assert sign * (joints[-1, 0, 2] - joints[0, 0, 2]) > 0.3


@pytest.mark.parametrize("name", ["sidestep", "side_shuffle_low", "jump_side", "roll_sideways"])
def test_who_goes_to_a_side_goes_to_the_side_that_is_named(name):
    for seed in range(3):
        motion = drawn(name, seed)
        way = motion.joints[-1, 0, 0] - motion.joints[0, 0, 0]  # +X is the left
        assert way * (1 if motion.side == "left" else -1) > 0.25, (name, seed)


def test_jumps_fly_as_things_fall():
    for name in ("jumping_jacks", "squat_jumps", "jump_in_place"):
        joints = drawn(name, 1).joints
        height = place(joints, "pelvis")[:, 1]
        low = np.minimum(place(joints, "left_foot")[:, 1], place(joints, "right_foot")[:, 1])
        up = low > 0.02
        inner = up[1:-1] & up[:-2] & up[2:]
        fall = np.diff(height, 2)[inner] * FPS**2
        assert inner.any()
        assert np.abs(np.median(fall) + 9.81) < 1.0, (name, fall)


def test_a_standing_body_is_balanced_over_its_feet():
    for name in ("bow", "toe_touches", "side_bends", "knee_raise", "leg_raise_side"):
        joints = drawn(name, 2).joints
        trunk = joints[:, [0, 6, 9, 12, 15]].mean(axis=1) * 0.58
        limbs = joints[:, [16, 17, 18, 19]].mean(axis=1) * 0.10 + joints[:, [4, 5, 7, 8]].mean(axis=1) * 0.32
        mass = (trunk + limbs)[:, [0, 2]]
        feet = joints[:, [7, 8, 10, 11]]
        low = feet[..., 1] < 0.09
        for frame in range(0, len(joints), 5):
            if not low[frame].any():
                continue
            bearing = feet[frame][low[frame]][:, [0, 2]]
            beyond = np.maximum(bearing.min(axis=0) - mass[frame], mass[frame] - bearing.max(axis=0))
            assert beyond.max() < 0.16, (name, frame)


def test_a_name_that_is_not_an_action_is_refused_with_a_remedy():
    with pytest.raises(InputError, match="no authored action"):
        authored.draw(np.random.default_rng(0), "levitate")
