"""The server's generate requests: what reaches the generator, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from generator_fakes import FakeGenerator

from coamd_blender.errors import InputError
from runtime.generate.generator import Generator
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
    assert fields == {"fps": 20, "seconds": 2.0, "notes": []}
    assert arrays["joints"].shape == (2, 40, 22, 3) and arrays["joints"][1, 0, 0, 0] == 4
    assert [(phase, step, total) for phase, step, total, _ in seen] == [("sampling", 1, 2), ("sampling", 2, 2)]
    assert fake.calls == [(["a", "b"], 40, [3, 4], 2.0)]


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
        embed_texts=lambda texts: np.eye(2)[: len(texts)],
        embed_motions=lambda motions: np.stack([[motion[0, 0, 0], 1.0] for motion in motions]),
    )
    monkeypatch.setattr(models, "recognizer", lambda: judge)
    tasks = RuntimeTasks(models)
    tasks.load()
    request = {"prompts": ["a", "a"], "seeds": [3, 4], "seconds": 2.0, "ranked": True}
    fields, _ = tasks.run("generate", request, {}, lambda *progress: None)
    assert fields["scores"] == [3.0, 4.0]
