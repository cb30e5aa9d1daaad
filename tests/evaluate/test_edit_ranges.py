"""Ranges made anew after a sentence: where they lie, what is counted; a stand-in draws them."""

import numpy as np
import pytest

from coamd_blender.motion.skeleton import rest_joints
from runtime.evaluate import edit_ranges
from runtime.evaluate.benchmarks import Options
from runtime.evaluate.edit_ranges import Cell

STANDING = np.repeat(rest_joints()[None], 196, axis=0)


def test_a_range_lies_in_the_middle_or_behind_and_it_alone_is_judged(monkeypatch):
    asked = []

    def edit(_generator, joints, fps, task):
        asked.append((len(joints), fps, task.start, task.stop, task.prompt, task.mode, task.seed))
        made = joints.copy()
        made[task.start : task.stop] += 1.0
        return made

    monkeypatch.setattr(edit_ranges, "edit", edit)
    for behind in (False, True):
        made = edit_ranges.edited(None, STANDING, STANDING[:80], "a person bows", 30, 4, behind)
        assert np.array_equal(made, STANDING[:30] + 1.0)
    assert asked == [
        (196, 20, 80, 110, "a person bows", "between", 4),
        (110, 20, 80, 110, "a person bows", "continue", 4),
    ]


def test_the_warning_is_right_where_it_warns_of_what_is_left_out():
    verdicts = [(True, False)] * 3 + [(True, True)] + [(False, False)] * 2 + [(False, True)] * 6
    found = [Cell("a person bows", 30, number % 2 == 0, *verdict) for number, verdict in enumerate(verdicts)]
    counts = edit_ranges.summary(found)
    assert counts["warning"] == {"right": 3, "warned": 4, "left_out": 5}
    assert counts["silent"] == {"passed": 6, "total": 8} and counts["all"] == {"passed": 7, "total": 12}
    assert counts["silent_ten"] == {"passed": 3, "total": 4}


def test_fifteen_actions_in_five_lengths_are_told_with_precision_and_recall(monkeypatch, tmp_path):
    class Standing:
        def generate(self, prompts, frames, seeds):
            return STANDING[None, :frames]

    monkeypatch.setattr(Options, "generator", lambda self: Standing())
    monkeypatch.setattr(edit_ranges, "edit", lambda _generator, joints, _fps, _task: joints)
    result = edit_ranges.run_edit_ranges(Options(cache=tmp_path))
    assert result["all"] == {"passed": 0, "total": 75} and result["silent_ten"]["total"] <= 40
    assert result["precision"] == 1.0 and result["recall"] == pytest.approx(result["warning"]["warned"] / 75)
    assert "a person salutes" in result["text"] and "recall" in result["text"]
