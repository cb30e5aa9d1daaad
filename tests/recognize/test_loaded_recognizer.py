"""Recognition and embedding of motions, and the verb ``recognize``, with a tiny recogniser of random weights."""

import hashlib
import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from coamd_blender.errors import InputError, WeightsError
from coamd_blender.motion.skeleton import rest_joints
from runtime import checkpoint
from runtime.cli import main
from runtime.cli.files import read_labels
from runtime.config import RecognizerConfig
from runtime.model.recognizer import MotionRecognizer
from runtime.recognize.labels import family_texts, given, vocabulary
from runtime.recognize.recognizer import Recognizer
from runtime.recognize.segments import cut, spread, stretches
from runtime.weights import BUNDLED as WEIGHTS

SMALL = RecognizerConfig(width=32, layers=1, heads=2, feedforward=32, dim=16, text_layers=1)


def motion(frames: int, seed: int = 0) -> np.ndarray:
    """A body that sways about its rest pose: (frames, 22, 3) float32."""
    random = np.random.default_rng(seed)
    sway = np.sin(np.linspace(0, 8, frames))[:, None, None] * random.normal(0, 0.1, (22, 3))
    return (rest_joints() + sway).astype(np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for name in ("text_encoder.safetensors", "tokenizer.json"):
        (folder / name).symlink_to(WEIGHTS / name)
    torch.manual_seed(0)
    module = MotionRecognizer(SMALL)
    checkpoint.save(folder / "recognizer.safetensors", "recognizer", SMALL, module.state_dict())
    return folder


@pytest.fixture(scope="module")
def recognizer(weights):
    return Recognizer.load(weights, "cpu")


def test_it_knows_its_file(recognizer, weights):
    assert recognizer.dim == SMALL.dim
    assert recognizer.digest == hashlib.sha256((weights / "recognizer.safetensors").read_bytes()).hexdigest()


def test_embeddings_do_not_depend_on_their_company(recognizer):
    motions = [motion(frames, frames) for frames in (40, 23, 196, 8)]
    together = recognizer.embed_motions(motions, batch=3)
    assert together.shape == (4, SMALL.dim) and together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row, one in enumerate(motions):
        assert np.allclose(together[row], recognizer.embed_motions([one])[0], atol=1e-5)


def test_a_long_motion_is_the_mean_of_its_windows(recognizer):
    joints = motion(500)
    parts = recognizer.embed_motions([joints[0:167], joints[167:333], joints[333:500]])
    mean = parts.mean(axis=0)
    assert np.allclose(recognizer.embed_motions([joints])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_windows_cover_everything_once():
    assert cut(196) == [(0, 196)]
    assert cut(197) == [(0, 98), (98, 197)]
    for frames in (4, 392, 393, 1001):
        windows = cut(frames)
        assert [frame for start, stop in windows for frame in range(start, stop)] == list(range(frames))
        assert max(stop - start for start, stop in windows) <= 196


def test_texts_are_vectors_of_the_description_side(recognizer):
    vectors = recognizer.embed_texts(["a person walks", "a man jumps"])
    assert vectors.shape == (2, SMALL.dim) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    tensor = recognizer.text_embedding(["a man jumps"])
    assert isinstance(tensor, torch.Tensor) and np.allclose(tensor[0], vectors[1], atol=1e-5)
    with torch.no_grad():
        labels = recognizer.model.labels(recognizer.text_encoder(["a man jumps"]))
    assert not np.allclose(labels[0], vectors[1], atol=1e-2)
    assert recognizer.embed_texts([]).shape == (0, SMALL.dim)
    with pytest.raises(InputError, match="empty"):
        recognizer.embed_texts(["  "])


def test_recognition_ranks_any_labels_with_unknown_among_them(recognizer):
    found = recognizer.recognize(motion(60), ["walking", "arm_wave", "walking"], top=9)
    assert sorted(label for label, _ in found) == ["arm_wave", "unknown", "walking"]
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True) and sum(scores) == pytest.approx(1, abs=1e-5)
    assert len(recognizer.recognize(motion(60), top=3)) == 3


def test_unknown_wins_when_no_label_is_near(recognizer, weights):
    strict = Recognizer.load(weights, "cpu")
    strict.model.calibration.copy_(torch.tensor([0.05, 1.5]))
    label, score = strict.recognize(motion(60), ["walking", "jumping"])[0]
    assert label == "unknown" and score > 0.9


def test_labels_that_a_motion_means_come_first(recognizer):
    """With side A in place of the motion's own vector, a label finds itself."""
    names = ["walking", "jumping", "sitting"]
    with torch.no_grad():
        vectors = recognizer.model.labels(recognizer.text_encoder(names))
        scores = recognizer.model.label_scores(vectors, vectors)
    assert scores[:, :3].argmax(dim=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("bad", [np.zeros((8, 21, 3)), np.zeros((3, 22, 3)), np.full((8, 22, 3), np.nan)])
def test_what_is_no_motion_is_refused(recognizer, bad):
    with pytest.raises(InputError):
        recognizer.recognize(bad)


def test_missing_weights_name_the_remedy(tmp_path):
    with pytest.raises(WeightsError, match=r"recognizer\.safetensors"):
        Recognizer.load(tmp_path)


def test_frames_take_the_weighted_mean_of_their_windows():
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    by_frame = spread(scores, [0, 2], 4, 6)  # windows 0..3 and 2..5, weights 1 2 2 1
    expected = [1.0, 1.0, 2 / 3, 1 / 3, 0.0, 0.0]
    assert np.allclose(by_frame[:, 0], expected) and np.allclose(by_frame.sum(axis=1), 1)
    assert np.allclose(spread(scores[:1], [0], 48, 20), [1.0, 0.0])


def test_short_stretches_join_the_likelier_neighbour():
    scores = np.zeros((20, 3))
    scores[:8, 0] = 0.9
    scores[8:11] = [0.1, 0.5, 0.4]
    scores[11:, 2] = 0.7
    assert [run[:3] for run in stretches(scores, 1)] == [(0, 8, 0), (8, 11, 1), (11, 20, 2)]
    merged = stretches(scores, 5)
    assert [run[:3] for run in merged] == [(0, 8, 0), (8, 20, 2)]
    assert merged[1][3] == pytest.approx((3 * 0.4 + 9 * 0.7) / 12)


def test_segments_cover_a_long_motion(recognizer):
    found = recognizer.segments(motion(150), ["walking", "jumping"])
    assert found[0][0] == 0 and found[-1][1] == 150
    assert all(one[1] == other[0] and one[2] != other[2] for one, other in pairwise(found))
    assert [run[:2] for run in recognizer.segments(motion(10), ["walking"])] == [(0, 10)]


def test_a_part_is_unknown_only_where_that_is_likelier_than_all_labels_together(recognizer, monkeypatch):
    def scored(first, second, unknown):
        row = torch.tensor([first, second, unknown])
        monkeypatch.setattr(recognizer.model, "label_scores", lambda motions, *_: row.expand(len(motions), 3))
        return [part[2] for part in recognizer.segments(motion(80), ["walking", "jumping"])]

    assert scored(0.3, 0.25, 0.45) == ["walking"]
    assert scored(0.3, 0.15, 0.55) == ["unknown"]


def test_the_vocabulary_is_of_natural_names_each_once():
    names = [label.name for label in vocabulary()]
    assert len(names) == len(set(names)) and len(names) >= 120
    assert all(2 <= len(label.texts) <= 6 and label.texts[0] == label.name for label in vocabulary())
    families = [label.family for label in vocabulary() if label.family]
    assert len(families) == len(set(families))
    assert family_texts("pick_up")[0] == "picking something up" and family_texts("no_such") == ("no such",)


def test_given_labels_are_tidied():
    assert [label.name for label in given([" walking  fast", "", "walking fast", "Arm_Wave"])] == [
        "walking fast",
        "Arm_Wave",
    ]
    assert given(["Arm_Wave"])[0].texts == ("Arm Wave",)
    with pytest.raises(InputError, match="empty"):
        given(["", " "])


def test_labels_come_from_a_list_or_a_file(tmp_path):
    assert read_labels("walking,running") == ["walking", "running"]
    (tmp_path / "labels.txt").write_text("walking\nrunning, fast\n")
    assert read_labels(str(tmp_path / "labels.txt")) == ["walking", "running, fast"]
    assert len(read_labels(",".join(["walking"] * 200))) == 200
    with pytest.raises(InputError, match="no file"):
        read_labels(str(tmp_path / "none.txt"))


def test_the_verb_prints_labels_and_segments(recognizer, weights, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Recognizer, "load", lambda weights, device: recognizer)
    clip = tmp_path / "clip.npz"
    np.savez(clip, joints=motion(80), fps=20)
    words = ["recognize", str(clip), "--weights", str(weights), "--device", "cpu", "--labels", "walking,jumping"]
    assert main.main([*words, "--top", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"labels"} and len(told["labels"]) == 2
    assert set(told["labels"][0]) == {"label", "score"}
    assert main.main([*words, "--segments", "--json"]) == 0
    segments = json.loads(capsys.readouterr().out)["segments"]
    assert segments[0]["start"] == 0 and segments[-1]["stop"] == 80
    assert main.main([*words]) == 0
    assert "walking" in capsys.readouterr().out


def test_the_verb_refuses_in_one_line(weights, tmp_path, capsys):
    for words in (["no.npz"], ["clip.fbx"]):
        assert main.main(["recognize", *words, "--weights", str(weights), "--json"]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and " - " in err
