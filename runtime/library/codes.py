"""The compressed first pass of a search: every row as a few dozen whole numbers, scanned in full for each query.

A row's code is its part along the principal directions of the library, one byte a direction on the disk:
``code = round((row - mean) @ directions / step)``, with a step a direction that spans 4.5 standard deviations. A
query's product with a row is then ``query @ mean + (query @ directions * step) @ code``, up to what the other
directions hold. The rows with the largest products go on to the exact second pass (search.py). In memory the codes
are float32: a product of a float32 matrix and a vector runs at the speed of the memory on every processor, which no
public product of whole numbers, bfloat16 or float16 with a vector does (measured on AVX2 and AVX-512).

How many directions are needed depends on the library, so it is measured and not assumed: the narrowest code is kept
whose shortlist holds at least RECALL of the ten best rows of the trial queries (half of them rows, half of them rows
moved away as far as words are from motions). The files can be made again at any time; a library too small to need
them has none.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from runtime.library.records import State
from runtime.library.store import Store

SHORTLIST = 4096
RECALL = 0.995
WIDTHS = (64, 128, 256, 512)  # and the dimension of the embeddings
SAMPLE_ROWS = 32_768
CHUNK_ROWS = 32_768
TRIAL_QUERIES = 64
NEIGHBOURS = 10
TEXT_COSINE = 0.6  # of a trial query to the row it was made from
SPAN = 4.5  # standard deviations on each side


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes of the first ``rows`` rows of a generation: whole numbers, float32 (rows, width), and how queries turn."""

    codes: torch.Tensor
    mean: np.ndarray  # (dim,) float32
    directions: np.ndarray  # (dim, width) float32, each column times its step
    recall: float  # measured on the trial queries

    @property
    def rows(self) -> int:
        return len(self.codes)

    def shortlist(self, query: np.ndarray, count: int) -> np.ndarray:
        """Return the row indices (count,) with the largest approximate products with ``query`` (dim,)."""
        turned = torch.from_numpy(query.astype(np.float32) @ self.directions)
        return torch.topk(self.codes @ turned, min(count, self.rows), sorted=False).indices.numpy()


def load_codes(library: Store, state: State) -> Codes | None:
    """Return the codes that cover most rows of the generation, or None. A torn file counts as none."""
    pattern = re.compile(rf"codes-{state.generation:06d}-(\d+)\.npy$")
    found = [(int(match[1]), path) for path in library.folder.iterdir() if (match := pattern.match(path.name))]
    for rows, path in sorted(found, reverse=True):
        with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            if rows <= state.rows and (codes := _load(path, rows, state.dim)) is not None:
                return codes
    return None


def _load(path: Path, rows: int, dim: int) -> Codes | None:
    """Return the codes of ``rows`` rows in ``path``, None when they are others; nothing is read before it fits."""
    codes = np.load(path, mmap_mode="r")
    turn_path = path.with_name(path.stem + "-turn.npz")
    with zipfile.ZipFile(turn_path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > 8 * dim * (dim + 2) + 4096:
            return None
    with np.load(turn_path) as turn:
        mean, directions, recall = turn["mean"], turn["directions"], float(turn["recall"])
    fits = codes.ndim == 2 and codes.dtype == np.int8 and len(codes) == rows and 0 < codes.shape[1] <= dim
    if not fits or mean.shape != (dim,) or directions.shape != (dim, codes.shape[1]):
        return None
    return Codes(torch.from_numpy(np.array(codes)).float(), mean, directions, recall)


def make_codes(library: Store, state: State) -> Codes:
    """Make the codes of all rows of ``state``, write them beside the embeddings and return them."""
    rows = library.embeddings(state)
    made = fit_codes(rows)
    stem = f"codes-{state.generation:06d}-{state.rows}"
    turn = {"mean": made.mean, "directions": made.directions, "recall": made.recall}
    codes = made.codes.to(torch.int8).numpy()
    if library.own.write(library.folder / f"{stem}-turn.npz", lambda path: np.savez(path, **turn)):
        library.own.write(library.folder / f"{stem}.npy", lambda path: np.save(path, codes))
    if not library.read_only:
        older = f"codes-{state.generation:06d}-"
        library.own.remove(lambda of, name: name.startswith(older) and not name.startswith(stem))
    return made


def fit_codes(rows: np.ndarray) -> Codes:
    """Choose directions, steps and width for ``rows`` (count, dim) of unit length and code them all."""
    mean, directions, spread = _principal(_floats(rows[:: -(-len(rows) // SAMPLE_ROWS)]))
    queries = _trial_queries(rows)
    best = _exact_neighbours(rows, queries)
    dim = rows.shape[1]
    widths = [*(width for width in WIDTHS if width < dim), dim]
    for width in widths:
        steps = (SPAN * spread[:width] / 127).astype(np.float32)
        made = _code(rows, mean, directions[:, :width], steps)
        count = min(SHORTLIST, len(rows) // 8)
        hits = [np.isin(near, made.shortlist(query, count)).mean() for query, near in zip(queries, best, strict=True)]
        recall = float(np.mean(hits))
        if recall >= RECALL or width == widths[-1]:
            return Codes(made.codes, made.mean, made.directions, recall)
    raise AssertionError("the last width always returns")


def _principal(sample: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (dim,), principal directions (dim, dim) by falling spread, and the standard deviation along each."""
    mean = sample.mean(axis=0)
    centred = sample - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(sample))
    return mean, np.ascontiguousarray(vectors[:, ::-1]), np.sqrt(np.maximum(values[::-1], 1e-12))


def _code(rows: np.ndarray, mean: np.ndarray, directions: np.ndarray, steps: np.ndarray) -> Codes:
    scaled = directions / steps
    codes = np.empty((len(rows), len(steps)), np.float32)
    for start in range(0, len(rows), CHUNK_ROWS):
        part = (_floats(rows[start : start + CHUNK_ROWS]) - mean) @ scaled
        codes[start : start + CHUNK_ROWS] = np.clip(np.rint(part), -127, 127)
    return Codes(torch.from_numpy(codes), mean, (directions * steps).astype(np.float32), 0.0)


def _trial_queries(rows: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(0)
    queries = _floats(rows[np.sort(random.choice(len(rows), min(TRIAL_QUERIES, len(rows)), replace=False))])
    away = random.standard_normal(queries.shape).astype(np.float32)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    moved = TEXT_COSINE * queries + np.sqrt(1 - TEXT_COSINE**2) * away
    return np.where(np.arange(len(queries))[:, None] % 2, moved / np.linalg.norm(moved, axis=1, keepdims=True), queries)


def _exact_neighbours(rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the numbers of the NEIGHBOURS rows with the largest products: (queries, NEIGHBOURS)."""
    scores, numbers = torch.zeros(len(queries), 0), torch.zeros(len(queries), 0, dtype=torch.int64)
    wanted = torch.from_numpy(queries)
    for start in range(0, len(rows), CHUNK_ROWS):
        part = wanted @ torch.from_numpy(_floats(rows[start : start + CHUNK_ROWS])).T
        scores = torch.cat([scores, part], dim=1)
        numbers = torch.cat([numbers, torch.arange(start, start + part.shape[1]).expand(len(queries), -1)], dim=1)
        scores, places = torch.topk(scores, NEIGHBOURS, dim=1)
        numbers = numbers.gather(1, places)
    return numbers.numpy()


def _floats(rows: np.ndarray) -> np.ndarray:
    """float16 rows as float32, by torch, whose conversion is vectorised."""
    return torch.from_numpy(np.array(rows)).float().numpy()
