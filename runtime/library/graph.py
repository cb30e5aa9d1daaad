"""The first pass of a search in more clips than are compared in full: a graph of near neighbours, kept on the disk.

Hierarchical navigable small worlds (Malkov and Yashunin, arXiv 1603.09320) as the package usearch makes them. It is
an optional extra: without it, exact search goes on whatever the size. The graph holds the rows as float16 and their
neighbours, some 660 bytes a row of 256 numbers; a search maps it and reads the few rows it visits. Rows that were
added are added to it by the next who indexes, and compared in full until then.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from runtime.library.records import State
from runtime.library.store import Store

EXACT_ROWS = 1_000_000  # up to here every search is exact
EXTRA = 'pip install "usearch==2.26.6"'
NEIGHBOURS = 16  # of a row in the graph
WIDTH = 128  # rows looked at to find them
SHORTLIST = 1024  # rows compared exactly
ADD_ROWS = 8192  # between two reports


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of the first ``rows`` rows of a generation."""

    index: Any
    rows: int

    def shortlist(self, query: np.ndarray, count: int) -> np.ndarray:
        """Return the row indices (about count,) nearest to ``query`` (dim,)."""
        count = min(count, self.rows)
        self.index.expansion_search = count
        return self.index.search(query.astype(np.float32), count).keys.astype(np.int64)


def available() -> bool:
    """Whether the optional package is installed."""
    return find_spec("usearch") is not None


def load_graph(library: Store, state: State, view: bool = True) -> Graph | None:
    """Return the graph that covers most rows of the generation, None without one; a torn file counts as none.

    ``view``: mapped, to be searched; else in memory, to be grown.
    """
    from usearch.index import Index

    pattern = re.compile(rf"graph-{state.generation:06d}-(\d+)\.usearch$")
    found = [(int(match[1]), path) for path in library.folder.iterdir() if (match := pattern.match(path.name))]
    for rows, path in sorted(found, reverse=True):
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            index = Index.restore(str(path), view=view)
            if index is not None and rows == len(index) <= state.rows and index.ndim == state.dim:
                return Graph(index, rows)
    return None


def grow_graph(library: Store, state: State, report: Callable[[int, int], None]) -> Graph:
    """Add the rows of ``state`` that the kept graph lacks, write it and return it; ``report(done, total)`` counts rows.

    Killing it costs the work of this call, and leaves the graph that was.
    """
    from usearch.index import Index

    kept = load_graph(library, state, view=False)
    index = kept.index if kept else Index(
        ndim=state.dim, metric="ip", dtype="f16", connectivity=NEIGHBOURS, expansion_add=WIDTH
    )  # fmt: skip
    rows, first = library.embeddings(state), kept.rows if kept else 0
    for start in range(first, state.rows, ADD_ROWS):
        part = np.array(rows[start : start + ADD_ROWS])
        index.add(np.arange(start, start + len(part)), part, threads=torch.get_num_threads())
        report(start + len(part), state.rows)
    path = library.folder / f"graph-{state.generation:06d}-{state.rows}.usearch"
    if library.own.write(path, lambda partial: index.save(str(partial))):
        older = f"graph-{state.generation:06d}-"
        library.own.remove(lambda of, name: name.startswith(older) and name != path.name)
    return Graph(index, state.rows)
