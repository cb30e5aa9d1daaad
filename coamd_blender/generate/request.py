"""What the panel asks for, taken from Blender: the sentence, where it begins, how long it is. Changes nothing."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

import bpy
import numpy as np

from ..anim import actions, ground_path, range_edit
from ..errors import InputError
from ..motion.skeleton import FPS, FRAME_MULTIPLE
from ..wire import limits
from ..wire.checks import check_number, check_seed, check_whole, tidy_prompt
from ..wire.requests import StyleChoice
from . import styles
from .guided import Guides, guides_of

_STEP = FRAME_MULTIPLE / FPS  # s: lengths that the model makes are multiples of it


@dataclass(frozen=True, eq=False)
class Wish:
    """What is to be made: ``count`` draws of ``prompt`` over so many ``frames`` of the scene, from ``first`` on.

    seed: of the first draw. cfg, guidance: as in wire.requests. path: (points, 3), the world's, Y up. join: the frame
    that is gone on from, None for a fresh start. guides: what else leads the motion.
    """

    prompt: str
    first: int
    frames: int
    seed: int
    count: int
    cfg: float | None
    guidance: float | None
    loop: bool
    in_place: bool
    path: np.ndarray | None
    join: int | None
    styles: tuple[StyleChoice, ...]
    worn: str
    guides: Guides = field(default_factory=Guides)

    @property
    def last(self) -> int:
        """Return the last frame that is written."""
        return self.first + self.frames - 1


def wish(
    context: bpy.types.Context, armature: bpy.types.Object, *, prompt: str | None = None, fresh: bool = False
) -> Wish:
    """Return what ``context.scene.coamd`` asks for, or the same for another ``prompt``; ``fresh``: whatever the
    character does already, and without guides, which are one character's. Raises InputError for a setting that cannot
    be used."""
    scene, settings = context.scene, context.scene.coamd
    check_whole("The number of draws", settings.variants, 1, limits.MOST_VARIANTS)
    prompt = tidy_prompt(settings.prompt if prompt is None else prompt)
    join = None if fresh else join_frame(context, armature)
    first, last = span(scene, join)
    rate = scene.render.fps / scene.render.fps_base
    given = settings.length_in == "SECONDS"
    seconds = round(settings.seconds, 3) if given else (last + 1 - first) / rate  # single precision: 9.8 is above 9.8
    if not limits.SHORTEST_SECONDS <= seconds <= limits.LONGEST_EDIT:
        raise InputError(
            f"{seconds:g} seconds is outside {limits.SHORTEST_SECONDS:g} to {limits.LONGEST_EDIT:g}",
            "Choose a length between the two",
        )
    largest = limits.LARGEST_SEED - limits.MOST_VARIANTS
    seed = random.randint(0, largest) if settings.random_seed else settings.seed
    check_seed(seed + settings.variants - 1)
    loop = settings.loop and join is None
    if loop and seconds < 1:
        raise InputError(f"{seconds:g} seconds are too short for a loop", "Make it a second or longer")
    cfg = settings.guidance if settings.use_guidance else None
    check_number("The classifier-free weight", cfg, limits.LARGEST_WEIGHT)
    return Wish(
        prompt=prompt,
        first=first,
        frames=last + 1 - first,
        seed=seed,
        count=settings.variants,
        cfg=cfg,
        guidance=settings.recognizer_guidance if settings.use_recognizer else None,
        loop=loop,
        in_place=settings.in_place and join is None,
        path=None if settings.path is None else ground_path.path_points(settings.path),
        join=join,
        styles=styles.chosen(settings),
        worn=styles.told(settings),
        guides=Guides() if fresh else guides_of(context, armature, (first, last), join),
    )


def numbered(wished: Wish, number: int) -> Wish:
    """Return ``wished`` for character ``number``, from 0, of several that are asked for at once: by seeds of its own.

    A random seed is drawn for the first; the others' follow upon it.
    """
    return replace(wished, seed=(wished.seed + number * wished.count) % (limits.LARGEST_SEED + 1 - wished.count))


def samples_for(frames: int, fps: float) -> int:
    """Return how many of the model's frames it takes to cut so many ``frames`` at ``fps`` a second from them."""
    return math.ceil((frames - 1) * FPS / fps - 1e-6) + 1


def model_seconds(wished: Wish, fps: float) -> float:
    """Return the seconds to ask the model for, so that the exact frames at ``fps`` a second can be cut from them.

    What lasts no longer than the model's window is asked for within it, though its last frame at a higher rate lies
    behind the window's last: no more than one of the model's frames is missing then.
    """
    seconds = math.ceil(samples_for(wished.frames, fps) / FRAME_MULTIPLE) * _STEP
    if wished.frames <= round(limits.LONGEST_SECONDS * fps):
        seconds = min(seconds, limits.LONGEST_SECONDS)
    return max(limits.SHORTEST_SECONDS, seconds)


def span(scene: bpy.types.Scene, join: int | None) -> tuple[int, int]:
    """Return first and last frame that ``scene.coamd`` asks for, behind frame ``join`` where that is gone on from."""
    settings, rate = scene.coamd, scene.render.fps / scene.render.fps_base
    first = scene.frame_current if join is None else join + 1
    if settings.length_in == "RANGE":
        start, last = marked(scene)
        first = start if join is None else first
        return first, max(last, first)
    seconds = settings.seconds if math.isfinite(settings.seconds) else 0.0  # a stranger's .blend may hold anything
    count = settings.frames if settings.length_in == "FRAMES" else round(seconds * rate)
    return first, first + max(count, 1) - 1


def marked(scene: bpy.types.Scene) -> tuple[int, int]:
    """Return first and last frame of the preview range, or else of the scene."""
    if scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    return scene.frame_start, scene.frame_end


def join_frame(context: bpy.types.Context, armature: bpy.types.Object) -> int | None:
    """Return the frame whose pose the motion goes on from: the current one, or the last that the character moves in.

    None for a fresh start: where that is asked for, where no Action alone moves the bones, and at its first frame or
    before. While the animation plays, and with a range that lies behind, it is the Action's last frame.
    """
    scene, settings, data = context.scene, context.scene.coamd, armature.animation_data
    if settings.begin == "FRESH" or settings.carry.output != "action" or data is None or data.action is None:
        return None
    if data.use_tweak_mode or (data.use_nla and any(not track.mute and track.strips for track in data.nla_tracks)):
        return None
    slot = actions.slot_for(data.action, armature)
    curves = actions.curves_of(data.action, slot)
    ends = [curve.range() for curve in curves if actions.bone_of(curve.data_path) and len(curve.keyframe_points) > 1]
    if not ends:
        return None
    start, last = math.floor(min(first for first, _ in ends)), math.floor(range_edit.extent(data.action, slot)[1])
    now = marked(scene)[0] - 1 if settings.length_in == "RANGE" else scene.frame_current
    screen = getattr(context, "screen", None)
    if screen is not None and screen.is_animation_playing:
        now = last
    return min(now, last) if now > start else None
