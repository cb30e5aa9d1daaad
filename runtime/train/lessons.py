"""What the student is asked while it learns: masked clips of the pool, and what it meets where it is used.

In use it draws sentences clause by clause and beside examples, then the passages between them, in a few large steps
(runtime/generate). What is known around the masked tokens is then of its own drawing, and the text may be two sentences
in one. Masked clips of a pool show none of that, so a part of the lessons is recorded from the generator as it draws
(Ross et al. 2011, DAgger): the teacher can say of any state what it would do there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from runtime.config import FAST_SAMPLING, SamplingConfig
from runtime.generate.generator import Generator
from runtime.generate.multi_action import clauses_of, draw_clauses, for_clauses
from runtime.grammar.wording import wording
from runtime.model.generator import MotionGenerator, draw_mask
from runtime.model.sampling import noise_of_seeds, sample
from runtime.model.text_encoder import TextFeatures

TAUGHT = SamplingConfig()  # how the teacher draws
DRAWN_SHARE = 0.3  # of the batches: of what the student draws
WHOLE_SHARE = 0.2  # of the clips of which nothing is known
PLAIN_SHARE = 0.25  # of the batches under guidance away from the missing text alone, no layer skipped
USUAL_SHARE, NO_TEXT_SHARE = 0.6, 0.4  # of clips under the usual weight; of those in plain batches without a text
STRONGEST = 8.0  # weight of guidance
CLAUSES = (1, 2, 3)  # of a sentence that is drawn for a lesson
PASSAGE_SHARE = 0.35  # of the lessons from sentences of several clauses: of the passages between them
COUNTS = (25, 30, 40, 49, 49)  # tokens of a sentence
SHORTEST = 10  # tokens of a clause
LESSONS = 10  # batches in a row whose states are of one drawing


class Lesson(NamedTuple):
    """What a batch asks for: ``tokens`` (batch, count, dim) of clips, where they are ``valid`` and which of them are
    ``hidden`` (batch, count) bool, the ``weight`` of guidance (batch,), and whether it is ``skipping`` layers."""

    tokens: torch.Tensor
    valid: torch.Tensor
    hidden: torch.Tensor
    weight: torch.Tensor
    skipping: bool


def draw_lesson(student: MotionGenerator, tokens: torch.Tensor, valid: torch.Tensor, text: TextFeatures) -> Lesson:
    """Draw what a batch of ``tokens`` (batch, count, dim), ``valid`` (batch, count) bool, asks for."""
    batch, count, dim = tokens.shape
    chance = torch.rand(3).tolist()
    skipping = chance[0] >= PLAIN_SHARE
    if skipping:
        weight = torch.where(
            torch.rand(batch) < USUAL_SHARE, TAUGHT.guidance_weight, 1 + (STRONGEST - 1) * torch.rand(batch)
        )
    else:
        weight = torch.where(torch.rand(batch) < NO_TEXT_SHARE, 0.0, STRONGEST * torch.rand(batch))
    weight = weight.to(tokens)
    if chance[1] < DRAWN_SHARE:
        seeds = torch.randint(2**31 - 1, (batch,)).tolist()
        noise, order = (part.to(tokens.device) for part in noise_of_seeds(seeds, count, dim))
        tokens, valid = sample(student, text, noise, order, FAST_SAMPLING), torch.ones_like(valid)
    hidden = draw_mask(valid)
    whole = torch.rand(batch, 1, device=tokens.device) < WHOLE_SHARE
    return Lesson(tokens, valid, torch.where(whole, valid, hidden), weight, skipping)


class _Seen(NamedTuple):
    """What was seen of a drawing: the tokens (batch, count, dim) and hidden (batch, count) of each step, and the texts,
    those of the clauses first."""

    states: list[tuple[torch.Tensor, torch.Tensor]]
    texts: list[TextFeatures]


class Practice:
    """Lessons of what the student meets while it draws sentences made of ``captions``."""

    def __init__(self, weights: Path, student: MotionGenerator, captions: Sequence[str], tokens: int):
        """``weights`` is the teacher's folder; a lesson holds about ``tokens`` tokens."""
        self.generator = Generator.load(weights, str(student.importance.device))
        self.generator.networks, self.generator.sampling = student, FAST_SAMPLING
        self.captions = [caption for caption in captions if len(clauses_of(caption, max(COUNTS))) == 1]
        self.tokens = tokens
        self._drawing = -1, _Seen([], [])  # its number, and what was seen of it

    def lesson(self, index: int) -> tuple[Lesson, TextFeatures]:
        """Return the lesson of batch ``index`` and its texts.

        ``LESSONS`` batches in a row are of one drawing, made when the first of them asks for it. Each row is taken from
        a step of its own, of those of the clauses or of those of the passages.
        """
        if self._drawing[0] != index // LESSONS:
            self._drawing = index // LESSONS, self._drawn(np.random.default_rng(index // LESSONS))
        draw, (states, texts) = np.random.default_rng(index), self._drawing[1]
        between = len(texts) > 1 and draw.random() < PASSAGE_SHARE
        steps = for_clauses(len(texts), FAST_SAMPLING).steps
        states, text = states[len(states) - steps :] if between else states[:steps], texts[between]
        rows = len(states[0][0])
        chosen = draw.integers(steps, size=rows)
        tokens, hidden = (
            torch.stack([states[step][part][row] for row, step in enumerate(chosen)]).clone() for part in (0, 1)
        )
        weight = torch.full((rows,), 0.0 if between else TAUGHT.guidance_weight, device=tokens.device)
        text = TextFeatures(*(part.clone() for part in text))
        return Lesson(tokens, torch.ones_like(hidden), hidden, weight, not between), text

    def _drawn(self, draw: np.random.Generator) -> _Seen:
        clause_count = int(draw.choice(CLAUSES))
        count = int(draw.choice([each for each in COUNTS if each >= SHORTEST * clause_count]))
        sentences = [self._sentence(draw, clause_count, count) for _ in range(max(1, self.tokens // count))]
        seeds = draw.integers(2**31 - 1, size=len(sentences)).tolist()
        with _watching(self.generator.networks) as seen:
            draw_clauses(self.generator, sentences, count, seeds, FAST_SAMPLING)
        return seen

    def _sentence(self, draw: np.random.Generator, clause_count: int, count: int) -> list[str]:
        """Return the clauses of a sentence, as they are parted where somebody writes it; later ones have no subject."""
        while True:
            first, *others = (self.captions[row] for row in draw.integers(len(self.captions), size=clause_count))
            parts = clauses_of(", then ".join([first.rstrip(". "), *(wording(other) for other in others)]), count)
            if len(parts) == clause_count:
                return parts


@contextmanager
def _watching(networks: MotionGenerator) -> Iterator[_Seen]:
    """Record what the transformer is asked."""
    seen = _Seen([], [])
    transformer = networks.transformer
    hooks = [
        transformer.text.register_forward_pre_hook(
            lambda _, given: seen.texts.append(TextFeatures(given[0], given[1], given[0][:, 0]))
        ),
        transformer.register_forward_pre_hook(lambda _, given: seen.states.append(given[:2])),
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
