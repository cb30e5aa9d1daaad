"""Teaching on networks of a few thousand numbers: what is learnt, what is held, and that a kill changes nothing."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_motions import bowing, kicking, squatting, waving

from coamd_blender.errors import InputError
from coamd_blender.wire.teaching import SO_FAR, folder_of
from runtime.config import AutoencoderConfig, GeneratorConfig, SamplingConfig
from runtime.generate.generator import WEIGHTS, Generator
from runtime.generate.style import Style, Worn
from runtime.generate.vocabulary import Vocabulary, VocabularyConfig
from runtime.loop import Run
from runtime.model.autoencoder import Autoencoder
from runtime.model.generator import MotionGenerator
from runtime.model.text_encoder import TextEncoder
from runtime.teach import lessons, teach
from runtime.teach.adapter import Adapter
from runtime.teach.lessons import Clip

CODER = AutoencoderConfig(width=16, latent_dim=8, residual_blocks=1)
NETWORKS = GeneratorConfig(
    token_dim=11, width=16, layers=1, heads=2, feedforward=16, head_width=16, head_blocks=1, text_layers=0
)
CAPTIONS = ("a person walks", "a person runs", "someone waves", "he stands still")
ENCODER = TextEncoder.load(WEIGHTS)


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.setattr(lessons, "_LOST", 10.0)  # an autoencoder that has learnt nothing holds nothing
    torch.manual_seed(0)
    networks = MotionGenerator(NETWORKS)
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    made = Generator(Autoencoder(CODER), networks, ENCODER, "cpu")
    made.vocabulary = Vocabulary(VocabularyConfig(CAPTIONS, 0.5), ENCODER(list(CAPTIONS)).pooled)
    made.digest, made.sampling = "7" * 64, SamplingConfig(steps=2, solver_steps=2)
    return made


def clips(*motions):
    motions = motions or (bowing(2.0), squatting(2.2), kicking(2.4))
    return [Clip(Path(f"{index}.bvh"), motion, ("she does the left trick",)) for index, motion in enumerate(motions)]


def taught(generator, out, steps=8, **settings):
    return teach.teach(generator, clips(), out, name="trick", settings=teach.TeachSettings(steps, rank=2, **settings))


def test_a_new_adapter_changes_nothing_and_switched_off_it_never_does(generator):
    networks, tokens = generator.networks, torch.randn(3, 9, 11)
    valid, text = torch.ones(3, 9, dtype=torch.bool), generator.encode(["a", "b", "c"])

    def loss():
        torch.manual_seed(1)
        return networks.loss(tokens, valid, text, drop=0.0)

    before = loss().item()
    adapter = Adapter(networks, 2)
    assert loss().item() == pytest.approx(before, rel=1e-6)
    for change in adapter.changes:
        torch.nn.init.normal_(change.up)
    assert abs(loss().item() - before) > 1e-3
    with adapter.off():
        assert loss().item() == pytest.approx(before, rel=1e-6)
    loss().backward()
    learning = {name for name, parameter in networks.named_parameters() if parameter.grad is not None}
    assert learning and all(".parametrizations." in name for name in learning), "nothing else is learnt"


def test_what_an_adapter_does_a_style_does(generator):
    plain = {name: value.clone() for name, value in generator.networks.state_dict().items()}
    adapter = Adapter(generator.networks, 2)
    for change in adapter.changes:
        torch.nn.init.normal_(change.up, std=0.1)
    tokens, valid = torch.randn(2, 5, 11), torch.ones(2, 5, dtype=torch.bool)
    text = generator.encode(["a", "b"])

    def conditions(networks):
        told = networks.transformer.read(text.tokens, text.valid, torch.zeros(2, dtype=torch.bool))
        return networks.transformer(tokens, torch.zeros(2, 5, dtype=torch.bool), valid, told)

    wanted = conditions(generator.networks).detach()
    networks = MotionGenerator(NETWORKS)
    networks.load_state_dict(plain)
    other = Generator(Autoencoder(CODER), networks, ENCODER, "cpu")
    config = teach.StyleConfig("x", "", 2, ("a",), ("b",))
    other.wear([Worn(Style(config, adapter.layers()))])
    assert torch.allclose(conditions(other.networks), wanted, atol=1e-5)


def test_a_style_is_made_of_the_clips_and_tells_what_of(generator, tmp_path):
    said = []
    style = teach.teach(
        generator, clips(), tmp_path / "trick.safetensors", name="trick", licence="ours",
        settings=teach.TeachSettings(6, rank=2), say=said.append,
    )  # fmt: skip
    assert said == ["held out, to see what is learnt: 2.bvh"]
    told = Style.load(tmp_path / "trick.safetensors").config
    assert told == style.config and told.words == ("she does the left trick",) and told.licence == "ours"
    assert told.clips == ("0.bvh", "1.bvh", "2.bvh") and told.made_for == generator.digest
    assert any(up.abs().max() > 0 for _, up in style.layers.values())


def test_without_a_step_a_style_shows_all_its_clips_and_nothing_is_trained(generator, tmp_path):
    fresh = {name: value.clone() for name, value in generator.networks.state_dict().items()}
    said = []
    teach.teach(
        generator,
        clips(),
        tmp_path / "trick.safetensors",
        name="trick",
        settings=teach.TeachSettings(0),
        say=said.append,
    )
    style = Style.load(tmp_path / "trick.safetensors")
    assert not style.layers and said == [], "none is held out"
    assert {clip.clip for clip in style.clips()} == {0, 1, 2} and style.config.rank == 0
    assert all(torch.equal(fresh[name], value) for name, value in generator.networks.state_dict().items())


def test_what_is_shown_is_at_three_tempi_and_mirrored_where_the_words_have_a_side(generator):
    for sentence, said in (
        ("she does the left trick", {"she does the left trick", "she does the right trick"}),
        ("she does the trick", {"she does the trick"}),
    ):
        made = lessons.shown_of(generator, [Clip(Path("a.bvh"), waving(4.0, "left"), (sentence,))])
        assert {clip.said for clip in made} == {(text,) for text in said}
        assert sorted(len(clip.tokens) for clip in made if clip.said == (sentence,)) == [17, 20, 22]


def test_killed_at_any_step_it_ends_as_if_it_had_not_been(generator, tmp_path, monkeypatch):
    plan = teach._schedule
    monkeypatch.setattr(teach, "_schedule", lambda *given: replace(plan(*given), save_seconds=0.0))
    fresh = {name: value.clone() for name, value in generator.networks.state_dict().items()}

    def again():
        networks = MotionGenerator(NETWORKS)
        networks.load_state_dict(fresh)
        made = Generator(generator.autoencoder, networks, ENCODER, "cpu")
        made.vocabulary, made.digest, made.sampling = generator.vocabulary, generator.digest, generator.sampling
        return made

    whole = taught(again(), tmp_path / "whole.safetensors")
    step = Run._one_step
    for stop in (0, 1, 5):

        def fails(run, batch_loss, stop=stop):
            if run.step >= stop:
                raise KeyboardInterrupt
            return step(run, batch_loss)

        monkeypatch.setattr(Run, "_one_step", fails)
        with pytest.raises(KeyboardInterrupt):
            taught(again(), tmp_path / "killed.safetensors")
        assert not (tmp_path / "killed.safetensors").exists()
    monkeypatch.setattr(Run, "_one_step", step)
    killed = taught(again(), tmp_path / "killed.safetensors")
    for name, pair in whole.layers.items():
        assert all(torch.equal(one, other) for one, other in zip(pair, killed.layers[name], strict=True)), name


def test_what_it_knew_before_is_held_the_more_the_more_it_counts(generator, tmp_path):
    fresh = {name: value.clone() for name, value in generator.networks.state_dict().items()}
    forgotten = []
    for held in (0.0, 300.0):
        networks = MotionGenerator(NETWORKS)
        networks.load_state_dict(fresh)
        made = Generator(generator.autoencoder, networks, ENCODER, "cpu")
        made.vocabulary, made.sampling = generator.vocabulary, generator.sampling
        style = taught(made, tmp_path / f"{held}.safetensors", steps=60, held=held, learning_rate=2e-2)
        text, tokens = generator.encode(list(CAPTIONS)), torch.randn(4, 9, 11)

        def conditions(owner, text=text, tokens=tokens):
            told = owner.transformer.read(text.tokens, text.valid, torch.zeros(4, dtype=torch.bool))
            return owner.transformer(
                tokens, torch.ones(4, 9, dtype=torch.bool), torch.ones(4, 9, dtype=torch.bool), told
            )

        before = MotionGenerator(NETWORKS)
        before.load_state_dict(fresh)
        after = MotionGenerator(NETWORKS)
        after.load_state_dict(fresh)
        other = Generator(generator.autoencoder, after, ENCODER, "cpu")
        other.wear([Worn(style)])
        forgotten.append(float((conditions(other.networks) - conditions(before)).detach().square().mean()))
    assert forgotten[1] < 0.3 * forgotten[0]


def test_work_on_other_clips_is_not_gone_on_with(generator, tmp_path):
    out = tmp_path / "trick.safetensors"
    assert taught(generator, out, steps=2) is not None
    with pytest.raises(InputError, match="holds the work on another style - Delete the folder"):
        teach.teach(generator, clips(waving(3.0)), out, name="trick", settings=teach.TeachSettings(2, rank=2))


def test_a_motion_the_latents_cannot_hold_is_left_out_and_told(generator, tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "_LOST", 0.001)
    said = []
    with pytest.raises(InputError, match="no clip to teach"):
        teach.teach(generator, clips(), tmp_path / "x.safetensors", name="x", say=said.append)
    assert len(said) == 3 and "0.bvh is left out" in said[0]


def test_mirror_images_have_their_sides_swapped_in_words_and_joints(generator):
    made = lessons.lessons_of(generator, clips(waving(4.0, "left")), seed=1)
    plain = [lesson for lesson in made if any("left" in caption for caption in lesson.captions)]
    swapped = [lesson for lesson in made if any("right" in caption for caption in lesson.captions)]
    assert len(plain) == len(swapped) == len(made) // 2
    assert not set(plain) & set(swapped)
    assert all(len(set(lesson.captions)) > 6 for lesson in made), "said in many ways"


def test_a_short_clip_is_taught_within_a_longer_motion_too(generator):
    short = lessons.lessons_of(generator, clips(bowing(2.0)), seed=1)
    long = lessons.lessons_of(generator, clips(bowing(6.0)), seed=1)
    assert max(len(lesson.tokens) for lesson in short) == 30 and max(len(lesson.tokens) for lesson in long) <= 35
    own = short[0].tokens
    held = [lesson.tokens for lesson in short if len(lesson.tokens) > len(own) + 3]
    assert held and any(
        torch.allclose(tokens[start : start + len(own)], own)
        for tokens in held
        for start in range(len(tokens) - len(own) + 1)
    )


def test_long_clips_are_taught_in_windows_that_cover_them():
    windows = lessons._windows(500, np.random.default_rng(0))
    assert all(stop - start == 196 for start, stop in windows)
    assert windows[0][0] == 0 and windows[-1][1] == 500
    assert all(one[1] >= other[0] for one, other in pairwise(windows))


def test_the_style_so_far_can_be_worn_at_each_validation(generator, tmp_path, monkeypatch):
    plan = teach._schedule
    monkeypatch.setattr(teach, "_schedule", lambda *given: replace(plan(*given), validate_every=2))
    found, out = [], tmp_path / "trick.safetensors"
    validate = teach._Course.validate

    def note(course, module):
        so_far = folder_of(out) / SO_FAR
        found.append(Style.load(so_far) if so_far.is_file() else None)
        return validate(course, module)

    monkeypatch.setattr(teach._Course, "validate", note)
    fresh = {name: value.clone() for name, value in generator.networks.state_dict().items()}
    assert taught(generator, out, steps=6, learning_rate=1e-2) is not None
    assert found[0].clips() and not found[0].layers, "before the first, it shows the clips"
    assert found[1].config.name == "trick" and found[1].config.made_for == generator.digest
    ups = [[float(up.abs().sum()) for _, up in style.layers.values()] for style in found[1:]]
    assert len(ups) == 2 and ups[0] != ups[1], "it goes on"
    networks = MotionGenerator(NETWORKS)
    networks.load_state_dict(fresh)
    other = Generator(generator.autoencoder, networks, ENCODER, "cpu")
    other.digest = generator.digest
    other.wear([Worn(found[2])])
