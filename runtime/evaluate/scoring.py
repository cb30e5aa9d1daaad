"""One row of a text-to-motion table: embeddings of motions made once a seed, scored by bootstrap draws over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runtime.evaluate import metrics
from runtime.evaluate.metrics import Components, Estimate

FID_COMPONENTS = 32


@dataclass(frozen=True)
class Row:
    """Embeddings of a row: ``motions`` (seeds, clips, dim), and ``texts`` of the same shape that the motions were asked
    for by, or None for a row that answers no text."""

    name: str
    motions: np.ndarray
    texts: np.ndarray | None


@dataclass(frozen=True)
class Yardstick:
    """What every row is scored against: embeddings of the real clips (clips, dim), the principal components that the
    Frechet distance is taken in (None: all channels), and the groups (clips,) of captions that mean the same."""

    real: np.ndarray
    components: Components | None
    groups: np.ndarray


def draw_scores(row: Row, yard: Yardstick, rng: np.random.Generator) -> dict[str, float]:
    """Score one bootstrap draw: as many clips as there are, with replacement, each with one of its seeds.

    R-precision draws batches of 32 distinct captions instead; diversity takes every clip once.
    """
    seeds, clips, _ = row.motions.shape
    drawn = rng.integers(0, clips, clips)
    made = row.motions[rng.integers(0, seeds, clips), drawn]
    figures = {
        "FID": metrics.fid(yard.real, made, yard.components),
        "KID": metrics.kid(yard.real, made, (np.arange(clips), drawn)),
    }
    if row.texts is not None:
        shares, gaps = [], []
        for batch in metrics.distinct_batches(yard.groups, max(1, clips // metrics.BATCH), rng):
            pick = rng.integers(0, seeds, len(batch))
            texts, motions = row.texts[pick, batch], row.motions[pick, batch]
            shares.append(metrics.r_precision(texts, motions))
            gaps.append(metrics.multimodal_distance(texts, motions))
        figures |= zip(("R@1", "R@2", "R@3"), map(float, np.mean(shares, axis=0)), strict=True)
        figures["MM-dist"] = float(np.mean(gaps))
    every = row.motions[rng.integers(0, seeds, clips), np.arange(clips)]
    return figures | {"diversity": metrics.diversity(every, rng)}


def score(row: Row, yard: Yardstick, repeats: int = metrics.REPEATS) -> dict[str, Estimate]:
    """Return each figure of a row over ``repeats`` draws: mean and 95 % interval."""
    return metrics.repeated(lambda rng: draw_scores(row, yard, rng), repeats)


COLUMNS = ("FID", "KID", "R@1", "R@2", "R@3", "MM-dist", "diversity")


def table(rows: dict[str, dict[str, Estimate]]) -> str:
    """Return rows by name as text; a figure that a row does not have is a dash."""
    width = max(len(name) for name in rows) + 2
    lines = [" " * width + "".join(f"{column:>17}" for column in COLUMNS)]
    for name, figures in rows.items():
        cells = (str(figures[column]) if column in figures else "-" for column in COLUMNS)
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>17}" for cell in cells))
    return "\n".join(lines)


def as_json(rows: dict[str, dict[str, Estimate]]) -> dict:
    """Return the same rows as plain numbers: {row: {column: {mean, interval}}}."""
    return {
        name: {column: {"mean": value.mean, "interval": value.interval} for column, value in figures.items()}
        for name, figures in rows.items()
    }
