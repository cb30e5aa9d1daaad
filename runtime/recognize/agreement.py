"""How likely a person agrees that a motion is what was looked for, from the cosine of two vectors of the recogniser.

Cosines of good and of poor finds lie close together near 1, so that a logistic curve runs over their inverse hyperbolic
tangent (Platt 1999, over Fisher's z). ``agreement.json`` beside the weights holds a curve for what words find and one
for what a motion finds, and says which recogniser they are of; ``python -m runtime train agreement`` fits them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from coamd_blender.errors import WeightsError

FILE = "agreement.json"
_LARGEST = 0.9999  # of a cosine


def spread(cosines: np.ndarray) -> np.ndarray:
    """Return the inverse hyperbolic tangent of ``cosines`` of any shape, the same shape: those near 1 part."""
    return np.arctanh(np.clip(np.asarray(cosines, dtype=np.float64), -_LARGEST, _LARGEST))


def _number(value: object) -> float:
    """Return a number of a curve. Raises ValueError for what is not one, or leads out of floating point."""
    if type(value) not in (int, float) or not abs(value) < 100:
        raise ValueError(f"{value!r:.40} is not a number of a curve")
    return float(value)


@dataclass(frozen=True)
class Curve:
    """The odds of agreement: their logarithm is ``slope`` times the spread cosine, plus ``offset``."""

    slope: float
    offset: float

    def chance(self, cosines: np.ndarray) -> np.ndarray:
        """Return the probability, 0 to 1, of agreement at each of ``cosines`` of any shape: the same shape."""
        return 1 / (1 + np.exp(-(self.slope * spread(cosines) + self.offset)))


@dataclass(frozen=True)
class Agreement:
    """Both curves, and the sha256 of the recogniser's file whose cosines they are fitted to."""

    recognizer: str
    text: Curve
    motion: Curve

    @classmethod
    def load(cls, folder: Path) -> Agreement:
        """Read it from a weights folder. Raises WeightsError when it is missing or torn."""
        path = Path(folder) / FILE
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            curves = [Curve(*(_number(told[name][key]) for key in ("slope", "offset"))) for name in ("text", "motion")]
            return cls(str(told["recognizer"]), *curves)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise WeightsError(f"{path} cannot be read", "Make it with: python -m runtime train agreement") from error

    @classmethod
    def beside(cls, folder: Path, recognizer: str) -> Agreement | None:
        """Read it from a weights folder; None where there is none of the recogniser whose sha256 is given."""
        found = cls.load(folder) if (Path(folder) / FILE).is_file() else None
        return found if found is not None and found.recognizer == recognizer else None

    def save(self, folder: Path) -> Path:
        """Write it to a weights folder; return the file."""
        path = Path(folder) / FILE
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return path
