"""Generation with small random networks: seeds, batches, previews, bad input. The bundled weights have tests of
their own (test_bundled_weights.py)."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from coamd_blender.errors import Cancelled, InputError, WeightsError
from runtime import checkpoint
from runtime.config import AutoencoderConfig, GeneratorConfig
from runtime.generate.examples import Examples, ExamplesConfig, vectors_of
from runtime.generate.generator import Generator, frames_for
from runtime.generate.style import Style, StyleConfig, Worn
from runtime.generate.vocabulary import Vocabulary, VocabularyConfig
from runtime.model.autoencoder import Autoencoder
from runtime.model.devices import choose_device
from runtime.model.generator import MotionGenerator
from runtime.model.text_encoder import TextEncoder
from runtime.weights import BUNDLED as WEIGHTS
from runtime.weights import sha256

CODER = AutoencoderConfig(width=16, latent_dim=8, residual_blocks=1)
NETWORKS = GeneratorConfig(
    token_dim=11, width=16, layers=1, heads=2, feedforward=16, head_width=16, head_blocks=1, text_layers=0
)


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    networks = MotionGenerator(NETWORKS)
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return Generator(Autoencoder(CODER), networks, TextEncoder.load(WEIGHTS), "cpu")


def test_shape_and_type(generator):
    joints = generator.generate(["walk", "run"], 40, [1, 2])
    assert joints.shape == (2, 40, 22, 3) and joints.dtype == np.float32 and np.isfinite(joints).all()


def test_same_seed_same_motion_whatever_else_is_in_the_batch(generator):
    alone = generator.generate(["walk"], 40, [5])
    again = generator.generate(["walk"], 40, [5])
    among = generator.generate(["run fast in a circle", "walk"], 40, [9, 5])
    assert np.array_equal(alone, again)
    assert np.abs(alone[0] - among[1]).max() < 1e-4
    assert np.abs(alone - generator.generate(["walk"], 40, [6])).max() > 1e-3


def test_previews_come_after_every_step_and_end_at_the_result(generator):
    previews = []
    joints = generator.generate(
        ["walk"], 24, [1], on_step=lambda step, steps, preview: previews.append((step, preview()))
    )
    assert [step for step, _ in previews] == list(range(1, 13))
    assert np.array_equal(previews[-1][1], joints)


def test_an_exception_in_the_callback_stops_the_work(generator):
    steps = []

    def cancel(step, total, preview):
        steps.append(step)
        raise Cancelled()

    with pytest.raises(Cancelled):
        generator.generate(["walk"], 24, [1], on_step=cancel)
    assert steps == [1]


@pytest.mark.parametrize("seconds", [0, -1, 0.2, 9.9, 500])
def test_lengths_outside_the_window_are_refused(seconds):
    with pytest.raises(InputError, match=r"outside 0\.5 to 9\.8"):
        frames_for(seconds)


@pytest.mark.parametrize("seconds, frames", [(0.5, 8), (1, 20), (4.9, 96), (9.8, 196)])
def test_lengths_are_whole_tokens(seconds, frames):
    assert frames_for(seconds) == frames


def test_wrong_counts_are_refused(generator):
    with pytest.raises(InputError, match="1 prompts but 2 seeds"):
        generator.generate(["walk"], 40, [1, 2])
    with pytest.raises(InputError, match="multiple of 4"):
        generator.generate(["walk"], 42, [1])


def test_absent_device_is_named():
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device cuda is not available"):
            choose_device("cuda")
    with pytest.raises(InputError, match="device abacus"):
        choose_device("abacus")


def test_a_folder_without_weights_names_the_file(tmp_path):
    with pytest.raises(WeightsError, match=r"autoencoder\.safetensors"):
        Generator.load(tmp_path, "cpu")


def test_load_reads_what_was_saved(generator, tmp_path):
    checkpoint.save(tmp_path / "autoencoder.safetensors", "autoencoder", CODER, generator.autoencoder.state_dict())
    checkpoint.save(tmp_path / "generator.safetensors", "generator", NETWORKS, generator.networks.state_dict())
    for name in ("text_encoder.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(WEIGHTS / name)
    loaded = Generator.load(tmp_path, "cpu")
    generator._heard.clear()  # read alone, as by the other
    assert np.array_equal(loaded.generate(["walk"], 24, [1]), generator.generate(["walk"], 24, [1]))


def test_sentences_asked_for_lately_are_remembered_each_by_itself_and_the_oldest_forgotten(generator, monkeypatch):
    encoder, asked = generator.text_encoder, []
    monkeypatch.setattr(generator, "text_encoder", lambda told: asked.append(told) or encoder(told))
    monkeypatch.setattr(generator, "_heard", {})
    monkeypatch.setattr("runtime.generate.generator.MOST_HEARD", 3)
    first = generator.encode(["walk", "run away from there", "walk"])
    assert asked == [["walk", "run away from there"]] and torch.equal(first.tokens[0], first.tokens[2])
    again = generator.encode(["run away from there", "hop", "walk"])
    assert asked[1:] == [["hop"]]  # what is new alone
    assert torch.equal(again.tokens[[2, 0]], first.tokens[:2]) and torch.equal(again.valid[[2, 0]], first.valid[:2])
    generator.encode(["sit"])
    assert list(generator._heard) == ["hop", "walk", "sit"]


def test_remembered_sentences_are_what_the_encoder_says_of_them_together(generator, monkeypatch):
    monkeypatch.setattr(generator, "_heard", {})
    told = ["a person walks far away from the old house", "he bows"]
    for prompt in reversed(told):
        generator.encode([prompt])
    ours, theirs = generator.encode(told), generator.text_encoder(told)
    assert torch.equal(ours.valid, theirs.valid)
    torch.testing.assert_close(ours.tokens[ours.valid], theirs.tokens[theirs.valid], rtol=0, atol=1e-4)
    torch.testing.assert_close(ours.pooled, theirs.pooled, rtol=0, atol=1e-5)


@pytest.fixture
def bowling(generator):
    """The generator with an example of bowling, taken from it again afterwards."""
    config = ExamplesConfig(("bowling",), (0,), ("",), (10,), "coder", known=(1, 1), begins=(0,))
    bowls = vectors_of(generator.encode(["bowls"]))
    both = torch.cat([bowls, vectors_of(generator.encode(["walk"]))])
    tensors = {"weight": 40 * both, "bias": torch.zeros(2), "phrases": bowls[:, : bowls.shape[1] // 2]}
    tensors |= {"basis": torch.eye(both.shape[1]), "sentences": both}
    tokens = torch.full((10, NETWORKS.token_dim), 0.25)
    generator.examples = Examples(config, tensors | {"tokens": tokens})
    yield generator
    generator.examples = None


def test_what_is_shown_of_an_example_stays_and_the_rest_is_drawn_around_it(bowling):
    shown = bowling.shown(["bowls"], 14, [2])
    drawn = bowling.draw(["bowls"], 14, [2], bowling.sampling, known=shown)[0]
    kept = shown.given[0, :, 0]
    assert kept.sum() == 10 and (drawn[kept] == 0.25).all()
    assert not (drawn[~kept] == 0.25).any()


def test_a_sentence_like_a_learnt_caption_is_shown_nothing_of_what_those_bring_alone(bowling, monkeypatch):
    monkeypatch.setattr("runtime.generate.examples.OURS", 2.0)  # as if no sentence were ours
    caption = "bowls after nightfall, a lantern in the other hand"
    encoded = bowling.encode([caption]).pooled
    config = replace(bowling.examples.config, known=(2, 1))
    bowls = bowling.encode([caption, "bowls", "walk"])
    bowling.examples = Examples(config, bowling.examples.tensors | {"sentences": vectors_of(bowls)})
    bowling._captioned = Vocabulary(VocabularyConfig((caption,) * 3, 0.5), encoded.expand(3, -1))
    try:
        assert bowling.are_learnt([caption, "bowls"]) == [True, False]
        assert bowling.shown([caption], 14, [2]) is not None
        bowling.examples.config = replace(bowling.examples.config, learnt=(0,))
        assert bowling.shown([caption], 14, [2]) is None
        (row,) = bowling.shown([caption, "bowls"], 14, [2, 2]).given.any(dim=(1, 2)).nonzero().tolist()
        assert row == [1], "the other is not like the caption"
    finally:
        bowling._captioned = None
    assert bowling.are_learnt([caption]) == [False] and bowling.shown([caption], 14, [2]) is not None


def test_the_caption_of_what_is_asked_for_is_read_beside_the_sentence(bowling):
    bowling.examples.config = replace(bowling.examples.config, captions=("", "walk"), sided=("", ""))
    sentences = ["strolls", "bowls"]
    bowling.examples.tensors["sentences"] = vectors_of(bowling.encode(["bowls", "strolls"]))
    told, _ = bowling._read(sentences, [None] * len(sentences))
    own, caption = bowling.encode(sentences), bowling.encode(["walk"])
    assert torch.equal(told.tokens[:, : own.tokens.shape[1]], own.tokens)
    assert told.valid.sum(dim=1).tolist() == [int(own.valid[0].sum() + caption.valid.sum()), int(own.valid[1].sum())]
    learnt = told.tokens[0][told.valid[0]][int(own.valid[0].sum()) :]
    assert torch.allclose(learnt, caption.tokens[0][caption.valid[0]], atol=1e-4)


def test_an_example_changes_its_own_clause_alone(bowling):
    prompts = ["bowls", "walk", "walk, then bowls"]
    with_example = bowling.generate(prompts, 80, [1, 1, 1])
    bowling.examples, kept = None, bowling.examples
    without = bowling.generate(prompts, 80, [1, 1, 1])
    bowling.examples = kept
    apart = np.abs(with_example - without).max(axis=(1, 2, 3))
    assert apart[0] > 1e-3 and apart[2] > 1e-3 and apart[1] < 1e-4
    assert np.abs(bowling.generate(prompts[:1], 80, [1]) - with_example[0]).max() < 1e-4


@pytest.fixture
def graded(generator, tmp_path):
    """The generator in a folder of its own, beside networks that claim to be distilled from it."""
    checkpoint.save(tmp_path / "autoencoder.safetensors", "autoencoder", CODER, generator.autoencoder.state_dict())
    checkpoint.save(tmp_path / "generator.safetensors", "generator", NETWORKS, generator.networks.state_dict())
    for name in ("text_encoder.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(WEIGHTS / name)
    write_student(tmp_path, sha256(tmp_path / "generator.safetensors"))
    return tmp_path


def write_student(folder, made_for):
    torch.manual_seed(1)
    config = replace(NETWORKS, distilled=True)
    networks = MotionGenerator(config)
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    told = {"made_for": made_for}
    checkpoint.save(folder / "student.safetensors", "generator", config, networks.state_dict(), told)


def test_fast_is_drawn_by_the_distilled_networks_in_fewer_steps_and_best_as_ever(graded):
    generator, steps = Generator.load(graded, "cpu"), []
    best = generator.generate(["walk"], 24, [1])
    generator.draw_in("fast")
    fast = generator.generate(["walk"], 24, [1], on_step=lambda step, total, _: steps.append((step, total)))
    assert steps == [(step, 3) for step in range(1, 4)]
    assert np.array_equal(fast, generator.generate(["walk"], 24, [1])) and np.abs(fast - best).max() > 1e-3
    generator.draw_in("best")
    assert np.array_equal(generator.generate(["walk"], 24, [1]), best) and not generator.told_quality()


@pytest.mark.parametrize(("quality", "climbs", "calls"), [("fast", True, 12), ("fast", False, 8), ("best", False, 12)])
def test_fast_takes_a_gradient_step_of_guidance_as_often_as_best_and_fewer_where_poses_lead(
    graded, quality, climbs, calls
):
    generator, seen = Generator.load(graded, "cpu"), []
    generator.draw_in(quality)

    def steer(tokens, fresh):
        seen.append(int(fresh.sum()))
        return tokens

    generator.draw(["walk"], 24, [1], generator.sampling, steer=steer, climbs=climbs)
    assert len(seen) == calls


def test_what_fast_cannot_do_is_drawn_in_best_and_said(graded):
    generator = Generator.load(graded, "cpu")
    generator.draw_in("fast", cfg=9.0)
    assert generator.told_quality() == ["Drawn in the quality best: fast goes up to a text weight of 8"]
    assert generator.quality == "best"
    generator.draw_in("fast", cfg=8.0)
    assert generator.quality == "fast" and not generator.told_quality()
    rank_one = {"transformer.layers.0.feedforward.0": (torch.ones(1, 16), torch.ones(16, 1))}
    generator.wear([Worn(Style(StyleConfig("goblin", generator.digest, 1, ("walks",), ("a",)), rank_one))])
    generator.draw_in("fast")
    assert generator.quality == "best" and "styles" in generator.told_quality()[0]


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: write_student(path.parent, "0" * 64)])
def test_without_networks_distilled_from_this_generator_best_is_drawn_and_said(graded, spoil):
    generator = Generator.load(graded, "cpu")
    spoil(graded / "student.safetensors")
    generator.draw_in("fast")
    assert generator.quality == "best"
    assert generator.told_quality() == [
        "Drawn in the quality best: these weights have no student.safetensors of their generator"
    ]


def test_torn_distilled_networks_are_refused(graded):
    generator = Generator.load(graded, "cpu")
    (graded / "student.safetensors").write_bytes(b"torn")
    with pytest.raises(WeightsError, match=r"student\.safetensors cannot be read"):
        generator.draw_in("fast")


def goblin(strength=1.0, digest=""):
    told = ((10, 0, ("a person does the goblin jig",)),)
    config = StyleConfig("jig", digest, 0, ("a person does the goblin jig",), ("jig.bvh",), shown=told)
    return Worn(Style(config, {}, torch.full((10, NETWORKS.token_dim), 0.5)), strength)


def test_what_a_style_shows_is_shown_to_its_words_alone_and_as_much_as_its_strength_says(bowling):
    prompts = ["she does the goblin jig", "bowls", "walk"]
    plain = bowling.generate(prompts, 40, [1, 1, 1])
    shown = bowling.shown(prompts, 10, [1, 1, 1])
    heard = bowling.heard(prompts, 10, [1, 1, 1])[0]
    try:
        for strength, number in ((1.0, 10), (0.5, 5), (2.0, 10), (-1.0, 0)):
            bowling.wear([goblin(strength)])
            known = bowling.shown(prompts, 10, [1, 1, 1])
            assert known.given[:, :, 0].sum(dim=1).tolist() == [number, 10, 0]
            assert (known.tokens[0][known.given[0]] == 0.5).all()
            assert torch.equal(known.tokens[1], shown.tokens[1]), "an example of its own is shown as before"
            told = bowling.heard(prompts, 10, [1, 1, 1])[0]
            assert all(torch.equal(part[1:], own[1:]) for part, own in zip(told, heard, strict=True))
        bowling.wear([goblin()])
        drawn = bowling.generate(prompts, 40, [1, 1, 1])
    finally:
        bowling.wear(())
    apart = np.abs(drawn - plain).max(axis=(1, 2, 3))
    assert apart[0] > 1e-3 and apart[1] < 1e-4 and apart[2] < 1e-4
    assert np.array_equal(bowling.generate(prompts, 40, [1, 1, 1]), plain), "off, to the bit"


def test_a_style_of_other_weights_leaves_what_was_worn(bowling):
    bowling.wear([goblin()])
    try:
        before = bowling.shown(["does the goblin jig"], 10, [1])
        with pytest.raises(InputError, match="taught on other weights"):
            bowling.wear([goblin(digest="8" * 64)])
        assert torch.equal(bowling.shown(["does the goblin jig"], 10, [1]).tokens, before.tokens)
    finally:
        bowling.wear(())


def manner():
    words = ("a person walks like our goblin", "a person waves like our goblin")
    told = tuple((10, number, (word,)) for number, word in enumerate(words))
    layers = {"transformer.layers.0.feedforward.0": (torch.ones(1, 16), torch.ones(16, 1))}
    config = StyleConfig("goblin", "", 1, words, ("walk.bvh", "wave.bvh"), shown=told)
    return Worn(Style(config, layers, torch.full((20, NETWORKS.token_dim), 0.5)))


def test_a_trained_manner_that_no_word_asks_for_changes_nothing_to_the_bit(bowling):
    prompts = ["walk", "she bows, then she walks"]
    plain = bowling.generate(prompts, 40, [1, 2])
    bowling.wear([manner()])
    try:
        assert np.array_equal(bowling.generate(prompts, 40, [1, 2]), plain)
        asked = bowling.generate(["bows like our goblin"], 40, [1])
    finally:
        bowling.wear(())
    assert np.abs(asked - bowling.generate(["bows like our goblin"], 40, [1])).max() > 1e-3
    assert np.array_equal(bowling.generate(prompts, 40, [1, 2]), plain)


def test_prompts_in_a_manner_and_without_it_are_drawn_as_if_each_were_alone(bowling):
    prompts, seeds, seen = ["bows like our goblin", "walk"], [1, 2], []
    bowling.wear([manner()])
    try:
        alone = [bowling.generate([prompt], 40, [seed])[0] for prompt, seed in zip(prompts, seeds, strict=True)]
        both = bowling.generate(prompts, 40, seeds, on_step=lambda step, steps, preview: seen.append((step, preview())))
    finally:
        bowling.wear(())
    assert np.abs(both - np.stack(alone)).max() < 1e-4
    assert [step for step, _ in seen] == list(range(1, 1 + len(seen))) and np.abs(seen[-1][1] - both).max() < 1e-4
