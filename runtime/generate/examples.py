"""Examples: of actions that the networks do not do from words alone, they are shown a part of one motion first.

They complete a motion better than they find it: after the sentence alone they stand about, with half of the tokens of a
salute before them they salute. A linear classifier on the sentence names the action that is asked for, of
those that have examples, or says that it is none of them; among the action's examples the one of the side, count,
speed and length that are asked for is shown. Retrieval helps rare actions most (Zhang et al. 2023, ReMoDiffuse, where
networks are trained for it; ours complete masked tokens as they are). What is shown stays in the motion, the rest is
drawn around it; which of several examples it is, which of its tokens and where in the time, the seed decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch.nn.functional import normalize

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.model.sampling import Known
from runtime.model.text_encoder import TextFeatures

FILE = "examples.safetensors"
SHOWN = 0.8  # of an example's tokens
SURE = 0.5  # probability from which on an action is taken to be asked for
AS_LIKELY = 0.5  # share of the likeliest action's probability from which on chance may choose another
NEAR = 0.5  # cosine to the nearest phrase of an action under which a sentence has nothing to do with it
WORDS = 0.7  # what the words alone count for beside what they mean together
LEAD = 2  # tokens that are drawn between what is there and an example
CHOICE = 4  # examples that chance chooses among
_TWO = r"two(?! (?:hands|arms|legs|feet|knees|fists|palms|fingers|people))|twice"
_NUMBERS = (r"once", _TWO, r"three|thrice", "four", "five", "six", "seven", "eight", "nine", "ten")
_SIDES = {"left": r"left", "right": r"right", "both": r"both|two hands|two arms"}
_SPEEDS = {
    "slow": r"slow(?:ly)?|lazily|carefully|gently",
    "fast": r"fast|quick(?:ly)?|rapid(?:ly)?|hurried(?:ly)?|hastily",
}
_TIMES = {str(number): rf"{word}|{number}" for number, word in enumerate(_NUMBERS, start=1)}
_TELLING = [
    {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in kind.items()}
    for kind in (_SIDES, _SPEEDS, _TIMES)
]
_TOGETHER = re.compile(r"\b(?:while|whilst|as (?:he|she|they|it)|at the same time)\b", re.IGNORECASE)


@dataclass(frozen=True)
class ExamplesConfig:
    """What the file says beside its numbers.

    actions   names of the actions that have examples
    owner     for each example the number of its action
    told      for each example its side, speed and count in words, where it has them
    lengths   tokens of each example
    made_for  sha256 of the autoencoder that the tokens are of
    """

    actions: tuple[str, ...]
    owner: tuple[int, ...]
    told: tuple[str, ...]
    lengths: tuple[int, ...]
    made_for: str

    def __post_init__(self) -> None:
        for field in ("actions", "owner", "told", "lengths"):
            object.__setattr__(self, field, tuple(getattr(self, field)))


@lru_cache(maxsize=8192)
def told_by(sentence: str) -> tuple[frozenset[str], ...]:
    """Return which side, speed and count a sentence tells of."""
    return tuple(frozenset(name for name, words in kind.items() if words.search(sentence)) for kind in _TELLING)


def misfit(asked: tuple[frozenset[str], ...], told: tuple[frozenset[str], ...]) -> tuple[int, int, int]:
    """Return how little an example that is ``told`` of fits what is ``asked`` for, what misleads most first.

    Another side; repeats too many or too few; another speed.
    """
    (side, speed, times), (own_side, own_speed, own_times) = asked, told
    apart = min((abs(int(one) - int(other)) for one in times for other in own_times), default=0)
    return int(bool(side and own_side and not side & own_side)), apart, int(bool(speed and not speed & own_speed))


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


def _too_long(length: int, count: int) -> int:
    """How badly an example of ``length`` tokens fits ``count``: what would be cut off weighs more than time left."""
    return 3 * (length - count) if length > count else count - length


class Examples:
    """The classifier of sentences, and the tokens (all, token_dim) of the examples, one after the other.

    Tensors: ``weight`` (classes, dim) and ``bias`` (classes,) give the logits of a unit sentence vector: first the
    actions, then whatever has no example. ``phrases`` (n, dim) are unit vectors of
    what the actions are called, of each as many.
    """

    def __init__(self, config: ExamplesConfig, tensors: dict[str, torch.Tensor]):
        self.config = config
        self.tensors = {name: value.float() for name, value in tensors.items()}
        self.tensors["phrases"] = normalize(self.tensors["phrases"], dim=-1)
        self._tokens = self.tensors["tokens"].split(list(config.lengths))
        self._told = [told_by(told) for told in config.told]

    @classmethod
    def beside(cls, folder: Path, made_for: str) -> Examples | None:
        """Read it from a weights folder whose autoencoder's sha256 is ``made_for``; None where there is none.

        Raises WeightsError when it is torn, or of another autoencoder.
        """
        path = Path(folder) / FILE
        if not path.is_file():
            return None
        config, tensors, _ = checkpoint.load(path, "examples", ExamplesConfig)
        if not _fits(config, tensors):
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
        chances = (self.tensors["weight"] @ vector + self.tensors["bias"]).softmax(dim=0)
        best = int(chances.argmax())
        known = len(self.config.actions)
        if best >= known or chances[best] < SURE or self.nearest(vector) < NEAR:
            return []
        likely = torch.nonzero(chances[:known] >= AS_LIKELY * chances[best])[:, 0].tolist()
        return sorted(likely, key=lambda action: -float(chances[action]))

    def called(self) -> tuple[list[str], torch.Tensor]:
        """Return what the actions are called, and for each the unit vector (n, width) of a phrase that tells of it."""
        phrases = self.tensors["phrases"]
        count = len(phrases) // len(self.config.actions)
        names = [action.replace("_", " ") for action in self.config.actions for _ in range(count)]
        return names, normalize(phrases[:, : phrases.shape[1] // 2], dim=-1)

    def nearest(self, vector: torch.Tensor) -> float:
        """Return the cosine of a sentence's unit vector (dim,) and the nearest phrase of an action."""
        return float((self.tensors["phrases"] @ vector).amax())

    def of(self, clause: str, vector: torch.Tensor, count: int, seed: int) -> torch.Tensor | None:
        """Return the tokens (n, token_dim) of an example of ``clause``, whose bare wording has the unit ``vector``
        (dim,).

        Of several that fit as well the ``seed`` chooses, among the CHOICE whose length fits ``count`` tokens best. None
        where nothing is to be shown, as where two things are done at once.
        """
        if _TOGETHER.search(clause):
            return None
        likely, asked = set(self.actions_of(vector)), told_by(clause)
        own = [number for number, owner in enumerate(self.config.owner) if owner in likely]
        if not own:
            return None
        misfits = {number: misfit(asked, self._told[number]) for number in own}
        least = min(misfits.values())
        fitting = [number for number in own if misfits[number] == least]
        fitting.sort(key=lambda number: _too_long(self.config.lengths[number], count))
        return self._tokens[fitting[seed % min(CHOICE, len(fitting))]]

    def shown(
        self,
        clauses: Sequence[str],
        vectors: torch.Tensor,
        count: int,
        seeds: Sequence[int],
        taught: torch.Tensor | None = None,
    ) -> Known | None:
        """Return what is shown of ``count`` tokens of each clause; None where nothing is of any.

        ``vectors`` (n, dim) are the unit vectors of the clauses' bare wordings; a clause depends on its own seed only.
        A clause as near to a vector of ``taught`` (m, dim) as to an action is shown nothing.
        An example that is shorter lies anywhere in the time, one that is longer is shown from its start.
        """
        tokens = torch.zeros(len(clauses), count, self.tensors["tokens"].shape[-1])
        given = torch.zeros(len(clauses), count, dtype=torch.bool)
        for row, (clause, vector, seed) in enumerate(zip(clauses, vectors.cpu(), seeds, strict=True)):
            known = taught is not None and float((taught.cpu() @ vector).amax()) >= self.nearest(vector)
            example = None if known else self.of(clause, vector, count, seed)
            if example is None:
                continue
            chance = torch.Generator().manual_seed(seed)
            length = min(len(example), count)
            first = int(torch.randint(count - length + 1, (1,), generator=chance))
            places = torch.randperm(length, generator=chance)[: max(1, round(SHOWN * length))]
            tokens[row, first + places] = example[places]
            given[row, first + places] = True
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


def _fits(config: ExamplesConfig, tensors: dict[str, torch.Tensor]) -> bool:
    """Tell whether the tensors are those of the configuration."""
    if set(tensors) != {"weight", "bias", "phrases", "tokens"}:
        return False
    classes, count = len(tensors["bias"]), len(config.lengths)
    return (
        len(tensors["weight"]) == classes > len(config.actions) > 0
        and len(config.owner) == len(config.told) == count
        and all(0 <= owner < len(config.actions) for owner in config.owner)
        and len(tensors["tokens"]) == sum(config.lengths)
        and tensors["weight"].shape[1:] == tensors["phrases"].shape[1:]
        and len(tensors["phrases"]) % len(config.actions) == 0 < len(tensors["phrases"])
    )
