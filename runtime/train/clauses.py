"""Train the tagger of clauses (model/clause_tagger.py) on marked sentences, and on phrases that tell one action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from runtime import checkpoint
from runtime.authored.spec import actions
from runtime.captions.marked import TRAIN, VALIDATION, Mark, Marked, read_marked
from runtime.config import ClauseTaggerConfig
from runtime.evaluate.clauses import right_shares
from runtime.generate.clause_reader import FILE, ClauseReader
from runtime.grammar.inflection import draw_voice, sentence
from runtime.model.clause_tagger import IN, OUT, RELATIONS, TAGS, ClauseTagger, padded, word_features, words_of
from runtime.model.text_encoder import TextEncoder
from runtime.train.examples import without_options

PHRASES, PARTED_SHARE = 3000, 2 / 3  # of actions that are learnt as one; how many of them have an "and" or a comma
FORMS = ("third", "progressive", "imperative", "gerund")
EPOCHS, BATCH, RATE, DECAY, SMOOTHING = 24, 48, 2e-3, 0.01, 0.05
_WHO = re.compile(r"(?:(?:an?|the) (?:man|woman|person|girl|boy)|some(?:one|body)|people) (?:is )?", re.IGNORECASE)
SCATTER = 6  # words by which sentences of a batch may differ in length


def make_clauses(run: Path, *, weights: Path, epochs: int = EPOCHS, seed: int = 0) -> Path:
    """Write the tagger to ``run``, as many bytes as numbers; return the file's path.

    ``weights`` holds the text encoder. Raises WeightsError without it, DataError where a marked sentence is torn.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder = TextEncoder.load(weights)
    told = [*read_marked(TRAIN), *single_actions(PHRASES, rng)]
    tags = [torch.tensor(tags_of(each)) for each in told]
    features = []
    for first in range(0, len(told), 128):
        features += word_features(encoder, [each.text for each in told[first : first + 128]])
    tagger = ClauseTagger(ClauseTaggerConfig())
    steps = epochs * -(-len(told) // BATCH)
    optimizer = torch.optim.AdamW(tagger.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        tagger.train()
        for rows in _batches([len(each) for each in features], rng):
            loss = _loss(tagger, [features[row] for row in rows], [tags[row] for row in rows])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(tagger.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"clauses: epoch {epoch + 1} of {epochs}, loss {loss.item():.3f}", flush=True)
    tagger.eval()
    Path(run).mkdir(parents=True, exist_ok=True)
    path = Path(run) / FILE
    checkpoint.save(path, "clauses", tagger.config, checkpoint.quantize(tagger.state_dict()))
    held_out = read_marked(VALIDATION)
    read = ClauseReader(tagger, encoder).read([each.text for each in held_out])
    shares = right_shares(held_out, [[(clause.body or clause.text, clause.arms) for clause in own] for own in read])
    print(f"clauses: of held-out sentences right: {shares}", flush=True)
    return path


def _loss(tagger: ClauseTagger, features: Sequence[torch.Tensor], tags: Sequence[torch.Tensor]) -> torch.Tensor:
    words, valid = padded(features)
    told = tagger(words, valid)[valid]  # (words, members, tags)
    wanted = torch.cat(list(tags))[:, None].expand(-1, told.shape[1])
    return functional.cross_entropy(told.flatten(0, 1), wanted.flatten(), label_smoothing=SMOOTHING)


def _batches(lengths: Sequence[int], rng: np.random.Generator) -> Iterator[list[int]]:
    """Return rows of sentences of like length, in a random order."""
    order = np.argsort(np.array(lengths) + SCATTER * rng.random(len(lengths)))
    batches = [order[first : first + BATCH].tolist() for first in range(0, len(order), BATCH)]
    for place in rng.permutation(len(batches)):
        yield batches[place]


def tags_of(marked: Marked) -> list[int]:
    """Return the tag of each word of a marked sentence."""
    begins, inside = {}, {}
    before = None
    for mark in marked.marks:
        relation = RELATIONS[0 if before is None or mark.order > before else 1 if mark.order < before else 2]
        begins[mark] = TAGS.index(relation + "_arms" * mark.arms)
        inside |= dict.fromkeys(range(mark.begin, mark.end), mark)
        before = mark.order
    tags, open_mark = [], None
    for begin, _ in words_of(marked.text):
        mark = inside.get(begin)
        tags.append(OUT if mark is None else IN if mark is open_mark else begins[mark])
        open_mark = mark
    return tags


def single_actions(count: int, rng: np.random.Generator) -> list[Marked]:
    """Return sentences of one action each from the phrases of authored actions, most with an "and" or a comma."""
    phrases = [without_options(action, phrase) for action in actions().values() for phrase in action.phrases]
    parted = [" and " in phrase or "," in phrase for phrase in phrases]
    kinds = [np.nonzero(np.array(parted) == kind)[0] for kind in (True, False)]
    most = (round(PARTED_SHARE * count), count - round(PARTED_SHARE * count))
    chosen = [place for own, number in zip(kinds, most, strict=True) for place in rng.permutation(own)[:number]]
    return [_said(phrases[place], rng) for place in chosen]


def _said(phrase: str, rng: np.random.Generator) -> Marked:
    """Return a phrase of an action as a sentence, of which all but who acts is one clause."""
    subject, their, _ = draw_voice(rng)
    text = phrase.replace("{side}", "left" if rng.random() < 0.5 else "right").replace("{other}", "other")
    for slot in ("times", "speed", "count"):
        text = text.replace(f"{{{slot}}}", "")
    text = " ".join(text.replace("{n:", "{").replace("{their}", their).replace("{", "").replace("}", "").split())
    if "*" not in text:
        who = _WHO.match(text)
        return Marked(text, (Mark(1, False, who.end() if who else 0, len(text)),))
    said = sentence(text, subject, their, FORMS[rng.integers(len(FORMS))])
    begin = len(subject) + 1 if said.startswith(f"{subject} ") else 0
    begin += 3 * said[begin:].startswith("is ")
    return Marked(said, (Mark(1, False, begin, len(said)),))
