"""The server's generate requests: what reaches the generator, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from generator_fakes import FakeGenerator

from coamd_blender.errors import InputError
from coamd_blender.wire import limits
from runtime.config import AutoencoderConfig, GeneratorConfig, SamplingConfig
from runtime.generate.generator import WEIGHTS, Generator
from runtime.generate.style import Style, StyleConfig
from runtime.model.autoencoder import Autoencoder
from runtime.model.generator import MotionGenerator
from runtime.model.text_encoder import TextEncoder
from runtime.serve.models import Models
from runtime.serve.tasks import RuntimeTasks


@pytest.fixture
def fake(monkeypatch):
    generator = FakeGenerator()
    monkeypatch.setattr(Generator, "load", lambda weights=None, device="auto": generator)
    return generator


def serve_generate(fake, **fields):
    tasks = RuntimeTasks(Models())
    assert tasks.load() == "cpu"
    seen = []
    request = {"prompts": ["a", "b"], "seeds": [3, 4], "seconds": 2.0} | fields
    result = tasks.run("generate", request, {}, lambda *progress: seen.append(progress))
    return *result, seen


def test_serve_generates(fake):
    fields, arrays, seen = serve_generate(fake, cfg=2.0)
    told = fields.pop("weights")
    assert fields == {"fps": 20, "seconds": 2.0, "notes": []}
    assert told["name"].startswith("generator.safetensors sha256:") and told["licence"] == "CC BY-SA 3.0"
    assert arrays["joints"].shape == (2, 40, 22, 3) and arrays["joints"][1, 0, 0, 0] == 4
    assert [(phase, step, total) for phase, step, total, _ in seen] == [("sampling", 1, 2), ("sampling", 2, 2)]
    assert fake.calls == [(["a", "b"], 40, [3, 4], 2.0)]


def test_a_request_is_drawn_in_its_quality_and_what_cannot_be_is_told(fake):
    serve_generate(fake)
    assert fake.quality == (limits.DEFAULT_QUALITY, None), "nobody says which"
    fields, _, _ = serve_generate(fake, quality="best", cfg=3.0)
    assert fake.quality == ("best", 3.0) and fields["notes"] == []
    fields, _, _ = serve_generate(fake, quality="fast", cfg=99)
    assert fake.quality == ("fast", 99) and fields["notes"] == ["the better one"]


def test_serve_pulls_towards_the_prompts_when_asked_to(fake, monkeypatch):
    real, seen = fake.generate, []

    def generate(*words, guidance=None, **options):
        seen.append(guidance)
        return real(*words, **options)

    monkeypatch.setattr(fake, "generate", generate)
    recognizer = SimpleNamespace(guidance=lambda prompts, strength: (list(prompts), strength))
    models = Models()
    monkeypatch.setattr(models, "recognizer", lambda: recognizer)
    tasks = RuntimeTasks(models)
    tasks.load()
    request = {"prompts": ["a", "b"], "seeds": [3, 4], "seconds": 2.0}
    for strength in (None, 0, 1.5):
        tasks.run("generate", request | {"guidance": strength}, {}, lambda *_: None)
    assert seen == [None, None, (["a", "b"], 1.5)]


@pytest.mark.parametrize(
    "fields",
    [
        {"prompts": "a"},
        {"prompts": []},
        {"prompts": ["a", ""]},
        {"prompts": ["a", 5]},
        {"seeds": [1]},
        {"seeds": [1, -2]},
        {"seeds": [1, True]},
        {"seconds": None},
        {"seconds": True},
        {"seconds": 500},
        {"seconds": 0},
        {"cfg": "strong"},
        {"cfg": -1},
        {"guidance": -1},
        {"guidance": "strong"},
        {"prompts": ["a"] * 2000, "seeds": [1] * 2000},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_serve_refuses_fields_it_cannot_use(fake, fields):
    with pytest.raises(InputError) as caught:
        serve_generate(fake, **fields)
    assert caught.value.hint and fake.calls == []


def test_serve_unloads_and_loads_again(fake):
    tasks = RuntimeTasks(Models())
    tasks.load()
    tasks.unload()
    assert tasks.load() == "cpu"


def test_what_is_far_from_anything_learnt_is_told(fake):
    fields, _, _ = serve_generate(fake, prompts=["a vault", "a walk"])
    assert fields["notes"] == ["'a vault' is new to me"]


def test_motions_are_ranked_when_asked_to(fake, monkeypatch):
    models = Models()
    judge = SimpleNamespace(
        embed_names=lambda texts: np.eye(2)[: len(texts)],
        embed_motions=lambda motions: np.stack([[motion[0, 0, 0], 1.0] for motion in motions]),
    )
    monkeypatch.setattr(models, "recognizer", lambda: judge)
    tasks = RuntimeTasks(models)
    tasks.load()
    request = {"prompts": ["a", "a"], "seeds": [3, 4], "seconds": 2.0, "ranked": True}
    fields, _ = tasks.run("generate", request, {}, lambda *progress: None)
    assert fields["scores"] == [3.0, 4.0]


DIGEST = "5" * 64


@pytest.fixture
def small(monkeypatch):
    """A generator of a few thousand random numbers, in place of the loaded one."""
    torch.manual_seed(0)
    config = GeneratorConfig(
        token_dim=11, width=16, layers=1, heads=2, feedforward=16, head_width=16, head_blocks=1, text_layers=0
    )
    networks = MotionGenerator(config)
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    coder = Autoencoder(AutoencoderConfig(width=16, latent_dim=8, residual_blocks=1))
    made = Generator(coder, networks, TextEncoder.load(WEIGHTS), "cpu")
    made.digest, made.sampling = DIGEST, SamplingConfig(steps=2, solver_steps=2)
    monkeypatch.setattr(Generator, "load", lambda weights=None, device="auto": made)
    return made


def write_style(path, networks, seed=0, made_for=DIGEST, name="goblin"):
    layer = next(key for key, module in networks.named_modules()
                 if isinstance(module, torch.nn.Linear) and key.startswith("transformer.layers"))  # fmt: skip
    outputs, inputs = networks.get_submodule(layer).weight.shape
    torch.manual_seed(seed)
    pair = torch.randn(2, inputs), torch.randn(outputs, 2)
    Style(StyleConfig(name, made_for, 2, ("walks like a goblin",), ("a.bvh",)), {layer: pair}).save(path)
    return str(path)


def test_styles_are_worn_for_their_request_alone_and_without_them_motions_stay_the_same_to_the_bit(small, tmp_path):
    path, tasks = write_style(tmp_path / "goblin.safetensors", small.networks), RuntimeTasks(Models())

    def made(*styles):
        request = {"prompts": ["a person walks"], "seeds": [3], "seconds": 2.0, "styles": list(styles)}
        fields, arrays = tasks.run("generate", request, {}, lambda *progress: None)
        return arrays["joints"], fields["notes"]

    plain, notes = made()
    assert notes == []
    styled, told = made([path, 0.5])
    assert not np.array_equal(plain, styled) and told == ["In the style 'goblin', strength 0.5"]
    for off in ((), ([path, 0.0],)):
        again, notes = made(*off)
        assert np.array_equal(plain, again) and notes == []
    assert np.array_equal(made([path, 0.5])[0], styled)
    write_style(path, small.networks, seed=1, name="orc, longer")
    other, told = made([path, 0.5])
    assert not np.array_equal(other, styled) and "orc" in told[0], "a file taught again is read again"


@pytest.mark.parametrize("task", ["edit", "storyboard"])
def test_edits_and_storyboards_wear_styles_too(fake, tmp_path, monkeypatch, task):
    import runtime.serve.edit as adapters

    seen, joints = [], np.zeros((40, 22, 3), np.float32)

    def note(generator, *given, **options):
        seen.append([(each.style.config.name, each.strength) for each in generator.worn])
        return joints

    monkeypatch.setattr(adapters.editing.regenerate, "edit_ranges", note)
    monkeypatch.setattr(adapters.editing.storyboard, "perform", note)
    path, tasks = write_style(tmp_path / "goblin.safetensors", networks_of_one_layer()), RuntimeTasks(Models())
    request, arrays = {
        "edit": ({"fps": 20, "ranges": [[0, 9, "between"]]}, {"joints": joints}),
        "storyboard": ({"scenes": [{"prompt": "x", "seconds": 2}]}, {}),
    }[task]
    for styles in ([[path, 0.5]], []):
        tasks.run(task, request | {"styles": styles}, arrays, lambda *progress: None)
    assert seen == [[("goblin", 0.5)], []]


def networks_of_one_layer():
    networks = torch.nn.Module()
    networks.transformer = torch.nn.Module()
    networks.transformer.layers = torch.nn.ModuleList([torch.nn.Linear(4, 4)])
    return networks


def test_a_style_that_is_not_there_or_of_other_weights_is_refused_in_a_line_with_a_remedy(small, tmp_path):
    other = write_style(tmp_path / "other.safetensors", small.networks, made_for="6" * 64)
    tasks, request = RuntimeTasks(Models()), {"prompts": ["a"], "seeds": [3], "seconds": 2.0}
    for path, says in (
        (other, "The style 'goblin' was taught on other weights - Teach it again on these"),
        (str(tmp_path / "gone.safetensors"), "There is no style .*gone.safetensors - Switch it off"),
    ):
        with pytest.raises(InputError, match=says) as caught:
            tasks.run("generate", request | {"styles": [[path, 1.0]]}, {}, lambda *progress: None)
        assert "\n" not in str(caught.value)
