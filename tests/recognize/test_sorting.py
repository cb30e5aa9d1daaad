"""Sorting motions of one source: what it does to all of them does not count, and labels are as they are drawn."""

import json

import numpy as np
import pytest

from coamd_blender.errors import InputError
from coamd_blender.motion import skeleton
from coamd_blender.motion.skeleton import rest_joints
from runtime.cli import main
from runtime.recognize import sorting
from runtime.recognize.labels import given
from runtime.recognize.sorting import DRAWS, DrawnLabels, sentence_of, sortable
from runtime.weights import BUNDLED

ACTIONS = {"walks": (1.0, 0.0), "waves the left hand": (0.0, 1.0), "waves": (0.0, 0.5), "sits": (-1.0, 0.0)}


def shown(travel: float, lift: float, frames: int = 20) -> np.ndarray:
    """A body that travels to +Z and lifts the left wrist, or the right one where ``lift`` is negative, both in m."""
    joints = np.tile(rest_joints(), (frames, 1, 1)).astype(np.float32)
    joints[..., 2] += travel * np.linspace(0, 1, frames)[:, None]
    joints[:, skeleton.JOINT_INDEX["left_wrist" if lift > 0 else "right_wrist"], 1] += abs(lift)
    return joints


class Recogniser:
    """A motion's vector: how far it travels, how high each wrist is lifted, how much the camera saw: unit length."""

    def embed_motions(self, motions):
        lifts = [
            [float(m[-1, skeleton.JOINT_INDEX[name], 1] - rest_joints()[skeleton.JOINT_INDEX[name], 1])
             for name in ("left_wrist", "right_wrist")] for m in motions
        ]  # fmt: skip
        travels = [float(m[-1, 0, 2] - m[0, 0, 2]) for m in motions]
        rows = np.array([[travel, *lift, 1.0] for travel, lift in zip(travels, lifts, strict=True)], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Generator:
    """Draws what ACTIONS say; keeps what it was asked for."""

    def __init__(self):
        self.asked = []

    def draw_in(self, quality):
        self.quality = quality

    def generate(self, prompts, frames, seeds):
        self.asked += [(prompt, frames, seed) for prompt, seed in zip(prompts, seeds, strict=True)]
        wanted = [next(value for name, value in ACTIONS.items() if prompt.endswith(name)) for prompt in prompts]
        return np.stack([shown(*value, frames) for value in wanted])


def test_a_source_that_shifts_all_motions_is_no_matter_where_words_would_be_misled():
    drawn = DrawnLabels.of(["walks", "waves the left hand", "sits"], Generator(), Recogniser())
    truth = [0, 1, 2, 0, 1, 2]
    clean = Recogniser().embed_motions([shown(*list(ACTIONS.values())[(0, 1, 3)[one]]) for one in truth])
    shifted = clean + np.array([9.0, 1.0, 1.0, 1.0], np.float32)
    near = shifted / np.linalg.norm(shifted, axis=1, keepdims=True)
    assert set((near @ np.eye(4)).argmax(axis=1)) == {0}, "seen as they are, all of them travel"
    for vectors in (clean, shifted):
        scores = drawn.scores(vectors)
        assert scores.argmax(axis=1).tolist() == truth and np.allclose(scores.sum(axis=1), 1)
    ((best, chance), *others), *_ = drawn.told(shifted, 2)
    assert best == "walks" and chance > others[0][1] and len(others) == 1


def test_each_label_is_drawn_as_a_sentence_in_several_lengths_with_seeds_of_its_own():
    generator, steps = Generator(), []
    DrawnLabels.of(["waves", "a person sits"], generator, Recogniser(), lambda *step: steps.append(step))
    each = [(frames, seed) for frames, count in DRAWS for seed in range(count)]
    assert generator.asked == [(text, *one) for text in ("a person waves", "a person sits") for one in each]
    assert steps == [(1, 2), (2, 2)]


def test_a_draw_counts_mirrored_too_unless_the_label_names_a_side():
    (left, right), (sided_left, sided_right) = (
        DrawnLabels.of([label, "sits"], Generator(), Recogniser()).vectors[0, 1:3] for label in list(ACTIONS)[2:0:-1]
    )
    assert left == pytest.approx(right, abs=1e-6) and left > 0.1
    assert sided_left > 0.5 and abs(sided_right) < 1e-6


def test_sentences_of_labels():
    said = [sentence_of(label) for label in given(["wave", "golf swing", "the dog barks", "someone_sits", "Dusting"])]
    assert said == ["a person waves", "a person golf swing", "the dog barks", "someone sits", "a person Dusting"]


def test_labels_that_cannot_be_sorted_by_are_refused():
    for labels, says in ((["walks", " Walks"], "one label"), ([], "empty")):
        with pytest.raises(InputError, match=says):
            sortable(labels)
    with pytest.raises(InputError, match="201 labels"):
        sortable([f"walks {'on ' * count}" for count in range(201)])
    assert [label.name for label in sortable(["walks", " sits"])] == ["walks", "sits"]


def test_motions_that_are_all_alike_are_told_without_a_division_by_zero():
    drawn = DrawnLabels.of(["walks", "sits"], Generator(), Recogniser())
    assert drawn.scores(np.ones((5, 4), np.float32)).tolist() == [[0.5, 0.5]] * 5


def test_motions_that_are_much_alike_are_remarked_upon():
    actions = list(ACTIONS.values())
    alike = Recogniser().embed_motions([shown(*actions[0])] * 6)
    various = Recogniser().embed_motions([shown(*action) for action in actions])
    assert sorting.remarks(various) == [] and "much alike" in sorting.remarks(alike)[0]


# --- the verb ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def networks(monkeypatch):
    generator = Generator()
    monkeypatch.setattr("runtime.recognize.recognizer.Recognizer.load", lambda weights, device: Recogniser())
    monkeypatch.setattr("runtime.generate.generator.Generator.load", lambda weights, device: generator)
    return generator


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clips" / "more").mkdir(parents=True)
    for number, name in enumerate(["walks", "sits", "walks", "sits", "walks"]):
        place = tmp_path / "clips" / ("more" if number == 4 else "") / f"{number}_{name}.npz"
        np.savez(place, joints=shown(*ACTIONS[name]), fps=20)
    (tmp_path / "clips" / "torn.npz").write_bytes(b"no motion")
    return tmp_path / "clips"


def sort(capsys, *words):
    status = main.main(["sort", *map(str, words), "--weights", str(BUNDLED)])
    return status, *capsys.readouterr()


def test_the_verb_sorts_files_and_folders_and_tells_what_it_left_out(networks, folder, capsys):
    status, out, err = sort(capsys, folder, "--labels", "walks,sits", "--json")
    assert status == 0 and networks.quality == "fast"
    told = json.loads(out)
    assert [(row["clip"], row["labels"][0]["label"]) for row in told["sorted"]] == [
        ("0_walks", "walks"), ("1_sits", "sits"), ("2_walks", "walks"), ("3_sits", "sits"), ("4_walks", "walks"),
    ]  # fmt: skip
    assert len(told["left_out"]) == 1 and "torn.npz" in told["left_out"][0] and told["left_out"][0] in err
    status, out, _ = sort(capsys, *sorted(folder.rglob("*_*.npz")), "--labels", "walks,sits", "--top", "2")
    lines = out.splitlines()
    assert status == 0 and len(lines) == 5 and lines[0].startswith("walks ") and ", sits " in lines[0]


@pytest.mark.parametrize(
    "words, says",
    [
        (["clips", "--labels", "walks"], "one label"),
        (["nowhere", "--labels", "walks,sits"], "no file or folder"),
        (["clips/0_walks.npz", "clips/1_sits.npz", "--labels", "walks,sits"], "2 motions are too few"),
        (["clips", "--labels", "walks,sits", "--top", "0"], "1 to"),
    ],
)
def test_the_verb_refuses_before_anything_is_drawn(networks, folder, capsys, monkeypatch, words, says):
    monkeypatch.chdir(folder.parent)
    status, out, err = sort(capsys, *words)
    assert status == 2 and out == "" and says in err and " - " in err and not networks.asked
