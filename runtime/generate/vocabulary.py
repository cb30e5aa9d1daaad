"""What the generator has learnt to do, as sentences: how far a prompt is from the nearest of them.

The bundled sentence encoder says how alike two sentences are. A prompt far from every caption of the training pool
names something the generator has not met; what comes out then has little to do with it. The captions are kept as a few
thousand representatives, eight bits a number, in ``vocabulary.safetensors`` beside the weights
(:mod:`runtime.train.vocabulary` makes it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from coamd_blender.errors import WeightsError
from coamd_blender.wire.clauses import clauses
from runtime import checkpoint
from runtime.generate.examples import Examples
from runtime.weights import AUTOENCODER, sha256

FILE = "vocabulary.safetensors"
NEIGHBOURS = 3  # captions whose distance counts
NAMED = 2  # of what is learnt are named


@dataclass(frozen=True)
class VocabularyConfig:
    """What the file says beside its vectors. ``far`` is the distance from which on a prompt counts as not learnt."""

    captions: tuple[str, ...]
    far: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "captions", tuple(self.captions))


def _is_text(caption: object) -> bool:
    return isinstance(caption, str)


@dataclass(frozen=True)
class Unlearnt:
    """A clause far from everything learnt: ``clause``, its distance (0 to 2), and the nearest captions."""

    clause: str
    distance: float
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.clause!r} is new to me: nearest are {', '.join(map(repr, self.nearest))}"


class Vocabulary:
    """Representatives of the captions that trained the generator, as unit vectors (count, dim)."""

    def __init__(self, config: VocabularyConfig, vectors: torch.Tensor):
        self.config = config
        self.vectors = torch.nn.functional.normalize(vectors.float(), dim=-1)

    @classmethod
    def beside(cls, folder: Path) -> Vocabulary | None:
        """Read it from a weights folder; None where there is none, as beside weights one has trained oneself."""
        return cls.load(folder) if (Path(folder) / FILE).is_file() else None

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Read it from a weights folder. Raises WeightsError when it is missing or torn."""
        config, tensors, _ = checkpoint.load(Path(folder) / FILE, "vocabulary", VocabularyConfig)
        fits = set(tensors) == {"vectors"} and tensors["vectors"].ndim == 2
        if not fits or len(tensors["vectors"]) != len(config.captions) or not all(map(_is_text, config.captions)):
            raise WeightsError(f"{FILE} does not fit its captions", "Restore it from the release")
        return cls(config, tensors["vectors"])

    def save(self, folder: Path) -> None:
        """Write it to a weights folder."""
        tensors = checkpoint.quantize({"vectors": self.vectors})
        checkpoint.save(Path(folder) / FILE, "vocabulary", self.config, tensors)

    def with_captions(self, captions: Sequence[str], vectors: torch.Tensor) -> Vocabulary:
        """Return a vocabulary that knows ``captions`` too, with their unit vectors (captions, dim)."""
        config = VocabularyConfig((*self.config.captions, *captions), self.config.far)
        return Vocabulary(config, torch.cat([self.vectors, vectors.to(self.vectors)]))

    def with_words(self, words: Sequence[str], vectors: torch.Tensor) -> Vocabulary:
        """Return a vocabulary that knows ``words`` too, unit vectors (words, dim).

        Each counts as a whole neighbourhood: few sentences tell of what a style teaches.
        """
        captions = [word for word in words for _ in range(NEIGHBOURS)]
        return self.with_captions(captions, vectors.repeat_interleave(NEIGHBOURS, dim=0))

    def nearest(self, vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return distances (n,), 0 for a caption's own words, of unit vectors (n, dim), and the rows of the nearest
        captions (n, NEIGHBOURS), nearest first."""
        cosine, rows = (vectors @ self.vectors.T).topk(min(NEIGHBOURS, len(self.vectors)), dim=1)
        return 1 - cosine.mean(dim=1), rows

    def distances(self, texts: Sequence[str], encoder: Callable[[list[str]], object]) -> list[float]:
        """Return how far each text is from what was learnt; ``encoder`` is the bundled sentence encoder."""
        return self.nearest(encoder(list(texts)).pooled)[0].tolist()

    def distance(self, prompt: str, encoder: Callable[[list[str]], object]) -> float:
        """Return how far the farthest clause of ``prompt`` is from what was learnt."""
        return max(self.distances(clauses(prompt), encoder))

    def unlearnt(self, told: Sequence[str], encoder: Callable[[list[str]], object]) -> list[Unlearnt]:
        """Return which clauses ``told`` are far from everything learnt, in their order."""
        distances, rows = self.nearest(encoder(list(told)).pooled)
        return [
            Unlearnt(clause, distance, tuple(dict.fromkeys(self.config.captions[row] for row in near))[:NAMED])
            for clause, distance, near in zip(told, distances.tolist(), rows.tolist(), strict=True)
            if distance > self.config.far
        ]


def learnt(folder: Path) -> Vocabulary | None:
    """Return what a weights folder has learnt, the actions of its examples too; None where it does not say.

    Raises WeightsError for torn files.
    """
    there = (folder / AUTOENCODER).is_file()
    examples = Examples.beside(folder, sha256(folder / AUTOENCODER)) if there else None
    return with_actions(Vocabulary.beside(folder), examples)


def with_actions(vocabulary: Vocabulary | None, examples: Examples | None) -> Vocabulary | None:
    """Return a vocabulary that knows the actions of ``examples`` too; None without one."""
    if vocabulary is None or examples is None:
        return vocabulary
    return vocabulary.with_captions(*examples.called())


def representatives(vectors: torch.Tensor, count: int) -> torch.Tensor:
    """Return the indices (at most count,) of unit ``vectors`` (n, dim), each as far as can be from those before it.

    Farthest-first traversal (Gonzalez 1985): no vector is then farther from a representative than twice the least
    possible. The first is the one nearest to the mean.
    """
    first = int((vectors @ vectors.mean(dim=0)).argmax())
    rows, nearest = [first], vectors @ vectors[first]
    while len(rows) < min(count, len(vectors)):
        farthest = int(nearest.argmin())
        if nearest[farthest] > 1 - 1e-4:
            break
        rows.append(farthest)
        nearest = torch.maximum(nearest, vectors @ vectors[farthest])
    return torch.tensor(rows)
