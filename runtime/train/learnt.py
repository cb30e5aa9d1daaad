"""Find which actions need no example where a sentence is like a caption that was learnt, and note them in
``examples.safetensors``.

An example fixes how an action is done. Where the networks know the very words, some actions come out as well without
one, more varied and nearer to what else the sentence says; of others little comes without. Which is which is measured:
captions of recordings are drawn with their example and without, and the recogniser says which is more like the caption.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.data.dataset import Prepared
from runtime.evaluate.open_set import OpenSet
from runtime.generate.examples import FILE
from runtime.generate.examples_config import ExamplesConfig
from runtime.generate.generator import Generator
from runtime.recognize.ranking import fit
from runtime.recognize.recognizer import Recognizer

SPLITS = ("val", "train")
MOST, FEWEST = 6, 3  # captions of an action that are drawn, of each split; fewer in all say nothing of it
SEEDS, BATCH = 2, 16
ENCODED = 128  # captions that are encoded at once


class Said(NamedTuple):
    """A caption of a recording of so many ``frames``, a multiple of 4, and the action it is taken for."""

    caption: str
    frames: int
    action: int


def note_learnt(prepared: Path, run: Path, *, weights: Path) -> Path:
    """Write the examples of ``weights``, which name the actions that need none of them, to ``run``; return the path.

    ``weights`` holds the generator, its student and the recogniser too. Raises DataError without captioned clips in
    ``prepared``, WeightsError without the networks or the examples.
    """
    generator, recognizer = Generator.load(weights, "cpu"), Recognizer.load(weights, "cpu")
    if generator.examples is None:
        raise WeightsError(f"{weights} holds no {FILE}", "Make it with: python -m runtime train examples")
    generator.draw_in("fast")
    data = Prepared.load(prepared)
    told = [said for split in SPLITS for said in captions_of(OpenSet.load(data, split), generator)]
    gains = gains_of(told, generator, recognizer)
    actions = generator.examples.config.actions
    for action in sorted(gains, key=lambda number: np.mean(gains[number])):
        print(f"learnt: {actions[action]} {np.mean(gains[action]):+.3f} by its example ({len(gains[action])})")
    return noted(Path(weights) / FILE, Path(run) / FILE, without_need(gains))


def captions_of(clips: OpenSet, generator: Generator) -> Iterator[Said]:
    """Yield captions of ``clips`` that are learnt, and taken for actions with examples though they are no sentences of
    ours, in an order of chance, at most ``MOST`` an action."""
    pairs = [
        (caption, len(joints))
        for captions, joints in zip(clips.captions, clips.motions, strict=True)
        for caption in dict.fromkeys(captions)
    ]
    order, count = np.random.default_rng(0).permutation(len(pairs)), defaultdict(int)
    for first in range(0, len(order), ENCODED):
        rows = [pairs[row] for row in order[first : first + ENCODED]]
        captions = [caption for caption, _ in rows]
        learnt = generator.are_learnt(captions)
        for (caption, frames), vector, known in zip(rows, generator.vectors(captions).cpu(), learnt, strict=True):
            action = generator.examples.may_need_none(caption, vector) if known else None
            if action is not None and count[action] < MOST:
                count[action] += 1
                yield Said(caption, frames, action)


def gains_of(told: list[Said], generator: Generator, recognizer: Recognizer) -> dict[int, list[float]]:
    """Return for each action what its example gains each caption of it: the cosine of caption and motion with it, less
    that without, a mean over seeds."""
    gains: dict[int, list[float]] = defaultdict(list)
    every = tuple(range(len(generator.examples.config.actions)))
    for frames in sorted({said.frames for said in told}):
        alike = [said for said in told if said.frames == frames]
        for first in range(0, len(alike), BATCH):
            rows = alike[first : first + BATCH]
            prompts = [said.caption for said in rows for _ in range(SEEDS)]
            fits = []
            for learnt in ((), every):
                with taken_for_learnt(generator, learnt):
                    motions = generator.generate(prompts, frames, [*range(SEEDS)] * len(rows))
                fits.append(fit(recognizer, prompts, motions).reshape(len(rows), SEEDS).mean(axis=1))
            for said, shown, bare in zip(rows, *fits, strict=True):
                gains[said.action].append(float(shown - bare))
    return gains


@contextmanager
def taken_for_learnt(generator: Generator, actions: tuple[int, ...]) -> Iterator[None]:
    """Have ``generator`` take the actions of these numbers, and no others, for learnt while this lasts."""
    examples = generator.examples
    before = examples.config
    examples.config = replace(before, learnt=actions)
    try:
        yield
    finally:
        examples.config = before


def without_need(gains: dict[int, list[float]]) -> tuple[int, ...]:
    """Return the numbers of the actions whose captions gain nothing by their example."""
    return tuple(sorted(action for action, of in gains.items() if len(of) >= FEWEST and np.mean(of) <= 0))


def noted(source: Path, target: Path, learnt: tuple[int, ...]) -> Path:
    """Write the examples in ``source`` to ``target`` with the numbers of the actions that are ``learnt``; their tensors
    stay to the bit."""
    config, _, extra = checkpoint.load(source, "examples", ExamplesConfig)
    with_them = replace(config, learnt=learnt)
    target.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(target, "examples", with_them, checkpoint.stored(source), extra)
    return target
