"""The clips nearest to a query: a compressed first pass over many rows, exact scores for what is left of them.

A library of up to 32,768 windows is compared in full. Beyond that the codes (codes.py) give a shortlist of 4,096,
whose embeddings are read and compared exactly; windows added since the codes were made are compared in full too.
Past 1,000,000 windows a kept graph (graph.py) takes the place of the codes when its package is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from coamd_blender.errors import InputError
from runtime.library import graph
from runtime.library.codes import SHORTLIST, Codes, load_codes, make_codes
from runtime.library.records import FULL_SCAN_ROWS, Clip, State
from runtime.library.store import Store


@dataclass(frozen=True)
class Hit:
    """A clip that was found: its best window [start, stop), and how near that is to the query: its cosine, or the
    chance that a person agrees (scores.py)."""

    clip: Clip
    start: int
    stop: int
    score: float

    def as_json(self) -> dict:
        """Return what a program gets: path, clip, id, score, frames [start, stop), seconds, labels, licence, ..."""
        clip = self.clip
        return {
            "path": clip.path,
            "clip": clip.name,
            "id": clip.id,
            "score": round(self.score, 4),
            "frames": [self.start, self.stop],
            "seconds": round(clip.frames / clip.fps, 2),
            "fps": clip.fps,
            "labels": list(clip.labels),
            "licence": clip.licence,
            "source": clip.source,
            "status": clip.status,
        }


class Searcher:
    """Searches one library again and again; what other processes add is found by the next search."""

    def __init__(self, library: Store, exact_rows: int = graph.EXACT_ROWS):
        """``exact_rows``: past these a kept graph is the first pass, when its package is installed."""
        self._library = library
        self._exact_rows = exact_rows
        self._state: State | None = None
        self._rows: np.ndarray
        self._first: Codes | graph.Graph | None = None  # the first pass
        self._tail: torch.Tensor  # float32 rows that it does not cover

    def search(self, query: np.ndarray, top: int) -> list[Hit]:
        """Return the ``top`` clips with the windows nearest to ``query`` (dim,) of unit length, best first.

        Raises InputError for an empty library and a query of another dimension.
        """
        self.refresh()
        if not len(self._rows):
            raise InputError(f"The library {self._library.folder} holds no clip", "Index a folder of motions first")
        if query.shape != (self._rows.shape[1],):
            raise InputError(f"A query of shape {query.shape} for rows of {self._rows.shape[1]}", "Use its recogniser")
        count = graph.SHORTLIST if isinstance(self._first, graph.Graph) else SHORTLIST
        while True:
            numbers, scores = self.nearest(query, count)
            hits = self._clips(numbers, scores, top)
            if len(hits) == top or count >= len(self._rows):
                return hits
            count *= 8  # many windows of few clips

    @property
    def first_pass(self) -> str:
        """What narrows a search down before the exact scores: none, codes or graph."""
        return type(self._first).__name__.lower() if self._first is not None else "none"

    @property
    def note(self) -> str:
        """A line for the user when exact search goes on in a library past its size; else nothing."""
        rows = self._library.state().rows
        if rows <= self._exact_rows or isinstance(self._first, graph.Graph):
            return ""
        install = "" if graph.available() else f"{graph.EXTRA}, then "
        return (
            f"{self._library.folder} has {rows} windows, which are searched exactly; a kept graph is faster - "
            f"{install}index one of its folders again"
        )

    def prepare(self, report: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Make what a search in many clips needs, after indexing; ``report(done, total)`` counts rows of a graph."""
        state = self._library.state()
        if self._past_exact(state):
            kept = graph.load_graph(self._library, state)
            if state.rows - (kept.rows if kept else 0) > FULL_SCAN_ROWS:
                graph.grow_graph(self._library, state, report)
                self._state = None
        self.refresh()

    def refresh(self) -> None:
        """Take in what was added since the last search; make the codes when too many rows have no first pass."""
        state = self._library.state()
        if state == self._state:
            return
        self._rows = self._library.embeddings(state)
        first: Codes | graph.Graph | None = None
        if self._past_exact(state):
            first = graph.load_graph(self._library, state)
        if state.rows - (first.rows if first else 0) > FULL_SCAN_ROWS:
            first = load_codes(self._library, state)
            if state.rows - (first.rows if first else 0) > FULL_SCAN_ROWS:
                first = make_codes(self._library, state)
        self._first, self._state = first, state
        self._tail = torch.from_numpy(np.array(self._rows[first.rows if first else 0 :])).float()

    def _past_exact(self, state: State) -> bool:
        return state.rows > self._exact_rows and graph.available()

    def nearest(self, query: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the row indices (about count,) nearest to ``query`` (dim,) and their exact products (about count,).

        The best come first. Call :meth:`refresh` before.
        """
        wanted = torch.from_numpy(query.astype(np.float32))
        covered = self._first.rows if self._first else 0
        numbers = np.arange(covered, covered + len(self._tail))
        scores = self._tail @ wanted
        if self._first is not None:
            listed = np.sort(self._first.shortlist(query, count))  # in the order they lie on the disk
            exact = torch.from_numpy(self._rows[listed]).float() @ wanted
            numbers, scores = np.concatenate([listed, numbers]), torch.cat([exact, scores])
        scores = torch.nan_to_num(scores, nan=-1.0, posinf=-1.0, neginf=-1.0)  # rows of a torn file
        scores, places = torch.topk(scores, min(count, len(scores)))
        return numbers[places.numpy()], scores.numpy()

    def _clips(self, numbers: np.ndarray, scores: np.ndarray, top: int) -> list[Hit]:
        """Return the best window of each of the first ``top`` clips among rows, best first."""
        best: dict[int, tuple[int, int, float]] = {}
        step = max(64, 2 * top)
        for first in range(0, len(numbers), step):
            part = numbers[first : first + step].tolist()
            windows = self._library.windows(part)
            for number, score in zip(part, scores[first : first + step].tolist(), strict=True):
                if number in windows:  # else its clip was replaced since
                    clip, start, stop = windows[number]
                    best.setdefault(clip, (start, stop, score))
            if len(best) >= top:
                break
        chosen = list(best.items())[:top]
        clips = self._library.clips_by_id([clip for clip, _ in chosen])
        return [Hit(clips[clip], *window) for clip, window in chosen if clip in clips]
