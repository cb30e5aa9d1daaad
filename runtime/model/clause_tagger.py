"""A tagger of words: which of a sentence tell an action, in which order these are done, and which are done at once.

Sequence labelling as of Ramshaw and Marcus 1995: each word begins a clause, goes on with one, or is outside of all.
Where a clause begins its tag says when: after the clause before it in the text, before that one in time ("sits down
after walking"), or at the same time; and whether arms do it. It reads the states of four depths of the bundled sentence
encoder, which stays as it is, with bidirectional recurrent networks (recurrent.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from runtime.config import ClauseTaggerConfig
from runtime.model.recurrent import ParallelGRU
from runtime.model.text_encoder import TextEncoder

OUT, IN = 0, 1
RELATIONS = ("next", "before", "with")  # how a clause that begins is done to the one that the text tells before it
TAGS = ("out", "in", *(f"{relation}{arms}" for relation in RELATIONS for arms in ("", "_arms")))
DEPTHS = (0, 2, 4, 6)  # states of the encoder that are read: words, and after so many layers
_WORD = re.compile(r"[\w']+|[^\w\s]")


class Span(NamedTuple):
    """Words of a sentence that tell one thing: its characters ``begin`` to ``end``, how it is done to the span before
    it in the text, whether arms do it, and how likely something begins there."""

    begin: int
    end: int
    relation: str
    arms: bool
    chance: float


class ClauseTagger(nn.Module):
    """Several networks side by side that tag words; what they say is the mean of their log probabilities."""

    def __init__(self, config: ClauseTaggerConfig):
        super().__init__()
        self.config = config
        self.enter = nn.Linear(config.features, config.members * config.width)
        self.read = ParallelGRU(config.members, config.width, config.layers, config.dropout)
        self.leave = nn.Linear(2 * config.width, config.members * config.tags)

    def forward(self, words: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Return log-probabilities of each network (a group) for each tag (a class): (batch, words, groups, classes).

        ``words`` (batch, words, dim) are those of :func:`word_features`; ``valid`` (batch, words) bool, valid words
        first.
        """
        config = self.config
        entered = self.enter(functional.dropout(words, config.dropout, self.training))
        entered = functional.gelu(entered).unflatten(-1, (config.members, config.width))
        states = self.read(functional.dropout(entered, config.dropout, self.training), valid)
        states = functional.dropout(states, config.dropout, self.training)  # (batch, words, members, 2 * width)
        weight = self.leave.weight.unflatten(0, (config.members, config.tags))
        told = torch.einsum("bwmd,mtd->bwmt", states, weight) + self.leave.bias.unflatten(0, (config.members, -1))
        return told.log_softmax(dim=-1)


def words_of(sentence: str) -> list[tuple[int, int]]:
    """Return where the words and the marks of a sentence begin and end."""
    return [found.span() for found in _WORD.finditer(sentence)]


def word_features(encoder: TextEncoder, sentences: Sequence[str]) -> list[torch.Tensor]:
    """Return the features (words, dim) of each sentence's words: of all DEPTHS, means of the words' tokens.

    What is past the encoder's longest sentence is zero.
    """
    encodings, _, states = encoder.states(sentences)
    features = torch.cat([states[depth] for depth in DEPTHS], dim=-1).cpu()
    found = []
    for row, (sentence, encoding) in enumerate(zip(sentences, encodings, strict=True)):
        places = words_of(sentence)
        at = {char: place for place, (begin, end) in enumerate(places) for char in range(begin, end)}
        begins = [begin if begin < end else -1 for begin, end in encoding.offsets]  # of the sentence's frame nothing
        tokens = [(token, at[begin]) for token, begin in enumerate(begins) if begin in at]
        sums, counts = torch.zeros(len(places), features.shape[-1]), torch.zeros(len(places))
        if tokens:
            rows, owners = (torch.tensor(part) for part in zip(*tokens, strict=True))
            sums.index_add_(0, owners, features[row, rows])
            counts.index_add_(0, owners, torch.ones(len(owners)))
        found.append(sums / counts.clamp(min=1)[:, None])
    return found


def padded(features: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features (words, dim) of sentences as one batch (n, words, dim), and which words are valid (n, words)."""
    words = nn.utils.rnn.pad_sequence(list(features), batch_first=True)
    lengths = torch.tensor([len(each) for each in features])
    return words, torch.arange(words.shape[1])[None] < lengths[:, None]


@torch.no_grad()
def spans_of(tagger: ClauseTagger, encoder: TextEncoder, sentences: Sequence[str]) -> list[list[Span]]:
    """Return the spans of each sentence in the order of the text; [] of one without words, or where nothing is done."""
    with_words = [sentence for sentence in sentences if words_of(sentence)]
    if not with_words:
        return [[] for _ in sentences]
    features = word_features(encoder, with_words)
    told = tagger(*padded(features)).mean(dim=2)
    found = {
        sentence: _spans(sentence, likeliest(row[: len(own)]), row[: len(own)])
        for sentence, row, own in zip(with_words, told, features, strict=True)
    }
    return [found.get(sentence, []) for sentence in sentences]


def likeliest(told: torch.Tensor) -> list[int]:
    """Return the likeliest row of tags by ``told`` (words, classes), log-probabilities (Viterbi 1967).

    Nothing goes on that has not begun, and the first word begins nothing that is told by what comes before it.
    """
    barred = torch.zeros(told.shape[1], told.shape[1])
    barred[OUT, IN] = -torch.inf
    best, back = told[0].clone(), []
    best[[IN, *range(4, len(TAGS))]] = -torch.inf
    for word in told[1:]:
        best, before = (best[:, None] + barred + word).max(dim=0)
        back.append(before)
    tags = [int(best.argmax())]
    for before in reversed(back):
        tags.append(int(before[tags[-1]]))
    return tags[::-1]


def _spans(sentence: str, tags: Sequence[int], told: torch.Tensor) -> list[Span]:
    found: list[Span] = []
    begins = told[:, IN + 1 :].exp().sum(dim=1).clamp(max=1).tolist()
    for (begin, end), tag, chance in zip(words_of(sentence), tags, begins, strict=True):
        if tag == IN:
            found[-1] = found[-1]._replace(end=end)
        elif tag != OUT:
            relation, _, arms = TAGS[tag].partition("_")
            found.append(Span(begin, end, relation if found else RELATIONS[0], bool(arms), chance))
    return found


def in_order(spans: Sequence[Span]) -> list[list[Span]]:
    """Return spans (in the order of the text) in the order that they are done in, those done at once together."""
    rows: list[list[Span]] = []
    place = -1  # of what the text told last
    for span in spans:
        if span.relation == "with" and rows:
            rows[place].append(span)
            continue
        place = place if span.relation == "before" and rows else place + 1
        rows.insert(place, [span])
    return rows
