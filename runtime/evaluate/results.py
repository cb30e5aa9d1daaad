"""The latest figure of every benchmark, by the weights that made it: what ``evaluate list`` prints as ours.

Figures lie in ``results.json`` in the cache folder, and beside the evaluator's weights for those that are published
with them: {benchmark: {figure, weights}}, weights being the digest of the files that have a part in it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from coamd_blender.errors import DataError, WeightsError
from runtime.weights import BUNDLED as BUNDLED_WEIGHTS
from runtime.weights import RECOGNIZER, STUDENT, sha256

RESULTS = "results.json"
# One tells of what was learnt, and makes no motion; the other makes none of what is measured but in quality fast.
ASIDE = ("vocabulary.safetensors", STUDENT)


def weights_digest(weights: Path | None) -> str:
    """Return one sha256 over the networks of a folder (None: the bundled one), or of a single file.

    Raises WeightsError when there are none.
    """
    return hashlib.sha256("".join(sha256(file) for file in weights_files(weights)).encode()).hexdigest()


def motion_digest(weights: Path | None) -> str:
    """Return one sha256 over the files that have a part in motions drawn without guidance: all but the recogniser.

    Raises WeightsError when there are none.
    """
    files = [file for file in weights_files(weights) if file.name != RECOGNIZER]
    return hashlib.sha256("".join(sha256(file) for file in files).encode()).hexdigest()


def weights_files(weights: Path | None) -> list[Path]:
    """Return the networks of a folder (None: the bundled one), or the single file. Raises WeightsError without."""
    place = Path(weights) if weights else BUNDLED_WEIGHTS
    files = sorted(set(place.glob("*.safetensors")) - {place / name for name in ASIDE}) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise WeightsError(
            f"There are no weights in {place}", "Give --weights, or train: python -m runtime train --help"
        )
    return files


def _read(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    try:
        return {name: {"figure": row["figure"], "weights": row["weights"]} for name, row in json.loads(
            path.read_text(encoding="utf-8")).items()}  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is not a list of results ({error})", "Delete it, and run the benchmarks again"
        ) from error


def record(cache: Path, name: str, figure: str, digest: str) -> None:
    """Keep ``figure`` of a benchmark for the weights of this digest."""
    path = Path(cache) / RESULTS
    rows = _read(path) | {name: {"figure": figure, "weights": digest}}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rows, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
    partial.replace(path)


def figures(weights: Path | None, cache: Path) -> dict[str, str]:
    """Return the figures by benchmark of these weights (None: the bundled ones); none at all without weights."""
    try:
        digests = weights_digest(weights), motion_digest(weights)
    except WeightsError:
        return {}
    folder = Path(weights) if weights is not None else BUNDLED_WEIGHTS
    rows = _read(folder / "evaluation" / RESULTS) | _read(Path(cache) / RESULTS)
    return {name: row["figure"] for name, row in rows.items() if row["weights"] in digests}
