"""Zero-shot naming, the supervised head, and the editing tasks' masks."""

from types import SimpleNamespace

import numpy as np
import pytest
from judges import Knowing

from coamd_blender.errors import DataError, InputError
from runtime.evaluate import editing, recognition
from runtime.evaluate.recognition import LabelledClips


def test_zero_shot_takes_the_best_label_and_knows_chance():
    scores = np.eye(10)[[0, 1, 2, 3, 3]]
    result = recognition.zero_shot(scores, np.array([0, 1, 2, 3, 4]))
    assert result["top1"] == 0.8 and result["chance"] == 0.1 and result["times_chance"] == pytest.approx(8.0)
    assert result["clips"] == 5 and result["classes"] == 10


def clips_of(features, truth, performers, classes):
    return LabelledClips("toy", [], truth, tuple(map(str, range(classes))), performers)


def test_the_head_learns_on_odd_performers_and_is_judged_on_even_ones(monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.setattr(recognition, "PENALTIES", (1e-2,))
    truth = np.tile(np.arange(4), 24)
    performers = np.repeat(np.arange(1, 5), 24)
    centres = rng.normal(size=(4, 12)) * 2
    features = centres[truth] + rng.normal(size=(96, 12))
    result = recognition.cross_subject(features, clips_of(features, truth, performers, 4))
    assert result["clips"] == 48 and result["top1"] > 0.9
    swapped = np.where(performers % 2 == 0, (truth + 1) % 4, truth)  # even performers mean something else
    lost = recognition.cross_subject(features, clips_of(features, swapped, performers, 4))
    assert lost["top1"] < 0.1
    with pytest.raises(DataError, match="one side only"):
        recognition.cross_subject(features, clips_of(features, truth, np.ones(96, dtype=int), 4))


def test_the_head_stands_where_its_loss_is_least():
    """At the optimum, by hand: the slope of the penalised loss is zero, and biases give the classes' frequencies."""
    rng = np.random.default_rng(2)
    features, truth = rng.normal(size=(60, 3)), np.repeat([0, 1, 1], 20)
    head = recognition.fit_head(features, truth, 2, 0.05)
    share = np.exp(head.scores(features))
    share /= share.sum(axis=1, keepdims=True)
    assert np.allclose(share.mean(axis=0), [1 / 3, 2 / 3], atol=1e-4)
    inputs = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    slope = inputs.T @ (share - np.eye(2)[truth]) / 60 + 2 * 0.05 * head.weight
    assert np.abs(slope).max() < 1e-4


def test_the_penalty_is_the_one_that_left_out_performers_like_best(monkeypatch):
    asked = []

    def fit(features, truth, classes, penalty):
        asked.append((len(truth), penalty))
        right = penalty == 1e-2  # a head that is right with this penalty and wrong with the others
        return SimpleNamespace(scores=lambda rows: np.eye(2)[np.full(len(rows), 0 if right else 1)])

    monkeypatch.setattr(recognition, "fit_head", fit)
    performers = np.array([1, 1, 3, 5])
    assert recognition.best_penalty(np.zeros((4, 3)), np.zeros(4, int), performers, 2) == 1e-2
    assert sorted({count for count, _ in asked}) == [2, 3]  # each performer in turn is left out


def test_a_set_is_named_by_what_the_others_taught():
    def clips(name, classes, speeds, truth):
        motions = [np.arange(16)[:, None, None] * np.ones((16, 22, 3)) * speed / 20 for speed in speeds]
        return LabelledClips(name, motions, np.array(truth), classes, np.ones(len(truth), dtype=int))

    target = clips("target", ("hop", "run", "walk"), (1.0, 3.0, 3.0, 2.0), (2, 1, 1, 0))
    one = clips("one", ("run", "walk"), (3.0, 1.0), (0, 1))
    other = clips("other", ("fall", "walk"), (5.0, 1.0), (0, 1))
    row = recognition.across_sets(Knowing(), target, [one, other])
    assert row["clips"] == 4 and row["classes"] == 3
    assert row["top1"] >= 0.75, "whether or not a tie counts, runs and the walk are known"
    for others in ([], [one, target]):
        with pytest.raises(DataError, match="other than itself"):
            recognition.across_sets(Knowing(), target, others)


def test_labelled_clips_come_from_the_prepared_data():
    row = {"set": "utd_mhad", "frames": 30, "start": 0, "performer": "3"}
    rows = [row | {"label": "wave"}, row | {"label": "bow", "performer": "4"}]
    rows.append(row | {"set": "bandai", "label": "walk"})
    data = SimpleNamespace(clips=rows, joints=lambda clip: np.zeros((30, 22, 3)))
    clips = LabelledClips.load(data, "utd_mhad")
    assert clips.classes == ("bow", "wave") and clips.truth.tolist() == [1, 0]
    assert clips.performers.tolist() == [3, 4] and len(clips.motions[0]) == 28
    with pytest.raises(DataError, match="no utkinect"):
        LabelledClips.load(data, "utkinect")


@pytest.mark.parametrize(
    ("task", "kept"),
    [("inbetween", "11000011"), ("outpaint", "00111100"), ("prefix", "11110000"), ("suffix", "00001111")],
)
def test_editing_tasks_keep_what_the_paper_says(task, kept, monkeypatch):
    made = []

    def edit_ranges(generator, joints, fps, tasks):
        assert fps == 20
        new = np.ones(len(joints), dtype=int)
        for edit in tasks:
            new[edit.start : edit.stop] = 0
            made.append((edit.prompt, edit.seed))
        return new

    monkeypatch.setattr("runtime.edit.regenerate.edit_ranges", edit_ranges)
    (result,) = editing.edit_all(None, task, [np.zeros((32, 22, 3))], ["a hop"], [7])
    assert "".join(map(str, result[::4])) == kept and (result.reshape(8, 4) == result[::4, None]).all()
    assert set(made) == {("a hop", 7)}


def test_editing_refuses_unknown_tasks_and_tiny_clips():
    with pytest.raises(InputError, match="no editing task"):
        editing.edits_of("middle", 32, "", 0)
    with pytest.raises(InputError, match="no quarter"):
        editing.edits_of("prefix", 4, "", 0)
