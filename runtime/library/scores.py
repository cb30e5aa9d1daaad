"""What the score of a find says: how likely a person agrees that it is what was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from runtime.library.search import Hit
    from runtime.recognize.agreement import Agreement

EVEN = 0.5
PLAIN = (
    "The scores are plain cosines, since no agreement.json of this recogniser is beside its weights; "
    "python -m runtime train agreement makes it"
)


def calibrated(hits: Sequence[Hit], agreement: Agreement | None, by_text: bool) -> list[Hit]:
    """Return ``hits``, whose scores are cosines with what words (``by_text``) or a motion says, with the probability
    of agreement in their place; as they are without an ``agreement``."""
    if agreement is None:
        return list(hits)
    curve = agreement.text if by_text else agreement.motion
    chances = curve.chance(np.array([hit.score for hit in hits]))
    return [replace(hit, score=float(chance)) for hit, chance in zip(hits, chances, strict=True)]


def remark(hits: Sequence[Hit], agreement: Agreement | None) -> str:
    """Return a line for the user on calibrated ``hits``, the best first: that nothing is close, or that the scores are
    plain cosines; "" where there is nothing to say."""
    if agreement is None:
        return PLAIN
    if not hits or hits[0].score >= EVEN:
        return ""
    return f"Nothing is close: the best is what you look for with a chance of {hits[0].score:.0%}"
