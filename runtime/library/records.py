"""What the library's parts hand one another: facts, clips, state, and the windows a long clip is cut into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from coamd_blender.motion.skeleton import MAX_FRAMES

if TYPE_CHECKING:
    from runtime.recognize.agreement import Agreement

WINDOW = 120  # frames of one row of a clip too long for one
STRIDE = 60
FULL_SCAN_ROWS = 32_768  # up to here a search compares every row exactly


class Embedder(Protocol):
    """What turns motions and words into vectors of one space: the recogniser."""

    dim: int
    digest: str
    agreement: Agreement | None  # what its cosines mean; None: not known

    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return float32 (count, dim), unit length, for ``motions``, each joints (frames, 22, 3) in metres."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (count, dim), unit length."""


@dataclass(frozen=True)
class FileFacts:
    """What the library knows of a source file. ``status`` is "here", "broken" or "vanished"."""

    path: str
    size: int
    mtime_ns: int
    digest: str
    status: str = "here"
    problem: str = ""
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, eq=False)
class ReadClip:
    """One motion of a file: its name there, joints float32 (frames, 22, 3) at 20 fps, and words for it."""

    name: str
    joints: np.ndarray
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clip:
    """A stored clip. ``frames`` at ``fps`` frames per second; ``status`` is that of its file."""

    id: int
    path: str
    name: str
    frames: int
    fps: float
    labels: tuple[str, ...]
    licence: str
    source: str
    status: str


@dataclass(frozen=True)
class State:
    """Which embeddings count: their ``generation``, the recogniser's ``digest`` and ``dim``, and rows written."""

    generation: int
    digest: str
    dim: int
    rows: int


def windows_of(frames: int) -> list[tuple[int, int]]:
    """Return the windows [start, stop) of a clip: all of it up to 196 frames, else 120 frames every 60, the last one
    at the end."""
    if frames <= MAX_FRAMES:
        return [(0, frames)]
    starts = [*range(0, frames - WINDOW, STRIDE), frames - WINDOW]
    return [(start, start + WINDOW) for start in starts]


def batches_of(clips: Sequence[tuple[int, list]], windows: int) -> Iterator[list[tuple[int, list]]]:
    """Cut clips (id, windows) into batches of about so many ``windows``."""
    batch, size = [], 0
    for clip in clips:
        batch.append(clip)
        size += len(clip[1])
        if size >= windows:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
