"""The recogniser: losses against sums worked out by hand, embeddings that see the true length and no more."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from coamd_blender.motion.skeleton import JOINT_INDEX, mirror, rest_joints
from runtime.config import RecognizerConfig
from runtime.model import recognizer
from runtime.model.recognizer import MotionEmbedding, MotionRecognizer, contrastive, stream_values
from runtime.model.text_encoder import TextFeatures

SMALL = RecognizerConfig(width=32, layers=1, heads=2, feedforward=32, dim=16, text_dim=12, text_layers=1)
NOTHING = torch.zeros(2, 2, dtype=torch.bool)
OWN = torch.eye(2, dtype=torch.bool)


def log_share(own: float, *others: float) -> float:
    """Minus the log of a softmax share, by the definition."""
    return -math.log(math.exp(own) / sum(math.exp(x) for x in (own, *others)))


def test_contrast_of_two_pairs_by_hand():
    similarity = torch.tensor([[0.8, 0.2], [0.4, 0.6]])
    rows = (log_share(1.6, 0.4) + log_share(1.2, 0.8)) / 2
    columns = (log_share(1.6, 0.8) + log_share(1.2, 0.4)) / 2
    assert contrastive(similarity, OWN, NOTHING, 0.5).item() == pytest.approx((rows + columns) / 2, abs=1e-6)


def test_an_ignored_pair_leaves_the_sums_and_a_second_positive_shares_them():
    similarity = torch.tensor([[0.8, 0.2], [0.4, 0.6]])
    ignored = torch.tensor([[False, True], [False, False]])
    rows = (0.0 + log_share(1.2, 0.8)) / 2
    columns = (log_share(1.6, 0.8) + 0.0) / 2
    assert contrastive(similarity, OWN, ignored, 0.5).item() == pytest.approx((rows + columns) / 2, abs=1e-6)
    both = torch.tensor([[True, True], [False, True]])
    rows = ((log_share(1.6, 0.4) + log_share(0.4, 1.6)) / 2 + log_share(1.2, 0.8)) / 2
    columns = (log_share(1.6, 0.8) + (log_share(1.2, 0.4) + log_share(0.4, 1.2)) / 2) / 2
    assert contrastive(similarity, both, NOTHING, 0.5).item() == pytest.approx((rows + columns) / 2, abs=1e-6)


def test_description_loss_is_contrast_and_distance():
    motion, text = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    contrast = (log_share(6, 0) + log_share(10, 8) + log_share(6, 8) + log_share(10, 0)) / 4
    distance = (0.5 * 0.4**2 + 0.5 * 0.8**2) / 2  # the second pair agrees
    assert recognizer.description_loss(motion, text, NOTHING, 0.1).item() == pytest.approx(
        contrast + distance, abs=1e-5
    )


def test_recognition_loss_takes_its_own_temperature():
    motion = label = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    expected = log_share(1 / 0.4, 0.0)
    assert recognizer.recognition_loss(motion, label, OWN, NOTHING).item() == pytest.approx(expected, abs=1e-6)


def test_streams_count_a_third_each():
    parts = [torch.full((1, 1), value) for value in (1.0, 3.0, 6.0, 9.0)]
    assert recognizer.with_streams(torch.sum, MotionEmbedding(*parts)).item() == pytest.approx(1 + 18 / 3)


def test_texts_that_differ_in_their_side_do_not_mean_the_same():
    similarity = torch.tensor([[1.0, 0.98], [0.98, 1.0]])
    opposed = torch.tensor([[False, True], [True, False]])
    assert recognizer.same_meaning(similarity, opposed).tolist() == [[True, False], [False, True]]
    assert recognizer.same_meaning(similarity, NOTHING).all()
    assert not recognizer.same_meaning(similarity - 0.02, NOTHING)[0, 1]


def walking(frames: int, turn: float = 0.0, start=(0.0, 0.0), course: float = 0.0) -> torch.Tensor:
    """A stiff body that goes 5 cm a frame where it looks, turning ``turn`` radians a frame: (frames, 22, 3)."""
    joints, place = [], np.array([start[0], 0.0, start[1]])
    for frame in range(frames):
        angle = course + turn * frame
        rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        joints.append(rest_joints() @ rotation.T + place)
        place = place + 0.05 * rotation @ np.array([0.0, 0.0, 1.0])
    return torch.tensor(np.stack(joints), dtype=torch.float32)


def test_streams_are_metres_in_the_bodys_own_frame():
    joints = walking(24, start=(3.0, -2.0), course=2.0)[None]
    streams = stream_values(joints, torch.tensor([24]))
    pose = streams["joints"][0, :, :66].unflatten(-1, (22, 3))
    rest = torch.tensor(rest_joints(), dtype=torch.float32)
    assert torch.allclose(pose, rest.expand_as(pose), atol=1e-4)  # seen from its own frame the body rests
    assert torch.allclose(streams["joints"][0, 10, 66:], torch.tensor([0.0, 0.5, 0.0]), atol=1e-3)
    head = streams["velocities"][0].unflatten(-1, (22, 3))[:, JOINT_INDEX["head"]]
    assert torch.allclose(head[1:], torch.tensor([0.0, 0.0, 0.05]).expand(23, 3), atol=1e-4)
    assert not head[0].any()
    thigh = streams["bones"][0, 5].unflatten(-1, (21, 3))[JOINT_INDEX["left_knee"] - 1]
    expected = rest[JOINT_INDEX["left_knee"]] - rest[JOINT_INDEX["left_hip"]]
    assert torch.allclose(thigh, expected, atol=1e-4)


def test_turning_to_the_left_counts_up():
    streams = stream_values(walking(40, turn=0.2)[None], torch.tensor([40]))
    assert streams["joints"][0, 30, 68].item() == pytest.approx(
        6.0, abs=0.3
    )  # nearly a whole turn, not wrapped to -0.3


@pytest.fixture(params=[{}, {"pooled": True}, {"recurrent": 2}], ids=["transformers", "pooled", "recurrent"])
def network(request):
    torch.manual_seed(0)
    network = MotionRecognizer(replace(SMALL, **request.param)).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("pooled.weight"):  # begins as zero
            torch.nn.init.normal_(parameter)
    return network


def test_embeddings_have_length_one(network):
    seen = network.motion(torch.stack([walking(24), walking(24, 0.1)]), torch.tensor([24, 17]))
    for part in seen:
        assert part.shape == (2, SMALL.dim)
        assert torch.allclose(part.norm(dim=1), torch.ones(2), atol=1e-5)


def test_what_lies_past_the_length_changes_nothing(network):
    motion = walking(31, 0.05)
    padded = torch.cat([motion[:21], torch.randn(10, 22, 3)])[None].requires_grad_()
    seen, alone = (
        network.motion(padded, torch.tensor([21])),
        network.motion(motion[None, :21], torch.tensor([21])),
    )
    for one, other in zip(seen, alone, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    (slope,) = torch.autograd.grad(seen.fused[0, 0] + seen.bones[0, 1] + seen.velocities[0, 2], padded)
    reach = slope.abs().sum(dim=(0, 2, 3))
    assert (reach[:21] > 0).all() and not reach[21:].any()


def test_where_a_motion_stands_and_looks_changes_nothing(network):
    here = network.motion(walking(24, 0.1)[None], torch.tensor([24]))
    there = network.motion(walking(24, 0.1, start=(5.0, 7.0), course=1.3)[None], torch.tensor([24]))
    for one, other in zip(here, there, strict=True):
        assert torch.allclose(one, other, atol=1e-3)
    other = network.motion(walking(24, -0.1)[None], torch.tensor([24]))
    assert (here.fused - other.fused).norm() > 1e-2


def text_features(count: int, words: int, seed: int = 3) -> TextFeatures:
    tokens = torch.randn(count, words, SMALL.text_dim, generator=torch.Generator().manual_seed(seed))
    return TextFeatures(tokens, torch.ones(count, words, dtype=torch.bool), tokens[:, 0])


def test_padding_of_texts_changes_neither_side(network):
    text = text_features(2, 5)
    longer = TextFeatures(
        torch.cat([text.tokens, torch.randn(2, 3, SMALL.text_dim)], dim=1),
        torch.cat([text.valid, torch.zeros(2, 3, dtype=torch.bool)], dim=1),
        text.pooled,
    )
    for side in (network.labels, network.descriptions):
        assert torch.allclose(side(text), side(longer), atol=1e-5)
        assert torch.allclose(side(text).norm(dim=1), torch.ones(2), atol=1e-5)


@pytest.fixture
def flat():
    """A network of two dimensions."""
    return MotionRecognizer(replace(SMALL, dim=2)).eval()


def test_label_scores_are_a_softmax_with_unknown_among_them(flat):
    flat.calibration.copy_(torch.tensor([0.5, 0.1]))
    motion, labels = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    powers = [math.exp(x / 0.5) for x in (0.6, 0.0, 0.1)]
    expected = torch.tensor([power / sum(powers) for power in powers])
    assert torch.allclose(flat.label_scores(motion, labels)[0], expected, atol=1e-6)


def test_what_motions_have_in_common_speaks_for_no_label(flat):
    motion, labels = torch.tensor([[0.8, 0.6]]), torch.eye(2)
    assert flat.label_scores(motion, labels)[0, :2].argmax() == 0
    flat.common.copy_(torch.tensor([0.7, 0.0]))
    assert flat.label_scores(motion, labels)[0, :2].argmax() == 1


def test_names_are_what_both_text_sides_make_of_a_text(network):
    text = TextFeatures(torch.randn(2, 5, 12), torch.ones(2, 5, dtype=torch.bool), torch.zeros(2, 0))
    both = network.labels(text) + network.descriptions(text)
    assert torch.allclose(network.names(text), torch.nn.functional.normalize(both, dim=1), atol=1e-6)


def test_a_short_list_of_labels_is_as_likely_to_hold_the_right_one_as_the_usual_list(flat):
    flat.calibration.copy_(torch.tensor([0.1, 0.7]))
    motion = torch.tensor([[1.0, 0.0]])
    vague = torch.tensor([0.5, 0.75**0.5])
    usual, short = vague.repeat(40, 1), vague.repeat(2, 1)
    expected = flat.label_scores(motion, usual)[0, -1]
    assert torch.allclose(flat.label_scores(motion, short, usual=40)[0, -1], expected, atol=1e-6)
    assert flat.label_scores(motion, short)[0, -1] > expected + 0.2


def test_a_false_description_costs_what_the_margin_says_and_only_where_there_is_one():
    motion, text = torch.eye(3), torch.eye(3)
    false = torch.stack([motion[1], motion[0], motion[2]])  # the third is no nearer than the true one
    told = torch.tensor([True, False, True])
    found = recognizer.opposite_loss(motion, text, false, told, 0.5)
    expected = (np.log1p(np.exp(-1 / 0.5)) + np.log(2)) / 2
    assert found.item() == pytest.approx(expected, abs=1e-6)
    assert recognizer.opposite_loss(motion, text, false, torch.zeros(3, dtype=torch.bool), 0.5) == 0


def test_sides_are_told_by_what_a_motion_and_its_mirror_image_differ_in():
    torch.manual_seed(0)
    network = MotionRecognizer(replace(SMALL, side_axis=True)).eval()
    motion = rest_joints() + 0.1 * np.random.default_rng(0).standard_normal((20, 22, 3))
    both = torch.from_numpy(np.stack([motion, mirror(motion)])).float()
    lengths = torch.tensor([20, 20])
    with torch.no_grad():
        fused = network.motion(both, lengths).fused
        assert torch.equal(network.seen(both, lengths), fused)  # no axis is known yet
        network.side.copy_(torch.eye(SMALL.dim)[3])
        seen = network.seen(both, lengths)
    other = [row for row in range(SMALL.dim) if row != 3]
    half = float(fused[0, 3] - fused[1, 3]) / 2
    assert abs(half) > 1e-4
    for found, own, place in zip(seen, fused, (2 * half, -2 * half), strict=True):
        length = math.sqrt(float((own[other] ** 2).sum()) + place**2)
        assert found[3].item() == pytest.approx(place / length, abs=1e-5)
        np.testing.assert_allclose(found[other], own[other] / length, atol=1e-5)
