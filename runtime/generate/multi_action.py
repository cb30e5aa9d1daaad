"""Sentences that tell several actions, drawn action by action: "he walks, then sits down, then waves".

Each clause (coamd_blender/wire/clauses.py) is drawn alone, over its share of the time, as if nothing else were asked
for: the networks have learnt single actions better than rows of them, and what they are shown of one action talks them
out of the next. What arms do while the body does something else is drawn alone, too, and laid over it (together.py).
Then the passages between the clauses are drawn anew between what stays on both sides, without a text,
and the more of them the further the body has to rise or sink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES
from coamd_blender.wire.checks import tidy_prompt
from coamd_blender.wire.clauses import MOST_CLAUSES, clauses
from runtime.cleanup.blend import acceleration, soften_blends, without_jolts
from runtime.cleanup.denoise import remove_tremor
from runtime.cleanup.joint_foot_lock import lock_joint_feet
from runtime.config import SamplingConfig
from runtime.generate import together
from runtime.generate.clause_reader import Clause, Judge
from runtime.generate.overlay import laid_over
from runtime.generate.together import Pair
from runtime.model.sampling import Known, StepReport

if TYPE_CHECKING:
    from runtime.generate.generator import Generator

LONGEST = MAX_FRAMES // FRAME_MULTIPLE  # tokens of a motion
SHORTEST_CLAUSE = 5  # tokens, one second: a sentence of more clauses than seconds is drawn as a whole
PASSAGE, LONGEST_PASSAGE = 3, 6  # tokens drawn anew on each side of a blend
RISE = (0.3, 0.1)  # metres between the pelvis' heights on both sides that PASSAGE is enough for; that add a token more
SEAM_SECONDS = 0.2  # on either side of a blend that are made as even as the rest
PASSAGE_STEPS = 6  # autoregressive steps for the passages, at most
SETTINGS = (SHORTEST_CLAUSE, PASSAGE, LONGEST_PASSAGE, RISE, PASSAGE_STEPS)
_SEED_STRIDE = 1_000_003  # between the seeds of two clauses
_GESTURE_STRIDE = 500_009  # between those of what the body does and of what arms do meanwhile


def clauses_of(prompt: str, count: int) -> list[str]:
    """Return the clauses that ``prompt`` is drawn by over ``count`` tokens: itself alone where it tells one action, or
    where there is too little time for each."""
    parts = clauses(prompt)
    return parts if count >= SHORTEST_CLAUSE * len(parts) else [prompt]


def parted(generator: Generator, prompts: list[str], count: int) -> list[list[str]]:
    """Return the clauses that each prompt is drawn by over ``count`` tokens, as the weights read it (clause_reader.py):
    itself alone where it tells one action, move by move perhaps, or where there is too little time for each."""
    parts = [clauses_of(prompt, count) for prompt in prompts]
    rows = [row for row, taught in enumerate(generator.asked([tidy_prompt(each) for each in prompts])) if not taught]
    if generator.clause_reader is not None:
        for row, read in zip(rows, _read(generator, [prompts[row] for row in rows]), strict=True):
            told = [clause.text for clause in read]
            parts[row] = told if len(told) <= min(MOST_CLAUSES, count // SHORTEST_CLAUSE) else [prompts[row]]
    if generator.examples is not None:
        for row in _of_one_action(generator, {row: [prompts[row], *parts[row]] for row in rows if len(parts[row]) > 1}):
            parts[row] = [prompts[row]]
    return parts


def _read(generator: Generator, prompts: list[str]) -> list[list[Clause]]:
    paths = generator.examples.config.paths if generator.examples is not None else ()
    return generator.clause_reader.read(prompts, judge_of(generator), paths)


def judge_of(generator: Generator) -> Judge | None:
    """Return what tells the likeliest class of each of some texts; None where the weights know none."""
    examples = generator.examples
    return None if examples is None else lambda texts: examples.likeliest(generator.vectors(texts))


def _of_one_action(generator: Generator, told: dict[int, list[str]]) -> list[int]:
    """Return for which rows a sentence of several clauses, ``told`` before them, surely is one action move by move."""
    texts = list(dict.fromkeys(text for own in told.values() for text in own))
    if not texts:
        return []
    judged = dict(zip(texts, judge_of(generator)(texts), strict=True))
    return [
        row
        for row, (whole, *clauses) in told.items()
        if generator.examples.is_one(judged[whole], [judged[clause] for clause in clauses])
    ]


def pairs_of(generator: Generator, clauses: list[str]) -> list[Pair]:
    """Return what each clause says that the body does, and what arms do meanwhile (together.py); what clips have taught
    stays whole."""
    told = [tidy_prompt(clause) for clause in clauses]
    pairs = [Pair(clause) for clause in told]
    rows = [row for row, wording in enumerate(generator.asked(told)) if wording is None]
    if generator.examples is None or not rows:
        return pairs
    own = [told[row] for row in rows]
    read = _read(generator, own) if generator.clause_reader is not None else [[] for _ in own]
    at_once = [(clauses[0].body, clauses[0].arms) if len(clauses) == 1 else ("", "") for clauses in read]
    judged = together.pairs_of(own, generator.examples, generator.vectors, at_once)
    for row, pair in zip(rows, judged, strict=True):
        pairs[row] = pair
    return pairs


def for_clauses(clause_count: int, config: SamplingConfig) -> SamplingConfig:
    """Return how each of so many clauses is drawn where one alone is by ``config``."""
    return replace(config, steps=max(config.steps, config.clause_steps)) if clause_count > 1 else config


def clause_steps(clause_count: int, config: SamplingConfig) -> int:
    """Return the autoregressive steps that drawing so many clauses takes."""
    steps = for_clauses(clause_count, config).steps
    return steps if clause_count == 1 else steps + min(PASSAGE_STEPS, steps)


def for_passages(config: SamplingConfig) -> SamplingConfig:
    """Return how passages are drawn where all else is by ``config``: in fewer steps, and whatever the sentence says."""
    return replace(config, steps=min(PASSAGE_STEPS, config.steps), guidance_weight=0.0, guidance_rescale=0.0)


def clause_edges(clause_count: int, count: int) -> list[int]:
    """Return where the shares of the clauses begin and end among ``count`` tokens."""
    return [round(count * number / clause_count) for number in range(clause_count + 1)]


def blend_frames(clause_count: int, count: int) -> list[int]:
    """Return the frames at which one clause gives way to the next."""
    return [FRAME_MULTIPLE * edge for edge in clause_edges(clause_count, count)[1:-1]]


def draw_clauses(
    generator: Generator,
    prompts: list[list[str]],
    count: int,
    seeds: list[int],
    config: SamplingConfig,
    on_step: Callable[[Callable[[], torch.Tensor]], None] | None = None,
) -> torch.Tensor:
    """Draw ``count`` normalised tokens a prompt: (prompts, count, token_dim) for prompts of equally many clauses each.

    All clauses are drawn in one batch. ``on_step(coarse)`` is called after every step, where ``coarse()`` makes all
    tokens as they stand, and may raise to stop.
    """
    edges = clause_edges(len(prompts[0]), count)
    shares = list(pairwise(edges))
    config = for_clauses(len(shares), config)
    longest = max(last - first for first, last in shares)

    def in_a_row(drawn: torch.Tensor) -> torch.Tensor:
        """One row a prompt of tokens drawn one row a clause; the longest share's last token may be one too many."""
        parts = drawn.unflatten(0, (len(shares), len(prompts)))
        return torch.cat([parts[number, :, : last - first] for number, (first, last) in enumerate(shares)], dim=1)

    told = [prompt[number] for number in range(len(shares)) for prompt in prompts]
    their_seeds = [seed + number * _SEED_STRIDE for number in range(len(shares)) for seed in seeds]
    last = len(shares) - 1
    inner = [(PASSAGE * (number > 0), PASSAGE * (number < last)) for number in range(len(shares)) for _ in prompts]
    rooms = [_room(longest, *ends) for ends in inner]
    pairs = pairs_of(generator, told)
    alone = _drawn_alone(
        generator,
        pairs,
        longest,
        their_seeds,
        rooms,
        config,
        (lambda _step, _steps, coarse: on_step(lambda: in_a_row(coarse()[: len(told)]))) if on_step else None,
    )
    tokens = in_a_row(alone)
    if len(shares) == 1:
        return tokens
    open_tokens = _passages(generator, tokens, edges).to(tokens.device)
    known = Known(tokens, ~open_tokens[..., None].expand_as(tokens))
    whole = [", then ".join(prompt) for prompt in prompts]
    report = (lambda _step, _steps, coarse: on_step(coarse)) if on_step else None
    return generator.draw(whole, count, seeds, for_passages(config), known=known, on_step=report)


