"""Lines that tell how a sentence was read: what is done at once, what it was taken for, what is new to the networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coamd_blender.wire.clauses import clauses
from runtime.generate.multi_action import LONGEST, pairs_of, parted
from runtime.generate.together import Pair
from runtime.generate.vocabulary import Vocabulary

if TYPE_CHECKING:
    from runtime.generate.generator import Generator


def notes_on(generator: Generator, known: Vocabulary, prompts: Sequence[str]) -> list[str]:
    """Return a line for each clause of ``prompts`` of two things done at once, for each that may mean something else
    too, for each that was put into other words or left out, and for each that is far from what is ``known``."""
    distinct = list(dict.fromkeys(prompts))
    parts = parted(generator, distinct, LONGEST)
    asides = [aside for prompt, own in zip(distinct, parts, strict=True) for aside in left_out(clauses(prompt), own)]
    pairs = pairs_of(generator, [clause for own in parts for clause in own])
    halves = [half for pair in pairs for half in pair[:2] if half]
    told = dict(zip(halves, generator.told_instead(halves), strict=True))
    new = known.unlearnt(halves, generator.encode)
    far = {each.clause for each in new}
    doubts = [doubt for half in halves if half not in far and (doubt := _doubt(generator, half))]
    alone = {pair.body for pair in pairs if not pair.arms}
    read = [f"{half!r} is read as {text!r}" for half, text in told.items() if text and half in alone]
    away = [f"{aside!r} is left out: it seems to tell of nothing that is done" for aside in asides]
    return [
        *away,
        *filter(None, map(_at_once, pairs)),
        *doubts,
        *read,
        *(str(each) for each in new if not told[each.clause]),
    ]


def left_out(told: Sequence[str], parts: Sequence[str]) -> list[str]:
    """Return which of the clauses that a prompt tells (``told``) are in none of the ``parts`` that it is drawn by."""
    return [clause for clause in told if not any(part in clause or clause in part for part in parts)]


def _at_once(pair: Pair) -> str:
    return f"Read as two things at once: {pair.body!r}, and with the arms {pair.arms!r}" if pair.arms else ""


def _doubt(generator: Generator, clause: str) -> str:
    """Return a line on what else a clause may mean, and how to say it; "" where it is clear, or was taught."""
    if generator.examples is None or generator.asked([clause]) != [None]:
        return ""
    doubt = generator.examples.doubt(generator.vectors([clause])[0])
    return f"{clause!r} is taken for {doubt[0]!r}: for {doubt[1]!r} say that" if doubt else ""
