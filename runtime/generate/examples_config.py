"""What the file of the examples says beside its numbers, and whether these belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class ExamplesConfig:
    """What the file says beside its numbers.

    actions   names of the actions that have examples
    owner     for each example the number of its action
    told      for each example its side, speed and count in words, where it has them
    lengths   tokens of each example
    begins    for each example the token that its action begins at, after some standing
    arms      numbers of the classes that arms, trunk and head do alone
    bodies    numbers of the classes that may be done while arms do something else
    paths     numbers of the classes that go along a path, which may bend to a side
    compounds pairs of a class and one of ``arms`` that its own sentences tell of: both are meant as one
    made_for  sha256 of the autoencoder that the tokens are of
    captions  for each class what it is called in a caption, "" where it has none; may hold {speed} and {times}
    sided     the same of one side, with {side}; "" where it has none
    known     for each class how many sentences of it are known
    learnt    numbers of the actions that need no example where a sentence is like a caption that the networks learnt
    """

    actions: tuple[str, ...]
    owner: tuple[int, ...]
    told: tuple[str, ...]
    lengths: tuple[int, ...]
    made_for: str
    captions: tuple[str, ...] = ()
    sided: tuple[str, ...] = ()
    known: tuple[int, ...] = ()
    begins: tuple[int, ...] = ()
    arms: tuple[int, ...] = ()
    bodies: tuple[int, ...] = ()
    paths: tuple[int, ...] = ()
    compounds: tuple[tuple[int, int], ...] = ()
    learnt: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for field in (
            "actions",
            "owner",
            "told",
            "lengths",
            "captions",
            "sided",
            "known",
            "begins",
            "arms",
            "bodies",
            "paths",
            "learnt",
        ):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        object.__setattr__(self, "compounds", tuple(map(tuple, self.compounds)))


def fits(config: ExamplesConfig, tensors: dict[str, torch.Tensor]) -> bool:
    """Tell whether ``tensors``, of any shape and unit, are those of the configuration: their shapes as it says."""
    if set(tensors) != {"weight", "bias", "phrases", "tokens", "basis", "sentences"}:
        return False
    classes, count = len(tensors["bias"]), len(config.lengths)
    return (
        len(tensors["weight"]) == classes > len(config.actions) > 0
        and len(config.captions) == len(config.sided) in (0, classes)
        and len(config.known) == classes
        and min(config.known) > 0
        and sum(config.known) == len(tensors["sentences"])
        and tensors["basis"].shape == (tensors["weight"].shape[1], tensors["sentences"].shape[1])
        and len(config.owner) == len(config.told) == len(config.begins) == count
        and all(0 <= owner < len(config.actions) for owner in config.owner)
        and all(
            0 <= number < classes
            for number in (*config.arms, *config.bodies, *config.paths, *sum(config.compounds, ()))
        )
        and all(0 <= number < len(config.actions) for number in config.learnt)
        and len(tensors["tokens"]) == sum(config.lengths)
        and tensors["weight"].shape[1] == 2 * tensors["phrases"].shape[1]
        and len(tensors["phrases"]) % len(config.actions) == 0 < len(tensors["phrases"])
    )
