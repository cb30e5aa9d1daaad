"""The preset ``paper``: the published sizes, and one pass of it on the CPU: forward, backward, save, load, generate."""

import gc
from dataclasses import asdict

import pytest
import torch

from runtime import checkpoint
from runtime.config import BASE, PAPER, PUBLISHED, GeneratorConfig, SamplingConfig
from runtime.model.autoencoder import Autoencoder
from runtime.model.generator import MotionGenerator
from runtime.model.recognizer import MotionRecognizer
from runtime.model.sampling import noise_of_seeds, sample
from runtime.model.text_encoder import TextFeatures


def millions(kind: type, config) -> float:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in kind(config).parameters()) / 1e6


@pytest.mark.parametrize(
    ("kind", "config", "published"),
    [
        (Autoencoder, PAPER.autoencoder, 19.0),
        (MotionGenerator, PAPER.generator, 385.3),
        (MotionRecognizer, PAPER.recognizer, 70.5),
    ],
)
def test_sizes_are_the_published_ones_within_a_hundredth(kind, config, published):
    assert millions(kind, config) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize(("kind", "part"), [(Autoencoder, "autoencoder"), (MotionGenerator, "generator")])
def test_what_was_published_is_compared_at_our_size(kind, part):
    ours, theirs = (millions(kind, getattr(preset, part)) for preset in (BASE, PUBLISHED))
    assert theirs == pytest.approx(ours, rel=0.05)


def test_what_is_compared_makes_the_choices_of_the_paper():
    for part, sizes in (
        ("autoencoder", {"width", "latent_dim"}),
        (
            "generator",
            {"token_dim", "width", "layers", "heads", "feedforward", "text_dim", "head_width", "head_blocks"},
        ),
    ):
        published, paper = asdict(getattr(PUBLISHED, part)), asdict(getattr(PAPER, part))
        differing = {name for name in paper if paper[name] != published[name]}
        assert differing - {"text_condition"} == sizes, part
    assert PUBLISHED.generator.text_condition == "mean"  # MiniLM sums a sentence up in the mean, CLIP in the last token


def test_the_published_schedules():
    assert PAPER.autoencoder_schedule.steps(1_000_000) == 50 * 3907  # batches of 256
    assert PAPER.generator_schedule.steps(24_000) == 500 * 375
    assert PAPER.recognizer_schedule.steps(24_000) == 400 * 750
    assert PAPER.generator_schedule.drops == (50_000,) and PAPER.generator_schedule.average == 0.9999


def text(count: int) -> TextFeatures:
    tokens = torch.randn(count, 6, 512, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(count, 6, dtype=torch.bool)
    valid[0, 4:] = False
    return TextFeatures(tokens, valid, torch.nn.functional.normalize(tokens[:, 0], dim=-1))


def test_the_autoencoder_makes_tokens_and_learns():
    torch.manual_seed(0)
    module = Autoencoder(PAPER.autoencoder)
    joints = torch.randn(2, 32, 22, 3) * 0.1
    tokens, origin = module.encode(joints)
    assert tokens.shape == (2, 8, 515) and module.decode(tokens, origin).shape == joints.shape
    loss = module.loss(joints)["total"]
    loss.backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in module.parameters())


def test_the_recognizer_embeds_and_learns():
    torch.manual_seed(0)
    module = MotionRecognizer(PAPER.recognizer)
    seen = module.motion(torch.randn(2, 12, 22, 3), torch.tensor([12, 9]))
    words = text(2)
    (seen.fused * (module.descriptions(words) + module.labels(words))).sum().backward()
    silent = [name for name, parameter in module.named_parameters() if parameter.grad is None]
    assert not silent


def test_the_generator_learns_saves_loads_and_generates(tmp_path):
    torch.manual_seed(0)
    with torch.device("meta"):
        module = MotionGenerator(PAPER.generator)
    module = module.to_empty(device="cpu")
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, -0.02, 0.02)
    module.importance.fill_(1.0)
    tokens, valid, weights = torch.randn(2, 8, 515), torch.ones(2, 8, dtype=torch.bool), torch.ones(2, 8)
    loss = module.loss(tokens, valid, text(2), weights)
    loss.backward()
    assert torch.isfinite(loss) and module.head.blocks[15].layers[0].weight.grad.any()
    module.zero_grad(set_to_none=True)
    checkpoint.save(tmp_path / "generator.safetensors", "generator", PAPER.generator, module.state_dict())
    weight = module.head.out.weight.detach().clone()
    del module
    gc.collect()
    config, tensors, _ = checkpoint.load(tmp_path / "generator.safetensors", "generator", GeneratorConfig)
    assert config == PAPER.generator
    with torch.device("meta"):
        loaded = MotionGenerator(config)
    loaded.load_state_dict(tensors, assign=True)
    assert torch.equal(loaded.head.out.weight, weight)
    noise, order = noise_of_seeds([1, 2], 8, 515)
    made = sample(loaded.eval(), text(2), noise, order, SamplingConfig(steps=2, solver_steps=1))
    assert made.shape == (2, 8, 515) and torch.isfinite(made).all()
    (tmp_path / "generator.safetensors").unlink()  # 1.5 GB


def test_one_vector_a_text_is_that_of_its_last_token():
    config = GeneratorConfig(token_dim=5, width=8, layers=1, heads=2, feedforward=8, text_dim=4, text_condition="last")
    module = MotionGenerator(config).transformer
    tokens, valid = torch.randn(2, 3, 4), torch.tensor([[True, True, False], [True, True, True]])
    keys, keys_valid, pooled = module.text(tokens, valid, torch.tensor([False, True]))
    weight, bias = module.text.project.weight, module.text.project.bias
    assert torch.allclose(pooled[0], weight @ tokens[0, 1] + bias, atol=1e-6)
    assert torch.allclose(pooled[1], bias)
    assert keys.shape[1] == keys_valid.shape[1] == 0
