"""Which clauses a sentence tells, as a trained tagger of its words reads it (model/clause_tagger.py).

Where weights have none, words alone part sentences (coamd_blender/wire/clauses.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from coamd_blender.wire.clauses import clauses
from runtime import checkpoint
from runtime.config import ClauseTaggerConfig
from runtime.generate.asked import told_by
from runtime.generate.examples import Likeliest
from runtime.grammar.views import names_body
from runtime.model.clause_tagger import RELATIONS, ClauseTagger, Span, in_order, spans_of
from runtime.model.text_encoder import TextEncoder

FILE = "clauses.safetensors"
# How likely something must begin at a span for it to be another clause; behind words that say so; where both surely
# tell of other actions, which needs so much probability and cosine of each.
LIKELY, LIKELY_BEHIND, LIKELY_OTHER = 0.85, 0.6, 0.3
EVEN = 0.5  # probability under which each of two neighbouring words is unlikely to begin a clause
SURELY, NEAR = 0.8, 0.7
NEVER = 2.0  # no probability
MOST_READ = 512  # sentences whose clauses are remembered
_SAYS_SO = re.compile(
    r"\b(?:then|after|afterwards|before|next|finally|followed|once|having|first|second|last|into)\b|[→>+/]",
    re.IGNORECASE,
)
_LINK = re.compile(r"[\s,;]*\b(?:and|then)?[\s,;]*$", re.IGNORECASE)  # that a span ends in

_BENDS = re.compile(
    r"\b(?:turn|bear|veer|curv|bend|swing|swerv|hook|bank|arc|hang|corner|go|take|round|cut|drift|wheel|peel)"
    r"(?:s|es|e|ed|ing|ning)?\b",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(
    r"\b(?:then|next|finally|until|till|before(?! (?:that|this|which|it)\b))\b[^.;!?]*$", re.IGNORECASE
)
_UNLESS = re.compile(r"\b(?:not|never|but|yet)\b|n't\b", re.IGNORECASE)  # "not before he has bowed"
_RECALLS = re.compile(r"\b(?:after|once|having)\s+$", re.IGNORECASE)
_WHO = re.compile(  # right before what is done
    r"(?:^|[,.;:!?]\s|\b(?:and|then|but|first|after|before|once|while|as)\s)(?P<who>(?:[\w'-]+ ){1,4})$", re.IGNORECASE
)
_STOP = re.compile(r"(?<!\b(?:Mr|Ms|Dr|St))[.;!?]\s+(?=\S)")

Judge = Callable[[list[str]], list[Likeliest]]


@dataclass(frozen=True)
class Clause:
    """Something that is done: ``text`` of it as it stands in the sentence; where arms do something else meanwhile, what
    the ``body`` does and what the ``arms`` do."""

    text: str
    body: str = ""
    arms: str = ""


@dataclass
class ClauseReader:
    """Reads sentences with a tagger and the text encoder that it was trained on, and remembers the last ones."""

    tagger: ClauseTagger
    encoder: TextEncoder
    _spans: dict[str, list[Span]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def beside(cls, folder: Path, encoder: object) -> ClauseReader | None:
        """Load the tagger of a weights folder; None where it has none, or is of another encoder than ``encoder``.

        Raises WeightsError for a torn file.
        """
        path = Path(folder) / FILE
        if not path.is_file() or not isinstance(encoder, TextEncoder):
            return None
        tagger = checkpoint.network(path, "clauses", ClauseTaggerConfig, ClauseTagger, "clause tagger")
        return cls(tagger.eval().requires_grad_(False), encoder)

    def read(
        self, sentences: Sequence[str], judge: Judge | None = None, paths: Collection[int] = ()
    ) -> list[list[Clause]]:
        """Return the clauses of each sentence in the order in which they are done; itself where it tells one thing.

        ``judge`` tells the likeliest class of each of some texts: what tells of the same one is not parted, nor is a
        way that bends to a side; ``paths`` are the numbers of the classes that go along one.
        """
        new = list(dict.fromkeys(sentence for sentence in sentences if sentence not in self._spans))
        if len(self._spans) + len(new) > MOST_READ:
            self._spans, new = {}, list(dict.fromkeys(sentences))
        if new:
            found = spans_of(self.tagger, self.encoder, new)
            for text, own in zip(new, found, strict=True):
                self._spans[text] = _in_words(text, own) if len(own) > 1 else _by_words(text) or own
        several = [(sentence, own) for sentence in sentences if len(own := self._spans[sentence]) > 1]
        texts = list(dict.fromkeys(sentence[span.begin : span.end] for sentence, own in several for span in own))
        judged = dict(zip(texts, judge(texts), strict=True)) if judge is not None and texts else {}
        return [clauses_of(sentence, self._spans[sentence], judged, paths) for sentence in sentences]


def clauses_of(
    sentence: str,
    spans: Sequence[Span],
    judged: Mapping[str, Likeliest] = MappingProxyType({}),
    paths: Collection[int] = (),
) -> list[Clause]:
    """Return the clauses that ``spans`` (in the order of the text) part a sentence into; where they are one, all of it
    but asides, sentences of their own behind it.

    ``judged`` are the classes of what the spans tell, where they are known; ``paths`` those that go along one.
    """
    rows = in_order(_joined(sentence, _told_once(sentence, spans, judged), judged, paths))
    if len(rows) <= 1:
        return [_clause(sentence, rows[0], _without_asides(sentence, rows[0]))] if rows else [Clause(sentence)]
    first = min(span.begin for row in rows for span in row)
    return [
        _clause(sentence, [_with_who_acts(sentence, span) if span.begin == first else span for span in row])
        for row in rows
    ]


def _in_words(sentence: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans of which none comes before what it plainly follows: "bows before leaving"."""
    found = list(spans[:1])
    for before, span in pairwise(spans):
        follows = _FOLLOWS.search(sentence[before.end : span.begin]) and not _UNLESS.search(sentence[: span.begin])
        found.append(span._replace(relation="next") if span.relation == "before" and follows else span)
    return found


