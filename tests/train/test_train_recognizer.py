"""The recogniser's batches and its training, on a pool of three simple actions."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from coamd_blender.errors import DataError, WeightsError
from coamd_blender.motion.skeleton import JOINT_INDEX, PARENTS, mirror, rest_joints
from runtime import checkpoint, config
from runtime.cli import main
from runtime.compose.compose import PoolItem
from runtime.config import Preset, RecognizerConfig
from runtime.data.dataset import CaptionFeatures, Pool, write_pool
from runtime.model.recognizer import MotionRecognizer
from runtime.model.text_encoder import TextEncoder
from runtime.recognize.labels import family_texts
from runtime.recognize.recognizer import Recognizer
from runtime.train import recognizer as training
from runtime.train import recognizer_measures as measures
from runtime.weights import BUNDLED as WEIGHTS

WORDS = {
    "walk": ("a person walks {how}", "walk {how}", "somebody is walking {how}"),
    "jump": ("a man jumps {how}", "jumping {how}", "someone leaps {how}"),
    "wave": ("a person waves {how}", "a wave {how}", "she is waving {how}"),
}
HOW = ("", "happily", "in the rain", "like a robot", "at night", "again", "for fun", "in a hurry", "with a smile")


def movement(family: str, frames: int, random: np.random.Generator) -> np.ndarray:
    """Walking goes forward, jumping goes up and down, waving moves a wrist."""
    joints = np.repeat(rest_joints()[None], frames, axis=0) + random.normal(0, 0.003, (frames, 22, 3))
    time, phase = np.arange(frames), random.uniform(0, 6)
    if family == "walk":
        joints[..., 2] += 0.05 * time[:, None]
    elif family == "jump":
        joints[..., 1] += 0.3 * np.abs(np.sin(0.2 * time + phase))[:, None]
    else:
        joints[:, JOINT_INDEX["left_wrist"], 1] += 0.5 + 0.2 * np.sin(0.5 * time + phase)
    return joints.astype(np.float32)


def fill(folder, seed: int) -> None:
    random = np.random.default_rng(seed)
    items = []
    for how in HOW:
        for family, phrases in WORDS.items():
            joints = movement(family, int(random.integers(6, 12)) * 4, random)
            captions = tuple(phrase.format(how=how).strip() for phrase in phrases)
            items.append(PoolItem(joints=joints, captions=captions, family=family, kind="single", weight=1.0))
    write_pool(folder, items)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    fill(folder / "pool" / "train", 0)
    fill(folder / "pool" / "val", 1)
    return folder


@pytest.fixture(scope="module")
def sampler(prepared):
    pool, encoder = Pool.load(prepared / "pool" / "train"), TextEncoder.load(WEIGHTS)
    labels = {family: family_texts(family) for family in WORDS}
    return training.PairSampler(pool, CaptionFeatures.encode(pool.captions, encoder), labels, encoder)


def test_wording_leaves_out_who_does_it():
    assert training.wording("A person is walking.") == training.wording("she is walking") == "walking"
    assert training.wording("kick with your left foot") == "kick with your left foot"


def test_sides_directions_and_counts_tell_captions_apart():
    captions = ["kicks with the left foot", "kicks with the right foot", "a left kick", "walks backwards", "steps back"]
    apart = training.told_apart(captions)
    assert apart[0, 1] and not apart[0, 2] and not apart[3, 4] and apart[2, 3]


def test_label_pairs_by_hand():
    """Rows: a walk called by its family, a walk by its own words, a sequence walk and jump, a jump."""
    positive, ignored = training.label_pairs(
        ["walking", "stroll along", "walk, then jump", "leap"],
        [True, False, False, False],
        ["walk", "walk", "jump", "jump"],
        [False, False, True, False],
    )
    assert positive.int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert ignored.int().tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 1], [0, 0, 1, 0]]


def test_equal_labels_are_positives_of_each_other():
    positive, _ = training.label_pairs(["hop", "hop"], [False, False], ["jump", "exercise"], [False, False])
    assert positive.all()


def test_a_batch_holds_distinct_wordings_and_is_the_same_for_its_seed(sampler):
    batch, again = sampler.batch(7, 16), sampler.batch(7, 16)
    for one, other in zip(batch, again, strict=True):
        parts = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
        assert all(torch.equal(a, b) for a, b in parts)
    assert batch.joints.shape[0] == len(batch.lengths) == 16
    assert batch.joints.shape[1] == batch.lengths.max()
    assert batch.label_positive.diagonal().all() and not (batch.label_positive & batch.label_ignored).any()
    tokens = [row[valid].numpy().tobytes() for row, valid in zip(*batch.text[:2], strict=True)]
    assert len(set(tokens)) == 16
    assert not torch.equal(sampler.batch(8, 16).joints.sum(), batch.joints.sum())


def test_crops_keep_most_of_a_clip_and_jitter_keeps_it_finite():
    draw, joints = np.random.default_rng(0), movement("walk", 40, np.random.default_rng(1))
    for _ in range(20):
        crop = training.cropped(joints, draw)
        assert 34 <= len(crop) <= 40
        size = np.linalg.norm(training.jittered(crop, draw)[0, 15]) / np.linalg.norm(crop[0, 15])
        assert 0.88 < size < 1.12


def test_a_camera_shifts_joints_by_centimetres_and_keeps_bones():
    random = np.random.default_rng(0)
    joints = np.repeat(rest_joints()[None], 40, axis=0).astype(np.float32)
    seen = training.seen_by_camera(joints, random)
    parents = list(PARENTS[1:])
    seen_bones, bones = (np.linalg.norm(motion[:, 1:] - motion[:, parents], axis=-1) for motion in (seen, joints))
    assert seen.shape == joints.shape and seen.dtype == np.float32
    assert np.allclose(seen_bones, bones, atol=1e-4)
    assert 0.005 < np.linalg.norm(seen - joints, axis=-1).mean() < 0.25


def test_what_motions_have_in_common_is_their_mean_and_sides_lie_where_their_images_differ_most(prepared):
    pool = Pool.load(prepared / "pool" / "train")
    torch.manual_seed(0)
    module = MotionRecognizer(
        RecognizerConfig(width=16, layers=1, heads=2, feedforward=16, dim=8, text_layers=1)
    ).eval()
    found = measures.common_to(module, pool, torch.device("cpu"), most=10**6)
    motions = [torch.from_numpy(np.array(pool.item_joints(row))) for row in range(len(pool.items))]
    with torch.no_grad():
        vectors = torch.cat([module.motion(one[None], torch.tensor([len(one)])).fused for one in motions])
    assert torch.allclose(found, vectors.mean(dim=0), atol=1e-5)
    with torch.no_grad():
        images = [torch.from_numpy(mirror(np.array(pool.item_joints(row)))) for row in range(len(pool.items))]
        apart = vectors - torch.cat([module.motion(one[None], torch.tensor([len(one)])).fused for one in images])
    axis = measures.side_axis_of(module, pool, torch.device("cpu"), most=10**6)
    assert axis.norm().item() == pytest.approx(1.0, abs=1e-5)
    spread = np.linalg.eigvalsh((apart.T @ apart).double().numpy())  # along its axes, least first
    assert (apart @ axis).square().sum().item() == pytest.approx(spread[-1], rel=1e-3)


def test_calibration_finds_the_temperature_that_made_the_labels():
    torch.manual_seed(0)
    cosine = torch.rand(4000, 6) * 0.8
    drawn = torch.multinomial(torch.softmax(cosine / 0.1, dim=1), 1)[:, 0]
    temperature, unknown = measures.calibrate(cosine, drawn)
    assert 0.07 < temperature < 0.14
    assert 0.0 < unknown < 1.0


@pytest.mark.parametrize("recurrent", [0, 1], ids=["transformers", "recurrent"])
def test_training_learns_three_actions_and_resumes(recurrent, prepared, tmp_path, capsys, monkeypatch):
    base = config.PRESETS["base"]
    tiny = RecognizerConfig(
        width=32, layers=1, heads=2, feedforward=32, dim=32, text_layers=1, dropout=0.0, recurrent=recurrent
    )
    monkeypatch.setitem(config.PRESETS, "tiny", Preset(base.autoencoder, base.generator, tiny))
    words = ["train", "recognizer", "--prepared", str(prepared), "--run", str(tmp_path), "--preset", "tiny"]
    words += ["--batch", "18", "--learning-rate", "0.003", "--weights", str(WEIGHTS), "--json"]
    assert main.main([*words, "--steps", "15"]) == 0
    assert main.main([*words, "--steps", "40"]) == 0
    out, err = capsys.readouterr()
    assert "resumed at step 15" in err
    path = tmp_path / "recognizer.safetensors"
    assert json.loads(out.splitlines()[-1]) == {"files": [str(path)]}
    none = [*words[:5], str(tmp_path / "mean"), *words[6:], "--steps", "0", "--start", str(path), str(path)]
    assert main.main(none) == 0, "the mean of two, measured"
    mean, alone = (load_file(folder / path.name) for folder in (tmp_path / "mean", tmp_path))
    assert all(torch.allclose(mean[key], alone[key], atol=1e-6) for key in alone)
    for name in ("text_encoder.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(WEIGHTS / name)
    trained = Recognizer.load(tmp_path, "cpu")
    assert not torch.equal(trained.model.calibration, torch.tensor([0.1, 0.2]))
    random = np.random.default_rng(5)
    for family in WORDS:
        names = [family_texts(other)[0] for other in WORDS]
        found = dict(trained.recognize(movement(family, 48, random), names))
        found.pop("unknown")
        assert max(found, key=found.get) == family_texts(family)[0]


def test_training_begins_from_a_recogniser_of_the_same_configuration_only(tmp_path):
    small = RecognizerConfig(width=32, layers=1, heads=4, feedforward=32, dim=32, text_layers=1)
    torch.manual_seed(0)
    trained, path = MotionRecognizer(small), tmp_path / "trained.safetensors"
    checkpoint.save(path, "recognizer", small, trained.state_dict())
    begun = MotionRecognizer(replace(small, pooled=True, temperature=0.05))
    training.begin_from(begun, path)
    state = begun.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in trained.state_dict().items())
    for change in ({"heads": 8}, {"label_text": "last"}, {"dropout": 0.2}, {"layers": 2}):
        module = MotionRecognizer(replace(small, **change))
        before = {key: value.clone() for key, value in module.state_dict().items()}
        with pytest.raises(WeightsError, match=f"trained.safetensors has {next(iter(change))} ") as caught:
            training.begin_from(module, path)
        assert caught.value.hint
        assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_training_begins_from_the_mean_of_several(tmp_path):
    small = RecognizerConfig(width=32, layers=1, heads=4, feedforward=32, dim=32, text_layers=1, pooled=True)
    paths, states = [], []
    for seed, pooled in enumerate((True, False, True)):
        torch.manual_seed(seed)
        trained = MotionRecognizer(replace(small, pooled=pooled))
        for reader in [*trained.streams.values(), trained.text_side] if pooled else ():
            torch.nn.init.normal_(reader.pooled.weight)
        paths.append(tmp_path / f"{seed}.safetensors")
        checkpoint.save(paths[-1], "recognizer", trained.config, trained.state_dict())
        states.append(trained.state_dict())
    begun = MotionRecognizer(small)
    training.begin_from(begun, *paths)
    for key, value in begun.state_dict().items():
        total = sum(state[key].double() for state in states if key in state)
        assert torch.allclose(value.double(), total / 3, atol=1e-6), key
    before = {key: value.clone() for key, value in begun.state_dict().items()}
    torch.save({}, tmp_path / "torn.safetensors")
    with pytest.raises(WeightsError):
        training.begin_from(begun, paths[0], tmp_path / "torn.safetensors")
    assert all(torch.equal(value, before[key]) for key, value in begun.state_dict().items())


def test_the_recogniser_that_ships_can_be_trained_on():
    module = MotionRecognizer(config.PRESETS["base"].recognizer)
    training.begin_from(module, WEIGHTS / "recognizer.safetensors")
    shipped = checkpoint.load(WEIGHTS / "recognizer.safetensors", "recognizer", RecognizerConfig)[1]
    assert torch.equal(module.calibration, shipped["calibration"])


def test_captions_of_another_pool_are_refused(prepared, tmp_path):
    encoder = TextEncoder.load(WEIGHTS)
    (tmp_path / "train").mkdir()
    CaptionFeatures.encode(["one caption"], encoder).save(tmp_path / "train" / "text.safetensors")
    with pytest.raises(DataError, match="another pool"):
        training.train_recognizer(prepared, tmp_path / "run", weights=WEIGHTS, captions=tmp_path)
