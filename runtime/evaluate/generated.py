"""Motions made by the generator for a benchmark, kept on disk so that scoring them again costs nothing."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from runtime.config import SamplingConfig
from runtime.generate import multi_action

ROOT = Path(__file__).parents[2]

if TYPE_CHECKING:
    from runtime.generate.generator import Generator

BATCH = 16
DRAWN_BY = ("coamd_blender/motion", "runtime/cleanup", "runtime/edit", "runtime/generate", "runtime/model")


@dataclass(frozen=True)
class Order:
    """One motion asked for: its prompt, its length in frames, and its seed."""

    prompt: str
    frames: int
    seed: int


@dataclass(frozen=True)
class Guide:
    """How generation is guided: a name that tells it from other guides, and ``of(prompts)``, which gives the
    ``runtime.generate.guidance.Guidance`` of one batch of prompts."""

    name: str
    of: Callable[[list[str]], object]


@cache
def drawing_code(root: Path = ROOT) -> str:
    """Return a digest of the code below ``root`` that turns orders into motions: that of the rooms of ``DRAWN_BY``."""
    digest = hashlib.sha256()
    for file in sorted(file for room in DRAWN_BY for file in (root / room).rglob("*.py")):
        digest.update(f"{file.relative_to(root).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def cache_file(folder: Path, digest: str, orders: list[Order], cfg: float | None, guide: Guide | None) -> Path:
    """Return the file below ``folder`` that holds what these weights and today's code make of these orders."""
    key = [digest, drawing_code(), [asdict(order) for order in orders], cfg]
    key += [asdict(SamplingConfig()), multi_action.SETTINGS]
    if guide is not None:
        key.append(guide.name)
    return Path(folder) / f"{digest[:12]}-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.npz"


def stored_motions(file: Path, make: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
    """Return motions (frames, 22, 3), metres, read back from ``file``, or ``make`` them and write it in one step."""
    if file.is_file():
        stored = np.load(file)
        return np.split(stored["joints"], np.cumsum(stored["frames"])[:-1])
    begin = time.perf_counter()
    motions = [np.asarray(joints, dtype=np.float32) for joints in make()]
    seconds = time.perf_counter() - begin
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, joints=np.concatenate(motions), frames=[len(joints) for joints in motions], seconds=seconds)
    partial.replace(file)
    return motions


def seconds_of(file: Path) -> float:
    """Return how long the motions in ``file`` took to make, in seconds, loading of the networks included."""
    return float(np.load(file)["seconds"])


def produce(
    generator: Generator | Callable[[], Generator],
    orders: list[Order],
    digest: str,
    folder: Path,
    cfg: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    guide: Guide | None = None,
) -> list[np.ndarray]:
    """Generate every order, or read them back if the same weights have made them before.

    ``generator`` may be a function that loads one, called only when needed. Orders of one length go through it in
    batches. Returns a list of joints (frames, 22, 3) float32, metres, in order.
    """

    def make() -> list[np.ndarray]:
        maker = generator() if callable(generator) else generator
        results: dict[int, np.ndarray] = {}
        for frames in sorted({order.frames for order in orders}):
            members = [index for index, order in enumerate(orders) if order.frames == frames]
            for first in range(0, len(members), BATCH):
                rows = members[first : first + BATCH]
                prompts, seeds = [orders[row].prompt for row in rows], [orders[row].seed for row in rows]
                guided = {} if guide is None else {"guidance": guide.of(prompts)}
                results.update(zip(rows, maker.generate(prompts, frames, seeds, cfg=cfg, **guided), strict=True))
                if progress:
                    progress(len(results), len(orders))
        return [results[index] for index in range(len(orders))]

    return stored_motions(cache_file(folder, digest, orders, cfg, guide), make)
