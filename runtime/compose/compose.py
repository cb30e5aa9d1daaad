"""Training items: clips by their labels, segments in the words of those who watched them, and authored actions.

:func:`build_pool` draws a kind and a family by its share, then samples, and builds one item from a random stream
of its own, so that a pool is a pure function of its inputs and seed. Every caption is measured on the joints
it is paired with, or is told of what they still show.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, JOINT_INDEX, MAX_FRAMES
from runtime.captions import describe
from runtime.compose import splice
from runtime.compose.authored_items import Authors, authored_item, authored_sample
from runtime.compose.builders import HELD_OUT_PAIRS, PoolItem, layered_item, padded_item, single_item
from runtime.compose.clip_pool import Bank, MissingFamily, Sample
from runtime.compose.segment_items import (
    Scenes,
    again_item,
    finished,
    joined,
    neighbours_item,
    sample_of,
    segment_item,
    told_of,
)
from runtime.compose.sequences import SEQUENCED, piece_of, seam, sequence_item

__all__ = ["HELD_OUT_PAIRS", "PoolItem", "build_pool"]

_HELD_OUT = frozenset(HELD_OUT_PAIRS)
# What items are made of: clips by their labels (gaits, events and postures, measured), recorded segments, authored
# actions. Without the first, what is learnt from the others drives out the gaits.
_SHARES = {"labelled": 0.45, "segmented": 0.35, "authored": 0.2}
_KINDS = {
    "labelled": {"single": 0.39, "padded": 0.23, "sequence": 0.3, "layered": 0.08},
    "segmented": {"segment": 0.56, "again": 0.08, "neighbours": 0.16, "spliced": 0.2},
    "authored": {"authored": 0.75, "authored_spliced": 0.25},
}
_LAYERS = ("wave", "raise")
_JOINED_WORDS = 14  # of each phrase of a spliced sequence, at most
_WRISTS = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
_SHOULDERS = [JOINT_INDEX["left_shoulder"], JOINT_INDEX["right_shoulder"]]


@dataclass(frozen=True)
class Makers:
    """What items are made of: clips by their labels, segments, and authored actions (None outside of training)."""

    bank: Bank
    scenes: Scenes
    authors: Authors | None

    @property
    def shares(self) -> dict[str, float]:
        """The shares of what is there."""
        there = {"labelled": True, "segmented": bool(self.scenes.segments), "authored": self.authors is not None}
        return {name: share for name, share in _SHARES.items() if there[name]}


# --- sequences of whatever there is -------------------------------------------------------------------------------


def spliced_item(makers: Makers, first: Callable, rng: np.random.Generator) -> PoolItem | None:
    """Join a piece that ``first`` draws to another one, in either order, where their poses meet best of five pairs."""
    best, least = None, 0.33
    for _ in range(5):
        pieces = [first(makers, rng), _any_piece(makers, rng)]
        if any(piece is None for piece in pieces):
            continue
        one, two = pieces if rng.random() < 0.5 else pieces[::-1]
        pair = (one.spoken.family, two.spoken.family)
        if pair in _HELD_OUT:
            continue
        head, tail, cost = seam(one, two)
        if cost < least and len(head) + len(tail) <= MAX_FRAMES:
            best, least = (one, two, head, tail, pair), cost
            if cost < 0.15:
                break
    return None if best is None else _spliced(*best, rng)


def _spliced(
    one: Sample, two: Sample, head: np.ndarray, tail: np.ndarray, pair: tuple[str, str], rng: np.random.Generator
) -> PoolItem | None:
    heads = one if len(head) == len(one.joints) or one.core else one.respoken(head, False)
    tails = two if two.core else two.respoken(tail, False)
    if heads is None or tails is None or (heads.spoken.family, tails.spoken.family) != pair:
        return None
    words = [
        [text for text in sample.spoken.phrases if len(text.split()) <= _JOINED_WORDS] for sample in (heads, tails)
    ]
    if not all(words):
        return None
    tolds = [told_of(joined([texts[rng.integers(len(texts))] for texts in words], rng)) for _ in range(6)]
    return finished(splice.join(head, tail, 10), tolds, pair[int(rng.integers(2))], "sequence", rng, pair)


def _segment_piece(makers: Makers, rng: np.random.Generator) -> Sample | None:
    return sample_of(makers.scenes.segments[makers.scenes.draw(rng)])


def _authored_piece(makers: Makers, rng: np.random.Generator) -> Sample | None:
    return authored_sample(makers.authors, rng)


def _any_piece(makers: Makers, rng: np.random.Generator) -> Sample | None:
    name = _drawn(makers.shares, rng)
    if name == "labelled":
        return piece_of(makers.bank, rng, makers.bank.draw_family(rng, SEQUENCED))
    return _segment_piece(makers, rng) if name == "segmented" else _authored_piece(makers, rng)


# --- the pool -----------------------------------------------------------------------------------------------------


def _drawn(odds: dict[str, float], rng: np.random.Generator) -> str:
    names, values = list(odds), np.array(list(odds.values()))
    return names[rng.choice(len(names), p=values / values.sum())]


def _plan(makers: Makers, rng: np.random.Generator) -> tuple[str, str]:
    """Draw what kind of item to build and of which family ("" where the builder draws its own)."""
    kind = _drawn(_KINDS[_drawn(makers.shares, rng)], rng)
    if kind == "layered":
        layers = [name for name in _LAYERS if name in makers.bank.families]
        return (kind, layers[int(rng.random() < 0.25) % len(layers)]) if layers else ("single", "walk")
    return kind, makers.bank.draw_family(rng) if kind in ("single", "padded") else ""


def _build(makers: Makers, kind: str, family: str, rng: np.random.Generator) -> PoolItem | None:
    bank, scenes = makers.bank, makers.scenes
    of_segments = {"segment": segment_item, "again": again_item, "neighbours": neighbours_item}
    of_labels = {"single": single_item, "padded": padded_item, "layered": layered_item}
    if kind in of_segments:
        return of_segments[kind](scenes, bank, rng)
    if kind in of_labels:
        return of_labels[kind](bank, rng, family)
    if kind in ("spliced", "authored_spliced"):
        return spliced_item(makers, _segment_piece if kind == "spliced" else _authored_piece, rng)
    return sequence_item(bank, rng) if kind == "sequence" else authored_item(makers.authors, bank, rng)


def _item(makers: Makers, seed: int, index: int) -> PoolItem | None:
    """Build item ``index``: the planned kind if it can be built in 40 tries, else the family as it is."""
    plan = np.random.default_rng([seed, index])
    for _ in range(8):
        kind, family = _plan(makers, plan)
        for attempt in range(40):
            if attempt == 25 and kind in ("padded", "layered"):
                kind = "single"
            rng = np.random.default_rng([seed, index, attempt, plan.integers(1 << 30)])
            try:
                item = _build(makers, kind, family, rng)
            except MissingFamily:  # a subset of the data: plan another item
                break
            if item is not None:
                return replace(item, weight=draw_weight(item))
    return None


def build_pool(
    clips: Sequence[dict], motions: np.ndarray, seed: int, size: int, split: str, workers: int = 1
) -> Iterator[PoolItem]:
    """Yield ``size`` training items of ``split`` from prepared ``clips`` and their ``motions`` (frames, 22, 3), metres.

    Only clips that may train shipped weights are used, and authored actions for training alone. Same arguments, same
    items, whatever the number of ``workers`` (processes, where the system can fork). Raises DataError when the split
    holds nothing that can be captioned.
    """
    own = [clip for clip in clips if clip["split"] == split and clip["ships"]]
    scenes = Scenes(own, motions)
    makers = Makers(Bank(own, motions), scenes, Authors(scenes.segments) if split == "train" else None)
    for item in _built(makers, seed, size, workers):
        if item is None:
            raise DataError("No training item could be built", "Check that the data holds several kinds of motion")
        yield item


def _built(makers: Makers, seed: int, size: int, workers: int) -> Iterator[PoolItem | None]:
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from (_item(makers, seed, index) for index in range(size))
        return
    _forked.append((makers, seed))
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            yield from pool.imap(_forked_item, range(size), chunksize=32)
    finally:
        _forked.clear()


_forked: list[tuple[Makers, int]] = []  # what the processes of a pool find in the memory they were forked with


def _forked_item(index: int) -> PoolItem | None:
    makers, seed = _forked[0]
    return _item(makers, seed, index)


def draw_weight(item: PoolItem) -> float:
    """Return how often an item is drawn in training, against 1 for most.

    Punches struck hard are drawn four times as often, feeble ones a third and those from a low stance as often as any,
    kicks 1.5 times, and walks in a hurry 2.5 times. Most recorded punches are shadow boxing and most recorded walks are
    strolls; a model of them all does only that.
    """
    if "punch" in item.parts:
        if item.parts == ("punch",) and describe.low_stance(item.joints):
            return 1.0
        reach = np.linalg.norm(item.joints[:, _WRISTS] - item.joints[:, _SHOULDERS], axis=-1)
        fastest = float(np.gradient(reach, axis=0).max()) * FPS
        return 4.0 if fastest > 2.0 else 0.3 if fastest < 1.4 else 1.0
    if item.parts == ("walk",) and describe.travel(item.joints).speed > 1.4:
        return 2.5
    return 1.5 if item.parts == ("kick",) else 1.0
