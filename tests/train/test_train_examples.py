"""What the classifier of sentences learns from, that it learns, and which variants of an action are kept."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from coamd_blender.motion.skeleton import FRAME_MULTIPLE, JOINT_INDEX, MAX_FRAMES
from runtime.authored.spec import actions
from runtime.evaluate.obedience_tests import passes
from runtime.generate.examples import Examples, ExamplesConfig, vectors_of
from runtime.model.text_encoder import TextEncoder
from runtime.train import examples
from runtime.train.examples import FROM_WORDS, KEPT, PLAIN, fitted, said, variants
from runtime.weights import BUNDLED as WEIGHTS
from runtime.weights import sha256


def test_a_phrase_is_said_in_three_forms_without_side_and_count():
    assert said("*waves* with {their} {side} hand {times}") == [
        "waves with their hand", "wave with their hand", "waving with their hand",
    ]  # fmt: skip
    assert said("two arm wave high up") == ["two arm wave high up"]
    assert said("*does* {n:push-up}")[0] == "does push-up"


def test_what_words_alone_bring_is_an_action_and_a_family_of_plain_sentences():
    plain = examples.tomllib.loads(PLAIN.read_text(encoding="utf-8"))
    assert set(FROM_WORDS) <= set(actions()) and set(FROM_WORDS.values()) <= set(plain)
    told = [phrase for family in plain.values() for phrase in family["phrases"]]
    assert len(told) > 1000 and len(set(told)) == len(told)


def test_a_family_that_is_shown_examples_all_the_same_is_shown_those_of_its_actions_of_both_sides():
    for family, own in examples.SHOWN_AS.items():
        assert {FROM_WORDS[name] for name in own} == {family} and family in examples.shown_names()
        shown = examples.shown_variants(family)
        assert {variant.name for variant in shown} == set(own)
        assert {variant.side for variant in shown} == {side for name in own for side in actions()[name].sides}
        assert len(shown) <= KEPT + 3 * len(own) + 1


def test_where_one_side_is_shown_in_less_time_so_is_the_other_by_its_mirror_image():
    shown = examples.shown_variants("punch")
    least = {}
    for side in ("left", "right"):
        own = [variant for variant in shown if variant.side == side]
        least[side] = min(len(one.joints) // FRAME_MULTIPLE - one.core[0] // FRAME_MULTIPLE for one in own)
    assert least["left"] == least["right"] <= 10, "a third of ten seconds, less what leads in and out"
    one, *others = [variant for variant in shown if variant.side == "left"]
    image = examples.mirrored(one)
    assert image.side == "right" and examples.told_of(image) == examples.told_of(one).replace("left", "right")
    assert np.allclose(image.joints[:, JOINT_INDEX["right_wrist"], 0], -one.joints[:, JOINT_INDEX["left_wrist"], 0])
    assert examples._evened([one, image]) == [] and examples._evened([one, *others]) == []
    shorter = replace(image, joints=image.joints[:-FRAME_MULTIPLE])
    (made,) = examples._evened([one, shorter])
    assert made.side == "left" and len(made.joints) == len(shorter.joints)


def test_actions_that_single_words_tell_apart_are_one_class_and_each_is_shown_as_it_is_told():
    for name, (one, words) in examples.TOLD_APART.items():
        assert examples.class_of(name) == one and one in examples.shown_names()
        assert name == one or name not in examples.shown_names()
        shown = [variant for variant in examples.shown_variants(one) if variant.name == name]
        assert {variant.side for variant in shown} == set(actions()[name].sides)
        assert all(words in examples.told_of(variant) for variant in shown)


def test_a_caption_of_one_side_names_it_and_one_of_none_does_not():
    plain = examples.tomllib.loads(PLAIN.read_text(encoding="utf-8"))
    assert all("{side}" in row["sided"] for row in plain.values() if "sided" in row)
    assert not any("{side}" in row.get("caption", "") for row in plain.values())
    captions, sided = examples.captions_of(["bowling", "kick", "idle"])
    assert captions[0] == sided[0] == sided[2] == "" and captions[1] == "a person kicks" and "{side}" in sided[1]


def test_every_action_has_more_than_thirty_phrases():
    assert min(len(action.phrases) for action in actions().values()) > 30


def test_the_classifier_names_the_class_of_a_vector_that_it_has_not_seen():
    chance = torch.Generator().manual_seed(1)
    middles = torch.nn.functional.normalize(torch.randn(5, 32, generator=chance), dim=1)
    labels = torch.arange(5).repeat_interleave(20)

    def drawn():
        around = middles[labels] + 0.1 * torch.randn(100, 32, generator=chance)
        return torch.nn.functional.normalize(around, dim=1)

    weight, bias = fitted(drawn(), labels, 5)
    assert (weight @ drawn().T + bias[:, None]).argmax(dim=0).eq(labels).float().mean() > 0.95


def test_sentences_are_compared_where_they_differ_most():
    chance = torch.Generator().manual_seed(1)
    vectors = torch.nn.functional.normalize(torch.randn(40, 300, generator=chance), dim=1)
    labels = torch.arange(40) % 3
    basis, known, sentences = examples.neighbours(vectors, vectors, labels, 4)
    assert basis.shape == (300, examples.NARROW) and known == (14, 13, 13, 0)
    order = labels.argsort(stable=True)
    assert torch.allclose(sentences @ sentences.T, vectors[order] @ vectors[order].T, atol=1e-4)  # 40 span 40 axes


def test_examples_of_another_autoencoder_do_not_keep_new_ones_from_being_made(tmp_path, monkeypatch):
    """What generate then says to do, `train examples`, works."""
    for name in ("autoencoder.safetensors", "recognizer.safetensors", "text_encoder.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(WEIGHTS / name)
    config = ExamplesConfig(("bowling",), (0,), ("",), (1,), "another", known=(1, 1), begins=(0,))
    plain = {"weight": torch.ones(2, 768), "bias": torch.zeros(2), "phrases": torch.ones(1, 384)}
    plain |= {"basis": torch.eye(768), "sentences": torch.ones(2, 768)}
    Examples(config, plain | {"tokens": torch.zeros(1, 67)}).save(tmp_path)
    monkeypatch.setattr(examples, "actions", lambda: {name: actions()[name] for name in ("nod", "salute")})
    monkeypatch.setattr(examples, "PLAIN", tmp_path / "plain.toml")
    (tmp_path / "plain.toml").write_text(
        '[idle]\ncaption = "a person stands"\nphrases = ["*stands* about", "waiting"]\n'
    )
    monkeypatch.setattr(examples, "FROM_WORDS", {})
    monkeypatch.setattr(examples, "SHOWN_AS", {})
    monkeypatch.setattr(examples, "_captions", lambda pool, plain: [("plays the tuba", examples.OTHER)])
    monkeypatch.setattr(examples.Pool, "load", lambda folder: None)
    path = examples.make_examples(tmp_path, tmp_path, weights=tmp_path)
    made = Examples.beside(path.parent, sha256(tmp_path / "autoencoder.safetensors"))
    assert made.config.actions == ("nod", "salute") and len(set(made.config.told)) > 3
    assert made.config.captions == ("", "", "a person stands", "") and made.config.known[2:] == (2, 1)
    (vector,) = vectors_of(TextEncoder.load(tmp_path)(["gives a military salute"]))
    assert made.actions_of(vector) == [1]


def test_what_stands_on_the_other_leg_tells_it():
    stork, salute = variants("stand_on_one_leg")[0], variants("salute")[0]
    assert examples.told_of(stork).endswith(f"on the {stork.told['other']} leg")
    assert examples.told_of(salute).split() == [told for told in (salute.side, salute.told.get("speed")) if told]


@pytest.mark.parametrize("name", ["salute", "jumping_jacks"])
def test_variants_have_both_sides_all_counts_and_a_length_that_can_be_drawn(name):
    found = variants(name)
    sides = Counter(variant.side for variant in found)
    assert set(sides) == set(actions()[name].sides) and max(sides.values()) <= KEPT // len(sides)
    assert all(examples.SHORTEST <= len(variant.joints) <= MAX_FRAMES for variant in found)
    if actions()[name].cycle:
        assert len({variant.told["times"] for variant in found}) >= 3
    assert [variant.joints.tobytes() for variant in variants(name)] == [variant.joints.tobytes() for variant in found]


def test_what_is_done_once_is_shown_faster_too_and_the_same_is_done():
    shown = examples.shown_variants("drink")
    own = [one for one in variants("drink") if one.count == 1]
    for side in actions()["drink"].sides:
        shortest = min((one for one in own if one.side == side), key=lambda one: len(one.joints))
        quick = min((one for one in shown if one.side == side), key=lambda one: len(one.joints))
        assert examples.QUICK <= len(quick.joints) < len(shortest.joints) <= examples.HASTE * len(quick.joints) + 4
        wrists = [one.joints[:, JOINT_INDEX[f"{side}_wrist"], 1] for one in (quick, shortest)]
        assert abs(wrists[0].max() - wrists[1].max()) < 0.01
        assert abs(np.argmax(wrists[0]) / len(wrists[0]) - np.argmax(wrists[1]) / len(wrists[1])) < 0.03
        assert passes(quick.joints, {"is": "drink_from_cup"})


def test_a_punch_is_shown_so_fast_that_it_fits_between_clauses_and_is_one_still():
    quick = [one for one in examples.shown_variants("punch") if one.told.get("haste")]
    assert {one.side for one in quick} == {"left", "right"} and {one.name for one in quick} == {"jab"}
    assert all(passes(one.joints, {"is": "punch", "side": one.side}) for one in quick)


def test_repeats_are_not_hastened():
    assert all(examples.hastened(one) is None for one in variants("push_ups") if one.count > 1)