def _drawn_alone(
    generator: Generator,
    pairs: Sequence[Pair],
    count: int,
    seeds: list[int],
    rooms: list[tuple[int, int]],
    config: SamplingConfig,
    on_step: StepReport | None,
) -> torch.Tensor:
    """Draw ``count`` tokens of each clause, of one with ``arms`` the body's with what the arms do laid over it.

    ``rooms`` says of how many of the first and last tokens of each nothing is shown.
    """
    rows = [row for row, pair in enumerate(pairs) if pair.arms]
    told = [pair.body for pair in pairs] + [pairs[row].arms for row in rows]
    seeds = seeds + [gesture_seed(seeds[row]) for row in rows]
    text, known = generator.heard(told, count, seeds, rooms + [rooms[row] for row in rows])
    drawn = generator.draw(told, count, seeds, config, text=text, known=known, on_step=on_step)
    alone, gestures = drawn[: len(pairs)], drawn[len(pairs) :]
    if rows:
        alone = alone.clone()
        kept_up = [pairs[row].kept_up for row in rows]
        alone[rows] = laid_over(generator.autoencoder, alone[rows], gestures, kept_up)
    return alone


def gesture_seed(seed: int) -> int:
    """Return the seed of what arms do while the body does something of ``seed``."""
    return seed + _GESTURE_STRIDE


