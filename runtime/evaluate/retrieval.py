"""Retrieval of motions by text and of texts by motion, as TMR measures it (Petrovich et al. 2023).

Four protocols on one similarity matrix (texts, motions), row i and column i a pair:
    all           among all of the set; only the own partner is right
    threshold     the same; partners whose texts are nearly the query's are right too
    dissimilar    among pairs whose texts are far from one another
    batches       among 32 pairs of distinct captions at a time
and, where other clips are at hand, one more:
    less usual    motion to text in such batches, by how much nearer a text is than it usually is
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coamd_blender.errors import DataError
from runtime.evaluate.metrics import REPEATS, distinct_batches

RECALLS = (1, 2, 3, 5, 10)
SAME_TEXT = 0.95  # cosine of sentence vectors above which two captions count as one
DISSIMILAR_PAIRS = 100


def best_ranks(similarity: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Return the rank (queries,), 1 the best, of the best relevant item in rows of ``similarity`` (queries, items).

    ``relevant`` (queries, items) is bool; items that are not relevant and tie with it rank before it. Raises DataError
    for a query without a relevant item.
    """
    if not relevant.any(axis=1).all():
        raise DataError("A query has nothing relevant to find", "Give every text its own motion")
    best = np.where(relevant, similarity, -np.inf).max(axis=1, keepdims=True)
    return 1 + ((similarity >= best) & ~relevant).sum(axis=1)


def summary(ranks: np.ndarray, recalls: Sequence[int] = RECALLS) -> dict[str, float]:
    """Return the share of ``ranks`` (n,) that are at most k, R@k in per cent for each k, and the median rank."""
    figures = {f"R@{k}": float(100 * (ranks <= k).mean()) for k in recalls}
    return figures | {"MedR": float(np.median(ranks))}


def both_ways(similarity: np.ndarray, relevant: np.ndarray) -> dict[str, dict[str, float]]:
    """Return summaries of text to motion (rows ask) and motion to text (columns ask).

    ``similarity`` (texts, motions) are scores, and ``relevant`` (texts, motions) is bool.
    """
    return {
        "text_to_motion": summary(best_ranks(similarity, relevant)),
        "motion_to_text": summary(best_ranks(similarity.T, relevant.T)),
    }


def dissimilar_subset(text_similarity: np.ndarray, count: int = DISSIMILAR_PAIRS) -> np.ndarray:
    """Return the indices (count,) of ``count`` texts far from one another.

    Farthest-point selection on the cosines ``text_similarity`` (n, n): the first is the text least like the others on
    average; each next one is least like its nearest chosen text.
    """
    count = min(count, len(text_similarity))
    chosen = [int(text_similarity.mean(axis=1).argmin())]
    nearest = text_similarity[chosen[0]].astype(np.float64)
    while len(chosen) < count:
        nearest[chosen] = np.inf
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, text_similarity[chosen[-1]])
    return np.array(chosen)


def batched(similarity: np.ndarray, groups: np.ndarray, repeats: int = REPEATS, size: int = 32) -> dict:
    """Score both ways within batches of ``size`` pairs of distinct captions.

    ``similarity`` (n, n) are scores of texts by motions; ``groups`` (n,) says which captions mean the same. Ranks over
    ``repeats`` passes of the set are pooled.
    """
    batches = max(1, len(groups) // size)
    forth, back = [], []
    own = np.eye(size, dtype=bool)
    for seed in range(repeats):
        for rows in distinct_batches(groups, batches, np.random.default_rng(seed), size):
            part = similarity[np.ix_(rows, rows)]
            forth.append(best_ranks(part, own))
            back.append(best_ranks(part.T, own))
    return {"text_to_motion": summary(np.concatenate(forth)), "motion_to_text": summary(np.concatenate(back))}


def less_usual(similarity: np.ndarray, usual: np.ndarray, sharpness: float) -> np.ndarray:
    """Return scores (texts, motions) with which a motion finds its text: each text's ``similarity``, less its usual
    one.

    ``similarity`` has their shape. The usual one is how near a text is to any motion: the log-mean-exp of ``usual``
    (texts, others), its similarities to motions of other clips. Some texts are near every motion and are named for all
    of them. The inverted softmax (Smith et al. 2017) takes that back, here over motions that training has seen, so that
    no query knows another (Bogolin et al. 2022). ``sharpness`` is one over the temperature of the contrast that the
    vectors were trained by.
    """
    top = usual.max(axis=1, keepdims=True)
    share = np.exp(sharpness * (usual - top)).mean(axis=1, keepdims=True)
    return similarity - top - np.log(share) / sharpness


def evaluate_retrieval(similarity: np.ndarray, text_similarity: np.ndarray, groups: np.ndarray) -> dict:
    """Score all four protocols.

    ``similarity`` (n, n) are scores of texts by motions, ``text_similarity`` (n, n) cosines of a sentence encoder;
    ``groups`` (n,) says which captions mean the same.
    """
    own = np.eye(len(similarity), dtype=bool)
    subset = dissimilar_subset(text_similarity)
    return {
        "all": both_ways(similarity, own),
        "threshold": both_ways(similarity, own | (text_similarity >= SAME_TEXT)),
        "dissimilar": both_ways(similarity[np.ix_(subset, subset)], own[np.ix_(subset, subset)]),
        "batches": batched(similarity, groups),
    }


def table(result: dict) -> str:
    """Return the protocols as text: a row a protocol and direction."""
    lines = [f"{'protocol':<12}{'':<16}" + "".join(f"{f'R@{k}':>8}" for k in RECALLS) + f"{'MedR':>8}"]
    for protocol, ways in result.items():
        for way, figures in ways.items():
            cells = "".join(f"{figures[name]:>8.2f}" for name in figures)
            lines.append(f"{protocol:<12}{way.replace('_', ' '):<16}{cells}")
    return "\n".join(lines)
