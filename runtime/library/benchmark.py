"""How fast and how true the search is in a library of made-up clips: ``python -m runtime.library.benchmark``.

The embeddings are clustered as those of recordings are: a few thousand kinds of motion of very different frequency,
each a cloud, with a spectrum that falls as the square root of the direction's number, and a mean that all share.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from runtime.library import graph
from runtime.library.codes import TEXT_COSINE
from runtime.library.database import FACTS, connect, writing
from runtime.library.records import State
from runtime.library.search import Searcher
from runtime.library.store import Store

BLOCK = 32_768
KINDS = 2000
CLOUD = 0.35  # radius of a kind, as a share of the distance between kinds
NEIGHBOURS = 10


def synthetic_embeddings(rows: int, dim: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield blocks (count, dim) float32 of unit length, ``rows`` in all, up to 32,768 a block."""
    random = np.random.default_rng(seed)
    spectrum = (np.arange(1, dim + 1) ** -0.5).astype(np.float32)
    kinds = random.standard_normal((KINDS, dim)).astype(np.float32) * spectrum
    kinds[:, 0] += 1
    frequency = random.dirichlet(np.full(KINDS, 0.5))
    turn = np.linalg.qr(random.standard_normal((dim, dim)))[0].astype(np.float32)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        cloud = random.standard_normal((count, dim), dtype=np.float32) * (CLOUD * spectrum)
        block = (kinds[random.choice(KINDS, count, p=frequency)] + cloud) @ turn
        yield block / np.linalg.norm(block, axis=1, keepdims=True)


def fill(library: Store, rows: int, dim: int) -> State:
    """Fill an empty library with ``rows`` clips of one window that have embeddings and no joints."""
    state = State(1, "synthetic", dim, rows)
    with open(library.embeddings_path(1), "wb") as file:
        for block in synthetic_embeddings(rows, dim):
            file.write(block.astype("<f2").tobytes())
    _put_clips(library, state)
    return state


def _put_clips(library: Store, state: State) -> None:
    """Give each row of ``state`` a clip of its own, without joints."""
    rows = [(number,) for number in range(state.rows)]
    connection = connect(library.folder / FACTS)
    with contextlib.closing(connection), writing(connection, library.folder):
        connection.executemany(
            "INSERT INTO files SELECT n, '/' || n, 0, 0, '', 'here', '', '', '', 0 FROM (SELECT ? n)", rows
        )
        connection.executemany("INSERT INTO clips SELECT n, n, 'clip', 100, 20, '[]' FROM (SELECT ? n)", rows)
        connection.executemany("INSERT INTO windows SELECT n, n, 0, 100 FROM (SELECT ? n)", rows)
        facts = {"generation": state.generation, "digest": state.digest, "dim": state.dim, "rows": state.rows}
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())


def queries_of(rows: np.ndarray, count: int, seed: int = 1) -> np.ndarray:
    """Return unit queries (count, dim): half of them from unit ``rows`` (n, dim), the others off from a row.

    Those are as far from it as words are from motions.
    """
    random = np.random.default_rng(seed)
    queries = rows[random.choice(len(rows), count, replace=False)].astype(np.float32)
    away = random.standard_normal(queries.shape).astype(np.float32)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    queries[1::2] = (TEXT_COSINE * queries + np.sqrt(1 - TEXT_COSINE**2) * away)[1::2]
    return queries / np.linalg.norm(queries, axis=1, keepdims=True)


def exact_scores(rows: np.ndarray, query: np.ndarray, count: int) -> np.ndarray:
    """Return the largest products (count,) of float16 ``rows`` (n, dim) with ``query`` (dim,), best first.

    By a full scan in float64.
    """
    blocks = [rows[start : start + BLOCK].astype(np.float64) @ query for start in range(0, len(rows), BLOCK)]
    return np.sort(np.concatenate(blocks))[::-1][:count]


def measure(folder: Path, rows: int, dim: int, queries: int = 20, exact_rows: int = graph.EXACT_ROWS) -> dict:
    """Make a library in ``folder`` and search it: {rows, dim, threads, first_pass, prepare_s, median_ms, ...}.

    Times are of the whole search, from the query's vector to the clips' facts, warm. ``recall`` counts how many of
    the ten best windows of the full scan are among the ten clips found.
    """
    with Store.create(folder) as library:
        state = fill(library, rows, dim)
        embeddings = library.embeddings(state)
        searcher = Searcher(library, exact_rows)
        begin = time.perf_counter()
        searcher.prepare()
        prepare_s = time.perf_counter() - begin
        times, hits = [], 0
        for query in queries_of(embeddings, queries):
            searcher.search(query, NEIGHBOURS)  # warm
            begin = time.perf_counter()
            found = searcher.search(query, NEIGHBOURS)
            times.append(1000 * (time.perf_counter() - begin))
            worst = exact_scores(embeddings, query, NEIGHBOURS)[-1] - 1e-5
            hits += sum(hit.score >= worst for hit in found)
        return {
            "rows": rows,
            "dim": dim,
            "threads": torch.get_num_threads(),
            "first_pass": searcher.first_pass,
            "prepare_s": round(prepare_s, 2),
            "median_ms": round(float(np.median(times)), 2),
            "worst_ms": round(max(times), 2),
            "recall": hits / (NEIGHBOURS * queries),
        }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m runtime.library.benchmark", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--exact-rows", type=int, default=graph.EXACT_ROWS, help="past these the kept graph is used")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), args.rows, args.dim, exact_rows=args.exact_rows)))


if __name__ == "__main__":
    main()
