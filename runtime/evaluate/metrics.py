"""The figures of generation benchmarks, each defined once, in numpy.

Motions and texts come as embeddings of one evaluator, float (count, dim). Protocol of Guo et al. 2022 (text to motion)
with the departures a small test set asks for: Frechet distance in the evaluator's leading principal components, kernel
distance beside it, R-precision in batches whose captions differ, and repeats drawn by bootstrap from motions made once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coamd_blender.errors import DataError

REPEATS = 20
BATCH = 32
DIVERSITY_PAIRS = 300


@dataclass(frozen=True)
class Estimate:
    """A figure over repeats: its mean and half the width of its 95 % interval."""

    mean: float
    interval: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ±{self.interval:.3f}"


def estimate(values: Sequence[float]) -> Estimate:
    """Return mean and 1.96 sigma / sqrt(count) of the figures of independent repeats.

    Raises DataError when there are none.
    """
    if not len(values):
        raise DataError("There are no repeats to average", "Ask for at least one")
    return Estimate(float(np.mean(values)), float(1.96 * np.std(values) / np.sqrt(len(values))))


def repeated(score: Callable[[np.random.Generator], dict[str, float]], repeats: int = REPEATS) -> dict[str, Estimate]:
    """Call ``score(rng)``, a bootstrap draw over cached motions, ``repeats`` times: each of its figures estimated.

    Repeat r draws from the random stream of seed r, so that every row of a table sees the same draws.
    """
    rows = [score(np.random.default_rng(seed)) for seed in range(repeats)]
    return {name: estimate([row[name] for row in rows]) for name in rows[0]}


# --- distances of two sets ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Components:
    """The leading principal components of a set of embeddings: mean (dim,) and orthonormal basis (dim, k)."""

    mean: np.ndarray
    basis: np.ndarray

    @classmethod
    def of(cls, embeddings: np.ndarray, count: int) -> Components:
        """Find the first ``count`` components of ``embeddings`` (n, dim).

        Raises DataError when the set cannot span so many.
        """
        n, dim = embeddings.shape
        if not 1 <= count <= min(n - 1, dim):
            raise DataError(f"{n} embeddings of {dim} channels have no {count} components", "Use fewer")
        mean = embeddings.mean(axis=0)
        _, _, rows = np.linalg.svd(embeddings - mean, full_matrices=False)
        return cls(mean, rows[:count].T)

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Return the coordinates (n, k) of ``embeddings`` (n, dim)."""
        return (embeddings - self.mean) @ self.basis


def fid(one: np.ndarray, other: np.ndarray, components: Components | None = None) -> float:
    """Return the Frechet distance of the Gaussians fitted to two sets of embeddings (Heusel et al. 2017).

        |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^1/2 C2 C1^1/2)^1/2)

    The sets are ``one`` (n, dim) and ``other`` (m, dim). The matrix under the root is symmetric, so eigenvalues give
    its root's trace. With ``components`` both sets are projected first. Raises DataError for sets of fewer than two.
    """
    if components is not None:
        one, other = components.project(one), components.project(other)
    if min(len(one), len(other)) < 2:
        raise DataError(f"Sets of {len(one)} and {len(other)} have no covariance", "Use at least two motions each")
    one, other = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (one, other))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    gap = one.mean(axis=0) - other.mean(axis=0)
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * cross)


