"""Items of segments and of authored actions are whole, true, and as rare as they should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from coamd_blender.motion.skeleton import mirror, with_bone_lengths
from runtime.captions import describe
from runtime.captions.actions import action_of
from runtime.compose import authored_items, compose, segment_items
from runtime.compose.clip_pool import Bank
from runtime.compose.segments import Segment
from runtime.grammar import sentences
from runtime.grammar.sentences import told
from tests import movers
from tests.compose.test_compose import prepared


def segment(text: str, joints: np.ndarray, start: int = 0, end: int | None = None, **more) -> Segment:
    clip = {"id": text, "in_place": False, "flags": [], "split": "train"} | more.pop("clip", {})
    end = len(joints) if end is None else end
    return Segment(clip, with_bone_lengths(joints), start, end, (told(text),), action_of(text), 0.9, **more)


def scenes_of(*found: Segment) -> segment_items.Scenes:
    scenes = segment_items.Scenes([], np.zeros((0, 22, 3)))
    scenes.segments = list(found)
    seen = Counter(one.action.name for one in found)
    weights = np.array([scenes._weight(one, seen) for one in found])
    scenes.odds = weights / weights.sum()
    scenes.following = {
        index: index + 1 for index in range(len(found) - 1) if segment_items._follows(found[index], found[index + 1])
    }
    return scenes


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank(*prepared())


@pytest.fixture(autouse=True)
def typed_well(monkeypatch):
    monkeypatch.setattr(sentences, "_TYPO_SHARE", 0.0)


def items(make, scenes, bank, count=40):
    drawn = [make(scenes, bank, np.random.default_rng(seed)) for seed in range(count)]
    return [item for item in drawn if item is not None]


def test_a_short_segment_is_held_and_told_of_the_leg_that_kicks(bank):
    scenes = scenes_of(segment("A man kicks with the left leg", movers.kicking("left")))
    made = items(segment_items.segment_item, scenes, bank)
    assert {item.kind for item in made} >= {"segment", "segment_padded"}
    assert max(len(item.joints) for item in made) > 60
    for item in made:
        assert len(item.joints) % 4 == 0 and 24 <= len(item.joints) <= 196
        (kick,) = describe.kicks(item.joints.astype(float))
        assert all(
            kick.side in text and {"left": "right", "right": "left"}[kick.side] not in text for text in item.captions
        )
    assert {describe.kicks(item.joints.astype(float))[0].side for item in made} == {"left", "right"}


def test_a_cyclic_segment_goes_on_and_numbers_are_not_told_of_it(bank):
    scenes = scenes_of(segment("A person walks for two steps", movers.walking(44, 1.2)))
    longer = [item for item in items(segment_items.segment_item, scenes, bank) if item.kind == "segment_repeat"]
    assert longer and max(len(item.joints) for item in longer) >= 80
    assert not any("two" in text for item in longer for text in item.captions)


def test_doing_it_again_is_counted(bank):
    scenes = scenes_of(segment("A man kicks with the left leg", movers.kicking("left")))
    made = items(segment_items.again_item, scenes, bank)
    assert made
    words = {
        2: ("twice", "two times"),
        3: ("three times", "again and again", "repeatedly"),
        4: ("four", "again", "repeat"),
    }
    for item in made:
        seen = len(describe.kicks(item.joints.astype(float)))
        assert all(any(word in text for word in words[seen]) for text in item.captions), item.captions


def test_what_is_counted_already_is_not_done_again(bank):
    scenes = scenes_of(segment("A man kicks twice with the left leg", movers.kicking("left", 2)))
    assert items(segment_items.again_item, scenes, bank) == []


def test_neighbours_follow_in_their_real_order_and_time(bank):
    joints = np.concatenate([movers.walking(60, 1.2), movers.waving("left", 60) + np.array([0, 0, 3.54])])
    clip = {"id": "one", "in_place": False, "flags": []}
    first = replace(segment("A person walks forward", joints, 0, 60), clip=clip)
    second = replace(segment("A person waves with the left hand", joints, 62, 120), clip=clip, whole=first.whole)
    made = items(segment_items.neighbours_item, scenes_of(first, second), bank)
    assert made
    for item in made:
        assert item.parts == ("walk", "wave") and len(item.joints) == 120
        for text in item.captions:
            text = text.replace("waving", "wave").replace("walking", "walk").replace("walked", "walk")
            assert "after" in text or text.index("walk") < text.index("wav"), text
    apart = replace(second, clip={**clip, "id": "two"})
    assert items(segment_items.neighbours_item, scenes_of(first, apart), bank) == []


def test_rare_actions_are_drawn_more_often_than_their_share():
    walks = [segment("A person walks forward", movers.walking(60, 1.2)) for _ in range(50)]
    rare = segment("A person yawns", movers.standing(60))
    odds = scenes_of(*walks, rare).odds
    assert odds[-1] > 5 * odds[0]
    assert odds[:-1].sum() > 2 * odds[-1]


def test_measured_facts_are_added_when_nothing_is_said_of_them():
    kick = movers.kicking("left")
    (told_,) = segment_items.facts(told("a man kicks"), kick, "kick")
    assert told_.text == "a man kicks with the left leg"
    (told_,) = segment_items.facts(told("a man kicks"), mirror(kick), "kick")
    assert told_.text == "a man kicks with the right leg"
    assert segment_items.facts(told("a man kicks with the left leg"), kick, "kick") == []
    texts = [one.text for one in segment_items.facts(told("a person walks"), movers.walking(60, 1.8), "walk")]
    assert "a person walks quickly" in texts


def test_authored_actions_are_drawn_less_where_recordings_are_many():
    recorded = [segment("A person claps", movers.standing(40)) for _ in range(60)]
    alone, beside = authored_items.Authors([]), authored_items.Authors(recorded)
    clap = alone.names.index("clap")
    assert beside.odds[clap] < alone.odds[clap] / 4
    assert beside.odds.sum() == pytest.approx(1)


def test_authored_items_are_whole_and_told(bank):
    authors = authored_items.Authors([])
    made = [authored_items.authored_item(authors, bank, np.random.default_rng(seed)) for seed in range(6)]
    for item in made:
        assert item.kind == "authored" and item.captions and 24 <= len(item.joints) <= 196
        assert np.isfinite(item.joints).all() and item.joints[..., 1].min() > -0.03


def test_workers_build_what_one_process_builds():
    clips, motions = prepared()
    alone, shared = (list(compose.build_pool(clips, motions, 5, 24, "train", workers)) for workers in (1, 2))
    for one, other in zip(alone, shared, strict=True):
        assert one.captions == other.captions and np.array_equal(one.joints, other.joints)


def test_authored_actions_train_and_do_not_validate():
    clips, motions = prepared()
    val = [clip | {"split": "val"} for clip in clips]
    assert not any(item.kind == "authored" for item in compose.build_pool(val, motions, 5, 24, "val"))
