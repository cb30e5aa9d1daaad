"""Styles on the generator's matrices: a product of two thin matrices is the oracle."""

import pytest
import torch
from torch import nn

from coamd_blender.errors import InputError, WeightsError
from runtime import checkpoint
from runtime.generate.style import Style, StyleConfig, Wardrobe, Worn

DIGEST = "1" * 64


class Networks(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.one, self.two = nn.Linear(6, 4), nn.Linear(4, 4)


def style(seed=0, made_for=DIGEST, layers=("one", "two")):
    torch.manual_seed(seed)
    sizes = {"one": (6, 4), "two": (4, 4), "three": (4, 4)}
    pairs = {name: (torch.randn(2, sizes[name][0]), torch.randn(sizes[name][1], 2)) for name in layers}
    return Style(StyleConfig("a goblin", made_for, 2, ("walks like our goblin",), ("a.bvh",), "mine"), pairs)


def state(networks):
    return {name: value.clone() for name, value in networks.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_style_adds_its_product_times_its_strength_to_the_matrices_it_names_and_to_nothing_else():
    networks, worn = Networks(), style(layers=("two",))
    before = state(networks)
    Wardrobe(networks, DIGEST).wear([Worn(worn, 0.5)])
    down, up = worn.layers["two"]
    assert torch.allclose(networks.two.weight, before["two.weight"] + 0.5 * torch.einsum("or,ri->oi", up, down))
    assert same({name: value for name, value in before.items() if name != "two.weight"}, state(networks))


def test_taken_off_the_networks_are_as_they_were_to_the_bit():
    networks = Networks()
    before, wardrobe = state(networks), Wardrobe(networks, DIGEST)
    for worn in ([Worn(style())], [Worn(style(1), -0.3), Worn(style(2), 1.7)], [Worn(style(1), 1e3 / 999)]):
        wardrobe.wear(worn)
        assert not same(before, state(networks))
    wardrobe.wear([])
    assert same(before, state(networks))
    wardrobe.wear([Worn(style(), 0.0)])
    assert same(before, state(networks)), "a strength of nothing is nothing"


def test_two_styles_add_up_in_any_order():
    one, two = style(1), style(2)
    results = []
    for worn in ([Worn(one), Worn(two, 0.5)], [Worn(two, 0.5), Worn(one)]):
        networks = Networks()
        Wardrobe(networks, DIGEST).wear(worn)
        results.append(networks.one.weight.detach())
    assert torch.allclose(*results, atol=1e-6)


@pytest.mark.parametrize(
    ("worn", "said"),
    [
        (Worn(style(made_for="2" * 64)), "was taught on other weights - Teach it again"),
        (Worn(style(layers=("three",))), "was taught on other weights"),
        (Worn(style(), 2.5), "strength 2.5 of the style 'a goblin' is out of range - Choose one from -2 to 2"),
        (Worn(style(), float("nan")), "out of range"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(worn, said):
    networks = Networks()
    wardrobe = Wardrobe(networks, DIGEST)
    wardrobe.wear([Worn(style())])
    before = state(networks)
    with pytest.raises(InputError, match=said):
        wardrobe.wear([Worn(style(1)), worn])
    assert same(before, state(networks))


def test_a_style_read_back_tells_what_it_told_and_half_precision_keeps_its_numbers(tmp_path):
    path, written = tmp_path / "goblin.safetensors", style()
    written.save(path)
    read = Style.load(path)
    assert read.config == written.config and set(read.layers) == {"one", "two"}
    for name, pair in written.layers.items():
        for one, other in zip(pair, read.layers[name], strict=True):
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_a_file_that_is_no_whole_style_is_refused(tmp_path):
    path, config = tmp_path / "torn.safetensors", style().config
    for tensors in ({}, {"one.down": torch.zeros(2, 6)}, {"one.up": torch.zeros(4, 2)}):
        checkpoint.save(path, "style", config, tensors)
        with pytest.raises(WeightsError, match="not a whole style - Teach it again"):
            Style.load(path)
    checkpoint.save(path, "style", config, {"one.down": torch.full((2, 6), torch.nan), "one.up": torch.zeros(4, 2)})
    with pytest.raises(WeightsError, match="not numbers"):
        Style.load(path)
    checkpoint.save(path, "generator", config, {"one.down": torch.zeros(2, 6)})
    with pytest.raises(WeightsError, match="expected style"):
        Style.load(path)


@pytest.mark.parametrize(
    "down, up",
    [
        ((2, 6), (4, 3)),  # of two ranks: their product is none
        ((3, 6), (4, 3)),  # of another rank than it says
        ((6,), (4, 2)),
        ((2, 6, 1), (4, 2)),
    ],
)
def test_a_style_whose_matrices_have_no_product_is_refused_before_it_is_worn(tmp_path, down, up):
    layers = {"one": (torch.ones(down), torch.ones(up))}
    Style(StyleConfig("a goblin", DIGEST, 2, ("walks",), ("a.bvh",)), layers).save(tmp_path / "s.safetensors")
    with pytest.raises(WeightsError, match="rank 2"):
        Style.load(tmp_path / "s.safetensors")


@pytest.mark.parametrize("words", [(5,), ("walks",) * 2001, ("w" * 200_001,)])
def test_words_that_are_not_sentences_or_too_many_are_refused(tmp_path, words):
    config = style().config
    object.__setattr__(config, "words", words)
    checkpoint.save(tmp_path / "s.safetensors", "style", config, {"one.up": torch.ones(4, 2)})
    with pytest.raises(WeightsError, match="not sentences"):
        Style.load(tmp_path / "s.safetensors")


def shows(width=3, count=5, made_for=DIGEST):
    told = ((2, 0, ("walks like our goblin",)), (3, 1, ("waves like our goblin",)))
    words = ("walks like our goblin", "waves like our goblin")
    config = StyleConfig("a goblin", made_for, 0, words, ("a.bvh", "b.bvh"), shown=told)
    return Style(config, {}, torch.arange(float(width * count)).reshape(count, width))


def test_a_style_that_only_shows_its_clips_is_whole_and_changes_no_matrix(tmp_path):
    path = tmp_path / "goblin.safetensors"
    shows().save(path)
    read = Style.load(path)
    assert read.config == shows().config and [clip.said for clip in read.clips()] == [
        said for _, _, said in read.config.shown
    ]
    assert [clip.tokens[:, 0].tolist() for clip in read.clips()] == [[0, 3], [6, 9, 12]]
    networks = Networks()
    before = state(networks)
    Wardrobe(networks, DIGEST, 3).wear([Worn(read)])
    assert same(before, state(networks))
    with pytest.raises(InputError, match="taught on other weights"):
        Wardrobe(networks, DIGEST, 4).wear([Worn(read)])
    assert style().clips() == []


def test_clips_that_are_not_whole_are_refused(tmp_path):
    shows(count=4).save(tmp_path / "s.safetensors")
    with pytest.raises(WeightsError, match="its clips are not whole - Teach it again"):
        Style.load(tmp_path / "s.safetensors")


@pytest.mark.parametrize("told", [((0, 0, ("walks",)),), ((2, 0, ()),), ((2, 0, (5,)),), ((1, 0, ("w",)),) * 2001])
def test_clips_that_nothing_is_said_of_are_refused(tmp_path, told):
    config = shows().config
    object.__setattr__(config, "shown", told)
    checkpoint.save(tmp_path / "s.safetensors", "style", config, {"shown": torch.ones(2, 3)})
    with pytest.raises(WeightsError, match="what it shows"):
        Style.load(tmp_path / "s.safetensors")
