"""CLIP's text side from a file in the official key layout, against the same sums written as plain matrix products."""

import math

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from coamd_blender.errors import WeightsError
from runtime.config import ClipTextConfig
from runtime.model.clip_text import ClipTextEncoder, encoder_of

WIDTH, HIDDEN, LAYERS, PROJECTED = 128, 96, 2, 24
LETTERS = {"a": 0, "b": 1, "c": 2, "a</w>": 3, "b</w>": 4, "c</w>": 5, "<|startoftext|>": 6, "<|endoftext|>": 7}


def official_tensors() -> dict[str, torch.Tensor]:
    """A small model by the names that transformers' CLIPModel writes, image side included."""
    generator = torch.Generator().manual_seed(4)

    def draw(*shape):
        return torch.randn(*shape, generator=generator) * 0.2

    tensors = {
        "text_model.embeddings.token_embedding.weight": draw(len(LETTERS), WIDTH),
        "text_model.embeddings.position_embedding.weight": draw(9, WIDTH),
        "text_model.embeddings.position_ids": torch.arange(9)[None],
        "text_model.final_layer_norm.weight": 1 + draw(WIDTH),
        "text_model.final_layer_norm.bias": draw(WIDTH),
        "text_projection.weight": draw(PROJECTED, WIDTH),
        "vision_model.post_layernorm.weight": draw(WIDTH),
        "logit_scale": torch.tensor(4.6),
    }
    sizes = {
        "self_attn.q_proj": (WIDTH, WIDTH),
        "self_attn.k_proj": (WIDTH, WIDTH),
        "self_attn.v_proj": (WIDTH, WIDTH),
        "self_attn.out_proj": (WIDTH, WIDTH),
        "mlp.fc1": (HIDDEN, WIDTH),
        "mlp.fc2": (WIDTH, HIDDEN),
    }
    for layer in range(LAYERS):
        prefix = f"text_model.encoder.layers.{layer}."
        for name, shape in sizes.items():
            tensors |= {f"{prefix}{name}.weight": draw(*shape), f"{prefix}{name}.bias": draw(shape[0])}
        for name in ("layer_norm1", "layer_norm2"):
            tensors |= {f"{prefix}{name}.weight": 1 + draw(WIDTH), f"{prefix}{name}.bias": draw(WIDTH)}
    return tensors


def small_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab=LETTERS, merges=[], end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>", special_tokens=[("<|startoftext|>", 6), ("<|endoftext|>", 7)]
    )
    return tokenizer


@pytest.fixture
def folder(tmp_path):
    save_file(official_tensors(), tmp_path / "clip_text.safetensors")
    small_tokenizer().save(str(tmp_path / "clip_tokenizer.json"))
    return tmp_path


def norm(x, weight, bias):
    centred = x - x.mean()
    return centred / math.sqrt((centred**2).mean() + 1e-5) * weight + bias


def by_hand(ids: list[int]) -> torch.Tensor:
    """Projected features (tokens, PROJECTED) by the published equations, one token and one head at a time."""
    t = {name.removeprefix("text_model."): value.double() for name, value in official_tensors().items()}
    x = [
        t["embeddings.token_embedding.weight"][word] + t["embeddings.position_embedding.weight"][place]
        for place, word in enumerate(ids)
    ]
    for layer in range(LAYERS):
        p = {k.removeprefix(f"encoder.layers.{layer}."): v for k, v in t.items()}

        def linear(name, v, p=p):
            return p[f"{name}.weight"] @ v + p[f"{name}.bias"]

        seen = [norm(v, p["layer_norm1.weight"], p["layer_norm1.bias"]) for v in x]
        q, k, v = ([linear(f"self_attn.{name}_proj", s) for s in seen] for name in "qkv")
        attended = []
        for place in range(len(x)):
            heads = []
            for head in range(WIDTH // 64):
                part = slice(64 * head, 64 * head + 64)
                scores = torch.stack([q[place][part] @ k[other][part] / 8 for other in range(place + 1)])
                share = scores.exp() / scores.exp().sum()
                heads.append(sum(share[other] * v[other][part] for other in range(place + 1)))
            attended.append(torch.cat(heads))
        x = [one + linear("self_attn.out_proj", two) for one, two in zip(x, attended, strict=True)]
        hidden = [linear("mlp.fc1", norm(v, p["layer_norm2.weight"], p["layer_norm2.bias"])) for v in x]
        x = [one + linear("mlp.fc2", h / (1 + torch.exp(-1.702 * h))) for one, h in zip(x, hidden, strict=True)]
    final = [norm(v, t["final_layer_norm.weight"], t["final_layer_norm.bias"]) for v in x]
    return torch.stack([t["text_projection.weight"] @ v for v in final]).float()


def test_features_are_those_of_the_published_equations(folder):
    features = ClipTextEncoder.load(folder)(["abc b", "c"])
    assert features.valid.sum(dim=1).tolist() == [6, 3]
    for row, ids in enumerate(([6, 0, 1, 5, 4, 7], [6, 5, 7])):
        expected = by_hand(ids)
        assert torch.allclose(features.tokens[row, : len(ids)], expected, atol=1e-4)
        end = expected[-1] / expected[-1].norm()
        assert torch.allclose(features.pooled[row], end, atol=1e-5)


def test_sizes_come_from_the_file(folder):
    config = ClipTextEncoder.load(folder).config
    assert config == ClipTextConfig(len(LETTERS), WIDTH, LAYERS, WIDTH // 64, HIDDEN, 9, PROJECTED)


def test_long_text_is_cut_and_keeps_its_end(folder):
    encoder = ClipTextEncoder.load(folder)
    features = encoder(["a b c a b c a b c a b c"])
    assert features.tokens.shape[1] == 9
    assert encoder.tokenizer.encode("a b c a b c a b c").tokens[-1] == "<|endoftext|>"


def test_what_is_missing_or_does_not_fit_names_the_remedy(folder):
    with pytest.raises(WeightsError, match="No text encoder has features of 100"):
        encoder_of(folder, 100)
    (folder / "clip_tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"clip_tokenizer\.json"):
        ClipTextEncoder.load(folder)
    small = Tokenizer(models.BPE(vocab=LETTERS, merges=[]))
    small.save(str(folder / "clip_tokenizer.json"))
    with pytest.raises(WeightsError, match="does not end a text"):
        ClipTextEncoder.load(folder)
    tensors = official_tensors()
    del tensors["text_model.encoder.layers.1.mlp.fc2.bias"]
    small_tokenizer().save(str(folder / "clip_tokenizer.json"))
    save_file(tensors, folder / "clip_text.safetensors")
    with pytest.raises(WeightsError, match=r"layers\.1\.outer\.bias"):
        ClipTextEncoder.load(folder)
    (folder / "clip_text.safetensors").unlink()
    with pytest.raises(WeightsError, match="openai/clip-vit-base-patch32"):
        encoder_of(folder, 512)
