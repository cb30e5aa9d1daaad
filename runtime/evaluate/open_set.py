"""The clips of the open benchmark: recordings of the test split with their captions, and the training clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coamd_blender.errors import DataError
from runtime.captions.captions import entry_of
from runtime.data.dataset import Prepared, whole_tokens
from runtime.evaluate.caption_groups import caption_groups
from runtime.evaluate.fairness import middle

SHORTEST = 12  # frames: the least that generation offers


@dataclass(frozen=True)
class OpenSet:
    """Clips with captions: ``motions`` (frames, 22, 3) of whole tokens, at most 196 frames (the middle of longer
    ones), ``captions`` a clip, ``families`` and ``groups`` (clips,) of clips whose captions mean the same."""

    motions: list[np.ndarray]
    captions: list[list[str]]
    families: list[str]
    groups: np.ndarray

    @classmethod
    def load(cls, prepared: Prepared, split: str) -> OpenSet:
        """Load the captioned clips of a split that may train shipped weights. Raises DataError when there are none."""
        clips = captioned(prepared, split)
        captions = [clip["captions"] for clip in clips]
        families = [entry_of(clip).family for clip in clips]
        motions = [whole(prepared.joints(clip)) for clip in clips]
        return cls(motions, captions, families, caption_groups(captions))

    def thinned(self, count: int) -> OpenSet:
        """Return at most ``count`` of the clips, spread evenly and always the same."""
        if len(self) <= count:
            return self
        rows = np.linspace(0, len(self) - 1, count).astype(int)
        motions, captions = [self.motions[row] for row in rows], [self.captions[row] for row in rows]
        return OpenSet(motions, captions, [self.families[row] for row in rows], self.groups[rows])

    def __len__(self) -> int:
        return len(self.motions)

    def prompts(self, seed: int) -> list[str]:
        """Return one caption a clip: another for every seed, as far as a clip has several."""
        return [captions[seed % len(captions)] for captions in self.captions]


def captioned(prepared: Prepared, split: str) -> list[dict]:
    """Return the rows of the captioned clips of a split, none too short to be generated.

    Raises DataError when there are none.
    """
    clips = [clip for clip in prepared.of_split(split) if clip["captions"] and clip["frames"] >= SHORTEST]
    if not clips:
        raise DataError(f"The prepared data holds no captioned {split} clips", "Run: python -m runtime prepare")
    return clips


def whole(joints: np.ndarray) -> np.ndarray:
    """Return the middle of ``joints`` (n, 22, 3), metres, cut to whole tokens: (frames, 22, 3) float32, at most 196
    frames.
    """
    cut = middle(joints)
    return np.array(cut[: whole_tokens(len(cut))], dtype=np.float32)


def of_motions(motions: Sequence[np.ndarray], captions: Sequence[Sequence[str]]) -> OpenSet:
    """Return a set of motions and captions from elsewhere (HumanML3D, KIT-ML); families are unknown.

    ``motions``, each (frames, 22, 3) in metres, are cut as by :func:`whole`.
    """
    cut = [whole(joints) for joints in motions]
    return OpenSet(cut, [list(texts) for texts in captions], ["other"] * len(cut), caption_groups(captions))
