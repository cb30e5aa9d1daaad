"""Sort many motions of one source by labels of the user's: draw the labels, and compare the motions with the draws.

A source has manners of its own, what a depth camera sees of a body or how a studio fits one, and they move all its
motions to one side in the recogniser's space: often farther than one action lies from another. Words do not know of
that. So both sides are compared by how they differ from their own mean: each motion from that of the others, each label
from that of the labels, as the generator draws them; what the source does to all is gone. A label is the mean of its
draws (prototypes, Snell et al. 2017); examples that are made up in place of examples that were never seen are a known
way to recognise without them (Xian et al. 2018).

That takes motions that show various labels: of five walks the mean is a walk, and what is left of each is chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion import skeleton
from coamd_blender.wire import limits
from runtime.grammar.inflection import mirrored
from runtime.recognize.labels import Label, given

if TYPE_CHECKING:
    from runtime.generate.generator import Generator
    from runtime.recognize.recognizer import Recognizer

DRAWS = ((40, 16), (60, 16), (100, 8))  # frames, and how many draws of so many are made of a label
# What the cosine of a motion and a label is multiplied by before the softmax. By 8 our own validation clips are named
# as surely as they are named rightly, clips of depth cameras too surely.
SHARPNESS = 5.0
# How far vectors are spread, 0 to 1, from which on they are more than one action seen by one source. Of four sets by
# depth cameras, eight clips of one action are spread less in 8 of 10 cases, nine of three actions in 1 of 10.
SPREAD = 0.12
Report = Callable[[int, int], None]  # labels drawn, labels


@dataclass(frozen=True, eq=False)
class DrawnLabels:
    """Labels as the recogniser sees what the generator draws of them: their ``names``, and of each the unit vector
    (labels, dim) of how its draws differ from those of all."""

    names: tuple[str, ...]
    vectors: np.ndarray

    @classmethod
    def of(
        cls, labels: Sequence[str], generator: Generator, recognizer: Recognizer, report: Report | None = None
    ) -> DrawnLabels:
        """Draw each of ``labels``; ``report`` is called after each.

        A draw counts as its mirror image does, unless the label names a side. Raises InputError for labels that cannot
        be used.
        """
        chosen = sortable(labels)
        means = []
        for label in chosen:
            means.append(_mean_of_draws(label, generator, recognizer))
            if report is not None:
                report(len(means), len(chosen))
        return cls(tuple(label.name for label in chosen), _from_mean(np.stack(means)))

    def scores(self, motions: np.ndarray) -> np.ndarray:
        """Return the probabilities (n, labels) that each of ``motions``, the recogniser's vectors (n, dim) of motions
        of one source, shows each label and none of the others."""
        logits = SHARPNESS * _from_mean(motions) @ self.vectors.T
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def told(self, motions: np.ndarray, top: int) -> list[list[tuple[str, float]]]:
        """Return of each of ``motions`` (n, dim) the ``top`` likeliest labels with their probabilities, best first."""
        return [
            [(self.names[label], float(row[label])) for label in np.argsort(-row, kind="stable")[:top]]
            for row in self.scores(motions)
        ]


def remarks(motions: np.ndarray) -> list[str]:
    """Return a line where ``motions``, the recogniser's unit vectors (n, dim), are so much alike that they may all show
    one action."""
    if 1 - float(np.linalg.norm(motions.mean(axis=0))) >= SPREAD:
        return []
    return ["These motions are much alike: if most of them show one action, recognize each by itself instead"]


def sortable(names: Sequence[str]) -> tuple[Label, ...]:
    """Return the labels that a user names, as :func:`labels.given`. Raises InputError for one, among which nothing is
    sorted, and for more than can be drawn."""
    labels = given(names)
    if not 2 <= len(labels) <= limits.MOST_SORTED_LABELS:
        told = "one label" if len(labels) == 1 else f"{len(labels)} labels"
        raise InputError(f"Motions are not sorted by {told}", f"Give 2 to {limits.MOST_SORTED_LABELS}")
    return labels


def sentence_of(label: Label) -> str:
    """Return the sentence that a label is drawn from."""
    said = label.texts[-1]
    return said if said.startswith(("a ", "an ", "the ", "someone ", "somebody ")) else f"a person {said}"


def _mean_of_draws(label: Label, generator: Generator, recognizer: Recognizer) -> np.ndarray:
    """Return the mean (dim,) of the recogniser's vectors of draws of a label."""
    sentence = sentence_of(label)
    drawn = [
        joints for frames, count in DRAWS for joints in generator.generate([sentence] * count, frames, [*range(count)])
    ]
    if mirrored(sentence) == sentence:
        drawn += [skeleton.mirror(joints) for joints in drawn]
    return recognizer.embed_motions(drawn).mean(axis=0)


def _from_mean(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors (n, dim) of how ``vectors`` (n, dim) differ from their mean; zero where they do not."""
    apart = vectors - vectors.mean(axis=0)
    return apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-12)
