"""A row of prompt blocks as plain values, and what can be done to it: every function returns another row.

Blocks of a row stand in the order of time and never overlap; there may be gaps. A leaf: standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..errors import InputError
from ..wire import limits

START, END = "START", "END"  # the two edges of a block
FEWEST = 2  # frames of a block


@dataclass(frozen=True)
class Block:
    """Frames ``start`` to ``end``, both included, in which happens what ``prompt`` says, drawn with ``seed``.

    ``key`` is another number for each block of a track, and stays when the block is moved.
    """

    key: int
    start: int
    end: int
    prompt: str = ""
    seed: int = 0

    @property
    def frames(self) -> int:
        """How many frames it lasts."""
        return self.end + 1 - self.start

    @property
    def middle(self) -> float:
        """Half way between its edges."""
        return (self.start + self.end + 1) / 2

    def alike(self, other: Block) -> bool:
        """Return whether both ask for the same at the same frames; spaces do not count."""
        return (self.start, self.end, self.seed, self.prompt.split()) == (
            *(other.start, other.end, other.seed),
            other.prompt.split(),
        )


Row = list[Block]


def shortest(rate: float) -> int:
    """Return the fewest frames that a block lasts at ``rate`` frames a second."""
    return max(FEWEST, math.ceil(limits.SHORTEST_SCENE * rate))


def at_frame(row: Sequence[Block], frame: float) -> int | None:
    """Return the number of the block that ``frame`` lies in, from 0, or None."""
    return next((place for place, block in enumerate(row) if block.start <= frame < block.end + 1), None)


def shifted(block: Block, frames: int) -> Block:
    """Return the block so many ``frames`` later."""
    return replace(block, start=block.start + frames, end=block.end + frames)


def inserted(row: Sequence[Block], place: int, new: Block) -> Row:
    """Return the row with ``new`` as its number ``place``, right behind the block before; where there is none it begins
    as it says. Those behind are pushed on as far as they must."""
    if place:
        new = shifted(new, row[place - 1].end + 1 - new.start)
    return [*row[:place], *_pushed([new, *row[place:]])]


def _pushed(row: Sequence[Block]) -> Row:
    """Return the row with every block as late as the one before it needs."""
    found: Row = []
    for block in row:
        late = max(0, found[-1].end + 1 - block.start) if found else 0
        found.append(shifted(block, late))
    return found


def split(row: Sequence[Block], place: int, frame: int, key: int, seed: int, least: int) -> Row:
    """Return the row with block ``place`` parted before ``frame``: the second part has ``key`` and ``seed``.

    Raises InputError where a part would last less than ``least`` frames.
    """
    block = row[place]
    if frame - block.start < least or block.end + 1 - frame < least:
        raise InputError(
            f"Frame {frame} does not part the block {block.start} to {block.end}",
            f"Go to a frame at least {least} frames from both of its edges",
        )
    parts = replace(block, end=frame - 1), replace(block, key=key, start=frame, seed=seed)
    return [*row[:place], *parts, *row[place + 1 :]]


def removed(row: Sequence[Block], place: int, close: bool) -> Row:
    """Return the row without block ``place``; with ``close`` those behind move up by its frames."""
    back = row[place].frames if close else 0
    return [*row[:place], *(shifted(block, -back) for block in row[place + 1 :])]


def exchanged(row: Sequence[Block], place: int) -> Row:
    """Return the row with block ``place`` and the next one in each other's order; the gap between them stays."""
    first, second = row[place], row[place + 1]
    back = first.start - second.start
    return [*row[:place], shifted(second, back), shifted(first, second.end - first.end), *row[place + 2 :]]