def _by_words(sentence: str) -> list[Span]:
    """Return spans where words alone part a sentence, clauses if they surely tell of different things; [] elsewhere."""
    parts = clauses(sentence)
    begins = [sentence.find(part) for part in parts]
    if len(parts) < 2 or min(begins) < 0 or begins != sorted(begins) or _STOP.search(sentence):
        return []
    places = zip(begins, parts, strict=True)
    return [Span(begin, begin + len(part), RELATIONS[0], False, LIKELY_OTHER) for begin, part in places]


def _with_who_acts(sentence: str, first: Span) -> Span:
    """Return the span that a sentence begins with, and the few words before it that tell who acts."""
    found = _WHO.search(sentence[: first.begin])
    return first._replace(begin=found.start("who")) if found else first


def _without_asides(sentence: str, row: Sequence[Span]) -> str:
    """Return a sentence without sentences of their own behind the one that the last of ``row`` ends in."""
    stop = _STOP.search(sentence, max(span.end for span in row))
    return sentence[: stop.start()] if stop else sentence


def _told_once(sentence: str, spans: Sequence[Span], judged: Mapping[str, Likeliest]) -> list[Span]:
    """Return spans without those that only recall what is told already: "jumps, and after landing he waves"."""
    found: list[Span] = []
    told: set[int] = set()
    recalled = False
    for span in spans:
        span = span._replace(relation="next") if recalled else span
        known = judged.get(sentence[span.begin : span.end])
        number = known.number if known is not None and is_sure(known) else None
        recalled = number in told and _RECALLS.search(sentence[: span.begin]) is not None
        if not recalled:
            found.append(span)
        if number is not None:
            told.add(number)
    return found


def _joined(
    sentence: str, spans: Sequence[Span], judged: Mapping[str, Likeliest], paths: Collection[int]
) -> list[Span]:
    """Return spans of which those that hardly begin, or tell of the same, go on with the one before them."""
    spans = _gathered(sentence, spans)
    found = list(spans[:1])
    for before, span in pairwise(spans):
        says_so = span.relation != "next" or _SAYS_SO.search(sentence[before.end : span.begin]) is not None
        texts = [sentence[each.begin : each.end] for each in (before, span)]
        one, other = map(judged.get, texts)
        bends = (
            one is not None and other is not None and one.number in paths and _bends(texts[1], other.number in paths)
        )
        if span.chance >= _least(says_so, one, other) and not bends:
            found.append(span)
        else:
            found[-1] = found[-1]._replace(end=span.end)
    return found


def _gathered(sentence: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans of which those with a space alone between them are one where less than even odds speak for each.

    Something begins there, as likely as both together, be it with the first word ("suddenly jumps") or the second.
    """
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        adjoin = last is not None and sentence[last.end : span.begin] == " " and span.arms == last.arms
        if adjoin and max(span.chance, last.chance) < EVEN:
            found[-1] = last._replace(end=span.end, chance=last.chance + span.chance)
        else:
            found.append(span)
    return found


def _bends(text: str, on_a_path: bool) -> bool:
    """Tell whether a text says to which side a way bends: in words of ways, or as one that is ``on_a_path`` itself."""
    of_ways = on_a_path or _BENDS.search(text) is not None
    return of_ways and len(told_by(text).sides) == 1 and not names_body(text)


def _least(says_so: bool, one: Likeliest | None, other: Likeliest | None) -> float:
    """Return how likely a clause must begin between two spans, by what these are and whether words say so."""
    usual = LIKELY_BEHIND if says_so else LIKELY
    if one is None or other is None or not (is_sure(one) and is_sure(other)):
        return usual
    if one.number != other.number:
        return LIKELY_OTHER
    return LIKELY if says_so else NEVER


def is_sure(one: Likeliest) -> bool:
    """Tell whether a text surely tells of what it most likely tells of."""
    return one.chance >= SURELY and one.near >= NEAR


def _clause(sentence: str, row: Sequence[Span], whole: str = "") -> Clause:
    """Return what spans done at once tell; ``whole`` stands for the text of them."""
    texts = [_LINK.sub("", sentence[span.begin : span.end]) for span in row]
    text = whole or (_LINK.sub("", sentence[row[0].begin : row[-1].end]) if _adjoin(row) else " while ".join(texts))
    arms = [own for span, own in zip(row, texts, strict=True) if span.arms]
    body = [own for span, own in zip(row, texts, strict=True) if not span.arms]
    return Clause(text, " ".join(body), " ".join(arms)) if arms and body else Clause(text)


def _adjoin(row: Sequence[Span]) -> bool:
    return all(first.end <= last.begin for first, last in pairwise(row))
