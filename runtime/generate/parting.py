"""Which actions in a row a sentence tells, where the classifier of the examples knows more than words that part do.

``clauses`` (coamd_blender/wire/clauses.py) parts a sentence at "then" and the like. Here one action told move by move
becomes whole again, an aside ("Boot the door in. It has it coming") is left out, and a sentence is parted at an "and"
or a comma too, where surely one side tells of a way to go and the other of something else that the whole body does
("crosses to the armchair and sinks into it").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch

from runtime.generate.examples import Examples, Likeliest
from runtime.grammar.views import acts

MOST_PLACES = 4  # in a clause where it may be parted
SURELY, NEAR = 0.9, 0.7  # probability and cosine from which on half a clause, or what may be an aside, is an action
_PLACE = re.compile(r"\s*,\s+(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_STOP = (".", ";", "!", "?")
_OF_NOBODY = frozenset(("it", "this", "that", "there", "nobody", "no"))  # what asides with a verb begin with

Judge = Callable[[list[str]], list[Likeliest]]


def judge_of(examples: Examples, vectors_of: Callable[[list[str]], torch.Tensor]) -> Judge:
    """Return what tells the likeliest class of each of some sentences; ``vectors_of`` makes their unit vectors."""
    return lambda texts: examples.likeliest(vectors_of(texts)) if texts else []


def refined(prompts: Sequence[str], parts: Sequence[list[str]], most: int, examples: Examples, judge: Judge) -> list:
    """Return the clauses (``parts``) of each of ``prompts`` as the ``examples`` know them, at most ``most`` of each."""
    texts = dict.fromkeys(text for row in zip(prompts, parts, strict=True) for text in (row[0], *row[1]))
    halves = dict.fromkeys(half for own in parts for clause in own for pair in _possible(clause) for half in pair)
    told = list(dict.fromkeys([*texts, *halves]))
    judged = dict(zip(told, judge(told), strict=True))
    found = []
    for prompt, own in zip(prompts, parts, strict=True):
        if len(own) > 1 and examples.is_one(judged[prompt], [judged[clause] for clause in own]):
            found.append([prompt])
            continue
        kept = _without_asides(prompt, own, judged)
        for clause in list(kept):
            place = kept.index(clause)
            longer = [*kept[:place], *_in_a_row(clause, examples, judged), *kept[place + 1 :]]
            kept = longer if len(longer) <= most else kept
        found.append(kept)
    return found


def left_out(clauses: Sequence[str], parts: Sequence[str]) -> list[str]:
    """Return which ``clauses`` of a prompt are in none of the ``parts`` that it is drawn by."""
    return [clause for clause in clauses if not any(part in clause or clause in part for part in parts)]


def _without_asides(prompt: str, clauses: list[str], judged: dict[str, Likeliest]) -> list[str]:
    """Return the clauses of ``prompt`` without sentences of their own, behind the first, that neither tell of something
    sure nor say that he or she does something."""
    kept, place = clauses[:1], len(clauses[0]) if clauses else 0
    for clause in clauses[1:]:
        begins = prompt.find(clause, place)
        own_sentence = begins > 0 and prompt[:begins].rstrip().endswith(_STOP)
        place = max(begins, place)
        if not own_sentence or _is_sure(judged[clause]) or _acts(clause):
            kept.append(clause)
    return kept


def _acts(clause: str) -> bool:
    return acts(clause) and clause.split()[0].lower() not in _OF_NOBODY


def _in_a_row(clause: str, examples: Examples, judged: dict[str, Likeliest]) -> list[str]:
    """Return a way to go and another action of the whole body that a clause surely tells one after the other, or all
    of it."""
    arms, gaits = set(examples.config.arms), set(examples.config.gaits)
    found = [
        (min(first.chance, last.chance), list(pair))
        for pair in _possible(clause)
        if _is_sure(first := judged[pair[0]])
        and _is_sure(last := judged[pair[1]])
        and len({first.number, last.number} & gaits) == 1
        and first.number != last.number
        and not {first.number, last.number} & arms
        and judged[clause].number in (first.number, last.number)
    ]
    return max(found)[1] if found else [clause]


def _possible(clause: str) -> list[tuple[str, str]]:
    """Return a clause parted at each "and" and comma behind which something is done."""
    places = list(_PLACE.finditer(clause))[:MOST_PLACES]
    pairs = [(clause[: place.start()].strip(" ,"), clause[place.end() :].strip(" ,")) for place in places]
    return [(first, last) for first, last in pairs if first and acts(last) and not _is_manner(first, last)]


def _is_manner(first: str, last: str) -> bool:
    """Tell whether the last half says how the first is done: "sneaks along, crouching"."""
    return last.split()[0].lower().endswith("ing") and not first.split()[0].lower().endswith("ing")


def _is_sure(one: Likeliest) -> bool:
    return one.chance >= SURELY and one.near >= NEAR
