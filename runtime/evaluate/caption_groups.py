"""Which clips' captions mean the same: R-precision and retrieval must not ask a motion to be told from its twin."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

_SIDES = re.compile(r"\b(left|right)\b")
_TURNS = re.compile(r"\b(counter-?clockwise|anti-?clockwise|clockwise)\b")
_SUBJECTS = re.compile(
    r"\b(?:(?:a|the|one) )?(?:person|man|woman|human|figure|character|guy|girl|boy|he|she|they|someone|somebody)\b"
)
_OWNERS = re.compile(r"\b(?:his|her|their|its)\b")


def plain(caption: str) -> str:
    """Return a caption with its subject and its sides made one: mirrors and changes of subject give the same string."""
    text = _SUBJECTS.sub("person", " ".join(caption.lower().rstrip(". ").split()))
    return _TURNS.sub("clockwise", _SIDES.sub("side", _OWNERS.sub("their", text)))


def caption_groups(captions: Sequence[Sequence[str]]) -> np.ndarray:
    """Return the group numbers (clips,) of clips with these captions.

    Clips that share a plain caption, directly or through others, are one group.
    """
    parent = list(range(len(captions)))

    def root(clip: int) -> int:
        while parent[clip] != clip:
            parent[clip] = parent[parent[clip]]
            clip = parent[clip]
        return clip

    owner: dict[str, int] = {}
    for clip, texts in enumerate(captions):
        for text in texts:
            first = owner.setdefault(plain(text), clip)
            parent[root(clip)] = root(first)
    return np.unique([root(clip) for clip in range(len(captions))], return_inverse=True)[1].reshape(-1)
