"""Training items from authored motion: an action of ``runtime.authored`` alone, held longer, or in a sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from coamd_blender.motion.skeleton import MAX_FRAMES, mirror
from runtime import authored
from runtime.captions.actions import action_of
from runtime.captions.captions import Spoken
from runtime.captions.phrases import Entry
from runtime.compose import splice
from runtime.compose.builders import PoolItem, padded
from runtime.compose.clip_pool import SHORTEST, Bank, Sample
from runtime.compose.segments import Segment
from runtime.grammar.inflection import mirrored
from runtime.grammar.sentences import told

_RECORDED = 6  # so many recordings of an action halve how often an authored one is drawn
_LONGER_SHARE = 0.25  # of the items are held longer than they were drawn
_LONGEST_PHRASE = 14  # words of a phrase that is joined to another


class Authors:
    """The authored actions and how often each is drawn: the less, the more of it was recorded."""

    def __init__(self, segments: Sequence[Segment]):
        self.names = sorted(authored.names())
        self.families = [_family(name) for name in self.names]
        recorded = Counter(segment.action.name for segment in segments)
        seen = [recorded[action_of(_sentence(name)).name] for name in self.names]
        weights = np.array([1 / (1 + number / _RECORDED) for number in seen])
        self.odds = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> tuple[authored.Authored, str]:
        """Draw an action and a variant of it, and name the family it belongs to."""
        index = int(rng.choice(len(self.names), p=self.odds))
        return authored.draw(rng, self.names[index]), self.families[index]


def _sentence(name: str) -> str:
    return f"a person does {name.replace('_', ' ')}"


def _family(name: str) -> str:
    """Return the family of the training pool that an action belongs to; its own name where the pool has none."""
    family = action_of(_sentence(name)).family
    return name if family == "other" else family


def authored_item(authors: Authors, bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Draw one authored action, with its own standing or with more of it; mirrored half of the time."""
    drawn, family = authors.draw(rng)
    joints, captions = np.asarray(drawn.joints, dtype=np.float64), list(drawn.captions)
    if len(joints) < 100 and rng.random() < _LONGER_SHARE and "idle" in bank.families:
        sample = _sample(drawn, family, ("*moves*",))
        filled = padded(bank, sample, rng, int(rng.integers(len(joints) + 8, 150)))
        joints = joints if filled is None else filled[0]
    joints = splice.unsunk(splice.trim(joints, MAX_FRAMES))
    if len(joints) < SHORTEST or not captions:
        return None
    if rng.random() < 0.5:
        joints, captions = mirror(joints), [mirrored(text) for text in captions]
    return PoolItem(splice.canonical(joints), captions, family, "authored", 1.0, (family,))


def authored_sample(authors: Authors, rng: np.random.Generator) -> Sample | None:
    """Return an authored action as a sample of the bank, to be joined to others; None where its words cannot be."""
    drawn, family = authors.draw(rng)
    phrases = tuple(text for text in (told(caption).full for caption in drawn.captions) if _joins(text))
    return _sample(drawn, family, phrases) if phrases and len(drawn.joints) <= 130 else None


def _joins(phrase: str) -> bool:
    return bool(phrase) and not phrase.startswith("*is*") and len(phrase.split()) <= _LONGEST_PHRASE


def _sample(drawn: authored.Authored, family: str, phrases: tuple[str, ...]) -> Sample:
    joints = np.asarray(drawn.joints, dtype=np.float64)
    entry = Entry(family, phrases, None, (), ())
    return Sample(joints, entry, Spoken(family, phrases), True, False, drawn.core, 0, 1.0)
