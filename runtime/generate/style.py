"""Styles: small changes to the generator, taught from somebody's own clips, and put on and off its weights.

A style holds the clips as latent tokens, which are shown to the networks where their sentences are asked for
(taught.py), and, where it was trained, a change of low rank for some of the generator's matrices (LoRA, Hu et al.
2021): ``up @ down``, added ``strength`` times. A manner's is added for prompts that have its words only, so nothing
else can be forgotten. It lies in a file of its own beside the weights, belongs to the weights it was taught on, and
tells what it was taught from. :mod:`runtime.teach` makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from coamd_blender.errors import InputError, WeightsError
from coamd_blender.wire import limits
from runtime import checkpoint
from runtime.generate.taught import Shown, is_in, manner_of, wordings_of
from runtime.model.sampling import StepReport

KIND = "style"
SUFFIX = ".safetensors"
MOST_STRENGTH = limits.LARGEST_STRENGTH  # either way: a style can be subtracted, on the command line
_PARTS = (".down", ".up")
_TEACH = "Teach it again"
_MOST_WORDS, _MOST_LETTERS = 2000, 200_000  # that a style has been taught, in sentences and in all
_MOST_SHOWN = 2000  # clips, at every tempo
_TOKENS, _SEEN = "shown", "seen"


@dataclass(frozen=True)
class StyleConfig:
    """What a style tells of itself.

    name      what the user calls it
    made_for  sha256 of the generator's file that it changes
    rank      of every change; 0 for a style that was not trained
    words     the sentences that were taught
    clips     the names of the clips that taught them, without their folders
    licence   what the user says of the clips' licence
    scores    names and figures: what was measured when it was taught
    shown     of every clip that is shown: its tokens, the number of the clip, and what is said of it
    seen_by   sha256 of the recogniser that has seen the clips; "" for none
    """

    name: str
    made_for: str
    rank: int
    words: tuple[str, ...]
    clips: tuple[str, ...]
    licence: str = ""
    scores: tuple[tuple[str, float], ...] = ()
    shown: tuple[tuple[int, int, tuple[str, ...]], ...] = ()
    seen_by: str = ""

    def __post_init__(self) -> None:
        for field in ("words", "clips"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        letters = [len(word) for word in self.words if isinstance(word, str)]
        if len(letters) < len(self.words) or len(letters) > _MOST_WORDS or sum(letters) > _MOST_LETTERS:
            raise ValueError("its words are not sentences, or too many")
        shown = tuple((int(count), int(clip), tuple(said)) for count, clip, said in self.shown)
        said = [sentence for _, _, sentences in shown for sentence in sentences]
        if len(shown) > _MOST_SHOWN or not all(count > 0 and sentences for count, _, sentences in shown):
            raise ValueError("what it shows is nothing, or too much")
        if not all(isinstance(sentence, str) for sentence in said) or sum(map(len, said)) > _MOST_LETTERS:
            raise ValueError("what it shows is not told in sentences")
        object.__setattr__(self, "shown", shown)
        object.__setattr__(self, "scores", tuple((str(name), float(value)) for name, value in self.scores))


@dataclass(frozen=True, eq=False)
class Style:
    """A change of some matrices, and clips that are shown.

    ``layers[name]`` is (down (rank, inputs), up (outputs, rank)) of the matrix that the generator's state calls
    ``name + ".weight"``; ``tokens`` (all, token_dim), normalised, are those of the clips, one after the other; None for
    none. ``seen`` (clips, dim) are the recogniser's unit vectors of the clips; None where none has seen them.
    """

    config: StyleConfig
    layers: Mapping[str, tuple[torch.Tensor, torch.Tensor]]
    tokens: torch.Tensor | None = None
    seen: torch.Tensor | None = None

    def save(self, path: Path) -> None:
        """Write it to ``path`` in half precision."""
        tensors = {
            name + part: value.half()
            for name, pair in self.layers.items()
            for part, value in zip(_PARTS, pair, strict=True)
        }
        if self.tokens is not None:
            tensors[_TOKENS] = self.tokens.half()
        if self.seen is not None:
            tensors[_SEEN] = self.seen.half()
        checkpoint.save(path, KIND, self.config, tensors)

    def clips(self) -> list[Shown]:
        """Return the clips that are shown."""
        if self.tokens is None:
            return []
        parts = self.tokens.float().split([count for count, _, _ in self.config.shown])
        return [Shown(part, said, clip) for part, (_, clip, said) in zip(parts, self.config.shown, strict=True)]

    def manner(self) -> tuple[str, ...]:
        """Return the words that ask for the manner that was taught; () where that is an action."""
        return manner_of(wordings_of(self.clips()))

    @classmethod
    def load(cls, path: Path) -> Style:
        """Read it from ``path``. Raises WeightsError when the file is missing, torn or no style."""
        config, tensors, _ = checkpoint.load(Path(path), KIND, StyleConfig)
        tokens, seen = (tensors.pop(name, None) for name in (_TOKENS, _SEEN))
        fits = tokens is None or (tokens.ndim == 2 and tokens.is_floating_point())
        if not fits or (0 if tokens is None else len(tokens)) != sum(count for count, _, _ in config.shown):
            raise WeightsError(f"{Path(path).name} is torn: its clips are not whole", _TEACH)
        told = {clip for _, clip, _ in config.shown}
        if seen is not None and (seen.ndim != 2 or told != set(range(len(seen)))):
            raise WeightsError(f"{Path(path).name} is torn: its clips were not all seen", _TEACH)
        names = {name.removesuffix(_PARTS[0]) for name in tensors if name.endswith(_PARTS[0])}
        whole = {name + part for name in names for part in _PARTS}
        if (not names and tokens is None) or whole != set(tensors):
            raise WeightsError(f"{Path(path).name} is not a whole style", _TEACH)
        for name in names:
            down, up = (tensors[name + part] for part in _PARTS)
            thin = down.ndim == up.ndim == 2 and len(down) == up.shape[1] == config.rank
            if not thin or not (down.is_floating_point() and up.is_floating_point()):
                raise WeightsError(f"{Path(path).name} is torn: {name} is not a change of rank {config.rank}", _TEACH)
        layers = {name: (tensors[name + _PARTS[0]], tensors[name + _PARTS[1]]) for name in sorted(names)}
        return cls(config, layers, tokens, seen)


@dataclass(frozen=True)
class Worn:
    """A style and how strongly it is put on: 0 is not at all, 1 as it was taught."""

    style: Style
    strength: float = 1.0


def _same(some: Sequence[Worn], others: Sequence[Worn]) -> bool:
    return [(id(each.style), each.strength) for each in some] == [(id(each.style), each.strength) for each in others]


class Wardrobe:
    """Puts styles on the matrices of ``networks`` and takes them off again, to the bit."""

    def __init__(self, networks: nn.Module, digest: str, token_dim: int | None = None):
        """``digest`` is the sha256 of the file that ``networks`` were read from; ``token_dim`` what a token of theirs
        has, None where no clips can be shown."""
        self._networks, self._digest, self._token_dim = networks, digest, token_dim
        self._plain: dict[str, torch.Tensor] = {}  # the matrices that are changed, as they were
        self._on: tuple[Worn, ...] = ()  # what changes them
        self._manners: list[tuple[str, ...]] = []  # of what is worn
        self.worn: tuple[Worn, ...] = ()  # what is on, in order; kept alive, so that their ids stay theirs

    def wear(self, worn: Sequence[Worn]) -> None:
        """Have the networks wear these styles and no others.

        Raises InputError, and changes nothing, for a style of other weights or a strength out of range.
        """
        worn = [each for each in worn if each.strength]
        if not _same(worn, self.worn):
            for each in worn:
                self._check(each)
            self._manners = [each.style.manner() for each in worn]
        self.worn = tuple(worn)
        self.put_on(self.worn)

    def asked(self, prompt: str) -> tuple[Worn, ...]:
        """Return which of the styles worn change the networks for a prompt: of manners those it has the words of."""
        return tuple(
            each for each, manner in zip(self.worn, self._manners, strict=True)
            if each.style.layers and is_in(manner, prompt)
        )  # fmt: skip

    @torch.no_grad()
    def put_on(self, some: Sequence[Worn]) -> None:
        """Have the matrices changed by ``some`` of the styles worn and by no others, until told otherwise."""
        if _same(some, self._on):
            return
        for name, plain in self._plain.items():
            self._networks.get_parameter(name).copy_(plain)
        self._plain = {}
        for each in some:
            for layer, (down, up) in each.style.layers.items():
                matrix = self._networks.get_parameter(f"{layer}.weight")
                self._plain.setdefault(f"{layer}.weight", matrix.detach().clone())
                matrix.add_((up @ down).to(matrix), alpha=each.strength)
        self._on = tuple(some)

    def _check(self, worn: Worn) -> None:
        name = worn.style.config.name
        if not -MOST_STRENGTH <= worn.strength <= MOST_STRENGTH:
            raise InputError(
                f"The strength {worn.strength:g} of the style {name!r} is out of range",
                f"Choose one from {-MOST_STRENGTH:g} to {MOST_STRENGTH:g}",
            )
        known = {key: value.shape for key, value in self._networks.named_parameters()}
        fits = all(
            known.get(f"{layer}.weight") == (len(up), down.shape[1]) for layer, (down, up) in worn.style.layers.items()
        )
        tokens = worn.style.tokens
        fits = fits and (tokens is None or tokens.shape[1] == self._token_dim)
        if worn.style.config.made_for != self._digest or not fits:
            raise InputError(
                f"The style {name!r} was taught on other weights", "Teach it again on these, from the same clips"
            )


def report_rows(
    on_step: StepReport, drawn: torch.Tensor, rows: list[int], step: int, steps: int, coarse: Callable
) -> None:
    """Tell a step of some ``rows`` of the tokens that are ``drawn`` (prompts, count, token_dim), no unit, with the
    others as they are."""

    def whole() -> torch.Tensor:
        seen = drawn.clone()
        seen[rows] = coarse()
        return seen

    on_step(step, steps, whole)
