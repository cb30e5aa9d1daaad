"""What is told of a motion: its labels, or that it is several actions, and then what happens when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.wire.requests.understanding import SEVERAL, UNKNOWN

if TYPE_CHECKING:
    from runtime.recognize.recognizer import Recognizer

_PART = ("start", "stop", "label", "score")


@dataclass(frozen=True)
class Told:
    """The labels of a motion with their probabilities, the best first; and its parts (start, stop, label, score), in
    frames, ``stop`` excluded; none where they were not asked for and one action is all there is."""

    labels: list[tuple[str, float]]
    segments: list[tuple[int, int, str, float]]

    @property
    def several(self) -> bool:
        """Whether the motion is several actions, none of which tells of all of it."""
        return bool(self.labels) and self.labels[0][0] == SEVERAL

    def as_json(self) -> dict:
        """Return what a program gets: labels [{label, score}] and, if there are any, segments [{start, stop, ...}]."""
        told: dict = {"labels": [{"label": label, "score": score} for label, score in self.labels]}
        if self.segments:
            told["segments"] = [dict(zip(_PART, part, strict=True)) for part in self.segments]
        return told


def tell(
    recognizer: Recognizer, joints: np.ndarray, labels: Sequence[str] | None, top: int, segments: bool = False
) -> Told:
    """Return what ``joints`` (frames, 22, 3), metres, 20 frames a second, are, among ``labels`` (None: the bundled
    ones).

    Where no label fits all of it but two or more fit parts of it, "several actions" stands in the place of "unknown",
    and the parts are told though not asked for. Raises InputError for joints or labels that cannot be used.
    """
    found = [(label, float(score)) for label, score in recognizer.recognize(joints, labels, top)]
    unknown = bool(found) and found[0][0] == UNKNOWN
    if not (segments or unknown):
        return Told(found, [])
    parts = [(int(start), int(stop), label, float(score))
             for start, stop, label, score in recognizer.segments(joints, labels)]  # fmt: skip
    if unknown and len({label for _, _, label, _ in parts} - {UNKNOWN}) > 1:
        return Told([(SEVERAL, found[0][1]), *found[1:]], parts)
    return Told(found, parts if segments else [])
