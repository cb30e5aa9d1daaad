"""Examples: of actions that the networks do not do from words alone, they are shown a part of one motion first.

They complete a motion better than they find it: after the sentence alone they stand about, with half of the tokens of a
salute before them they salute. So sentences keep an example, and the sentence nearest to what is asked for says which
is shown. Retrieval helps rare actions most (Zhang et al. 2023, ReMoDiffuse, where networks are trained for it; ours
complete masked tokens as they are). What is shown stays in the motion, the rest is drawn around it; which example it
is, which of its tokens and where in the time, the seed decides. Sentences of actions that the networks do from words
have no example, and where one of those is nearest, or nothing is near, nothing is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.model.sampling import Known

FILE = "examples.safetensors"
SHOWN = 0.5  # of an example's tokens
NEAR = 0.6  # cosine of two sentences under which they have nothing to do with each other
NEARER = 0.06  # cosine by which a sentence with an example must be nearer than any without
CHOICE = 3
ALIKE = 0.04  # cosine within which sentences are as near as the nearest: chance chooses among them
# What tells two sentences of one action apart, and what a difference counts for in cosine: two that contradict each
# other, one asked for that the other does not tell of, one told of that was not asked for.
CONTRADICTED, UNTOLD, UNASKED = 1.0, 0.06, 0.03
_TELLING = (
    {"left": r"left", "right": r"right", "both": r"both|two hands|two arms"},
    {"forwards": r"forwards?|ahead", "backwards": r"backwards?|back(?= flip| roll)", "sideways": r"sideways|side"},
    {"up": r"up|upwards?|upstairs", "down": r"down|downwards?|downstairs"},
    {"slow": r"slow(?:ly)?|lazily|carefully", "fast": r"fast|quick(?:ly)?|rapid(?:ly)?|hurried(?:ly)?"},
    {str(number): rf"{word}" for number, word in enumerate(
        (r"once", r"two|twice", r"three|thrice", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1)},
)  # fmt: skip
_TELLING_WORDS = [
    {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in kind.items()} for kind in _TELLING
]


@dataclass(frozen=True)
class ExamplesConfig:
    """What the file says beside its vectors and tokens.

    sentences   texts, without their subjects
    example     for each its example's number, or -1 where it has none
    lengths     tokens of each example
    made_for    sha256 of the autoencoder that the tokens are of
    """

    sentences: tuple[str, ...]
    example: tuple[int, ...]
    lengths: tuple[int, ...]
    made_for: str

    def __post_init__(self) -> None:
        for field in ("sentences", "example", "lengths"):
            object.__setattr__(self, field, tuple(getattr(self, field)))


@lru_cache(maxsize=8192)
def told_by(sentence: str) -> tuple[frozenset[str], ...]:
    """Return which side, direction, height, speed and count a sentence tells of."""
    return tuple(frozenset(name for name, words in kind.items() if words.search(sentence)) for kind in _TELLING_WORDS)


def difference(asked: tuple[frozenset[str], ...], told: tuple[frozenset[str], ...]) -> float:
    """Return what it counts for, in cosine, that one sentence was ``asked`` for and the other is ``told``."""
    counts = 0.0
    for wanted, there in zip(asked, told, strict=True):
        if wanted and there:
            counts += 0.0 if wanted & there else CONTRADICTED
        elif wanted:
            counts += UNTOLD
        elif there:
            counts += UNASKED
    return counts


def _misfit(length: int, count: int) -> int:
    """How badly an example of ``length`` tokens fits ``count``: what would be cut off weighs more than time left."""
    return 3 * (length - count) if length > count else count - length


class Examples:
    """Sentences as unit vectors (count, dim), and the tokens (all, token_dim) of the examples, one after the other."""

    def __init__(self, config: ExamplesConfig, vectors: torch.Tensor, tokens: torch.Tensor):
        self.config = config
        self.vectors = torch.nn.functional.normalize(vectors.float(), dim=-1)
        self._tokens = tokens.float().split(list(config.lengths))

    @classmethod
    def beside(cls, folder: Path, made_for: str) -> Examples | None:
        """Read it from a weights folder whose autoencoder's sha256 is ``made_for``; None where there is none.

        Raises WeightsError when it is torn, or of another autoencoder.
        """
        path = Path(folder) / FILE
        if not path.is_file():
            return None
        config, tensors, _ = checkpoint.load(path, "examples", ExamplesConfig)
        rows, last = len(config.sentences), max(config.example, default=-1)
        torn = set(tensors) != {"vectors", "tokens"} or len(tensors["vectors"]) != rows or len(config.example) != rows
        if torn or len(tensors["tokens"]) != sum(config.lengths) or last >= len(config.lengths):
            raise WeightsError(f"{FILE} does not fit its sentences", "Restore it from the release")
        if config.made_for != made_for:
            raise WeightsError(f"{FILE} is of another autoencoder", "Make it with: python -m runtime train examples")
        return cls(config, tensors["vectors"], tensors["tokens"])

    def save(self, folder: Path) -> Path:
        """Write it to a weights folder, and return its path."""
        tensors = checkpoint.quantize({"vectors": self.vectors}) | {"tokens": torch.cat(self._tokens).half()}
        path = Path(folder) / FILE
        checkpoint.save(path, "examples", self.config, tensors)
        return path

    def of(self, clause: str, vector: torch.Tensor, count: int, seed: int) -> torch.Tensor | None:
        """Return the tokens (n, token_dim) of an example of ``clause``, whose unit vector is ``vector`` (dim,).

        Of several as near the ``seed`` chooses, among the CHOICE whose length fits ``count`` tokens best. None where
        nothing is to be shown.
        """
        cosine = self.vectors @ vector
        asked = told_by(clause)
        scores = {}
        for row in torch.nonzero(cosine >= NEAR)[:, 0].tolist():
            told = told_by(self.config.sentences[row])
            scores[row] = float(cosine[row]) - difference(asked, told)
            scores[row] += NEARER if self.config.example[row] < 0 else 0.0
        best = max(scores, key=scores.__getitem__, default=None)
        if best is None or scores[best] < NEAR or self.config.example[best] < 0:
            return None
        alike = [row for row in scores if scores[row] >= scores[best] - ALIKE and self.config.example[row] >= 0]
        alike.sort(key=scores.__getitem__, reverse=True)
        numbers = dict.fromkeys(self.config.example[row] for row in alike)
        fitting = sorted(numbers, key=lambda number: _misfit(self.config.lengths[number], count))[:CHOICE]
        return self._tokens[fitting[seed % len(fitting)]]

    def shown(self, clauses: Sequence[str], vectors: torch.Tensor, count: int, seeds: Sequence[int]) -> Known | None:
        """Return what is shown of ``count`` tokens of each clause; None where nothing is of any.

        ``vectors`` (n, dim) are the clauses' unit vectors; a clause depends on its own seed only. An example
        that is shorter lies anywhere in the time, one that is longer is shown from its start.
        """
        tokens = torch.zeros(len(clauses), count, self._tokens[0].shape[-1])
        given = torch.zeros(len(clauses), count, dtype=torch.bool)
        for row, (clause, vector, seed) in enumerate(zip(clauses, vectors.cpu(), seeds, strict=True)):
            example = self.of(clause, vector, count, seed)
            if example is None:
                continue
            chance = torch.Generator().manual_seed(seed)
            length = min(len(example), count)
            first = int(torch.randint(count - length + 1, (1,), generator=chance))
            places = torch.randperm(length, generator=chance)[: max(1, round(SHOWN * length))]
            tokens[row, first + places] = example[places]
            given[row, first + places] = True
        return Known(tokens, given[..., None].expand_as(tokens)) if given.any() else None
