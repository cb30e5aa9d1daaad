"""Does a score that says "far from what was learnt" tell prompts the generator knows from those it has never met?

The figure is the area under the ROC curve: how often, of a known and an unknown prompt, the unknown one is the farther
(1 tells all apart, 0.5 none). Beside it stands the share of unknown prompts that are caught where few known ones are
accused, and, for a score with a limit of its own, what that limit does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError, InputError

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options

PROMPTS = Path(__file__).with_name("known_unknown.toml")
ACCUSED = 0.05  # share of the known prompts that may be called unknown


def load_prompts(path: Path) -> tuple[list[str], list[str]]:
    """Read the lists ``known`` and ``unknown`` of a TOML file. Raises InputError without the file or one of them."""
    if not Path(path).is_file():
        remedy = "give --prompts FILE, a TOML file with the lists known and unknown"
        raise InputError(f"{path} is not there", remedy)
    content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    lists = [content.get(name) for name in ("known", "unknown")]
    if not all(isinstance(texts, list) and texts for texts in lists):
        raise InputError(f"{path} lacks the list known or unknown", "Write both, a sentence an entry")
    return lists[0], lists[1]


def auroc(known: Sequence[float], unknown: Sequence[float]) -> float:
    """Return the area under the ROC curve: the share of pairs in which the unknown one is the greater, ties counting a
    half.

    Raises DataError when either is empty or holds a value that is not a number.
    """
    first, second = np.asarray(known, dtype=np.float64), np.asarray(unknown, dtype=np.float64)
    if not first.size or not second.size or np.isnan(first).any() or np.isnan(second).any():
        raise DataError("The distances are not numbers", "Check the score: it must give one number a prompt")
    return float(((second[:, None] > first) + 0.5 * (second[:, None] == first)).mean())


def evaluate_distance(
    distance: Callable[[str], float], known: Sequence[str], unknown: Sequence[str], far: float | None = None
) -> dict:
    """Score ``distance(text)``, higher is farther, on ``known`` and ``unknown`` prompts.

    JSON: auroc; known, unknown (median distances); caught (share of unknown prompts farther than all but 5 % of the
    known ones); with ``far``, the distance from which on a prompt counts as unknown, its shares far_known, far_unknown.
    """
    near, away = (np.array([distance(text) for text in texts], dtype=np.float64) for texts in (known, unknown))
    result = {
        "auroc": auroc(near, away),
        "known": float(np.median(near)),
        "unknown": float(np.median(away)),
        "caught": float((away > np.quantile(near, 1 - ACCUSED, method="higher")).mean()),
    }
    if far is not None:
        result |= {"far": far, "far_known": float((near > far).mean()), "far_unknown": float((away > far).mean())}
    return result


def table(result: dict) -> str:
    """Return the figures of :func:`evaluate_distance` as text."""
    lines = [
        f"area under the ROC curve {result['auroc']:.3f}",
        f"median distance: known prompts {result['known']:.3f}, unknown ones {result['unknown']:.3f}",
        f"unknown prompts caught where 5 % of the known are accused: {100 * result['caught']:.0f} %",
    ]
    if "far" in result:
        shares = f"{100 * result['far_known']:.0f} % of the known, {100 * result['far_unknown']:.0f} % of the unknown"
        lines.append(f"called unknown at the score's own limit, {result['far']:.3f}: {shares}")
    return "\n".join(lines)


def run_known_unknown(options: Options) -> dict:
    """Measure the score of the weights (``runtime.generate.vocabulary``): of a prompt, its farthest clause counts.

    ``options`` is ``benchmarks.Options``. Raises WeightsError where the weights hold no vocabulary.
    """
    from runtime.generate.vocabulary import Vocabulary, learnt
    from runtime.model.text_encoder import TextEncoder

    known, unknown = load_prompts(options.prompts or PROMPTS)
    folder = options.weights_folder()
    vocabulary = learnt(folder) or Vocabulary.load(folder)
    encoder = TextEncoder.load(folder).eval()
    result = evaluate_distance(lambda text: vocabulary.distance(text, encoder), known, unknown, vocabulary.config.far)
    return result | {"figure": f"AUROC {result['auroc']:.2f}", "text": table(result)}