def _room(count: int, before: int, after: int) -> tuple[int, int]:
    """Return how many of the first and of the last of ``count`` tokens a passage takes, never more than half in all."""
    most = count // 4 if before and after else count // 2
    return min(before, most), min(after, most)


def _passages(generator: Generator, tokens: torch.Tensor, edges: list[int]) -> torch.Tensor:
    """Which tokens (prompts, count) are drawn anew: PASSAGE on each side of an edge, more where the pelvis is at
    another height behind it, never more than half of a clause."""
    with torch.inference_mode():
        height = generator.autoencoder.decode(tokens)[:, :, 0, 1].float().cpu()
    anew = torch.zeros(tokens.shape[:2], dtype=torch.bool)
    enough, more = RISE
    for before, edge, after in zip(edges, edges[1:], edges[2:], strict=False):
        ends = [FRAME_MULTIPLE * place for place in (max(edge - PASSAGE, before), min(edge + PASSAGE, after) - 1)]
        rise = (height[:, ends[1]] - height[:, ends[0]]).abs()
        width = (PASSAGE + ((rise - enough) / more).ceil().clamp(min=0)).clamp(max=LONGEST_PASSAGE)
        for row, side in enumerate(width.int().tolist()):
            anew[row, edge - min(side, (edge - before) // 2) : edge + min(side, (after - edge) // 2)] = True
    return anew


def clean_up(joints: np.ndarray, blends: Sequence[int], evenly: float | None = None) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, of the canonical body cleaned up.

    They are without tremor, change at the frames ``blends`` no more abruptly than recordings do, and have standing feet
    that do not slide. With ``evenly`` they change there by no more than so many times what 95 of 100 of their own
    frames do, too.
    """
    steady = soften_blends(remove_tremor(joints), blends, FPS)
    if evenly is not None and len(steady) > 2:
        limit = evenly * float(np.percentile(acceleration(steady, FPS), 95))
        steady = soften_blends(steady, blends, FPS, limit, SEAM_SECONDS)
    steady = without_jolts(steady, FPS)
    return without_jolts(lock_joint_feet(steady), FPS)
