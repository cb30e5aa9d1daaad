"""Are the clauses of a sentence found: how many, in which order, and what is done at once?

The sentences and their marks are of a writer whose sentences train nothing. One counts as right where as many things
are done as are marked, in that order, each holding most of the words of its mark and at most half of any other's, and
where of two things at once each is told apart. A second reader who marked 160 such sentences anew agreed in 94 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.captions.marked import Marked, read_marked

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options

MARKED = Path(__file__).with_name("clauses.txt")
KINDS = ("one action", "in a row", "at once")
_WORDS = re.compile(r"[a-z0-9']+")

Told = tuple[str, str]  # what the body does, and what arms do meanwhile, or ""


def kind_of(marked: Marked) -> str:
    """Return which of ``KINDS`` a marked sentence is."""
    if any(mark.arms for mark in marked.marks):
        return KINDS[2]
    return KINDS[1] if len({mark.order for mark in marked.marks}) > 1 else KINDS[0]


def is_right(marked: Marked, found: Sequence[Told]) -> bool:
    """Tell whether ``found``, in order of time, is what is marked."""
    rows: dict[int, dict[bool, list[str]]] = {}
    for mark in marked.marks:
        rows.setdefault(mark.order, {}).setdefault(mark.arms, []).extend(_words(marked.text[mark.begin : mark.end]))
    wanted = [rows[order] for order in sorted(rows)]
    return len(wanted) == len(found) and all(
        _is_told(own, told, [other for other in wanted if other is not own])
        for own, told in zip(wanted, found, strict=True)
    )


def _is_told(own: dict[bool, list[str]], told: Told, others: Sequence[dict[bool, list[str]]]) -> bool:
    body, arms = told
    every = f"{body} {arms}"
    if _share(_all(own), every) < 0.6 or any(_share(_all(other), every) > 0.5 for other in others):
        return False
    if len(own) < 2:
        return not arms
    return _share(own[False], body) >= 0.5 and bool(arms) and _share(own[True], arms) >= 0.5


def _all(own: dict[bool, list[str]]) -> list[str]:
    return [word for part in own.values() for word in part]


def _share(words: Sequence[str], text: str) -> float:
    own = set(_words(text))
    return sum(word in own for word in words) / max(1, len(words))


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())


def right_shares(marked: Sequence[Marked], found: Sequence[Sequence[Told]]) -> dict[str, tuple[int, int]]:
    """Return for all sentences, and those of each kind, how many are right, and of how many."""
    counts = {kind: [0, 0] for kind in ("all", *KINDS)}
    for own, told in zip(marked, found, strict=True):
        for kind in ("all", kind_of(own)):
            counts[kind][0] += is_right(own, told)
            counts[kind][1] += 1
    return {kind: (right, of) for kind, (right, of) in counts.items()}


def table(rows: dict[str, dict[str, tuple[int, int]]]) -> str:
    """Return shares of right sentences as text, a line for each way of reading."""
    lines = [f"{'read by':<18}" + "".join(f"{kind:>20}" for kind in ("all", *KINDS))]
    for name, row in rows.items():
        cells = "".join(f"{f'{right} of {of} = {100 * right / max(of, 1):.0f} %':>20}" for right, of in row.values())
        lines.append(f"{name:<18}{cells}")
    return "\n".join(lines)


def run_clauses(options: Options) -> dict:
    """Read the marked sentences as prompts are read, and by words alone.

    ``options`` is ``benchmarks.Options``. Raises WeightsError without the networks.
    """
    from coamd_blender.wire.clauses import clauses
    from runtime.generate.generator import Generator
    from runtime.generate.multi_action import LONGEST, pairs_of, parted

    generator = Generator.load(options.weights, "cpu")
    marked = read_marked(MARKED)

    def read(sentence: str) -> list[Told]:
        (parts,) = parted(generator, [sentence], LONGEST)
        return [pair[:2] for pair in pairs_of(generator, parts)]

    ways: dict[str, Callable[[str], list[Told]]] = {
        "the weights": read,
        "words alone": lambda sentence: [(clause, "") for clause in clauses(sentence)],
    }
    rows = {name: right_shares(marked, [way(each.text) for each in marked]) for name, way in ways.items()}
    right, of = rows["the weights"]["all"]
    return {"read": rows, "figure": f"{right} of {of} = {100 * right / of:.0f} %", "text": table(rows)}
