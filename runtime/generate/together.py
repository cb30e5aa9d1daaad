"""Two things at once: "she walks while talking on the phone" is a walk, and a phone held to the ear over it.

The networks, asked for both, mostly do one. So such a sentence is taken apart where two halves surely tell of one thing
that arms do and of one that leaves them free, as the classifier of the examples judges them. Each half is drawn alone,
and the arms are laid over the body (overlay.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import torch

from runtime.generate.examples import SURE, Examples, Likeliest
from runtime.grammar.inflection import base_form
from runtime.grammar.sentences import verbs
from runtime.grammar.wording import bare

NEAR = 0.6  # cosine of what the arms do to the nearest sentence of an action, where that has examples
MOST_PLACES = 8  # in a sentence where it may be taken apart

# Words that say that both are done at once, and words where a sentence may part.
_AT_ONCE = re.compile(
    r",?\s*\b(?:(?:both )?at (?:the same time|once)|simultaneously|all the while|meanwhile|the (?:whole|entire) time)\b"
    r",?\s*",
    re.IGNORECASE,
)
_FIRST = re.compile(r"(?:while|whilst|as)\s+(?P<one>[^,]+),\s*(?P<other>.+)", re.IGNORECASE)
_PART = re.compile(
    r"\s*,\s*(?:and\s+)?|\s+(?:while|whilst|as(?=\s+(?:he|she|they|it|you)\b)|with|and|but)\s+|\s+(?=\w+ing\b)",
    re.IGNORECASE,
)
# Verbs of what legs do, from their stems. Without one a half tells of no body that moves, whatever it is near to.
_STEMS = (
    "walk|stroll|strid|strod|pac|wander|march|step|run|ran|jog|sprint|dash|hurr(?:y|i)|rush|sneak|snuck|creep|crept|tip-?toe"
    "|limp|skip|hop|jump|leap|leapt|bounc|sit|seat|sat|kneel|knelt|crouch|squat|spin|spun|twirl|climb|shuffl|side-?step"
    "|trudg|strut|ambl|saunter|stagger|stumbl|reel|waddl|danc|lung|hobbl|prowl|stalk|plod|parad|perch|loung|wad|gallop|skat"
    "|trot|lumber|stomp|tread|balanc|hik|patrol|loiter|ascend|descend|scurr(?:y|i)|scamper|slink|slunk"
)
_WAYS = r"(?:(?:for|back)wards?|sideways|ahead|along|away|off|past|across)"
_LEGS = re.compile(
    rf"\b(?:{_STEMS})(?:s|es|ed|e|l?ing|l?ed|ning|ping|ped|ting|ted)?\b"
    rf"|\b(?:mov|go|com|head|back)(?:e?s|e|ing|ed)?\s+(?:\w+ly\s+)?{_WAYS}\b"
    r"|\b(?:go|head|com)(?:e?s|e|ing)?\s+(?:up|down)\s+(?:the|a|some|to)\b|\bstand(?:s|ing)? on one\b"
    r"|\b(?:turn|revolv|rotat)(?:s|es|e|ing|ed)?\s+(?:\w+ly\s+)?(?:a?round|in (?:place|circles?|a circle)|on the spot)"
    r"\b"
    r"|\b(?:(?:drop|go|get)(?:s|es|ping|ting|ing)?\s+)?(?:down )?(?:on|to|onto) (?:one|both|his|her|their) knees?\b",
    re.IGNORECASE,
)
_IS = ("is", "are", "was", "were")
_UNFINISHED = re.compile(r"\b(?:an?|the|of|to|with|as|and|or|from|for|his|her|their|its|your|my)$", re.IGNORECASE)
_PARTS = re.compile(
    r"\b(?:arms?|hands?|palms?|fists?|fingers?|thumbs?|elbows?|wrists?|forearms?|shoulders?|head|face|chin|gaze|eyes)\b",
    re.IGNORECASE,
)


# Actions of arms that are kept up as long as the body goes on: a phone stays at the ear, a cup does not at the mouth.
KEPT_UP = (
    "phone_to_ear", "cross_arms", "hands_on_hips", "arms_up", "hands_behind_back", "hands_behind_head", "point_forward",
    "point_side", "point_up", "point_down", "salute", "stop_hand", "stop_hands", "raise_hand", "surrender",
    "cover_ears", "cover_face", "hug_self", "pray", "carry_box", "look_through_binoculars", "look_up", "look_down",
    "facepalm",
)  # fmt: skip


class Pair(NamedTuple):
    """What a sentence says that the body does, and what arms, trunk and head do meanwhile, "" where that is nothing;
    ``kept_up``: as long as the body goes on."""

    body: str
    arms: str = ""
    kept_up: bool = False


def pairs_of(
    sentences: Sequence[str],
    examples: Examples,
    vectors_of: Callable[[list[str]], torch.Tensor],
    read: Sequence[tuple[str, str]] = (),
) -> list[Pair]:
    """Return each sentence taken apart; all of it as its body where it tells of one thing, or cannot be taken apart.

    ``vectors_of`` makes the unit vectors (n, dim) of texts, by their bare wordings; ``read`` says for each sentence
    what body and arms do where somebody has read that in it, twice "" elsewhere.
    """
    read = read or [("", "")] * len(sentences)
    pairs = [
        possible(sentence, *halves) if examples.config.arms else []
        for sentence, halves in zip(sentences, read, strict=True)
    ]
    texts = {bare(half) for own in pairs for pair in own for half in pair[:2]}
    texts |= {bare(sentence) for sentence, own in zip(sentences, pairs, strict=True) if own}
    if not texts:
        return [Pair(sentence) for sentence in sentences]
    judged = dict(zip(sorted(texts), examples.likeliest(vectors_of(sorted(texts))), strict=True))
    return [_parted(sentence, own, examples, judged) for sentence, own in zip(sentences, pairs, strict=True)]


def possible(sentence: str, body: str = "", arms: str = "") -> list[Pair]:
    """Return what body and arms may do by ``sentence``, for every place where it may part: it need not mean that.

    What the ``body`` and the ``arms`` do, where that has been read in it, is one more of these.
    A body's half begins at the verb: who does it says less of what is done than it misleads.
    """
    said = _AT_ONCE.sub(" ", sentence).strip(" ,.!")
    first = _FIRST.match(said)
    found = [(first["one"], first["other"])] if first else []
    found += [(said[: place.start()], said[place.end() :]) for place in list(_PART.finditer(said))[:MOST_PLACES]]
    read = [Pair(body, arms)] if body and arms else []
    return read + [
        Pair(one[legs.start() :].strip(" ,"), other.strip(" ,"))
        for halves in found
        for one, other in (halves, halves[::-1])
        if (legs := _LEGS.search(one)) and not _UNFINISHED.search(one.strip(" ,")) and _is_done(other)
    ]


def _is_done(half: str) -> bool:
    """Tell whether half a sentence says more than who or what: a part of the upper body, or a verb."""
    words = [word.strip(",.;'").lower() for word in half.split()]
    acts = any(word.endswith("ing") or (word in _verbs() and word not in _IS) for word in words)
    acts |= any(re.fullmatch(r"\w{2,}[^s]s", word) for word in words[:3][: len(words) - 1])  # "he sips coffee"
    return acts or _PARTS.search(half) is not None


@cache
def _verbs() -> frozenset[str]:
    """Return the verbs that sentences are searched for, in the third person and as infinitives."""
    return verbs() | {base_form(verb) for verb in verbs()}


def surest(pairs: list[Pair], examples: Examples, judged: dict[str, Likeliest]) -> tuple[Pair, int] | None:
    """Return which of ``pairs`` is surely one of a body and of arms, the surest, and the class of what the arms do.

    ``judged`` holds the class of every half's bare wording. None where none is sure.
    """
    config = examples.config
    found = [
        (body.leave_arms * arms.by_arms, pair, arms.number)
        for pair in pairs
        if (body := judged[bare(pair.body)]).number in config.bodies
        and (arms := judged[bare(pair.arms)]).number in config.arms
        and min(body.leave_arms, arms.by_arms) >= SURE
        and (arms.near >= NEAR or arms.number >= len(config.actions))
    ]
    return max(found, key=lambda row: row[0])[1:] if found else None


def _parted(sentence: str, pairs: list[Pair], examples: Examples, judged: dict[str, Likeliest]) -> Pair:
    found = surest(pairs, examples, judged)
    if found is None:
        return Pair(sentence)
    pair, arms = found
    whole, config = judged[bare(sentence)], examples.config
    if whole.chance >= SURE and (whole.number, arms) in config.compounds:
        return Pair(sentence)
    return pair._replace(kept_up=arms < len(config.actions) and config.actions[arms] in KEPT_UP)
