"""The confusion table over recordings: who is held out, what counts as an exception."""

from types import SimpleNamespace

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.errors import DataError
from runtime.evaluate import fairness
from runtime.evaluate.fairness import Labels, evaluate_fairness
from runtime.evaluate.obedience_tests import TESTS

WALK = s.travelling(s.stepping(4, 0.9, 0.3), 1.2)


def prepared(*rows):
    """Stand-in for the prepared data: rows of (set, name, split, ships, joints)."""
    clips, motions = [], {}
    for number, (origin, name, split, ships, joints) in enumerate(rows):
        clips.append(
            {
                "id": str(number),
                "set": origin,
                "name": name,
                "label": "",
                "split": split,
                "ships": ships,
                "frames": len(joints),
                "in_place": "in_place" in name,
            }
        )
        motions[str(number)] = joints
    return SimpleNamespace(clips=clips, joints=lambda clip: motions[clip["id"]])


def test_the_table_names_known_tests_and_families_only():
    labels = Labels.load()
    assert all(test["is"] in TESTS for test in labels.tests.values())
    named = {family for rule in labels.rules for family in rule.families}
    assert named <= set(labels.own)
    assert set().union(*labels.overlaps.values()) - {None} <= set(labels.tests)


def test_only_held_out_clips_are_judged_and_own_and_foreign_tests_counted():
    walks = [("bandai", f"dataset-2_walk_normal_{n:03}", "none", False, WALK) for n in range(9)]
    wrong = ("bandai", "dataset-2_walk_normal_099", "none", False, s.jumping(4))
    trained = ("hdm05", "HDM_bd_squat1Reps_001", "train", True, s.squatting(3))
    tested = ("hdm05", "HDM_tr_squat1Reps_001", "test", True, s.squatting(3))
    on_spot = ("bandai", "x_walk_in_place", "none", False, WALK)
    result = evaluate_fairness(prepared(*walks, wrong, trained, tested, on_spot))
    rows = {row["family"]: row for row in result["rows"]}
    assert rows["walk"]["clips"] == 10 and rows["walk"]["shares"]["walk"] == pytest.approx(0.9)
    assert rows["walk"]["shares"]["jump"] == pytest.approx(0.1)
    assert rows["sit_crouch"]["clips"] == 1 and rows["sit_crouch"]["shares"]["sit_crouch"] == 1.0
    assert result["exceptions"] == []
    assert [row["clip"] for row in result["failures"]] == ["9"]
    assert "walk" in fairness.table(result)


def test_exceptions_are_named():
    jumps = [("bandai", f"dataset-2_walk_normal_{n:03}", "none", False, s.jumping(3)) for n in range(10)]
    found = {(row["family"], row["test"]) for row in evaluate_fairness(prepared(*jumps))["exceptions"]}
    assert found == {("walk", "walk"), ("walk", "jump")}


def test_a_short_clip_and_an_unknown_set_prove_nothing():
    with pytest.raises(DataError, match="held-out"):
        evaluate_fairness(
            prepared(("bandai", "_walk_", "none", False, WALK[:10]), ("other", "_walk_", "val", True, WALK))
        )


def test_the_middle_of_a_long_motion():
    frames = np.arange(500)[:, None, None] * np.ones((1, 22, 3))
    cut = fairness.middle(frames)
    assert len(cut) == 196 and cut[0, 0, 0] == 152
    assert len(fairness.middle(frames[:50])) == 50
