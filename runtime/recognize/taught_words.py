"""The words that styles taught: a motion near a taught clip is called by its sentence, and found by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import normalize

from coamd_blender.errors import InputError
from runtime.generate.style import Style
from runtime.grammar.wording import bare
from runtime.model.text_encoder import TextFeatures
from runtime.recognize.agreement import Agreement

SAME = 0.7  # cosine of two sentences from which on they mean one thing
LIKELY = 0.5  # chance that two motions show one thing, from which on they are called alike


@dataclass(frozen=True, eq=False)
class TaughtWords:
    """The sentences of taught clips and the recogniser's unit vectors (clips, dim) of them."""

    said: tuple[tuple[str, ...], ...]
    vectors: np.ndarray

    @classmethod
    def of(cls, styles: Sequence[Style], digest: str) -> TaughtWords:
        """Take together what ``styles`` taught; ``digest`` is that of the recogniser.

        Raises InputError for a style that another recogniser has seen, or none.
        """
        said, vectors = [], []
        for style in styles:
            if style.seen is None or style.config.seen_by != digest:
                raise InputError(f"The style {style.config.name!r} was not taught to this recogniser", "Teach it again")
            first = {clip: sentences for _, clip, sentences in reversed(style.config.shown)}
            said += [first[clip] for clip in range(len(style.seen))]
            vectors.append(style.seen.float().numpy())
        return cls(tuple(said), np.concatenate(vectors))

    def named(self, vector: np.ndarray, agreement: Agreement | None) -> list[tuple[str, float]]:
        """Return the taught sentences that a motion of the unit ``vector`` (dim,) shows, each with the chance that it
        does by the nearest clip of it, the likeliest first; those that it likely does not show are left out.

        Raises InputError where ``agreement`` does not say what a cosine means.
        """
        if agreement is None:
            raise InputError(
                "These weights do not say how near two motions of one kind are",
                "Make agreement.json with: python -m runtime train agreement",
            )
        chances = agreement.motion.chance(self.vectors @ vector)
        found: dict[str, float] = {}
        for sentences, chance in zip(self.said, chances.tolist(), strict=True):
            if chance >= LIKELY:
                found[sentences[0]] = max(chance, found.get(sentences[0], 0.0))
        return sorted(found.items(), key=lambda row: -row[1])

    def asked(self, text: str, encoder: Callable[[list[str]], TextFeatures]) -> np.ndarray | None:
        """Return the unit vector (dim,) of the motions that ``text`` asks for, by the nearest taught sentence; None
        where it asks for none."""
        sentences = list(dict.fromkeys(sentence for said in self.said for sentence in said))
        own, *theirs = normalize(encoder([bare(text), *map(bare, sentences)]).pooled, dim=-1).cpu()
        near = (torch.stack(theirs) @ own).tolist()
        best = max(range(len(sentences)), key=near.__getitem__)
        if near[best] < SAME:
            return None
        mean = self.vectors[[sentences[best] in said for said in self.said]].mean(axis=0)
        return mean / np.linalg.norm(mean)
