"""Motion of any length from several prompts on one timeline; loops, and motion in place.

A storyboard is one row of tokens. Each scene is drawn with the end of what is there already as known tokens, and a
little beyond its own end, which the next scene then draws anew from its side; the row is decoded as a whole. One that
follows another is first drawn as a motion of its own, then what leads into it: beside two seconds of standing a walk
hardly walks. What goes on with a scene is given little of what was before, and then the text counts for more than
usual. Where scenes differ much, such as a run and a seat, the change is softened until it is no more abrupt than
recordings are.
Joints are (frames, 22, 3), metres, Y up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.loops import open_loop
from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, with_bone_lengths
from coamd_blender.wire.requests import StoryboardRequest, StoryboardScene
from runtime.cleanup.blend import in_place
from runtime.config import SamplingConfig
from runtime.edit.regenerate import edit
from runtime.edit.task import Edit
from runtime.edit.window import DROPPED, OVERLAP, WINDOW
from runtime.generate.examples import LEAD, laid_into
from runtime.generate.generator import Generator
from runtime.generate.multi_action import PASSAGE, clean_up, draw_clauses, for_passages, gesture_seed, pairs_of, parted
from runtime.generate.overlay import laid_over
from runtime.generate.together import Pair
from runtime.model.sampling import Known

SAME, CHANGE = 2, 1  # tokens of what is there that a scene goes on from, and another one begins with: more of them,
# and it goes on like them whatever the text says
# Times the usual guidance by the text: known tokens say what was, and the text must be heard beside them.
CONTINUED = 1.6
EVENLY = 1.3  # times the 95th percentile of a motion's own acceleration, at most, where two scenes meet


def storyboard(
    generator: Generator,
    scenes: Sequence[StoryboardScene],
    seed: int = 0,
    *,
    cfg: float | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Return the joints (frames, 22, 3) float32 of all scenes in a row, 20 frames a second, on the canonical body.

    It starts over the origin, facing +Z; a scene lasts its seconds within 0.1 s. Raises InputError for a scene without
    a prompt or of a length outside 0.5 to 3600 s.
    """
    StoryboardRequest(tuple(scenes), seed, cfg).check()
    usual = generator.sampling
    weights = (CONTINUED * usual.guidance_weight, usual.guidance_weight)
    going_on, alone = (replace(usual, guidance_weight=weight if cfg is None else cfg) for weight in weights)
    parts, reached = list(_parts(scenes)), [0, 1]
    still = (lambda _coarse: on_step(*reached)) if on_step else None  # nothing new, but it may be stopped
    total = parts[-1][1]
    tokens = torch.zeros(total, generator.networks.config.token_dim, device=generator.device)
    for number, (first, last, prompt, own) in enumerate(parts):
        changed = number > 0 and parts[number - 1][2] != prompt
        begin, end = max(0, first - (CHANGE if changed else SAME)), min(total, last + DROPPED)
        given = torch.zeros(1, end - begin, tokens.shape[1], dtype=torch.bool, device=generator.device)
        given[:, : first - begin] = True

        def report(step: int, steps: int, _: Callable, number: int = number) -> None:
            reached[:] = number * steps + step, len(parts) * steps
            on_step(*reached)

        known, its_seed = Known(tokens[None, begin:end].clone(), given), seed + number if own is None else own
        if changed:
            pair, lead = Pair(prompt), PASSAGE
            example = _of_its_own(generator, prompt, last - first, its_seed, alone, still)
        else:
            (pair,), lead = pairs_of(generator, [prompt]), LEAD if number else 0
            example = generator.shown([pair.body], last - first, [its_seed])
        drawn = generator.draw(
            [pair.body],
            end - begin,
            [its_seed],
            for_passages(alone) if changed else going_on,
            known=laid_into(known, example, first - begin, (lead, 0)),
            on_step=report if on_step else None,
        )
        tokens[first:last] = _with_arms(generator, drawn[:, first - begin : last - begin], pair, its_seed, alone)[0]
    with torch.no_grad():
        joints = generator.autoencoder.decode(tokens[None])[0].float().cpu().numpy()
    return clean_up(with_bone_lengths(joints), [FRAME_MULTIPLE * first for first, *_ in parts[1:]], EVENLY)


def _of_its_own(
    generator: Generator,
    prompt: str,
    count: int,
    seed: int,
    config: SamplingConfig,
    on_step: Callable[[Callable], None] | None,
) -> Known:
    """Return ``count`` tokens of a scene as a motion of its own (1, count, token_dim), all of them given."""
    own = draw_clauses(generator, parted(generator, [prompt], count), count, [seed], config, on_step)
    return Known(own, torch.ones_like(own, dtype=torch.bool))


def _with_arms(generator: Generator, own: torch.Tensor, pair: Pair, seed: int, config: SamplingConfig) -> torch.Tensor:
    """Return the tokens ``own`` (1, count, token_dim) of a body with what arms do meanwhile laid over it."""
    if not pair.arms:
        return own.clone()
    gesture = draw_clauses(generator, [[pair.arms]], own.shape[1], [gesture_seed(seed)], config)
    return laid_over(generator.autoencoder, own, gesture, [pair.kept_up])


def perform(
    generator: Generator, request: StoryboardRequest, on_step: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """Return the joints (frames, 22, 3) float32, metres, of a request: its scenes, looped or in place if it says so."""
    joints = storyboard(generator, request.scenes, request.seed, cfg=request.cfg, on_step=on_step)
    if request.loop is not None:
        travel = request.loop == "keep" and not request.in_place
        return loop(generator, joints, travel=travel, seed=request.seed)
    return in_place(joints, FPS) if request.in_place else joints


def _parts(scenes: Sequence[StoryboardScene]) -> Iterator[tuple[int, int, str, int | None]]:
    """Yield token spans (first, last, prompt, seed) of the scenes; scenes too long for a window are parted evenly, each
    part with a seed of its own, the scene's, the next one, ..."""
    place, clock = 0, 0.0
    for scene in scenes:
        clock += scene.seconds
        stop = max(place + 2, round(clock * FPS / FRAME_MULTIPLE))
        pieces = math.ceil((stop - place) / (WINDOW - OVERLAP - DROPPED))
        edges = np.linspace(place, stop, pieces + 1).round().astype(int).tolist()
        for number, (first, last) in enumerate(pairwise(edges)):
            yield first, last, scene.prompt, None if scene.seed is None else scene.seed + number
        place = stop


# --- round and round ------------------------------------------------------------------------------------


def loop(
    generator: Generator, joints: np.ndarray, fps: float = FPS, travel: bool = True, prompt: str = "", seed: int = 0
) -> np.ndarray:
    """Make the end of ``joints`` (frames, 22, 3), metres, lead back to its start: the same shape.

    The last frame is the first, moved over the ground by the motion's travel, or standing where it stood without
    ``travel`` (see :func:`in_place`). The last 1.5 s, half the motion at most, are remade between what precedes them
    and the start that follows (regenerate.py), so that pose and velocity go on over the blend. Raises InputError under
    1 s.
    """
    if len(joints) < fps or len(joints) < 8:
        raise InputError(f"{len(joints)} frames are too short for a loop", "Make a motion of a second or more")
    if not travel:
        joints = in_place(joints, fps)
    opened = open_loop(joints, fps, travel)
    task = Edit(opened.start, opened.stop, prompt, "between", seed=seed)
    return edit(generator, opened.joints, fps, task)[: opened.count]
