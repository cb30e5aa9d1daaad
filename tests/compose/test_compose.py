"""Joining, bending and layering keep the body whole; the pool is reproducible, balanced and true to its rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import synthetic_motions as made
import torch

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_INDEX, PARENTS, with_bone_lengths
from runtime.captions import describe
from runtime.captions.captions import speak
from runtime.captions.phrases import LOW_STANCES, Entry
from runtime.compose import compose, splice
from runtime.compose.compose import PoolItem
from runtime.data.dataset import Pool, TokenSampler, emphasis, write_pool
from tests import movers

LEGS = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("hip", "knee", "ankle", "foot")]


def bone_error(joints: np.ndarray) -> float:
    bones = joints[:, 1:] - joints[:, list(PARENTS[1:])]
    return float(np.abs(np.linalg.norm(bones, axis=-1) - BONE_LENGTHS[1:]).max())


def body(joints: np.ndarray) -> np.ndarray:
    return with_bone_lengths(joints)


def swaying(frames: int) -> np.ndarray:
    joints = movers.standing(frames)
    joints[:, [3, 6, 9, 12, 15], 0] += 0.01 * np.sin(np.arange(frames) / 9)[:, None]
    return body(joints)


def squatting(frames: int = 60) -> np.ndarray:
    joints = movers.standing(frames)
    sink = 0.35 * np.sin(np.linspace(0, np.pi, frames)) ** 2
    upper = [index for index in range(22) if index not in LEGS or "hip" in list(JOINT_INDEX)[index]]
    joints[:, upper, 1] -= sink[:, None]
    for side in ("left", "right"):
        joints[:, JOINT_INDEX[f"{side}_knee"], 1] -= sink / 2
        joints[:, JOINT_INDEX[f"{side}_knee"], 2] += sink * 0.9
    return joints


def prepared() -> tuple[list[dict], np.ndarray]:
    """A small data set of synthetic people, in the layout the readers write."""
    wanted = [
        ("cmu_amc", "walk", movers.walking(100, 1.2)),
        ("cmu_amc", "walk", movers.walking(120, 1.0)),
        ("cmu_amc", "run", movers.walking(80, 3.0, 3.0)),
        ("cc0_glb", "Idle", swaying(120)),
        ("hdm05", "kickLFront1Reps", movers.kicking("left")),
        ("cc0_glb", "Punch_Jab", movers.punching("right")),
        ("cc0_glb", "Waving", movers.waving("right")),
        ("cc0_glb", "Bow", movers.bowing(50)),
        ("hdm05", "squat1Reps", squatting()),
        ("cmu_amc", "forward jump", movers.jumping(1, 0.6)),
        ("cmu_amc", "salsa dance", movers.walking(150, 0.3)),
        ("cc0_glb", "Sit_Chair_Idle", movers.seated(60)),
    ]
    clips, start = [], 0
    for number, (source, label, joints) in enumerate(wanted):
        names = dict.fromkeys(("name", "label", "action"), label)
        more = {"in_place": False, "ships": True, "split": "train", "flags": [], "file": f"{number}.npz"}
        clips.append(
            {"id": f"{source}/{number}", "set": source, "start": start, "frames": len(joints), **names, **more}
        )
        start += len(joints)
    return clips, np.concatenate([body(joints) for _, _, joints in wanted]).astype(np.float32)


@pytest.fixture(scope="module")
def pool() -> list[compose.PoolItem]:
    return list(compose.build_pool(*prepared(), seed=3, size=160, split="train"))


def test_items_are_canonical_whole_and_captioned(pool):
    for item in pool:
        frames = len(item.joints)
        assert item.joints.dtype == np.float32
        assert frames % 4 == 0
        assert 24 <= frames <= 196
        assert np.abs(item.joints[0, 0, [0, 2]]).max() < 1e-3
        assert abs(describe.heading(item.joints[:1])[0]) < 1e-2
        assert bone_error(item.joints) < 2e-3
        assert item.captions
        assert all(len(text.split()) <= 40 and "*" not in text and "{" not in text for text in item.captions)


def test_the_pool_is_the_same_for_the_same_seed(pool):
    clips, motions = prepared()
    again = list(compose.build_pool(clips, motions, seed=3, size=12, split="train"))
    other = list(compose.build_pool(clips, motions, seed=4, size=12, split="train"))
    assert all(
        np.array_equal(a.joints, b.joints) and a.captions == b.captions for a, b in zip(again, pool[:12], strict=True)
    )
    assert any(a.captions != b.captions for a, b in zip(again, other, strict=True))


def test_all_kinds_and_most_families_are_there(pool):
    labelled = {"single", "mirror", "scaled", "padded", "repeat", "sequence", "layered"}
    assert {item.kind for item in pool} == labelled | {"authored"}
    families = [item.family for item in pool]
    for family in ("walk", "turn", "kick", "punch", "wave", "bow", "crouch", "jump", "idle", "dance", "backwards"):
        assert families.count(family) >= 2, family


def test_held_out_pairs_are_never_composed(pool):
    pairs = [item.parts for item in pool if item.kind in ("sequence", "layered")]
    assert pairs
    assert not set(pairs) & set(compose.HELD_OUT_PAIRS)
    assert 10 <= len(set(compose.HELD_OUT_PAIRS)) <= 14


def test_told_sides_are_those_of_the_kicking_leg(pool):
    told = 0
    for item in pool:
        if item.family == "kick" and item.kind in ("single", "mirror", "padded"):
            sides = {event.side for event in describe.kicks(item.joints.astype(float))}
            for text in item.captions:
                for side in ("left", "right"):
                    if f"{side} foot" in text or f"{side} leg" in text:
                        assert sides == {side}, text
                        told += 1
    assert told > 5


def test_nothing_to_say_is_an_error_with_a_remedy():
    clips, motions = prepared()
    with pytest.raises(DataError, match="split"):
        next(compose.build_pool(clips, motions, 0, 1, "test"))


def test_joined_motion_goes_on_from_where_it_was():
    first = body(movers.walking(60, 1.2))
    second = movers.turned(first, 80.0) + np.array([4.0, 0, 0])
    joined = splice.join(first, second, 8)
    assert len(joined) == 120
    assert np.array_equal(joined[:60], first)
    step = np.linalg.norm(np.diff(joined, axis=0), axis=-1).max()
    own = np.linalg.norm(np.diff(first, axis=0), axis=-1).max()
    assert step < 1.8 * own
    assert np.degrees(np.ptp(describe.heading(joined))) < 15
    assert bone_error(joined) < 1e-3
    assert describe.travel(joined).forward == pytest.approx(2 * 59 / 20 * 1.2, rel=0.08)


def test_the_best_seam_is_the_same_pose():
    joints = body(movers.walking(80, 1.2, 2.0))
    stop, start, cost = splice.best_seam(joints[30:50], joints[:20])
    assert (30 + stop - start) % 20 == 0  # one stride of two steps takes 20 frames
    assert cost < 1e-6


@pytest.mark.parametrize("degrees", [90.0, -180.0])
def test_bent_paths_turn_by_the_angle_and_the_bearing_foot_stays(degrees):
    joints = movers.walking(100, 0.0)  # on the spot: whatever slides, slides because of the bend
    straight = splice.foot_slide(joints)
    bent = splice.bend(joints, np.radians(degrees))
    assert np.degrees(describe.net_turn(bent)) == pytest.approx(degrees, abs=10)
    assert splice.foot_slide(bent) < straight + 0.12


def test_holding_a_stance_keeps_the_feet_and_its_beginning():
    kick = body(movers.kicking("left"))
    held = splice.hold_after(kick, swaying(60), 40)
    assert np.array_equal(held[: len(kick)], kick)
    assert np.abs(held[len(kick) :, LEGS[2]] - kick[-1, LEGS[2]]).max() < 0.03
    before = splice.hold_before(kick, swaying(60), 24)
    assert np.array_equal(before[24:], kick)


def test_layered_arms_wave_over_a_walk_whose_legs_are_untouched():
    walk, wave = body(movers.walking(60, 1.2)), body(movers.waving("right"))
    both = splice.layer_arms(walk, wave, ("right",), np.ones(60))
    assert np.allclose(both[:, LEGS], walk[:, LEGS], atol=1e-6)
    assert {event.side for event in describe.waves(both)} == {"right"}
    assert np.allclose(both[:, JOINT_INDEX["left_wrist"]], walk[:, JOINT_INDEX["left_wrist"]], atol=1e-6)


def test_time_scaling_changes_length_and_speed():
    joints = body(movers.walking(81, 1.0))
    slow = splice.time_scaled(joints, 0.5)
    assert len(slow) == 162
    assert describe.travel(slow).speed == pytest.approx(0.5, rel=0.1)
    assert np.allclose(slow[[0, -1]], joints[[0, -1]], atol=1e-6)


def test_leaning_bows_and_leaves_the_feet():
    joints = swaying(60)
    bow = splice.lean_forward(joints, np.radians(60) * np.sin(np.linspace(0, np.pi, 60)) ** 2, 0.5)
    assert describe.bows(bow)[0].size == pytest.approx(60, abs=12)
    ankles = [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]
    assert np.linalg.norm(bow[:, ankles] - joints[:, ankles], axis=-1).max() < 0.04
    assert bone_error(bow) < 1e-6


def test_local_poses_round_trip():
    joints = movers.turned(movers.walking(30, 1.2), np.linspace(0, 200, 30))
    assert np.allclose(splice.from_local(*splice.to_local(joints)), joints, atol=1e-9)


def test_a_subset_without_walking_or_standing_still_composes():
    clips, motions = prepared()
    few = [clip for clip in clips if clip["label"] in ("salsa dance", "Bow", "kickLFront1Reps", "squat1Reps")]
    items = list(compose.build_pool(few, motions, 0, 20, "train"))
    assert len(items) == 20
    recorded = [item for item in items if item.kind not in ("authored", "sequence")]
    assert recorded and {item.family for item in recorded} <= {"dance", "bow", "kick", "crouch", "exercise"}


def test_hard_punches_are_drawn_more_often_than_feeble_ones():
    weights = []
    for speed in (2.4, 1.7, 1.0):  # m/s at which the arm stretches
        reach = np.clip(0.1 + speed * np.arange(30) / 20, 0.1, 0.5)
        joints = made.with_hand(made.standing(1.5), "right", reach[:, None] * [0.0, 0.0, 1.0])
        weights.append(compose.draw_weight(PoolItem(joints, ["a person punches"], "punch", "single", 1.0, ("punch",))))
    assert weights == [4.0, 1.0, 0.3]
    walk = PoolItem(made.standing(2), ["a person walks"], "walk", "single", 1.0, ("walk",))
    assert compose.draw_weight(walk) == 1.0


def test_walks_in_a_hurry_are_drawn_more_often():
    for speed, weight in ((0.9, 1.0), (1.8, 2.5)):
        joints = made.standing(3) + np.arange(60)[:, None, None] / 20 * [0.0, 0.0, speed]
        walk = PoolItem(joints.astype(np.float32), ["a person walks"], "walk", "single", 1.0, ("walk",))
        assert compose.draw_weight(walk) == weight
        assert compose.draw_weight(replace(walk, parts=("walk", "wave"))) == 1.0


def test_blows_from_a_low_stance_say_so_and_are_not_preferred():
    joints = made.punching(6, "right")
    low = joints - [0.0, 0.25, 0.0]
    entry = Entry("punch", (), None, (), ("punch",))
    plain, stooped = (speak(shown, entry)[0].phrases for shown in (joints, low))
    assert plain and not any("stance" in text or "bent knees" in text for text in plain)
    assert stooped and all(text.endswith(LOW_STANCES) for text in stooped)
    reach = np.clip(0.1 + 2.4 * np.arange(30) / 20, 0.1, 0.5)
    hard = made.with_hand(made.standing(1.5), "right", reach[:, None] * [0.0, 0.0, 1.0])
    for drop, weight in ((0.0, 4.0), (0.25, 1.0)):
        item = PoolItem(hard - [0.0, drop, 0.0], ["a person punches"], "punch", "single", 1.0, ("punch",))
        assert compose.draw_weight(item) == weight


def test_a_punch_counts_for_more_than_the_guard_around_it():
    still = emphasis(made.standing(2))
    np.testing.assert_allclose(still, 1.0, atol=1e-6)
    punch = emphasis(made.punching(6, "right")[::3])
    assert punch.mean() == pytest.approx(1.0)
    assert 3 <= punch.argmax() <= 6
    assert punch.max() > 4 * np.median(punch)


def test_strikes_count_for_more_where_a_caption_tells_of_one(tmp_path):
    punch = made.punching(6, "right")[::3].astype(np.float32)[:40]
    told, untold = (
        PoolItem(punch, [caption], "punch", "single", 1.0) for caption in ("a boxer punches", "a man opens a door")
    )
    write_pool(tmp_path, [told, untold])
    pool, tokens = Pool.load(tmp_path), [torch.zeros(10, 3)] * 2
    plain, struck = (TokenSampler(pool, tokens, None, strikes=strikes) for strikes in (1.0, 3.0))
    fastest = int(emphasis(punch).argmax())
    ratio = struck.emphasis[0] / plain.emphasis[0]
    assert ratio[fastest] > 2 and ratio[0] == ratio[-1] == 1.0
    assert torch.equal(struck.emphasis[1], plain.emphasis[1])
    assert np.concatenate(plain.weights).tolist() == [1.0, 1.0]
    assert np.concatenate(struck.weights).tolist() == [1.5, 1.0]
