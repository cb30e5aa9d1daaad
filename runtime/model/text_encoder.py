"""The bundled sentence encoder: a BERT forward pass of all-MiniLM-L6-v2 that exposes token features.

Reimers and Gurevych 2019 (Sentence-BERT), Wang et al. 2020 (MiniLM). The pooled vector is the mean of the
contextual tokens, scaled to length one, as sentence-transformers computes it. Generation reads the token
features instead (word embedding beside contextual output): sentences that differ in "left" and "right"
have nearly the same pooled vector, while their tokens tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Encoding, Tokenizer
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.config import TextEncoderConfig
from runtime.model.layers import TextLayer, embedding, text_vector

WEIGHTS_FILE = "text_encoder.safetensors"
TOKENIZER_FILE = "tokenizer.json"


class TextFeatures(NamedTuple):
    """What :class:`TextEncoder` says of a batch of sentences."""

    tokens: torch.Tensor  # (batch, tokens, 2 * width): word embedding, contextual output
    valid: torch.Tensor  # (batch, tokens) bool
    pooled: torch.Tensor  # (batch, width), unit length


def beside(
    own: TextFeatures, other: TextFeatures, where: Sequence[bool], instead: Sequence[bool] | None = None
) -> TextFeatures:
    """Return the features of sentences followed by those of as many others, which count only ``where`` it is said.

    Of those among them that stand ``instead`` of their sentence, that counts no more.
    """
    counts = torch.tensor(where, device=other.valid.device)[:, None]
    silent = torch.tensor([False] * len(where) if instead is None else list(instead), device=counts.device)[:, None]
    tokens = torch.cat([own.tokens, other.tokens], dim=1)
    valid = torch.cat([own.valid & ~(counts & silent), other.valid & counts], dim=1)
    return TextFeatures(tokens, valid, torch.where(counts & silent, other.pooled, own.pooled))


def alone(text: TextFeatures) -> list[TextFeatures]:
    """Return the features of each sentence by itself, a batch of one without padding."""
    lengths = text.valid.sum(dim=1).tolist()
    return [
        TextFeatures(
            text.tokens[row : row + 1, :length], text.valid[row : row + 1, :length], text.pooled[row : row + 1]
        )
        for row, length in enumerate(lengths)
    ]


def padded(texts: Sequence[TextFeatures]) -> TextFeatures:
    """Return the features of sentences, each a batch of one, as one batch, padded with zeros to the longest."""
    if len(texts) == 1:
        return texts[0]
    tokens, valid = (
        pad_sequence([part[0] for part in parts], batch_first=True)
        for parts in ([text.tokens for text in texts], [text.valid for text in texts])
    )
    return TextFeatures(tokens, valid, torch.cat([text.pooled for text in texts]))


class _Layer(TextLayer):
    """Post-norm BERT layer."""

    def __init__(self, config: TextEncoderConfig):
        super().__init__(config.width, config.heads, config.feedforward, eps=1e-12)

    def forward(self, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        x = self.attention_norm(x + self.attend(x, valid=valid))
        return self.out_norm(x + self.outer(functional.gelu(self.inner(x))))


class TextEncoder(nn.Module):
    """Sentences to token features and a pooled vector. Frozen: it is never trained here."""

    def __init__(self, config: TextEncoderConfig, tokenizer: Tokenizer | None = None):
        """``tokenizer`` may be set later, before the first sentence."""
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.words = embedding(config.vocabulary, config.width)
        self.places = embedding(config.positions, config.width)
        self.kind = nn.Parameter(torch.zeros(config.width))
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))

    @classmethod
    def load(cls, folder: Path) -> TextEncoder:
        """Read weights and vocabulary from ``folder``; raises WeightsError when either is missing or torn."""
        encoder = checkpoint.network(
            Path(folder) / WEIGHTS_FILE, "text_encoder", TextEncoderConfig, cls, "text encoder"
        )
        config = encoder.config
        encoder.tokenizer = load_tokenizer(Path(folder) / TOKENIZER_FILE, min(config.max_tokens, config.positions))
        if encoder.tokenizer.get_vocab_size() > config.vocabulary:
            raise WeightsError(f"{TOKENIZER_FILE} has more words than {WEIGHTS_FILE}", "Take both from one release")
        return encoder.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, sentences: list[str]) -> TextFeatures:
        """Encode ``sentences``; text past ``max_tokens`` tokens is cut."""
        _, valid, states = self.states(sentences)
        tokens = torch.cat([states[0], states[-1]], dim=-1)
        return TextFeatures(tokens, valid, self.pool(tokens, valid))

    @torch.no_grad()
    def states(self, sentences: Sequence[str]) -> tuple[list[Encoding], torch.Tensor, list[torch.Tensor]]:
        """Return what the tokenizer made of ``sentences``, which tokens are valid (batch, tokens) bool, and the
        features (batch, tokens, width) that are word embeddings, then those after each layer."""
        encodings = self.tokenizer.encode_batch(list(sentences))
        device = self.kind.device
        ids = torch.tensor([encoding.ids for encoding in encodings], device=device)
        valid = torch.tensor([encoding.attention_mask for encoding in encodings], device=device).bool()
        states = [self.words(ids)]
        x = self.norm(states[0] + self.places.weight[: ids.shape[1]] + self.kind)
        for layer in self.layers:
            x = layer(x, valid)
            states.append(x)
        return encodings, valid, states

    def pool(self, tokens: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Return the pooled vector (batch, width) of token features: the mean contextual output, unit length.

        ``tokens`` (batch, words, 2 * width); ``valid`` (batch, words) bool.
        """
        return functional.normalize(text_vector(tokens[..., self.config.width :], valid, last=False), dim=-1)


def load_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    """Read a ``tokenizers`` JSON file, padding each batch to its longest sentence."""
    if not Path(path).is_file():
        raise WeightsError(f"{Path(path).name} is not in {Path(path).parent}", "Restore the weights folder")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises Exception itself for a file it cannot parse
        raise WeightsError(f"{Path(path).name} cannot be read", "It is torn: restore it from the release") from error
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding()
    return tokenizer
