"""Motion of any length from several prompts on one timeline; loops, and motion in place.

A storyboard is one row of tokens. Each scene is drawn with the end of what is there already as known tokens, and a
little beyond its own end, which the next scene then draws anew from its side; the row is decoded as a whole. It is
given little of what was before, and of another scene only the last token, and then the text counts for more than
usual: a walk drawn from two seconds of standing hardly walks. Where scenes differ much, such as a run and a seat, the
change is softened until it is no more abrupt than recordings are.
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
from runtime.edit.regenerate import edit
from runtime.edit.task import Edit
from runtime.edit.window import DROPPED, OVERLAP, WINDOW
from runtime.generate.examples import LEAD, laid_into
from runtime.generate.generator import Generator
from runtime.generate.multi_action import clean_up, draw_clauses, gesture_seed, pairs_of
from runtime.generate.overlay import laid_over
from runtime.model.sampling import Known

SAME, CHANGE = 2, 1  # tokens of what is there that a scene goes on from, and another one begins with: more of them,
# and it goes on like them whatever the text says
# Times the usual guidance by the text: known tokens say what was, and the text must be heard beside them, the more so
# where another scene begins.
CONTINUED, BEGUN = 1.6, 2.4
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
    weights = (CONTINUED * usual.guidance_weight, BEGUN * usual.guidance_weight) if cfg is None else (cfg, cfg)
    going_on, beginning = (replace(usual, guidance_weight=weight) for weight in weights)
    parts = list(_parts(scenes))
    total = parts[-1][1]
    tokens = torch.zeros(total, generator.networks.config.token_dim, device=generator.device)
    for number, (first, last, prompt, own) in enumerate(parts):
        changed = number > 0 and parts[number - 1][2] != prompt
        begin, end = max(0, first - (CHANGE if changed else SAME)), min(total, last + DROPPED)
        given = torch.zeros(1, end - begin, tokens.shape[1], dtype=torch.bool, device=generator.device)
        given[:, : first - begin] = True

        def report(step: int, steps: int, _: Callable, number: int = number) -> None:
            on_step(number * steps + step, len(parts) * steps)

        known, its_seed = Known(tokens[None, begin:end].clone(), given), seed + number if own is None else own
        (pair,) = pairs_of(generator, [prompt])
        example = generator.shown([pair.body], last - first, [its_seed])
        drawn = generator.draw(
            [pair.body],
            end - begin,
            [its_seed],
            beginning if changed else going_on,
            known=laid_into(known, example, first - begin, (LEAD if number else 0, 0)),
            on_step=report if on_step else None,
        )
        own = drawn[:, first - begin : last - begin]
        if pair.arms:
            gesture = draw_clauses(generator, [[pair.arms]], last - first, [gesture_seed(its_seed)], usual)
            own = laid_over(generator.autoencoder, own, gesture, [pair.kept_up])
        tokens[first:last] = own[0].clone()
    with torch.no_grad():
        joints = generator.autoencoder.decode(tokens[None])[0].float().cpu().numpy()
    blends = [FRAME_MULTIPLE * first for first, *_ in parts[1:]]
    return clean_up(with_bone_lengths(joints), blends, EVENLY)


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
