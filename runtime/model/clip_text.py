"""CLIP's text transformer (Radford et al. 2021), read from a user's own file; features as of the bundled encoder.

The file is the safetensors of ``openai/clip-vit-base-patch32`` as the ``transformers`` library names its tensors
(``text_model.*`` and ``text_projection.weight``; the image side is left alone), the vocabulary the ``tokenizer.json``
beside it. In the weights folder they are called clip_text.safetensors and clip_tokenizer.json.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.config import ClipTextConfig, TextEncoderConfig
from runtime.model.layers import TextLayer, embedding, text_vector
from runtime.model.text_encoder import TextEncoder, TextFeatures, load_tokenizer

WEIGHTS_FILE = "clip_text.safetensors"
TOKENIZER_FILE = "clip_tokenizer.json"
_HEAD_WIDTH = 64
_END = "<|endoftext|>"
_REMEDY = "take model.safetensors of openai/clip-vit-base-patch32"

_RENAMES = {
    "text_model.embeddings.token_embedding.": "words.",
    "text_model.embeddings.position_embedding.": "places.",
    "text_model.encoder.layers.": "layers.",
    "text_model.final_layer_norm.": "norm.",
    "text_projection.": "projection.",
    "self_attn.q_proj.": "query.",
    "self_attn.k_proj.": "key.",
    "self_attn.v_proj.": "value.",
    "self_attn.out_proj.": "attention_out.",
    "layer_norm1.": "attention_norm.",
    "layer_norm2.": "out_norm.",
    "mlp.fc1.": "inner.",
    "mlp.fc2.": "outer.",
}


class _Layer(TextLayer):
    """Pre-norm layer with causal attention and CLIP's quick GELU."""

    def __init__(self, config: ClipTextConfig):
        super().__init__(config.width, config.heads, config.feedforward)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (batch, tokens, width)."""
        x = x + self.attend(self.attention_norm(x), causal=True)
        hidden = self.inner(self.out_norm(x))
        return x + self.outer(hidden * torch.sigmoid(1.702 * hidden))


class ClipTextEncoder(nn.Module):
    """Sentences to projected token features and a pooled vector: that of the end token. Frozen."""

    def __init__(self, config: ClipTextConfig, tokenizer: Tokenizer):
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.words = embedding(config.vocabulary, config.width)
        self.places = embedding(config.max_tokens, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.projection = nn.Linear(config.width, config.projection, bias=False)

    @classmethod
    def load(cls, folder: Path) -> ClipTextEncoder:
        """Read weights and vocabulary from ``folder``; raises WeightsError when either is missing or does not fit."""
        tensors = _read(Path(folder) / WEIGHTS_FILE)
        config = _sizes(tensors)
        tokenizer = load_tokenizer(Path(folder) / TOKENIZER_FILE, config.max_tokens)
        if tokenizer.token_to_id(_END) is None or tokenizer.encode("a").tokens[-1] != _END:
            raise WeightsError(f"{TOKENIZER_FILE} does not end a text with {_END}", "Take CLIP's own tokenizer.json")
        if tokenizer.get_vocab_size() > config.vocabulary:
            raise WeightsError(
                f"{TOKENIZER_FILE} has {tokenizer.get_vocab_size()} tokens, the weights {config.vocabulary}",
                "Take both from one model",
            )
        encoder = cls(config, tokenizer)
        checkpoint.load_module(encoder, tensors, "CLIP text")
        return encoder.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, sentences: list[str]) -> TextFeatures:
        """Encode ``sentences``; text past ``max_tokens`` tokens is cut. Features are (batch, tokens, projection)."""
        encodings = self.tokenizer.encode_batch(list(sentences))
        device = self.places.weight.device
        ids = torch.tensor([encoding.ids for encoding in encodings], device=device)
        valid = torch.tensor([encoding.attention_mask for encoding in encodings], device=device).bool()
        x = self.words(ids) + self.places.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        tokens = self.projection(self.norm(x))
        return TextFeatures(tokens, valid, self.pool(tokens, valid))

    def pool(self, tokens: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Return the pooled vector (batch, projection) of token features: the end token's, unit length.

        ``tokens`` (batch, words, projection); ``valid`` (batch, words) bool.
        """
        return functional.normalize(text_vector(tokens, valid, last=True), dim=-1)


SentenceEncoder = TextEncoder | ClipTextEncoder  # either gives TextFeatures and can pool them


def encoder_of(folder: Path, text_dim: int) -> SentenceEncoder:
    """Load the text encoder that networks of ``text_dim`` were trained with: 768 the bundled one, 512 CLIP.

    Raises WeightsError when its files are not in ``folder``, or when no encoder has features of that size.
    """
    if text_dim == TextEncoderConfig().feature_dim:
        return TextEncoder.load(folder)
    if text_dim == ClipTextConfig().feature_dim:
        return ClipTextEncoder.load(folder)
    raise WeightsError(f"No text encoder has features of {text_dim} channels", "Use the weights of this release")


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Read the text side of a CLIP file, float32, by our names."""
    if not path.is_file():
        raise WeightsError(f"{path.name} is not in {path.parent}", f"{_REMEDY}, rename it and put it there")
    try:
        with safe_open(path, framework="pt") as file:
            wanted = [key for key in file.keys() if _renamed(key)]  # noqa: SIM118 (not a dict)
            return {_renamed(key): file.get_tensor(key).float() for key in wanted}
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path.name} cannot be read ({error})", f"It is torn: {_REMEDY}") from error


def _renamed(name: str) -> str | None:
    """Our name of a tensor of the file, or None for one that is not the text side's or not needed."""
    if not name.startswith(("text_model.", "text_projection.")) or name.endswith("position_ids"):
        return None
    for old, new in _RENAMES.items():
        name = name.replace(old, new)
    return name


def _sizes(tensors: dict[str, torch.Tensor]) -> ClipTextConfig:
    """Return the configuration that the tensors' shapes tell; WeightsError when they are not CLIP's."""
    numbers = [int(found[1]) for key in tensors if (found := re.match(r"layers\.(\d+)\.", key))]
    try:
        vocabulary, width = tensors["words.weight"].shape
        return ClipTextConfig(
            vocabulary=vocabulary,
            width=width,
            layers=max(numbers) + 1,
            heads=max(1, width // _HEAD_WIDTH),
            feedforward=tensors["layers.0.inner.weight"].shape[0],
            max_tokens=tensors["places.weight"].shape[0],
            projection=tensors["projection.weight"].shape[0],
        )
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{WEIGHTS_FILE} is not CLIP's text transformer ({error})", _REMEDY) from error
