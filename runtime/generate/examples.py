"""Examples: of actions that the networks do not do from words alone, they are shown one motion first.

They complete a motion better than they find it: after the sentence alone they stand about, with a salute before them
they salute. A classifier of the sentence, linear with its nearest neighbours, names the action that is asked for, of
those that have examples, or says that it is none of them; among the action's examples the one of the side, count, speed
and length that are asked for is shown. Retrieval helps rare actions most (Zhang et al. 2023, ReMoDiffuse, where
networks are trained for it; ours complete masked tokens as they are). What is shown stays in the motion, the rest is
drawn around it; which of several examples it is, and where in the time, the seed decides.

Other people's words are far from the captions that the networks learnt from. What the same classifier is sure of
is told to them beside the sentence, in such a caption.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.generate.asked import SPEED_WORDS, TIMES_WORDS, misfit, told_by
from runtime.generate.examples_config import ExamplesConfig, fits
from runtime.grammar.wording import wording
from runtime.model.sampling import Known
from runtime.model.text_encoder import TextFeatures

FILE = "examples.safetensors"
SURE = 0.5  # probability from which on an action is taken to be asked for
# From which on clauses are taken for one action told move by move: probability, cosine to its nearest sentence. Of
# 1,500 sentences of two actions 2 in 100 are then taken for one, of sentences that tell one in clauses 20 in 100.
VERY_SURE, TOLD_NEAR = 0.99, 0.7
SURELY_OURS, UNSURE = 0.8, 0.9  # ... where a clause tells of it too: probability, and that of any other clause
AS_WELL = 0.25  # probability from which on a second meaning is told of
AS_LIKELY = 0.5  # share of the likeliest action's probability from which on chance may choose another
NEAR = 0.6  # cosine to the nearest sentence of an action under which a sentence has nothing to do with it
OURS = 0.95  # ... from which on it is one that the examples are made for
NEIGHBOURS, PULL = 2, 45.0  # sentences of a class that are compared; what their mean cosine adds to its logit
WORDS = 0.7  # what the words alone count for beside what they mean together
VIEWS = (3.0, 1.0, 1.0)  # what a sentence counts for as a whole, without who acts, and by its first part
MOST_JUDGED = 512  # sentences of which is remembered what they ask for
LEAD = 2  # tokens that are drawn between what is there and an example
# What the examples say that were made faster: they are for times that are shorter by more than CUT tokens than all
# others, which they fill whole.
HASTENED, CUT = "hastened", 3
CHOICE, SLACK = 6, 5  # examples that chance chooses among; tokens by which these may fit worse than the best
_TOGETHER = re.compile(
    r"\b(?:whil(?:e|st)(?! (?:standing|staying|remaining)\b)|at the same time"
    r"|as (?:he|she|they|it)(?! (?:can|could|may|might|is able)\b))\b",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"\b(?:walk|run|jog|march|strid|stroll|pac|wander|sprint|skip|hop|crawl|jump|leap|danc|turn|spin|climb|step|mov|go"
    r"|com)(?:s|es|ed|e|ing|ning|ping|ped)?\b",
    re.IGNORECASE,
)


class Likeliest(NamedTuple):
    """The class that a sentence most likely belongs to, how likely, the cosine to the nearest sentence of any action,
    and how likely it tells of something that arms do alone, or of something that leaves them free."""

    number: int
    chance: float
    near: float
    by_arms: float
    leave_arms: float


def vectors_of(text: TextFeatures) -> torch.Tensor:
    """Return what tells actions apart: unit vectors (n, 2 * width) of encoded sentences, what they mean together and
    the mean of their words.

    ``text`` holds token features (n, tokens, 2 * width), words first, as the bundled encoder makes them.
    """
    width = text.pooled.shape[1]
    inner = text.valid.clone()
    inner[:, 0] = False  # the first and the last token are the sentence's frame, not words
    inner &= torch.cat([text.valid[:, 1:], torch.zeros_like(text.valid[:, :1])], dim=1)
    words = normalize((text.tokens[..., :width] * inner[..., None]).sum(dim=1), dim=-1)
    return normalize(torch.cat([text.pooled, WORDS * words], dim=-1), dim=-1)


def of_views(vectors: torch.Tensor) -> torch.Tensor:
    """Return what sentences are compared by, unit length (n, dim).

    ``vectors`` (3 * n, dim) are those of their views (grammar/views.py).
    """
    weights = torch.tensor(VIEWS, device=vectors.device)
    return normalize((vectors.unflatten(0, (-1, len(VIEWS))) * weights[:, None]).sum(dim=1), dim=-1)


def _too_long(length: int, begins: int, count: int) -> int:
    """How badly an example of ``length`` tokens fits ``count``: the standing before it ``begins`` may be cut off, more
    that would be weighs more than time left."""
    return 3 * max(length - begins - count, 0) if length > count else count - length


class Examples:
    """The classifier of sentences, and the tokens (all, token_dim) of the examples, one after the other.

    Tensors: ``weight`` (classes, dim) and ``bias`` (classes,) give logits of a unit sentence vector: first the
    actions, then whatever has no example. To those comes how near the nearest sentences of each class lie: ``basis``
    (dim, narrow) leads to where they are compared, ``sentences`` (m, narrow) are unit vectors there, those of the first
    class first. ``phrases`` (n, dim / 2) are unit vectors of what the names of the actions mean, of each as many.
    """

    def __init__(self, config: ExamplesConfig, tensors: dict[str, torch.Tensor]):
        self.config = config
        self.tensors = {name: value.float() for name, value in tensors.items()}
        self.tensors["phrases"] = normalize(self.tensors["phrases"], dim=-1)
        self._tokens = self.tensors["tokens"].split(list(config.lengths))
        self._told = [told_by(told) for told in config.told]
        self.tensors["sentences"] = normalize(self.tensors["sentences"], dim=-1)
        self._begins = np.cumsum([0, *config.known[:-1]])  # of each class among the sentences
        self._classes = np.repeat(np.arange(len(config.known)), config.known)  # of each sentence
        self._judged: dict[bytes, tuple[torch.Tensor, float]] = {}  # by the bytes of a sentence's vector

    @classmethod
    def beside(cls, folder: Path, made_for: str) -> Examples | None:
        """Read it from a weights folder whose autoencoder's sha256 is ``made_for``; None where there is none.

        Raises WeightsError when it is torn, or of another autoencoder.
        """
        path = Path(folder) / FILE
        if not path.is_file():
            return None
        config, tensors, _ = checkpoint.load(path, "examples", ExamplesConfig)
        if not fits(config, tensors):
            raise WeightsError(f"{FILE} does not fit its actions", "Restore it from the release")
        if config.made_for != made_for:
            raise WeightsError(f"{FILE} is of another autoencoder", "Make it with: python -m runtime train examples")
        return cls(config, tensors)

    def save(self, folder: Path) -> Path:
        """Write it to a weights folder, eight bits a number, and return its path."""
        path = Path(folder) / FILE
        checkpoint.save(path, "examples", self.config, checkpoint.quantize(self.tensors))
        return path

    def actions_of(self, vector: torch.Tensor) -> list[int]:
        """Return the numbers of the actions that a sentence, bare, may ask for, likeliest first; [] for none.

        ``vector`` (dim,) is its unit vector.
        """
        ((chances, nearest),) = self._judge(vector[None])
        best = int(chances.argmax())
        known = len(self.config.actions)
        if best >= known or chances[best] < SURE or nearest < NEAR:
            return []
        likely = torch.nonzero(chances[:known] >= AS_LIKELY * chances[best])[:, 0].tolist()
        return sorted(likely, key=lambda action: -float(chances[action]))

    def _narrow(self, vectors: torch.Tensor) -> torch.Tensor:
        return normalize(vectors @ self.tensors["basis"], dim=-1)

    def _judge(self, vectors: torch.Tensor) -> list[tuple[torch.Tensor, float]]:
        """Return for each unit vector of ``vectors`` (n, dim) the chances of the classes, and the cosine to the nearest
        sentence of an action.

        A sentence is asked of several times, for its caption and its example: what was found is kept for a while.
        """
        vectors = vectors.cpu()
        keys = [vector.numpy().tobytes() for vector in vectors]
        unknown = [row for row, key in enumerate(keys) if key not in self._judged]
        if len(self._judged) + len(unknown) > MOST_JUDGED:
            self._judged, unknown = {}, list(range(len(keys)))
        if unknown:
            asked = vectors[unknown]
            near = self._narrow(asked) @ self.tensors["sentences"].T
            cosines = near[:, : sum(self.config.known[: len(self.config.actions)])].amax(dim=1).tolist()
            pull = PULL * torch.from_numpy(self._nearest_of_classes(near.numpy()))
            chances = (asked @ self.tensors["weight"].T + self.tensors["bias"] + pull).softmax(dim=1)
            self._judged |= dict(zip([keys[row] for row in unknown], zip(chances, cosines, strict=True), strict=True))
        return [self._judged[key] for key in keys]

    def likeliest(self, vectors: torch.Tensor) -> list[Likeliest]:
        """Return for each unit vector of ``vectors`` (n, dim) the class that its sentence most likely belongs to."""
        arms, bodies = list(self.config.arms), list(self.config.bodies)
        return [
            Likeliest(
                int(chances.argmax()),
                float(chances.max()),
                near,
                float(chances[arms].sum()),
                float(chances[bodies].sum()),
            )
            for chances, near in self._judge(vectors)
        ]

    def doubt(self, vector: torch.Tensor) -> tuple[str, str] | None:
        """Return what a sentence, bare, of the unit ``vector`` (dim,) is taken for, and what else it may well mean.

        None where that is clear, or has no name.
        """
        ((chances, _),) = self._judge(vector[None])
        best, other = chances.topk(2).indices.tolist()
        if chances[other] < AS_WELL:
            return None
        names = (self._title(best), self._title(other))
        return names if all(names) else None

    def _title(self, number: int) -> str:
        """Return what a class is called: its action's name, or what its caption says of a person; "" without one."""
        if number < len(self.config.actions):
            return self._name(number)
        caption = self.config.captions[number] if self.config.captions else ""
        return wording(" ".join(caption.format(speed="", times="").split()))

    def is_one(self, whole: Likeliest, clauses: Sequence[Likeliest]) -> bool:
        """Tell whether a sentence of several ``clauses`` tells one action of ours move by move.

        Then the ``whole`` is surely that action, and no clause is: of several actions in a row one is what the sentence
        is nearest to. Or some are, and none of the others surely is anything.
        """
        ours = whole.number < len(self.config.actions) and whole.near >= TOLD_NEAR
        own = [clause.number == whole.number for clause in clauses]
        if not any(own):
            return ours and whole.chance >= VERY_SURE
        others = [clause for clause, is_own in zip(clauses, own, strict=True) if not is_own]
        return (
            ours and whole.chance >= SURELY_OURS and all(other.chance < UNSURE or other.near < NEAR for other in others)
        )

    def _nearest_of_classes(self, near: np.ndarray) -> np.ndarray:
        """Return the mean cosine (n, classes) of the ``NEIGHBOURS`` sentences of each class that are nearest, of a
        class of fewer the nearest.

        ``near`` (n, m) are the cosines to all sentences; those that count are overwritten.
        """
        found = [np.maximum.reduceat(near, self._begins, axis=1)]
        while len(found) < NEIGHBOURS:
            rows, places = np.nonzero(near == np.repeat(found[-1], self.config.known, axis=1))
            classes = self._classes[places]
            first = np.ones(len(rows), dtype=bool)  # one of those that are equally near
            first[1:] = (rows[1:] != rows[:-1]) | (classes[1:] != classes[:-1])
            near[rows[first], places[first]] = -2.0
            found.append(np.maximum.reduceat(near, self._begins, axis=1))
        return np.mean([np.where(one < -1, found[0], one) for one in found], axis=0)

    def class_of(self, vector: torch.Tensor) -> int | None:
        """Return the number of the class that a sentence, bare, surely belongs to; None where none is sure or has a
        name.

        ``vector`` (dim,) is its unit vector.
        """
        ((chances, _),) = self._judge(vector[None])
        best = int(chances.argmax())
        named = best < len(self.config.actions) or bool(self.config.captions and self.config.captions[best])
        return best if named and chances[best] >= SURE else None

    def caption_of(self, clause: str, vector: torch.Tensor) -> str:
        """Return a caption that the networks learnt, of what ``clause`` asks for, with its side and speed.

        ``vector`` (dim,) is the unit vector of its bare wording. "" where that is not sure, where two things are done
        at once, and where there is no caption, or one of both sides though the clause asks for one.
        """
        ((chances, _),) = self._judge(vector[None])
        best = int(chances.argmax())
        if not self.config.captions or chances[best] < SURE or _TOGETHER.search(clause):
            return ""
        told = told_by(clause)
        sides, speeds = told.sides, told.speeds
        one_side = len(sides) == 1 and "both" not in sides
        caption = self.config.captions[best]
        if one_side:
            caption = self.config.sided[best] or ("" if "both" in caption else caption)
        speed = SPEED_WORDS[next(iter(speeds))] if len(speeds) == 1 else ""
        times = TIMES_WORDS.get(next(iter(told.times)), "") if len(told.times) == 1 else ""
        return " ".join(caption.format(side=next(iter(sides), ""), speed=speed, times=times).split())

    def every_caption(self) -> list[str]:
        """Return all that :meth:`caption_of` can return, each once, "" among them: they are few."""
        forms = [*((text, "") for text in self.config.captions), *((text, side) for text in self.config.sided
                 for side in ("left", "right"))]  # fmt: skip
        slots = itertools.product(("", *SPEED_WORDS.values()), ("", *TIMES_WORDS.values()))
        said = (
            " ".join(text.format(side=side, speed=speed, times=times).split())
            for (text, side), (speed, times) in itertools.product(forms, slots)
        )
        return list(dict.fromkeys(["", *said]))

    def named(self, clause: str, vector: torch.Tensor) -> str:
        """Return ``clause``, whose bare wording has the unit ``vector`` (dim,), in words that were learnt, where it is
        sure: its caption, or what the action is called that examples are shown of."""
        actions = self.actions_of(vector)
        return self.caption_of(clause, vector) or (self._name(actions[0]) if actions else clause)

    def _name(self, action: int) -> str:
        return self.config.actions[action].replace("_", " ")

    def called(self) -> tuple[list[str], torch.Tensor]:
        """Return what the actions are called, and for each the unit vector (n, width) of a phrase that tells of it."""
        phrases = self.tensors["phrases"]
        count = len(phrases) // len(self.config.actions)
        names = [self._name(action) for action in range(len(self.config.actions)) for _ in range(count)]
        return names, phrases

    def nearest(self, vector: torch.Tensor) -> float:
        """Return the cosine of a sentence's unit vector (dim,) and the nearest sentence of an action, both in the
        basis."""
        return self._judge(vector[None])[0][1]

    def _is_taught(self, vector: torch.Tensor, taught: torch.Tensor | None) -> bool:
        """Tell whether a sentence's unit vector (dim,) is as near to one of ``taught`` (m, dim) as to an action."""
        if taught is None:
            return False
        return float((self._narrow(taught.cpu()) @ self._narrow(vector)).amax()) >= self.nearest(vector)

    def told(self, clauses: Sequence[str], vectors: torch.Tensor, taught: torch.Tensor | None = None) -> list[str]:
        """Return :meth:`caption_of` each clause; "" for one as near to a vector of ``taught`` (m, dim) as to an action.

        ``vectors`` (n, dim) are the unit vectors of the clauses' bare wordings.
        """
        self._judge(vectors)  # all in one
        return [
            "" if self._is_taught(vector, taught) else self.caption_of(clause, vector)
            for clause, vector in zip(clauses, vectors.cpu(), strict=True)
        ]

    def of(
        self, clause: str, vector: torch.Tensor, count: int, seed: int, between: bool = False
    ) -> torch.Tensor | None:
        """Return up to ``count`` tokens (n, token_dim) of an example of ``clause``, whose bare wording has the unit
        ``vector`` (dim,).

        Of several that fit as well the ``seed`` chooses, among those whose length fits ``count`` tokens best. None
        where nothing is to be shown, as where something is done on the way, or where ``between`` other clauses one
        would be cut of what words alone bring too.
        """
        if _TOGETHER.search(clause) and _MOVES.search(clause):
            return None
        likely, asked = set(self.actions_of(vector)), told_by(clause)
        own = [number for number, owner in enumerate(self.config.owner) if owner in likely]
        if not own:
            return None
        misfits = {number: misfit(asked, self._told[number]) for number in own}
        least = min(misfits.values())
        fitting = [number for number in own if misfits[number] == least]
        lengths, begins = self.config.lengths, self.config.begins
        fitting = [number for number in fitting if not between or self._is_worth(number, count)]
        fitting = self._unhurried(fitting, count)
        if not fitting:
            return None
        badly = {number: _too_long(lengths[number], begins[number], count) for number in fitting}
        fitting = sorted(fitting, key=badly.get)[:CHOICE]
        fitting = [number for number in fitting if badly[number] <= badly[fitting[0]] + SLACK]
        chosen = fitting[seed % len(fitting)]
        first = max(0, min(begins[chosen], lengths[chosen] - count))
        return self._tokens[chosen][first : first + count]

    def _unhurried(self, numbers: list[int], count: int) -> list[int]:
        """Return those of examples that are not hastened, where one of them is hardly cut in ``count`` tokens, or every
        hastened one would be cut; else the hastened that are whole."""
        lengths, begins = self.config.lengths, self.config.begins
        over = {number: lengths[number] - begins[number] - count for number in numbers}
        usual = [number for number in numbers if HASTENED not in self.config.told[number]]
        quick = [number for number in numbers if number not in usual and over[number] <= 0]
        cut = all(over[number] > CUT for number in usual)
        return quick if quick and cut else usual

    def may_need_none(self, clause: str, vector: torch.Tensor) -> int | None:
        """Return the action that a ``clause`` of the unit ``vector`` (dim,) asks for in other words than ours; None for
        no action, for a sentence of ours, and where a caption says it better."""
        likely = self.actions_of(vector)
        told = not likely or self.nearest(vector) >= OURS or self.caption_of(clause, vector)
        return None if told else likely[0]

    def _needs_none(self, clause: str, vector: torch.Tensor) -> bool:
        """Tell whether a clause that is like a learnt caption asks for an action that those bring alone."""
        return self.may_need_none(clause, vector) in self.config.learnt

    def _is_worth(self, number: int, count: int) -> bool:
        """Tell whether an example helps in ``count`` tokens: a whole one, or one of what words alone do not bring."""
        captions, owner = self.config.captions, self.config.owner[number]
        return not (captions and captions[owner]) or self.config.lengths[number] - self.config.begins[number] <= count

    def shown(
        self,
        clauses: Sequence[str],
        vectors: torch.Tensor,
        count: int,
        seeds: Sequence[int],
        taught: torch.Tensor | None = None,
        free: Sequence[tuple[int, int]] | None = None,
        between: bool = False,
        learnt: Sequence[bool] | None = None,
    ) -> Known | None:
        """Return what is shown of ``count`` tokens of each clause; None where nothing is of any.

        ``vectors`` (n, dim) are the unit vectors of the clauses' bare wordings; a clause depends on its own seed only.
        A clause as near to a vector of ``taught`` (m, dim) as to an action is shown nothing. ``free`` says how many of
        the first and of the last tokens of each are left out: what is there will be drawn anew, ``between`` one
        clause and another, as all are if that is said. A clause that is ``learnt``, like a caption that the networks
        learnt, is shown nothing of an action that such captions bring alone.
        An example that is shorter lies anywhere in the time, one that is longer is shown from where its action begins.
        """
        free = [(0, 0)] * len(clauses) if free is None else free
        tokens = torch.zeros(len(clauses), count, self.tensors["tokens"].shape[-1])
        given = torch.zeros(len(clauses), count, dtype=torch.bool)
        for row, (clause, vector, seed) in enumerate(zip(clauses, vectors.cpu(), seeds, strict=True)):
            lead, room = free[row][0], count - sum(free[row])
            if self._is_taught(vector, taught) or (learnt and learnt[row] and self._needs_none(clause, vector)):
                continue
            example = self.of(clause, vector, room, seed, between or room < count)
            if example is None:
                continue
            chance = torch.Generator().manual_seed(seed)
            first = lead + int(torch.randint(room - len(example) + 1, (1,), generator=chance))
            tokens[row, first : first + len(example)] = example
            given[row, first : first + len(example)] = True
        return Known(tokens, given[..., None].expand_as(tokens)) if given.any() else None


def laid_into(known: Known, example: Known | None, first: int, free: tuple[int, int]) -> Known:
    """Return what is ``known`` (1, count, dim) with an ``example`` (1, n, dim) from token ``first`` on.

    ``free`` of its first and last tokens are left out, for what is there to lead into it and out of it.
    """
    if example is None:
        return known
    length = example.tokens.shape[1]
    own = slice(free[0], max(free[0], length - free[1]))
    place = slice(first + own.start, first + own.stop)
    tokens, given = known.tokens.clone(), known.given.clone()
    told = example.given[:, own]
    tokens[:, place] = torch.where(told, example.tokens[:, own], tokens[:, place])
    given[:, place] |= told
    return Known(tokens, given)
