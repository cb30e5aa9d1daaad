"""Fit how likely a person agrees with a find of the clip library: ``agreement.json``."""

from __future__ import annotations

from pathlib import Path

from runtime.data.dataset import Pool
from runtime.evaluate.search_scores import Labelled, evaluate_scores, fit, judge, table
from runtime.recognize.agreement import Agreement
from runtime.recognize.recognizer import Recognizer


def make_agreement(prepared: Path, weights: Path | None, run: Path) -> tuple[Path, str]:
    """Write the curves of the recogniser in ``weights`` (None: the bundled one) to the folder ``run``; return the file
    and the table of how well such curves tell held-out finds.

    Raises DataError without a pool, WeightsError without the recogniser.
    """
    clips = Labelled.of_pool(Pool.load(Path(prepared) / "pool" / "val"))
    recognizer = Recognizer.load(weights, "cpu")
    judged = judge(clips, recognizer)
    Path(run).mkdir(parents=True, exist_ok=True)
    agreement = Agreement(recognizer.digest, fit(judged["text"]), fit(judged["motion"]))
    return agreement.save(run), table(evaluate_scores(judged))
