"""Which frames of an Action are made anew for some blocks of a track, piece by piece. No Blender, no arrays.

Blocks that touch are made in one stretch. Each piece goes on from the one before it, and the last one leads to what
stays behind it; a stretch that ends the track goes on to its own end, one that begins before all keys is made from its
end backwards.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..blocks.arrange import Block
from ..errors import InputError
from ..wire.clauses import clauses

SHORTEST_CLAUSE = 1.0  # s: with less for each, a sentence of several clauses is drawn as a whole
PASSAGE_SECONDS = 0.6  # of each block that a passage between two takes, a third of it at most


@dataclass(frozen=True)
class Piece:
    """Frames ``first`` to ``last`` drawn at once, in an edit's ``mode``."""

    first: int
    last: int
    prompt: str
    seed: int
    mode: str = "continue"


@dataclass(frozen=True)
class Stretch:
    """Frames ``first`` to ``last`` made anew by ``pieces``, drawn in this order. ``ends``: keys behind it go."""

    first: int
    last: int
    pieces: tuple[Piece, ...]
    ends: bool = False


def pieces_of(block: Block, rate: float) -> list[Piece]:
    """Return the pieces of a block, one for each clause of its sentence where there is time for it."""
    told = clauses(block.prompt) if block.prompt.strip() else [""]
    if block.frames < SHORTEST_CLAUSE * rate * len(told):
        told = [" ".join(block.prompt.split())]
    edges = [block.start + round(block.frames * number / len(told)) for number in range(len(told) + 1)]
    return [
        Piece(first, stop - 1, prompt, block.seed + number)
        for number, (prompt, (first, stop)) in enumerate(zip(told, pairwise(edges), strict=True))
    ]


def stretches(
    row: Sequence[Block], wanted: Container[int], keys: tuple[int, int], made_last: int, rate: float
) -> list[Stretch]:
    """Return what must be made anew so that the blocks of ``row`` whose key is ``wanted`` are made, in order of time.

    ``keys``: first and last frame that the Action has keys at; ``made_last``: the last frame of what it was made of.
    """
    runs: list[list[Block]] = []
    end = keys[1]
    for block in row:
        if block.key not in wanted:
            continue
        if block.start > end + 1:  # what is missing in between goes with it
            block = replace(block, start=end + 1)
        if block.end < keys[0] - 1:
            block = replace(block, end=keys[0] - 1)
        if runs and block.start <= runs[-1][-1].end + 1:
            runs[-1].append(replace(block, start=runs[-1][-1].end + 1))
        else:
            runs.append([block])
        end = max(end, block.end)
    last = row[-1].key if row else None
    return [_stretch(run, keys, run[-1].key == last and made_last >= keys[1] - 1, rate) for run in runs]


def _stretch(run: Sequence[Block], keys: tuple[int, int], is_end: bool, rate: float) -> Stretch:
    first, last = run[0].start, run[-1].end
    pieces = [piece for block in run for piece in pieces_of(block, rate)]
    ends = is_end and last < keys[1]
    if first <= keys[0]:
        pieces = [replace(piece, mode="lead_in") for piece in reversed(pieces)]
    elif last < keys[1] and not ends:
        pieces[-1] = replace(pieces[-1], mode="between")
    return Stretch(first, last, tuple(pieces), ends)


def is_whole(found: Sequence[Stretch], keys: tuple[int, int]) -> bool:
    """Return whether a stretch leaves no key: there is nothing that it could go on from, or lead to."""
    return any(one.first <= keys[0] and (one.last >= keys[1] or one.ends) for one in found)


def passage(row: Sequence[Block], place: int, keys: tuple[int, int], seed: int, rate: float) -> Stretch:
    """Return the gap behind block ``place``, or without one the passage to the next block, to be made anew without
    words. Raises InputError behind the last block, and where one of the two has no keys."""
    if place + 1 >= len(row):
        raise InputError("There is no block behind this one", "Choose the block before the passage")
    before, after = row[place], row[place + 1]
    first, last = before.end + 1, after.start - 1
    if first > last:
        reach = round(PASSAGE_SECONDS * rate)
        first -= max(1, min(reach, before.frames // 3))
        last += max(1, min(reach, after.frames // 3))
    if first <= keys[0] or last >= keys[1]:
        raise InputError("There are no keys on both sides of the passage", "Press Generate Track first")
    return Stretch(first, last, (Piece(first, last, "", seed, "between"),))