def kid(one: np.ndarray, other: np.ndarray, clips: tuple[np.ndarray, np.ndarray] | None = None) -> float:
    """Return the kernel distance of two sets of embeddings, ``one`` (n, dim) and ``other`` (m, dim).

    It is the unbiased squared maximum mean discrepancy under the kernel (x.y / dim + 1)^3 (Binkowski et al. 2018):
    around 0 for sets of one distribution, slightly negative as often as slightly positive. ``clips``, (n,) and (m,),
    names the clip behind every row of the two sets, where rows are not independent (a draw with replacement, motions
    made for the reference clips): pairs of one clip are left out of every mean. Raises DataError when that leaves no
    pairs.
    """
    first, second = clips if clips is not None else (np.arange(len(one)), np.arange(len(one), len(one) + len(other)))
    sets = (np.asarray(one, dtype=np.float64), first), (np.asarray(other, dtype=np.float64), second)

    def mean_kernel(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
        apart = a[1][:, None] != b[1][None]
        if not apart.any():
            raise DataError(f"Sets of {len(one)} and {len(other)} give no kernel distance", "Use more motions")
        return float((((a[0] @ b[0].T / a[0].shape[1] + 1) ** 3) * apart).sum() / apart.sum())

    return mean_kernel(sets[0], sets[0]) + mean_kernel(sets[1], sets[1]) - 2 * mean_kernel(*sets)


# --- text against motion ------------------------------------------------------------------------------------------


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances (n, m) of the embeddings ``one`` (n, dim) to ``other`` (m, dim)."""
    return np.linalg.norm(one[:, None].astype(np.float64) - other[None].astype(np.float64), axis=-1)


def own_ranks(cost: np.ndarray) -> np.ndarray:
    """Return the rank (n,), 1 the best, of the diagonal in each row of ``cost`` (n, n); ties count against it."""
    own = np.diagonal(cost)[:, None]
    return (cost <= own).sum(axis=1)


def r_precision(texts: np.ndarray, motions: np.ndarray, tops: Sequence[int] = (1, 2, 3)) -> tuple[float, ...]:
    """Return the share of texts whose own motion is among the nearest k of a batch, for each k of ``tops``.

    ``texts`` and ``motions`` are embeddings, both (n, dim), row i of each a pair.
    """
    ranks = own_ranks(distances(texts, motions))
    return tuple(float((ranks <= top).mean()) for top in tops)


def distinct_batches(groups: np.ndarray, count: int, rng: np.random.Generator, size: int = BATCH) -> list[np.ndarray]:
    """Draw ``count`` batches (size,) of row indices whose captions differ.

    ``groups`` (n,) says which rows' captions mean the same. A batch takes ``size`` groups at random and one row of
    each. Raises DataError when there are too few groups.
    """
    names, inverse = np.unique(groups, return_inverse=True)
    if len(names) < size:
        raise DataError(
            f"The set has {len(names)} distinct captions, a batch needs {size}", "Evaluate on a larger set of clips"
        )
    members = [np.flatnonzero(inverse == place) for place in range(len(names))]
    chosen = (rng.choice(len(names), size, replace=False) for _ in range(count))
    return [np.array([rng.choice(members[place]) for place in batch]) for batch in chosen]


def multimodal_distance(texts: np.ndarray, motions: np.ndarray) -> float:
    """Return the mean Euclidean distance of each motion to its own text: embeddings ``texts`` and ``motions``, both (n,
    dim).
    """
    return float(np.linalg.norm(texts - motions, axis=1).mean())


# --- spread -------------------------------------------------------------------------------------------------------


def diversity(embeddings: np.ndarray, rng: np.random.Generator, pairs: int = DIVERSITY_PAIRS) -> float:
    """Return the mean distance over ``pairs`` random pairs of different rows of ``embeddings`` (n, dim).

    Raises DataError for fewer than two rows.
    """
    if len(embeddings) < 2:
        raise DataError("One motion has no diversity", "Use at least two")
    first = rng.integers(0, len(embeddings), pairs)
    second = (first + rng.integers(1, len(embeddings), pairs)) % len(embeddings)
    return float(np.linalg.norm(embeddings[first] - embeddings[second], axis=1).mean())


def multimodality(embeddings: np.ndarray, rng: np.random.Generator, pairs: int = 10) -> float:
    """Return the mean distance over ``pairs`` random pairs of motions of one text, averaged over texts.

    ``embeddings`` (texts, samples, dim) are those of the motions.
    """
    return float(np.mean([diversity(samples, rng, pairs) for samples in embeddings]))


# --- recognition --------------------------------------------------------------------------------------------------


def accuracy(scores: np.ndarray, truth: np.ndarray, top: int = 1) -> float:
    """Return the share of rows of ``scores`` (n, classes) whose true class is among the ``top`` highest.

    ``truth`` (n,) holds class numbers. Ties count against it. Raises DataError for an empty set.
    """
    if not len(truth):
        raise DataError("There is no clip to recognise", "Prepare the labelled sets")
    own = scores[np.arange(len(truth)), truth][:, None]
    return float(((scores >= own).sum(axis=1) <= top).mean())
