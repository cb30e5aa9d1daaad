"""Styles: small changes to the generator, taught from somebody's own clips, and put on and off its weights.

A style holds a change of low rank for some of the generator's matrices (LoRA, Hu et al. 2021): ``up @ down``, added
``strength`` times. It lies in a file of its own beside the weights, belongs to the weights it was taught on, and tells
what it was taught from. :mod:`runtime.teach` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from coamd_blender.errors import InputError, WeightsError
from coamd_blender.wire import limits
from runtime import checkpoint

KIND = "style"
SUFFIX = ".safetensors"
MOST_STRENGTH = limits.LARGEST_STRENGTH  # either way: a style can be subtracted, on the command line
_PARTS = (".down", ".up")
_TEACH = "Teach it again"
_MOST_WORDS, _MOST_LETTERS = 2000, 200_000  # that a style has been taught, in sentences and in all


@dataclass(frozen=True)
class StyleConfig:
    """What a style tells of itself.

    name      what the user calls it
    made_for  sha256 of the generator's file that it changes
    rank      of every change
    words     the sentences that were taught
    clips     the names of the clips that taught them, without their folders
    licence   what the user says of the clips' licence
    scores    names and figures: what was measured when it was taught
    """

    name: str
    made_for: str
    rank: int
    words: tuple[str, ...]
    clips: tuple[str, ...]
    licence: str = ""
    scores: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for field in ("words", "clips"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        letters = [len(word) for word in self.words if isinstance(word, str)]
        if len(letters) < len(self.words) or len(letters) > _MOST_WORDS or sum(letters) > _MOST_LETTERS:
            raise ValueError("its words are not sentences, or too many")
        object.__setattr__(self, "scores", tuple((str(name), float(value)) for name, value in self.scores))


@dataclass(frozen=True, eq=False)
class Style:
    """A change of some matrices: ``layers[name]`` is (down (rank, inputs), up (outputs, rank)) of the matrix that the
    generator's state calls ``name + ".weight"``."""

    config: StyleConfig
    layers: Mapping[str, tuple[torch.Tensor, torch.Tensor]]

    def save(self, path: Path) -> None:
        """Write it to ``path`` in half precision."""
        tensors = {
            name + part: value.half()
            for name, pair in self.layers.items()
            for part, value in zip(_PARTS, pair, strict=True)
        }
        checkpoint.save(path, KIND, self.config, tensors)

    @classmethod
    def load(cls, path: Path) -> Style:
        """Read it from ``path``. Raises WeightsError when the file is missing, torn or no style."""
        config, tensors, _ = checkpoint.load(Path(path), KIND, StyleConfig)
        names = {name.removesuffix(_PARTS[0]) for name in tensors if name.endswith(_PARTS[0])}
        whole = {name + part for name in names for part in _PARTS}
        if not names or whole != set(tensors):
            raise WeightsError(f"{Path(path).name} is not a whole style", _TEACH)
        for name in names:
            down, up = (tensors[name + part] for part in _PARTS)
            thin = down.ndim == up.ndim == 2 and len(down) == up.shape[1] == config.rank
            if not thin or not (down.is_floating_point() and up.is_floating_point()):
                raise WeightsError(f"{Path(path).name} is torn: {name} is not a change of rank {config.rank}", _TEACH)
        return cls(config, {name: (tensors[name + _PARTS[0]], tensors[name + _PARTS[1]]) for name in sorted(names)})


@dataclass(frozen=True)
class Worn:
    """A style and how strongly it is put on: 0 is not at all, 1 as it was taught."""

    style: Style
    strength: float = 1.0


class Wardrobe:
    """Puts styles on the matrices of ``networks`` and takes them off again, to the bit."""

    def __init__(self, networks: nn.Module, digest: str):
        """``digest`` is the sha256 of the file that ``networks`` were read from."""
        self._networks, self._digest = networks, digest
        self._plain: dict[str, torch.Tensor] = {}  # the matrices that are changed, as they were
        self.worn: tuple[Worn, ...] = ()  # what is on, in order; kept alive, so that their ids stay theirs

    @torch.no_grad()
    def wear(self, worn: Sequence[Worn]) -> None:
        """Have the networks wear these styles and no others.

        Raises InputError, and changes nothing, for a style of other weights or a strength out of range.
        """
        worn = [each for each in worn if each.strength]
        if [(id(each.style), each.strength) for each in worn] == [(id(on.style), on.strength) for on in self.worn]:
            return
        for each in worn:
            self._check(each)
        for name, plain in self._plain.items():
            self._networks.get_parameter(name).copy_(plain)
        self._plain = {}
        for each in worn:
            for layer, (down, up) in each.style.layers.items():
                matrix = self._networks.get_parameter(f"{layer}.weight")
                self._plain.setdefault(f"{layer}.weight", matrix.detach().clone())
                matrix.add_((up @ down).to(matrix), alpha=each.strength)
        self.worn = tuple(worn)

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
        if worn.style.config.made_for != self._digest or not fits:
            raise InputError(
                f"The style {name!r} was taught on other weights", "Teach it again on these, from the same clips"
            )
