"""What a sentence says of a range, drawn by itself, as if there were nothing around it.

Beside frames that stay the networks go on with what these do, and two seconds in the middle of standing are stood
through whatever the sentence says. Alone they do what it says, so the range is drawn alone, as a motion of its own
(generate/multi_action.py), and then what leads into it and out of it, between what stays on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from runtime.config import SamplingConfig
from runtime.generate.examples import laid_into
from runtime.generate.multi_action import draw_clauses, parted
from runtime.model.sampling import Known

if TYPE_CHECKING:
    from runtime.generate.generator import Generator

PASSAGE = 1  # token that leads from what stays into what was drawn alone, and out of it
# Tokens between the passages: with fewer no action comes, with more it comes beside what stays, too.
FEWEST, MOST = 3, 20


def room_in(known: Known, passage: int) -> tuple[int, int]:
    """Return the first of the tokens of which nothing is ``known`` (1, count, dim), and one past the last, less a
    ``passage`` of tokens beside each that is."""
    hidden = torch.nonzero(~known.given[0].any(dim=-1))[:, 0].tolist()
    first, last = hidden[0], hidden[-1] + 1
    return first + passage * (first > 0), last - passage * (last < known.given.shape[1])


def is_apt(known: Known) -> bool:
    """Tell whether what is not ``known`` (1, count, dim) is of a length to be drawn by itself."""
    first, last = room_in(known, PASSAGE)
    return FEWEST <= last - first <= MOST


def parts_of(generator: Generator, prompt: str, known: Known) -> list[str]:
    """Return the clauses of ``prompt`` that :func:`drawn_alone` draws it by."""
    first, last = room_in(known, PASSAGE)
    return parted(generator, [prompt], last - first)[0]


def drawn_alone(
    generator: Generator,
    known: Known,
    parts: list[str],
    seed: int,
    config: SamplingConfig,
    on_step: Callable[[], None] | None = None,
) -> Known:
    """Return what is ``known`` (1, count, dim) with what the clauses ``parts`` say in between, by ``config``: all but
    passages.

    ``on_step`` is called after each step of drawing it, and may raise to stop.
    """
    first, last = room_in(known, PASSAGE)
    count = last - first
    report = None if on_step is None else lambda _coarse: on_step()
    drawn = draw_clauses(generator, [parts], count, [seed], config, report)
    return laid_into(known, Known(drawn, torch.ones_like(drawn, dtype=torch.bool)), first, (0, 0))
