"""The benchmark of teaching: its list of actions, its judge and its distances on clips made for it."""

import numpy as np
import pytest
from synthetic_motions import bowing, kicking, squatting, waving

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import BONE_LENGTHS, with_bone_lengths
from runtime.cleanup.denoise import remove_tremor
from runtime.evaluate.recognition import LabelledClips
from runtime.evaluate.teaching import ACTIONS, Bench, Lesson, circled, load_actions, nearest, table
from runtime.grammar.wording import wording

WAVE, SQUAT = (Lesson("made", label, "", ()) for label in ("wave", "squat"))


class Through:
    """An autoencoder that loses nothing."""

    def reconstruct(self, joints):
        return joints


class Heights:
    """Embeds a motion by how low its pelvis and how high its wrists and feet come."""

    def motions(self, motions):
        return np.stack([[m[:, 0, 1].min(), m[:, 20:22, 1].max(), m[:, 10:12, 1].max()] for m in motions])


def bench():
    """Two classes by four performers, two takes each; kicks are anything else."""
    made = [(kind, performer, make(2.0 + 0.1 * take)) for kind, make in enumerate((squatting, waving))
            for performer in (1, 2, 3, 4) for take in range(2)]  # fmt: skip
    kinds, performers, motions = zip(*made, strict=True)
    clips = LabelledClips("made", list(motions), np.array(kinds), ("squat", "wave"), np.array(performers))
    return Bench(Through(), clips, ["squat", "wave"], [kicking(2.0), kicking(2.4), bowing(2.0)], Heights())


def test_none_of_the_five_ways_to_ask_was_taught():
    lessons = load_actions()
    assert len(lessons) == 12 and len({lesson.label for lesson in lessons}) == 12
    for lesson in lessons:
        ways = {wording(asked) for asked in lesson.asked}
        assert len(ways) == 5 and wording(lesson.taught) not in ways
    taught = [lesson.taught for lesson in lessons]
    assert len(set(taught)) == 12 and ACTIONS.is_file()


def test_a_list_that_is_none_is_refused(tmp_path):
    (tmp_path / "x.toml").write_text("[[action]]\nset = 'a'\n")
    with pytest.raises(InputError, match="not a list of actions"):
        load_actions(tmp_path / "x.toml")


def test_the_judge_names_what_is_done_and_what_is_neither():
    judged = bench()
    assert judged.obeyed([squatting(2.3), waving(2.3), kicking(2.2)], WAVE).tolist() == [False, True, False]
    assert judged.obeyed([squatting(2.3), kicking(2.2)], SQUAT).tolist() == [True, False]
    assert judged.accuracy(WAVE, []) == 1.0


def test_teaching_takes_clips_of_as_many_performers_as_there_are():
    judged = bench()
    rows = judged.teaching("wave", 3)
    assert [judged.clips.performers[row] for row in rows] == [1, 3, 1] and len(set(rows)) == 3
    with pytest.raises(DataError, match="4 clips of 'wave'"):
        judged.teaching("wave", 5)


def test_distances_heed_neither_place_nor_heading_nor_speed():
    wave = waving(2.0)
    turned = wave @ np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]], np.float32) + np.float32([3, 0, 1])
    assert nearest(turned, [wave]) < 1e-3
    slow = np.repeat(wave, 2, axis=0)
    assert nearest(slow, [wave]) < 1e-3 and nearest(wave, [squatting(2.0)]) > 0.05
    lifted = wave.copy()
    lifted[:, 20] += np.float32([0, 0.22, 0])
    assert nearest(lifted, [wave]) == pytest.approx(0.22 / 22**0.5, rel=0.3)
    assert bench().takes_apart("wave") < 0.05


def test_what_the_judge_sees_has_no_tremor():
    joints = waving(2.0) + np.random.default_rng(0).normal(0, 0.01, (40, 22, 3)).astype(np.float32)
    clips = LabelledClips("made", [joints, squatting(2.0)], np.array([0, 1]), ("wave", "squat"), np.array([2, 2]))
    judged = Bench(Through(), clips, ["wave"], [kicking(2.0)], Heights())
    assert np.allclose(judged.seen[0], remove_tremor(joints))


def test_the_table_has_a_line_an_action():
    row = {"label": "jig", "judge": 1.0, "before": 0.1, "after_3": 0.6, "away_3": 0.7, "after_8": 0.8, "away_8": 0.9}
    assert table([row]).splitlines()[1].split() == [
        "jig", "100", "%", "10", "%", "60", "%", "0.70x", "80", "%", "0.90x"
    ]  # fmt: skip


ACROSS, UP = 0.9, 0.6  # of the forearm


def circling(turns, size=1.0, heading=0.0):
    """Stand while the right wrist goes round an ellipse ahead of the elbow, ``turns`` times, clockwise to oneself."""
    joints = with_bone_lengths(np.repeat(squatting(2.0)[:1], 40, axis=0))
    angle = 2 * np.pi * turns * np.arange(40) / 40
    left, up = size * ACROSS * np.cos(angle), size * UP * np.sin(angle)
    way = np.stack([left, up, np.sqrt(1 - left**2 - up**2)], axis=1)
    length = np.linalg.norm(joints[0, 21] - joints[0, 19])
    joints[:, 21] = joints[:, 19] + (length * way).astype(np.float32)
    sin, cos = np.sin(heading), np.cos(heading)
    return joints @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], np.float32)


def test_the_area_that_a_hand_goes_round_tells_the_sense_of_turning():
    ellipse = np.pi * ACROSS * UP * BONE_LENGTHS[21] ** 2
    for heading in (0.0, 1.0, 3.0):
        assert circled(circling(1, heading=heading)) == pytest.approx(ellipse, rel=0.02)
        assert circled(circling(-2, heading=heading)) == pytest.approx(-2 * ellipse, rel=0.04)
    assert abs(circled(circling(0))) < 1e-6


def test_of_a_circle_the_sense_counts_and_not_which_of_the_circles_the_judge_names():
    made = [(kind, performer, circling(sense)) for kind, sense in enumerate((1, -1)) for performer in (1, 2, 3, 4)]
    kinds, performers, motions = zip(*made, strict=True)
    clips = LabelledClips("made", list(motions), np.array(kinds), ("right", "wrong"), np.array(performers))
    judged = Bench(Through(), clips, ["right", "wrong"], [kicking(2.0), kicking(2.4), bowing(2.0)], Heights())
    right, wrong = Lesson("made", "right", "", (), 1, ("wrong",)), Lesson("made", "wrong", "", (), -1, ("right",))
    circles = [circling(1.1), circling(-1.1), circling(1.1, size=0.3), kicking(2.2)]
    assert judged.obeyed(circles, right).tolist() == [True, False, False, False]
    assert judged.obeyed(circles, wrong).tolist() == [False, True, False, False]
    assert judged.accuracy(wrong, []) == 1.0
