"""Is the score of a search what it says, the chance that a person agrees?

The labelled clips of the validation pool are searched by their captions and by themselves. A find counts as agreed upon
where its captions name the action that the query names, or, of a query that names a whole family (walking, jumping),
one of that family. Every query is asked twice: of all clips, and of those that do not fit, for a library often holds
nothing that one looks for. Curves are fitted to four fifths of the queries and measured on the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from runtime.captions.actions import Action, action_of
from runtime.data.dataset import Pool
from runtime.recognize.agreement import Curve, spread

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.library.records import Embedder

KINDS = ("single", "segment")  # pool items of one labelled stretch, as it was recorded
TOP = 5  # finds of a query that are judged
FOLDS, BINS = 5, 10
_UNJUDGED = "other"  # the action, or the family, of captions whose action the table does not know


@dataclass(frozen=True)
class Labelled:
    """Clips of a pool: motions (frames, 22, 3), the captions of each, its actions, its kind."""

    motions: list[np.ndarray]
    captions: list[list[str]]
    actions: list[frozenset[Action]]
    kinds: list[str]

    @classmethod
    def of_pool(cls, pool: Pool) -> Labelled:
        """Return the items of KINDS. Raises DataError when there are none."""
        rows = [row for row, item in enumerate(pool.items) if item["kind"] in KINDS]
        if not rows:
            raise DataError("The pool holds no labelled clips", "Run: python -m runtime prepare --data FOLDER")
        captions = [[pool.captions[number] for number in pool.items[row]["captions"]] for row in rows]
        return cls(
            [np.array(pool.item_joints(row)) for row in rows],
            captions,
            [frozenset(map(action_of, told)) for told in captions],
            [pool.items[row]["kind"] for row in rows],
        )

    def queries(self) -> dict[str, Action]:
        """Return the first caption of each clip, each once, with the action that it names; those without are out."""
        told = {texts[0]: action_of(texts[0]) for texts in self.captions}
        return {text: action for text, action in told.items() if _UNJUDGED not in (action.name, action.family)}


@dataclass(frozen=True)
class Judged:
    """Finds (n,): their cosines, whether a person agrees, and the number of the query."""

    cosines: np.ndarray
    agreed: np.ndarray
    queries: np.ndarray


def agrees(wanted: Action, actions: frozenset[Action]) -> bool:
    """Tell whether a clip of ``actions`` is what somebody who asks for ``wanted`` looks for."""
    family = wanted.name == wanted.family  # "walk" names all that is a walk, "limp" does not
    return any(wanted.name == action.name or (family and wanted.family == action.family) for action in actions)


def finds(cosines: np.ndarray, agreed: np.ndarray, there: np.ndarray) -> Judged:
    """Return the TOP nearest clips of each query, and once more without those that fit.

    ``cosines``, ``agreed``, ``there`` are (queries, clips), the latter two bool; clips that are not ``there`` are no
    part of the library.
    """
    found: list[tuple[float, bool, int]] = []
    for query, order in enumerate(np.argsort(-cosines, axis=1)):
        for fits in (there[query], there[query] & ~agreed[query]):
            rows = [row for row in order if fits[row]][:TOP]
            found += [(cosines[query, row], agreed[query, row], query) for row in rows]
    values, right, queries = zip(*found, strict=True)
    return Judged(np.array(values, np.float64), np.array(right, bool), np.array(queries))


def judge(clips: Labelled, embedder: Embedder) -> dict[str, Judged]:
    """Return the finds of ``clips`` by their captions ("text") and by themselves ("motion")."""
    queries = clips.queries()
    motions = embedder.embed_motions(clips.motions)
    by_text = np.array([[agrees(wanted, actions) for actions in clips.actions] for wanted in queries.values()])
    everywhere = np.ones(by_text.shape, bool)
    by_motion = np.array([[bool(one & other) for other in clips.actions] for one in clips.actions])
    # A labelled clip and a segment of it are nearly the same motion: each kind is searched by itself.
    kinds = np.array(clips.kinds)
    others = (kinds[:, None] == kinds) & ~np.eye(len(kinds), dtype=bool)
    return {
        "text": finds(embedder.embed_texts(list(queries)) @ motions.T, by_text, everywhere),
        "motion": finds(motions @ motions.T, by_motion, others),
    }


def fit(judged: Judged) -> Curve:
    """Return the curve that makes the judgements likeliest (Platt 1999)."""
    from scipy.optimize import minimize

    values, sign = spread(judged.cosines), np.where(judged.agreed, 1.0, -1.0)

    def loss(numbers: np.ndarray) -> float:
        return float(np.logaddexp(0, -sign * (numbers[0] * values + numbers[1])).mean())

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return Curve(round(float(slope), 4), round(float(offset), 4))


def held_out(judged: Judged, seed: int = 0) -> np.ndarray:
    """Return the probability (n,) of each find by a curve that was fitted without the queries of its fold."""
    folds = np.random.default_rng(seed).integers(0, FOLDS, judged.queries.max() + 1)[judged.queries]
    chances = np.zeros(len(folds))
    for fold in range(FOLDS):
        rest, own = folds != fold, folds == fold
        curve = fit(Judged(judged.cosines[rest], judged.agreed[rest], judged.queries[rest]))
        chances[own] = curve.chance(judged.cosines[own])
    return chances


def bins(chances: np.ndarray, agreed: np.ndarray) -> list[dict]:
    """Return, for each tenth of the chances that holds any: from, finds, predicted, measured.

    ``chances`` (n,) are probabilities, ``agreed`` (n,) is bool.
    """
    places = np.minimum((chances * BINS).astype(int), BINS - 1)
    rows = []
    for place in sorted(set(places.tolist())):
        own = places == place
        predicted, measured = float(chances[own].mean()), float(agreed[own].mean())
        rows.append({"from": place / BINS, "finds": int(own.sum()), "predicted": predicted, "measured": measured})
    return rows


def error(rows: Sequence[dict]) -> float:
    """Return the expected calibration error: the mean distance of predicted and measured over all finds."""
    total = sum(row["finds"] for row in rows)
    return sum(row["finds"] * abs(row["predicted"] - row["measured"]) for row in rows) / total


def table(result: dict) -> str:
    """Return the bins of both ways as lines for people."""
    lines = []
    for way, rows in result["bins"].items():
        lines.append(f"by {way}: chance, finds, predicted, measured (error {result['error'][way]:.3f})")
        for row in rows:
            share = f"{row['predicted']:10.2f} {row['measured']:9.2f}"
            lines.append(f"  {row['from']:.1f} to {row['from'] + 1 / BINS:.1f} {row['finds']:6d} {share}")
    return "\n".join(lines)


def evaluate_scores(judged: dict[str, Judged]) -> dict:
    """Return, by way, ``bins`` and ``error`` of curves fitted without the queries that they are measured on."""
    found = {way: bins(held_out(one), one.agreed) for way, one in judged.items()}
    return {"bins": found, "error": {way: error(rows) for way, rows in found.items()}}


def run_search_scores(options: Options) -> dict:
    """Measure the scores on the validation pool. ``options`` is ``benchmarks.Options``."""
    from runtime.recognize.recognizer import Recognizer

    pool = Pool.load(options.prepared / "pool" / "val")
    result = evaluate_scores(judge(Labelled.of_pool(pool), Recognizer.load(options.weights, options.device)))
    figure = ", ".join(f"by {way} {value:.3f}" for way, value in result["error"].items())
    return result | {"figure": f"calibration error {figure}", "text": table(result)}
