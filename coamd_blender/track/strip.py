"""The strip of blocks on a timeline as numbers: where each block is drawn, what the mouse is over, where a drag leads.

x and y are pixels of the region, from its lower left corner. No Blender: overlay.py draws, gestures.py drags.
"""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..blocks import arrange
from ..blocks.arrange import END, START, Block, Row
from ..wire.clauses import clauses

BODY = "BODY"  # what is between a block's edges
HUES = 24  # so that neighbours can be told apart


@dataclass(frozen=True)
class View:
    """What a region shows: frame 0 at x ``origin``, ``scale`` pixels a frame, ``width`` pixels; the strip is ``height``
    high and begins at y ``bottom``. An edge can be grabbed from ``reach`` pixels inside the block."""

    origin: float
    scale: float
    width: float
    bottom: float
    height: float
    reach: float

    def x_of(self, frame: float) -> float:
        """Return where a frame is."""
        return self.origin + self.scale * frame

    def frame_at(self, x: float) -> float:
        """Return the frame at x, with its fraction."""
        return (x - self.origin) / self.scale

    def ends(self, block: Block) -> tuple[float, float]:
        """Return x of both edges of a block: the second is where the next one can begin."""
        return self.x_of(block.start), self.x_of(block.end + 1)

    def shows(self, block: Block) -> bool:
        """Return whether a part of the block is in the region."""
        left, right = self.ends(block)
        return right > 0 and left < self.width


@dataclass(frozen=True)
class Hit:
    """Block ``place`` of the row, from 0, and its ``part``: START, END or BODY."""

    place: int
    part: str


def hit(view: View, row: Sequence[Block], x: float, y: float) -> Hit | None:
    """Return what of the row is at a place in the region, or None. A third of a narrow block at least is its body."""
    if not view.bottom <= y < view.bottom + view.height:
        return None
    for place, block in enumerate(row):
        left, right = view.ends(block)
        if left <= x < right:
            reach = min(view.reach, (right - left) / 3)
            part = START if x < left + reach else END if x >= right - reach else BODY
            return Hit(place, part)
    return None


@dataclass(frozen=True)
class Drag:
    """A block or an edge of it, ``grabbed`` at ``frame`` of the ``row`` as it was then."""

    row: tuple[Block, ...]
    grabbed: Hit
    frame: float

    def to(self, frame: float, marks: Sequence[int], reach: float, least: int) -> tuple[Row, int]:
        """Return the row with what was grabbed dragged to ``frame``, and the number of the block in it.

        Edges keep to the nearest of the ``marks``, frames, that is within ``reach`` frames; no block gets shorter than
        ``least`` frames.
        """
        place = self.grabbed.place
        block, by = self.row[place], frame - self.frame
        if self.grabbed.part == START:
            wanted = arrange.snapped(block.start + by, marks, reach)
            return arrange.edge_dragged(self.row, place, START, wanted, least), place
        if self.grabbed.part == END:
            wanted = arrange.snapped(block.end + 1 + by, marks, reach)
            return arrange.edge_dragged(self.row, place, END, wanted, least), place
        starts = [*marks, *(mark - block.frames for mark in marks)]
        return arrange.block_dragged(self.row, place, arrange.snapped(block.start + by, starts, reach))


def colours(block: Block) -> list[tuple[float, float, tuple[float, float, float]]]:
    """Return the parts of a block, first and last frame of each and its colour (red, green, blue from 0 to 1): one for
    each clause of its sentence. The same words have the same colour everywhere."""
    told = clauses(block.prompt) if block.prompt.strip() else [""]
    edges = [block.start + block.frames * number / len(told) for number in range(len(told) + 1)]
    return [(edges[number], edges[number + 1], _colour(clause)) for number, clause in enumerate(told)]


def _colour(clause: str) -> tuple[float, float, float]:
    if not clause:
        return 0.35, 0.35, 0.35
    hue = zlib.crc32(" ".join(clause.lower().split()).encode()) % HUES / HUES
    return colorsys.hsv_to_rgb(hue, 0.55, 0.62)
