"""Lines that tell how a sentence was read: what is done at once, what else it may mean, what is new to the networks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coamd_blender.wire.clauses import clauses
from runtime.generate.examples import vectors_of
from runtime.generate.multi_action import pairs_of
from runtime.generate.together import Pair
from runtime.generate.vocabulary import Vocabulary
from runtime.grammar.wording import bare

if TYPE_CHECKING:
    from runtime.generate.generator import Generator


def notes_on(generator: Generator, known: Vocabulary, prompts: Sequence[str]) -> list[str]:
    """Return a line for each clause of ``prompts`` of two things done at once, for each that may mean something else
    too, and for each that is far from what is ``known``."""
    pairs = pairs_of(generator, [clause for prompt in dict.fromkeys(prompts) for clause in clauses(prompt)])
    halves = [half for pair in pairs for half in pair[:2] if half]
    far = {half: [str(one) for one in known.unlearnt(half, generator.encode)] for half in halves}
    doubts = [doubt for half in halves if not far[half] and (doubt := _doubt(generator, half))]
    return [*filter(None, map(_at_once, pairs)), *doubts, *itertools.chain(*far.values())]


def _at_once(pair: Pair) -> str:
    return f"Both at once: {pair.body!r}, and with the arms {pair.arms!r}" if pair.arms else ""


def _doubt(generator: Generator, clause: str) -> str:
    """Return a line on what else a clause may mean, and how to say it; "" where it is clear, or was taught."""
    if generator.examples is None or generator.asked([clause]) != [None]:
        return ""
    doubt = generator.examples.doubt(vectors_of(generator.encode([bare(clause)]))[0])
    return f"{clause!r} is taken for {doubt[0]!r}: for {doubt[1]!r} say that" if doubt else ""
