"""A fresh motion drawn so many times: the runtime is asked for it, led along a path, closed to a loop.

Joints are (frames, 22, 3), metres, Y up, 20 frames a second.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np

from ..anim import ground_path
from ..core.workflow import Answer, Ask, Yield
from ..guides import places
from ..motion.loops import open_loop
from ..motion.signals import fitted, of_length, resample
from ..motion.skeleton import FPS
from ..retarget.reading import Placement
from ..wire import limits
from ..wire.clauses import clauses
from ..wire.requests import EditRange, EditRequest, GenerateRequest, StoryboardRequest, StoryboardScene
from .request import Wish, model_seconds, samples_for


class Draw(NamedTuple):
    """One motion ``joints`` (frames, 22, 3) at ``fps`` frames a second, and its ``seed``."""

    joints: np.ndarray
    fps: float
    seed: int


class Draws(NamedTuple):
    """Motions, the best first where they are ``ranked``; ``name`` and ``licence`` of the ``weights``; ``notes`` for the
    user."""

    made: list[Draw]
    ranked: bool
    weights: dict[str, str]
    notes: tuple[str, ...]


def drawn(
    wished: Wish, fps: float, placement: Placement, show: Callable[[np.ndarray], None]
) -> Generator[Yield, Any, Draws]:
    """Ask for the draws of ``wished`` for a scene of ``fps`` frames a second; ``show`` gets coarse joints meanwhile.

    ``placement``: where the motion will be, for a path. Longer than the model's window, it is a storyboard of its
    clauses.
    """
    seconds = model_seconds(wished, fps)
    if wished.guides.places:
        _led(wished, samples_for(wished.frames, fps), fps, placement)  # refused before anything is drawn
    if seconds <= limits.LONGEST_SECONDS:
        motions, answer = yield from _at_once(wished, seconds, show)
    else:
        motions, answer = yield from _in_parts(wished, seconds)
    made = []
    for seed, joints in motions:
        made.append(Draw((yield from _finished(wished, seed, joints, fps, placement)), fps, seed))
    fields = answer.fields
    return Draws(made, bool(fields.get("scores")), fields.get("weights") or {}, tuple(fields.get("notes", ())))


def best_first(scores: list[float] | None, count: int) -> list[int]:
    """Order ``count`` motions by their scores, the highest first, where there are any."""
    return sorted(range(count), key=lambda copy: -scores[copy]) if scores else list(range(count))


def _at_once(wished: Wish, seconds: float, show: Callable[[np.ndarray], None]) -> Generator[Yield, Any, tuple]:
    request = GenerateRequest.variants(
        wished.prompt, seconds, wished.seed, wished.count, wished.cfg, wished.guidance, wished.styles
    )
    request.check()
    answer: Answer = yield Ask(request, show)
    order = best_first(answer.fields.get("scores"), wished.count)
    return [(wished.seed + copy, answer.arrays["joints"][copy]) for copy in order], answer


def _in_parts(wished: Wish, seconds: float) -> Generator[Yield, Any, tuple]:
    told = clauses(wished.prompt)
    scenes = tuple(StoryboardScene(clause, seconds / len(told)) for clause in told)
    motions = []
    for seed in range(wished.seed, wished.seed + wished.count):
        answer = yield StoryboardRequest(scenes, seed, wished.cfg, styles=wished.styles)
        motions.append((seed, answer.arrays["joints"]))
    return motions, answer


def _finished(
    wished: Wish, seed: int, joints: np.ndarray, fps: float, placement: Placement
) -> Generator[Yield, Any, np.ndarray]:
    """Lead a motion along the path or the places and close it to a loop, where that is asked for; return the exact
    frames at ``fps`` a second."""
    joints = of_length(joints, samples_for(wished.frames, fps))
    if wished.path is not None or wished.guides.places:
        led, ranges = _led(wished, len(joints), fps, placement), (EditRange(0, len(joints)),)
        answer = yield EditRequest(
            joints, FPS, ranges, wished.prompt, seed=seed, cfg=wished.cfg, styles=wished.styles, **led
        )
        joints = answer.arrays["joints"]
    if wished.loop:
        joints = joints[: round((wished.frames - 1) * FPS / fps) + 1]
        if wished.in_place:
            joints = joints.copy()
            joints[..., [0, 2]] -= joints[:, :1, [0, 2]]
        opened = open_loop(joints, FPS, travel=not wished.in_place)
        answer = yield EditRequest(opened.joints, FPS, (EditRange(opened.start, opened.stop),), seed=seed)
        return fitted(answer.arrays["joints"][: opened.count], wished.frames)
    return resample(joints, FPS, fps)[: wished.frames]


def _led(wished: Wish, count: int, fps: float, placement: Placement) -> dict[str, np.ndarray]:
    """Return what the request says of the way of ``count`` frames over the origin: the path, or the places.

    Raises InputError for places that follow too fast.
    """
    if wished.path is not None:
        return {"path": ground_path.on_the_ground(wished.path, placement)}
    begins = float(wished.first), np.zeros(2)
    way = places.way_through(wished.guides.places, placement, *begins, wished.last)
    places.check_pace([place.name for place in wished.guides.places], way, *begins, fps)
    return way.sent(np.minimum((way.frames - wished.first) / fps * FPS, count - 1))