def edge_dragged(row: Sequence[Block], place: int, edge: str, frame: int, least: int) -> Row:
    """Return the row with an ``edge`` of block ``place`` dragged so that the block begins at ``frame``, or ends before.

    A neighbour that touches this edge goes along and gets shorter or longer; one that does not is never overlapped. No
    block gets shorter than ``least`` frames.
    """
    other = place + (1 if edge == END else -1)
    touching = 0 <= other < len(row) and (row[max(place, other)].start == row[min(place, other)].end + 1)
    before, after = (place, other) if edge == END else (other, place)
    low, high = -math.inf, math.inf
    if 0 <= before < len(row):
        low = row[before].start + least if before == place or touching else row[before].end + 1
    if 0 <= after < len(row):
        high = row[after].end + 1 - least if after == place or touching else row[after].start
    frame = int(min(max(frame, low), high))
    found = list(row)
    if before == place or touching:
        found[before] = replace(row[before], end=frame - 1)
    if after == place or touching:
        found[after] = replace(row[after], start=frame)
    return found


def block_dragged(row: Sequence[Block], place: int, start: int) -> tuple[Row, int]:
    """Return the row with block ``place`` dragged so that it begins at ``start``, and its number in it.

    It is stopped by its neighbours; dragged over the middle of one, it goes to the other side of it, and those that it
    passed make room.
    """
    block = row[place]
    middle = start + block.frames / 2
    wanted = place
    while wanted > 0 and middle < row[wanted - 1].middle:
        wanted -= 1
    while wanted + 1 < len(row) and middle > row[wanted + 1].middle:
        wanted += 1
    if wanted == place:
        low = row[place - 1].end + 1 if place else -math.inf
        high = row[place + 1].start - block.frames if place + 1 < len(row) else math.inf
        moved = shifted(block, int(min(max(start, low), high)) - block.start)
        return [*row[:place], moved, *row[place + 1 :]], place
    if wanted < place:
        passed = [shifted(other, block.frames) for other in row[wanted:place]]
        moved = shifted(block, row[wanted].start - block.start)
        return [*row[:wanted], moved, *passed, *row[place + 1 :]], wanted
    passed = [shifted(other, -block.frames) for other in row[place + 1 : wanted + 1]]
    moved = shifted(block, passed[-1].end + 1 - block.start)
    return [*row[:place], *passed, moved, *row[wanted + 1 :]], wanted


def laid_over(row: Iterable[Block], new: Block) -> Row:
    """Return the row with ``new`` in it; what it covers of others is taken from them."""
    found = [new]
    for block in row:
        if block.start < new.start:
            found.append(replace(block, end=min(block.end, new.start - 1)))
        if block.end > new.end:
            within = block.start < new.start
            key = block.key if not within else 1 + max(each.key for each in (*found, block, new))
            found.append(replace(block, key=key, start=max(block.start, new.end + 1)))
    return sorted(found, key=lambda block: block.start)


def cut(row: Iterable[Block], first: int, last: int) -> Row:
    """Return what lies of the row from frame ``first`` to ``last``; of a block that is cut the part inside, unless that
    is less than FEWEST frames."""
    inside = (replace(block, start=max(block.start, first), end=min(block.end, last)) for block in row)
    return [block for block in inside if block.frames >= FEWEST]


def retimed(row: Iterable[Block], start: int, factor: float) -> Row:
    """Return the row with everything after frame ``start`` taking ``factor`` times as long; a block that would last
    less than FEWEST frames is left out."""
    found = []
    for block in row:
        low, stop = (start + round((frame - start) * factor) for frame in (block.start, block.end + 1))
        found.append(replace(block, start=low, end=stop - 1))
    return [block for block in found if block.frames >= FEWEST]


def joined(row: Sequence[Block], other: Iterable[Block]) -> Row:
    """Return the row with those of ``other``, all behind it, under keys that the row does not have."""
    after = 1 + max((block.key for block in row), default=0)
    return [*row, *(replace(block, key=after + number) for number, block in enumerate(other))]


def snapped(frame: float, marks: Iterable[int], reach: float) -> int:
    """Return the nearest of the ``marks`` that are at most ``reach`` frames from ``frame``, else the nearest frame."""
    near = min(marks, key=lambda mark: abs(mark - frame), default=None)
    return near if near is not None and abs(near - frame) <= reach else round(frame)
