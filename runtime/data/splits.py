"""Which clips train, validate and test: by performer where a set names performers, else by action or by file."""

from __future__ import annotations

import hashlib

from .sources import Source

# CMU subjects held out across every CMU pack, about 8 % of the hours each.
CMU_VAL = frozenset({"05", "08", "11", "12", "13", "27", "32", "38", "55"})
CMU_TEST = frozenset({"07", "09", "10", "60", "118", "143"})
HELD_OUT_SHARE = 0.08


def stable_fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on ``text`` alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:6], "big") / 2**48


def split_of(source: Source, performer: str | None, action: str) -> str:
    """Return "train", "val" or "test" for a clip of ``source``. Sets that may not ship are "test"."""
    if not source.ships:
        return "test"
    if source.group == "cmu" and performer:
        return "val" if performer in CMU_VAL else "test" if performer in CMU_TEST else "train"
    if source.val or source.test:
        return "val" if performer in source.val else "test" if performer in source.test else "train"
    place, share = stable_fraction(action), source.held_out or HELD_OUT_SHARE
    return "val" if place < share else "test" if place < 2 * share else "train"
