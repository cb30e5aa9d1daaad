"""What a style was taught, shown to the networks as they draw: clips of the user's own, found by their sentences.

The networks complete a motion better than they find it (examples.py), and a taught clip is known the moment it is
encoded: nothing has to be trained for it. A sentence asks for what was taught when it is near a taught sentence, and
not as near to what the networks knew before. Nearness is a cosine after within-class covariance normalisation (Hatch et
al. 2006): by the many phrasings of each authored action it is known which differences of sentences mean nothing.
Between two clips of one sentence lies a motion that is neither: what is shown begins as one of them and ends as
another that lasts about as long, at the tempo that fills the time, where one does. What is done in a manner changes
from one to the other at once, where both are alike, and a clip that goes on as it ends, such as of walking, is carried
on to the end of the time (Schoedl et al. 2000, Video textures): what is drawn around it would fall back into the
networks' own manner.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import normalize

from runtime.generate.alignment import alignment, distances, laid_beside
from runtime.generate.examples import Examples
from runtime.generate.vocabulary import Vocabulary
from runtime.grammar.inflection import mirrored
from runtime.grammar.wording import bare
from runtime.model.sampling import Known

SHARE = 1.0  # of a clip's tokens that are shown at strength 1
FEWEST = 3  # tokens that are shown at least: fewer tell no action
MIDDLE = (0.3, 0.7)  # share of the time after which a clip is half the likest other, at least and at most
AMONG = 2  # others, by chance, of which the likest is taken: that of many would be all but the same
FILLED = 0.85  # of the time that a clip must fill for its tempo to be the one that fills it best
AS_LONG = 1.6  # times as long as the clip that the other may last, or the clip as the other
AROUND = 0.15  # of the time, before and after the middle: there what goes on becomes another clip
AS_NEAR = 0.3  # what nearness to a known sentence, and to a caption, counts against nearness to what was taught
ASKED = -0.12  # the difference from which on what was taught is asked for
KNOWN = 0.8  # nearness from which on a sentence is one that was known before
SYNONYM = 0.8  # the cosine of two actions from which on, of what was taught in a manner, they are one
SEAM = 0.8  # of the mean step from token to token: up to there a clip's end is like an earlier moment of it
GOING = 0.75  # share of that step that the first and last ones must have, for a clip to go on
PLAIN = 0.6  # the cosine from which on it is, where no sentences tell what differences mean
_SPREAD = 3.0  # of the mean variance within actions, added to every direction's
_SLIGHT = frozenset(  # words that tell of no manner
    ("a", "an", "the", "his", "her", "its", "their", "our", "your", "my", "this", "that", "in", "on", "at", "of", "to",
     "like", "as", "with", "and", "is", "are", "person", "manner", "way")
)  # fmt: skip
_LIMB = re.compile(r"\b(left|right) (?:hand|arm|fist|elbow|wrist|palm|leg|foot|knee|side of the body)\b")
_SIDE = re.compile(r"\b(left|right)")


Way = Callable[[torch.Tensor, Sequence[torch.Tensor], float], torch.Tensor]  # from one clip to another: mixed, joined


@dataclass(frozen=True, eq=False)
class Shown:
    """A taught clip at one tempo, or its mirror image: normalised tokens (count, dim), what is said of it, and the
    number of the clip."""

    tokens: torch.Tensor
    said: tuple[str, ...]
    clip: Hashable


def sides_of(sentence: str) -> tuple[str, str]:
    """Return the side of the limb that a sentence names, and the side it goes to; "" where it names none."""
    text = sentence.lower()
    limb = _LIMB.search(text)
    rest = text[: limb.start()] + text[limb.end() :] if limb else text
    way = _SIDE.search(rest)
    return limb[1] if limb else "", way[1] if way else ""


def _astray(asked: str, said: str) -> int:
    """Return in how many sides the two sentences differ; one that names no side fits any."""
    return sum(bool(one and other and one != other) for one, other in zip(sides_of(asked), sides_of(said), strict=True))


class Nearness:
    """How near sentences are to others, by what the sentences known of one action have in common."""

    def __init__(self, examples: Examples | None, vocabulary: Vocabulary | None):
        """Learn it from the sentences of ``examples``; ``vocabulary`` holds what the networks know from words alone."""
        self._lead: torch.Tensor | None = None
        self._examples = examples
        if examples is not None and vocabulary is not None:
            sentences, known = examples.tensors["sentences"], torch.tensor(examples.config.known)
            owner = torch.arange(len(known)).repeat_interleave(known)
            means = torch.zeros(len(known), sentences.shape[1]).index_add(0, owner, sentences) / known[:, None]
            within = sentences - means[owner]
            scatter = within.T @ within / len(within)
            scatter += _SPREAD * scatter.diagonal().mean() * torch.eye(len(scatter))
            self._lead, self._mean = torch.linalg.cholesky(scatter), sentences.mean(dim=0)
            self._basis, self._captions = examples.tensors["basis"], vocabulary.vectors
            self._sentences = self._spread(sentences)

    def asked(self, vectors: torch.Tensor, taught: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which of the unit ``vectors`` (n, dim) of sentences ask for one of ``taught`` (m, dim): bool (n,), and
        the nearest of these (n,).

        A sentence known before, and nearer to what is known than to what was taught, asks for it only where that is of
        the same class: "waves" does not ask for a wave of some kind, but "pounds in a nail" for one's own hammering.
        """
        if self._lead is None:
            near, rows = (vectors @ taught.T).max(dim=1)
            return near >= PLAIN, rows
        mine, theirs = (self._spread(normalize(part @ self._basis, dim=-1)) for part in (vectors, taught))
        near, rows = (mine @ theirs.T).max(dim=1)
        own = normalize(vectors[:, : self._captions.shape[1]], dim=-1)
        known, taught_known = ((part @ self._sentences.T).amax(dim=1) for part in (mine, theirs))
        asked = near - AS_NEAR * (known + (own @ self._captions.T).amax(dim=1)) >= ASKED
        for place in torch.nonzero(asked & (known >= KNOWN) & (near < known))[:, 0].tolist():
            row = int(rows[place])
            asked[place] = taught_known[row] >= KNOWN and self._one_class(vectors[place], taught[row])
        return asked, rows

    def _one_class(self, one: torch.Tensor, other: torch.Tensor) -> bool:
        """Tell whether the unit vectors (dim,) of two sentences are surely of one class of the examples."""
        mine = self._examples.class_of(one)
        return mine is not None and mine == self._examples.class_of(other)

    def alike(self, vectors: torch.Tensor, taught: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which of the unit ``vectors`` (n, dim) of sentences tell of the same as one of ``taught`` (m, dim),
        bool (n,), and of which (n,): a synonym's cosine, or the same class of the examples."""
        near = vectors @ taught.T
        if self._examples is not None:
            mine, theirs = ([self._examples.class_of(vector) for vector in part] for part in (vectors, taught))
            same = [[one is not None and one == other for other in theirs] for one in mine]
            near = near + torch.tensor(same).to(near)
        found, rows = near.max(dim=1)
        return found >= SYNONYM, rows

    def _spread(self, narrow: torch.Tensor) -> torch.Tensor:
        """Return unit vectors (n, narrow) in which differences that mean nothing are small."""
        return normalize(torch.linalg.solve_triangular(self._lead, (narrow - self._mean).T, upper=False).T, dim=-1)


def manner_of(groups: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the telling words that the wordings of all ``groups`` share, each those of clips that show one action.

    Sentences such as "walks like our goblin" and "waves like our goblin" teach a manner, ("goblin",). () for fewer than
    two groups, which are an action however it is said.
    """
    if len(groups) < 2:
        return ()
    wordings = [wording.split() for group in groups for wording in group]
    return tuple(word for word in wordings[0] if word not in _SLIGHT and all(word in other for other in wordings))


def wordings_of(clips: Sequence[Shown]) -> list[tuple[str, ...]]:
    """Return for each action that ``clips`` show its wordings, of the recorded clips and not their mirror images."""
    recorded = {clip.clip: clip.said for clip in reversed(clips)}  # a clip's mirror image comes after it
    return list(dict.fromkeys(tuple(map(bare, said)) for said in reversed(recorded.values())))


def is_in(manner: Sequence[str], clause: str) -> bool:
    """Tell whether a clause has all the words of a manner."""
    return set(manner) <= set(bare(clause).split())


class Taught:
    """The clips of the styles that are worn, each with the share of it that is shown."""

    def __init__(
        self,
        styles: Sequence[tuple[Sequence[Shown], float]],
        nearness: Nearness,
        encode: Callable[[list[str]], torch.Tensor],
    ):
        """Each style is its clips and the share that is shown; ``encode`` makes unit vectors (n, dim) of sentences."""
        self._nearness, self._encode = nearness, encode
        self._clips = [(replace(clip, clip=(number, clip.clip)), share) for number, (clips, share) in enumerate(styles)
                       for clip in clips]  # fmt: skip
        own: dict[Hashable, tuple[str, ...]] = {}
        self._mirrored = [clip.said != own.setdefault(clip.clip, clip.said) for clip, _ in self._clips]
        self._wordings: list[tuple[str, tuple[str, ...]]] = []  # with the words of the manner they are in
        for clips, _ in styles:
            groups = wordings_of(clips)
            manner = manner_of(groups)
            self._wordings += [(wording, manner) for group in groups for wording in group]
        self._wordings = list(dict.fromkeys(self._wordings))
        self._vectors = encode([_without(wording, manner) for wording, manner in self._wordings])

    def asked(self, clauses: Sequence[str]) -> list[str | None]:
        """Return the taught wording that each clause asks for; None for none.

        What was taught in a manner is asked for by the manner's words, and by the same action (:meth:`Nearness.alike`).
        """
        told: list[str | None] = [None] * len(clauses)
        for manner in dict.fromkeys(manner for _, manner in self._wordings):
            rows = [row for row, (_, own) in enumerate(self._wordings) if own == manner]
            places = [place for place, clause in enumerate(clauses) if is_in(manner, clause)]
            if not places:
                continue
            vectors = self._encode([_without(bare(clauses[place]), manner) for place in places])
            if manner:
                meant, nearest = self._nearness.alike(vectors, self._vectors[rows])
            else:
                meant, nearest = self._nearness.asked(vectors, self._vectors[rows])
            for place, is_meant, row in zip(places, meant.tolist(), nearest.tolist(), strict=True):
                if is_meant and told[place] is None:
                    told[place] = self._wordings[rows[row]][0]
        return told

    def shown(
        self,
        clauses: Sequence[str],
        asked: Sequence[str | None],
        count: int,
        seeds: Sequence[int],
        free: Sequence[tuple[int, int]] | None = None,
    ) -> Known | None:
        """Return what is shown of ``count`` tokens of each clause; None where nothing is of any.

        ``free`` says of how many of the first and of the last tokens of each nothing is shown: they are drawn anew.

        ``asked`` are the wordings that the clauses ask for (:meth:`asked`). A clause depends on its own seed only. A
        clip that is shorter lies anywhere in the time, a longer one is shown from its start; one that shows a manner
        and goes on as it ends is carried on.
        """
        if not any(asked):
            return None
        in_a_manner = {wording for wording, manner in self._wordings if manner}
        tokens = torch.zeros(len(clauses), count, self._clips[0][0].tokens.shape[1])
        given = torch.zeros(len(clauses), count, dtype=torch.bool)
        for place, (clause, wording, seed) in enumerate(zip(clauses, asked, seeds, strict=True)):
            if wording is None:
                continue
            lead, tail = free[place] if free else (0, 0)
            room, chance = count - lead - tail, np.random.default_rng(seed)
            goes_on = wording in in_a_manner
            clip, share = self._chosen(clause, wording, room, chance, joined if goes_on else mixed)
            if goes_on:
                clip = carried_on(clip, room)
            length = min(len(clip), room)
            first = lead + int(chance.integers(room - length + 1))
            number = min(length, max(FEWEST, round(share * length)))
            spots = torch.from_numpy(chance.permutation(length)[:number])
            tokens[place, first + spots] = clip[spots]
            given[place, first + spots] = True
        return Known(tokens, given[..., None].expand_as(tokens))

    def _chosen(
        self, clause: str, wording: str, count: int, chance: np.random.Generator, way: Way
    ) -> tuple[torch.Tensor, float]:
        """Return tokens (n, dim) of a clip that the wording was taught by, on its ``way`` to another, and its share.

        A mirror image is taken only where the clause names the other side.
        """
        either = {wording, bare(mirrored(wording))}
        own = [
            (min((_astray(clause, said), flipped) for said in clip.said if bare(said) in either), clip, share)
            for (clip, share), flipped in zip(self._clips, self._mirrored, strict=True)
            if any(bare(said) in either for said in clip.said)
        ]
        least = min(fit for fit, _, _ in own)
        fitting = [(clip, share) for fit, clip, share in own if fit == least]
        takes: dict[Hashable, list[tuple[Shown, float]]] = {}
        for clip, share in fitting:
            takes.setdefault(clip.clip, []).append((clip, share))
        return _one_to_another(list(takes.values()), count, chance, way)


def _one_to_another(
    takes: Sequence[Sequence[tuple[Shown, float]]], count: int, chance: np.random.Generator, way: Way
) -> tuple[torch.Tensor, float]:
    """Return tokens (n, dim) of one of the clips ``takes``, on its ``way`` to another that lasts about as long, and its
    share: of those that fill ``count`` tokens, or fit, where there are such."""
    whole = [part for part in takes if any(len(clip.tokens) <= count for clip, _ in part)]
    ready = [in_time(part, count) for part in whole or takes]
    ready = [part for part in ready if len(part[0][0].tokens) >= FILLED * count] or ready
    part = ready[int(chance.integers(len(ready)))]
    clip, share = part[int(chance.integers(len(part)))]
    length = len(clip.tokens)
    others = [
        min((other.tokens for other, _ in part), key=lambda tokens: abs(len(tokens) - length))
        for part in takes if part[0][0].clip != clip.clip and part[0][0].said == clip.said
    ]  # fmt: skip
    near = [tokens for tokens in others if max(len(tokens), length) <= AS_LONG * min(len(tokens), length)] or others
    among = [near[place] for place in chance.permutation(len(near))[:AMONG]]
    return way(clip.tokens, among, float(chance.uniform(*MIDDLE))), share


def in_time(takes: Sequence[tuple[Shown, float]], count: int) -> list[tuple[Shown, float]]:
    """Return of the tempi and windows of one clip those that fill ``count`` tokens best.

    They are those that fit, the longest of them alone where it nearly fills the time; of what is too long at every
    tempo the shortest.
    """
    fitting = [take for take in takes if len(take[0].tokens) <= count]
    lengths = [len(clip.tokens) for clip, _ in fitting or takes]
    if fitting and max(lengths) < FILLED * count:
        return fitting
    best = max(lengths) if fitting else min(lengths)
    return [take for take in takes if len(take[0].tokens) == best]


def _without(wording: str, manner: Sequence[str]) -> str:
    """Return a wording without what tells of the manner; all of it where nothing would be left."""
    if not manner:
        return wording
    words = wording.split()
    places = [place for place, word in enumerate(words) if word in manner]
    first = places[0]
    while first > 1 and words[first - 1] in _SLIGHT:
        first -= 1
    return " ".join(words[:first] + words[places[-1] + 1 :]) or wording


def mixed(clip: torch.Tensor, others: Sequence[torch.Tensor], middle: float) -> torch.Tensor:
    """Return normalised tokens ``clip`` (n, dim), that more and more become the likest of ``others``, each (m, dim).

    After the share ``middle`` of their time they are half of each, before and after it nearly one of them: a mean of
    both all the time would be a vaguer motion, and not farther from either. They keep their own time, and the same
    shape.
    """
    if not others:
        return clip
    laid, _ = min((laid_beside(clip.numpy(), other.numpy()) for other in others), key=lambda found: found[1])
    weights = (torch.linspace(0, 1, len(clip)) + 0.5 - middle).clamp(0, 1)[:, None]
    return torch.lerp(clip, torch.from_numpy(laid).to(clip), weights)


def joined(clip: torch.Tensor, others: Sequence[torch.Tensor], middle: float) -> torch.Tensor:
    """Return normalised tokens ``clip`` (n, dim) up to a moment near the share ``middle`` of its time, and from there
    on the likest of ``others``, each (m, dim), in its own time: (k, dim).

    It is the moment at which both are most alike. In what goes on and on, such as waves, one in the time of the other
    stutters.
    """
    if not others:
        return clip
    laid = min(others, key=lambda other: laid_beside(clip.numpy(), other.numpy())[1])
    cost, start = distances(clip.numpy(), laid.numpy()), middle * len(clip)
    moments = [(row, column) for row, column in alignment(cost) if abs(row - start) <= AROUND * len(clip)]
    if not moments:
        return clip
    row, column = min(moments, key=lambda moment: cost[moment])
    return torch.cat([clip[:row], laid[column:]])


def carried_on(clip: torch.Tensor, count: int) -> torch.Tensor:
    """Return normalised tokens ``clip`` (n, dim), gone on with up to ``count`` from the moment in its first half that
    its end is most like: (max(n, count), dim). A clip that comes to rest, or whose end is like nothing before, stays as
    it is."""
    if not FEWEST < len(clip) < count:
        return clip
    steps = (clip[1:] - clip[:-1]).norm(dim=1)
    apart = (clip[: len(clip) // 2] - clip[-1]).norm(dim=1)
    ends = min(float(part.mean()) for part in (steps[:FEWEST], steps[-FEWEST:]))
    if ends < GOING * steps.mean() or apart.min() > SEAM * steps.mean():
        return clip
    again = clip[int(apart.argmin()) + 1 :]
    rounds = -(-(count - len(clip)) // len(again))
    return torch.cat([clip, *[again] * rounds])[:count]


def beside_taught(own: Known | None, other: Known | None, rows: Sequence[int]) -> Known | None:
    """Return what styles show of all clauses, ``own``, with what ``other`` shows of the clauses ``rows``."""
    if own is None or other is None:
        return own if other is None else other
    tokens, given = own.tokens.clone(), own.given.clone()
    tokens[list(rows)], given[list(rows)] = other.tokens, other.given
    return Known(tokens, given)
